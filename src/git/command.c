/* SPDX-License-Identifier: Apache-2.0
 * command: one way to start git. Nothing of the user's or the system's configuration, no hook, no
 * prompt, no protocol, no lazy fetch, unless the caller of a fetch says so. */
#include "git/command_priv.h"
#include <string.h>
#include "base/banned.h"

/* Settings that would start a program or change bytes, each switched off. */
static const char *const settings[] = {
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "credential.helper=",
    "diff.external=",
    "gc.autoDetach=false",
    "gc.pruneExpire=never", /* a commit we once built must stay */
    "maintenance.autoDetach=false",
    "fetch.unpackLimit=1", /* keep packs: one file, synced, instead of many that are not */
    "core.fsync=committed,reference",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    "advice.detachedHead=false",
};

static const char *const environment[] = {
    "PATH=/usr/local/bin:/usr/bin:/bin",
    "HOME=/nonexistent",
    "LC_ALL=C",
    "TZ=UTC",
    "GIT_CONFIG_NOSYSTEM=1",
    "GIT_ATTR_NOSYSTEM=1",
    "GIT_TERMINAL_PROMPT=0",
    "GIT_ASKPASS=/bin/false",
    "GIT_SSH_COMMAND=ssh -oBatchMode=yes",
    "GIT_NO_REPLACE_OBJECTS=1",
    "GIT_NO_LAZY_FETCH=1",
    "GIT_LITERAL_PATHSPECS=1",
    "GIT_OPTIONAL_LOCKS=0",
};

void
git_command_init(GitCommand *command, const char *path, const char *subcommand)
{
    command->argv = g_ptr_array_new_with_free_func(g_free);
    command->env = g_ptr_array_new_with_free_func(g_free);
    git_command_add(command, "git");
    g_ptr_array_add(command->argv, g_strconcat("--git-dir=", path, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(settings); i++) {
        git_command_add(command, "-c");
        git_command_add(command, settings[i]);
    }
    git_command_add(command, subcommand);
    for (size_t i = 0; i < G_N_ELEMENTS(environment); i++)
        g_ptr_array_add(command->env, g_strdup(environment[i]));
}

void
git_command_clear(GitCommand *command)
{
    g_clear_pointer(&command->argv, g_ptr_array_unref);
    g_clear_pointer(&command->env, g_ptr_array_unref);
}

void
git_command_add(GitCommand *command, const char *argument)
{
    g_ptr_array_add(command->argv, g_strdup(argument));
}

void
git_command_env(GitCommand *command, const char *name, const char *value)
{
    g_ptr_array_add(command->env, g_strconcat(name, "=", value, NULL));
}

void
git_command_lock(GitCommand *command, const GitLock *lock)
{
    command->lock = (ProcessFd){ .from = lock->fd, .to = GIT_LOCK_FD };
}

static bool
has_env(const GitCommand *command, const char *prefix)
{
    for (size_t i = 0; i < command->env->len; i++) {
        const char *entry = g_ptr_array_index(command->env, i);

        if (entry != NULL && g_str_has_prefix(entry, prefix))
            return true;
    }
    return false;
}

ProcessSpec
git_command_spec(GitCommand *command)
{
    if (!has_env(command, "GIT_ALLOW_PROTOCOL="))
        git_command_env(command, "GIT_ALLOW_PROTOCOL", "");
    if (!has_env(command, "GIT_CONFIG_GLOBAL="))
        git_command_env(command, "GIT_CONFIG_GLOBAL", "/dev/null");
    g_ptr_array_add(command->argv, NULL);
    g_ptr_array_add(command->env, NULL);
    return (ProcessSpec){
        PROCESS_SPEC_INIT,
        .argv = (const char *const *)command->argv->pdata,
        .env = (const char *const *)command->env->pdata,
        .cwd = "/",
        .fds = &command->lock,
        .n_fds = command->lock.from > 0 ? 1 : 0,
    };
}

bool
git_command_run(GitCommand *command, Span input, size_t limit_output, int timeout_ms,
                Cancel *cancel, ProcessResult *out, GError **error)
{
    ProcessSpec spec = git_command_spec(command);
    GError *local = NULL;

    if (process_run(&spec, input, limit_output, timeout_ms, cancel, out, &local))
        return true;
    if (error_kind(local) == ERROR_KIND_NOT_FOUND) {
        g_clear_error(&local);
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "the program 'git' is not installed");
        return false;
    }
    g_propagate_error(error, local);
    return false;
}

bool
git_command_run_ok(GitCommand *command, Span input, size_t limit_output, int code,
                   ProcessResult *out, GError **error)
{
    g_auto(ProcessResult) result = { 0 };

    if (!git_command_run(command, input, limit_output, GIT_TIMEOUT_MS, NULL, &result, error))
        return false;
    if (result.exit.exit_code != 0) {
        g_autofree char *line = git_last_line(result.errors);

        error_set(error, BASE_ERROR, code, "git: %s", line);
        return false;
    }
    *out = result;
    result = (ProcessResult){ 0 };
    return true;
}

char *
git_result_text(const ProcessResult *result)
{
    Span output = span_of_bytes(result->output);

    return g_strndup(output.len == 0 ? "" : (const char *)output.data, output.len);
}

char *
git_last_line(const char *errors)
{
    g_auto(GStrv) lines = g_strsplit(errors == NULL ? "" : errors, "\n", -1);
    const char *best = NULL;

    /* Git puts the cause in its first "fatal:" or "error:" line; advice comes after it. */
    for (size_t i = 0; lines[i] != NULL && best == NULL; i++) {
        if (g_str_has_prefix(lines[i], "fatal: ") || g_str_has_prefix(lines[i], "error: "))
            best = lines[i] + strlen("fatal: ");
    }
    for (size_t i = g_strv_length(lines); i > 0 && best == NULL; i--) {
        if (*g_strstrip(lines[i - 1]) != '\0')
            best = lines[i - 1];
    }
    return g_strdup(best == NULL ? "no reason given" : best);
}

bool
git_id_is_full(const char *text)
{
    size_t len = strspn(text, "0123456789abcdef");

    return (len == 40 || len == 64) && text[len] == '\0';
}
