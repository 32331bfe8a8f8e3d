/* SPDX-License-Identifier: Apache-2.0
 * run_view: one line a job while it runs, the failing step's last lines when it failed. */
#include "cli/run_view.h"
#include <string.h>
#include "base/clock.h"
#include "base/json.h"
#include "base/banned.h"

#define WATCH_MS 200 /* the longest a terminal's clock stands still */

static bool
is_final(const char *state)
{
    static const char *const open[] = { "queued", "preparing", "running", "waiting" };

    for (size_t i = 0; i < G_N_ELEMENTS(open); i++) {
        if (strcmp(open[i], state) == 0)
            return false;
    }
    return true;
}

static char *
seconds_text(int64_t elapsed_us)
{
    return g_strdup_printf("%.1fs", (double)elapsed_us / G_USEC_PER_SEC);
}

static OutputStyle
style_of(const char *state)
{
    if (strcmp(state, "passed") == 0)
        return OUTPUT_GOOD;
    if (strcmp(state, "failed") == 0 || strcmp(state, "error") == 0)
        return OUTPUT_BAD;
    return strcmp(state, "cancelled") == 0 ? OUTPUT_WARN : OUTPUT_FAINT;
}

/* A line for each job whose state is new since the last look. @seen: job position to state, owned
 * text. */
static void
print_changes(CommandContext *context, const json_t *state, GHashTable *seen)
{
    size_t i = 0;
    json_t *job = NULL;

    json_array_foreach (json_object_get(state, "jobs"), i, job) {
        const char *now = json_get_text(job, "state");
        const char *before = g_hash_table_lookup(seen, GSIZE_TO_POINTER(i + 1));
        g_autofree char *elapsed =
            seconds_text(json_integer_value(json_object_get(job, "elapsedUs")));

        if (strcmp(now, "waiting") == 0 || (before != NULL && strcmp(before, now) == 0))
            continue;
        g_hash_table_insert(seen, GSIZE_TO_POINTER(i + 1), g_strdup(now));
        if (strcmp(now, "running") == 0 && output_is_terminal(context->output))
            continue;
        output_styled(
            context->output, style_of(now), "%-10s %s%s%s%s%s", now, json_get_text(job, "name"),
            is_final(now) ? "  " : "", is_final(now) ? elapsed : "",
            json_get_text(job, "reason")[0] != '\0' ? "  " : "", json_get_text(job, "reason"));
    }
}

/* What runs now, in the terminal's last line. */
static void
print_progress(CommandContext *context, const json_t *state)
{
    g_autoptr(GString) line = g_string_new(NULL);
    size_t i = 0;
    json_t *job = NULL;

    json_array_foreach (json_object_get(state, "jobs"), i, job) {
        g_autofree char *elapsed =
            seconds_text(json_integer_value(json_object_get(job, "elapsedUs")));

        if (strcmp(json_get_text(job, "state"), "running") == 0)
            g_string_append_printf(line, "%s%s %s %s", line->len > 0 ? " | " : "running  ",
                                   json_get_text(job, "name"), elapsed, json_get_text(job, "step"));
    }
    if (line->len > 0)
        output_progress(context->output, "%s", line->str);
}

bool
run_view_follow(CommandContext *context, json_t **state, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    bool asked = false;

    while (true) {
        json_t *next = NULL;

        print_changes(context, *state, seen);
        print_progress(context, *state);
        if (is_final(json_get_text(*state, "state")))
            return true;
        if (!asked && cancel_is_set(context->cancel)) {
            asked = true;
            if (!command_call(context, "run.cancel",
                              json_pack("{s:s}", "run", json_get_text(*state, "run")), &next,
                              error))
                return false;
            g_clear_pointer(&next, json_decref);
        }
        if (!command_call(context, "run.watch",
                          json_pack("{s:O, s:O, s:i}", "id", json_object_get(*state, "id"), "seen",
                                    json_object_get(*state, "version"), "timeoutMs", WATCH_MS),
                          &next, error))
            return false;
        json_decref(*state);
        *state = next;
    }
}

/* ---- the end
 * -------------------------------------------------------------------------------------- */

static void
print_log_line(CommandContext *context, const json_t *line)
{
    const char *text = json_get_text(line, "text");

    if (strcmp(json_get_text(line, "kind"), "mark") == 0) {
        output_styled(context->output, OUTPUT_FAINT, "# %s", text);
        return;
    }
    output_raw(context->output, span_of_text(text));
    output_raw(context->output, span_of_text("\n"));
}

/* The last lines of a failed job's log. */
static void
print_tail(CommandContext *context, const char *run, const json_t *job)
{
    g_autoptr(GQueue) tail = g_queue_new();
    int64_t offset = 0;
    bool ended = false;

    while (!ended) {
        g_autoptr(json_t) page = NULL;
        size_t i = 0;
        json_t *line = NULL;

        if (!command_call(context, "run.log",
                          json_pack("{s:s, s:O, s:O, s:I}", "run", run, "position",
                                    json_object_get(job, "position"), "attempt",
                                    json_object_get(job, "attempt"), "offset", (json_int_t)offset),
                          &page, NULL))
            break;
        json_array_foreach (json_object_get(page, "lines"), i, line) {
            g_queue_push_tail(tail, json_incref(line));
            if (g_queue_get_length(tail) > RUN_VIEW_LAST_LINES)
                json_decref(g_queue_pop_head(tail));
        }
        ended = json_array_size(json_object_get(page, "lines")) == 0;
        offset = json_integer_value(json_object_get(page, "next"));
    }
    for (json_t *line = g_queue_pop_head(tail); line != NULL; line = g_queue_pop_head(tail)) {
        print_log_line(context, line);
        json_decref(line);
    }
}

static void
print_failures(CommandContext *context, const json_t *shown)
{
    size_t i = 0;
    json_t *job = NULL;

    json_array_foreach (json_object_get(shown, "jobs"), i, job) {
        const char *state = json_get_text(job, "state");

        if (strcmp(state, "failed") != 0 && strcmp(state, "error") != 0)
            continue;
        output_styled(context->output, OUTPUT_BAD, "--- %s: %s", json_get_text(job, "name"),
                      json_get_text(job, "reason"));
        print_tail(context, json_get_text(shown, "run"), job);
    }
}

/* The last line of a run, and what more its reason has: a broken slipway.yaml has a line a mistake. */
static void
print_end(CommandContext *context, const json_t *shown, const char *elapsed)
{
    const char *state = json_get_text(shown, "state");
    g_auto(GStrv) reason = g_strsplit(json_get_text(shown, "reason"), "\n", -1);

    output_styled(context->output, style_of(state), "run %s %s in %s%s%s",
                  json_get_text(shown, "run"), state, elapsed,
                  reason[0] != NULL && reason[0][0] != '\0' ? ": " : "",
                  reason[0] != NULL ? reason[0] : "");
    for (size_t i = 1; reason[0] != NULL && reason[i] != NULL; i++) {
        if (reason[i][0] != '\0')
            output_line(context->output, "%s", reason[i]);
    }
}

void
run_view_end(CommandContext *context, const json_t *shown)
{
    const char *state = json_get_text(shown, "state");
    int64_t elapsed_us = json_integer_value(json_object_get(shown, "endedAt")) -
                         json_integer_value(json_object_get(shown, "startedAt"));
    g_autofree char *elapsed = seconds_text(elapsed_us);
    size_t i = 0;
    json_t *artifact = NULL;

    if (output_is_json(context->output))
        return;
    print_failures(context, shown);
    json_array_foreach (json_object_get(shown, "artifacts"), i, artifact)
        output_line(context->output, "artifact   %s  %s", json_get_text(artifact, "path"),
                    json_get_text(artifact, "digest"));
    print_end(context, shown, elapsed);
    if (strcmp(state, "passed") == 0 && json_is_string(json_object_get(shown, "release")))
        output_talk(context->output, "next: slipway release seal %s",
                    json_get_text(shown, "release") + strlen("release:"));
}

/* A line as people want it: marks of groups as headings. */
static void
print_line(CommandContext *context, const RunViewLog *log, const json_t *line)
{
    const json_t *group = json_object_get(line, "group");

    if (log->raw) {
        if (strcmp(json_get_text(line, "kind"), "mark") == 0)
            return;
        output_raw(context->output, span_of_text(json_get_text(line, "text")));
        if (strcmp(json_get_text(line, "kind"), "partial") != 0)
            output_raw(context->output, span_of_text("\n"));
    } else if (json_is_string(group)) {
        output_styled(context->output, OUTPUT_BOLD, "%*s▾ %s",
                      2 * (int)json_integer_value(json_object_get(line, "level")), "",
                      json_string_value(group));
    } else if (group == NULL) {
        print_log_line(context, line);
    }
}

static void
tell_removed(CommandContext *context, const json_t *page)
{
    int64_t at_us = json_integer_value(json_object_get(page, "removedAt"));
    g_autofree char *when = at_us > 0 ? clock_format_seconds(at_us) : NULL;

    if (when != NULL)
        output_talk(context->output,
                    "this log was removed on %s: the server keeps logs of old runs only for so "
                    "long",
                    when);
}

bool
run_view_log(CommandContext *context, const RunViewLog *log, GError **error)
{
    int64_t offset = 0;
    int64_t fold = 0;

    while (!cancel_is_set(context->cancel)) {
        g_autoptr(json_t) page = NULL;
        size_t i = 0;
        json_t *line = NULL;

        if (!command_call(context, "run.log",
                          json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "run", log->run, "position",
                                    (json_int_t)log->position, "attempt", (json_int_t)log->attempt,
                                    "offset", (json_int_t)offset, "fold", (json_int_t)fold, "step",
                                    (json_int_t)log->step),
                          &page, error))
            return false;
        tell_removed(context, page);
        json_array_foreach (json_object_get(page, "lines"), i, line)
            print_line(context, log, line);
        bool grew = json_integer_value(json_object_get(page, "next")) > offset;

        offset = json_integer_value(json_object_get(page, "next"));
        fold = json_integer_value(json_object_get(page, "fold"));
        if (json_is_true(json_object_get(page, "ended")) || (!grew && !log->follow))
            return true;
        if (!grew && !cancel_poll(context->cancel, -1, 0, WATCH_MS, NULL))
            continue;
    }
    return true;
}
