/* SPDX-License-Identifier: Apache-2.0
 * fold: the fold of one log in memory, alone or laid over another view (a batch being decided). */
#pragma once
#include "fact/admission.h"
#include "fact/view.h"

typedef struct FactFold FactFold;

/** An empty fold. Returns: owned. */
FactFold *fact_fold_new(void);
/** A fold that holds changes over @base (borrowed; must outlive it and not change). Returns: owned.
 */
FactFold *fact_fold_new_over(FactView *base);
void fact_fold_free(FactFold *fold);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FactFold, fact_fold_free)
/** The fold as a view; borrowed. */
FactView *fact_fold_view(FactFold *fold);
/** Puts the rows of @delta. */
void fact_fold_put(FactFold *fold, const FactDelta *delta);
/**
 * Admits @fact at the fold's size and puts what follows. @fact->index: that size or
 * FACT_INDEX_NONE.
 * @verdict_out: owned. Errors: INVALID (index out of order), CORRUPT (a row that does not parse);
 * a HALT verdict is no error and changes nothing.
 */
bool fact_fold_apply(FactFold *fold, const Fact *fact, FactVerdict **verdict_out,
                     GError **error) MUST_CHECK;
/** Drops everything held; a base stays as it is. */
void fact_fold_reset(FactFold *fold);
