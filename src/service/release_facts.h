/* SPDX-License-Identifier: Apache-2.0
 * release_facts: which facts prove a release (facts.md section 5), and the lines that carry them.
 */
#pragma once
#include <glib.h>
#include "base/attributes.h"
#include "fact/view.h"
#include "service/engine.h"

/** Log indexes, rising, of what a published release ships: all roots, all rosters of the project,
 * the whole chain from claim to publish-intent, and every approval and evidence an intent of that
 * chain names. Returns: owned array of int64_t. Errors: NOT_FOUND (no intent yet), those of the
 * view. */
GArray *release_facts_for_publication(FactView *view, const char *object,
                                      GError **error) MUST_CHECK;
/** The same up to the open request, with the evidence about the sealed assets: what an approver
 * reads. */
GArray *release_facts_for_request(FactView *view, const char *object, GError **error) MUST_CHECK;
/** {index, leaf, pae, proof} under the checkpoint of @size, with its newline. Owned. */
char *release_fact_line(Engine *engine, int64_t index, uint64_t size, GError **error) MUST_CHECK;
/** The checked PAE of a fact, wherever it is kept. Owned. */
GBytes *release_fact_pae(Engine *engine, int64_t index, GBytes **leaf_out,
                         GError **error) MUST_CHECK;
