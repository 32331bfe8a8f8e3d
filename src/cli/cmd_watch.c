/* SPDX-License-Identifier: Apache-2.0
 * cmd_watch: repositories of others that are asked for new artifacts. */
#include <string.h>
#include "base/json.h"
#include "cli/commands.h"
#include "sys/config.h"
#include "base/banned.h"

typedef struct {
    char *apt, *oci; /* owned; this and the rest */
    char *suite, *component, *arch;
    GPtrArray *artifacts;
    char *poll;
} WatchArgs;

static const CliOption options[] = {
    { "apt", 0, CLI_STRING, offsetof(WatchArgs, apt), 0, "an apt archive, above its dists/",
      "URL" },
    { "oci", 0, CLI_STRING, offsetof(WatchArgs, oci), 0, "or images: https://HOST/NAME", "URL" },
    { "suite", 's', CLI_STRING, offsetof(WatchArgs, suite), 0, "apt: which, as bookworm", "SUITE" },
    { "component", 0, CLI_STRING, offsetof(WatchArgs, component), 0, "apt: default main", "NAME" },
    { "arch", 0, CLI_STRING, offsetof(WatchArgs, arch), 0, "apt: default amd64", "ARCH" },
    { "artifact", 'a', CLI_STRINGS, offsetof(WatchArgs, artifacts), 0,
      "only such packages or tags; !GLOB takes away", "GLOB" },
    { "poll", 0, CLI_STRING, offsetof(WatchArgs, poll), 0, "how often; default 1h", "TIME" },
    { 0 },
};

static void
add_text(json_t *settings, const char *key, const char *text)
{
    if (text != NULL)
        json_object_set_new(settings, key, json_string(text));
}

static json_t *
settings_of(const WatchArgs *args, GError **error)
{
    g_autoptr(json_t) settings = json_object();
    json_t *globs = json_array();
    int64_t poll_ms = 0;

    json_object_set_new(settings, "artifacts", globs);
    for (guint i = 0; args->artifacts != NULL && i < args->artifacts->len; i++)
        json_array_append_new(globs, json_string(args->artifacts->pdata[i]));
    if ((args->apt != NULL) == (args->oci != NULL)) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "say one of '--apt' and '--oci'");
        return NULL;
    }
    if (args->poll != NULL && !config_parse_duration(args->poll, &poll_ms)) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "'%s' is no time like 10m or 1h",
                  args->poll);
        return NULL;
    }
    if (args->poll != NULL)
        json_object_set_new(settings, "poll", json_integer(poll_ms / 1000));
    add_text(settings, "kind", args->apt != NULL ? "apt" : "oci");
    add_text(settings, "url", args->apt != NULL ? args->apt : args->oci);
    add_text(settings, "suite", args->suite);
    add_text(settings, "component", args->component);
    add_text(settings, "arch", args->arch);
    return g_steal_pointer(&settings);
}

/* {project, name} of "PROJECT/NAME". Owned. */
static json_t *
names_of(const char *text, GError **error)
{
    const char *slash = strchr(text, '/');

    if (slash != NULL)
        return json_pack("{s:s%, s:s}", "project", text, (size_t)(slash - text), "name", slash + 1);
    error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "'%s' is not 'PROJECT/NAME'", text);
    return NULL;
}

static bool
run_set(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autoptr(json_t) settings = settings_of(data, error);
    json_t *call = settings != NULL ? names_of(positional[0], error) : NULL;
    g_autoptr(json_t) watch = NULL;

    if (call == NULL)
        return false;
    json_object_set(call, "settings", settings);
    if (!command_call(context, "watch.set", call, &watch, error))
        return false;
    output_line(context->output, "watch  %s  %s", positional[0],
                json_string_value(json_object_get(watch, "url")));
    output_talk(context->output, "what is there now starts nothing; what is new later does");
    output_json(context->output, watch);
    return true;
}

const Command cmd_watch_set = {
    .name = "watch set",
    .synopsis = "PROJECT/NAME --apt URL --suite SUITE | --oci URL",
    .help = "start runs when others publish something new",
    .details = "A run of the project's default branch, event 'artifact'. What is found starts it\n"
               "and is not believed beyond that: the job checks signatures.",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .args_size = sizeof(WatchArgs),
    .run = run_set,
};

static bool
run_list(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    static const char *const headers[] = { "PROJECT",   "NAME",    "KIND", "URL",
                                           "ARTIFACTS", "TROUBLE", NULL };
    g_autoptr(json_t) list = NULL;
    size_t i = 0;
    json_t *watch = NULL;

    (void)data;
    (void)positional;
    if (!command_call(context, "watch.list", NULL, &list, error))
        return false;
    output_table_begin(context->output, headers);
    json_array_foreach (list, i, watch) {
        g_autofree char *globs = command_join_strings(json_object_get(watch, "artifacts"));
        const char *const cells[] = { json_string_value(json_object_get(watch, "project")),
                                      json_string_value(json_object_get(watch, "name")),
                                      json_string_value(json_object_get(watch, "kind")),
                                      json_string_value(json_object_get(watch, "url")),
                                      globs,
                                      json_string_value(json_object_get(watch, "trouble")) };

        output_table_row(context->output, cells);
    }
    output_table_end(context->output);
    output_json(context->output, list);
    return true;
}

const Command cmd_watch_list = {
    .name = "watch list",
    .help = "print repositories that are asked for new artifacts",
    .needs = COMMAND_NEEDS_ENGINE,
    .run = run_list,
};

static bool
run_remove(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    json_t *call = names_of(positional[0], error);
    g_autoptr(json_t) result = NULL;

    (void)data;
    if (call == NULL || !command_call(context, "watch.remove", call, &result, error))
        return false;
    output_line(context->output, "removed  %s", positional[0]);
    output_json(context->output, result);
    return true;
}

const Command cmd_watch_remove = {
    .name = "watch remove",
    .synopsis = "PROJECT/NAME",
    .help = "stop asking a repository",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_remove,
};

static bool
run_look(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    json_t *call = names_of(positional[0], error);
    g_autoptr(json_t) result = NULL;
    const char *news = NULL;

    (void)data;
    if (call == NULL || !command_call(context, "watch.look", call, &result, error))
        return false;
    news = json_string_value(json_object_get(result, "new"));
    output_line(context->output, "%s", news[0] != '\0' ? news : "nothing new");
    output_json(context->output, result);
    return true;
}

const Command cmd_watch_look = {
    .name = "watch look",
    .synopsis = "PROJECT/NAME",
    .help = "ask now instead of at the next interval",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_look,
};
