/* SPDX-License-Identifier: Apache-2.0
 * project: a repository we build from, and the forge it lives on. Secrets are references to files. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "db/db.h"
#include "forge/forge.h"
#include "forge/rules.h"
#include "service/engine.h"

typedef struct Project { /* owned strings, "" when not set; end with project_clear */
    char *name;
    char *source; /* where the mirror fetches from */
    ForgeType forge;
    char *repository; /* "owner/name" on the forge */
    char *api_url;
    char *web_url;
    char *token_file; /* read by the sender only */
    char *hook_file;  /* read by the engine: one secret a line, at most two */
    char *context;    /* of statuses: "slipway/greeter" */
    char *default_branch;
    char **branches; /* owned; filters as in forge/rules.h; empty: everything */
    char **tags;
    char **paths;
    ForgeProposals proposals;
    bool ignore_skip_marks;
    bool file_ignores_marks; /* "skip: false" of the default branch's file, as last seen */
    int64_t poll_s;          /* 0: not polled */
    int64_t created_us;
} Project;
void project_clear(Project *project);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Project, project_clear)

/** Errors: NOT_FOUND and those of db. */
bool project_load(DbConn *conn, const char *name, Project *out, GError **error) MUST_CHECK;
/** The rules of @project; borrows from it. */
ForgeFilter project_filter(const Project *project);

/** Adds (@add) or changes a project by the members of @settings: {source, forge, repository, apiUrl,
 * webUrl, tokenFile, hookFile, context, defaultBranch, branches, tags, paths, proposals, poll,
 * ignoreSkipMarks}; absent ones stay. Errors: INVALID (every setting checked), EXISTS, NOT_FOUND. */
bool project_set(Engine *engine, const char *name, bool add, const json_t *settings,
                 json_t **result_out, GError **error) MUST_CHECK;
/** Everything but the secrets themselves. Owned. Errors: NOT_FOUND. */
json_t *project_show(Engine *engine, const char *name, GError **error) MUST_CHECK;
json_t *project_list(Engine *engine, GError **error) MUST_CHECK;
/** Makes a new hook secret; the one before stays valid until the next. @secret_out: owned, shown once.
 * The file is hooks/NAME.secret of the data folder unless the project names another. Durable before
 * it returns. Errors: NOT_FOUND, IO. */
bool project_rotate_hook(Engine *engine, const char *name, char **secret_out,
                         GError **error) MUST_CHECK;
