/* SPDX-License-Identifier: Apache-2.0
 * cmd_plan: which jobs an event would run, without running anything. */
#include <string.h>
#include "base/error.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/pipeline_file.h"
#include "pipeline/plan.h"
#include "base/banned.h"

typedef struct PlanArgs {
    char *event;        /* owned */
    char *branch;       /* owned */
    char *tag;          /* owned */
    char *commit;       /* owned */
    GPtrArray *changed; /* owned */
    GPtrArray *inputs;  /* owned: NAME=VALUE */
} PlanArgs;

static const CliOption options[] = {
    { "tag", 't', CLI_STRING, offsetof(PlanArgs, tag), 0, "as if this tag was pushed", "TAG" },
    { "branch", 'b', CLI_STRING, offsetof(PlanArgs, branch), 0, "as if to this branch", "BRANCH" },
    { "event", 'e', CLI_STRING, offsetof(PlanArgs, event), 0,
      "push, tag, proposal, schedule or manual", "EVENT" },
    { "commit", 0, CLI_STRING, offsetof(PlanArgs, commit), 0, "the full commit id", "ID" },
    { "changed", 0, CLI_STRINGS, offsetof(PlanArgs, changed), CLI_PATH,
      "a path that changed (many)", "PATH" },
    { "input", 'i', CLI_STRINGS, offsetof(PlanArgs, inputs), 0, "a value of an input (many)",
      "NAME=VALUE" },
    { 0 },
};

typedef struct Event { /* a PlanEvent and what it borrows */
    PlanEvent plan;
    char *ref;        /* owned */
    GPtrArray *names; /* owned */
    GArray *inputs;   /* owned PipelinePair */
} Event;

static void
event_clear(Event *event)
{
    g_free(event->ref);
    g_clear_pointer(&event->names, g_ptr_array_unref);
    g_clear_pointer(&event->inputs, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Event, event_clear)

static bool
refuse(GError **error, const char *message)
{
    error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "%s", message);
    return false;
}

/* A tag or a branch says which event is meant; a bare "slipway plan" is a run by hand. */
static bool
read_kind(const PlanArgs *args, PlanEvent *plan, GError **error)
{
    plan->kind = args->tag != NULL      ? PLAN_EVENT_TAG
                 : args->branch != NULL ? PLAN_EVENT_PUSH
                                        : PLAN_EVENT_MANUAL;
    if (args->tag != NULL && args->branch != NULL)
        return refuse(error, "an event has a tag or a branch, not both");
    if (args->event == NULL)
        return true;
    plan->kind = plan_event_from_string(args->event);
    if (plan->kind == PLAN_EVENT_NONE) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS,
                  "unknown event '%s': wanted push, tag, proposal, schedule or manual",
                  args->event);
        return false;
    }
    if (plan->kind == PLAN_EVENT_TAG && args->tag == NULL)
        return refuse(error, "event 'tag' needs --tag");
    return true;
}

static bool
read_inputs(const PlanArgs *args, Event *event, GError **error)
{
    event->inputs = g_array_new(FALSE, FALSE, sizeof(PipelinePair));
    event->names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; args->inputs != NULL && i < args->inputs->len; i++) {
        const char *text = g_ptr_array_index(args->inputs, i);
        const char *equals = strchr(text, '=');
        PipelinePair pair = { 0 };

        if (equals == NULL || equals == text) {
            error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "input '%s' is not NAME=VALUE",
                      text);
            return false;
        }
        pair.name = g_strndup(text, (gsize)(equals - text));
        pair.value = equals + 1;
        g_ptr_array_add(event->names, (void *)pair.name);
        g_array_append_val(event->inputs, pair);
    }
    event->plan.inputs = (const PipelinePair *)(const void *)event->inputs->data;
    event->plan.n_inputs = event->inputs->len;
    return true;
}

static bool
read_event(PlanArgs *args, Event *event, GError **error)
{
    if (!read_kind(args, &event->plan, error) || !read_inputs(args, event, error))
        return false;
    if (args->tag != NULL)
        event->ref = g_strconcat("refs/tags/", args->tag, NULL);
    else if (args->branch != NULL)
        event->ref = g_strconcat("refs/heads/", args->branch, NULL);
    if (args->changed != NULL)
        g_ptr_array_add(args->changed, NULL);
    event->plan.ref = event->ref;
    event->plan.tag = args->tag;
    event->plan.branch = args->branch;
    event->plan.commit = args->commit;
    event->plan.changed = args->changed != NULL ? (const char *const *)args->changed->pdata : NULL;
    return true;
}

static bool
run_plan(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_auto(PipelineFile) file = { 0 };
    g_auto(Event) event = { 0 };
    g_autoptr(Plan) plan = NULL;
    g_autoptr(json_t) json = NULL;
    g_autofree char *text = NULL;

    if (!read_event(data, &event, error) || !pipeline_file_read(positional[0], &file, error))
        return false;
    if (file.pipeline == NULL) {
        pipeline_file_report(&file, context);
        return true;
    }
    plan = plan_expand(file.pipeline, &event.plan, error);
    if (plan == NULL)
        return false;
    json = plan_to_json(plan);
    text = plan_to_text(plan);
    output_json(context->output, json);
    if (!output_is_json(context->output))
        output_text(context->output, text);
    return true;
}

const Command cmd_plan = {
    .name = "plan",
    .synopsis = "[FILE] [--tag TAG | --branch BRANCH] [OPTION…]",
    .help = "show which jobs would run, and run nothing",
    .details = "FILE is slipway.yaml in the current folder unless given; '-' is standard input.\n"
               "Without --tag, --branch or --event it plans a run by hand. Without --changed,\n"
               "conditions on paths are taken to hold.",
    .max_args = 1,
    .options = options,
    .args_size = sizeof(PlanArgs),
    .run = run_plan,
};
