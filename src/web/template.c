/* SPDX-License-Identifier: Apache-2.0
 * template: templates are small and read as they are filled; nothing is kept between two. */
#include "web/template.h"
#include <string.h>
#include "base/banned.h"

typedef struct Scope {
    const json_t *value; /* borrowed */
    const struct Scope *outer;
} Scope;

typedef struct Render {
    TemplateFind find;
    GString *out;
    int depth;
} Render;

typedef struct Tag {   /* between {{ and }}; borrowed from the text */
    const char *begin; /* of the braces */
    const char *end;   /* after the braces */
    const char *word;
    size_t len;
    bool raw;
} Tag;

static bool fill(Render *render, const char *text, const char *end, const Scope *scope,
                 GError **error);

void
template_escape(GString *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        switch (text[i]) {
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
            g_string_append_c(out, text[i]);
        }
    }
}

/* ---- values ------------------------------------------------------------------------------------ */

static const json_t *
member(const json_t *value, const char *name, size_t len)
{
    g_autofree char *key = g_strndup(name, len);

    return json_object_get(value, key);
}

/* "a.b.c" from the innermost scope whose value has "a". NULL: nobody has. */
static const json_t *
look_up(const Scope *scope, const char *path, size_t len)
{
    const char *dot = memchr(path, '.', len);
    size_t first = dot != NULL ? (size_t)(dot - path) : len;
    const json_t *value = NULL;

    if (len == 1 && path[0] == '.')
        return scope->value;
    for (; scope != NULL && value == NULL; scope = scope->outer)
        value = member(scope->value, path, first);
    while (value != NULL && first < len) {
        path += first + 1;
        len -= first + 1;
        dot = memchr(path, '.', len);
        first = dot != NULL ? (size_t)(dot - path) : len;
        value = member(value, path, first);
    }
    return value;
}

static bool
is_true(const json_t *value)
{
    if (value == NULL)
        return false;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return json_object_size(value) > 0;
    case JSON_ARRAY:
        return json_array_size(value) > 0;
    case JSON_STRING:
        return json_string_length(value) > 0;
    case JSON_INTEGER:
        return json_integer_value(value) != 0;
    case JSON_TRUE:
    case JSON_REAL:
        return true;
    case JSON_FALSE:
    case JSON_NULL:
        break;
    }
    return false;
}

static void
append_value(GString *out, const json_t *value, bool raw)
{
    if (json_is_integer(value))
        g_string_append_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (json_is_boolean(value))
        g_string_append(out, json_is_true(value) ? "true" : "false");
    if (json_is_string(value) && raw)
        g_string_append_len(out, json_string_value(value), (gssize)json_string_length(value));
    if (json_is_string(value) && !raw)
        template_escape(out, json_string_value(value), json_string_length(value));
}

/* ---- tags -------------------------------------------------------------------------------------- */

static bool
mistake(GError **error, const char *what, const char *at)
{
    g_autofree char *near = g_strndup(at, 40);

    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s near '%s'", what, near);
    return false;
}

/* The next tag from @text on; @tag->begin is @end when there is none. */
static bool
next_tag(const char *text, const char *end, Tag *tag, GError **error)
{
    const char *open = g_strstr_len(text, end - text, "{{");
    const char *close = NULL;

    *tag = (Tag){ .begin = end, .end = end };
    if (open == NULL)
        return true;
    tag->raw = open + 2 < end && open[2] == '{';
    tag->begin = open;
    tag->word = open + (tag->raw ? 3 : 2);
    close = g_strstr_len(tag->word, end - tag->word, tag->raw ? "}}}" : "}}");
    if (close == NULL)
        return mistake(error, "a tag does not end", open);
    tag->end = close + (tag->raw ? 3 : 2);
    while (tag->word < close && *tag->word == ' ')
        tag->word++;
    tag->len = (size_t)(close - tag->word);
    while (tag->len > 0 && tag->word[tag->len - 1] == ' ')
        tag->len--;
    return true;
}

static bool
tag_begins(const Tag *tag, const char *word)
{
    return !tag->raw && tag->len >= strlen(word) && strncmp(tag->word, word, strlen(word)) == 0;
}

/* The parts of a block that begins after @open: up to its else and its end. */
static bool
find_block(const Tag *open, const char *end, Tag *otherwise, Tag *close, GError **error)
{
    const char *at = open->end;
    int depth = 0;

    otherwise->begin = NULL;
    while (true) {
        if (!next_tag(at, end, close, error))
            return false;
        if (close->begin == end)
            return mistake(error, "a block does not end", open->begin);
        if (depth == 0 && tag_begins(close, "/"))
            break;
        if (depth == 0 && close->len == 4 && tag_begins(close, "else"))
            *otherwise = *close;
        depth += tag_begins(close, "#") ? 1 : tag_begins(close, "/") ? -1 : 0;
        at = close->end;
    }
    if (otherwise->begin == NULL)
        *otherwise = (Tag){ .begin = close->begin, .end = close->begin };
    return true;
}

/* ---- filling ----------------------------------------------------------------------------------- */

static bool
fill_each(Render *render, const json_t *list, const Tag *open, const Tag *otherwise,
          const Tag *close, const Scope *scope, GError **error)
{
    if (!is_true(list))
        return fill(render, otherwise->end, close->begin, scope, error);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const Scope inner = { .value = json_array_get(list, i), .outer = scope };

        if (!fill(render, open->end, otherwise->begin, &inner, error))
            return false;
    }
    return true;
}

static bool
fill_block(Render *render, const Tag *open, const char *end, const Scope *scope,
           const char **next_out, GError **error)
{
    Tag otherwise = { 0 }, close = { 0 };
    bool each = tag_begins(open, "#each ");
    size_t skip = strlen(each ? "#each " : "#if ");

    if (!each && !tag_begins(open, "#if "))
        return mistake(error, "an unknown block", open->begin);
    if (!find_block(open, end, &otherwise, &close, error))
        return false;
    *next_out = close.end;
    const json_t *value = look_up(scope, open->word + skip, open->len - skip);
    if (each)
        return fill_each(render, value, open, &otherwise, &close, scope, error);
    return is_true(value) ? fill(render, open->end, otherwise.begin, scope, error)
                          : fill(render, otherwise.end, close.begin, scope, error);
}

static bool
fill_other(Render *render, const Tag *tag, const Scope *scope, GError **error)
{
    g_autofree char *name = g_strstrip(g_strndup(tag->word + 1, tag->len - 1));
    const char *text = render->find(name);

    if (text != NULL)
        return fill(render, text, text + strlen(text), scope, error);
    error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no template '%s'", name);
    return false;
}

static bool
fill_tag(Render *render, const Tag *tag, const char *end, const Scope *scope, const char **next_out,
         GError **error)
{
    *next_out = tag->end;
    if (tag_begins(tag, "#"))
        return fill_block(render, tag, end, scope, next_out, error);
    if (tag_begins(tag, ">"))
        return fill_other(render, tag, scope, error);
    if (tag_begins(tag, "/") || tag->len == 0)
        return mistake(error, "a tag out of place", tag->begin);
    append_value(render->out, look_up(scope, tag->word, tag->len), tag->raw);
    return true;
}

static bool
fill(Render *render, const char *text, const char *end, const Scope *scope, GError **error)
{
    bool ok = true;

    if (render->depth >= TEMPLATE_MAX_DEPTH)
        return mistake(error, "templates too deep within each other", text);
    render->depth++;
    while (ok && text < end) {
        Tag tag;

        ok = next_tag(text, end, &tag, error);
        if (!ok)
            break;
        g_string_append_len(render->out, text, tag.begin - text);
        if (tag.begin == end)
            break;
        ok = fill_tag(render, &tag, end, scope, &text, error);
    }
    render->depth--;
    return ok;
}

bool
template_render(TemplateFind find, const char *name, const json_t *context, GString *out,
                GError **error)
{
    Render render = { .find = find, .out = out };
    const Scope scope = { .value = context };
    const char *text = find(name);

    if (text == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no template '%s'", name);
        return false;
    }
    if (fill(&render, text, text + strlen(text), &scope, error))
        return true;
    error_prefix(error, "template '%s'", name);
    return false;
}
