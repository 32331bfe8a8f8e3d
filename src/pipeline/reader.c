/* SPDX-License-Identifier: Apache-2.0
 * reader: fields, types and suggestions, the same for every part of slipway.yaml. */
#include <string.h>
#include "format/glob.h"
#include "pipeline/reader_priv.h"
#include "sys/suggest.h"
#include "base/banned.h"

#define LOWER_NAME_BYTES 32
#define MAX_LISTED       12 /* names shown after "known are" */

/* What people write who come from elsewhere. */
static const struct {
    const char *foreign;
    const char *ours;
} foreign_keys[] = {
    { "on", "when" },
    { "if", "when" },
    { "only", "when" },
    { "rules", "when" },
    { "script", "steps" },
    { "commands", "steps" },
    { "tasks", "steps" },
    { "depends_on", "needs" },
    { "dependencies", "needs" },
    { "strategy", "matrix" },
    { "variables", "env" },
    { "environment", "env" },
    { "retries", "retry" },
    { "timeout-minutes", "timeout" },
    { "command", "run" },
    { "script", "run" },
    { "runner", "executor" },
    { "runs-on", "executor" },
    { "name", "project" },
    { "version", "slipway" },
};

void *
reader_alloc(Reader *reader, size_t n, size_t size)
{
    void *memory = g_malloc0_n(MAX(n, 1), size);

    g_ptr_array_add(reader->whole->owned, memory);
    return memory;
}

const char *
reader_take(Reader *reader, char *text)
{
    g_ptr_array_add(reader->whole->owned, text);
    return text;
}

const char *
reader_dup(Reader *reader, const char *text)
{
    return reader_take(reader, g_strdup(text));
}

void
reader_fail(Reader *reader, const YamlNode *node, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    diagnostics_add(reader->diagnostics, yaml_node_position(node), "%s", message);
}

/* The file's text at @position, or NULL. */
static const char *
text_at(const Reader *reader, TextPosition position)
{
    const char *p = reader->text;

    for (unsigned line = 1; line < position.line; line++) {
        p = strchr(p, '\n');
        if (p == NULL)
            return NULL;
        p++;
    }
    for (unsigned column = 1; column < position.column && *p != '\0' && *p != '\n'; column++)
        p = g_utf8_next_char(p);
    return p;
}

void
reader_fail_inside(Reader *reader, const YamlNode *node, size_t offset, const char *format, ...)
{
    TextPosition at = yaml_node_position(node);
    const char *value = yaml_node_text(node);
    const char *written = text_at(reader, at);
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    if (written != NULL && *written != '\0' && yaml_node_style(node) == YAML_QUOTED) {
        written++;
        at.column++;
    }
    if (written != NULL && strncmp(written, value, strlen(value)) == 0 &&
        memchr(value, '\n', offset) == NULL)
        at.column += (unsigned)g_utf8_strlen(value, (gssize)offset);
    else
        at = yaml_node_position(node);
    diagnostics_add(reader->diagnostics, at, "%s", message);
}

char *
reader_suggestion(const char *word, const char *const *names, size_t n_names)
{
    const char *near = suggest_nearest(word, names, n_names);

    for (size_t i = 0; near == NULL && i < G_N_ELEMENTS(foreign_keys); i++) {
        for (size_t k = 0;
             strcmp(word, foreign_keys[i].foreign) == 0 && near == NULL && k < n_names; k++)
            near = strcmp(names[k], foreign_keys[i].ours) == 0 ? names[k] : NULL;
    }
    if (near != NULL)
        return g_strdup_printf("; did you mean '%s'?", near);
    if (strcmp(word, "on") == 0)
        return g_strdup("; each job says in 'when' for which events it runs");
    if (n_names == 0)
        return g_strdup("; there are none");
    GString *out = g_string_new("; known are: ");

    for (size_t i = 0; i < MIN(n_names, MAX_LISTED); i++)
        g_string_append_printf(out, "%s%s", i == 0 ? "" : ", ", names[i]);
    g_string_append(out, n_names > MAX_LISTED ? ", …" : "");
    return g_string_free(out, FALSE);
}

static const ReaderField *
find_field(const ReaderField *fields, size_t n_fields, const char *name)
{
    for (size_t i = 0; i < n_fields; i++) {
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    }
    return NULL;
}

static void
fail_unknown_key(Reader *reader, const YamlNode *key, const char *where, const ReaderField *fields,
                 size_t n_fields)
{
    g_autofree const char **names = g_new0(const char *, n_fields);

    for (size_t i = 0; i < n_fields; i++)
        names[i] = fields[i].name;
    g_autofree char *suggestion = reader_suggestion(yaml_node_text(key), names, n_fields);

    reader_fail(reader, key, "unknown key '%s' in %s%s", yaml_node_text(key), where, suggestion);
}

bool
read_fields(Reader *reader, const YamlNode *node, const YamlNode *place, const char *where,
            const ReaderField *fields, size_t n_fields, void *object)
{
    size_t before = diagnostics_count(reader->diagnostics);

    if (yaml_node_kind(node) != YAML_MAP) {
        reader_fail(reader, node, "%s must be a map, not %s", where, yaml_node_kind_name(node));
        return false;
    }
    for (size_t i = 0; i < n_fields; i++) {
        if (fields[i].required && yaml_node_find(node, fields[i].name) == NULL)
            reader_fail(reader, place, "%s has no '%s'", where, fields[i].name);
    }
    for (size_t i = 0; i < yaml_node_length(node); i++) {
        const YamlNode *key = yaml_node_key_at(node, i);
        const ReaderField *field = find_field(fields, n_fields, yaml_node_text(key));

        if (field == NULL)
            fail_unknown_key(reader, key, where, fields, n_fields);
        else if (field->take != NULL)
            field->take(reader, yaml_node_at(node, i), where, object);
    }
    return diagnostics_count(reader->diagnostics) == before;
}

bool
read_named_map(Reader *reader, const YamlNode *node, const char *what, size_t max)
{
    if (yaml_node_kind(node) != YAML_MAP) {
        reader_fail(reader, node, "%s must be a map, not %s", what, yaml_node_kind_name(node));
        return false;
    }
    if (yaml_node_length(node) == 0 || yaml_node_length(node) > max) {
        reader_fail(reader, node, "%s must have 1 to %zu members, not %zu", what, max,
                    yaml_node_length(node));
        return false;
    }
    return true;
}

bool
read_text(Reader *reader, const YamlNode *node, const char *what, const char **out)
{
    if (yaml_node_kind(node) != YAML_SCALAR || yaml_node_is_null(node)) {
        reader_fail(reader, node, "%s must be text, not %s", what, yaml_node_kind_name(node));
        return false;
    }
    if (strlen(yaml_node_text(node)) > PIPELINE_MAX_TEXT_BYTES) {
        reader_fail(reader, node, "%s is longer than %u bytes", what, PIPELINE_MAX_TEXT_BYTES);
        return false;
    }
    *out = yaml_node_text(node);
    return true;
}

bool
read_name(Reader *reader, const YamlNode *node, const char *what, const char **out)
{
    if (!read_text(reader, node, what, out))
        return false;
    const char *text = *out;
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-");

    if (text[len] == '\0' && len >= 1 && len <= PIPELINE_NAME_BYTES && g_ascii_isalnum(text[0]))
        return true;
    reader_fail(reader, node,
                "%s '%s' must be 1 to %d of a-z, 0-9, '.', '_', '-', the first a letter or digit",
                what, text, PIPELINE_NAME_BYTES);
    return false;
}

bool
read_lower_name(Reader *reader, const YamlNode *key, const char *what)
{
    const char *name = yaml_node_text(key);
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

    if (len > 0 && len <= LOWER_NAME_BYTES && name[len] == '\0' && g_ascii_islower(name[0]))
        return true;
    reader_fail(reader, key, "%s must be 1 to %d of a-z, 0-9 and '_', the first a letter, not '%s'",
                what, LOWER_NAME_BYTES, name);
    return false;
}

bool
read_identifier(Reader *reader, const YamlNode *node, const char *what, const char **out)
{
    if (!read_text(reader, node, what, out))
        return false;
    const char *text = *out;
    size_t len = 0;

    while (g_ascii_isalnum(text[len]) || text[len] == '_')
        len++;
    if (text[len] == '\0' && len >= 1 && len <= PIPELINE_NAME_BYTES && !g_ascii_isdigit(text[0]))
        return true;
    reader_fail(reader, node, "%s '%s' must be 1 to %d letters, digits and '_', the first no digit",
                what, text, PIPELINE_NAME_BYTES);
    return false;
}

bool
read_integer(Reader *reader, const YamlNode *node, const char *what, int64_t min, int64_t max,
             int64_t *out)
{
    int64_t value = 0;

    if (!yaml_node_int(node, &value) || value < min || value > max) {
        reader_fail(reader, node,
                    "%s must be a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                    what, min, max);
        return false;
    }
    *out = value;
    return true;
}

bool
read_choice(Reader *reader, const YamlNode *node, const char *what, const char *const *names,
            size_t n_names, int *out)
{
    const char *text = NULL;

    if (!read_text(reader, node, what, &text))
        return false;
    for (size_t i = 1; i < n_names; i++) {
        if (strcmp(names[i], text) == 0) {
            *out = (int)i;
            return true;
        }
    }
    g_autofree char *suggestion = reader_suggestion(text, names + 1, n_names - 1);

    reader_fail(reader, node, "%s cannot be '%s'%s", what, text, suggestion);
    return false;
}

/* Digits and then one of @units; adds to *@sum_out. Steps *@cursor. */
static bool
take_amount(const char **cursor, const char *unit, uint64_t factor, uint64_t *sum_out)
{
    size_t digits = strspn(*cursor, "0123456789");
    const char *rest = *cursor + digits;

    if (digits == 0 || digits > 15 || !g_str_has_prefix(rest, unit))
        return false;
    uint64_t value = g_ascii_strtoull(*cursor, NULL, 10);

    if (value > PIPELINE_MAX_SIZE_BYTES / factor)
        value = PIPELINE_MAX_SIZE_BYTES / factor + 1; /* over every limit, without overflow */
    *sum_out += value * factor;
    *cursor = rest + strlen(unit);
    return true;
}

bool
read_duration(Reader *reader, const YamlNode *node, const char *what, int64_t *ms_out)
{
    const char *text = NULL;
    uint64_t ms = 0;

    if (!read_text(reader, node, what, &text))
        return false;
    const char *cursor = text;

    take_amount(&cursor, "h", 3600000, &ms);
    take_amount(&cursor, "m", 60000, &ms);
    take_amount(&cursor, "s", 1000, &ms);
    if (cursor == text || *cursor != '\0') {
        reader_fail(reader, node, "%s must be a time like '90s', '10m' or '1h30m', not '%s'", what,
                    text);
        return false;
    }
    if (ms == 0 || ms > PIPELINE_MAX_TIMEOUT_MS) {
        reader_fail(reader, node, "%s must be more than nothing and at most 168h", what);
        return false;
    }
    *ms_out = (int64_t)ms;
    return true;
}

bool
read_size(Reader *reader, const YamlNode *node, const char *what, uint64_t *bytes_out)
{
    static const struct {
        const char *unit;
        uint64_t factor;
    } units[] = {
        { "KiB", 1ull << 10 }, { "MiB", 1ull << 20 }, { "GiB", 1ull << 30 }, { "TiB", 1ull << 40 }
    };
    const char *text = NULL;

    if (!read_text(reader, node, what, &text))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        const char *cursor = text;
        uint64_t bytes = 0;

        if (!take_amount(&cursor, units[i].unit, units[i].factor, &bytes) || *cursor != '\0')
            continue;
        if (bytes == 0 || bytes > PIPELINE_MAX_SIZE_BYTES) {
            reader_fail(reader, node, "%s must be more than nothing and at most 1024TiB", what);
            return false;
        }
        *bytes_out = bytes;
        return true;
    }
    reader_fail(reader, node, "%s must be a size in KiB, MiB, GiB or TiB like '512MiB', not '%s'",
                what, text);
    return false;
}

bool
read_bool(Reader *reader, const YamlNode *node, const char *what, bool *out)
{
    if (yaml_node_bool(node, out))
        return true;
    reader_fail(reader, node, "%s must be true or false", what);
    return false;
}

/* Reads the items of @node, or @node itself, into @out. */
static bool
read_items(Reader *reader, const YamlNode *node, const char *what, ReadItem item,
           ReadListFlags flags, const char **out)
{
    bool is_list = yaml_node_kind(node) == YAML_LIST;
    size_t n = is_list ? yaml_node_length(node) : 1;
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    bool ok = true;

    for (size_t i = 0; i < n; i++) {
        const YamlNode *child = is_list ? yaml_node_at(node, i) : node;
        const char *text = NULL;

        if (!item(reader, child, what, &text)) {
            ok = false;
            continue;
        }
        if ((flags & READ_LIST_DOUBLES) == 0 && !g_hash_table_add(seen, (char *)text)) {
            reader_fail(reader, child, "%s '%s' is there twice", what, text);
            ok = false;
        }
        out[i] = reader_dup(reader, text);
    }
    return ok;
}

const char *const *
read_list(Reader *reader, const YamlNode *node, const char *what, ReadItem item,
          ReadListFlags flags)
{
    bool is_list = yaml_node_kind(node) == YAML_LIST;
    bool is_text = (flags & READ_LIST_OR_TEXT) != 0 && yaml_node_kind(node) == YAML_SCALAR &&
                   !yaml_node_is_null(node);
    size_t min = (flags & READ_LIST_MAY_BE_EMPTY) != 0 ? 0 : 1;

    if (!is_list && !is_text) {
        reader_fail(reader, node, "%s must be a list, not %s", what, yaml_node_kind_name(node));
        return NULL;
    }
    size_t n = is_list ? yaml_node_length(node) : 1;

    if (n < min || n > PIPELINE_MAX_ITEMS) {
        reader_fail(reader, node, "%s must have %zu to %d items, not %zu", what, min,
                    PIPELINE_MAX_ITEMS, n);
        return NULL;
    }
    const char **out = reader_alloc(reader, n + 1, sizeof *out);

    return read_items(reader, node, what, item, flags, out) ? out : NULL;
}

bool
read_glob(Reader *reader, const YamlNode *node, const char *what, const char **out)
{
    g_autoptr(GError) local = NULL;

    if (!read_text(reader, node, what, out))
        return false;
    if (glob_check(*out, &local))
        return true;
    reader_fail(reader, node, "%s: %s", what, local->message);
    return false;
}

bool
read_path(Reader *reader, const YamlNode *node, const char *what, const char **out)
{
    if (!read_text(reader, node, what, out))
        return false;
    g_auto(GStrv) parts = g_strsplit(*out, "/", -1);

    for (size_t i = 0; parts[i] != NULL; i++) {
        if (parts[i][0] != '\0' && strcmp(parts[i], ".") != 0 && strcmp(parts[i], "..") != 0)
            continue;
        reader_fail(
            reader, node,
            "%s '%s' must be a path inside the repository, without '.', '..' and empty parts", what,
            *out);
        return false;
    }
    return true;
}
