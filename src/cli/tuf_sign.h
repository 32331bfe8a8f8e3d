/* SPDX-License-Identifier: Apache-2.0
 * tuf_sign: signatures of people over proposed TUF metadata. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "base/error.h"

/** Signs every document of @proposal that wants the key @name, as keys/key_source.h names keys.
 * @n_out: how many. Opens the private key: not in a process that is the engine. Errors: those of
 * key_source_open, NOT_FOUND (no document wants that key), INVALID. */
bool tuf_sign(json_t *proposal, const char *name, size_t *n_out, GError **error) MUST_CHECK;
/** The same in a child process. @proposal_in_out: replaced by the signed one. Errors: DENIED with
 * what the child said. */
bool tuf_sign_apart(json_t **proposal_in_out, const char *name, GError **error) MUST_CHECK;
/** Adds the signatures of @other, which must propose the same. Errors: CONFLICT. */
bool tuf_sign_merge(json_t *proposal, const json_t *other, GError **error) MUST_CHECK;
/** What somebody signs who signs this, for people: a line a document. Owned. */
char *tuf_sign_describe(const json_t *proposal);
