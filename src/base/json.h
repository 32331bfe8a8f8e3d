/* SPDX-License-Identifier: Apache-2.0
 * json: strict reading (RFC 8259, duplicate keys refused, depth and size bounded), canonical
 * writing (RFC 8785), and typed access that says what was expected where. Over jansson's json_t. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/span.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

/** Parses one JSON text. @limit_bytes: refuse longer input. Returns: owned reference.
 * Errors: INVALID (with line and column), LIMIT (length, or depth over LIMIT_JSON_DEPTH). */
json_t *json_parse(Span text, size_t limit_bytes, GError **error) MUST_CHECK;
/** RFC 8785 form. Returns: owned, NUL-terminated; @len_out optional. Errors: INVALID (a number that
 * is not finite, an integer over 2^53-1, broken UTF-8). A double from 2^53 on is written, but such
 * text reads back as an integer and is refused then. */
char *json_canonical(const json_t *value, size_t *len_out, GError **error) MUST_CHECK;
/** SHA-256 of the RFC 8785 form. Errors: as json_canonical. */
bool json_canonical_digest(const json_t *value, Digest *out, GError **error) MUST_CHECK;
/** Whether @text is exactly the RFC 8785 form of itself parsed. */
bool json_is_canonical(Span text, const json_t *parsed);
/** Indented for people, keys in insertion order, newline at the end. Owned. */
char *json_pretty(const json_t *value);

/* Typed access to a member of an object. @where names the object in messages ("predicate"). All
 * Errors: INVALID when absent or of another type. Borrowed results live as long as @object. */
const char *json_need_string(const json_t *object, const char *key, const char *where,
                             GError **error) MUST_CHECK;
json_t *json_need_object(const json_t *object, const char *key, const char *where,
                         GError **error) MUST_CHECK;
json_t *json_need_array(const json_t *object, const char *key, const char *where,
                        GError **error) MUST_CHECK;
/** 0 to 2^53-1. */
bool json_need_uint(const json_t *object, const char *key, const char *where, int64_t *out,
                    GError **error) MUST_CHECK;
/** A string "sha256:…". */
bool json_need_digest(const json_t *object, const char *key, const char *where, Digest *out,
                      GError **error) MUST_CHECK;
/** A string, or JSON null, which gives NULL in *@out. */
bool json_need_string_or_null(const json_t *object, const char *key, const char *where,
                              const char **out, GError **error) MUST_CHECK;
/** A digest string, or JSON null, which leaves *@out and gives false in *@present_out. */
bool json_need_digest_or_null(const json_t *object, const char *key, const char *where,
                              bool *present_out, Digest *out, GError **error) MUST_CHECK;
/** Refuses an object with a key outside @allowed (NULL-terminated). Errors: INVALID, naming the
 * key. */
bool json_only_keys(const json_t *object, const char *const *allowed, const char *where,
                    GError **error) MUST_CHECK;

/** object[key] for showing: its text, NULL if it is none. Borrowed from @object, which may be NULL. */
const char *json_find_text(const json_t *object, const char *key);
/** The same, "" if it is none. */
const char *json_get_text(const json_t *object, const char *key);
/** object[key] as a number, 0 if it is none. */
json_int_t json_get_int(const json_t *object, const char *key);

/** json_string of "sha256:…". Owned reference. */
json_t *json_digest(const Digest *digest);
/** json_string, or json_null when @text is NULL. Owned reference. */
json_t *json_string_or_null(const char *text);
