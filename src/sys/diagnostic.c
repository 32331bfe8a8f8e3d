/* SPDX-License-Identifier: Apache-2.0
 * diagnostic: collects, sorts, and shows the line with a caret. */
#include "sys/diagnostic.h"
#include <string.h>
#include "base/error.h"
#include "base/banned.h"

#define EXCERPT_COLUMNS 100 /* a longer line is shown from shortly before the caret */
#define EXCERPT_BEFORE  40

struct Diagnostics {
    char *file; /* owned */
    char *text; /* owned, NUL-terminated */
    size_t len;
    GPtrArray *items; /* owned Diagnostic */
    size_t dropped;   /* added beyond DIAGNOSTICS_MAX */
    bool sorted;
};

static void
diagnostic_free(void *data)
{
    Diagnostic *diagnostic = data;

    g_free(diagnostic->message);
    g_free(diagnostic);
}

Diagnostics *
diagnostics_new(const char *file, Span text)
{
    Diagnostics *diagnostics = g_new0(Diagnostics, 1);

    diagnostics->file = g_strdup(file);
    diagnostics->text = g_strndup(text.len > 0 ? (const char *)text.data : "", text.len);
    diagnostics->len = strlen(diagnostics->text);
    diagnostics->items = g_ptr_array_new_with_free_func(diagnostic_free);
    return diagnostics;
}

void
diagnostics_free(Diagnostics *diagnostics)
{
    if (diagnostics == NULL)
        return;
    g_free(diagnostics->file);
    g_free(diagnostics->text);
    g_ptr_array_unref(diagnostics->items);
    g_free(diagnostics);
}

void
diagnostics_add(Diagnostics *diagnostics, TextPosition at, const char *format, ...)
{
    Diagnostic *diagnostic;
    va_list args;

    if (diagnostics->items->len >= DIAGNOSTICS_MAX) {
        diagnostics->dropped++;
        return;
    }
    diagnostic = g_new0(Diagnostic, 1);
    diagnostic->at = at;
    va_start(args, format);
    diagnostic->message = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(diagnostics->items, diagnostic);
    diagnostics->sorted = false;
}

size_t
diagnostics_count(const Diagnostics *diagnostics)
{
    return diagnostics->items->len + diagnostics->dropped;
}

size_t
diagnostics_kept(const Diagnostics *diagnostics)
{
    return diagnostics->items->len;
}

static int
compare_position(const void *a, const void *b)
{
    const Diagnostic *one = *(const Diagnostic *const *)a;
    const Diagnostic *two = *(const Diagnostic *const *)b;

    if (one->at.line != two->at.line)
        return one->at.line < two->at.line ? -1 : 1;
    if (one->at.column != two->at.column)
        return one->at.column < two->at.column ? -1 : 1;
    return 0;
}

const Diagnostic *
diagnostics_get(Diagnostics *diagnostics, size_t index)
{
    if (!diagnostics->sorted)
        g_ptr_array_sort(diagnostics->items, compare_position); /* stable: a merge sort */
    diagnostics->sorted = true;
    return g_ptr_array_index(diagnostics->items, index);
}

const char *
diagnostics_file(const Diagnostics *diagnostics)
{
    return diagnostics->file;
}

/* Line @number (from 1) without its end; empty if there is no such line. */
static Span
find_line(const Diagnostics *diagnostics, unsigned number)
{
    const char *at = diagnostics->text;

    for (unsigned i = 1; i < number; i++) {
        at = strchr(at, '\n');
        if (at == NULL)
            return (Span){ 0 };
        at++;
    }
    return span_of(at, strcspn(at, "\r\n"));
}

/* One visible column for each character: tabs become a space, what is not printable '?'. */
static char *
flatten(Span line)
{
    GString *flat = g_string_new(NULL);
    const char *at = (const char *)line.data;
    const char *end = at + line.len;

    while (at < end) {
        gunichar character = g_utf8_get_char_validated(at, end - at);

        if (character == (gunichar)-1 || character == (gunichar)-2) {
            g_string_append_c(flat, '?');
            at++;
            continue;
        }
        if (character == '\t')
            g_string_append_c(flat, ' ');
        else
            g_string_append_unichar(flat, g_unichar_isprint(character) ? character : '?');
        at = g_utf8_next_char(at);
    }
    return g_string_free(flat, FALSE);
}

static void
append_excerpt(const Diagnostics *diagnostics, TextPosition at, GString *out)
{
    Span line = find_line(diagnostics, at.line);
    g_autofree char *flat = NULL;
    g_autofree char *shown = NULL;
    glong length, first = 0;

    if (line.len == 0 || at.column == 0)
        return;
    flat = flatten(line);
    length = g_utf8_strlen(flat, -1);
    if ((glong)at.column > length + 1)
        return;
    if ((glong)at.column > EXCERPT_COLUMNS - EXCERPT_BEFORE)
        first = (glong)at.column - 1 - EXCERPT_BEFORE;
    shown = g_utf8_substring(flat, first, MIN(length, first + EXCERPT_COLUMNS));
    g_string_append_printf(out, "    %s\n    %*s^\n", shown, (int)((glong)at.column - 1 - first),
                           "");
}

char *
diagnostics_text(Diagnostics *diagnostics)
{
    GString *out = g_string_new(NULL);

    for (size_t i = 0; i < diagnostics->items->len; i++) {
        const Diagnostic *diagnostic = diagnostics_get(diagnostics, i);
        g_autofree char *file = error_printable(diagnostics->file);
        g_autofree char *message = error_printable(diagnostic->message);

        if (diagnostic->at.line == 0) {
            g_string_append_printf(out, "%s: %s\n", file, message);
            continue;
        }
        g_string_append_printf(out, "%s:%u:%u: %s\n", file, diagnostic->at.line,
                               diagnostic->at.column, message);
        append_excerpt(diagnostics, diagnostic->at, out);
    }
    if (diagnostics->dropped > 0)
        g_string_append_printf(out, "%s: %zu more errors\n", diagnostics->file,
                               diagnostics->dropped);
    return g_string_free(out, FALSE);
}

bool
diagnostics_check(Diagnostics *diagnostics, GError **error)
{
    size_t n = diagnostics_count(diagnostics);
    const Diagnostic *first;

    if (n == 0)
        return true;
    first = diagnostics_get(diagnostics, 0);
    if (n == 1)
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s:%u:%u: %s", diagnostics->file,
                  first->at.line, first->at.column, first->message);
    else
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s:%u:%u: %s (the first of %zu errors)",
                  diagnostics->file, first->at.line, first->at.column, first->message, n);
    return false;
}
