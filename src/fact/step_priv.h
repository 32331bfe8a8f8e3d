/* SPDX-License-Identifier: Apache-2.0
 * step: what a fact means for the release it is about. Included by admission.c and delta.c only. */
#pragma once
#include "fact/view.h"

typedef struct FactStep {
    bool applies;        /* the fact moves a release through its states */
    FactRelease release; /* before */
    ReleaseEvent event;
    ReleaseState next; /* RELEASE_NONE: refused */
} FactStep;

/** Works out the step. Errors: of the view; INVALID (a body). */
bool fact_step_load(FactView *view, const Fact *fact, FactStep *out, GError **error) MUST_CHECK;
void fact_step_clear(FactStep *step);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FactStep, fact_step_clear)
