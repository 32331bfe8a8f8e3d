/* SPDX-License-Identifier: Apache-2.0
 * cmd_witness: being a witness of other people's logs. */
#include <poll.h>
#include <stdio.h>
#include "base/clock.h"
#include "base/json.h"
#include "cli/commands.h"
#include "service/witness.h"
#include "web/witness_routes.h"
#include "sys/cancel.h"
#include "base/banned.h"

typedef struct {
    char *name;   /* owned */
    char *listen; /* owned */
} WitnessArgs;

static const CliOption new_options[] = {
    { "name", 'n', CLI_STRING, offsetof(WitnessArgs, name), CLI_REQUIRED,
      "its name in signatures: 'witness.example/1'", "NAME" },
    { 0 },
};

static bool
run_new(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    const WitnessArgs *args = data;
    g_autofree char *vkey = NULL;

    if (!witness_create(positional[0], args->name, &vkey, error))
        return false;
    g_autoptr(json_t) result = json_pack("{s:s, s:s}", "folder", positional[0], "vkey", vkey);
    output_line(context->output, "%s", vkey);
    output_talk(context->output,
                "this is its verifier key; 'slipway witness watch %s VKEY' names a "
                "log",
                positional[0]);
    output_json(context->output, result);
    return true;
}

const Command cmd_witness_new = {
    .name = "witness new",
    .synopsis = "FOLDER --name NAME",
    .help = "make a witness: a folder and a key",
    .details = "Prints the verifier key (C2SP tlog-cosignature) by which others know it.\n"
               "A witness is worth something on another machine than the logs it watches.",
    .min_args = 1,
    .max_args = 1,
    .options = new_options,
    .args_size = sizeof(WitnessArgs),
    .run = run_new,
};

static bool
run_watch(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    (void)data;
    if (!witness_add_log(positional[0], positional[1], error))
        return false;
    g_autoptr(json_t) result =
        json_pack("{s:s, s:s}", "folder", positional[0], "log", positional[1]);
    output_line(context->output, "watches %s", positional[1]);
    output_json(context->output, result);
    return true;
}

const Command cmd_witness_watch = {
    .name = "witness watch",
    .synopsis = "FOLDER LOG-VKEY",
    .help = "let a witness cosign one more log",
    .details = "LOG-VKEY is the log's verifier key, 'origin+hash+base64'. A serving witness\n"
               "need not be restarted.",
    .min_args = 2,
    .max_args = 2,
    .run = run_watch,
};

static const CliOption serve_options[] = {
    { "listen", 'l', CLI_STRING, offsetof(WitnessArgs, listen), 0,
      "where to listen; default 127.0.0.1:8081", "ADDRESS:PORT" },
    { 0 },
};

static bool
run_serve(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    const WitnessArgs *args = data;
    const char *listen = args->listen != NULL ? args->listen : "127.0.0.1:8081";
    g_autoptr(Witness) witness = witness_open(positional[0], &clock_system, error);
    g_autoptr(WitnessServer) server =
        witness != NULL ? witness_server_start(witness, listen, error) : NULL;

    if (server == NULL)
        return false;
    output_line(context->output, "listening  %s", witness_server_url(server));
    (void)fflush(stdout);
    return cancel_wait(context->cancel, error);
}

const Command cmd_witness_serve = {
    .name = "witness serve",
    .synopsis = "FOLDER [--listen ADDRESS:PORT]",
    .help = "cosign checkpoints of the logs watched",
    .details = "Answers POST /add-checkpoint (C2SP tlog-witness). What it signs is on disk\n"
               "before the answer leaves. It never signs two checkpoints of a log that\n"
               "contradict each other, and keeps one that does beside its state.",
    .flags = COMMAND_CANCELLABLE,
    .min_args = 1,
    .max_args = 1,
    .options = serve_options,
    .args_size = sizeof(WitnessArgs),
    .run = run_serve,
};

static void
seen_row(CommandContext *context, const json_t *log)
{
    g_autofree char *size =
        g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(log, "size")));
    const char *const cells[] = { json_string_value(json_object_get(log, "origin")), size,
                                  json_string_value(json_object_get(log, "root")),
                                  json_is_true(json_object_get(log, "fork")) ? "FORK SEEN" : "" };

    output_table_row(context->output, cells);
}

static bool
run_seen(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    static const char *const headers[] = { "LOG", "SIZE", "ROOT", "", NULL };
    g_autoptr(Witness) witness = witness_open(positional[0], &clock_system, error);
    g_autoptr(json_t) list = NULL;
    size_t i = 0;
    json_t *log = NULL;

    (void)data;
    if (witness == NULL || !witness_list(witness, &list, error))
        return false;
    output_table_begin(context->output, headers);
    json_array_foreach (list, i, log)
        seen_row(context, log);
    output_table_end(context->output);
    output_json(context->output, list);
    return true;
}

const Command cmd_witness_seen = {
    .name = "witness seen",
    .synopsis = "FOLDER",
    .help = "print what a witness that rests has cosigned",
    .min_args = 1,
    .max_args = 1,
    .run = run_seen,
};
