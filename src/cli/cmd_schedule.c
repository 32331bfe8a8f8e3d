/* SPDX-License-Identifier: Apache-2.0
 * cmd_schedule: what comes again, and one of them now. */
#include <string.h>
#include "base/clock.h"
#include "base/json.h"
#include "cli/commands.h"
#include "base/banned.h"

static char *
time_text(const json_t *at)
{
    return json_is_integer(at) ? clock_format_seconds(json_integer_value(at)) : g_strdup("never");
}

static bool
run_schedule_list(CommandContext *context, void *data, const char *const *positional,
                  GError **error)
{
    static const char *const headers[] = { "SCHEDULE", "CRON", "REASON", "BRANCH",
                                           "NEXT",     "LAST", "STATE",  NULL };
    g_autoptr(json_t) list = NULL;
    size_t i = 0;
    json_t *schedule = NULL;

    (void)data;
    if (!command_call(context, "schedule.list",
                      positional[0] == NULL ? NULL : json_pack("{s:s}", "project", positional[0]),
                      &list, error))
        return false;
    output_table_begin(context->output, headers);
    json_array_foreach (list, i, schedule) {
        g_autofree char *name = g_strdup_printf(
            "%s/%" JSON_INTEGER_FORMAT, json_string_value(json_object_get(schedule, "project")),
            json_integer_value(json_object_get(schedule, "position")));
        g_autofree char *next = time_text(json_object_get(schedule, "nextAt"));
        g_autofree char *last = time_text(json_object_get(schedule, "lastAt"));
        const char *const cells[] = { name,
                                      json_string_value(json_object_get(schedule, "cron")),
                                      json_string_value(json_object_get(schedule, "reason")),
                                      json_string_value(json_object_get(schedule, "branch")),
                                      next,
                                      last,
                                      json_string_value(json_object_get(schedule, "lastState")) };

        output_table_row(context->output, cells);
    }
    output_table_end(context->output);
    output_json(context->output, list);
    return true;
}

const Command cmd_schedule_list = {
    .name = "schedule list",
    .synopsis = "[PROJECT]",
    .help = "print what comes again, and when",
    .needs = COMMAND_NEEDS_ENGINE,
    .max_args = 1,
    .run = run_schedule_list,
};

static bool
run_schedule_run(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    const char *slash = strchr(positional[0], '/');
    size_t digits = slash == NULL ? 0 : strspn(slash + 1, "0123456789");
    g_autoptr(json_t) result = NULL;

    (void)data;
    if (slash == NULL || digits == 0 || digits > 4 || slash[1 + digits] != '\0') {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "'%s' is not 'PROJECT/NUMBER'",
                  positional[0]);
        return false;
    }
    g_autofree char *project = g_strndup(positional[0], (gsize)(slash - positional[0]));

    if (!command_call(context, "schedule.run",
                      json_pack("{s:s, s:I}", "project", project, "position",
                                (json_int_t)g_ascii_strtoll(slash + 1, NULL, 10)),
                      &result, error))
        return false;
    output_line(context->output, "schedule  %s  queued", positional[0]);
    output_json(context->output, result);
    return true;
}

const Command cmd_schedule_run = {
    .name = "schedule run",
    .synopsis = "PROJECT/NUMBER",
    .help = "queue what a schedule would, now",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_schedule_run,
};
