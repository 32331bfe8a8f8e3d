/* SPDX-License-Identifier: Apache-2.0
 * preview: what a passed proposal made, to be tried out for a while. Each proposal is a channel of its
 * own; its newest passed run takes the place of the one before. Nothing of it is signed or logged: it
 * is files below previews/ of the data folder, with a day on which they go. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "service/engine.h"

struct ActiveRun; /* service/run.h */

/** Lays out the files that "previews" of the ruling file names; does nothing for other runs than
 * passed ones of proposals. Durable before it returns. Errors: NOT_FOUND (no artifact fits), IO, those
 * of db. */
bool preview_make(struct ActiveRun *run, GError **error) MUST_CHECK;
/** Removes what has expired, and folders that no row names. Errors: IO, those of db. */
bool preview_expire(Engine *engine, int64_t *n_out, GError **error) MUST_CHECK;
/** [{project, ref, channel, run, folder, expiresAt}] of @project (NULL: of all) that have not
 * expired; not before their run has passed. Owned. */
json_t *preview_list(Engine *engine, const char *project, GError **error) MUST_CHECK;
/** Opens a file of a preview for reading. Returns a descriptor (owned) or -1. Errors: NOT_FOUND (also
 * when it has expired), IO. */
int preview_open(Engine *engine, const char *project, const char *folder, const char *path,
                 uint64_t *size_out, GError **error) MUST_CHECK;
