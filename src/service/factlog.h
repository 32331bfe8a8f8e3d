/* SPDX-License-Identifier: Apache-2.0
 * factlog: looking at the fact log, proving from it, adding evidence to it, exporting it. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/digest.h"
#include "base/span.h"
#include "service/engine.h"

#define FACTLOG_TAIL_MAX 10000 /* entries of one factlog_tail */

/** The newest checkpoint, signed over everything. @result_out: {origin, size, root, vkey,
 * checkpoint}. Errors: those of signer and log. */
bool factlog_checkpoint(Engine *engine, json_t **result_out, GError **error) MUST_CHECK;
/** The last @n entries, of those below index @before if that is not 0. @result_out: [{index, statement, type, object, actor, at, verdict}].
 * Errors: INVALID (n), those of the database. */
bool factlog_tail(Engine *engine, int64_t n, int64_t before, json_t **result_out,
                  GError **error) MUST_CHECK;
/** Proves the entry at @entry, an index or a statement's name "sha256:…". @result_out: {index,
 * statement, leafHash, size, root, hashes, checkpoint, bundle}; bundle is null where the entry
 * came without its statement. Errors: INVALID, NOT_FOUND, CORRUPT, those of the signer. */
bool factlog_prove(Engine *engine, const char *entry, json_t **result_out,
                   GError **error) MUST_CHECK;
/** The signed bytes (PAE) whose SHA-256 is @name, as logged. Returns: owned. Errors: NOT_FOUND,
 * CORRUPT, IO. */
GBytes *factlog_statement(Engine *engine, const Digest *name, GError **error) MUST_CHECK;
/** Recomputes everything from the journal. @result_out: {clean, size, root, journalBytes, finding}.
 * Not clean is no error. */
bool factlog_check(Engine *engine, json_t **result_out, GError **error) MUST_CHECK;
/** Signs @payload, an in-toto statement of a foreign type, and logs it as evidence.
 * @result_out: {statement, index, repeated}. Errors: those of lane and signer. */
bool factlog_append(Engine *engine, Span payload, json_t **result_out, GError **error) MUST_CHECK;
/** Signs a checkpoint, asks its witnesses, and brings the static view in the folder @path to it.
 * @result_out: {path, size}. Errors: those of signer, witness_cosign and tlog_export_note. */
bool factlog_export(Engine *engine, const char *path, json_t **result_out,
                    GError **error) MUST_CHECK;
