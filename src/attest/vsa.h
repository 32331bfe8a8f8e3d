/* SPDX-License-Identifier: Apache-2.0
 * vsa: SLSA Verification Summary Attestations (slsa.dev/spec/v1.0/verification_summary): somebody
 * says that they verified something; read, asked, and written for our own releases. */
#pragma once
#include "attest/statement.h"

#define VSA_SLSA_VERSION "1.0"
#define VSA_MAX_LEVELS   64

typedef struct { /* all borrowed from the statement */
    const char *verifier;
    const char *resource;
    const char *policy; /* uri; NULL: not told */
    bool passed;
    int64_t verified_us;  /* timeVerified; 0: not told */
    const json_t *levels; /* array of strings; not NULL */
} VsaView;

/** Checks what the specification requires. Errors: INVALID, UNAVAILABLE (another predicate). */
bool vsa_read(const Statement *statement, VsaView *out, GError **error) MUST_CHECK;

typedef enum {
    VSA_RULE_NONE,
    VSA_RULE_RESULT,   /* "PASSED" */
    VSA_RULE_VERIFIER, /* exactly */
    VSA_RULE_RESOURCE, /* exactly */
    VSA_RULE_LEVEL, /* "SLSA_BUILD_LEVEL_2": that level or a higher one of its track; else exactly
                       one of those it names */
    VSA_N_RULES
} VsaRule;

/** "verifier"; static. */
const char *vsa_rule_name(VsaRule rule);
/** Errors: DENIED, saying what it is instead. */
bool vsa_check(const VsaView *vsa, VsaRule rule, const char *wanted, GError **error) MUST_CHECK;

typedef struct { /* all borrowed */
    const char *verifier;
    int64_t verified_us;
    const char *resource;
    const char *policy_uri;
    Digest policy;
    const json_t *inputs;      /* array of {uri?, digest}: the attestations that were looked at */
    const char *const *levels; /* NULL-terminated */
} VsaInput;

/** What the engine of the log @origin calls itself as a verifier: "<origin>/engine". Owned. */
char *vsa_engine_id(const char *origin);
/** A statement that all was well, without subjects yet. Returns: owned. Errors: INVALID. */
Statement *vsa_build(const VsaInput *input, GError **error) MUST_CHECK;
