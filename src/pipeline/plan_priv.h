/* SPDX-License-Identifier: Apache-2.0
 * plan_priv: what a plan remembers of its event; for src/pipeline/plan*.c only. */
#pragma once
#include <glib.h>
#include "pipeline/plan.h"

typedef struct PlanFacts {
    PlanEventKind kind;
    const char *ref; /* all: "" when there is none; owned by strings */
    const char *branch;
    const char *tag;
    const char *commit;
    const char *stream;
    const char *version;
    bool changed_known;
    PipelinePair *inputs;  /* owned; parallel to Pipeline.inputs: name and the value in force */
    GPtrArray *owned;      /* owned; arrays of the plan */
    GStringChunk *strings; /* owned */
} PlanFacts;

/** The value of a name of the file's language for one cell, "" when known but empty, NULL when
 * unknown. */
const char *plan_facts_get(const Plan *plan, const PipelineCell *cell, const char *name);
