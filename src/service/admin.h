/* SPDX-License-Identifier: Apache-2.0
 * admin: looking after a data folder: check, rebuild, back up, collect garbage. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "service/engine.h"

/** Checks journal, tiles, blobs, database, and that the fold in the database is the fold of the
 * journal.
 * @result_out: {clean, findings: [text], log: {...}, store: {...}}. Not clean is no error. */
bool admin_fsck(Engine *engine, json_t **result_out, GError **error) MUST_CHECK;
/** Drops and refills the fact_* tables from the journal. @result_out: {entries}. */
bool admin_rebuild(Engine *engine, json_t **result_out, GError **error) MUST_CHECK;
/** Copies the folder while it is used, into the new folder @path: database snapshot, then journal,
 * then blobs, so that what the database names is there. Private keys are not copied: no process but
 * the signer opens them. @result_out: {path, entries, blobs, keys: "not copied"}. Errors: EXISTS,
 * IO. */
bool admin_backup(Engine *engine, const char *path, json_t **result_out, GError **error) MUST_CHECK;
/** Removes blobs that no run, draft, release or log entry names. @result_out: {kept, removed,
 * removedBytes, young}. */
bool admin_gc(Engine *engine, int64_t min_age_us, json_t **result_out, GError **error) MUST_CHECK;
/** The fact_* tables as text, for comparing. Written to @fd (borrowed). */
bool admin_dump_facts(Engine *engine, int fd, GError **error) MUST_CHECK;
