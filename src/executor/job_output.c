/* SPDX-License-Identifier: Apache-2.0
 * job_output: see job_output.h. */
#include "executor/job_output.h"
#include <stdbool.h>
#include <string.h>
#include "base/encoding.h"
#include "base/limits.h"
#include "base/banned.h"

typedef struct {
    Span rest;      /* not yet read */
    size_t line_no; /* of the line last taken, from 1 */
    const char *const *declared;
    GHashTable *values; /* owned by the caller */
} Parser;

static bool
refuse(const Parser *parser, GError **error, const char *why, Span subject)
{
    g_autofree char *raw = g_strndup((const char *)subject.data, MIN(subject.len, 64));
    g_autofree char *printable = error_printable(raw);

    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot read $OUTPUT line %zu: %s '%s'",
              parser->line_no, why, printable);
    return false;
}

/* The next line without its end; false when there is none. */
static bool
take_line(Parser *parser, Span *line_out)
{
    if (parser->rest.len == 0)
        return false;
    const uint8_t *newline = memchr(parser->rest.data, '\n', parser->rest.len);
    size_t len = newline == NULL ? parser->rest.len : (size_t)(newline - parser->rest.data);
    size_t used = newline == NULL ? len : len + 1;

    *line_out = span_of(parser->rest.data, len);
    parser->rest = span_of(parser->rest.data + used, parser->rest.len - used);
    parser->line_no++;
    return true;
}

static bool
is_declared(const Parser *parser, const char *key)
{
    for (const char *const *name = parser->declared; *name != NULL; name++)
        if (strcmp(*name, key) == 0)
            return true;
    return false;
}

/* @value: consumed. */
static bool
put(Parser *parser, Span key, char *value, GError **error)
{
    g_autofree char *owned_value = value;
    g_autofree char *name = g_strndup((const char *)key.data, key.len);

    if (!is_declared(parser, name))
        return refuse(parser, error, "the job does not declare the output", key);
    if (g_hash_table_contains(parser->values, name))
        return refuse(parser, error, "a second value for", key);
    g_hash_table_insert(parser->values, g_steal_pointer(&name), g_steal_pointer(&owned_value));
    return true;
}

/* The lines up to the one that is exactly @word, joined by newlines. */
static bool
take_text(Parser *parser, Span key, Span word, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    size_t first_line = parser->line_no;
    Span line = { 0 };

    while (take_line(parser, &line)) {
        if (line.len == word.len && memcmp(line.data, word.data, word.len) == 0) {
            if (text->len > 0)
                g_string_truncate(text, text->len - 1); /* the newline before the word */
            return put(parser, key, g_strndup(text->str, text->len), error);
        }
        g_string_append_len(text, (const char *)line.data, (gssize)line.len);
        g_string_append_c(text, '\n');
    }
    parser->line_no = first_line;
    return refuse(parser, error, "no line ends the text: wanted", word);
}

static bool
parse_line(Parser *parser, Span line, GError **error)
{
    const uint8_t *equals = memchr(line.data, '=', line.len);
    const uint8_t *open = memmem(line.data, line.len, "<<", 2);

    if (open != NULL && (equals == NULL || open < equals)) {
        Span key = span_of(line.data, (size_t)(open - line.data));
        Span word = span_of(open + 2, line.len - key.len - 2);
        if (word.len == 0)
            return refuse(parser, error, "no word after '<<' in", line);
        return take_text(parser, key, word, error);
    }
    if (equals == NULL)
        return refuse(parser, error, "no '=' in", line);
    Span key = span_of(line.data, (size_t)(equals - line.data));
    size_t value_len = line.len - key.len - 1;

    return put(parser, key, g_strndup((const char *)equals + 1, value_len), error);
}

GHashTable *
job_output_parse(Span text, const char *const *declared, GError **error)
{
    g_autoptr(GHashTable) values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    Parser parser = { .rest = text, .declared = declared, .values = values };
    Span line = { 0 };

    if (text.len > LIMIT_OUTPUT_FILE_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "cannot read $OUTPUT: over %u bytes",
                  LIMIT_OUTPUT_FILE_BYTES);
        return NULL;
    }
    if (!utf8_is_valid(text)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot read $OUTPUT: not UTF-8 text");
        return NULL;
    }
    while (take_line(&parser, &line))
        if (line.len > 0 && !parse_line(&parser, line, error))
            return NULL;
    return g_steal_pointer(&values);
}
