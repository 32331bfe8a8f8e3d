/* SPDX-License-Identifier: Apache-2.0
 * release_priv: what the release files share. Only src/service/release*.c, authority.c and
 * publication*.c may
 * include this. */
#pragma once
#include "attest/decision.h"
#include "service/release.h"
#include "service/run_record.h"

typedef struct Draft { /* owned members; end with draft_clear */
    RunId run;
    char *notes;        /* digest string or NULL */
    char **required;    /* predicate types; NULL-terminated */
    char **targets;     /* of the stream; NULL-terminated */
    char **signatures;  /* formats of signatures beside files; NULL-terminated */
    unsigned approvals; /* the pipeline file asks for at least so many; 0: as the roster says */
} Draft;
void draft_clear(Draft *draft);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Draft, draft_clear)
/** Errors: NOT_FOUND and those of the database. */
bool draft_load(DbConn *conn, const char *object, Draft *out, GError **error) MUST_CHECK;

/** The decision bytes as JSON. Owned. Errors: INVALID. */
json_t *release_decision_json(const Decision *decision, GError **error) MUST_CHECK;
/** {release, WHAT: S, index, repeated}. Owned. */
json_t *release_answer(const char *object, const char *what, const LaneAnswer *answer);
