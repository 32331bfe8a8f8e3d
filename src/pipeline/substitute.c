/* SPDX-License-Identifier: Apache-2.0
 * substitute: the one scanner behind ${name}. */
#include "pipeline/substitute.h"
#include <string.h>
#include "base/banned.h"

#define MAX_NAME_BYTES 200

static bool
is_name_character(char c)
{
    return g_ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
}

/* One piece of a text: literal bytes, or a name. */
typedef struct {
    const char *start; /* borrowed; of the literal, or of the name */
    size_t len;
    bool is_name;
} Piece;

/* Takes the next piece at *@cursor. False and an error on a bad "${"; *@cursor is then at the "${".
 */
static bool
next_piece(const char **cursor, Piece *out, GError **error)
{
    const char *p = *cursor;

    if (g_str_has_prefix(p, "$${")) { /* the escape: what is kept is "${" */
        *out = (Piece){ .start = p + 1, .len = 2 };
        *cursor = p + 3;
        return true;
    }
    if (!g_str_has_prefix(p, "${")) {
        size_t len = 1 + strcspn(p + 1, "$");

        *out = (Piece){ .start = p, .len = len };
        *cursor = p + len;
        return true;
    }
    const char *name = p + 2;
    size_t len = 0;

    while (is_name_character(name[len]))
        len++;
    if (name[len] != '}') {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  name[len] == '\0'
                      ? "'${' is never closed; a literal one is written '$${'"
                      : "a name in '${…}' has only letters, digits, '.', '_' and '-'");
        return false;
    }
    if (len == 0 || len > MAX_NAME_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "a name in '${…}' has 1 to %d characters",
                  MAX_NAME_BYTES);
        return false;
    }
    *out = (Piece){ .start = name, .len = len, .is_name = true };
    *cursor = name + len + 1;
    return true;
}

bool
substitute_scan(const char *text, SubstituteVisit visit, void *data, size_t *offset_out,
                GError **error)
{
    for (const char *cursor = text; *cursor != '\0';) {
        Piece piece = { 0 };
        const char *start = cursor;

        if (!next_piece(&cursor, &piece, error)) {
            if (offset_out != NULL)
                *offset_out = (size_t)(start - text);
            return false;
        }
        if (!piece.is_name)
            continue;
        g_autofree char *name = g_strndup(piece.start, piece.len);
        if (!visit(name, (size_t)(piece.start - text), data))
            return true;
    }
    return true;
}

char *
substitute_text(const char *text, SubstituteGet get, void *data, SubstituteFlags flags,
                GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);

    for (const char *cursor = text; *cursor != '\0';) {
        Piece piece = { 0 };
        const char *start = cursor;

        if (!next_piece(&cursor, &piece, error))
            return NULL;
        if (piece.is_name) {
            g_autofree char *name = g_strndup(piece.start, piece.len);
            const char *value = get(name, data);

            if (value == NULL && (flags & SUBSTITUTE_KEEP) == 0) {
                error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "'${%s}' has no value", name);
                return NULL;
            }
            if (value != NULL)
                g_string_append(out, value);
            else
                g_string_append_len(out, start, cursor - start);
        } else {
            g_string_append_len(out, piece.start, (gssize)piece.len);
        }
        if (out->len > SUBSTITUTE_MAX_BYTES) {
            error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                      "a value is longer than %u bytes after substitution", SUBSTITUTE_MAX_BYTES);
            return NULL;
        }
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}
