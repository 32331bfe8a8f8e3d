/* SPDX-License-Identifier: Apache-2.0
 * trust: the trust file (facts.md section 7): the only thing a verifier believes beforehand. */
#pragma once
#include "base/digest.h"
#include "base/json.h"

typedef struct {
    char *object;         /* owned; "release:acme/cli@*"; trust_pattern_fits */
    GPtrArray *source;    /* owned; of char *: patterns, "git+https://…" */
    GPtrArray *builders;  /* owned; of char *: patterns of builder ids */
    GPtrArray *approvers; /* owned; of char *: key ids in lower hex; NULL: as the roster says */
    int64_t approvals;    /* how many distinct approvers at least */
} TrustAccept;

typedef struct {
    char *origin;         /* owned */
    Digest root;          /* S of entry 0 */
    char *witness_policy; /* owned; tlog-policy text, or NULL */
    GPtrArray *accept;    /* owned; of TrustAccept */
    int64_t max_age_s;    /* seconds; -1 for null */
} Trust;

/** No rules yet, no maximum age. Returns: owned. */
Trust *trust_new(const char *origin, const Digest *root);
/** A rule that only needs its lists filled. Borrowed from @trust. */
TrustAccept *trust_add_accept(Trust *trust, const char *object, int64_t approvals);
/** Indented JSON for people, with a newline. Owned. Errors: INVALID. */
char *trust_build(const Trust *trust, GError **error) MUST_CHECK;
/** Strict: an unknown member is an error. Returns: owned. Errors: INVALID, LIMIT. */
Trust *trust_parse(Span text, GError **error) MUST_CHECK;
/** Five groups of four hex digits over origin and root, to compare by voice. Owned. */
char *trust_fingerprint(const Trust *trust);
/** The first rule whose pattern fits @object, or NULL. Borrowed. */
const TrustAccept *trust_find_accept(const Trust *trust, const char *object);
/** Whether @pattern (at most one '*', for any run of bytes) fits @text. */
bool trust_pattern_fits(const char *pattern, const char *text);
void trust_free(Trust *trust);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Trust, trust_free)
