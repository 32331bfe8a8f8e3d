/* SPDX-License-Identifier: Apache-2.0
 * process: our own helper programs and tools (git, ssh-keygen), by posix_spawn: an explicit
 * environment, own process group, every other descriptor closed, empty signal mask, default
 * handlers; waited for by pidfd only. Jobs are not started here but in sys/launch.h. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>
#include "base/attributes.h"
#include "base/span.h"
#include "sys/cancel.h"

/* process_run keeps this much of stderr, drops the rest */
#define PROCESS_STDERR_BYTES (64u << 10)
#define PROCESS_FDS_MAX      16
#define PROCESS_FD_HIGHEST   63 /* the highest descriptor number a child may be given */

typedef struct ProcessFd {
    int from; /* ours; borrowed */
    int to;   /* its number in the child: 3 to PROCESS_FD_HIGHEST */
} ProcessFd;

typedef struct ProcessSpec {
    const char *const *argv; /* NULL-terminated; argv[0] with a '/', or looked up in PATH of @env */
    const char *const *env;  /* NULL-terminated "NAME=value"; NULL = empty; never inherited */
    const char *cwd;         /* NULL = ours */
    int stdin_fd;            /* borrowed; -1 = /dev/null; so a spec starts with PROCESS_SPEC_INIT */
    int stdout_fd;
    int stderr_fd;
    const ProcessFd *fds;
    size_t n_fds;
} ProcessSpec;
/** ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = argv }; then spec.stdout_fd = fd; as needed. */
#define PROCESS_SPEC_INIT .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1

typedef struct ProcessExit {
    int exit_code; /* 0 to 255; -1 when ended by a signal */
    int signal;    /* 0 when it exited */
} ProcessExit;

typedef struct Process Process; /* a child not yet reaped */

/** Errors: NOT_FOUND (no such program), DENIED, IO. */
Process *process_spawn(const ProcessSpec *spec, GError **error) MUST_CHECK;
/** Kills the group and reaps it if nobody waited. Accepts NULL. */
void process_free(Process *process);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Process, process_free)

pid_t process_pid(const Process *process);
/** The pidfd: readable at its end; borrowed. */
int process_fd(const Process *process);
/** Waits at most @timeout_ms (-1 without end). Asking again gives the same answer.
 * @exit_out: may be NULL. Errors: TIMEOUT, CANCELLED (the child lives on in both), IO. */
bool process_wait(Process *process, int timeout_ms, Cancel *cancel, ProcessExit *exit_out,
                  GError **error) MUST_CHECK;
/** Sends to its whole group; nothing once it is reaped. */
void process_kill(Process *process, int signal);

typedef struct ProcessResult {
    GBytes *output; /* owned: stdout */
    char *errors;   /* owned: stderr as text, control characters masked but for newlines */
    ProcessExit exit;
} ProcessResult;
void process_result_clear(ProcessResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ProcessResult, process_result_clear)

/**
 * Runs to the end with @input as stdin (a file in memory; the spec's three streams are ignored).
 * @limit_output: longer output kills it: LIMIT. @timeout_ms: -1 without end. A non-zero exit is
 * no error here. On error no process of its group is left. Errors: as process_spawn, LIMIT,
 * TIMEOUT, CANCELLED, IO.
 */
bool process_run(const ProcessSpec *spec, Span input, size_t limit_output, int timeout_ms,
                 Cancel *cancel, ProcessResult *result_out, GError **error) MUST_CHECK;
/** "exited with 3" or "was ended by signal 9 (Killed)". Owned. */
char *process_exit_text(const ProcessExit *end);
