/* SPDX-License-Identifier: Apache-2.0
 * plan: a pipeline and an event become the list of jobs to run: a job for each matrix cell,
 * conditions answered,
 * ${…} replaced, needs as indexes, needed jobs first. Pure and deterministic: the same input gives
 * the same plan. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/attributes.h"
#include "base/error.h"
#include "pipeline/pipeline.h"

typedef enum {
    PLAN_EVENT_NONE,
    PLAN_EVENT_PUSH,
    PLAN_EVENT_TAG,
    PLAN_EVENT_PROPOSAL,
    PLAN_EVENT_SCHEDULE,
    PLAN_EVENT_MANUAL,   /* by hand */
    PLAN_EVENT_RELEASE,  /* a release that the file follows was published or revoked */
    PLAN_EVENT_ARTIFACT, /* a watched repository has something new */
    PLAN_N_EVENTS
} PlanEventKind;
/** "push", "tag", "proposal", "schedule", "manual", "release", "artifact". Static. */
const char *plan_event_name(PlanEventKind kind);
/** PLAN_EVENT_NONE when @text is none of them. */
PlanEventKind plan_event_from_string(const char *text);

typedef struct PlanEvent { /* all borrowed */
    PlanEventKind kind;
    const char *ref;    /* "refs/heads/main" */
    const char *branch; /* NULL for a tag */
    const char *tag;    /* NULL unless a tag */
    const char *commit; /* full id; NULL only in a dry look (slipway plan outside a repository) */
    const char *const
        *changed; /* NULL-terminated paths; NULL: nobody knows, path conditions hold */
    const PipelinePair *inputs; /* given by a person */
    size_t n_inputs;
} PlanEvent;

typedef struct Plan Plan;

typedef struct PlanJob {
    const Plan *plan;       /* the plan it is in */
    const char *id;         /* "build (arch=amd64)", or "build"; unique in the plan */
    const PipelineJob *job; /* borrowed from the pipeline: steps, executor, network, limits, … */
    const PipelineCell *cell; /* borrowed from the pipeline */
    const PipelinePair *env;  /* for showing: ${needs.…} still stands; steps get plan_step_env */
    size_t n_env;
    const char *const *artifacts; /* globs, replaced; NULL-terminated */
    const size_t *needs;          /* indexes into Plan.jobs, all below this one's own index */
    size_t n_needs;
    bool skipped;
    const char *why; /* when skipped: the condition or the need that decided; else NULL */
} PlanJob;

struct Plan {
    const Pipeline *pipeline; /* borrowed: must outlive the plan */
    PlanJob *jobs;            /* needed jobs before those who need them, else as in the file */
    size_t n_jobs;
    size_t n_skipped;
    struct PlanFacts *facts; /* owned; private: the event's values, for plan_step_env */
};

/**
 * @event: borrowed for the call. Returns: owned. Errors: INVALID (an input is missing, unknown or
 * not among its choices; a replaced value is too long or no glob any more).
 */
Plan *plan_expand(const Pipeline *pipeline, const PlanEvent *event, GError **error) MUST_CHECK;
void plan_free(Plan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, plan_free)

/** What a finished job wrote to $OUTPUT. @job: its PipelineJob.name. NULL: it wrote none of that
 * name. */
typedef const char *(*PlanOutputGet)(const char *job, const char *output, void *data);
/**
 * The environment of a step of @job at the time it starts: the job's, then the step's, with
 * ${needs.JOB.OUTPUT} replaced. Later names win, each name once. @env_out: owned array of owned
 * "NAME=value", NULL-terminated. Errors: NOT_FOUND (the needed job did not write that output),
 * LIMIT.
 */
bool plan_step_env(const PlanJob *job, const PipelineStep *step, PlanOutputGet get, void *data,
                   char ***env_out, GError **error) MUST_CHECK;

/** Complete and stable; docs/pipeline.md names the fields. Owned reference. */
json_t *plan_to_json(const Plan *plan);
/** For people: a line a job in order, with needs, and why it is skipped. Owned. */
char *plan_to_text(const Plan *plan);
