/* SPDX-License-Identifier: Apache-2.0
 * model: what a slipway.yaml says, as constant structs. Everything they point to lives as long as
 * the Pipeline. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/digest.h"
#include "pipeline/model_events.h"

struct Condition;

typedef enum {
    PIPELINE_SCHEME_NONE,
    PIPELINE_SCHEME_SEMVER,    /* SemVer 2 */
    PIPELINE_SCHEME_CALVER,    /* YYWW.patch */
    PIPELINE_SCHEME_TIMESTAMP, /* YYYYMMDDhhmmss */
} PipelineScheme;

typedef enum { /* evidence every asset of a release must have */
               PIPELINE_REQUIRE_PROVENANCE = 1 << 0,
               PIPELINE_REQUIRE_TEST_RESULT = 1 << 1,
               PIPELINE_REQUIRE_VULNS = 1 << 2,
               PIPELINE_REQUIRE_SPDX = 1 << 3,
               PIPELINE_REQUIRE_CYCLONEDX = 1 << 4,
} PipelineRequire;

typedef enum { /* signatures beside released files, for people without our verifier */
               PIPELINE_SIGN_OPENPGP = 1 << 0,
               PIPELINE_SIGN_CHECKSUM = 1 << 1,
               PIPELINE_SIGN_SSHSIG = 1 << 2,
               PIPELINE_SIGN_MINISIGN = 1 << 3,
} PipelineSign;

typedef enum { PIPELINE_TARGET_NONE, PIPELINE_TARGET_DIRECTORY } PipelineTargetType;
typedef enum {
    PIPELINE_EXECUTOR_NONE,
    PIPELINE_EXECUTOR_SANDBOX,
    PIPELINE_EXECUTOR_HOST,
    PIPELINE_EXECUTOR_VM,      /* a machine of a pool, chosen by labels */
    PIPELINE_EXECUTOR_COMMAND, /* the same, through a script of the server's configuration */
} PipelineExecutor;
typedef enum {
    PIPELINE_NETWORK_NONE,
    PIPELINE_NETWORK_OPEN,
    PIPELINE_NETWORK_ALLOW
} PipelineNetwork;

typedef struct PipelineStream {
    const char *name;
    const char *tag; /* template with "{version}" exactly once */
    PipelineScheme scheme;
    const char *const *assets;  /* globs over artifact paths; NULL-terminated, at least one */
    unsigned require;           /* PipelineRequire bits */
    unsigned signatures;        /* PipelineSign bits */
    unsigned approvals;         /* 0: the roster alone decides; more only tightens */
    const char *notes;          /* path in the repository, or NULL */
    const char *const *targets; /* names of targets to publish to; NULL-terminated */
} PipelineStream;

typedef struct PipelineTarget {
    const char *name;
    PipelineTargetType type;
} PipelineTarget;

typedef struct PipelineLimits { /* 0: the engine's own default */
    uint64_t memory_bytes;
    uint64_t file_size_bytes;
    uint64_t output_bytes; /* everything in $SLIPWAY_OUT together */
    unsigned processes;
    unsigned cpu_percent; /* 100 is one core */
} PipelineLimits;

typedef struct PipelineStep {
    const char *name;        /* given, or the first line of run */
    const char *run;         /* for /bin/sh -e -c; NULL when argv is given */
    const char *const *argv; /* NULL-terminated, or NULL when run is given */
    const PipelinePair *env;
    size_t n_env;
    int64_t timeout_ms; /* 0: what is left of the job's */
    bool always;        /* runs after a failed step too */
} PipelineStep;

typedef struct PipelineCell { /* one combination of a matrix */
    const PipelinePair *values;
    size_t n_values;
    const char *label; /* "arch=amd64, os=linux"; "" without a matrix */
} PipelineCell;

typedef struct PipelineJob {
    const char *name;
    const PipelineCell *cells; /* at least one */
    size_t n_cells;
    bool has_matrix;
    PipelineExecutor executor;
    bool has_root;
    Digest root; /* root file system, if has_root */
    PipelineNetwork network;
    const char *const *allow; /* hosts, for PIPELINE_NETWORK_ALLOW; NULL-terminated */
    const PipelinePair *env;  /* values may hold ${…}, see pipeline/substitute.h */
    size_t n_env;
    int64_t timeout_ms; /* the whole job; PIPELINE_DEFAULT_TIMEOUT_MS if not given */
    const uint8_t *retry_exit_codes;
    size_t n_retry_exit_codes;
    unsigned retry_max; /* attempts beyond the first; 0: none */
    PipelineLimits limits;
    const PipelineLabel *labels; /* each name once */
    size_t n_labels;
    const char *const *secrets; /* names, given as variables where allowed; NULL-terminated */
    const size_t *needs;        /* indexes into Pipeline.jobs, ascending */
    size_t n_needs;
    const struct Condition *when; /* or NULL: always */
    const PipelineStep *steps;    /* at least one */
    size_t n_steps;
    const char *const
        *artifacts; /* globs relative to $SLIPWAY_OUT; may hold ${…}; NULL-terminated */
    const char *const *outputs; /* names the job may write to $OUTPUT; NULL-terminated */
    unsigned line;              /* of its name in the file */
    unsigned column;
} PipelineJob;

#define PIPELINE_DEFAULT_TIMEOUT_MS (60 * 60 * 1000)
#define PIPELINE_DEFAULT_PREVIEW_MS (7ll * 24 * 60 * 60 * 1000)

typedef struct Pipeline {
    const char *project;
    Digest digest; /* SHA-256 of the file's bytes */
    PipelineOn on;
    const PipelineSchedule *schedules;
    size_t n_schedules;
    const PipelineInput *inputs;
    size_t n_inputs;
    const PipelineStream *streams;
    size_t n_streams;
    const PipelineTarget *targets;
    size_t n_targets;
    const char *const
        *preview_assets; /* of proposals, to be tried out; NULL-terminated; empty: none */
    int64_t preview_keep_ms;
    const PipelineJob *jobs; /* in the order of the file */
    size_t n_jobs;
    const size_t *order; /* indexes into jobs: needs before those who need them; n_jobs of them */
    size_t n_cells;      /* over all jobs; at most LIMIT_PIPELINE_JOBS */
} Pipeline;
