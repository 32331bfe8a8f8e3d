/* SPDX-License-Identifier: Apache-2.0
 * ansi: a step engine over bytes: text, or one of three kinds of sequences (CSI, OSC, two bytes). */
#include "web/ansi.h"
#include <string.h>
#include "web/template.h"
#include "base/banned.h"

typedef struct Look {
    int colour; /* 0: none; 30 to 37, 90 to 97 */
    int back;   /* 0: none; 40 to 47, 100 to 107 */
    bool bold, faint, italic, underlined;
} Look;

static bool
looks_plain(const Look *look)
{
    return look->colour == 0 && look->back == 0 && !look->bold && !look->faint && !look->italic &&
           !look->underlined;
}

static void
apply(Look *look, int code)
{
    if (code == 0)
        *look = (Look){ 0 };
    else if (code == 1)
        look->bold = true;
    else if (code == 2)
        look->faint = true;
    else if (code == 3)
        look->italic = true;
    else if (code == 4)
        look->underlined = true;
    else if (code == 22)
        look->bold = look->faint = false;
    else if (code == 23)
        look->italic = false;
    else if (code == 24)
        look->underlined = false;
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97))
        look->colour = code;
    else if (code == 39)
        look->colour = 0;
    else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107))
        look->back = code;
    else if (code == 49)
        look->back = 0;
}

/* "1;31": each number; 38 and 48 take what follows them along: colours we do not have. */
static void
apply_all(Look *look, const char *numbers, size_t len)
{
    int code = 0;
    bool skip = false;

    for (size_t i = 0; i <= len; i++) {
        if (i < len && g_ascii_isdigit(numbers[i])) {
            code = MIN(code * 10 + (numbers[i] - '0'), 1000);
            continue;
        }
        skip = skip || code == 38 || code == 48;
        if (!skip)
            apply(look, code);
        code = 0;
    }
}

/* The length of the sequence at @text, which begins with ESC. @sgr_out: its numbers, if it sets the
 * look. */
static size_t
sequence(const char *text, const char **sgr_out, size_t *sgr_len_out)
{
    size_t i = 2;

    *sgr_out = NULL;
    if (text[1] == '[') {
        while (text[i] != '\0' && (text[i] < '@' || text[i] > '~'))
            i++;
        if (text[i] == 'm') {
            *sgr_out = text + 2;
            *sgr_len_out = i - 2;
        }
        return text[i] == '\0' ? i : i + 1;
    }
    if (text[1] == ']') {
        while (text[i] != '\0' && text[i] != '\a' && !(text[i] == '\033' && text[i + 1] == '\\'))
            i++;
        return text[i] == '\0' ? i : text[i] == '\a' ? i + 1 : i + 2;
    }
    return text[1] == '\0' ? 1 : 2;
}

static void
open_span(GString *out, const Look *look)
{
    if (looks_plain(look))
        return;
    g_string_append(out, "<span class=\"");
    if (look->colour != 0)
        g_string_append_printf(out, "c%d ", look->colour);
    if (look->back != 0)
        g_string_append_printf(out, "b%d ", look->back);
    g_string_append(out, look->bold ? "bold " : "");
    g_string_append(out, look->faint ? "faint " : "");
    g_string_append(out, look->italic ? "italic " : "");
    g_string_append(out, look->underlined ? "under " : "");
    out->str[out->len - 1] = '"';
    g_string_append_c(out, '>');
}

/* Where what stays visible begins: behind the last carriage return that something follows. */
static const char *
visible(const char *line)
{
    const char *from = line;

    for (const char *at = line; *at != '\0'; at++) {
        if (*at == '\r' && at[1] != '\0' && at[1] != '\r')
            from = at + 1;
    }
    return from;
}

static void
walk(GString *out, const char *line, bool html)
{
    Look look = { 0 };
    bool open = false;

    for (const char *at = visible(line); *at != '\0' && out->len < ANSI_MAX_LINE_BYTES * 8;) {
        const char *sgr = NULL;
        size_t sgr_len = 0;

        if (*at == '\033') {
            at += sequence(at, &sgr, &sgr_len);
            if (sgr != NULL && html) {
                g_string_append(out, open ? "</span>" : "");
                apply_all(&look, sgr, sgr_len);
                open_span(out, &look);
                open = !looks_plain(&look);
            }
            continue;
        }
        if ((unsigned char)*at >= 0x20 || *at == '\t') {
            if (html)
                template_escape(out, at, 1);
            else
                g_string_append_c(out, *at);
        }
        at++;
    }
    g_string_append(out, open ? "</span>" : "");
}

void
ansi_to_html(GString *out, const char *line)
{
    g_autoptr(GString) text = g_string_new(NULL);

    walk(text, line, true);
    g_string_append_len(out, text->str, (gssize)text->len);
}

char *
ansi_to_plain(const char *line)
{
    GString *text = g_string_new(NULL);

    walk(text, line, false);
    return g_string_free(text, FALSE);
}
