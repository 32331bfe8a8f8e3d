/* SPDX-License-Identifier: Apache-2.0
 * job_env: the variables every step finds: CI_*, their GitHub and GitLab names, and the constants
 * that make builds repeatable. docs/job-environment.md lists them. What depends on the machine
 * (OUTPUT, HOME, SLIPWAY_SRC, …) is added by the machine itself and cannot be overridden. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/error.h"

typedef struct JobEnvFacts {
    const char *project;        /* "acme" */
    const char *repository_url; /* or NULL, as every text below */
    const char *default_branch;
    const char *commit; /* lower-hex object id */
    const char *parent_commit;
    int64_t commit_time_s; /* SOURCE_DATE_EPOCH */
    const char *commit_message;
    const char *commit_author; /* "Name <address>" */
    const char *ref;           /* "refs/tags/v1.0" */
    const char *branch;
    const char *tag;
    const char *event;  /* push, tag, manual, schedule, proposal */
    const char *reason; /* "nightly", or what a person said */
    int64_t run_number;
    const char *job;
    const char *executor; /* driver name */
} JobEnvFacts;

/** Owned "NAME=VALUE" list (g_strfreev), sorted by name. Absent facts are left out. */
char **job_env_build(const JobEnvFacts *facts);
/** Adds a step's name and number (from 1). Owned copy of @env with them. */
char **job_env_with_step(const char *const *env, const char *step_name, unsigned step_number);
/** Lists joined, later ones winning by name. Owned, sorted by name. @over may be NULL. */
char **job_env_merge(const char *const *base, const char *const *over);
/** [A-Za-z_][A-Za-z0-9_]*, not a name the machine keeps for itself. Errors: INVALID. */
bool job_env_check_name(const char *name, GError **error) MUST_CHECK;
