/* SPDX-License-Identifier: Apache-2.0
 * effects: what a fact makes us do in the world, planned once in the transaction that folds it and
 * keyed by (S, effect). A rebuild of the fact_* tables never plans anything: effects_through only
 * rises. */
#pragma once
#include "base/attributes.h"
#include "db/db.h"
#include "fact/fact.h"

/** Plans the effects of an admitted @fact: a publish-intent plans a publication to each of its
 * targets; a publication or revocation queues the runs that follow the release. */
bool effects_plan(DbConn *conn, const Fact *fact, int64_t now_us, GError **error) MUST_CHECK;
/** Effects of all entries below @through are planned. Never lowers it. */
bool effects_set_through(DbConn *conn, const char *origin, int64_t through,
                         GError **error) MUST_CHECK;
/** After a crash: plans what folded entries beyond effects_through ask for. What may have been sent
 * already is unknown, so that the target is asked before anything is sent. */
bool effects_catch_up(Db *db, const char *origin, int64_t now_us, GError **error) MUST_CHECK;
