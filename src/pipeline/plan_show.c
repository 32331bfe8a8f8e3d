/* SPDX-License-Identifier: Apache-2.0
 * plan_show: a plan as JSON and as text. docs/pipeline.md names the fields: they stay. */
#include <string.h>
#include "base/json.h"
#include "pipeline/condition.h"
#include "pipeline/plan.h"
#include "pipeline/plan_priv.h"
#include "base/banned.h"

#define ID_COLUMNS 48 /* longer ids push the rest of their line */

/* json_string refuses text that is not UTF-8; the file was checked, a branch name was not. */
static json_t *
text_or_null(const char *text)
{
    if (text == NULL || text[0] == '\0')
        return json_null();
    g_autofree char *printable = g_utf8_make_valid(text, -1);

    return json_string(printable);
}

static json_t *
list_to_json(const char *const *texts)
{
    json_t *list = json_array();

    for (size_t i = 0; texts != NULL && texts[i] != NULL; i++)
        json_array_append_new(list, text_or_null(texts[i]));
    return list;
}

static json_t *
pairs_to_json(const PipelinePair *pairs, size_t n)
{
    json_t *object = json_object();

    for (size_t i = 0; i < n; i++) {
        g_autofree char *value = g_utf8_make_valid(pairs[i].value, -1);

        json_object_set_new(object, pairs[i].name, json_string(value));
    }
    return object;
}

static json_t *
event_to_json(const Plan *plan)
{
    const PlanFacts *facts = plan->facts;
    json_t *object = json_object();

    json_object_set_new(object, "kind", json_string(plan_event_name(facts->kind)));
    json_object_set_new(object, "ref", text_or_null(facts->ref));
    json_object_set_new(object, "branch", text_or_null(facts->branch));
    json_object_set_new(object, "tag", text_or_null(facts->tag));
    json_object_set_new(object, "commit", text_or_null(facts->commit));
    json_object_set_new(object, "stream", text_or_null(facts->stream));
    json_object_set_new(object, "version", text_or_null(facts->version));
    json_object_set_new(object, "changedKnown", json_boolean(facts->changed_known));
    json_object_set_new(object, "inputs", pairs_to_json(facts->inputs, plan->pipeline->n_inputs));
    return object;
}

static json_t *
number_or_null(uint64_t value)
{
    return value == 0 ? json_null() : json_integer((json_int_t)value);
}

static json_t *
limits_to_json(const PipelineLimits *limits)
{
    json_t *object = json_object();

    json_object_set_new(object, "memoryBytes", number_or_null(limits->memory_bytes));
    json_object_set_new(object, "processes", number_or_null(limits->processes));
    json_object_set_new(object, "fileSizeBytes", number_or_null(limits->file_size_bytes));
    json_object_set_new(object, "outputBytes", number_or_null(limits->output_bytes));
    json_object_set_new(object, "cpuPercent", number_or_null(limits->cpu_percent));
    return object;
}

static json_t *
retry_to_json(const PipelineJob *job)
{
    if (job->retry_max == 0)
        return json_null();
    json_t *object = json_object();
    json_t *codes = json_array();

    for (size_t i = 0; i < job->n_retry_exit_codes; i++)
        json_array_append_new(codes, json_integer(job->retry_exit_codes[i]));
    json_object_set_new(object, "exitCodes", codes);
    json_object_set_new(object, "max", json_integer(job->retry_max));
    return object;
}

static json_t *
steps_to_json(const PipelineJob *job)
{
    json_t *list = json_array();

    for (size_t i = 0; i < job->n_steps; i++) {
        const PipelineStep *step = &job->steps[i];
        json_t *object = json_object();

        json_object_set_new(object, "name", json_string(step->name));
        json_object_set_new(object, "run",
                            step->run == NULL ? list_to_json(step->argv) : json_string(step->run));
        json_object_set_new(object, "env", pairs_to_json(step->env, step->n_env));
        json_object_set_new(object, "timeoutMs", number_or_null((uint64_t)step->timeout_ms));
        json_object_set_new(object, "always", json_boolean(step->always));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *
needs_to_json(const Plan *plan, const PlanJob *job)
{
    json_t *list = json_array();

    for (size_t i = 0; i < job->n_needs; i++)
        json_array_append_new(list, json_string(plan->jobs[job->needs[i]].id));
    return list;
}

static json_t *
when_to_json(const PipelineJob *job)
{
    if (job->when == NULL)
        return json_null();
    g_autofree char *text = condition_to_text(job->when);

    return json_string(text);
}

static json_t *
network_to_json(const PipelineJob *job)
{
    json_t *object = json_object();

    json_object_set_new(object, "mode", json_string(pipeline_network_name(job->network)));
    json_object_set_new(object, "allow", list_to_json(job->allow));
    return object;
}

static json_t *
labels_to_json(const PipelineJob *job)
{
    json_t *object = json_object();

    for (size_t i = 0; i < job->n_labels; i++) {
        const PipelineLabel *label = &job->labels[i];

        json_object_set_new(object, label->name,
                            label->file == NULL ? json_string(label->value)
                                                : json_pack("{s:s}", "file", label->file));
    }
    return object;
}

static json_t *
job_to_json(const Plan *plan, const PlanJob *planned)
{
    const PipelineJob *job = planned->job;
    json_t *object = json_object();

    json_object_set_new(object, "id", json_string(planned->id));
    json_object_set_new(object, "job", json_string(job->name));
    json_object_set_new(object, "matrix",
                        pairs_to_json(planned->cell->values, planned->cell->n_values));
    json_object_set_new(object, "skipped", json_boolean(planned->skipped));
    json_object_set_new(object, "why", text_or_null(planned->why));
    json_object_set_new(object, "when", when_to_json(job));
    json_object_set_new(object, "needs", needs_to_json(plan, planned));
    json_object_set_new(object, "executor", json_string(pipeline_executor_name(job->executor)));
    json_object_set_new(object, "labels", labels_to_json(job));
    json_object_set_new(object, "secrets", list_to_json(job->secrets));
    json_object_set_new(object, "root", job->has_root ? json_digest(&job->root) : json_null());
    json_object_set_new(object, "network", network_to_json(job));
    json_object_set_new(object, "timeoutMs", json_integer(job->timeout_ms));
    json_object_set_new(object, "retry", retry_to_json(job));
    json_object_set_new(object, "limits", limits_to_json(&job->limits));
    json_object_set_new(object, "env", pairs_to_json(planned->env, planned->n_env));
    json_object_set_new(object, "steps", steps_to_json(job));
    json_object_set_new(object, "artifacts", list_to_json(planned->artifacts));
    json_object_set_new(object, "outputs", list_to_json(job->outputs));
    return object;
}

json_t *
plan_to_json(const Plan *plan)
{
    json_t *object = json_object();
    json_t *jobs = json_array();

    for (size_t i = 0; i < plan->n_jobs; i++)
        json_array_append_new(jobs, job_to_json(plan, &plan->jobs[i]));
    json_object_set_new(object, "project", json_string(plan->pipeline->project));
    json_object_set_new(object, "pipeline", json_digest(&plan->pipeline->digest));
    json_object_set_new(object, "event", event_to_json(plan));
    json_object_set_new(object, "jobs", jobs);
    json_object_set_new(object, "skipped", json_integer((json_int_t)plan->n_skipped));
    return object;
}

/* "10m", "1h30m", "45s". */
static void
append_duration(GString *out, int64_t ms)
{
    int64_t seconds = ms / 1000;

    if (seconds >= 3600)
        g_string_append_printf(out, "%" G_GINT64_FORMAT "h", seconds / 3600);
    if (seconds % 3600 >= 60)
        g_string_append_printf(out, "%" G_GINT64_FORMAT "m", seconds % 3600 / 60);
    if (seconds % 60 > 0)
        g_string_append_printf(out, "%" G_GINT64_FORMAT "s", seconds % 60);
}

/* Job names, not cells: "needs build, test". */
static void
append_needs(const PlanJob *planned, GString *out)
{
    const PipelineJob *job = planned->job;

    for (size_t i = 0; i < job->n_needs; i++)
        g_string_append_printf(out, "%s%s", i == 0 ? "; needs " : ", ",
                               planned->plan->pipeline->jobs[job->needs[i]].name);
}

static void
append_job(const PlanJob *planned, size_t width, GString *out)
{
    const PipelineJob *job = planned->job;
    g_autofree char *id = error_printable(planned->id);
    glong columns = g_utf8_strlen(id, -1);

    g_string_append_printf(out, "  %s%*s  ", id,
                           (int)((glong)width > columns ? (glong)width - columns : 0), "");
    if (planned->skipped) {
        g_autofree char *why = error_printable(planned->why);

        g_string_append_printf(out, "skipped: %s\n", why);
        return;
    }
    g_string_append_printf(out, "%s, network %s, %zu %s, ", pipeline_executor_name(job->executor),
                           pipeline_network_name(job->network), job->n_steps,
                           job->n_steps == 1 ? "step" : "steps");
    append_duration(out, job->timeout_ms);
    append_needs(planned, out);
    g_string_append_c(out, '\n');
}

static void
append_head(const Plan *plan, GString *out)
{
    const PlanFacts *facts = plan->facts;

    g_string_append_printf(out, "%s, event %s", plan->pipeline->project,
                           plan_event_name(facts->kind));
    if (facts->tag[0] != '\0' || facts->branch[0] != '\0') {
        g_autofree char *name = error_printable(facts->tag[0] != '\0' ? facts->tag : facts->branch);

        g_string_append_printf(out, ", %s %s", facts->tag[0] != '\0' ? "tag" : "branch", name);
    }
    if (facts->stream[0] != '\0')
        g_string_append_printf(out, ", version %s of stream %s", facts->version, facts->stream);
    if (facts->commit[0] != '\0')
        g_string_append_printf(out, ", commit %.12s", facts->commit);
    g_string_append(out, "\n");
}

char *
plan_to_text(const Plan *plan)
{
    GString *out = g_string_new(NULL);
    size_t width = 0;

    for (size_t i = 0; i < plan->n_jobs; i++)
        width = MAX(width, (size_t)g_utf8_strlen(plan->jobs[i].id, -1));
    append_head(plan, out);
    for (size_t i = 0; i < plan->n_jobs; i++)
        append_job(&plan->jobs[i], MIN(width, ID_COLUMNS), out);
    g_string_append_printf(out, "%zu %s, %zu skipped\n", plan->n_jobs,
                           plan->n_jobs == 1 ? "job" : "jobs", plan->n_skipped);
    return g_string_free(out, FALSE);
}
