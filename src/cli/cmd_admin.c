/* SPDX-License-Identifier: Apache-2.0
 * cmd_admin: looking after the data folder. */
#include <string.h>
#include <unistd.h>
#include "base/json.h"
#include "cli/commands.h"
#include "executor/executor.h"
#include "service/admin.h"
#include "sys/launch.h"
#include "base/banned.h"

static bool
run_fsck(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autoptr(json_t) result = NULL;
    size_t i = 0;
    json_t *finding = NULL;
    bool clean = false;

    (void)data;
    (void)positional;
    if (!command_call(context, "admin.fsck", NULL, &result, error))
        return false;
    clean = json_is_true(json_object_get(result, "clean"));
    json_array_foreach (json_object_get(result, "findings"), i, finding)
        output_styled(context->output, OUTPUT_BAD, "%s", json_string_value(finding));
    output_styled(context->output, clean ? OUTPUT_GOOD : OUTPUT_BAD, "%s: %lld entries, %lld blobs",
                  clean ? "clean" : "not clean",
                  json_get_int(json_object_get(result, "log"), "entries"),
                  json_get_int(json_object_get(result, "store"), "blobs"));
    output_json(context->output, result);
    context->exit_code = clean ? 0 : 1;
    return true;
}

const Command cmd_admin_fsck = {
    .name = "admin fsck",
    .help = "check log, blobs and database",
    .needs = COMMAND_NEEDS_ENGINE,
    .run = run_fsck,
};

static bool
run_rebuild(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autoptr(json_t) result = NULL;

    (void)data;
    (void)positional;
    if (!command_call(context, "admin.rebuild", NULL, &result, error))
        return false;
    output_line(context->output, "rebuilt from %lld entries", json_get_int(result, "entries"));
    output_json(context->output, result);
    return true;
}

const Command cmd_admin_rebuild = {
    .name = "admin rebuild",
    .help = "make the fact tables anew from the log",
    .details = "The database's fact tables are a cache of the log: this drops and refills them.\n"
               "Runs, drafts and deliveries stay; nothing is sent again.",
    .needs = COMMAND_NEEDS_ENGINE,
    .run = run_rebuild,
};

static bool
run_backup(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autofree char *path = g_canonicalize_filename(positional[0], NULL);
    g_autoptr(json_t) result = NULL;

    (void)data;
    if (!command_call(context, "admin.backup", json_pack("{s:s}", "path", path), &result, error))
        return false;
    output_line(context->output, "backed up to %s: %lld entries, %lld blobs", path,
                json_get_int(result, "entries"), json_get_int(result, "blobs"));
    output_talk(context->output, "private keys are not in it: keep a copy of them apart");
    output_json(context->output, result);
    return true;
}

const Command cmd_admin_backup = {
    .name = "admin backup",
    .synopsis = "FOLDER",
    .help = "copy the data folder while it is used",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_backup,
};

typedef struct {
    int64_t min_age_s;
} GcArgs;

static const CliOption gc_options[] = {
    { "min-age", 0, CLI_INT, offsetof(GcArgs, min_age_s), 0,
      "keep blobs younger than this; default a day", "SECONDS" },
    { 0 },
};

static bool
run_gc(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    GcArgs *args = data;
    g_autoptr(json_t) result = NULL;

    (void)positional;
    if (!command_call(context, "admin.gc",
                      args->min_age_s > 0
                          ? json_pack("{s:I}", "minAgeSeconds", (json_int_t)args->min_age_s)
                          : NULL,
                      &result, error))
        return false;
    output_line(context->output, "removed %lld blobs (%lld bytes), kept %lld",
                json_get_int(result, "removed"), json_get_int(result, "removedBytes"),
                json_get_int(result, "kept"));
    output_json(context->output, result);
    return true;
}

const Command cmd_admin_gc = {
    .name = "admin gc",
    .synopsis = "[--min-age SECONDS]",
    .help = "remove blobs that nothing names",
    .needs = COMMAND_NEEDS_ENGINE,
    .options = gc_options,
    .args_size = sizeof(GcArgs),
    .run = run_gc,
};

static bool
run_dump(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    (void)data;
    (void)positional;
    if (client_get_engine(context->client) == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_BUSY,
                  "another process holds the data folder: dump when it has ended");
        return false;
    }
    return admin_dump_facts(client_get_engine(context->client), STDOUT_FILENO, error);
}

const Command cmd_admin_dump = {
    .name = "admin dump",
    .help = "print the fact tables as text, for comparing",
    .needs = COMMAND_NEEDS_ENGINE,
    .flags = COMMAND_HIDDEN,
    .run = run_dump,
};

/* Whether jobs can be isolated here: an empty step in a real sandbox. */
static bool
run_isolation(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autoptr(Launcher) launcher = launcher_start(error);
    ExecutorConfig config = { .launcher = launcher, .flags = EXECUTOR_TRIAL };
    g_autoptr(Executor) executor =
        launcher != NULL ? executor_open("sandbox", &config, error) : NULL;
    g_autoptr(json_t) result = NULL;

    (void)data;
    (void)positional;
    if (executor == NULL)
        return false;
    result = executor_describe(executor);
    output_line(context->output, "sandbox: %s",
                executor_isolation_name(executor_get_isolation(executor)));
    output_json(context->output, result);
    return true;
}

const Command cmd_admin_isolation = {
    .name = "admin isolation",
    .help = "say whether jobs can be isolated here",
    .run = run_isolation,
};
