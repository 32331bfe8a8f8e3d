/* SPDX-License-Identifier: Apache-2.0
 * output: one place through which every byte for people goes. */
#include "cli/output.h"
#include <assert.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "api/error_map.h"
#include "base/error.h"
#include "base/json.h"
#include "base/banned.h"

#define WIDTH_DEFAULT  80
#define CELL_WIDTH_MAX 64 /* wider cells push their row out, not every row */

struct Output {
    FILE *out; /* borrowed */
    FILE *err; /* borrowed */
    bool json;
    bool out_colour;
    bool err_terminal;
    bool progress;   /* a progress line is on the screen */
    GPtrArray *rows; /* owned: GStrv of the table being built; NULL = none */
    size_t n_columns;
};

static const char *const style_codes[] = {
    [OUTPUT_PLAIN] = "",       [OUTPUT_BOLD] = "\033[1m",  [OUTPUT_GOOD] = "\033[32m",
    [OUTPUT_BAD] = "\033[31m", [OUTPUT_WARN] = "\033[33m", [OUTPUT_FAINT] = "\033[2m",
};

static bool
is_terminal(FILE *file)
{
    int fd = fileno(file);

    return fd >= 0 && isatty(fd);
}

Output *
output_new(FILE *out, FILE *err, bool json)
{
    Output *output = g_new0(Output, 1);
    const char *no_colour = g_getenv("NO_COLOR");

    output->out = out;
    output->err = err;
    output->json = json;
    output->out_colour = is_terminal(out) && (no_colour == NULL || *no_colour == '\0');
    output->err_terminal = is_terminal(err) && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
    return output;
}

static void
wipe_progress(Output *output)
{
    if (!output->progress)
        return;
    fputs("\r\033[K", output->err);
    fflush(output->err);
    output->progress = false;
}

void
output_free(Output *output)
{
    if (output == NULL)
        return;
    wipe_progress(output);
    fflush(output->out);
    g_clear_pointer(&output->rows, g_ptr_array_unref);
    g_free(output);
}

bool
output_is_json(const Output *output)
{
    return output->json;
}

bool
output_is_terminal(const Output *output)
{
    return output->err_terminal;
}

unsigned
output_width(const Output *output)
{
    struct winsize size = { 0 };

    if (!output->err_terminal || ioctl(fileno(output->err), TIOCGWINSZ, &size) < 0 ||
        size.ws_col == 0)
        return WIDTH_DEFAULT;
    return size.ws_col;
}

/* One line, whatever the text holds. */
static void
put_line(FILE *file, OutputStyle style, bool colour, const char *text)
{
    g_autofree char *masked = error_printable(text);

    if (colour && style != OUTPUT_PLAIN)
        fprintf(file, "%s%s\033[0m\n", style_codes[style], masked);
    else
        fprintf(file, "%s\n", masked);
}

static void
put_result(Output *output, OutputStyle style, const char *format, va_list args)
{
    g_autofree char *text = NULL;

    if (output->json)
        return;
    text = g_strdup_vprintf(format, args);
    wipe_progress(output);
    put_line(output->out, style, output->out_colour, text);
}

void
output_line(Output *output, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    put_result(output, OUTPUT_PLAIN, format, args);
    va_end(args);
}

void
output_styled(Output *output, OutputStyle style, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    put_result(output, style, format, args);
    va_end(args);
}

void
output_talk(Output *output, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    wipe_progress(output);
    fflush(output->out); /* the order on a shared terminal is the order of the calls */
    put_line(output->err, OUTPUT_PLAIN, false, text);
    fflush(output->err);
}

void
output_talk_text(Output *output, const char *text)
{
    wipe_progress(output);
    fflush(output->out);
    fputs(text, output->err);
    fflush(output->err);
}

void
output_text(Output *output, const char *text)
{
    wipe_progress(output);
    fputs(text, output->out);
}

void
output_raw(Output *output, Span bytes)
{
    wipe_progress(output);
    if (bytes.len > 0)
        fwrite(bytes.data, 1, bytes.len, output->out);
}

void
output_json(Output *output, const json_t *value)
{
    g_autofree char *text = NULL;

    if (!output->json)
        return;
    text = json_pretty(value);
    wipe_progress(output);
    fputs(text, output->out);
}

void
output_table_begin(Output *output, const char *const *headers)
{
    assert(output->rows == NULL);
    output->rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    output->n_columns = g_strv_length((char **)headers);
    assert(output->n_columns > 0 && output->n_columns <= OUTPUT_COLUMNS_MAX);
    output_table_row(output, headers);
}

void
output_table_row(Output *output, const char *const *cells)
{
    char **row = g_new0(char *, output->n_columns + 1);

    for (size_t i = 0; i < output->n_columns; i++) {
        const char *end = cells[i] != NULL ? strchr(cells[i], '\n') : NULL;
        g_autofree char *first = end != NULL ? g_strndup(cells[i], (gsize)(end - cells[i])) : NULL;

        row[i] = error_printable(first != NULL ? first : cells[i] != NULL ? cells[i] : "-");
    }
    g_ptr_array_add(output->rows, row);
}

static void
put_row(Output *output, char **row, const size_t *widths)
{
    g_autoptr(GString) line = g_string_new(NULL);

    for (size_t i = 0; i < output->n_columns; i++) {
        size_t width = (size_t)g_utf8_strlen(row[i], -1);

        g_string_append(line, row[i]);
        for (size_t pad = width; i + 1 < output->n_columns && pad < widths[i] + 2; pad++)
            g_string_append_c(line, ' ');
        if (i + 1 < output->n_columns && width >= widths[i] + 2)
            g_string_append_c(line, ' ');
    }
    fprintf(output->out, "%s\n", g_strchomp(line->str));
}

void
output_table_end(Output *output)
{
    g_autoptr(GPtrArray) rows = g_steal_pointer(&output->rows);
    size_t widths[OUTPUT_COLUMNS_MAX] = { 0 };

    if (output->json)
        return;
    wipe_progress(output);
    for (guint r = 0; r < rows->len; r++)
        for (size_t i = 0; i < output->n_columns; i++) {
            char **row = g_ptr_array_index(rows, r);

            widths[i] = MAX(widths[i], MIN((size_t)g_utf8_strlen(row[i], -1), CELL_WIDTH_MAX));
        }
    for (guint r = 0; r < rows->len; r++)
        put_row(output, g_ptr_array_index(rows, r), widths);
}

void
output_progress(Output *output, const char *format, ...)
{
    g_autofree char *text = NULL;
    g_autofree char *masked = NULL;
    g_autofree char *cut = NULL;
    va_list args;

    if (!output->err_terminal)
        return;
    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    masked = error_printable(text);
    cut = g_utf8_substring(masked, 0,
                           MIN(g_utf8_strlen(masked, -1), (glong)output_width(output) - 1));
    fflush(output->out);
    fprintf(output->err, "\r%s\033[K", cut);
    fflush(output->err);
    output->progress = true;
}

static json_t *
error_to_json(const GError *error, const ErrorMap *map, const char *hint)
{
    json_t *inner = json_pack("{s:s,s:s}", "code", map->name, "message", error->message);

    if (inner == NULL) /* a message that is not UTF-8 */
        inner = json_pack("{s:s}", "code", map->name);
    if (hint != NULL)
        json_object_set_new(inner, "hint", json_string(hint));
    return json_pack("{s:o}", "error", inner);
}

int
output_error(Output *output, const GError *error, const char *hint)
{
    const ErrorMap *map = error_map_find(error);
    const char *shown = hint != NULL ? hint : map->hint;
    g_autoptr(json_t) json = error_to_json(error, map, shown);
    g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);

    /* Further lines are set in, so that no text from outside can pass for a message of ours. */
    for (char **line = lines; *line != NULL; line++) {
        if (line == lines || **line != '\0')
            output_talk(output, line == lines ? "slipway: %s" : "  %s", *line);
    }
    if (shown != NULL)
        output_talk(output, "hint: %s", shown);
    output_json(output, json);
    return map->exit_code;
}
