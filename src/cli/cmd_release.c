/* SPDX-License-Identifier: Apache-2.0
 * cmd_release: a release seen and moved by its engine: list, show, notes, seal, request, approvals,
 * publish. */
#include <fcntl.h>
#include <string.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/json.h"
#include "cli/commands.h"
#include "base/banned.h"

#define NOTES_MAX_BYTES (1u << 20)

static const char *
text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "-";
}

static bool
call_release(CommandContext *context, const char *operation, const char *release, json_t **result,
             GError **error)
{
    return command_call(context, operation, json_pack("{s:s}", "release", release), result, error);
}

static bool
run_list(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    static const char *const headers[] = { "RELEASE", "STATE", "SOURCE", "CHANGED", NULL };
    g_autoptr(json_t) releases = NULL;
    size_t i = 0;
    json_t *release = NULL;

    (void)data;
    (void)positional;
    if (!command_call(context, "release.list", NULL, &releases, error))
        return false;
    output_table_begin(context->output, headers);
    json_array_foreach (releases, i, release) {
        g_autofree char *at =
            clock_format_seconds(json_integer_value(json_object_get(release, "changedAt")));
        g_autofree char *commit = g_strndup(text_of(release, "commit"), 12);
        const char *const cells[] = { text_of(release, "release"), text_of(release, "state"),
                                      commit, at };

        output_table_row(context->output, cells);
    }
    output_table_end(context->output);
    output_json(context->output, releases);
    return true;
}

const Command cmd_release_list = {
    .name = "release list",
    .help = "list releases",
    .needs = COMMAND_NEEDS_ENGINE,
    .run = run_list,
};

static bool
run_show(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    static const char *const rows[] = { "release",  "state",   "commit", "tag",
                                        "manifest", "request", "intent" };
    g_autoptr(json_t) release = NULL;
    size_t i = 0;
    json_t *item = NULL;

    (void)data;
    if (!call_release(context, "release.show", positional[0], &release, error))
        return false;
    for (size_t k = 0; k < G_N_ELEMENTS(rows); k++)
        output_line(context->output, "%-10s %s", rows[k], text_of(release, rows[k]));
    json_array_foreach (json_object_get(release, "assets"), i, item)
        output_line(context->output, "asset      %s  %s", text_of(item, "name"),
                    text_of(item, "digest"));
    json_array_foreach (json_object_get(release, "publications"), i, item)
        output_line(context->output, "target     %s  %s  %s", text_of(item, "target"),
                    text_of(item, "state"), text_of(item, "location"));
    output_json(context->output, release);
    return true;
}

const Command cmd_release_show = {
    .name = "release show",
    .synopsis = "RELEASE",
    .help = "print a release with assets and targets",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_show,
};

typedef struct {
    char *file; /* owned */
} NotesArgs;

static const CliOption notes_options[] = {
    { "file", 'f', CLI_STRING, offsetof(NotesArgs, file), CLI_REQUIRED | CLI_PATH, "Markdown",
      "FILE" },
    { 0 },
};

static bool
run_notes(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    NotesArgs *args = data;
    g_autofree char *text = file_read_text(AT_FDCWD, args->file, NOTES_MAX_BYTES, error);
    g_autoptr(json_t) result = NULL;

    if (text == NULL ||
        !command_call(context, "release.notes",
                      json_pack("{s:s, s:s}", "release", positional[0], "text", text), &result,
                      error))
        return false;
    output_line(context->output, "notes of %s are set", positional[0]);
    output_json(context->output, result);
    return true;
}

const Command cmd_release_notes = {
    .name = "release notes",
    .synopsis = "RELEASE --file FILE",
    .help = "set the notes of a draft",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .options = notes_options,
    .args_size = sizeof(NotesArgs),
    .run = run_notes,
};

typedef struct {
    bool dry_run;
} SealArgs;

static const CliOption seal_options[] = {
    { "dry-run", 0, CLI_FLAG, offsetof(SealArgs, dry_run), 0,
      "only print manifest, statement and leaf", NULL },
    { 0 },
};

static bool
run_seal(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    SealArgs *args = data;
    g_autoptr(json_t) result = NULL;

    if (!command_call(
            context, "release.seal",
            json_pack("{s:s, s:b}", "release", positional[0], "dryRun", (int)args->dry_run),
            &result, error))
        return false;
    if (args->dry_run) {
        g_autofree char *text = json_pretty(result);

        if (!output_is_json(context->output))
            output_text(context->output, text);
    } else {
        output_line(context->output, "sealed     %s", text_of(result, "release"));
        output_line(context->output, "manifest   %s", text_of(result, "manifest"));
        output_talk(context->output, "next: slipway release request %s", positional[0]);
    }
    output_json(context->output, result);
    return true;
}

const Command cmd_release_seal = {
    .name = "release seal",
    .synopsis = "RELEASE [--dry-run]",
    .help = "fix assets and notes of a draft for ever",
    .details = "After the seal nothing of a release changes: its manifest digest is what people\n"
               "approve and what is published. A mistake is a rejection and a new version.",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .options = seal_options,
    .args_size = sizeof(SealArgs),
    .run = run_seal,
};

typedef struct {
    GPtrArray *target; /* owned */
    int64_t days;
} RequestArgs;

static const CliOption request_options[] = {
    { "target", 't', CLI_STRINGS, offsetof(RequestArgs, target), 0,
      "where to publish; default the stream's targets", "NAME" },
    { "days", 'd', CLI_INT, offsetof(RequestArgs, days), 0, "how long people may decide; default 7",
      "N" },
    { 0 },
};

static bool
run_request(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    RequestArgs *args = data;
    json_t *targets = json_array();
    g_autoptr(json_t) result = NULL;
    g_autofree char *names = NULL;

    for (guint i = 0; args->target != NULL && i < args->target->len; i++)
        json_array_append_new(targets, json_string(args->target->pdata[i]));
    if (!command_call(context, "release.request",
                      json_pack("{s:s, s:o, s:I}", "release", positional[0], "targets", targets,
                                "lifeSeconds",
                                (json_int_t)(args->days > 0 ? args->days : 7) * 24 * 3600),
                      &result, error))
        return false;
    names = command_join_strings(json_object_get(result, "targets"));
    output_line(context->output, "request    %s", text_of(result, "request"));
    output_line(context->output, "targets    %s", names);
    output_talk(context->output, "next: slipway release approve %s --person NAME --key FILE",
                positional[0]);
    output_json(context->output, result);
    return true;
}

const Command cmd_release_request = {
    .name = "release request",
    .synopsis = "RELEASE [--target NAME…]",
    .help = "ask people to decide about publishing",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .options = request_options,
    .args_size = sizeof(RequestArgs),
    .run = run_request,
};

static bool
run_approvals(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autoptr(json_t) result = NULL;
    g_autofree char *people = NULL;

    (void)data;
    if (!call_release(context, "release.approvals", positional[0], &result, error))
        return false;
    people = command_join_strings(json_object_get(result, "people"));
    output_line(context->output,
                "%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " approvals%s%s",
                json_integer_value(json_object_get(result, "counted")),
                json_integer_value(json_object_get(result, "needed")),
                people[0] != '\0' ? ": " : "", people);
    output_line(context->output, "may approve: %s", text_of(result, "who"));
    output_json(context->output, result);
    return true;
}

const Command cmd_release_approvals = {
    .name = "release approvals",
    .synopsis = "RELEASE",
    .help = "print who has approved and what is missing",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_approvals,
};

static bool
run_publish(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autoptr(json_t) result = NULL;
    size_t i = 0;
    json_t *target = NULL;

    (void)data;
    if (!call_release(context, "release.publish", positional[0], &result, error))
        return false;
    json_array_foreach (json_object_get(result, "targets"), i, target)
        output_styled(context->output, OUTPUT_GOOD, "%-10s %s  %s", text_of(target, "state"),
                      text_of(target, "target"), text_of(target, "location"));
    output_json(context->output, result);
    return true;
}

const Command cmd_release_publish = {
    .name = "release publish",
    .synopsis = "RELEASE",
    .help = "publish a release if every rule holds",
    .details = "Logs the intent, stages every target, verifies the staged bytes in a process of\n"
               "its own that cannot read the data folder, then makes them visible. Asking again\n"
               "goes on where it stopped; nothing is sent twice.",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_publish,
};
