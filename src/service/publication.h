/* SPDX-License-Identifier: Apache-2.0
 * publication: bringing what an intent promised to its targets, exactly once, and logging what each
 * target serves. The journal is work_publication; every step is written before it is taken.
 *
 *   planned ─► staged ─► sending ─► confirmed
 *      │          └─► failed (self-verification: the release is sealed again)
 *   unknown (after a crash) ─ probe ─► confirmed (same) | conflict (other) | planned (absent)
 *
 * Nothing becomes visible at any target before the staged bytes of every target were verified by
 * `slipway verify` in a process that cannot read the data folder. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "db/db.h"
#include "service/engine.h"

typedef struct TargetRow { /* owned members; end with target_row_clear */
    char *name;
    char *type;
    char *location;
} TargetRow;
void target_row_clear(TargetRow *row);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TargetRow, target_row_clear)
/** The target @name of the project of release @object. Errors: NOT_FOUND (hint: slipway target
 * set). */
bool target_row_load(DbConn *conn, const char *object, const char *name, TargetRow *out,
                     GError **error) MUST_CHECK;
/** Sets where a target is. Errors: INVALID, and those of the driver's check. */
bool target_row_set(Engine *engine, const char *project, const TargetRow *row,
                    GError **error) MUST_CHECK;
/** [{project, name, type, location}]. Owned. */
json_t *target_row_list(Engine *engine, GError **error) MUST_CHECK;
/** The newest checkpoint of our log that each target keeps, as MerkleHead; a target that cannot be
 * asked is passed over. Owned. */
GArray *target_row_checkpoints(Engine *engine, GError **error) MUST_CHECK;

/** Goes on with the newest publish-intent of @object until each target is confirmed or failed.
 * @result_out: {release, intent, state, targets: [{target, state, location, reason}]}. Errors:
 * NOT_FOUND (no intent), UNTRUSTED (the self-verification failed; the release is sealed again),
 * CONFLICT (something else is there), and those of target, store and lane. */
bool publication_run(Engine *engine, const char *object, json_t **result_out,
                     GError **error) MUST_CHECK;
