/* SPDX-License-Identifier: Apache-2.0
 * json: strict reading and typed access. The canonical writer is json_canonical.c. */
#include "base/json.h"
#include <assert.h>
#include "base/limits.h"
#include "base/banned.h"

#define JSON_MAX_INTEGER ((INT64_C(1) << 53) - 1)

/* Nesting is counted before the parser recurses: brackets outside of strings. Text that is not JSON
 * may be counted wrongly; the parser refuses it anyway. */
static size_t
max_depth(Span text)
{
    size_t depth = 0;
    size_t deepest = 0;
    bool in_string = false;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            depth++;
            deepest = MAX(deepest, depth);
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
    }
    return deepest;
}

json_t *
json_parse(Span text, size_t limit_bytes, GError **error)
{
    if (text.len > limit_bytes) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "JSON text of %zu bytes is longer than the allowed %zu", text.len, limit_bytes);
        return NULL;
    }
    if (max_depth(text) > LIMIT_JSON_DEPTH) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "JSON text is nested deeper than %d levels",
                  LIMIT_JSON_DEPTH);
        return NULL;
    }
    json_error_t problem = { 0 };
    json_t *value = json_loadb(text.len > 0 ? (const char *)text.data : "", text.len,
                               JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);

    if (value == NULL) {
        g_autofree char *printable = error_printable(problem.text);

        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "not JSON: line %d, column %d: %s",
                  problem.line, problem.column, printable);
    }
    return value;
}

char *
json_pretty(const json_t *value)
{
    char *text = json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY);

    assert(text != NULL); /* jansson fails only for lack of memory or broken UTF-8 of our own */
    char *owned = g_strconcat(text, "\n", NULL);

    free(text);
    return owned;
}

static json_t *
find_member(const json_t *object, const char *key, const char *where, GError **error)
{
    json_t *member = json_object_get(object, key);

    if (member == NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "'%s' has no member '%s'", where, key);
    return member;
}

static void
refuse_type(const char *key, const char *where, const char *wanted, GError **error)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "'%s' in '%s' must be %s", key, where, wanted);
}

/* A string without NUL inside, so that the C string is all of it. */
static const char *
plain_string(const json_t *value)
{
    const char *text = json_string_value(value);

    return text != NULL && strlen(text) == json_string_length(value) ? text : NULL;
}

const char *
json_need_string(const json_t *object, const char *key, const char *where, GError **error)
{
    json_t *member = find_member(object, key, where, error);

    if (member == NULL)
        return NULL;
    const char *text = plain_string(member);

    if (text == NULL)
        refuse_type(key, where, "a string", error);
    return text;
}

json_t *
json_need_object(const json_t *object, const char *key, const char *where, GError **error)
{
    json_t *member = find_member(object, key, where, error);

    if (member != NULL && !json_is_object(member)) {
        refuse_type(key, where, "an object", error);
        return NULL;
    }
    return member;
}

json_t *
json_need_array(const json_t *object, const char *key, const char *where, GError **error)
{
    json_t *member = find_member(object, key, where, error);

    if (member != NULL && !json_is_array(member)) {
        refuse_type(key, where, "an array", error);
        return NULL;
    }
    return member;
}

bool
json_need_uint(const json_t *object, const char *key, const char *where, int64_t *out,
               GError **error)
{
    json_t *member = find_member(object, key, where, error);

    if (member == NULL)
        return false;
    if (!json_is_integer(member) || json_integer_value(member) < 0 ||
        json_integer_value(member) > JSON_MAX_INTEGER) {
        refuse_type(key, where, "an integer from 0 to 2^53-1", error);
        return false;
    }
    *out = json_integer_value(member);
    return true;
}

bool
json_need_digest(const json_t *object, const char *key, const char *where, Digest *out,
                 GError **error)
{
    const char *text = json_need_string(object, key, where, error);

    if (text == NULL)
        return false;
    if (!digest_from_string(text, out, error)) {
        error_prefix(error, "'%s' in '%s'", key, where);
        return false;
    }
    return true;
}

bool
json_need_string_or_null(const json_t *object, const char *key, const char *where, const char **out,
                         GError **error)
{
    json_t *member = find_member(object, key, where, error);

    if (member == NULL)
        return false;
    const char *text = plain_string(member);

    if (text == NULL && !json_is_null(member)) {
        refuse_type(key, where, "a string or null", error);
        return false;
    }
    *out = text;
    return true;
}

bool
json_need_digest_or_null(const json_t *object, const char *key, const char *where,
                         bool *present_out, Digest *out, GError **error)
{
    json_t *member = find_member(object, key, where, error);

    if (member == NULL)
        return false;
    if (json_is_null(member)) {
        *present_out = false;
        return true;
    }
    if (!json_need_digest(object, key, where, out, error))
        return false;
    *present_out = true;
    return true;
}

bool
json_only_keys(const json_t *object, const char *const *allowed, const char *where, GError **error)
{
    const char *key = NULL;
    json_t *value = NULL;

    json_object_foreach ((json_t *)object, key, value) {
        if (!g_strv_contains(allowed, key)) {
            g_autofree char *printable = error_printable(key);

            error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "'%s' has an unknown member '%s'",
                      where, printable);
            return false;
        }
    }
    return true;
}

json_t *
json_digest(const Digest *digest)
{
    char text[DIGEST_STRING_SIZE];

    digest_to_string(digest, text);
    return json_string(text);
}

const char *
json_find_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

const char *
json_get_text(const json_t *object, const char *key)
{
    const char *text = json_find_text(object, key);

    return text != NULL ? text : "";
}

json_int_t
json_get_int(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

json_t *
json_string_or_null(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}
