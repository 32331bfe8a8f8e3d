/* SPDX-License-Identifier: Apache-2.0
 * tuf_canonical: the bytes TUF signatures are over (OLPC canonical JSON, wiki.laptop.org): keys in
 * the order of their bytes, no white space, and only '"' and '\' escaped. */
#include <string.h>
#include "attest/tuf_priv.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/banned.h"

static bool append_value(GByteArray *out, const json_t *value, int depth, GError **error);

static void
append_text(GByteArray *out, const char *text)
{
    g_byte_array_append(out, (const guint8 *)text, (guint)strlen(text));
}

static void
append_string(GByteArray *out, const char *text, size_t len)
{
    append_text(out, "\"");
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"' || text[i] == '\\')
            append_text(out, "\\");
        g_byte_array_append(out, (const guint8 *)text + i, 1);
    }
    append_text(out, "\"");
}

static int
compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
append_object(GByteArray *out, const json_t *object, int depth, GError **error)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new();
    const char *key = NULL;
    json_t *member = NULL;

    json_object_foreach ((json_t *)object, key, member)
        g_ptr_array_add(keys, (gpointer)key);
    g_ptr_array_sort(keys, compare_keys);
    append_text(out, "{");
    for (guint i = 0; i < keys->len; i++) {
        key = keys->pdata[i];
        if (i > 0)
            append_text(out, ",");
        append_string(out, key, strlen(key));
        append_text(out, ":");
        if (!append_value(out, json_object_get(object, key), depth + 1, error))
            return false;
    }
    append_text(out, "}");
    return true;
}

static bool
append_array(GByteArray *out, const json_t *array, int depth, GError **error)
{
    append_text(out, "[");
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            append_text(out, ",");
        if (!append_value(out, json_array_get(array, i), depth + 1, error))
            return false;
    }
    append_text(out, "]");
    return true;
}

static bool
append_value(GByteArray *out, const json_t *value, int depth, GError **error)
{
    g_autofree char *number = NULL;

    if (depth > LIMIT_JSON_DEPTH) {
        error_set(error, TUF_ERROR, TUF_ERROR_METADATA, "metadata nests deeper than %d levels",
                  LIMIT_JSON_DEPTH);
        return false;
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return append_object(out, value, depth, error);
    case JSON_ARRAY:
        return append_array(out, value, depth, error);
    case JSON_STRING:
        append_string(out, json_string_value(value), json_string_length(value));
        return true;
    case JSON_INTEGER:
        number = g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
        append_text(out, number);
        return true;
    case JSON_TRUE:
    case JSON_FALSE:
        append_text(out, json_is_true(value) ? "true" : "false");
        return true;
    case JSON_NULL:
        append_text(out, "null");
        return true;
    case JSON_REAL:
        break;
    }
    error_set(error, TUF_ERROR, TUF_ERROR_METADATA,
              "metadata holds a number that is not an integer: it has no canonical form");
    return false;
}

GBytes *
tuf_canonical(const json_t *value, GError **error)
{
    g_autoptr(GByteArray) out = g_byte_array_new();

    if (!append_value(out, value, 0, error))
        return NULL;
    return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}

char *
tuf_keyid(const json_t *key, GError **error)
{
    g_autoptr(GBytes) text = tuf_canonical(key, error);
    char hex[DIGEST_HEX_SIZE];

    if (text == NULL)
        return NULL;
    Digest digest = digest_of(span_of_bytes(text));
    digest_to_hex(&digest, hex);
    return g_strdup(hex);
}
