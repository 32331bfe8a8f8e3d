/* SPDX-License-Identifier: Apache-2.0
 * condition_read: the grammar in condition.h, by recursive descent over one token of look-ahead. */
#include <string.h>
#include "pipeline/condition.h"
#include "pipeline/condition_priv.h"
#include "base/banned.h"

typedef enum {
    TOKEN_END,
    TOKEN_NAME, /* also true, false, in, changed */
    TOKEN_TEXT,
    TOKEN_SIGN, /* one or two characters */
    TOKEN_BAD,
} TokenKind;

typedef struct {
    const char *text; /* borrowed; the whole expression */
    const ConditionScope *scope;
    TokenKind kind;
    size_t at;   /* where the token begins */
    size_t len;  /* its bytes; without the quotes for TEXT */
    size_t next; /* where to go on */
    unsigned depth;
    size_t error_at;
} Reader;

/* Sets the error at byte @at. Returns NULL for the caller to return. */
static Condition *fail_at(Reader *reader, size_t at, GError **error, const char *format, ...)
    PRINTF_LIKE(4, 5);

static Condition *
fail_at(Reader *reader, size_t at, GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    reader->error_at = at;
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s", message);
    return NULL;
}

static bool
is_name_start(char c)
{
    return g_ascii_isalpha(c) || c == '_';
}

static void
advance(Reader *reader)
{
    static const char *const signs[] = { "&&", "||", "==", "!=", "=~", "!~",
                                         "!",  "(",  ")",  "[",  "]",  "," };
    size_t at = reader->next + strspn(reader->text + reader->next, " \t\r\n");
    const char *p = reader->text + at;

    reader->at = at;
    reader->len = 0;
    reader->kind = *p == '\0' ? TOKEN_END : TOKEN_BAD;
    if (is_name_start(*p)) {
        reader->kind = TOKEN_NAME;
        while (g_ascii_isalnum(p[reader->len]) ||
               (p[reader->len] != '\0' && strchr("._-", p[reader->len]) != NULL))
            reader->len++;
    } else if (*p == '"' || *p == '\'') {
        const char *end = strchr(p + 1, *p);

        if (end == NULL)
            return;
        reader->kind = TOKEN_TEXT;
        reader->len = (size_t)(end - p - 1);
        reader->next = at + reader->len + 2;
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(signs) && reader->kind == TOKEN_BAD; i++) {
        if (g_str_has_prefix(p, signs[i])) {
            reader->kind = TOKEN_SIGN;
            reader->len = strlen(signs[i]);
        }
    }
    reader->next = at + reader->len;
}

static bool
is_token(const Reader *reader, TokenKind kind, const char *text)
{
    return reader->kind == kind && strlen(text) == reader->len &&
           strncmp(reader->text + reader->at, text, reader->len) == 0;
}

/* Steps over the sign @text if it is there. */
static bool
accept(Reader *reader, const char *text)
{
    if (!is_token(reader, TOKEN_SIGN, text))
        return false;
    advance(reader);
    return true;
}

/* The current token's own text. Owned. */
static char *
token_text(const Reader *reader)
{
    return g_strndup(reader->text + reader->at + (reader->kind == TOKEN_TEXT), reader->len);
}

/* What stands here, for "expected …" messages. Owned. */
static char *
token_shown(const Reader *reader)
{
    if (reader->kind == TOKEN_END)
        return g_strdup("the end");
    if (reader->kind == TOKEN_BAD && strchr("\"'", reader->text[reader->at]) != NULL)
        return g_strdup("text without a closing quote");
    if (reader->kind == TOKEN_BAD) {
        const char *p = reader->text + reader->at;

        return g_strdup_printf("'%.*s'", (int)(g_utf8_next_char(p) - p), p);
    }
    g_autofree char *text = token_text(reader);

    return g_strdup_printf("'%s'", text);
}

static Condition *
fail_expected(Reader *reader, const char *what, GError **error)
{
    g_autofree char *shown = token_shown(reader);

    return fail_at(reader, reader->at, error, "expected %s, found %s", what, shown);
}

static bool
is_text(const Condition *node)
{
    return node->kind == NODE_NAME || node->kind == NODE_TEXT;
}

static Condition *read_any(Reader *reader, GError **error);

/* One quoted text into @list; a glob is checked. */
static bool
read_item(Reader *reader, bool is_glob, GPtrArray *list, GError **error)
{
    if (reader->kind != TOKEN_TEXT) {
        (void)fail_expected(reader, is_glob ? "a quoted glob" : "a quoted text", error);
        return false;
    }
    g_autofree char *text = token_text(reader);

    if (is_glob && !condition_check_glob(text, error)) {
        reader->error_at = reader->at;
        return false;
    }
    g_ptr_array_add(list, g_steal_pointer(&text));
    advance(reader);
    return true;
}

/* Items up to @end, which is stepped over. At least one. Returns: owned, NULL-terminated. */
static GPtrArray *
read_list(Reader *reader, const char *end, bool is_glob, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);

    do {
        if (!read_item(reader, is_glob, list, error))
            return NULL;
    } while (accept(reader, ","));
    if (!accept(reader, end)) {
        (void)fail_expected(reader, strcmp(end, "]") == 0 ? "',' or ']'" : "',' or ')'", error);
        return NULL;
    }
    g_ptr_array_add(list, NULL);
    return g_steal_pointer(&list);
}

static Condition *
read_changed(Reader *reader, GError **error)
{
    if (!accept(reader, "("))
        return fail_expected(reader, "'(' after 'changed'", error);
    g_autoptr(Condition) node = condition_node_new(NODE_CHANGED);

    node->list = read_list(reader, ")", true, error);
    return node->list == NULL ? NULL : g_steal_pointer(&node);
}

static Condition *
read_name(Reader *reader, GError **error)
{
    g_autofree char *name = token_text(reader);
    size_t at = reader->at;

    advance(reader);
    if (strcmp(name, "true") == 0 || strcmp(name, "false") == 0)
        return condition_node_new(name[0] == 't' ? NODE_TRUE : NODE_FALSE);
    if (strcmp(name, "changed") == 0)
        return read_changed(reader, error);
    if (!reader->scope->has_name(name, reader->scope->data)) {
        const char *near = reader->scope->nearest == NULL
                               ? NULL
                               : reader->scope->nearest(name, reader->scope->data);

        if (near != NULL)
            return fail_at(reader, at, error, "unknown name '%s'; did you mean '%s'?", name, near);
        return fail_at(reader, at, error, "unknown name '%s'; text is written in quotes", name);
    }
    Condition *node = condition_node_new(NODE_NAME);

    node->text = g_steal_pointer(&name);
    return node;
}

static Condition *
read_value(Reader *reader, GError **error)
{
    if (accept(reader, "(")) {
        g_autoptr(Condition) inner = read_any(reader, error);

        if (inner == NULL)
            return NULL;
        if (!accept(reader, ")"))
            return fail_expected(reader, "')'", error);
        return g_steal_pointer(&inner);
    }
    if (reader->kind == TOKEN_NAME)
        return read_name(reader, error);
    if (reader->kind != TOKEN_TEXT)
        return fail_expected(reader, "a name, a quoted text or '('", error);
    Condition *node = condition_node_new(NODE_TEXT);

    node->text = token_text(reader);
    advance(reader);
    return node;
}

/* Puts @left, which must be text, into a new test. Takes @left. */
static Condition *
start_test(Reader *reader, NodeKind kind, Condition *left, size_t left_at, GError **error)
{
    if (!is_text(left)) {
        condition_free(left);
        return fail_at(reader, left_at, error, "a text is compared here, not a truth");
    }
    Condition *node = condition_node_new(kind);

    condition_node_add(node, left);
    return node;
}

static Condition *
read_same(Reader *reader, Condition *left, size_t left_at, bool negated, GError **error)
{
    g_autoptr(Condition) node = start_test(reader, NODE_SAME, left, left_at, error);

    if (node == NULL)
        return NULL;
    size_t at = reader->at;
    g_autoptr(Condition) right = read_value(reader, error);

    if (right == NULL)
        return NULL;
    if (!is_text(right))
        return fail_at(reader, at, error, "a text is compared here, not a truth");
    node->negated = negated;
    condition_node_add(node, g_steal_pointer(&right));
    return g_steal_pointer(&node);
}

static Condition *
read_fits(Reader *reader, Condition *left, size_t left_at, bool negated, GError **error)
{
    g_autoptr(Condition) node = start_test(reader, NODE_FITS, left, left_at, error);

    if (node == NULL)
        return NULL;
    node->negated = negated;
    if (accept(reader, "[")) {
        node->list = read_list(reader, "]", true, error);
        return node->list == NULL ? NULL : g_steal_pointer(&node);
    }
    node->list = g_ptr_array_new_with_free_func(g_free);
    if (!read_item(reader, true, node->list, error))
        return NULL;
    g_ptr_array_add(node->list, NULL);
    return g_steal_pointer(&node);
}

static Condition *
read_in(Reader *reader, Condition *left, size_t left_at, GError **error)
{
    g_autoptr(Condition) node = start_test(reader, NODE_IN, left, left_at, error);

    if (node == NULL)
        return NULL;
    if (!accept(reader, "["))
        return fail_expected(reader, "'[' after 'in'", error);
    node->list = read_list(reader, "]", false, error);
    return node->list == NULL ? NULL : g_steal_pointer(&node);
}

static Condition *
read_test(Reader *reader, GError **error)
{
    size_t at = reader->at;
    g_autoptr(Condition) left = read_value(reader, error);

    if (left == NULL)
        return NULL;
    if (is_token(reader, TOKEN_NAME, "in")) {
        advance(reader);
        return read_in(reader, g_steal_pointer(&left), at, error);
    }
    if (accept(reader, "=="))
        return read_same(reader, g_steal_pointer(&left), at, false, error);
    if (accept(reader, "!="))
        return read_same(reader, g_steal_pointer(&left), at, true, error);
    if (accept(reader, "=~"))
        return read_fits(reader, g_steal_pointer(&left), at, false, error);
    if (accept(reader, "!~"))
        return read_fits(reader, g_steal_pointer(&left), at, true, error);
    return g_steal_pointer(&left);
}

/* A truth; @at: where it began. Takes @node. */
static Condition *
need_truth(Reader *reader, Condition *node, size_t at, GError **error)
{
    if (node == NULL || !is_text(node))
        return node;
    condition_free(node);
    return fail_at(reader, at, error,
                   "a truth is needed here, not a text; compare it with '==', '=~' or 'in'");
}

static Condition *
read_not(Reader *reader, GError **error)
{
    size_t at = reader->at;

    if (!accept(reader, "!"))
        return need_truth(reader, read_test(reader, error), at, error);
    if (++reader->depth > CONDITION_MAX_DEPTH)
        return fail_at(reader, at, error, "nested deeper than %d levels", CONDITION_MAX_DEPTH);
    Condition *inner = read_not(reader, error);

    reader->depth--;
    if (inner == NULL)
        return NULL;
    Condition *node = condition_node_new(NODE_NOT);

    condition_node_add(node, inner);
    return node;
}

static Condition *
read_all(Reader *reader, GError **error)
{
    g_autoptr(Condition) first = read_not(reader, error);

    if (first == NULL || !is_token(reader, TOKEN_SIGN, "&&"))
        return g_steal_pointer(&first);
    g_autoptr(Condition) node = condition_node_new(NODE_ALL);

    condition_node_add(node, g_steal_pointer(&first));
    while (accept(reader, "&&")) {
        Condition *next = read_not(reader, error);

        if (next == NULL)
            return NULL;
        condition_node_add(node, next);
    }
    return g_steal_pointer(&node);
}

static Condition *
read_any_inner(Reader *reader, GError **error)
{
    g_autoptr(Condition) first = read_all(reader, error);

    if (first == NULL || !is_token(reader, TOKEN_SIGN, "||"))
        return g_steal_pointer(&first);
    g_autoptr(Condition) node = condition_node_new(NODE_ANY);

    condition_node_add(node, g_steal_pointer(&first));
    while (accept(reader, "||")) {
        Condition *next = read_all(reader, error);

        if (next == NULL)
            return NULL;
        condition_node_add(node, next);
    }
    return g_steal_pointer(&node);
}

/* Depth is counted here and at "!": the only two ways to nest. */
static Condition *
read_any(Reader *reader, GError **error)
{
    if (++reader->depth > CONDITION_MAX_DEPTH)
        return fail_at(reader, reader->at, error, "nested deeper than %d levels",
                       CONDITION_MAX_DEPTH);
    Condition *node = read_any_inner(reader, error);

    reader->depth--;
    return node;
}

Condition *
condition_parse(const char *text, const ConditionScope *scope, size_t *offset_out, GError **error)
{
    Reader reader = { .text = text, .scope = scope };
    g_autoptr(Condition) node = NULL;

    if (strlen(text) > CONDITION_MAX_BYTES) {
        if (offset_out != NULL)
            *offset_out = 0;
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "a condition is longer than %d bytes",
                  CONDITION_MAX_BYTES);
        return NULL;
    }
    advance(&reader);
    node = read_any(&reader, error);
    if (node != NULL && reader.kind != TOKEN_END) {
        (void)fail_expected(&reader, "'&&', '||' or the end", error);
        g_clear_pointer(&node, condition_free);
    }
    if (node == NULL && offset_out != NULL)
        *offset_out = reader.error_at;
    return g_steal_pointer(&node);
}
