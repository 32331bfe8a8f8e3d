/* SPDX-License-Identifier: Apache-2.0
 * protocol: what the engine (sys/launch.c) and slipway-launcher say to each other. Both ends are
 * always of one build, so these are plain structs on SOCK_SEQPACKET sockets, one message a packet.
 *
 *   engine → launcher (descriptor 3): LauncherStart + descriptors: the job's own socket, the text
 *       (a file in memory), stdin, stdout, stderr, n_fds passed ones, n_cgroups cgroup.procs, and
 *       cgroup.kill if LAUNCHER_CGROUP_KILL is set.
 *   The launcher forks a keeper for the job; from then on only the job's socket is used:
 *   keeper → engine: KEEPER_STARTED or KEEPER_FAILED at once, KEEPER_ENDED at the end.
 *   engine → keeper: KEEPER_SIGNAL, KEEPER_KILL. Closing the socket kills the job.
 *
 * The text: cwd, the arguments, the environment, the folders to bind (from, to, …); each ends with
 * NUL. */
#pragma once
#include <stdint.h>
#include <sys/resource.h>

#define LAUNCHER_FD          3
#define LAUNCHER_FDS_MAX     16
#define LAUNCHER_CGROUPS_MAX 8
#define LAUNCHER_RLIMITS_MAX 16
#define LAUNCHER_BINDS_MAX   8
#define LAUNCHER_TEXT_BYTES  (1u << 20)
#define LAUNCHER_STRINGS_MAX 65536 /* arguments and environment entries together */
#define LAUNCHER_FD_HIGHEST  63    /* highest number a job may get */
#define LAUNCHER_ALL_FDS_MAX (5 + LAUNCHER_FDS_MAX + LAUNCHER_CGROUPS_MAX + 1)
#define LAUNCHER_KEEPERS_MAX 4096

enum {
    LAUNCHER_NEW_PRIVILEGES = 1 << 0,
    LAUNCHER_CGROUP_KILL = 1 << 1,
};

typedef struct LauncherRlimit {
    int32_t resource;
    uint64_t soft;
    uint64_t hard;
} LauncherRlimit;

typedef struct LauncherStart {
    uint32_t flags;
    uint32_t text_bytes;
    uint32_t n_argv;
    uint32_t n_env;
    uint32_t n_fds;
    uint32_t n_cgroups;
    uint32_t n_rlimits;
    uint32_t n_binds;
    uint32_t uid; /* 0: stay who we are */
    uint32_t gid;
    int32_t to[LAUNCHER_FDS_MAX]; /* the numbers of the passed descriptors in the job */
    LauncherRlimit rlimits[LAUNCHER_RLIMITS_MAX];
} LauncherStart;

enum { /* KeeperMessage.type */
       KEEPER_NONE,
       KEEPER_STARTED, /* pid */
       KEEPER_FAILED,  /* code: errno; stage */
       KEEPER_ENDED,   /* code: wait status; rusage; wall_us; leftover */
       KEEPER_SIGNAL,  /* code: signal */
       KEEPER_KILL,    /* code: grace in ms */
};

enum { /* KeeperMessage.stage */
       KEEPER_STAGE_NONE,
       KEEPER_STAGE_PREPARE, /* reading the request, making the process */
       KEEPER_STAGE_CGROUP,
       KEEPER_STAGE_FDS,
       KEEPER_STAGE_LIMITS,
       KEEPER_STAGE_CWD,
       KEEPER_STAGE_MOUNT,
       KEEPER_STAGE_USER,
       KEEPER_STAGE_EXEC,
};

typedef struct KeeperMessage {
    uint32_t type;
    int32_t code;
    int32_t pid;
    uint32_t stage;
    uint32_t leftover; /* processes that did not die of SIGKILL in time */
    int64_t wall_us;
    struct rusage rusage;
} KeeperMessage;
