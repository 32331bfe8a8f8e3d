/* SPDX-License-Identifier: Apache-2.0
 * provenance: SLSA provenance v1 of one job of a run (docs/predicates.md has the buildType's page,
 * schema/provenance-job-v1.json its parameters). */
#pragma once
#include "attest/statement.h"
#include "base/digest.h"
#include "base/json.h"

#define PROVENANCE_BUILD_TYPE "https://slipway.dev/buildtypes/job/v1"

typedef struct { /* all borrowed; NULL only where said */
    /* external: what whoever triggered the build chose */
    const char *event;      /* "tag", "push", "manual", "schedule" */
    const char *ref;        /* "refs/tags/v1.2.0" */
    const char *repository; /* "git+https://…" or "git+file:///…" */
    const char *job;        /* as named in slipway.yaml */
    const json_t *inputs;   /* object of what the caller gave by hand; NULL: none */
    const json_t *cell;     /* object: this job's matrix cell; NULL: no matrix */
    Digest pipeline;        /* SHA-256 of slipway.yaml at the commit */
    /* internal: what the engine set */
    Digest engine; /* SHA-256 of the program */
    const char *engine_version;
    Digest config; /* SHA-256 of the server's effective configuration */
    bool has_roster;
    Digest roster;         /* S */
    const char *executor;  /* "sandbox", "host" */
    const char *isolation; /* "isolated", "none" */
    bool has_root_fs;
    Digest root_fs; /* of the root file system used */
    bool has_packages;
    Digest packages;     /* of the list of packages of the host's system, where that was the root */
    const char *network; /* "none", "allow", "open" */
    /* dependencies */
    const char *commit; /* lower hex */
    const char *tree;   /* lower hex */
    const json_t
        *dependencies; /* array of further ResourceDescriptors (inputs from other jobs); or NULL */
    /* run details */
    const char *origin; /* of the log: builder.id = <origin>/builder/<executor>/<isolation> */
    const char *invocation_id; /* "run/41/job/build/1" */
    int64_t started_us, finished_us;
} ProvenanceInput;

/** "<origin>/builder/<executor>/<isolation>". Owned. */
char *provenance_builder_id(const char *origin, const char *executor, const char *isolation);
/** The statement without its subjects (the caller adds the artifacts). Returns: owned.
 * Errors: INVALID (a member breaks its grammar). */
Statement *provenance_build(const ProvenanceInput *input, GError **error) MUST_CHECK;

typedef struct { /* what a verifier asks of a provenance; all borrowed from the statement */
    const char *build_type;
    const char *builder_id;
    const char *repository; /* NULL when not our buildType */
    const char *ref;        /* NULL when not our buildType */
    const char *commit;     /* gitCommit of the first git dependency; NULL if none */
    const char *isolation;  /* NULL when not our buildType */
} ProvenanceView;

/** Checks what SLSA v1 requires and, for our buildType, every member. Errors: INVALID. */
bool provenance_read(const Statement *statement, ProvenanceView *out, GError **error) MUST_CHECK;
