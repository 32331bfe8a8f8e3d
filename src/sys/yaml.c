/* SPDX-License-Identifier: Apache-2.0
 * yaml: a tree built from libfyaml's events. What our subset leaves out is refused here, event by
 * event, so that nothing is ever resolved or expanded; the reader goes on after such a refusal to
 * show every one at once, and stops at the first error of syntax.
 *
 * 1. A node under construction is on the stack; every node is owned by the document's list.
 * 2. In a map on the stack, pending_key is set between the events of a key and of its value. */
#include "sys/yaml.h"
#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>
#include "base/encoding.h"
#include "base/error.h"
#include "base/banned.h"

#define INT_DIGITS_MAX  18
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct YamlNode {
    YamlKind kind;
    YamlStyle style; /* scalars */
    TextPosition at;
    char *text;          /* owned; scalars */
    GPtrArray *keys;     /* owned list of borrowed nodes; maps */
    GPtrArray *items;    /* owned list of borrowed nodes; maps and lists */
    GHashTable *by_text; /* owned; maps: borrowed key text -> borrowed value */
};

struct YamlDocument {
    GPtrArray *nodes; /* owned YamlNode */
    YamlNode *root;   /* borrowed from nodes */
};

typedef struct Builder {
    Diagnostics *diagnostics; /* borrowed */
    YamlDocument *document;   /* borrowed */
    GPtrArray *stack;         /* owned list of borrowed nodes: open maps and lists */
    GPtrArray *pending;       /* owned list, parallel to stack: borrowed key node or NULL */
    TextPosition last;        /* of the last event that had one */
    unsigned documents;       /* begun so far */
} Builder;

static void
node_free(void *data)
{
    YamlNode *node = data;

    g_free(node->text);
    g_clear_pointer(&node->keys, g_ptr_array_unref);
    g_clear_pointer(&node->items, g_ptr_array_unref);
    g_clear_pointer(&node->by_text, g_hash_table_unref);
    g_free(node);
}

void
yaml_document_free(YamlDocument *document)
{
    if (document == NULL)
        return;
    g_ptr_array_unref(document->nodes);
    g_free(document);
}

static void
parser_clear(struct fy_parser **parser)
{
    if (*parser != NULL)
        fy_parser_destroy(*parser);
}

static void
diag_clear(struct fy_diag **diag)
{
    if (*diag != NULL) {
        fy_diag_reset_error(*diag); /* frees the collected errors, which destroying it leaks */
        fy_diag_unref(*diag);
    }
}

static void
builder_clear(Builder *builder)
{
    g_ptr_array_unref(builder->stack);
    g_ptr_array_unref(builder->pending);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Builder, builder_clear)

static YamlNode *
node_new(Builder *builder, YamlKind kind)
{
    YamlNode *node = g_new0(YamlNode, 1);

    node->kind = kind;
    node->at = builder->last;
    if (kind != YAML_SCALAR)
        node->items = g_ptr_array_new();
    if (kind == YAML_MAP) {
        node->keys = g_ptr_array_new();
        node->by_text = g_hash_table_new(g_str_hash, g_str_equal);
    }
    g_ptr_array_add(builder->document->nodes, node);
    return node;
}

static void
add_member(Builder *builder, YamlNode *map, YamlNode *key, YamlNode *value)
{
    if (g_hash_table_contains(map->by_text, key->text)) {
        diagnostics_add(builder->diagnostics, key->at, "duplicate key '%s'", key->text);
        return;
    }
    g_hash_table_insert(map->by_text, key->text, value);
    g_ptr_array_add(map->keys, key);
    g_ptr_array_add(map->items, value);
}

static void
check_key(Builder *builder, YamlNode *key)
{
    if (key->kind != YAML_SCALAR) {
        diagnostics_add(builder->diagnostics, key->at, "a key must be text, not %s",
                        yaml_node_kind_name(key));
        key->text = g_strdup(""); /* only to go on; the document is refused */
    } else if (key->style == YAML_PLAIN && strcmp(key->text, "<<") == 0) {
        diagnostics_add(builder->diagnostics, key->at, "merge keys ('<<') are not allowed");
    }
}

/* A whole node has come: hands it to what is on top of the stack. */
static void
attach(Builder *builder, YamlNode *node)
{
    guint depth = builder->stack->len;
    YamlNode *parent = depth > 0 ? g_ptr_array_index(builder->stack, depth - 1) : NULL;
    YamlNode *key = depth > 0 ? g_ptr_array_index(builder->pending, depth - 1) : NULL;

    if (parent == NULL) {
        if (builder->document->root == NULL)
            builder->document->root = node;
    } else if (parent->kind == YAML_LIST) {
        g_ptr_array_add(parent->items, node);
    } else if (key == NULL) {
        check_key(builder, node);
        g_ptr_array_index(builder->pending, depth - 1) = node;
    } else {
        add_member(builder, parent, key, node);
        g_ptr_array_index(builder->pending, depth - 1) = NULL;
    }
}

static bool
push(Builder *builder, YamlKind kind)
{
    if (builder->stack->len >= YAML_LIMIT_DEPTH) {
        diagnostics_add(builder->diagnostics, builder->last, "nested deeper than %d levels",
                        YAML_LIMIT_DEPTH);
        return false;
    }
    g_ptr_array_add(builder->stack, node_new(builder, kind));
    g_ptr_array_add(builder->pending, NULL);
    return true;
}

static void
pop(Builder *builder)
{
    YamlNode *node = g_ptr_array_index(builder->stack, builder->stack->len - 1);

    g_ptr_array_set_size(builder->stack, (int)builder->stack->len - 1);
    g_ptr_array_set_size(builder->pending, (int)builder->pending->len - 1);
    attach(builder, node);
}

/* libfyaml's mark of an anchor, alias or quoted text is behind its first character. */
static TextPosition
one_left(TextPosition at)
{
    at.column -= at.column > 1;
    return at;
}

static TextPosition
position_of(const struct fy_mark *mark)
{
    return (TextPosition){ .line = (unsigned)mark->line + 1, .column = (unsigned)mark->column + 1 };
}

static YamlStyle
style_of(struct fy_token *token)
{
    switch (fy_token_scalar_style(token)) {
    case FYSS_SINGLE_QUOTED:
    case FYSS_DOUBLE_QUOTED:
        return YAML_QUOTED;
    case FYSS_LITERAL:
    case FYSS_FOLDED:
        return YAML_BLOCK;
    default:
        return YAML_PLAIN;
    }
}

static void
add_scalar(Builder *builder, struct fy_event *event)
{
    struct fy_token *token = fy_event_get_token(event);
    YamlNode *node = node_new(builder, YAML_SCALAR);
    size_t len = 0;
    const char *text = token != NULL ? fy_token_get_text(token, &len) : "";

    node->style = token != NULL ? style_of(token) : YAML_PLAIN;
    if (node->style == YAML_QUOTED)
        node->at = one_left(node->at);
    if (text == NULL || !utf8_is_valid(span_of(text, len))) {
        diagnostics_add(builder->diagnostics, node->at,
                        "the text has a NUL character or is not Unicode");
        len = 0;
        text = "";
    }
    node->text = g_strndup(text, len);
    attach(builder, node);
}

/* An alias stands for a node, so something has to take its place. */
static void
refuse_alias(Builder *builder)
{
    YamlNode *node;

    diagnostics_add(builder->diagnostics, one_left(builder->last),
                    "aliases ('*name') are not allowed");
    node = node_new(builder, YAML_SCALAR);
    node->text = g_strdup("");
    attach(builder, node);
}

static void
refuse_properties(Builder *builder, struct fy_event *event)
{
    struct fy_token *anchor = fy_event_get_anchor_token(event);
    struct fy_token *tag = fy_event_get_tag_token(event);
    const struct fy_mark *mark;

    if (anchor != NULL) {
        mark = fy_token_start_mark(anchor);
        diagnostics_add(builder->diagnostics,
                        mark != NULL ? one_left(position_of(mark)) : builder->last,
                        "anchors ('&name') are not allowed");
    }
    if (tag != NULL) {
        mark = fy_token_start_mark(tag);
        diagnostics_add(builder->diagnostics, mark != NULL ? position_of(mark) : builder->last,
                        "tags ('!name') are not allowed");
    }
}

static bool
begin_document(Builder *builder)
{
    builder->documents++;
    if (builder->documents == 1)
        return true;
    diagnostics_add(builder->diagnostics, builder->last, "a second document is not allowed");
    return false;
}

/* Returns false when reading must stop. */
static bool
take_event(Builder *builder, struct fy_event *event)
{
    const struct fy_mark *mark = fy_event_start_mark(event);

    if (mark != NULL)
        builder->last = position_of(mark);
    if (builder->document->nodes->len >= YAML_LIMIT_NODES) {
        diagnostics_add(builder->diagnostics, builder->last, "more than %d values",
                        YAML_LIMIT_NODES);
        return false;
    }
    switch (event->type) {
    case FYET_DOCUMENT_START:
        return begin_document(builder);
    case FYET_MAPPING_START:
        refuse_properties(builder, event);
        return push(builder, YAML_MAP);
    case FYET_SEQUENCE_START:
        refuse_properties(builder, event);
        return push(builder, YAML_LIST);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        pop(builder);
        return true;
    case FYET_SCALAR:
        refuse_properties(builder, event);
        add_scalar(builder, event);
        return true;
    case FYET_ALIAS:
        refuse_alias(builder);
        return true;
    default:
        return true;
    }
}

/* Moves what libfyaml complained about to @diagnostics. */
static void
add_syntax_errors(Builder *builder, struct fy_diag *diag)
{
    void *iterator = NULL;
    struct fy_diag_error *found;
    bool any = false;

    while ((found = fy_diag_errors_iterate(diag, &iterator)) != NULL) {
        TextPosition at = builder->last;

        if (found->type < FYET_ERROR)
            continue;
        if (found->line > 0)
            at = (TextPosition){ (unsigned)found->line, (unsigned)MAX(found->column, 1) };
        diagnostics_add(builder->diagnostics, at, "not YAML: %s", found->msg);
        any = true;
    }
    if (!any)
        diagnostics_add(builder->diagnostics, builder->last, "not YAML");
}

static void
read_events(Builder *builder, struct fy_parser *parser, struct fy_diag *diag)
{
    struct fy_event *event;
    bool go_on = true;

    while (go_on && (event = fy_parser_parse(parser)) != NULL) {
        go_on = take_event(builder, event);
        fy_parser_event_free(parser, event);
    }
    if (go_on && (fy_parser_get_stream_error(parser) || fy_diag_got_error(diag)))
        add_syntax_errors(builder, diag);
    else if (go_on && builder->document->root == NULL)
        diagnostics_add(builder->diagnostics, (TextPosition){ 1, 1 }, "the file is empty");
}

/* Nothing else can begin with '%' there; libfyaml passes over those it does not know. */
static void
refuse_directives(const char *text, Diagnostics *diagnostics)
{
    unsigned line = 1;

    if (g_str_has_prefix(text, BYTE_ORDER_MARK))
        text += strlen(BYTE_ORDER_MARK);
    for (; *text != '\0'; line++) {
        const char *word = text + strspn(text, " \t\r");

        if (*text == '%')
            diagnostics_add(diagnostics, (TextPosition){ line, 1 },
                            "directives ('%%') are not allowed");
        else if (*word != '#' && *word != '\n' && *word != '\0')
            return;
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
}

/* What is checked before libfyaml sees a byte. */
static bool
check_text(Span text, Diagnostics *diagnostics)
{
    if (text.len > YAML_LIMIT_BYTES) {
        diagnostics_add(diagnostics, (TextPosition){ 0 },
                        "the file has %zu bytes, at most %u are read", text.len, YAML_LIMIT_BYTES);
        return false;
    }
    if (!utf8_is_valid(text)) {
        diagnostics_add(diagnostics, (TextPosition){ 0 },
                        "the file is not UTF-8 text without NUL characters");
        return false;
    }
    return true;
}

YamlDocument *
yaml_parse(Span text, Diagnostics *diagnostics)
{
    g_autoptr(YamlDocument) document = g_new0(YamlDocument, 1);
    g_auto(Builder) builder = { .diagnostics = diagnostics, .document = document };
    g_autofree char *copy = NULL; /* NUL-terminated */
    struct fy_diag *diag CLEANUP(diag_clear) = NULL;
    struct fy_parser *parser CLEANUP(parser_clear) = NULL;
    struct fy_diag_cfg diag_config;
    struct fy_parse_cfg config = { .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG |
                                            FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE };
    size_t before = diagnostics_count(diagnostics);

    document->nodes = g_ptr_array_new_with_free_func(node_free);
    builder.stack = g_ptr_array_new();
    builder.pending = g_ptr_array_new();
    builder.last = (TextPosition){ 1, 1 };
    if (!check_text(text, diagnostics))
        return NULL;
    copy = g_strndup(text.len > 0 ? (const char *)text.data : "", text.len);
    refuse_directives(copy, diagnostics);
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL;
    diag = fy_diag_create(&diag_config);
    if (diag != NULL)
        fy_diag_set_collect_errors(diag, true);
    config.diag = diag;
    parser = diag != NULL ? fy_parser_create(&config) : NULL;
    if (parser == NULL || fy_parser_set_string(parser, copy, text.len) != 0) {
        diagnostics_add(diagnostics, (TextPosition){ 0 }, "the YAML reader could not be started");
        return NULL;
    }
    read_events(&builder, parser, diag);
    return diagnostics_count(diagnostics) == before ? g_steal_pointer(&document) : NULL;
}

const YamlNode *
yaml_document_root(const YamlDocument *document)
{
    return document->root;
}

YamlKind
yaml_node_kind(const YamlNode *node)
{
    return node->kind;
}

const char *
yaml_node_kind_name(const YamlNode *node)
{
    switch (node->kind) {
    case YAML_MAP:
        return "a map";
    case YAML_LIST:
        return "a list";
    case YAML_SCALAR:
        return yaml_node_is_null(node) ? "nothing" : "text";
    case YAML_NONE:
        break;
    }
    return "nothing";
}

TextPosition
yaml_node_position(const YamlNode *node)
{
    return node->at;
}

const char *
yaml_node_text(const YamlNode *node)
{
    return node->kind == YAML_SCALAR ? node->text : NULL;
}

YamlStyle
yaml_node_style(const YamlNode *node)
{
    return node->style;
}

static bool
is_plain(const YamlNode *node)
{
    return node->kind == YAML_SCALAR && node->style == YAML_PLAIN;
}

bool
yaml_node_is_null(const YamlNode *node)
{
    return is_plain(node) &&
           (*node->text == '\0' || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

bool
yaml_node_bool(const YamlNode *node, bool *value_out)
{
    if (!is_plain(node) || (strcmp(node->text, "true") != 0 && strcmp(node->text, "false") != 0))
        return false;
    *value_out = strcmp(node->text, "true") == 0;
    return true;
}

bool
yaml_node_int(const YamlNode *node, int64_t *value_out)
{
    const char *digits;
    size_t n;

    if (!is_plain(node))
        return false;
    digits = node->text + (*node->text == '-');
    n = strspn(digits, "0123456789");
    if (n == 0 || n > INT_DIGITS_MAX || digits[n] != '\0' || (*digits == '0' && n > 1))
        return false;
    *value_out = (int64_t)g_ascii_strtoll(node->text, NULL, 10);
    return true;
}

size_t
yaml_node_length(const YamlNode *node)
{
    return node->items != NULL ? node->items->len : 0;
}

const YamlNode *
yaml_node_at(const YamlNode *node, size_t index)
{
    return g_ptr_array_index(node->items, index);
}

const YamlNode *
yaml_node_key_at(const YamlNode *node, size_t index)
{
    return g_ptr_array_index(node->keys, index);
}

const YamlNode *
yaml_node_find(const YamlNode *node, const char *key)
{
    return node->kind == YAML_MAP ? g_hash_table_lookup(node->by_text, key) : NULL;
}
