/* SPDX-License-Identifier: Apache-2.0
 * trouble: what could not be asked at its interval, for whoever wonders why nothing happens. Written
 * when it begins, changes or ends, so that asking in vain costs the disk nothing. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "service/engine.h"

struct DbConn;

/** After a look at watch @name of @project, or (name "") at its repository: @cause says what was
 * wrong; NULL: nothing. Errors: those of db. */
bool trouble_note(Engine *engine, const char *project, const char *name, const GError *cause,
                  GError **error) MUST_CHECK;
/** Adds to @object: trouble (what is wrong, or null) and troubleSince. Errors: those of db. */
bool trouble_add(struct DbConn *conn, const char *project, const char *name, json_t *object,
                 GError **error) MUST_CHECK;
