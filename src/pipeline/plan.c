/* SPDX-License-Identifier: Apache-2.0
 * plan: expands jobs in Pipeline.order, so that every need is planned before those who need it.
 *
 * 1. A job is skipped if its condition is false, or if every cell of one of its needs is skipped.
 * 2. The cells of one job share one array of needs: O(jobs + needs), not O(cells × cells).
 * 3. Values from outside (branch, inputs) are replaced once and never read as ${…} or as a glob
 * again. */
#include "pipeline/plan.h"
#include <string.h>
#include "format/glob.h"
#include "pipeline/condition.h"
#include "pipeline/plan_priv.h"
#include "pipeline/scope_priv.h"
#include "pipeline/substitute.h"
#include "base/banned.h"

static const char *const event_names[] = { "none",     "push",   "tag",     "proposal",
                                           "schedule", "manual", "release", "artifact" };

const char *
plan_event_name(PlanEventKind kind)
{
    return event_names[kind];
}

PlanEventKind
plan_event_from_string(const char *text)
{
    for (size_t i = 1; i < G_N_ELEMENTS(event_names); i++) {
        if (strcmp(event_names[i], text) == 0)
            return (PlanEventKind)i;
    }
    return PLAN_EVENT_NONE;
}

void
plan_free(Plan *plan)
{
    if (plan == NULL)
        return;
    g_ptr_array_unref(plan->facts->owned);
    g_string_chunk_free(plan->facts->strings);
    g_free(plan->facts->inputs);
    g_free(plan->facts);
    g_free(plan->jobs);
    g_free(plan);
}

static void *
plan_alloc(Plan *plan, size_t n, size_t size)
{
    void *memory = g_malloc0_n(MAX(n, 1), size);

    g_ptr_array_add(plan->facts->owned, memory);
    return memory;
}

static const char *
plan_dup(Plan *plan, const char *text)
{
    return g_string_chunk_insert(plan->facts->strings, text == NULL ? "" : text);
}

static const PipelinePair *
find_pair(const PipelinePair *pairs, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(pairs[i].name, name) == 0)
            return &pairs[i];
    }
    return NULL;
}

static bool
resolve_input(Plan *plan, const PlanEvent *event, size_t index, GError **error)
{
    const PipelineInput *input = &plan->pipeline->inputs[index];
    const PipelinePair *given = find_pair(event->inputs, event->n_inputs, input->name);
    const char *value = given != NULL ? given->value : input->fallback;

    if (value == NULL && event->kind == PLAN_EVENT_MANUAL) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "input '%s' is not given and has no default", input->name);
        return false;
    }
    if (given != NULL && !pipeline_input_accepts(input, value)) {
        g_autofree char *choices = g_strjoinv("', '", (char **)input->choices);

        if (input->type == PIPELINE_INPUT_CHOICE)
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                      "input '%s' cannot be '%s'; it is one of '%s'", input->name, value, choices);
        else
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "input '%s' must be %s, not '%s'",
                      input->name,
                      input->type == PIPELINE_INPUT_INT ? "a whole number" : "'true' or 'false'",
                      value);
        return false;
    }
    plan->facts->inputs[index] =
        (PipelinePair){ .name = input->name, .value = plan_dup(plan, value) };
    return true;
}

static bool
take_facts(Plan *plan, const PlanEvent *event, GError **error)
{
    PlanFacts *facts = plan->facts;
    g_autofree char *version = NULL;
    const PipelineStream *stream =
        event->tag == NULL ? NULL
                           : pipeline_find_stream_of_tag(plan->pipeline, event->tag, &version);

    facts->kind = event->kind;
    facts->ref = plan_dup(plan, event->ref);
    facts->branch = plan_dup(plan, event->branch);
    facts->tag = plan_dup(plan, event->tag);
    facts->commit = plan_dup(plan, event->commit);
    facts->stream = stream == NULL ? "" : stream->name;
    facts->version = plan_dup(plan, version);
    facts->changed_known = event->changed != NULL;
    facts->inputs = g_new0(PipelinePair, plan->pipeline->n_inputs + 1);
    for (size_t i = 0; i < event->n_inputs; i++) {
        bool known = false;

        for (size_t k = 0; k < plan->pipeline->n_inputs; k++)
            known = known || strcmp(plan->pipeline->inputs[k].name, event->inputs[i].name) == 0;
        if (!known) {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "there is no input '%s'",
                      event->inputs[i].name);
            return false;
        }
    }
    for (size_t i = 0; i < plan->pipeline->n_inputs; i++) {
        if (!resolve_input(plan, event, i, error))
            return false;
    }
    return true;
}

const char *
plan_facts_get(const Plan *plan, const PipelineCell *cell, const char *name)
{
    const PlanFacts *facts = plan->facts;
    const PipelinePair plain[] = {
        { "event", event_names[facts->kind] }, { "ref", facts->ref },
        { "branch", facts->branch },           { "tag", facts->tag },
        { "commit", facts->commit },           { "project", plan->pipeline->project },
        { "stream", facts->stream },           { "version", facts->version },
    };
    const PipelinePair *found = NULL;

    if (g_str_has_prefix(name, "matrix."))
        return scope_cell_value(cell, name + strlen("matrix."));
    if (g_str_has_prefix(name, "inputs."))
        found = find_pair(facts->inputs, plan->pipeline->n_inputs, name + strlen("inputs."));
    else
        found = find_pair(plain, G_N_ELEMENTS(plain), name);
    return found == NULL ? NULL : found->value;
}

/* What look-ups of one cell need. */
typedef struct {
    const Plan *plan;
    const PipelineCell *cell;
    bool matrix_read; /* a condition asked for the matrix: the next cell may get another answer */
    GString *scratch; /* owned; of escaped_value */
} CellScope;

static const char *
cell_value(const char *name, void *data)
{
    CellScope *scope = data;

    scope->matrix_read = scope->matrix_read || g_str_has_prefix(name, "matrix.");
    return plan_facts_get(scope->plan, scope->cell, name);
}

/* For globs: what comes out of ${…} is text, however it looks. */
static const char *
escaped_value(const char *name, void *data)
{
    CellScope *scope = data;
    const char *value = cell_value(name, data);

    if (value == NULL)
        return NULL;
    g_string_truncate(scope->scratch, 0);
    for (const char *p = value; *p != '\0'; p++) {
        if (strchr("*?[\\", *p) != NULL)
            g_string_append_c(scope->scratch, '\\');
        g_string_append_c(scope->scratch, *p);
    }
    return scope->scratch->str;
}

/* @text with ${…} replaced, owned by the plan. */
static const char *
replace(Plan *plan, CellScope *scope, const char *text, SubstituteGet get, SubstituteFlags flags,
        GError **error)
{
    if (strchr(text, '$') == NULL)
        return text;
    g_autofree char *value = substitute_text(text, get, scope, flags, error);

    return value == NULL ? NULL : plan_dup(plan, value);
}

static bool
fill_artifacts(Plan *plan, PlanJob *out, CellScope *scope, GError **error)
{
    const char *const *globs = out->job->artifacts;
    size_t n = g_strv_length((char **)globs);
    const char **artifacts = plan_alloc(plan, n + 1, sizeof *artifacts);

    for (size_t i = 0; i < n; i++) {
        artifacts[i] = replace(plan, scope, globs[i], escaped_value, SUBSTITUTE_STRICT, error);
        if (artifacts[i] == NULL || !glob_check(artifacts[i], error)) {
            error_prefix(error, "artifacts '%s' of job '%s'", globs[i], out->id);
            return false;
        }
    }
    out->artifacts = artifacts;
    return true;
}

static const char *
upper_name(Plan *plan, const char *prefix, const char *name)
{
    g_autofree char *upper = g_ascii_strup(name, -1);
    g_autofree char *whole = g_strconcat(prefix, upper, NULL);

    return g_string_chunk_insert_const(plan->facts->strings, whole);
}

/* MATRIX_*, INPUT_*, then the job's own. */
static bool
fill_env(Plan *plan, PlanJob *out, CellScope *scope, GError **error)
{
    const PipelineJob *job = out->job;
    size_t n_inputs = plan->pipeline->n_inputs;
    PipelinePair *env = plan_alloc(plan, out->cell->n_values + n_inputs + job->n_env, sizeof *env);
    size_t n = 0;

    for (size_t i = 0; i < out->cell->n_values; i++)
        env[n++] = (PipelinePair){ upper_name(plan, "MATRIX_", out->cell->values[i].name),
                                   out->cell->values[i].value };
    for (size_t i = 0; i < n_inputs; i++)
        env[n++] = (PipelinePair){ upper_name(plan, "INPUT_", plan->facts->inputs[i].name),
                                   plan->facts->inputs[i].value };
    for (size_t i = 0; i < job->n_env; i++) {
        const char *value =
            replace(plan, scope, job->env[i].value, cell_value, SUBSTITUTE_KEEP, error);

        if (value == NULL) {
            error_prefix(error, "variable '%s' of job '%s'", job->env[i].name, out->id);
            return false;
        }
        env[n++] = (PipelinePair){ job->env[i].name, value };
    }
    out->env = env;
    out->n_env = n;
    return true;
}

/* What the cells of one job share. */
typedef struct {
    const size_t *needs; /* of the plan */
    size_t n_needs;
    const char *why;     /* a need that is skipped altogether, or NULL */
    bool condition_done; /* the condition gave one answer for all cells */
    const char *condition_why;
} JobShare;

/* Where the cells of each job begin in Plan.jobs; by index into Pipeline.jobs. */
static void
share_needs(Plan *plan, const PipelineJob *job, const size_t *starts, JobShare *share)
{
    size_t n = 0;

    for (size_t i = 0; i < job->n_needs; i++)
        n += plan->pipeline->jobs[job->needs[i]].n_cells;
    size_t *needs = plan_alloc(plan, n, sizeof *needs);

    for (size_t i = 0; i < job->n_needs; i++) {
        const PipelineJob *needed = &plan->pipeline->jobs[job->needs[i]];
        size_t before = share->n_needs;

        for (size_t c = 0; c < needed->n_cells; c++) {
            if (!plan->jobs[starts[job->needs[i]] + c].skipped)
                needs[share->n_needs++] = starts[job->needs[i]] + c;
        }
        if (share->n_needs == before && share->why == NULL) {
            g_autofree char *why = g_strdup_printf("it needs '%s', which is skipped", needed->name);

            share->why = plan_dup(plan, why);
        }
    }
    share->needs = needs;
}

/* Why the condition of this cell is false, or NULL. */
static const char *
ask_condition(Plan *plan, const PlanEvent *event, const PipelineJob *job, CellScope *scope,
              JobShare *share)
{
    ConditionValues values = { .get = cell_value, .data = scope, .changed = event->changed };
    g_autofree char *why = NULL;

    if (job->when == NULL || share->condition_done)
        return share->condition_why;
    scope->matrix_read = false;
    const char *kept = NULL;

    if (condition_eval(job->when, &values, &why) == CONDITION_FALSE)
        kept = plan_dup(plan, why);
    share->condition_done = !scope->matrix_read;
    share->condition_why = share->condition_done ? kept : NULL;
    return kept;
}

static bool
expand_job(Plan *plan, const PlanEvent *event, const PipelineJob *job, const size_t *starts,
           GError **error)
{
    g_autoptr(GString) scratch = g_string_new(NULL);
    JobShare share = { 0 };

    share_needs(plan, job, starts, &share);
    for (size_t c = 0; c < job->n_cells; c++) {
        PlanJob *out = &plan->jobs[plan->n_jobs++];
        CellScope scope = { .plan = plan, .cell = &job->cells[c], .scratch = scratch };
        g_autofree char *id =
            job->has_matrix ? g_strdup_printf("%s (%s)", job->name, job->cells[c].label) : NULL;

        *out = (PlanJob){ .plan = plan, .job = job, .cell = &job->cells[c] };
        out->id = id == NULL ? job->name : plan_dup(plan, id);
        out->why = ask_condition(plan, event, job, &scope, &share);
        if (out->why == NULL)
            out->why = share.why;
        out->skipped = out->why != NULL;
        plan->n_skipped += out->skipped;
        out->needs = share.needs;
        out->n_needs = share.n_needs;
        if (!fill_env(plan, out, &scope, error) || !fill_artifacts(plan, out, &scope, error))
            return false;
    }
    return true;
}

Plan *
plan_expand(const Pipeline *pipeline, const PlanEvent *event, GError **error)
{
    g_autoptr(Plan) plan = g_new0(Plan, 1);
    g_autofree size_t *starts = g_new0(size_t, pipeline->n_jobs + 1);

    plan->pipeline = pipeline;
    plan->facts = g_new0(PlanFacts, 1);
    plan->facts->owned = g_ptr_array_new_with_free_func(g_free);
    plan->facts->strings = g_string_chunk_new(4096);
    plan->jobs = g_new0(PlanJob, pipeline->n_cells + 1);
    if (!take_facts(plan, event, error))
        return NULL;
    for (size_t i = 0; i < pipeline->n_jobs; i++) {
        size_t index = pipeline->order[i];

        starts[index] = plan->n_jobs;
        if (!expand_job(plan, event, &pipeline->jobs[index], starts, error))
            return NULL;
    }
    return g_steal_pointer(&plan);
}

typedef struct {
    CellScope cell;
    PlanOutputGet get;
    void *data;
} StepScope;

static const char *
step_value(const char *name, void *data)
{
    StepScope *scope = data;
    g_autofree char *job = NULL;
    g_autofree char *output = NULL;

    if (scope_split_output(name, &job, &output))
        return scope->get == NULL ? NULL : scope->get(job, output, scope->data);
    return cell_value(name, &scope->cell);
}

static bool
add_env(GPtrArray *out, GHashTable *places, const char *name, const char *template,
        StepScope *scope, GError **error)
{
    g_autofree char *value =
        scope == NULL ? g_strdup(template)
                      : substitute_text(template, step_value, scope, SUBSTITUTE_STRICT, error);
    size_t place = GPOINTER_TO_SIZE(g_hash_table_lookup(places, name));

    if (value == NULL) {
        error_prefix(error, "variable '%s'", name);
        return false;
    }
    char *entry = g_strconcat(name, "=", value, NULL);

    if (place == 0) {
        g_ptr_array_add(out, entry);
        g_hash_table_insert(places, (char *)name, GSIZE_TO_POINTER(out->len));
        return true;
    }
    g_free(g_ptr_array_index(out, place - 1));
    g_ptr_array_index(out, place - 1) = entry;
    return true;
}

bool
plan_step_env(const PlanJob *job, const PipelineStep *step, PlanOutputGet get, void *data,
              char ***env_out, GError **error)
{
    g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) places = g_hash_table_new(g_str_hash, g_str_equal);
    StepScope scope = { .cell = { .plan = job->plan, .cell = job->cell },
                        .get = get,
                        .data = data };
    size_t n_given = job->n_env - job->job->n_env; /* MATRIX_*, INPUT_*: values, not templates */

    for (size_t i = 0; i < n_given; i++) {
        if (!add_env(out, places, job->env[i].name, job->env[i].value, NULL, error))
            return false;
    }
    for (size_t i = 0; i < job->job->n_env; i++) {
        if (!add_env(out, places, job->job->env[i].name, job->job->env[i].value, &scope, error))
            return false;
    }
    for (size_t i = 0; i < step->n_env; i++) {
        if (!add_env(out, places, step->env[i].name, step->env[i].value, &scope, error))
            return false;
    }
    g_ptr_array_add(out, NULL);
    *env_out = (char **)g_ptr_array_steal(out, NULL);
    return true;
}
