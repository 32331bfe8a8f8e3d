/* SPDX-License-Identifier: Apache-2.0
 * slsa: SLSA provenance v0.1, v0.2 and v1 of any builder, read into one form, and what a verifier
 * may ask of it (the options of slsa-verifier). Our own provenance is written by provenance. */
#pragma once
#include "attest/statement.h"

typedef enum {
    SLSA_NONE,
    SLSA_V0_1, /* https://slsa.dev/provenance/v0.1: Google Cloud Build */
    SLSA_V0_2, /* https://slsa.dev/provenance/v0.2: slsa-github-generator */
    SLSA_V1,   /* https://slsa.dev/provenance/v1 */
    SLSA_N_VERSIONS
} SlsaVersion;

/* All text is as the builder wrote it, and NULL where it says nothing. */
typedef struct {
    SlsaVersion version;
    char *builder_id; /* owned */
    char *build_type; /* owned */
    char *source;     /* owned; "git+https://host/owner/repository", without ref and commit */
    char *commit;     /* owned; hex */
    char *ref;        /* owned; "refs/tags/v1.0" */
    char *branch;     /* owned; "main"; also the branch a tag was pushed from, where that is told */
    char *tag;        /* owned; "v1.0" */
    char *workflow;   /* owned; path of the file that says how to build */
    json_t *inputs;   /* owned; what whoever started it chose; an object or NULL */
} SlsaProvenance;

/** Whether it is a type that slsa_read reads. */
bool slsa_is_provenance(const char *predicate_type);
/** Checks what the version's specification requires, and that the provenance does not contradict
 * itself about its source. Returns: owned. Errors: INVALID, UNAVAILABLE (another predicate). */
SlsaProvenance *slsa_read(const Statement *statement, GError **error) MUST_CHECK;
void slsa_free(SlsaProvenance *provenance);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SlsaProvenance, slsa_free)

typedef enum {
    SLSA_RULE_NONE,
    SLSA_RULE_SOURCE,        /* "github.com/owner/repository", with or without a scheme */
    SLSA_RULE_BUILDER,       /* the id; without an "@…" at its end any version of it */
    SLSA_RULE_BUILD_TYPE,    /* exactly */
    SLSA_RULE_BRANCH,        /* "main" or "refs/heads/main" */
    SLSA_RULE_TAG,           /* "v1.0" or "refs/tags/v1.0" */
    SLSA_RULE_VERSIONED_TAG, /* "v1" is met by v1.4.2, "v1.4" too; semantic versions */
    SLSA_RULE_WORKFLOW,      /* ".github/workflows/release.yml" */
    SLSA_RULE_COMMIT,        /* hex */
    SLSA_RULE_INPUT,         /* "NAME=VALUE" */
    SLSA_N_RULES
} SlsaRule;

/** "versioned-tag"; static. */
const char *slsa_rule_name(SlsaRule rule);
/** Whether @provenance meets @rule with @wanted. What it does not tell is not met. Errors: DENIED
 * (saying what it is instead), INVALID (@wanted is malformed). */
bool slsa_check(const SlsaProvenance *provenance, SlsaRule rule, const char *wanted,
                GError **error) MUST_CHECK;
