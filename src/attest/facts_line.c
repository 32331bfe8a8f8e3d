/* SPDX-License-Identifier: Apache-2.0
 * facts_line: a fact as one line of canonical JSON, all bytes in base64. */
#include "attest/facts_line.h"
#include "attest/json_bytes_priv.h"
#include "base/limits.h"
#include "base/banned.h"

#define WHERE "fact"

char *
facts_line_build(int64_t index, Span leaf, Span pae, MerkleProof proof)
{
    g_autoptr(json_t) object = json_object();

    json_object_set_new(object, "index", json_integer(index));
    json_object_set_new(object, "leaf", json_bytes(leaf));
    json_object_set_new(object, "pae", json_bytes(pae));
    json_object_set_new(object, "proof", json_hashes(proof));
    g_autofree char *text = json_canonical(object, NULL, NULL);
    return g_strconcat(text, "\n", NULL);
}

static FactsLine *
read_line(Span text, GError **error)
{
    static const char *const members[] = { "index", "leaf", "pae", "proof", NULL };
    g_autoptr(json_t) object = json_parse(text, 2 * LIMIT_STATEMENT_BYTES, error);
    g_autoptr(FactsLine) line = g_new0(FactsLine, 1);

    if (object == NULL || !json_only_keys(object, members, WHERE, error) ||
        !json_need_uint(object, "index", WHERE, &line->index, error) ||
        (line->leaf = json_need_bytes(object, "leaf", WHERE, error)) == NULL ||
        (line->pae = json_need_bytes(object, "pae", WHERE, error)) == NULL ||
        !json_need_hashes(object, "proof", WHERE, &line->hashes, &line->n_hashes, error))
        return NULL;
    if (!json_is_canonical(text, object)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "the line is not canonical JSON");
        return NULL;
    }
    return g_steal_pointer(&line);
}

FactsLine *
facts_line_parse(Span line, GError **error)
{
    Span text = line;

    if (text.len > 0 && text.data[text.len - 1] == '\n')
        text.len--;
    FactsLine *read = read_line(text, error);
    if (read == NULL)
        error_prefix(error, "cannot read fact");
    return read;
}

void
facts_line_free(FactsLine *line)
{
    if (line == NULL)
        return;
    g_clear_pointer(&line->leaf, g_bytes_unref);
    g_clear_pointer(&line->pae, g_bytes_unref);
    g_free(line->hashes);
    g_free(line);
}

static void
line_free(void *data)
{
    facts_line_free(data);
}

/* Reads the next line of @rest into @lines. */
static bool
read_next(GPtrArray *lines, Span *rest, GError **error)
{
    const uint8_t *end = memchr(rest->data, '\n', rest->len);
    FactsLine *line = NULL;

    if (end == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "it does not end with a newline");
        return false;
    }
    size_t len = (size_t)(end - rest->data);
    line = facts_line_parse(span_of(rest->data, len), error);
    if (line == NULL)
        return false;
    if (lines->len > 0 && line->index <= ((const FactsLine *)lines->pdata[lines->len - 1])->index) {
        facts_line_free(line);
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "its index does not rise");
        return false;
    }
    g_ptr_array_add(lines, line);
    *rest = span_of(end + 1, rest->len - len - 1);
    return true;
}

GPtrArray *
facts_file_parse(Span text, GError **error)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(line_free);
    Span rest = text;

    if (text.len > LIMIT_FACTS_FILE_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "cannot read facts: %zu bytes, the limit is %u", text.len,
                  LIMIT_FACTS_FILE_BYTES);
        return NULL;
    }
    while (rest.len > 0) {
        if (!read_next(lines, &rest, error)) {
            error_prefix(error, "cannot read facts: line %u", lines->len + 1);
            return NULL;
        }
    }
    return g_steal_pointer(&lines);
}
