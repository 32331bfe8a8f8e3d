/* SPDX-License-Identifier: Apache-2.0
 * step: what the drivers that run jobs on this machine share: limits by groups or else by rlimits,
 * the variables of the machine, and running one launched process to its end. Included by the files
 * of this folder only. */
#pragma once
#include "executor/cgroup.h"
#include "executor/executor.h"
#include "sys/launch.h"

#define STEP_SHELL_MAX_BYTES 120000 /* the kernel takes 128 KiB in one argument */
#define STEP_MAX_RLIMITS     4

typedef struct StepLimits { /* of one machine */
    MachineLimits wanted;
    Cgroup *cgroup;                         /* owned */
    LaunchRlimit rlimits[STEP_MAX_RLIMITS]; /* what groups do not do */
    size_t n_rlimits;
} StepLimits;

/** Makes the groups and decides what rlimits must do. End with step_limits_clear. */
void step_limits_init(StepLimits *limits, const CgroupHost *host, const char *label,
                      const MachineLimits *wanted);
void step_limits_clear(StepLimits *limits);
/** The line for the log. @pids_by_rlimit: the driver sets that one itself. Owned. */
char *step_limits_text(const StepLimits *limits, bool pids_by_rlimit);
/** {memoryBytes, pids, …, by: "cgroup-v2"}. Owned reference. */
json_t *step_limits_describe(const StepLimits *limits);
/** What groups can be had here: {memory: "cgroup-v1", …}. Owned reference. */
json_t *step_limits_describe_host(const CgroupHost *host);

typedef struct StepFolders { /* as the step sees them */
    const char *source;
    const char *out;
    const char *in;
    const char *tmp;
} StepFolders;

/** The step's whole environment: constants, what the caller gave, what belongs to the machine.
 * Owned. */
char **step_env(const StepFolders *folders, const char *const *given);
/** argv for the step: the shell with its line, or `exec "$@"` of it. Owned; strings borrowed from
 * @step.
 * @prologue: shell text to run first, or NULL. Errors: LIMIT. */
GPtrArray *step_argv(const StepSpec *step, const char *prologue, GError **error) MUST_CHECK;

typedef struct StepRun {
    Launcher *launcher;
    LaunchSpec spec; /* without limits */
    const StepLimits *limits;
    uint64_t timeout_ms;
    unsigned grace_ms; /* between TERM and KILL */
} StepRun;
/**
 * Starts @spec within the limits, waits, and kills it when its time is up or @cancel is set.
 * Errors: CANCELLED, and as launch_job.
 */
bool step_run(StepRun *run, Cancel *cancel, StepResult *result_out, GError **error) MUST_CHECK;
