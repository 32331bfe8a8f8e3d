/* SPDX-License-Identifier: Apache-2.0
 * intoto: what an in-toto envelope of anybody may hold: a statement (v0.1, v1), or a link or layout
 * of the in-toto specification 1.0. */
#pragma once
#include "attest/statement.h"

typedef enum {
    INTOTO_NONE,
    INTOTO_STATEMENT,
    INTOTO_LINK,   /* what a step of a supply chain took and made */
    INTOTO_LAYOUT, /* which steps there must be, and whose */
    INTOTO_N_KINDS
} IntotoKind;

typedef struct {
    IntotoKind kind;
    Statement *statement; /* owned; of INTOTO_STATEMENT, else NULL */
    json_t *object;       /* owned; of a link or layout, else NULL */
} IntotoPayload;

/** "statement"; static. */
const char *intoto_kind_name(IntotoKind kind);
/** Returns: owned. Errors: INVALID, LIMIT. */
IntotoPayload *intoto_parse(Span payload, GError **error) MUST_CHECK;
void intoto_free(IntotoPayload *payload);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IntotoPayload, intoto_free)
/** Whether it is about a file of that digest: a subject of a statement, a product of a link. */
bool intoto_is_about(const IntotoPayload *payload, const Digest *digest);
/** The same by a digest of any kind, as text: "gitCommit" and hex. */
bool intoto_names_digest(const IntotoPayload *payload, const char *algorithm, const char *value);
/** "https://slsa.dev/provenance/v1"; for the others their kind's name. Borrowed. */
const char *intoto_type(const IntotoPayload *payload);
