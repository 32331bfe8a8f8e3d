/* SPDX-License-Identifier: Apache-2.0
 * cli_options: one pass over the words. */
#include "cli/cli_options.h"
#include <assert.h>
#include <string.h>
#include "api/api.h"
#include "base/error.h"
#include "sys/suggest.h"
#include "base/banned.h"

#define INT_DIGITS_MAX 15

typedef struct Table {
    const CliOption *options; /* NULL = empty */
    void *args;
} Table;

typedef struct Parser {
    Table tables[2]; /* the command's own, then the shared ones */
    const char *const *words;
    size_t next;
    GPtrArray *positional;
} Parser;

static void *
place(const Table *table, const CliOption *option)
{
    return (char *)table->args + option->offset;
}

static const CliOption *
find(const Parser *parser, const char *name, size_t len, char letter, const Table **table_out)
{
    for (size_t t = 0; t < G_N_ELEMENTS(parser->tables); t++)
        for (const CliOption *o = parser->tables[t].options; o != NULL && o->name != NULL; o++)
            if (name != NULL ? strlen(o->name) == len && memcmp(o->name, name, len) == 0
                             : o->letter == letter) {
                *table_out = &parser->tables[t];
                return o;
            }
    return NULL;
}

static bool
refuse_unknown(const Parser *parser, const char *name, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *near;

    for (size_t t = 0; t < G_N_ELEMENTS(parser->tables); t++)
        for (const CliOption *o = parser->tables[t].options; o != NULL && o->name != NULL; o++)
            g_ptr_array_add(names, (void *)o->name);
    near = suggest_nearest(name, (const char *const *)names->pdata, names->len);
    if (near != NULL)
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS,
                  "unknown option '--%s', did you mean '--%s'", name, near);
    else
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "unknown option '--%s'", name);
    return false;
}

static bool
set_int(int64_t *to, const CliOption *option, const char *text, GError **error)
{
    size_t n = strspn(text, "0123456789");

    if (n == 0 || n > INT_DIGITS_MAX || text[n] != '\0') {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS,
                  "option '--%s' wants a whole number, not '%s'", option->name, text);
        return false;
    }
    *to = (int64_t)g_ascii_strtoull(text, NULL, 10);
    return true;
}

static bool
set_value(const Table *table, const CliOption *option, const char *text, GError **error)
{
    char **string = place(table, option);
    GPtrArray **strings = place(table, option);

    switch (option->type) {
    case CLI_STRING:
        g_free(*string);
        *string = g_strdup(text);
        return true;
    case CLI_STRINGS:
        if (*strings == NULL)
            *strings = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(*strings, g_strdup(text));
        return true;
    case CLI_INT:
        return set_int(place(table, option), option, text, error);
    case CLI_FLAG:
    case CLI_NONE:
        break;
    }
    assert(false);
    return false;
}

/* @inline_value: what stood behind '=' or the letter; NULL = the next word. */
static bool
take_option(Parser *parser, const Table *table, const CliOption *option, const char *inline_value,
            GError **error)
{
    const char *value = inline_value;

    if (option->type == CLI_FLAG) {
        if (inline_value != NULL) {
            error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "option '--%s' takes no value",
                      option->name);
            return false;
        }
        *(bool *)place(table, option) = true;
        return true;
    }
    if (value == NULL)
        value = parser->words[parser->next];
    if (value == NULL) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "option '--%s' wants a value: %s",
                  option->name, option->value);
        return false;
    }
    if (inline_value == NULL)
        parser->next++;
    return set_value(table, option, value, error);
}

static bool
take_long(Parser *parser, const char *word, GError **error)
{
    size_t len = strcspn(word, "=");
    const Table *table = NULL;
    const CliOption *option = find(parser, word, len, 0, &table);
    g_autofree char *name = NULL;

    if (option != NULL)
        return take_option(parser, table, option, word[len] == '=' ? word + len + 1 : NULL, error);
    name = g_strndup(word, len);
    return refuse_unknown(parser, name, error);
}

/* "-abc": flags in a row, or one letter with its value behind it. */
static bool
take_letters(Parser *parser, const char *letters, GError **error)
{
    for (; *letters != '\0'; letters++) {
        const Table *table = NULL;
        const CliOption *option = find(parser, NULL, 0, *letters, &table);

        if (option == NULL) {
            error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "unknown option '-%c'", *letters);
            return false;
        }
        if (option->type != CLI_FLAG)
            return take_option(parser, table, option, letters[1] != '\0' ? letters + 1 : NULL,
                               error);
        if (!take_option(parser, table, option, NULL, error))
            return false;
    }
    return true;
}

bool
cli_options_parse(const CliOption *options, void *args, const CliOption *shared, void *shared_args,
                  const char *const *words, GPtrArray *positional, GError **error)
{
    Parser parser = { .tables = { { options, args }, { shared, shared_args } }, .words = words };
    bool ended = false;

    while (words[parser.next] != NULL) {
        const char *word = words[parser.next++];

        if (ended || word[0] != '-' || word[1] == '\0')
            g_ptr_array_add(positional, (void *)word);
        else if (strcmp(word, "--") == 0)
            ended = true;
        else if (word[1] == '-' ? !take_long(&parser, word + 2, error)
                                : !take_letters(&parser, word + 1, error))
            return false;
    }
    return true;
}

bool
cli_options_check(const CliOption *options, const void *args, GError **error)
{
    for (const CliOption *option = options; option != NULL && option->name != NULL; option++) {
        const void *at = (const char *)args + option->offset;

        if ((option->flags & CLI_REQUIRED) == 0)
            continue;
        assert(option->type == CLI_STRING || option->type == CLI_STRINGS);
        if (*(void *const *)at == NULL) {
            error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "option '--%s %s' is missing",
                      option->name, option->value);
            return false;
        }
    }
    return true;
}

void
cli_options_clear(const CliOption *options, void *args)
{
    for (const CliOption *option = options; option != NULL && option->name != NULL; option++) {
        void *at = (char *)args + option->offset;

        if (option->type == CLI_STRING)
            g_clear_pointer((char **)at, g_free);
        else if (option->type == CLI_STRINGS)
            g_clear_pointer((GPtrArray **)at, g_ptr_array_unref);
    }
}
