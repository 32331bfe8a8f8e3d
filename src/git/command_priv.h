/* SPDX-License-Identifier: Apache-2.0
 * command_priv: how the git program is started; for src/git only. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "git/lock_priv.h"
#include "git/mirror.h"
#include "sys/process.h"

#define GIT_TIMEOUT_MS       (10 * 60 * 1000) /* one question to our own mirror */
#define GIT_FETCH_TIMEOUT_MS (60 * 60 * 1000)
#define GIT_CONFIG_FILE                                                                            \
    "slipway.config" /* in the mirror: the only configuration beside the repository's */

typedef struct GitCommand { /* an argument vector and an environment, being put together */
    GPtrArray *argv;        /* owned, owned strings */
    GPtrArray *env;         /* owned, owned strings */
    ProcessFd lock;         /* inherited by a git that writes; from 0: none */
} GitCommand;

/** Starts a command line on the repository at @path: git, our settings, then @subcommand. */
void git_command_init(GitCommand *command, const char *path, const char *subcommand);
void git_command_clear(GitCommand *command);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(GitCommand, git_command_clear)
/** Adds one argument, copied. */
void git_command_add(GitCommand *command, const char *argument);
/** Adds "NAME=value" to the environment. */
void git_command_env(GitCommand *command, const char *name, const char *value);
/** Lets it inherit @lock, which is held: it writes. */
void git_command_lock(GitCommand *command, const GitLock *lock);
/** The finished spec; borrows from @command, which is complete then. */
ProcessSpec git_command_spec(GitCommand *command);

/** Runs to the end; a non-zero exit is no error. @timeout_ms as process_run. */
bool git_command_run(GitCommand *command, Span input, size_t limit_output, int timeout_ms,
                     Cancel *cancel, ProcessResult *out, GError **error) MUST_CHECK;
/** As git_command_run, but anything but exit 0 is @code with git's last line. */
bool git_command_run_ok(GitCommand *command, Span input, size_t limit_output, int code,
                        ProcessResult *out, GError **error) MUST_CHECK;
/** What it wrote, NUL-terminated. Owned. */
char *git_result_text(const ProcessResult *result);
/** The last line git said that is worth showing, without "fatal: "; never empty. Owned. */
char *git_last_line(const char *errors);

/** Whether @text is a full object id: 40 or 64 lower-case hex digits. */
bool git_id_is_full(const char *text);
