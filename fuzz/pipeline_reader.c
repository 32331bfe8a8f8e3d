/* SPDX-License-Identifier: Apache-2.0
 * pipeline_reader: a file is either refused with a reason or planned for every kind of event; the
 * plan's JSON and text can always be made, and needs point backwards. */
#include <stdint.h>
#include <stdlib.h>
#include "base/json.h"
#include "pipeline/plan.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
plan_for(const Pipeline *pipeline, PlanEventKind kind)
{
    static const char *const changed[] = { "src/a.c", "docs/b", NULL };
    PlanEvent event = { .kind = kind,
                        .ref = "refs/x",
                        .commit = "0123456789012345678901234567890123456789" };

    event.tag = kind == PLAN_EVENT_TAG ? "v1.2.3" : NULL;
    event.branch = kind == PLAN_EVENT_TAG ? NULL : "feature/${x}*";
    event.changed = kind == PLAN_EVENT_PUSH ? changed : NULL;
    g_autoptr(Plan) plan = plan_expand(pipeline, &event, NULL);

    if (plan == NULL)
        return;
    g_autoptr(json_t) json = plan_to_json(plan);
    g_autofree char *text = plan_to_text(plan);
    g_autofree char *canonical = json_canonical(json, NULL, NULL);

    if (canonical == NULL || text == NULL || plan->n_jobs != pipeline->n_cells)
        abort();
    for (size_t i = 0; i < plan->n_jobs; i++) {
        for (size_t k = 0; k < plan->jobs[i].n_needs; k++) {
            if (plan->jobs[i].needs[k] >= i)
                abort();
        }
        g_auto(GStrv) env = NULL;

        (void)!plan_step_env(&plan->jobs[i], &plan->jobs[i].job->steps[0], NULL, NULL, &env, NULL);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Diagnostics) diagnostics = diagnostics_new("slipway.yaml", span_of(data, size));
    g_autoptr(Pipeline) pipeline = pipeline_parse(span_of(data, size), diagnostics);

    if ((pipeline == NULL) != (diagnostics_count(diagnostics) > 0))
        abort();
    if (pipeline == NULL) {
        g_autofree char *text = diagnostics_text(diagnostics);

        if (text[0] == '\0')
            abort(); /* refused without a word */
        return 0;
    }
    if (pipeline->n_cells > 500) /* the fuzzer finds large matrices soon, and then only those */
        return 0;
    for (int kind = PLAN_EVENT_PUSH; kind <= PLAN_EVENT_MANUAL; kind++)
        plan_for(pipeline, (PlanEventKind)kind);
    return 0;
}
