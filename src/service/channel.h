/* SPDX-License-Identifier: Apache-2.0
 * channel: where the notices of a project go. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "service/engine.h"

/** Adds or replaces channel @name of @project by @settings: {type, url, secretFile, account, from,
 * to, states, refs}. Errors: INVALID, NOT_FOUND (project). */
bool channel_set(Engine *engine, const char *project, const char *name, const json_t *settings,
                 json_t **result_out, GError **error) MUST_CHECK;
/** All of @project (NULL: of all). Owned. */
json_t *channel_list(Engine *engine, const char *project, GError **error) MUST_CHECK;
/** Errors: NOT_FOUND. */
bool channel_remove(Engine *engine, const char *project, const char *name,
                    GError **error) MUST_CHECK;
