/* SPDX-License-Identifier: Apache-2.0
 * cmd_log: the transparency log: look, prove, check, export, add evidence. */
#include <fcntl.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "proof/tlog_proof.h"
#include "base/banned.h"

static bool
run_checkpoint(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autoptr(json_t) result = NULL;

    (void)data;
    (void)positional;
    if (!command_call(context, "log.checkpoint", NULL, &result, error))
        return false;
    if (!output_is_json(context->output))
        output_text(context->output, json_find_text(result, "checkpoint"));
    output_talk(context->output, "verifier key  %s", json_find_text(result, "vkey"));
    output_json(context->output, result);
    return true;
}

const Command cmd_log_checkpoint = {
    .name = "log checkpoint",
    .help = "print the newest signed checkpoint",
    .details = "The checkpoint is a signed note (C2SP tlog-checkpoint): keep one, and every\n"
               "later one can be proved to contain the same entries.",
    .needs = COMMAND_NEEDS_ENGINE,
    .run = run_checkpoint,
};

typedef struct {
    int64_t n;
} TailArgs;

static const CliOption tail_options[] = {
    { "lines", 'n', CLI_INT, offsetof(TailArgs, n), 0, "how many entries; default 20", "N" },
    { 0 },
};

static void
tail_row(CommandContext *context, const json_t *entry)
{
    g_autofree char *index = g_strdup_printf("%lld", json_get_int(entry, "index"));
    const json_t *at = json_object_get(entry, "at");
    g_autofree char *time = json_is_integer(at) && json_integer_value(at) > 0
                                ? clock_format_seconds(json_integer_value(at))
                                : NULL;
    const char *const cells[] = { index, time, json_find_text(entry, "type"),
                                  json_find_text(entry, "object"),
                                  json_find_text(entry, "statement") };

    output_table_row(context->output, cells);
}

static bool
run_tail(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    static const char *const headers[] = { "INDEX", "AT", "TYPE", "OBJECT", "STATEMENT", NULL };
    TailArgs *args = data;
    g_autoptr(json_t) list = NULL;
    json_t *call = args->n > 0 ? json_pack("{s:I}", "n", (json_int_t)args->n) : NULL;
    size_t i = 0;
    json_t *entry = NULL;

    (void)positional;
    if (!command_call(context, "log.tail", call, &list, error))
        return false;
    output_table_begin(context->output, headers);
    json_array_foreach (list, i, entry)
        tail_row(context, entry);
    output_table_end(context->output);
    output_json(context->output, list);
    return true;
}

const Command cmd_log_tail = {
    .name = "log tail",
    .synopsis = "[--lines N]",
    .help = "list the last entries",
    .needs = COMMAND_NEEDS_ENGINE,
    .options = tail_options,
    .args_size = sizeof(TailArgs),
    .run = run_tail,
};

typedef struct {
    char *bundle; /* owned */
    char *proof;  /* owned */
} ProveArgs;

static const CliOption prove_options[] = {
    { "bundle", 'b', CLI_STRING, offsetof(ProveArgs, bundle), CLI_PATH,
      "write the Sigstore bundle of the entry into a new file", "FILE" },
    { "proof", 0, CLI_STRING, offsetof(ProveArgs, proof), CLI_PATH,
      "write a C2SP tlog-proof into a new file", "FILE" },
    { 0 },
};

static bool
write_bundle(CommandContext *context, const char *path, const json_t *proof, GError **error)
{
    const char *text = json_find_text(proof, "bundle");
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);

    if (text == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "this entry came without its statement, so there is no bundle of it");
        return false;
    }
    AUTO_FD int dirfd = dir_open(AT_FDCWD, folder, error);
    if (dirfd < 0 || !file_write_new(dirfd, name, span_of_text(text), 0644, error))
        return false;
    output_talk(context->output, "wrote %s", path);
    return true;
}

/* With the cosignatures that the checkpoint has. */
static bool
write_proof(CommandContext *context, const char *path, const json_t *result, GError **error)
{
    const json_t *list = json_object_get(result, "hashes");
    g_autofree Digest *hashes = g_new0(Digest, json_array_size(list) + 1);
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    MerkleProof proof = { .hashes = hashes, .n_hashes = json_array_size(list) };

    for (size_t i = 0; i < proof.n_hashes; i++) {
        const char *hash = json_string_value(json_array_get(list, i));

        if (!digest_from_string(hash != NULL ? hash : "", &hashes[i], error))
            return false;
    }
    g_autofree char *text =
        tlog_proof_format(span_of(NULL, 0), (uint64_t)json_get_int(result, "index"), proof,
                          span_of_text(json_find_text(result, "checkpoint")));
    AUTO_FD int dirfd = dir_open(AT_FDCWD, folder, error);
    if (dirfd < 0 || !file_write_new(dirfd, name, span_of_text(text), 0644, error))
        return false;
    output_talk(context->output, "wrote %s", path);
    return true;
}

static bool
run_prove(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    ProveArgs *args = data;
    g_autoptr(json_t) result = NULL;
    size_t i = 0;
    json_t *hash = NULL;

    if (!command_call(context, "log.prove", json_pack("{s:s}", "entry", positional[0]), &result,
                      error))
        return false;
    output_line(context->output, "entry      %lld of %lld", json_get_int(result, "index"),
                json_get_int(result, "size"));
    output_line(context->output, "statement  %s", json_find_text(result, "statement"));
    output_line(context->output, "leaf hash  %s", json_find_text(result, "leafHash"));
    json_array_foreach (json_object_get(result, "hashes"), i, hash)
        output_line(context->output, "%s  %s", i == 0 ? "path     " : "         ",
                    json_string_value(hash));
    output_line(context->output, "root       %s", json_find_text(result, "root"));
    output_json(context->output, result);
    return (args->bundle == NULL || write_bundle(context, args->bundle, result, error)) &&
           (args->proof == NULL || write_proof(context, args->proof, result, error));
}

const Command cmd_log_prove = {
    .name = "log prove",
    .synopsis = "ENTRY [--bundle FILE] [--proof FILE]",
    .help = "prove that an entry is in the log",
    .details = "ENTRY is an index or a statement's name, 'sha256:' and 64 hex digits. The\n"
               "proof is checked before it is printed. --bundle writes what Sigstore verifies.",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .options = prove_options,
    .args_size = sizeof(ProveArgs),
    .run = run_prove,
};

static bool
run_log_check(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autoptr(json_t) result = NULL;

    (void)data;
    (void)positional;
    if (!command_call(context, "log.check", NULL, &result, error))
        return false;
    bool clean = json_is_true(json_object_get(result, "clean"));
    if (!clean)
        output_styled(context->output, OUTPUT_BAD, "%s", json_find_text(result, "finding"));
    output_styled(context->output, clean ? OUTPUT_GOOD : OUTPUT_BAD, "%s: %lld entries, root %s",
                  clean ? "clean" : "not clean", json_get_int(result, "size"),
                  json_find_text(result, "root"));
    output_json(context->output, result);
    context->exit_code = clean ? 0 : 1;
    return true;
}

const Command cmd_log_check = {
    .name = "log check",
    .help = "recompute the whole log and compare",
    .details = "Every leaf hash, tile, offset and the checkpoint's root are computed again from\n"
               "the journal. Needs constant memory; exit 1 if anything differs.",
    .needs = COMMAND_NEEDS_ENGINE,
    .run = run_log_check,
};

static bool
run_append(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autoptr(json_t) result = NULL;
    g_autoptr(json_t) statement = NULL;
    g_autoptr(GBytes) text = file_read(AT_FDCWD, positional[0], LIMIT_STATEMENT_BYTES, error);

    (void)data;
    if (text == NULL)
        return false;
    /* People write JSON as they like; what is signed is its canonical form. */
    statement = json_parse(span_of_bytes(text), LIMIT_STATEMENT_BYTES, error);
    g_autofree char *payload = statement == NULL ? NULL : json_canonical(statement, NULL, error);
    if (payload == NULL) {
        error_prefix(error, "cannot log '%s'", positional[0]);
        return false;
    }
    if (!command_call(context, "log.append", json_pack("{s:s}", "statement", payload), &result,
                      error))
        return false;
    output_line(context->output, "%s  entry %lld%s", json_find_text(result, "statement"),
                json_get_int(result, "index"),
                json_is_true(json_object_get(result, "repeated")) ? " (was there already)" : "");
    output_json(context->output, result);
    return true;
}

const Command cmd_log_append = {
    .name = "log append",
    .synopsis = "STATEMENT.json",
    .help = "sign a statement about artifacts and log it as evidence",
    .details = "The file is an in-toto Statement v1 of a type the engine key may sign: a test\n"
               "result, vulnerabilities, a release, SPDX or CycloneDX. It is logged in RFC\n"
               "8785 form.",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_append,
};

static bool
run_export(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autofree char *path = g_canonicalize_filename(positional[0], NULL);
    g_autoptr(json_t) result = NULL;

    (void)data;
    if (!command_call(context, "log.export", json_pack("{s:s}", "path", path), &result, error))
        return false;
    output_line(context->output, "exported %lld entries to %s", json_get_int(result, "size"), path);
    output_json(context->output, result);
    return true;
}

const Command cmd_log_export = {
    .name = "log export",
    .synopsis = "FOLDER",
    .help = "write the log as static files for any web server",
    .details = "The folder gets checkpoint, tile/ and tile/entries/ (C2SP tlog-tiles).\n"
               "Exporting again into it adds what is new. It must not be the log's own folder.",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_export,
};
