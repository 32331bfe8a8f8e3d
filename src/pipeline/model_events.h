/* SPDX-License-Identifier: Apache-2.0
 * model_events: what starts a run and what it is given, as constant structs; a part of
 * pipeline/model.h. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "pipeline/cron.h"

typedef struct {
    const char *name;
    const char *value;
} PipelinePair;

typedef enum {
    PIPELINE_INPUT_NONE,
    PIPELINE_INPUT_STRING,
    PIPELINE_INPUT_INT,    /* decimal, within 64 bits */
    PIPELINE_INPUT_BOOL,   /* true, false */
    PIPELINE_INPUT_CHOICE, /* one of choices */
} PipelineInputType;

typedef struct PipelineInput { /* a value a person may give with "slipway run --input" */
    const char *name;
    PipelineInputType type;
    const char *description;    /* or NULL */
    const char *fallback;       /* the default; NULL: must be given */
    const char *const *choices; /* NULL-terminated; empty unless PIPELINE_INPUT_CHOICE */
} PipelineInput;

typedef enum { /* what may happen to a release that one follows */
               PIPELINE_RELEASES_PUBLISHED = 1 << 0,
               PIPELINE_RELEASES_REVOKED = 1 << 1,
} PipelineReleases;

typedef struct PipelineOn {      /* which pushes and proposals make a run at all */
    const char *const *branches; /* globs, "!" takes away; NULL-terminated; empty: all */
    const char *const *tags;
    const char *const *paths;
    bool ignore_skip_marks; /* "skip: false": build where the message says [skip ci] too */
    unsigned releases;      /* PipelineReleases bits: follow releases; 0: none */
    const char *const *release_projects; /* globs over projects; empty: its own */
} PipelineOn;

typedef struct PipelineSchedule {
    const char *cron; /* as written */
    Cron when;
    const char *reason; /* "nightly" */
    const char *branch; /* NULL: the project's default */
    const PipelinePair *inputs;
    size_t n_inputs;
} PipelineSchedule;

typedef struct PipelineLabel { /* what the machine of a job must be */
    const char *name;
    const char *value; /* NULL when file is set */
    const char *file;  /* path in the repository: its trimmed text at the tested commit */
} PipelineLabel;
