/* SPDX-License-Identifier: Apache-2.0
 * apply: the fold in the database: the view over fact_* tables, and one fact folded inside a write.
 */
#pragma once
#include "db/db.h"
#include "fact/admission.h"

typedef struct ApplyView ApplyView;

/** A view of the log @origin through a reader, or inside a write (then it sees what the write has
 * done so far). Both borrowed. Returns: owned. */
ApplyView *apply_view_new(DbConn *conn, const char *origin);
void apply_view_free(ApplyView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ApplyView, apply_view_free)
/** Borrowed. */
FactView *apply_view(ApplyView *view);

/** Admits @fact at the fold's size and writes its rows. @verdict_out: owned, optional. Errors: of
 * the database; CORRUPT; UNAVAILABLE with the index when the fold halts: nothing was written. */
bool apply_fact(DbConn *conn, const char *origin, const Fact *fact, FactVerdict **verdict_out,
                GError **error) MUST_CHECK;
/** The number of entries folded for @origin. */
bool apply_through(DbConn *conn, const char *origin, int64_t *size_out, GError **error) MUST_CHECK;
