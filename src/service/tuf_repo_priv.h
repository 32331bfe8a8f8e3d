/* SPDX-License-Identifier: Apache-2.0
 * tuf_repo_priv: what was signed of our TUF repository, in memory; for src/service/tuf_*.c only. */
#pragma once
#include "attest/tuf_build.h"
#include "base/json.h"
#include "service/engine_priv.h"
#include "service/tuf_repo.h"

#define TUF_VIEW_FOLDER "tuf" /* below the data folder */
#define TUF_TARGETS     "targets"

typedef struct TufState {
    GPtrArray *roots;  /* owned, of GBytes: version - 1 is the index */
    GHashTable *files; /* owned: role name to owned GBytes, its newest file; "targets" among them */
    json_t *roles;     /* owned: {role: signed part}, "root" among them */
} TufState;
void tuf_state_clear(TufState *state);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TufState, tuf_state_clear)

/** What is in the database; empty before the first apply. Errors: those of the database, CORRUPT. */
bool tuf_state_load(Engine *engine, TufState *out, GError **error) MUST_CHECK;
/** Puts a file in, as the newest of its role. @file: shared. Errors: INVALID. */
bool tuf_state_put(TufState *state, const char *role, GBytes *file, GError **error) MUST_CHECK;
/** The signed part of the newest root; borrowed. NULL: no repository yet. */
const json_t *tuf_state_root(const TufState *state);
/** Fails with NOT_FOUND when there is no repository yet. */
bool tuf_state_need(const TufState *state, GError **error) MUST_CHECK;
/** The role that delegates to @role: "root" for the four, else a targets role; NULL: nobody. */
const char *tuf_state_delegator(const TufState *state, const char *role);
/** Keyids and threshold of @role as its delegator says; borrowed. */
bool tuf_state_signers(const TufState *state, const char *role, const json_t **keyids_out,
                       int64_t *threshold_out);
/** The version of a signed part. */
int64_t tuf_version_of(const json_t *metadata);
