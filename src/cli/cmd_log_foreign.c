/* SPDX-License-Identifier: Apache-2.0
 * cmd_log_foreign: the log of other people's entries. */
#include "base/json.h"
#include "cli/commands.h"
#include "base/banned.h"

static void
print_log(CommandContext *context, const json_t *result)
{
    static const char *const headers[] = { "SHARD", "ORIGIN", "SIZE", "", "VERIFIER KEY", NULL };
    size_t i = 0;
    json_t *shard = NULL;

    output_line(context->output,
                "limits  %lld entries a shard, %lld a minute from one address, checkpoints %lld ms "
                "apart",
                json_get_int(result, "maxEntries"), json_get_int(result, "perMinute"),
                json_get_int(result, "checkpointMs"));
    output_table_begin(context->output, headers);
    json_array_foreach (json_object_get(result, "shards"), i, shard) {
        g_autofree char *size = g_strdup_printf("%lld", json_get_int(shard, "size"));
        const char *problem = json_find_text(shard, "problem");
        bool written = json_is_true(json_object_get(shard, "written"));
        const char *const cells[] = { json_find_text(shard, "name"),
                                      json_find_text(shard, "origin"), size,
                                      problem != NULL ? problem
                                      : written       ? "written"
                                                      : "closed",
                                      json_find_text(shard, "vkey") };

        output_table_row(context->output, cells);
    }
    output_table_end(context->output);
    output_json(context->output, result);
}

typedef struct {
    char *origin;                                   /* owned */
    char *max_entries, *per_minute, *checkpoint_ms; /* owned */
} ForeignArgs;

static const CliOption options[] = {
    { "origin", 'o', CLI_STRING, offsetof(ForeignArgs, origin), 0,
      "open it by this name: the host name of its URL", "HOST" },
    { "max-entries", 0, CLI_STRING, offsetof(ForeignArgs, max_entries), 0,
      "entries of a shard; default 1000000", "N" },
    { "per-minute", 0, CLI_STRING, offsetof(ForeignArgs, per_minute), 0,
      "entries of an address a minute; default 600", "N" },
    { "checkpoint-ms", 0, CLI_STRING, offsetof(ForeignArgs, checkpoint_ms), 0,
      "least time between two checkpoints; default 0", "N" },
    { 0 },
};

static bool
add_number(json_t *request, const char *key, const char *text, GError **error)
{
    gint64 value = 0;

    if (text == NULL)
        return true;
    if (!g_ascii_string_to_signed(text, 10, 0, G_MAXINT32, &value, NULL)) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "'%s' is no number from 0 on", text);
        return false;
    }
    json_object_set_new(request, key, json_integer(value));
    return true;
}

static bool
run_foreign(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    const ForeignArgs *args = data;
    g_autoptr(json_t) request = json_object();
    g_autoptr(json_t) result = NULL;

    (void)positional;
    if (args->origin != NULL)
        json_object_set_new(request, "origin", json_string(args->origin));
    if (!add_number(request, "maxEntries", args->max_entries, error) ||
        !add_number(request, "perMinute", args->per_minute, error) ||
        !add_number(request, "checkpointMs", args->checkpoint_ms, error))
        return false;
    bool changes = json_object_size(request) > 0;
    if (!command_call(context, changes ? "foreign.set" : "foreign.show",
                      changes ? json_incref(request) : NULL, &result, error))
        return false;
    print_log(context, result);
    return true;
}

const Command cmd_log_foreign = {
    .name = "log foreign",
    .synopsis = "[--origin HOST] [limits]",
    .help = "the log of other people's entries: open, limit, look",
    .details = "A second log with its own key, for Sigstore clients: a server answers\n"
               "POST /api/v2/log/entries as Rekor v2 does. Nothing of it enters the log of\n"
               "facts. With --origin it is opened; sigstore-go and cosign want the host name of\n"
               "its URL there, without port and path.",
    .needs = COMMAND_NEEDS_ENGINE,
    .options = options,
    .args_size = sizeof(ForeignArgs),
    .run = run_foreign,
};

static const CliOption shard_options[] = {
    { "origin", 'o', CLI_STRING, offsetof(ForeignArgs, origin), CLI_REQUIRED,
      "the new shard's name, never used before", "HOST" },
    { 0 },
};

static bool
run_shard(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    const ForeignArgs *args = data;
    g_autoptr(json_t) result = NULL;

    (void)positional;
    if (!command_call(context, "foreign.shard", json_pack("{s:s}", "origin", args->origin), &result,
                      error))
        return false;
    print_log(context, result);
    return true;
}

const Command cmd_log_shard = {
    .name = "log shard",
    .synopsis = "--origin HOST",
    .help = "go on with other people's entries in a new log",
    .details = "For a full log, to end its key, or when its folder is an old copy.\n"
               "The closed shard is served on; clients need the new origin and key.",
    .needs = COMMAND_NEEDS_ENGINE,
    .options = shard_options,
    .args_size = sizeof(ForeignArgs),
    .run = run_shard,
};
