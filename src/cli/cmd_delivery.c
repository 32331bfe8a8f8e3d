/* SPDX-License-Identifier: Apache-2.0
 * cmd_delivery: what forges sent, and what they are told. */
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/json.h"
#include "cli/commands.h"
#include "base/banned.h"

typedef struct {
    char *project; /* owned */
    int64_t limit;
} ListArgs;

static const CliOption list_options[] = {
    { "project", 'p', CLI_STRING, offsetof(ListArgs, project), 0, "only of this one", "PROJECT" },
    { "limit", 'n', CLI_INT, offsetof(ListArgs, limit), 0, "at most so many; default 50", "N" },
    { 0 },
};

static json_t *
list_request(const ListArgs *args)
{
    json_t *request = json_object();

    if (args->project != NULL)
        json_object_set_new(request, "project", json_string(args->project));
    if (args->limit > 0)
        json_object_set_new(request, "limit", json_integer(args->limit));
    return request;
}

static bool
parse_id(const char *text, int64_t *out, GError **error)
{
    char *end = NULL;

    *out = g_ascii_strtoll(text, &end, 10);
    if (end != text && *end == '\0' && *out > 0)
        return true;
    error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "'%s' is no number of a list", text);
    return false;
}

static bool
run_list(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    static const char *const headers[] = { "ID",     "AT",  "PROJECT", "EVENT", "REF",
                                           "ACTION", "RUN", "REASON",  NULL };
    g_autoptr(json_t) deliveries = NULL;
    size_t i = 0;
    json_t *row = NULL;

    (void)positional;
    if (!command_call(context, "delivery.list", list_request(data), &deliveries, error))
        return false;
    output_table_begin(context->output, headers);
    json_array_foreach (deliveries, i, row) {
        g_autofree char *id = g_strdup_printf("%" JSON_INTEGER_FORMAT,
                                              json_integer_value(json_object_get(row, "id")));
        g_autofree char *at =
            clock_format_seconds(json_integer_value(json_object_get(row, "receivedAt")));
        const char *const cells[] = { id,
                                      at,
                                      json_find_text(row, "project"),
                                      json_find_text(row, "event"),
                                      json_find_text(row, "ref"),
                                      json_find_text(row, "action"),
                                      json_find_text(row, "run"),
                                      json_find_text(row, "reason") };

        output_table_row(context->output, cells);
    }
    output_table_end(context->output);
    output_json(context->output, deliveries);
    return true;
}

const Command cmd_delivery_list = {
    .name = "delivery list",
    .synopsis = "[--project PROJECT]",
    .help = "print what forges sent, and what was decided",
    .needs = COMMAND_NEEDS_ENGINE,
    .options = list_options,
    .args_size = sizeof(ListArgs),
    .run = run_list,
};

static bool
run_show(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    static const char *const keys[] = { "project", "delivery", "event", "ref",    "commit",
                                        "actor",   "action",   "run",   "reason", "peer" };
    g_autoptr(json_t) row = NULL;
    int64_t id = 0;

    (void)data;
    if (!parse_id(positional[0], &id, error) ||
        !command_call(context, "delivery.show", json_pack("{s:I}", "id", (json_int_t)id), &row,
                      error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        const char *text = json_find_text(row, keys[i]);

        if (text != NULL && text[0] != '\0')
            output_line(context->output, "%-10s %s", keys[i], text);
    }
    output_json(context->output, row);
    return true;
}

const Command cmd_delivery_show = {
    .name = "delivery show",
    .synopsis = "ID",
    .help = "print one delivery",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_show,
};

static bool
run_redeliver(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autoptr(json_t) result = NULL;
    const char *run = NULL;
    int64_t id = 0;

    (void)data;
    if (!parse_id(positional[0], &id, error) ||
        !command_call(context, "delivery.redeliver", json_pack("{s:I}", "id", (json_int_t)id),
                      &result, error))
        return false;
    run = json_find_text(result, "run");
    output_line(context->output, "%s  %s  %s", json_find_text(result, "action"),
                run != NULL ? run : "-", json_find_text(result, "reason"));
    output_json(context->output, result);
    return true;
}

const Command cmd_delivery_redeliver = {
    .name = "delivery redeliver",
    .synopsis = "ID",
    .help = "decide a delivery anew, by the rules of now",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_redeliver,
};

static bool
run_status_list(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    static const char *const headers[] = { "ID",    "PROJECT",  "RUN STATE",  "TO",
                                           "STATE", "ATTEMPTS", "LAST ERROR", NULL };
    g_autoptr(json_t) rows = NULL;
    size_t i = 0;
    json_t *row = NULL;

    (void)positional;
    if (!command_call(context, "status.list", list_request(data), &rows, error))
        return false;
    output_table_begin(context->output, headers);
    json_array_foreach (rows, i, row) {
        const char *channel = json_find_text(row, "channel");
        g_autofree char *id = g_strdup_printf("%" JSON_INTEGER_FORMAT,
                                              json_integer_value(json_object_get(row, "id")));
        g_autofree char *attempts = g_strdup_printf(
            "%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(row, "attempts")));
        const char *const cells[] = { id,
                                      json_find_text(row, "project"),
                                      json_find_text(row, "runState"),
                                      channel != NULL && channel[0] != '\0' ? channel : "forge",
                                      json_find_text(row, "state"),
                                      attempts,
                                      json_find_text(row, "lastError") };

        output_table_row(context->output, cells);
    }
    output_table_end(context->output);
    output_json(context->output, rows);
    return true;
}

const Command cmd_status_list = {
    .name = "status list",
    .synopsis = "[--project PROJECT]",
    .help = "print statuses and notices on their way out",
    .needs = COMMAND_NEEDS_ENGINE,
    .options = list_options,
    .args_size = sizeof(ListArgs),
    .run = run_status_list,
};

static bool
run_status_retry(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autoptr(json_t) result = NULL;
    int64_t id = 0;

    (void)data;
    if (!parse_id(positional[0], &id, error) ||
        !command_call(context, "status.retry", json_pack("{s:I}", "id", (json_int_t)id), &result,
                      error))
        return false;
    output_line(context->output, "status  %s  waits", positional[0]);
    output_json(context->output, result);
    return true;
}

const Command cmd_status_retry = {
    .name = "status retry",
    .synopsis = "ID",
    .help = "send a status or notice once more",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_status_retry,
};
