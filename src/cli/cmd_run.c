/* SPDX-License-Identifier: Apache-2.0
 * cmd_run: run a pipeline and show it while it runs. */
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "cli/authority_flow.h"
#include "cli/commands.h"
#include "cli/run_view.h"
#include "base/banned.h"

typedef struct {
    char *source;     /* owned */
    char *project;    /* owned */
    char *tag;        /* owned */
    char *branch;     /* owned */
    char *commit;     /* owned */
    char *release;    /* owned */
    char *executor;   /* owned */
    GPtrArray *input; /* owned, of "NAME=VALUE" */
    int64_t parallel;
} RunArgs;

static const CliOption options[] = {
    { "source", 's', CLI_STRING, offsetof(RunArgs, source), CLI_PATH,
      "path or URL of the repository; not needed again", "REPOSITORY" },
    { "project", 'p', CLI_STRING, offsetof(RunArgs, project), 0, "a project that ran before",
      "NAME" },
    { "tag", 't', CLI_STRING, offsetof(RunArgs, tag), 0,
      "run at this tag; a stream's tag makes a release", "TAG" },
    { "branch", 'b', CLI_STRING, offsetof(RunArgs, branch), 0, "run at the head of this branch",
      "BRANCH" },
    { "commit", 'c', CLI_STRING, offsetof(RunArgs, commit), 0, "run at this commit", "ID" },
    { "release", 0, CLI_STRING, offsetof(RunArgs, release), 0, "make this release without a tag",
      "STREAM@VERSION" },
    { "executor", 'e', CLI_STRING, offsetof(RunArgs, executor), 0,
      "host: run every job without isolation", "NAME" },
    { "input", 'i', CLI_STRINGS, offsetof(RunArgs, input), 0,
      "a value for an input of the pipeline", "NAME=VALUE" },
    { "jobs", 'j', CLI_INT, offsetof(RunArgs, parallel), 0, "jobs at once; default one a processor",
      "N" },
    { 0 },
};

static void
set_string(json_t *object, const char *key, const char *value)
{
    if (value != NULL)
        json_object_set_new(object, key, json_string(value));
}

static bool
build_args(const RunArgs *args, json_t *object, GError **error)
{
    json_t *inputs = json_object();
    bool local = args->source != NULL && strstr(args->source, "://") == NULL &&
                 strchr(args->source, ':') == NULL;
    g_autofree char *source =
        local ? g_canonicalize_filename(args->source, NULL) : g_strdup(args->source);

    json_object_set_new(object, "inputs", inputs);
    json_object_set_new(object, "parallel", json_integer(args->parallel));
    set_string(object, "source", source);
    set_string(object, "project", args->project);
    set_string(object, "tag", args->tag);
    set_string(object, "branch", args->branch);
    set_string(object, "commit", args->commit);
    set_string(object, "release", args->release);
    set_string(object, "executor", args->executor);
    for (guint i = 0; args->input != NULL && i < args->input->len; i++) {
        g_autofree char *name = NULL;
        const char *value = NULL;

        if (!authority_flow_split(args->input->pdata[i], "NAME=VALUE", &name, &value, error))
            return false;
        json_object_set_new(inputs, name, json_string(value));
    }
    return true;
}

static bool
run_run(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autoptr(json_t) args = json_object();
    g_autoptr(json_t) state = NULL;
    g_autoptr(json_t) shown = NULL;

    (void)positional;
    if (!build_args(data, args, error) || !client_listen(context->client, error) ||
        !command_call(context, "run.start", json_incref(args), &state, error) ||
        !run_view_follow(context, &state, error) ||
        !command_call(context, "run.show", json_pack("{s:O}", "run", json_object_get(state, "run")),
                      &shown, error))
        return false;
    run_view_end(context, shown);
    output_json(context->output, shown);
    context->exit_code =
        strcmp(json_string_value(json_object_get(shown, "state")), "passed") == 0 ? 0 : 1;
    return true;
}

const Command cmd_run = {
    .name = "run",
    .synopsis = "[--source REPOSITORY] --tag TAG | --branch NAME | --commit ID",
    .help = "run the pipeline of a repository at a commit",
    .details = "Fetches the repository into the engine's own mirror, reads slipway.yaml at the\n"
               "commit and runs its jobs in clean machines. A tag of a stream claims its\n"
               "version first; when the run has passed, provenance is in the log and a draft\n"
               "waits for 'slipway release seal'. Exit 0 when it passed, 1 when not.",
    .needs = COMMAND_NEEDS_ENGINE,
    .flags = COMMAND_CANCELLABLE,
    .options = options,
    .args_size = sizeof(RunArgs),
    .run = run_run,
};
