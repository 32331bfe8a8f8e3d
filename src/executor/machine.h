/* SPDX-License-Identifier: Apache-2.0
 * machine: the clean machine of one job: it runs the job's steps one after another and hands over
 * what they left. Made by executor_acquire (executor.h). Used by one thread at a time. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/error.h"

typedef struct Cancel Cancel; /* sys/cancel.h */
typedef struct Machine Machine;

typedef enum {
    MACHINE_NETWORK_NONE,  /* a loopback of its own and nothing else */
    MACHINE_NETWORK_ALLOW, /* the listed hosts only */
    MACHINE_NETWORK_OPEN,  /* public addresses; the host and private ranges only where listed */
} MachineNetwork;

typedef struct MachineInput {
    const char *path; /* below /in: relative, no "..", no empty part */
    int fd;           /* borrowed, read with pread from 0 to its end; or -1 */
    const char *file; /* a file of the host, when fd is -1 */
    bool executable;
} MachineInput;

typedef struct MachineLimits { /* 0: not limited */
    uint64_t
        memory_bytes; /* all processes together; per process where only rlimits are to be had */
    uint32_t pids;
    uint64_t file_size_bytes; /* one file */
    uint32_t cpu_percent;     /* 100: one processor */
} MachineLimits;

typedef struct MachineSpec {
    const char *label;       /* for names of control groups and messages: [A-Za-z0-9._-]{1,64} */
    const char *scratch_dir; /* absolute; made if absent, else empty; removed by release */
    const char *source_dir;  /* absolute, on disk; taken over: the job writes in it, release removes
                              * it.  NULL: an empty one */
    const MachineInput *inputs; /* copied while acquiring */
    size_t n_inputs;
    const char *root_dir; /* an unpacked root file system; NULL: the host's /usr, read-only */
    MachineNetwork network;
    const char *const *allow_hosts; /* names or addresses, NULL-terminated; NULL: none */
    MachineLimits limits;
    const char *slot; /* the leased machine of a pool, as label; NULL: drivers without pools */
    const json_t *settings; /* borrowed: the pool's; NULL: none */
} MachineSpec;

typedef struct StepSpec {
    const char *shell; /* a command line for `/bin/sh -e -c`; or NULL */
    const char *const
        *argv; /* when shell is NULL; NULL-terminated; argv[0] with a '/' or looked up in PATH */
    const char *const *env; /* "NAME=VALUE", NULL-terminated; later wins; see job_env.h */
    const char *cwd;        /* below the source, NULL: the source itself */
    uint64_t timeout_ms;    /* 0: none */
} StepSpec;

typedef struct StepResult {
    int exit_code;   /* 0 to 255; 128 + n when signal n ended it */
    int term_signal; /* of the outermost process, else 0; the sandbox turns a step's signal into 128
                        + n */
    bool timed_out;
    bool oom_killed; /* the memory limit ended a process of this step (known with control groups
                        only) */
    int64_t wall_us;
    int64_t user_us;
    int64_t system_us;
    int64_t max_rss_bytes; /* of the largest process */
} StepResult;

/**
 * Runs one step to its end and returns when no process of it is left, also none that tried to
 * outlive it.
 * @output_fd: borrowed write end; the step's stdout and stderr. Close your copy afterwards to see
 * the end. A step that fails, runs out of time or of memory is a success here: @result_out says so.
 * Blocks. Errors: CANCELLED (the step is dead), LIMIT (command too long), INVALID, UNAVAILABLE (the
 * isolation could not be set up; its words are in the output), IO.
 */
bool machine_exec(Machine *machine, const StepSpec *step, int output_fd, Cancel *cancel,
                  StepResult *result_out, GError **error) MUST_CHECK;

/** What steps wrote to $OUTPUT so far; parse with job_output.h. Owned. Errors: LIMIT, DENIED (no
 * longer a regular file), IO. */
GBytes *machine_read_output(Machine *machine, GError **error) MUST_CHECK;

typedef struct MachineFile {
    char *path; /* owned; relative to /out */
    uint64_t size_bytes;
    bool executable; /* by its owner */
} MachineFile;
void machine_file_free(MachineFile *file);

typedef struct MachineCollectLimits { /* 0: LIMIT_ARTIFACTS_PER_JOB, LIMIT_ARTIFACT_BYTES */
    size_t max_files;
    uint64_t max_total_bytes;
} MachineCollectLimits;

/**
 * The regular files below /out that match, each once, sorted by bytes of their path.
 * @globs: format/glob.h, relative to /out, NULL-terminated.
 * Errors: NOT_FOUND (a glob matches nothing: the message names it), DENIED (a match is a link, a
 * pipe or a device), LIMIT, INVALID (a glob), IO. Returns: owned array of MachineFile.
 */
GPtrArray *machine_collect(Machine *machine, const char *const *globs,
                           const MachineCollectLimits *limits, GError **error) MUST_CHECK;
/** Opens a collected file for reading, never through a link. Returns -1 on error. Errors:
 * NOT_FOUND, DENIED, IO. */
int machine_open_output(Machine *machine, const char *path, GError **error) MUST_CHECK;

/** One line for the log: which limits hold and by what means, and what is not limited. Owned. */
char *machine_limits_text(const Machine *machine);
/** For provenance: {network, allow, addresses, limits, root}. Owned reference. */
json_t *machine_describe(const Machine *machine);

/** Kills what is left and removes scratch_dir and source_dir. Idempotent. Errors: IO (something
 * could not be removed; the machine is gone all the same). */
bool machine_release(Machine *machine, GError **error) MUST_CHECK;
/** Implies release. Accepts NULL. */
void machine_free(Machine *machine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Machine, machine_free)
