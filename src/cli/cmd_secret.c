/* SPDX-License-Identifier: Apache-2.0
 * cmd_secret: secrets of jobs. A value comes from stdin or a file, never from the command line. */
#include <fcntl.h>
#include <string.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/json.h"
#include "base/secret.h"
#include "cli/commands.h"
#include "base/banned.h"

#define MAX_VALUE_BYTES (64u << 10)

typedef struct {
    char *file;          /* owned */
    GPtrArray *jobs;     /* owned */
    GPtrArray *refs;     /* owned */
    GPtrArray *triggers; /* owned */
    bool keep_value;
} SecretArgs;

static const CliOption set_options[] = {
    { "file", 'f', CLI_STRING, offsetof(SecretArgs, file), CLI_PATH,
      "read the value from here; default stdin", "FILE" },
    { "job", 'j', CLI_STRINGS, offsetof(SecretArgs, jobs), 0, "only jobs with such a name",
      "GLOB" },
    { "ref", 'r', CLI_STRINGS, offsetof(SecretArgs, refs), 0, "only such branches, tags, refs",
      "GLOB" },
    { "trigger", 't', CLI_STRINGS, offsetof(SecretArgs, triggers), 0,
      "only runs started so: push, tag, schedule, …", "NAME" },
    { 0 },
};
static const CliOption rotate_options[] = {
    { "file", 'f', CLI_STRING, offsetof(SecretArgs, file), CLI_PATH,
      "read the value from here; default stdin", "FILE" },
    { "job", 'j', CLI_STRINGS, offsetof(SecretArgs, jobs), 0, "only jobs with such a name",
      "GLOB" },
    { "ref", 'r', CLI_STRINGS, offsetof(SecretArgs, refs), 0, "only such branches, tags, refs",
      "GLOB" },
    { "trigger", 't', CLI_STRINGS, offsetof(SecretArgs, triggers), 0,
      "only runs started so: push, tag, schedule, …", "NAME" },
    { "keep-value", 0, CLI_FLAG, offsetof(SecretArgs, keep_value), 0, "change the rules only",
      NULL },
    { 0 },
};

static json_t *
split_name(const char *text, GError **error)
{
    const char *slash = strchr(text, '/');
    g_autofree char *project = slash == NULL ? NULL : g_strndup(text, (gsize)(slash - text));

    if (project != NULL && project[0] != '\0' && slash[1] != '\0')
        return json_pack("{s:s, s:s}", "project", project, "name", slash + 1);
    error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "'%s' is not 'PROJECT/NAME'", text);
    return NULL;
}

/* The value without its last newline. @args: gets it. */
static bool
read_value(const char *file, json_t *args, GError **error)
{
    g_autoptr(GBytes) bytes = file != NULL ? file_read(AT_FDCWD, file, MAX_VALUE_BYTES, error)
                                           : fd_read_all(STDIN_FILENO, MAX_VALUE_BYTES, error);
    json_t *value = NULL;

    if (bytes == NULL)
        return false;
    Span span = span_of_bytes(bytes);

    if (span.len > 0 && span.data[span.len - 1] == '\n')
        span.len--;
    value = json_stringn((const char *)span.data, span.len);
    secret_wipe((void *)span_of_bytes(bytes).data, span_of_bytes(bytes).len);
    if (value == NULL || strlen(json_string_value(value)) != json_string_length(value)) {
        json_decref(value);
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "a secret must be text");
        return false;
    }
    json_object_set_new(args, "value", value);
    return true;
}

static void
add_rules(json_t *args, const char *key, const GPtrArray *rules)
{
    json_t *list = json_array();

    for (guint i = 0; rules != NULL && i < rules->len; i++)
        json_array_append_new(list, json_string(rules->pdata[i]));
    if (rules != NULL)
        json_object_set(args, key, list);
    json_decref(list);
}

static bool
change(CommandContext *context, const SecretArgs *asked, const char *operation, const char *done,
       const char *name, GError **error)
{
    g_autoptr(json_t) args = split_name(name, error);
    g_autoptr(json_t) result = NULL;

    if (args == NULL || (!asked->keep_value && !read_value(asked->file, args, error)))
        return false;
    add_rules(args, "jobs", asked->jobs);
    add_rules(args, "refs", asked->refs);
    add_rules(args, "triggers", asked->triggers);
    bool ok = command_call(context, operation, json_incref(args), &result, error);
    const char *value = json_string_value(json_object_get(args, "value"));

    if (value != NULL)
        secret_wipe((void *)value, strlen(value));
    if (!ok)
        return false;
    output_line(context->output, "secret  %s  %s", name, done);
    output_json(context->output, result);
    return true;
}

static bool
run_secret_set(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    return change(context, data, "secret.set", "kept", positional[0], error);
}

static bool
run_secret_rotate(CommandContext *context, void *data, const char *const *positional,
                  GError **error)
{
    return change(context, data, "secret.rotate", "changed", positional[0], error);
}

const Command cmd_secret_set = {
    .name = "secret set",
    .synopsis = "PROJECT/NAME [--file FILE]",
    .help = "keep a new secret for jobs; the value comes from stdin",
    .details = "A job gets it as a variable when slipway.yaml names it in 'secrets' and every\n"
               "rule given here holds. PROJECT may be '*'. Proposals never get secrets.",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .options = set_options,
    .args_size = sizeof(SecretArgs),
    .run = run_secret_set,
};
const Command cmd_secret_rotate = {
    .name = "secret rotate",
    .synopsis = "PROJECT/NAME [--file FILE]",
    .help = "change a secret's value or rules",
    .details = "The value before stays hidden in logs until the next change. When a rule is\n"
               "given, those not given are lifted.",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .options = rotate_options,
    .args_size = sizeof(SecretArgs),
    .run = run_secret_rotate,
};

static bool
run_secret_remove(CommandContext *context, void *data, const char *const *positional,
                  GError **error)
{
    g_autoptr(json_t) args = split_name(positional[0], error);
    g_autoptr(json_t) result = NULL;

    (void)data;
    if (args == NULL || !command_call(context, "secret.remove", json_incref(args), &result, error))
        return false;
    output_line(context->output, "secret  %s  removed", positional[0]);
    output_json(context->output, result);
    return true;
}

const Command cmd_secret_remove = {
    .name = "secret remove",
    .synopsis = "PROJECT/NAME",
    .help = "forget a secret",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_secret_remove,
};

static char *
rule_text(const json_t *secret, const char *key)
{
    const json_t *list = json_object_get(secret, key);

    return json_array_size(list) == 0 ? g_strdup("all") : command_join_strings(list);
}

static bool
run_secret_list(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    static const char *const headers[] = { "SECRET",  "JOBS",      "REFS", "TRIGGERS",
                                           "CHANGED", "LAST USED", NULL };
    g_autoptr(json_t) list = NULL;
    size_t i = 0;
    json_t *secret = NULL;

    (void)data;
    if (!command_call(context, "secret.list",
                      positional[0] == NULL ? NULL : json_pack("{s:s}", "project", positional[0]),
                      &list, error))
        return false;
    output_table_begin(context->output, headers);
    json_array_foreach (list, i, secret) {
        const json_t *used = json_object_get(secret, "lastUsedAt");
        g_autofree char *name =
            g_strdup_printf("%s/%s", json_string_value(json_object_get(secret, "project")),
                            json_string_value(json_object_get(secret, "name")));
        g_autofree char *jobs = rule_text(secret, "jobs");
        g_autofree char *refs = rule_text(secret, "refs");
        g_autofree char *triggers = rule_text(secret, "triggers");
        g_autofree char *changed =
            clock_format_seconds(json_integer_value(json_object_get(secret, "changedAt")));
        g_autofree char *last = json_is_integer(used)
                                    ? clock_format_seconds(json_integer_value(used))
                                    : g_strdup("never");
        const char *const cells[] = { name, jobs, refs, triggers, changed, last };

        output_table_row(context->output, cells);
    }
    output_table_end(context->output);
    output_json(context->output, list);
    return true;
}

const Command cmd_secret_list = {
    .name = "secret list",
    .synopsis = "[PROJECT]",
    .help = "print names and rules of secrets",
    .needs = COMMAND_NEEDS_ENGINE,
    .max_args = 1,
    .run = run_secret_list,
};
