/* SPDX-License-Identifier: Apache-2.0
 * html: text, attributes and elements into one buffer. */
#include "web/html.h"
#include <assert.h>
#include <stdarg.h>
#include "base/banned.h"

struct Html {
    GString *out;    /* owned */
    GPtrArray *open; /* owned, of static tags */
};

static void
escape(GString *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            g_string_append(out, "&amp;");
            break;
        case '<':
            g_string_append(out, "&lt;");
            break;
        case '>':
            g_string_append(out, "&gt;");
            break;
        case '"':
            g_string_append(out, "&quot;");
            break;
        case '\'':
            g_string_append(out, "&#39;");
            break;
        default:
            g_string_append_c(out, *text);
        }
    }
}

static void
start_tag(Html *html, const char *tag, va_list pairs)
{
    const char *name;

    g_string_append_c(html->out, '<');
    g_string_append(html->out, tag);
    while ((name = va_arg(pairs, const char *)) != NULL) {
        const char *value = va_arg(pairs, const char *);

        if (value == NULL)
            continue;
        g_string_append_c(html->out, ' ');
        g_string_append(html->out, name);
        g_string_append(html->out, "=\"");
        escape(html->out, value);
        g_string_append_c(html->out, '"');
    }
    g_string_append_c(html->out, '>');
}

void
html_open(Html *html, const char *tag, ...)
{
    va_list pairs;

    va_start(pairs, tag);
    start_tag(html, tag, pairs);
    va_end(pairs);
    g_ptr_array_add(html->open, (void *)tag);
}

void
html_void(Html *html, const char *tag, ...)
{
    va_list pairs;

    va_start(pairs, tag);
    start_tag(html, tag, pairs);
    va_end(pairs);
}

void
html_close(Html *html)
{
    assert(html->open->len > 0);
    g_string_append(html->out, "</");
    g_string_append(html->out, g_ptr_array_steal_index(html->open, html->open->len - 1));
    g_string_append_c(html->out, '>');
}

void
html_text(Html *html, const char *text)
{
    if (text != NULL)
        escape(html->out, text);
}

void
html_format(Html *html, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    escape(html->out, text);
}

void
html_element(Html *html, const char *tag, const char *class_name, const char *text)
{
    html_open(html, tag, "class", class_name, NULL);
    html_text(html, text);
    html_close(html);
}

void
html_link(Html *html, const char *href, const char *text)
{
    html_open(html, "a", "href", href, NULL);
    html_text(html, text);
    html_close(html);
}

static void
add_header(Html *html, const char *viewer, const char *csrf)
{
    static const char *const places[][2] = {
        { "/runs", "Runs" },
        { "/queue", "Queue" },
        { "/releases", "Releases" },
        { "/log", "Log" },
    };

    html_open(html, "header", NULL);
    html_open(html, "a", "href", "/", "class", "name", NULL);
    html_text(html, "Slipway");
    html_close(html);
    html_open(html, "nav", NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
        html_link(html, places[i][0], places[i][1]);
    html_close(html);
    if (viewer != NULL) {
        html_open(html, "form", "method", "post", "action", "/logout", NULL);
        html_void(html, "input", "type", "hidden", "name", "csrf", "value", csrf, NULL);
        html_element(html, "span", "faint", viewer);
        html_element(html, "button", NULL, "Log out");
        html_close(html);
    } else {
        html_link(html, "/login", "Log in");
    }
    html_close(html);
}

Html *
html_page(const char *title, const char *viewer, const char *csrf)
{
    Html *html = g_new0(Html, 1);

    html->out = g_string_new("<!DOCTYPE html>\n");
    html->open = g_ptr_array_new();
    html_open(html, "html", "lang", "en", NULL);
    html_open(html, "head", NULL);
    html_void(html, "meta", "charset", "utf-8", NULL);
    html_void(html, "meta", "name", "viewport", "content", "width=device-width, initial-scale=1",
              NULL);
    html_element(html, "title", NULL, title);
    html_void(html, "link", "rel", "stylesheet", "href", "/static/style.css", NULL);
    html_open(html, "script", "src", "/static/live.js", "defer", "", NULL);
    html_close(html);
    html_close(html);
    html_open(html, "body", NULL);
    add_header(html, viewer, csrf);
    html_open(html, "main", NULL);
    return html;
}

GBytes *
html_finish(Html *html)
{
    GString *out = html->out;

    while (html->open->len > 0)
        html_close(html);
    html->out = NULL;
    return g_string_free_to_bytes(out);
}

void
html_free(Html *html)
{
    if (html == NULL)
        return;
    if (html->out != NULL)
        g_string_free(html->out, TRUE);
    g_ptr_array_unref(html->open);
    g_free(html);
}
