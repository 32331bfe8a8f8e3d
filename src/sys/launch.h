/* SPDX-License-Identifier: Apache-2.0
 * launch: the engine's end of slipway-launcher, which starts every job. Each job has a keeper of
 * its own, subreaper of all the job's descendants: setsid, double fork and a dead engine leave
 * nothing behind. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include "base/attributes.h"
#include "sys/cancel.h"
#include "sys/process.h"

#define LAUNCH_FDS_MAX     16 /* passed descriptors besides the three streams */
#define LAUNCH_CGROUPS_MAX 8
#define LAUNCH_RLIMITS_MAX 16
#define LAUNCH_BINDS_MAX   8
#define LAUNCH_TEXT_BYTES  (1u << 20) /* argv, env and cwd together */

typedef struct Launcher Launcher; /* the running launcher; thread-safe */
typedef struct Launched Launched; /* one job; used by one thread, launched_signal by any */

typedef struct LaunchRlimit {
    int resource; /* RLIMIT_… */
    uint64_t soft;
    uint64_t hard;
} LaunchRlimit;

typedef struct LaunchBind {
    const char *from; /* absolute folders that exist */
    const char *to;
} LaunchBind;

typedef enum {
    LAUNCH_NEW_PRIVILEGES = 1 << 0, /* setuid programs work; else PR_SET_NO_NEW_PRIVS is set */
} LaunchFlags;

typedef struct LaunchSpec {
    const char *const *argv; /* NULL-terminated; argv[0] an absolute path */
    const char *const *env;  /* NULL-terminated "NAME=value"; NULL = empty; never inherited */
    const char *cwd;         /* absolute; NULL = "/" */
    int stdin_fd;            /* borrowed; -1 = /dev/null; so a spec starts with PROCESS_SPEC_INIT */
    int stdout_fd;
    int stderr_fd;
    const ProcessFd *fds; /* borrowed */
    size_t n_fds;
    const LaunchRlimit *rlimits;
    size_t n_rlimits;
    const int
        *cgroup_procs_fds; /* opened cgroup.procs files the job writes itself into before exec */
    size_t n_cgroups;
    int cgroup_kill_fd_plus_1; /* an opened cgroup.kill file + 1, or 0 for none */
    LaunchFlags flags;
    uid_t uid; /* root's engine only: who the job is, with no other group; 0: who we are */
    gid_t gid;
    const LaunchBind *binds; /* root's engine only: folders shown elsewhere, with what is mounted
                              * below them, to this job alone; in order, before cwd is entered */
    size_t n_binds;
} LaunchSpec;

typedef struct LaunchEnd {
    int exit_code;        /* 0 to 255; -1 when ended by a signal */
    int signal;           /* 0 when it exited */
    struct rusage rusage; /* of all of the job */
    int64_t wall_us;      /* from its start to the end of its main process */
} LaunchEnd;

/** Starts the launcher program. Errors: UNAVAILABLE (program not found), IO. */
Launcher *launcher_start(GError **error) MUST_CHECK;
/** Closes it: every job still running is killed. Waits until nothing is left. Accepts NULL. */
void launcher_free(Launcher *launcher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Launcher, launcher_free)

/** Returns once the program runs (exec succeeded). From any thread. Errors: NOT_FOUND (argv[0] or
 * cwd), DENIED, LIMIT, UNAVAILABLE (the launcher is gone), IO. */
Launched *launch_job(Launcher *launcher, const LaunchSpec *spec, GError **error) MUST_CHECK;
/** Kills it if it still runs, with every descendant. Accepts NULL. */
void launched_free(Launched *launched);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Launched, launched_free)

pid_t launched_pid(const Launched *launched);
/** Readable when the end can be had; borrowed. */
int launched_fd(const Launched *launched);
/** Waits for the end: the main process has ended and every descendant is gone (those it left behind
 * are killed). @timeout_ms: -1 without end. Asking again gives the same answer. @end_out: may be
 * NULL. Errors: TIMEOUT, CANCELLED (it runs on in both), UNAVAILABLE (its keeper was killed), IO.
 */
bool launched_wait(Launched *launched, int timeout_ms, Cancel *cancel, LaunchEnd *end_out,
                   GError **error) MUST_CHECK;
/** Sends @signal to every process of the job; nothing if it has ended. */
void launched_signal(Launched *launched, int signal);
/** TERM to all, waits @grace_ms, then KILL until nothing is left. Idempotent. @end_out: may be
 * NULL. Errors: UNAVAILABLE, IO. */
bool launched_kill(Launched *launched, unsigned grace_ms, LaunchEnd *end_out,
                   GError **error) MUST_CHECK;
