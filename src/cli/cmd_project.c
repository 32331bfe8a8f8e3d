/* SPDX-License-Identifier: Apache-2.0
 * cmd_project: repositories to build from. */
#include <string.h>
#include "base/json.h"
#include "cli/commands.h"
#include "sys/config.h"
#include "base/banned.h"

typedef struct {
    char *source; /* owned; this and the rest */
    char *forge;
    char *repository;
    char *api_url;
    char *web_url;
    char *token_file;
    char *hook_file;
    char *context;
    char *default_branch;
    GPtrArray *branches;
    GPtrArray *tags;
    GPtrArray *paths;
    char *proposals;
    char *poll;
} ProjectArgs;

static const CliOption options[] = {
    { "source", 's', CLI_STRING, offsetof(ProjectArgs, source), CLI_PATH, "where the repository is",
      "WHERE" },
    { "forge", 'f', CLI_STRING, offsetof(ProjectArgs, forge), 0,
      "github, gitea, forgejo, gitlab; default git: no forge", "FORGE" },
    { "repository", 'r', CLI_STRING, offsetof(ProjectArgs, repository), 0, "its name on the forge",
      "OWNER/NAME" },
    { "api-url", 0, CLI_STRING, offsetof(ProjectArgs, api_url), 0, "the forge's API", "URL" },
    { "web-url", 0, CLI_STRING, offsetof(ProjectArgs, web_url), 0, "its page", "URL" },
    { "forge-token-file", 't', CLI_STRING, offsetof(ProjectArgs, token_file), CLI_PATH,
      "file with the token for statuses", "FILE" },
    { "hook-file", 0, CLI_STRING, offsetof(ProjectArgs, hook_file), CLI_PATH,
      "file with the webhook's secrets, one or two lines", "FILE" },
    { "context", 0, CLI_STRING, offsetof(ProjectArgs, context), 0,
      "name of the statuses; default slipway/PROJECT", "TEXT" },
    { "default-branch", 0, CLI_STRING, offsetof(ProjectArgs, default_branch), 0, "its main branch",
      "BRANCH" },
    { "branch", 'b', CLI_STRINGS, offsetof(ProjectArgs, branches), 0,
      "only such branches; !GLOB takes away", "GLOB" },
    { "tag", 0, CLI_STRINGS, offsetof(ProjectArgs, tags), 0, "only such tags", "GLOB" },
    { "path", 0, CLI_STRINGS, offsetof(ProjectArgs, paths), 0, "only pushes that touch such paths",
      "GLOB" },
    { "proposals", 'p', CLI_STRING, offsetof(ProjectArgs, proposals), 0,
      "none, inside or held: strangers wait", "WHICH" },
    { "poll", 0, CLI_STRING, offsetof(ProjectArgs, poll), 0,
      "look for changes at this interval; 0 not at all", "TIME" },
    { 0 },
};

static void
add_text(json_t *settings, const char *key, const char *text)
{
    if (text != NULL)
        json_object_set_new(settings, key, json_string(text));
}

static void
add_file(json_t *settings, const char *key, const char *path)
{
    g_autofree char *absolute =
        path != NULL && path[0] != '\0' ? g_canonicalize_filename(path, NULL) : g_strdup(path);

    add_text(settings, key, absolute);
}

/* A folder is named from here; everything with a colon is left to git. */
static void
add_source(json_t *settings, const char *source)
{
    g_autofree char *absolute = source != NULL && strchr(source, ':') == NULL
                                    ? g_canonicalize_filename(source, NULL)
                                    : g_strdup(source);

    add_text(settings, "source", absolute);
}

static void
add_list(json_t *settings, const char *key, const GPtrArray *list)
{
    json_t *array = NULL;

    if (list == NULL || list->len == 0)
        return;
    array = json_array();
    for (guint i = 0; i < list->len; i++)
        json_array_append_new(array, json_string(list->pdata[i]));
    json_object_set_new(settings, key, array);
}

static json_t *
settings_of(const ProjectArgs *args, GError **error)
{
    g_autoptr(json_t) settings = json_object();
    int64_t poll_ms = 0;

    add_source(settings, args->source);
    add_text(settings, "forge", args->forge);
    add_text(settings, "repository", args->repository);
    add_text(settings, "apiUrl", args->api_url);
    add_text(settings, "webUrl", args->web_url);
    add_file(settings, "tokenFile", args->token_file);
    add_file(settings, "hookFile", args->hook_file);
    add_text(settings, "context", args->context);
    add_text(settings, "defaultBranch", args->default_branch);
    add_list(settings, "branches", args->branches);
    add_list(settings, "tags", args->tags);
    add_list(settings, "paths", args->paths);
    add_text(settings, "proposals", args->proposals);
    if (args->poll != NULL && strcmp(args->poll, "0") != 0 &&
        !config_parse_duration(args->poll, &poll_ms)) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "'%s' is no time like 90s or 10m",
                  args->poll);
        return NULL;
    }
    if (args->poll != NULL)
        json_object_set_new(settings, "poll", json_integer(poll_ms / 1000));
    return g_steal_pointer(&settings);
}

static void
show_text(CommandContext *context, const json_t *project, const char *label, const char *key)
{
    const char *text = json_get_text(project, key);

    if (text[0] != '\0')
        output_line(context->output, "  %-14s %s", label, text);
}

static void
show_list(CommandContext *context, const json_t *project, const char *label, const char *key)
{
    g_autofree char *joined = command_join_strings(json_object_get(project, key));

    if (joined[0] != '\0')
        output_line(context->output, "  %-14s %s", label, joined);
}

static void
show_project(CommandContext *context, const json_t *project)
{
    json_int_t poll = json_integer_value(json_object_get(project, "poll"));

    output_styled(context->output, OUTPUT_BOLD, "project  %s", json_get_text(project, "name"));
    show_text(context, project, "source", "source");
    show_text(context, project, "forge", "forge");
    show_text(context, project, "repository", "repository");
    show_text(context, project, "API", "apiUrl");
    show_text(context, project, "page", "webUrl");
    show_text(context, project, "token file", "tokenFile");
    show_text(context, project, "hook file", "hookFile");
    show_text(context, project, "hook", "hook");
    show_text(context, project, "context", "context");
    show_text(context, project, "default branch", "defaultBranch");
    show_list(context, project, "branches", "branches");
    show_list(context, project, "tags", "tags");
    show_list(context, project, "paths", "paths");
    show_text(context, project, "proposals", "proposals");
    if (poll > 0)
        output_line(context->output, "  %-14s every %" JSON_INTEGER_FORMAT " s", "polled", poll);
    show_text(context, project, "trouble", "trouble");
    output_json(context->output, project);
}

static bool
change(CommandContext *context, const char *operation, const ProjectArgs *args, const char *name,
       GError **error)
{
    g_autoptr(json_t) settings = settings_of(args, error);
    g_autoptr(json_t) project = NULL;

    if (settings == NULL ||
        !command_call(context, operation,
                      json_pack("{s:s, s:O}", "project", name, "settings", settings), &project,
                      error))
        return false;
    show_project(context, project);
    return true;
}

static bool
run_add(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    const ProjectArgs *args = data;

    if (args->source == NULL) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "say where it is: '--source'");
        return false;
    }
    return change(context, "project.add", args, positional[0], error);
}

const Command cmd_project_add = {
    .name = "project add",
    .synopsis = "PROJECT --source WHERE [--forge FORGE …]",
    .help = "add a repository to build from",
    .details = "Then make its webhook's secret with 'slipway project hook PROJECT --rotate' and\n"
               "enter address and secret at the forge.",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .args_size = sizeof(ProjectArgs),
    .run = run_add,
};

static bool
run_set(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    return change(context, "project.set", data, positional[0], error);
}

const Command cmd_project_set = {
    .name = "project set",
    .synopsis = "PROJECT [OPTION…]",
    .help = "change a project's settings",
    .details = "What is not given stays as it is.",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .args_size = sizeof(ProjectArgs),
    .run = run_set,
};

static bool
run_list(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    static const char *const headers[] = { "PROJECT", "FORGE", "REPOSITORY", "SOURCE", NULL };
    g_autoptr(json_t) projects = NULL;
    size_t i = 0;
    json_t *project = NULL;

    (void)data;
    (void)positional;
    if (!command_call(context, "project.list", NULL, &projects, error))
        return false;
    output_table_begin(context->output, headers);
    json_array_foreach (projects, i, project) {
        const char *const cells[] = { json_get_text(project, "name"),
                                      json_get_text(project, "forge"),
                                      json_get_text(project, "repository"),
                                      json_get_text(project, "source") };

        output_table_row(context->output, cells);
    }
    output_table_end(context->output);
    output_json(context->output, projects);
    return true;
}

const Command cmd_project_list = {
    .name = "project list",
    .help = "print all projects",
    .needs = COMMAND_NEEDS_ENGINE,
    .run = run_list,
};

static bool
run_show(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autoptr(json_t) project = NULL;

    (void)data;
    if (!command_call(context, "project.show", json_pack("{s:s}", "project", positional[0]),
                      &project, error))
        return false;
    show_project(context, project);
    return true;
}

const Command cmd_project_show = {
    .name = "project show",
    .synopsis = "PROJECT",
    .help = "print a project's settings",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_show,
};

typedef struct {
    bool rotate;
    bool print;
    char *url; /* owned */
} HookArgs;

static const CliOption hook_options[] = {
    { "rotate", 0, CLI_FLAG, offsetof(HookArgs, rotate), 0,
      "make a new secret; the one before holds until the next", NULL },
    { "print", 0, CLI_FLAG, offsetof(HookArgs, print), 0,
      "print a post-receive hook for a plain git repository", NULL },
    { "url", 'u', CLI_STRING, offsetof(HookArgs, url), 0, "where this server is", "URL" },
    { 0 },
};

/* Reads the secret from a file beside it, so that the script itself may be read by anybody. */
static const char post_receive[] =
    "#!/bin/sh\n"
    "# post-receive: tells Slipway what was pushed. Put it into hooks/post-receive of the bare\n"
    "# repository, make it executable, and put the secret into hooks/slipway.secret (0600).\n"
    "url='%s%s'\n"
    "secret=\"${0%%/*}/slipway.secret\"\n"
    "while read -r before after ref; do\n"
    "    case $after in *[!0]*) after=$(git rev-parse --verify --quiet \"$after^{commit}\") ||\n"
    "        continue ;; esac\n"
    "    body=$(printf '{\"ref\":\"%%s\",\"before\":\"%%s\",\"after\":\"%%s\",\"actor\":\"%%s\","
    "\"at\":\"%%s\"}' \\\n"
    "        \"$ref\" \"$before\" \"$after\" \"$(id -un)\" \"$(date +%%s.%%N)\")\n"
    "    key=$(head -n 1 \"$secret\" | tr -d '\\r\\n' | od -An -v -tx1 | tr -d ' \\n')\n"
    "    mac=$(printf '%%s' \"$body\" | openssl dgst -sha256 -mac HMAC -macopt \"hexkey:$key\" |\n"
    "        sed 's/.*= *//')\n"
    "    curl --silent --show-error --fail --max-time 20 --retry 5 --retry-connrefused \\\n"
    "        -H 'Content-Type: application/json' -H 'X-Slipway-Event: push' \\\n"
    "        -H \"X-Slipway-Delivery: $(cat /proc/sys/kernel/random/uuid)\" \\\n"
    "        -H \"X-Slipway-Signature-256: sha256=$mac\" \\\n"
    "        --data-binary \"$body\" \"$url\" >/dev/null || echo 'slipway was not told' >&2\n"
    "done\n";

static bool
run_hook(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    const HookArgs *args = data;
    const char *url = args->url != NULL ? args->url : "";
    g_autoptr(json_t) project = NULL;

    if (!command_call(context, args->rotate ? "project.rotate-hook" : "project.show",
                      json_pack("{s:s}", "project", positional[0]), &project, error))
        return false;
    if (strpbrk(url, "'\n") != NULL) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "'%s' is no URL", url);
        return false;
    }
    if (args->print) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        g_autofree char *script =
            g_strdup_printf(post_receive, url, json_get_text(project, "hook"));
#pragma GCC diagnostic pop

        output_text(context->output, script);
        return true;
    }
    output_line(context->output, "address  %s%s", url, json_get_text(project, "hook"));
    if (args->rotate)
        output_line(context->output, "secret   %s", json_get_text(project, "secret"));
    output_talk(context->output, args->rotate
                                     ? "enter both at the forge, content type application/json"
                                     : "a new secret: --rotate; a script for plain git: --print");
    output_json(context->output, project);
    return true;
}

const Command cmd_project_hook = {
    .name = "project hook",
    .synopsis = "PROJECT [--rotate] [--print --url URL]",
    .help = "address and secret of a project's webhook",
    .details = "Two secrets hold at once: --rotate makes a new one, enter it at the forge, and\n"
               "the old one ends with the next --rotate.",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .options = hook_options,
    .args_size = sizeof(HookArgs),
    .run = run_hook,
};
