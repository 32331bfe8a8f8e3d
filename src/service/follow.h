/* SPDX-License-Identifier: Apache-2.0
 * follow: a release that was published or revoked starts runs of the projects whose file wants to
 * hear of it. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "db/db.h"
#include "pipeline/pipeline.h"

/** Remembers what @pipeline, the file of the default branch @ref, follows; in the caller's
 * transaction. */
bool follow_take(DbConn *conn, const char *ref, const Pipeline *pipeline,
                 GError **error) MUST_CHECK;
/** After the fact @statement about release @object was folded, in the same transaction: queues a run
 * of each project that follows what it made of the release. Once for each statement and project. */
bool follow_release(DbConn *conn, const char *statement, const char *object, int64_t now_us,
                    GError **error) MUST_CHECK;
/** Where runs of @project that nobody pushed go, and what they may be given. @ref_out: owned, NULL:
 * its file was never seen. @inputs_out: owned {@input: @value} if the file has an input of that name,
 * else NULL. */
bool follow_target(DbConn *conn, const char *project, const char *input, const char *value,
                   char **ref_out, json_t **inputs_out, GError **error) MUST_CHECK;
