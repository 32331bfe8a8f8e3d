/* SPDX-License-Identifier: Apache-2.0
 * shell: commands in a machine over SSH. Included by the files of this folder only. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/error.h"

typedef struct Shell Shell;

typedef struct ShellTarget {
    const char *address; /* "HOST" or "HOST:PORT" */
    const char *user;
    const char *key_file; /* a private key of OpenSSH without passphrase */
    const char *host_key; /* "SHA256:…"; NULL: whatever the machine shows is believed */
} ShellTarget;

/** Tries until @deadline_us (monotonic) to be let in. @watch_fd: readable means that nobody waits any more. Errors: TIMEOUT, DENIED (the
 * key is refused), UNTRUSTED (another host key), CANCELLED, INVALID. */
Shell *shell_connect(const ShellTarget *target, int64_t deadline_us, int watch_fd,
                     GError **error) MUST_CHECK;
void shell_free(Shell *shell);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Shell, shell_free)

typedef struct RunSpec { /* of one command, whatever the way into the machine */
    const char *command; /* for the machine's shell */
    int in_fd;           /* borrowed; read to its end */
    int out_fd;          /* borrowed */
    uint64_t max_bytes;  /* of stdout; 0: not limited */
    int watch_fd;        /* as above */
} RunSpec;

typedef struct RunEnd {
    int exit_code;
    GString *errors; /* owned by the caller: the end of stderr is appended */
} RunEnd;

#define RUN_ERRORS_BYTES 4096

/** Errors: UNAVAILABLE (the connection is lost), LIMIT, CANCELLED. */
bool shell_run(Shell *shell, const RunSpec *spec, RunEnd *end, GError **error) MUST_CHECK;
/** Keeps the last RUN_ERRORS_BYTES of what is said on stderr. */
void run_end_add_errors(RunEnd *end, const char *bytes, size_t len);
