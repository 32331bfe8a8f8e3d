/* SPDX-License-Identifier: Apache-2.0
 * config: from YAML to a struct by its table. */
#include "sys/config.h"
#include <assert.h>
#include <string.h>
#include "sys/suggest.h"
#include "sys/yaml.h"
#include "base/banned.h"

typedef struct Reader {
    const ConfigSetting *settings; /* borrowed */
    size_t n_settings;
    Diagnostics *diagnostics; /* borrowed */
    void *target;             /* borrowed */
    bool *seen;               /* owned: by row */
} Reader;

typedef struct Unit {
    const char *name;
    int64_t factor;
} Unit;

static const Unit size_units[] = {
    { "", 1 },
    { "B", 1 },
    { "KiB", INT64_C(1) << 10 },
    { "MiB", INT64_C(1) << 20 },
    { "GiB", INT64_C(1) << 30 },
    { "TiB", INT64_C(1) << 40 },
};
static const Unit duration_units[] = {
    { "ms", 1 }, { "s", 1000 }, { "m", 60 * 1000 }, { "h", 3600 * 1000 }, { "d", 24 * 3600 * 1000 },
};

static bool
parse_with_unit(const char *text, const Unit *units, size_t n_units, int64_t *value_out)
{
    size_t n_digits = strspn(text, "0123456789");
    const char *unit = text + n_digits;
    int64_t number;

    if (n_digits == 0 || n_digits > 18)
        return false;
    number = (int64_t)g_ascii_strtoll(text, NULL, 10);
    unit += *unit == ' ';
    for (size_t i = 0; i < n_units; i++) {
        if (strcmp(unit, units[i].name) != 0)
            continue;
        if (number > INT64_MAX / units[i].factor)
            return false;
        *value_out = number * units[i].factor;
        return true;
    }
    return false;
}

bool
config_parse_size(const char *text, int64_t *bytes_out)
{
    return parse_with_unit(text, size_units, G_N_ELEMENTS(size_units), bytes_out);
}

bool
config_parse_duration(const char *text, int64_t *ms_out)
{
    return parse_with_unit(text, duration_units, G_N_ELEMENTS(duration_units), ms_out);
}

static void *
place(const ConfigSetting *setting, void *target)
{
    return (char *)target + setting->offset;
}

static void
set_text(char **to, const char *text)
{
    g_free(*to);
    *to = g_strdup(text);
}

/* What the value should have been, or NULL. */
static const char *
set_number(const ConfigSetting *setting, const char *text, void *target)
{
    int64_t *to = place(setting, target);
    int64_t value = 0;
    char *end = NULL;
    bool ok;

    if (setting->type == CONFIG_SIZE) {
        ok = config_parse_size(text, &value);
    } else if (setting->type == CONFIG_DURATION) {
        ok = config_parse_duration(text, &value);
    } else {
        value = (int64_t)g_ascii_strtoll(text, &end, 10);
        ok = *text != '\0' && *end == '\0' && strlen(text) <= 19;
    }
    if (!ok)
        return setting->type == CONFIG_SIZE       ? "a size like '512 MiB'"
               : setting->type == CONFIG_DURATION ? "a duration like '90s' or '10m'"
                                                  : "a whole number";
    if ((setting->min != 0 || setting->max != 0) && (value < setting->min || value > setting->max))
        return "within its bounds";
    *to = value;
    return NULL;
}

static const char *
set_scalar(const ConfigSetting *setting, const char *text, void *target)
{
    switch (setting->type) {
    case CONFIG_PATH:
    case CONFIG_SECRET:
        if (*text != '/')
            return "an absolute path";
        set_text(place(setting, target), text);
        return NULL;
    case CONFIG_STRING:
        set_text(place(setting, target), text);
        return NULL;
    case CONFIG_BOOL:
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
            return "true or false";
        *(bool *)place(setting, target) = strcmp(text, "true") == 0;
        return NULL;
    case CONFIG_INT:
    case CONFIG_SIZE:
    case CONFIG_DURATION:
        return set_number(setting, text, target);
    case CONFIG_STRINGS:
        return "a list";
    case CONFIG_NONE:
        break;
    }
    assert(false);
    return "nothing";
}

static void
read_list(Reader *reader, const ConfigSetting *setting, const YamlNode *node)
{
    char ***to = place(setting, reader->target);
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);

    for (size_t i = 0; i < yaml_node_length(node); i++) {
        const YamlNode *item = yaml_node_at(node, i);

        if (yaml_node_kind(item) != YAML_SCALAR || yaml_node_is_null(item))
            diagnostics_add(reader->diagnostics, yaml_node_position(item),
                            "'%s' must be a list of texts, not of %s", setting->name,
                            yaml_node_kind_name(item));
        else
            g_ptr_array_add(texts, g_strdup(yaml_node_text(item)));
    }
    g_strfreev(*to);
    g_ptr_array_add(texts, NULL);
    g_ptr_array_set_free_func(texts, NULL);
    *to = (char **)g_ptr_array_free(g_steal_pointer(&texts), FALSE);
}

static void
read_setting(Reader *reader, const ConfigSetting *setting, const YamlNode *node)
{
    const char *wanted;

    if (setting->type == CONFIG_STRINGS && yaml_node_kind(node) == YAML_LIST) {
        read_list(reader, setting, node);
        return;
    }
    if (yaml_node_kind(node) != YAML_SCALAR || yaml_node_is_null(node))
        wanted = setting->type == CONFIG_STRINGS ? "a list of texts" : "a single value";
    else
        wanted = set_scalar(setting, yaml_node_text(node), reader->target);
    if (wanted == NULL)
        return;
    if (strcmp(wanted, "within its bounds") == 0)
        diagnostics_add(reader->diagnostics, yaml_node_position(node),
                        "'%s' must be from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                        setting->name, setting->min, setting->max);
    else
        diagnostics_add(reader->diagnostics, yaml_node_position(node), "'%s' must be %s, not %s",
                        setting->name, wanted, yaml_node_kind_name(node));
}

static void
refuse_unknown(Reader *reader, const char *name, const YamlNode *key)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *near;

    for (size_t i = 0; i < reader->n_settings; i++)
        g_ptr_array_add(names, (void *)reader->settings[i].name);
    near = suggest_nearest(name, (const char *const *)names->pdata, names->len);
    if (near != NULL)
        diagnostics_add(reader->diagnostics, yaml_node_position(key),
                        "unknown setting '%s', did you mean '%s'", name, near);
    else
        diagnostics_add(reader->diagnostics, yaml_node_position(key), "unknown setting '%s'", name);
}

static bool
is_group(const Reader *reader, const char *name)
{
    g_autofree char *prefix = g_strconcat(name, ".", NULL);

    for (size_t i = 0; i < reader->n_settings; i++)
        if (g_str_has_prefix(reader->settings[i].name, prefix))
            return true;
    return false;
}

static const ConfigSetting *
find_setting(const Reader *reader, const char *name)
{
    for (size_t i = 0; i < reader->n_settings; i++)
        if (strcmp(reader->settings[i].name, name) == 0)
            return &reader->settings[i];
    return NULL;
}

/* Depth is bounded by the YAML reader's own limit. */
static void
read_map(Reader *reader, const YamlNode *map, const char *prefix)
{
    for (size_t i = 0; i < yaml_node_length(map); i++) {
        const YamlNode *key = yaml_node_key_at(map, i);
        const YamlNode *value = yaml_node_at(map, i);
        g_autofree char *name = g_strconcat(prefix, yaml_node_text(key), NULL);
        const ConfigSetting *setting = find_setting(reader, name);

        if (setting != NULL) {
            reader->seen[setting - reader->settings] = true;
            read_setting(reader, setting, value);
        } else if (yaml_node_kind(value) == YAML_MAP && is_group(reader, name)) {
            g_autofree char *inner = g_strconcat(name, ".", NULL);

            read_map(reader, value, inner);
        } else {
            refuse_unknown(reader, name, key);
        }
    }
}

static void
set_defaults(const ConfigSetting *settings, size_t n_settings, void *target)
{
    for (size_t i = 0; i < n_settings; i++) {
        const char *wanted = NULL;

        if (settings[i].default_value == NULL)
            continue;
        if (settings[i].type == CONFIG_STRINGS)
            *(char ***)place(&settings[i], target) = g_strsplit(settings[i].default_value, ",", -1);
        else
            wanted = set_scalar(&settings[i], settings[i].default_value, target);
        assert(wanted == NULL); /* a default of ours that does not fit its own row */
    }
}

bool
config_parse(const ConfigSetting *settings, size_t n_settings, Span text, Diagnostics *diagnostics,
             void *target)
{
    g_autoptr(YamlDocument) document = NULL;
    g_autofree bool *seen = g_new0(bool, n_settings);
    Reader reader = { settings, n_settings, diagnostics, target, seen };
    size_t before = diagnostics_count(diagnostics);

    set_defaults(settings, n_settings, target);
    if (text.len > 0) {
        document = yaml_parse(text, diagnostics);
        if (document == NULL)
            return false;
        if (yaml_node_kind(yaml_document_root(document)) == YAML_MAP)
            read_map(&reader, yaml_document_root(document), "");
        else if (!yaml_node_is_null(yaml_document_root(document)))
            diagnostics_add(diagnostics, yaml_node_position(yaml_document_root(document)),
                            "the file must be a map of settings, not %s",
                            yaml_node_kind_name(yaml_document_root(document)));
    }
    for (size_t i = 0; i < n_settings; i++)
        if ((settings[i].flags & CONFIG_REQUIRED) != 0 && !seen[i])
            diagnostics_add(diagnostics, (TextPosition){ 0 }, "'%s' is missing", settings[i].name);
    return diagnostics_count(diagnostics) == before;
}

void
config_clear(const ConfigSetting *settings, size_t n_settings, void *target)
{
    for (size_t i = 0; i < n_settings; i++) {
        switch (settings[i].type) {
        case CONFIG_STRING:
        case CONFIG_PATH:
        case CONFIG_SECRET:
            g_clear_pointer((char **)place(&settings[i], target), g_free);
            break;
        case CONFIG_STRINGS:
            g_clear_pointer((char ***)place(&settings[i], target), g_strfreev);
            break;
        default:
            break;
        }
    }
}

char *
config_value_text(const ConfigSetting *setting, const void *target)
{
    const void *from = (const char *)target + setting->offset;

    switch (setting->type) {
    case CONFIG_STRING:
    case CONFIG_PATH:
    case CONFIG_SECRET:
        return g_strdup(*(char *const *)from != NULL ? *(char *const *)from : "");
    case CONFIG_BOOL:
        return g_strdup(*(const bool *)from ? "true" : "false");
    case CONFIG_INT:
    case CONFIG_SIZE:
        return g_strdup_printf("%" G_GINT64_FORMAT, *(const int64_t *)from);
    case CONFIG_DURATION:
        return g_strdup_printf("%" G_GINT64_FORMAT "ms", *(const int64_t *)from);
    case CONFIG_STRINGS:
        return *(char **const *)from != NULL ? g_strjoinv(",", *(char **const *)from)
                                             : g_strdup("");
    case CONFIG_NONE:
        break;
    }
    return g_strdup("");
}
