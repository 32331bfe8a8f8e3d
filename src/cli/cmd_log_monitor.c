/* SPDX-License-Identifier: Apache-2.0
 * cmd_log_monitor: folds a whole log anew with nothing but the trust file believed, and compares
 * what a release ships about it. */
#include <fcntl.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "cli/log_watch.h"
#include "proof/checkpoint.h"
#include "store/store.h"
#include "tlog/tlog.h"
#include "verify/monitor.h"
#include "base/banned.h"

typedef struct {
    char *trust;     /* owned */
    char *log;       /* owned */
    char *blobs;     /* owned */
    char *release;   /* owned */
    char *vkey;      /* owned; this and the rest: of a log on the network */
    char *state;     /* owned */
    char *policy;    /* owned */
    GPtrArray *mine; /* owned, of owned paths */
} MonitorArgs;

static const CliOption options[] = {
    { "trust", 't', CLI_STRING, offsetof(MonitorArgs, trust), CLI_PATH,
      "the trust file: which log and root to believe", "FILE" },
    { "log", 0, CLI_STRING, offsetof(MonitorArgs, log), CLI_PATH,
      "folder of the log; default HOME/logs/main", "DIR" },
    { "blobs", 0, CLI_STRING, offsetof(MonitorArgs, blobs), CLI_PATH,
      "folder of the blobs; default HOME/blobs", "DIR" },
    { "release", 0, CLI_STRING, offsetof(MonitorArgs, release), CLI_PATH,
      "compare checkpoint and status in a release", "DIR" },
    { "vkey", 'k', CLI_STRING, offsetof(MonitorArgs, vkey), 0,
      "of the log at URL: its verifier key", "VKEY" },
    { "state", 's', CLI_STRING, offsetof(MonitorArgs, state), CLI_PATH,
      "what was seen at URL; made at the first look", "FILE" },
    { "mine", 'm', CLI_STRINGS, offsetof(MonitorArgs, mine), CLI_PATH,
      "PEM of a key whose entries at URL are an alarm", "FILE" },
    { "policy", 'p', CLI_STRING, offsetof(MonitorArgs, policy), CLI_PATH,
      "witnesses checkpoints at URL must have", "FILE" },
    { 0 },
};

typedef struct Inputs {
    Trust *trust;
    Tlog *log;
    Store *store;
    GBytes *note;   /* of the release; NULL without */
    GBytes *status; /* as note */
    uint64_t size;  /* entries to fold */
} Inputs;

static void
inputs_clear(Inputs *inputs)
{
    trust_free(inputs->trust);
    tlog_free(inputs->log);
    store_free(inputs->store);
    g_clear_pointer(&inputs->note, g_bytes_unref);
    g_clear_pointer(&inputs->status, g_bytes_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Inputs, inputs_clear)

/* A release speaks of the log as it was then: only that many entries are folded. */
static bool
read_release(Inputs *inputs, const char *folder, GError **error)
{
    g_autofree char *note = g_build_filename(folder, ".slipway", "checkpoint", NULL);
    g_autofree char *status = g_build_filename(folder, ".slipway", "status.json", NULL);

    inputs->note = file_read(AT_FDCWD, note, LIMIT_CHECKPOINT_BYTES, error);
    if (inputs->note == NULL)
        return false;
    inputs->status = file_read(AT_FDCWD, status, LIMIT_JSON_BYTES, error);
    if (inputs->status == NULL)
        return false;
    g_autoptr(Note) parsed = note_parse(span_of_bytes(inputs->note), error);
    g_autoptr(Checkpoint) checkpoint =
        parsed == NULL ? NULL : checkpoint_parse(note_text(parsed), error);
    if (checkpoint == NULL)
        return false;
    if (checkpoint->head.size > inputs->size) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "the release knows %" G_GUINT64_FORMAT " entries, the log has %" G_GUINT64_FORMAT,
                  checkpoint->head.size, inputs->size);
        return false;
    }
    inputs->size = checkpoint->head.size;
    return true;
}

static bool
open_inputs(const CommandContext *context, const MonitorArgs *args, Inputs *inputs, GError **error)
{
    g_autofree char *log = args->log != NULL
                               ? g_strdup(args->log)
                               : g_build_filename(context->home, "logs", "main", NULL);
    g_autofree char *blobs = args->blobs != NULL ? g_strdup(args->blobs)
                                                 : g_build_filename(context->home, "blobs", NULL);
    g_autoptr(GBytes) text = file_read(AT_FDCWD, args->trust, LIMIT_JSON_BYTES, error);

    if (text == NULL)
        return false;
    inputs->trust = trust_parse(span_of_bytes(text), error);
    if (inputs->trust == NULL)
        return false;
    inputs->log = tlog_open(log, inputs->trust->origin, NULL, 0, error);
    if (inputs->log == NULL)
        return false;
    inputs->store = store_open(blobs, error);
    if (inputs->store == NULL)
        return false;
    inputs->size = tlog_get_size(inputs->log);
    return args->release == NULL || read_release(inputs, args->release, error);
}

static GBytes *
load_pae(const Inputs *inputs, const TlogRecord *record, GError **error)
{
    if (record->where == TLOG_PAE_INLINE)
        return g_bytes_ref(record->pae);
    return store_get_bytes(inputs->store, &record->pae_digest, LIMIT_STATEMENT_BYTES, error);
}

static bool
feed_all(const CommandContext *context, const Inputs *inputs, Monitor *monitor, GError **error)
{
    for (uint64_t i = 0; i < inputs->size; i++) {
        g_auto(TlogRecord) record = { 0 };
        if (!tlog_read(inputs->log, i, &record, error))
            return false;
        g_autoptr(GBytes) pae = load_pae(inputs, &record, error);
        if (pae == NULL ||
            !monitor_feed(monitor, span_of_bytes(record.leaf), span_of_bytes(pae), error))
            return false;
        if (i % 1000 == 0)
            output_progress(context->output, "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT, i,
                            inputs->size);
    }
    return true;
}

static Span
span_or_empty(GBytes *bytes)
{
    return bytes != NULL ? span_of_bytes(bytes) : span_of(NULL, 0);
}

static bool
watch_url(CommandContext *context, const MonitorArgs *args, const char *url, GError **error)
{
    LogWatch watch = { .url = url,
                       .vkey = args->vkey,
                       .state = args->state,
                       .policy = args->policy,
                       .mine = args->mine };

    if (args->vkey != NULL && args->state != NULL && args->trust == NULL)
        return log_watch(context, &watch, error);
    error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS,
              "a log at a URL is looked at with --vkey and --state, and without --trust");
    return false;
}

static bool
run_monitor(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    const MonitorArgs *args = data;
    g_auto(Inputs) inputs = { 0 };

    if (positional[0] != NULL)
        return watch_url(context, args, positional[0], error);
    if (args->trust == NULL) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS,
                  "say --trust FILE, or a URL with --vkey and --state");
        return false;
    }
    if (!open_inputs(context, args, &inputs, error))
        return false;
    g_autoptr(Monitor) monitor = monitor_new(inputs.trust);
    if (!feed_all(context, &inputs, monitor, error))
        return false;
    g_autoptr(VerifyReport) report =
        monitor_finish(monitor, span_or_empty(inputs.status), span_or_empty(inputs.note),
                       clock_now_us(&clock_system));
    g_autoptr(json_t) json = verify_report_json(report);
    for (unsigned i = 0; i < report->checks->len; i++) {
        const VerifyCheck *check = g_ptr_array_index(report->checks, i);
        output_styled(context->output, check->result == VERIFY_OK ? OUTPUT_PLAIN : OUTPUT_BAD,
                      "%-14s  %-12s  %s: %s", verify_result_name(check->result), check->name,
                      check->subject, check->text);
    }
    output_json(context->output, json);
    context->exit_code = (int)verify_report_result(report);
    return true;
}

const Command cmd_log_monitor = {
    .name = "log monitor",
    .synopsis = "--trust FILE | URL --vkey VKEY --state FILE",
    .help = "fold a whole log anew, or look at one on the network",
    .details = "With --trust every entry is parsed, its signature checked, and admitted or\n"
               "found void by the same rule as in the engine. With --release the checkpoint and\n"
               "status.json in that folder must be what the log gave at their size. The log may\n"
               "be a copy. With a URL (C2SP tlog-tiles) the entries since the last look are\n"
               "read: with what was kept they must give the root of the checkpoint. Exit 10:\n"
               "another history than before; 14: an entry signed with a key of --mine, or a\n"
               "checkpoint without the witnesses of --policy. Else as 'slipway verify'.",
    .needs = COMMAND_NEEDS_HOME,
    .max_args = 1,
    .options = options,
    .args_size = sizeof(MonitorArgs),
    .usage_exit_code = VERIFY_USAGE,
    .run = run_monitor,
};
