/* SPDX-License-Identifier: Apache-2.0
 * first_error: see first_error.h. */
#include "joblog/first_error.h"
#include <string.h>
#include "base/banned.h"

#define LOOKED_AT_BYTES 2048 /* of a line; errors are told at its beginning */

char *
first_error_plain(Span text)
{
    g_autoptr(GString) out = g_string_sized_new(text.len);

    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];

        if (byte == 0x1b && i + 1 < text.len && text.data[i + 1] == '[') {
            for (i += 2; i < text.len && (text.data[i] < 0x40 || text.data[i] > 0x7e); i++)
                ;
        } else if (byte == '\t' || byte >= 0x20) {
            if (byte != 0x7f)
                g_string_append_c(out, (char)byte);
        }
    }
    return g_utf8_make_valid(out->str, (gssize)out->len);
}

/* "a.c:3:7: error: …", "a.py:3: error: …", "error: …", "error[E0308]: …" */
static bool
tells_error(const char *text)
{
    static const char *const words[] = { "error:",  "fatal error:", "Error:", "ERROR:",
                                         "[ERROR]", "fatal:",       "FATAL:", "error[" };

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        const char *at = strstr(text, words[i]);

        if (at != NULL && (at == text || at[-1] == ' ' || at[-1] == ':' || at[-1] == ']'))
            return true;
    }
    return false;
}

static bool
starts_with_any(const char *text, const char *const *starts)
{
    for (size_t i = 0; starts[i] != NULL; i++) {
        if (g_str_has_prefix(text, starts[i]))
            return true;
    }
    return false;
}

static bool
has_any(const char *text, const char *const *parts)
{
    for (size_t i = 0; parts[i] != NULL; i++) {
        if (strstr(text, parts[i]) != NULL)
            return true;
    }
    return false;
}

/* "0 errors", "no errors", "errors: 0", "--error" say nothing bad. */
static bool
denies(const char *text)
{
    static const char *const words[] = { "0 error",     "no error",      "0 failed",  "0 failures",
                                         "0 FAILED",    "without error", "errors: 0", "-Werror",
                                         "Failures: 0", "error_",        NULL };

    return has_any(text, words);
}

FirstErrorRank
first_error_rank(Span span)
{
    static const char *const sure_starts[] = {
        "::error",
        "##[error]",
        "not ok ",
        "FAIL:",
        "--- FAIL",
        "FAILED ",
        "panic:",
        "make: ***",
        "npm ERR!",
        "E   ",
        "Traceback (most recent call last)",
        "ninja: error",
        "Segmentation fault",
        "thread '",
        "CMake Error",
        "dpkg: error",
        "E: ",
        NULL,
    };
    static const char *const sure_parts[] = {
        ": command not found",
        ": not found",
        "undefined reference to",
        "AssertionError",
        "Assertion `",
        ": No such file or directory",
        "core dumped",
        "Permission denied",
        "ERROR: AddressSanitizer",
        "runtime error:",
        "Connection refused",
        "No space left on device",
        NULL,
    };
    static const char *const words[] = { "error",     "Error",     "ERROR", "FAIL",
                                         "failed",    "Failed",    "fatal", "cannot ",
                                         "exception", "Exception", NULL };
    g_autofree char *text = first_error_plain(span_of(span.data, MIN(span.len, LOOKED_AT_BYTES)));
    const char *start = text + strspn(text, " \t");

    if (denies(text))
        return start[0] == '\0' ? FIRST_ERROR_NONE : FIRST_ERROR_LAST;
    if (starts_with_any(start, sure_starts) || tells_error(text) || has_any(text, sure_parts))
        return FIRST_ERROR_SURE;
    if (has_any(text, words))
        return FIRST_ERROR_WORD;
    return start[0] == '\0' ? FIRST_ERROR_NONE : FIRST_ERROR_LAST;
}

void
first_error_clear(FirstError *found)
{
    g_clear_pointer(&found->text, g_free);
}

void
first_error_take(FirstError *found, const JobLogLine *line, uint64_t offset, uint64_t number,
                 uint32_t step)
{
    FirstErrorRank rank = FIRST_ERROR_NONE;

    if (line->kind == JOBLOG_MARK || (step != 0 && line->step != step) ||
        found->rank == FIRST_ERROR_SURE)
        return;
    rank = first_error_rank(line->text);
    if (rank < found->rank || rank == FIRST_ERROR_NONE ||
        (rank == found->rank && rank != FIRST_ERROR_LAST)) /* of equals the first, but the last */
        return;
    g_free(found->text);
    found->text = first_error_plain(line->text);
    found->rank = rank;
    found->offset = offset;
    found->line = number;
    found->step = line->step;
}
