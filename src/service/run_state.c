/* SPDX-License-Identifier: Apache-2.0
 * run_state: the tables behind the diagram in the header. */
#include "service/run_state.h"
#include <stddef.h>
#include <string.h>
#include "base/banned.h"

/* clang-format off */
static const RunState next_state[RUN_N_STATES][RUN_N_EVENTS] = { /* left out = RUN_NONE = refused */
    /*                   take           start        pass        fail        break      cancel */
    [RUN_QUEUED]    = { RUN_PREPARING, RUN_NONE,    RUN_NONE,   RUN_NONE,   RUN_ERROR, RUN_CANCELLED },
    [RUN_PREPARING] = { RUN_NONE,      RUN_RUNNING, RUN_NONE,   RUN_NONE,   RUN_ERROR, RUN_CANCELLED },
    [RUN_RUNNING]   = { RUN_NONE,      RUN_NONE,    RUN_PASSED, RUN_FAILED, RUN_ERROR, RUN_CANCELLED },
};
static const char *const run_names[RUN_N_STATES] = {
    [RUN_NONE] = "none",     [RUN_QUEUED] = "queued", [RUN_PREPARING] = "preparing", [RUN_RUNNING] = "running",
    [RUN_PASSED] = "passed", [RUN_FAILED] = "failed", [RUN_ERROR] = "error",         [RUN_CANCELLED] = "cancelled",
};
static const char *const job_names[JOB_N_STATES] = {
    [JOB_NONE] = "none",     [JOB_WAITING] = "waiting", [JOB_RUNNING] = "running",  [JOB_PASSED] = "passed",
    [JOB_FAILED] = "failed", [JOB_ERROR] = "error",     [JOB_SKIPPED] = "skipped", [JOB_CANCELLED] = "cancelled",
};
/* clang-format on */

RunState
run_state_next(RunState state, RunEvent event)
{
    return next_state[state][event];
}

bool
run_state_is_final(RunState state)
{
    return state >= RUN_PASSED;
}

const char *
run_state_name(RunState state)
{
    return run_names[state];
}

static int
find_name(const char *const *names, int n, const char *name)
{
    for (int i = 1; i < n; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return 0;
}

RunState
run_state_from_string(const char *name)
{
    return (RunState)find_name(run_names, RUN_N_STATES, name);
}

bool
job_state_is_final(JobState state)
{
    return state >= JOB_PASSED;
}

const char *
job_state_name(JobState state)
{
    return job_names[state];
}

JobState
job_state_from_string(const char *name)
{
    return (JobState)find_name(job_names, JOB_N_STATES, name);
}
