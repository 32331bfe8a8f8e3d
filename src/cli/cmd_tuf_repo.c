/* SPDX-License-Identifier: Apache-2.0
 * cmd_tuf_repo: changes of our TUF repository. Each is signed at once with --key, or written with
 * --out for others to sign. */
#include <fcntl.h>
#include <string.h>
#include "base/encoding.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/authority_flow.h"
#include "cli/commands.h"
#include "cli/person.h"
#include "cli/tuf_sign.h"
#include "proof/public_key.h"
#include "base/banned.h"

typedef struct {
    GPtrArray *key;      /* owned, of paths: private keys */
    char *out;           /* owned */
    char *role;          /* owned */
    GPtrArray *role_key; /* owned, of paths: public keys */
    GPtrArray *path;     /* owned, of patterns */
    GPtrArray *remove;   /* owned, of paths of targets */
    int64_t threshold;
    int64_t days;
    bool terminating;
    char *url; /* owned */
} RepoArgs;

#define SIGN_OPTIONS                                                                               \
    { "key",       'k',                                                                            \
      CLI_STRINGS, offsetof(RepoArgs, key),                                                        \
      CLI_PATH,    "sign with this key and apply at once; many times",                             \
      "FILE" },                                                                                    \
        { "out",      'o',                                                                         \
          CLI_STRING, offsetof(RepoArgs, out),                                                     \
          CLI_PATH,   "only write the proposal, for others to sign",                               \
          "FILE" },                                                                                \
    {                                                                                              \
        "days", 0, CLI_INT, offsetof(RepoArgs, days), 0, "until it expires; default 365", "N"      \
    }
#define KEY_OPTIONS(what)                                                                          \
    { "role-key", 0, CLI_STRINGS, offsetof(RepoArgs, role_key), CLI_PATH, what, "FILE" },          \
    {                                                                                              \
        "threshold", 't', CLI_INT, offsetof(RepoArgs, threshold), 0,                               \
            "how many of them must sign; default 1", "N"                                           \
    }
#define ROLE_OPTION                                                                                \
    {                                                                                              \
        "role", 0, CLI_STRING, offsetof(RepoArgs, role), 0, "whose targets; default targets",      \
            "NAME"                                                                                 \
    }
#define URL_OPTION                                                                                 \
    {                                                                                              \
        "url", 0, CLI_STRING, offsetof(RepoArgs, url), 0,                                          \
            "of this server, for the signing configuration", "URL"                                 \
    }

/* ---- arguments of tuf.propose ------------------------------------------------------------------ */

/* SPKI in base64 of a line of 'slipway keys new' or a PEM file. Owned. */
static char *
read_spki(const char *path, GError **error)
{
    g_autofree char *text = file_read_text(AT_FDCWD, path, LIMIT_KEY_FILE_BYTES, error);
    g_autoptr(PublicKey) key = NULL;
    g_autoptr(json_t) line = NULL;

    if (text == NULL)
        return NULL;
    if (strncmp(text, "-----", 5) == 0) {
        key = public_key_from_pem(span_of_text(text), error);
        return key != NULL ? base64_encode(public_key_spki(key)) : NULL;
    }
    line = person_read_public_key(path, error);
    if (line == NULL)
        return NULL;
    if (strcmp(json_string_value(json_object_get(line, "scheme")), "native") == 0)
        return g_strdup(json_string_value(json_object_get(line, "key")));
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
              "'%s' is an SSH key: TUF metadata is signed with keys of 'slipway keys new'", path);
    return NULL;
}

static json_t *
strings_of(const GPtrArray *given)
{
    json_t *array = json_array();

    for (guint i = 0; given != NULL && i < given->len; i++)
        json_array_append_new(array, json_string(given->pdata[i]));
    return array;
}

/* What every change has; taken by command_call. NULL with @error. */
static json_t *
begin(const RepoArgs *args, const char *change, GError **error)
{
    g_autoptr(json_t) keys = json_array();
    json_t *object = NULL;

    for (guint i = 0; args->role_key != NULL && i < args->role_key->len; i++) {
        g_autofree char *spki = read_spki(args->role_key->pdata[i], error);

        if (spki == NULL)
            return NULL;
        json_array_append_new(keys, json_string(spki));
    }
    object = json_pack("{s:s, s:O, s:I, s:I}", "change", change, "keys", keys, "threshold",
                       (json_int_t)args->threshold, "days", (json_int_t)args->days);
    if (args->role != NULL)
        json_object_set_new(object, "role", json_string(args->role));
    if (args->url != NULL)
        json_object_set_new(object, "url", json_string(args->url));
    return object;
}

static void
print_roles(CommandContext *context, const json_t *result)
{
    static const char *const headers[] = { "ROLE",      "VERSION", "EXPIRES",
                                           "SIGNED BY", "TARGETS", NULL };
    size_t i = 0;
    json_t *role = NULL;

    output_table_begin(context->output, headers);
    json_array_foreach (json_object_get(result, "roles"), i, role) {
        g_autofree char *version = g_strdup_printf(
            "%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(role, "version")));
        g_autofree char *signers =
            g_strdup_printf("%" JSON_INTEGER_FORMAT " of %zu",
                            json_integer_value(json_object_get(role, "threshold")),
                            json_array_size(json_object_get(role, "keys")));
        g_autofree char *targets =
            g_strdup_printf("%zu", json_object_size(json_object_get(role, "targets")));
        const char *const cells[] = { json_string_value(json_object_get(role, "role")), version,
                                      json_string_value(json_object_get(role, "expires")), signers,
                                      targets };

        output_table_row(context->output, cells);
    }
    output_table_end(context->output);
    output_json(context->output, result);
}

/* Proposes @change (taken), then signs and applies it, or writes it down. */
static bool
carry_out(CommandContext *context, const RepoArgs *args, json_t *change, GError **error)
{
    g_autoptr(json_t) proposal = NULL;
    g_autoptr(json_t) result = NULL;

    if (change == NULL)
        return false;
    if ((args->out == NULL) == (args->key == NULL || args->key->len == 0)) {
        json_decref(change);
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS,
                  "say '--key FILE' to sign at once, or '--out FILE' to let others sign");
        return false;
    }
    if (!command_call(context, "tuf.propose", change, &proposal, error))
        return false;
    if (args->out != NULL)
        return command_write_json(context, args->out, proposal, error);
    for (guint i = 0; i < args->key->len; i++) {
        if (!tuf_sign_apart(&proposal, args->key->pdata[i], error))
            return false;
    }
    if (!command_call(context, "tuf.apply", json_pack("{s:O}", "proposal", proposal), &result,
                      error))
        return false;
    print_roles(context, result);
    return true;
}

/* ---- the changes ------------------------------------------------------------------------------- */

static const CliOption init_options[] = {
    SIGN_OPTIONS,
    KEY_OPTIONS("a public key for targets; default: the root keys"),
    URL_OPTION,
    { 0 },
};

static bool
run_init(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    (void)positional;
    return carry_out(context, data, begin(data, "init", error), error);
}

const Command cmd_tuf_repo_init = {
    .name = "tuf repo init",
    .synopsis = "--key KEY… | --out FILE",
    .help = "begin a TUF repository of this engine's own",
    .details = "Root and targets are signed by the root keys; timestamp and snapshot come from\n"
               "status.json and the status key. It holds trusted_root.json from the start, so\n"
               "that a stock Sigstore client needs nothing but 1.root.json and a URL.",
    .needs = COMMAND_NEEDS_ENGINE,
    .flags = COMMAND_RARE,
    .options = init_options,
    .args_size = sizeof(RepoArgs),
    .run = run_init,
};

static const CliOption add_options[] = {
    SIGN_OPTIONS,
    ROLE_OPTION,
    { "remove", 0, CLI_STRINGS, offsetof(RepoArgs, remove), 0, "a target to take out; many times",
      "TARGET" },
    { 0 },
};

static bool
run_add(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    RepoArgs *args = data;
    g_autoptr(json_t) add = json_array();
    json_t *change = NULL;

    for (; *positional != NULL; positional++) {
        g_autofree char *name = NULL;
        g_autofree char *path = NULL;
        const char *file = NULL;
        json_t *staged = NULL;

        if (!authority_flow_split(*positional, "TARGET=FILE", &name, &file, error))
            return false;
        path = g_canonicalize_filename(file, NULL);
        if (!command_call(context, "tuf.stage", json_pack("{s:s}", "path", path), &staged, error))
            return false;
        json_object_set_new(staged, "path", json_string(name));
        json_array_append_new(add, staged);
    }
    change = begin(args, "targets", error);
    if (change != NULL) {
        json_object_set(change, "add", add);
        json_object_set_new(change, "remove", strings_of(args->remove));
    }
    return carry_out(context, args, change, error);
}

const Command cmd_tuf_repo_add = {
    .name = "tuf repo add",
    .synopsis = "[TARGET=FILE…] --key KEY… | --out FILE",
    .help = "add targets to a role, or take some out",
    .needs = COMMAND_NEEDS_ENGINE,
    .flags = COMMAND_RARE,
    .max_args = 1000,
    .options = add_options,
    .args_size = sizeof(RepoArgs),
    .run = run_add,
};

static const CliOption delegate_options[] = {
    SIGN_OPTIONS,
    KEY_OPTIONS("a public key of the role; many times"),
    { "path", 'p', CLI_STRINGS, offsetof(RepoArgs, path), CLI_REQUIRED,
      "a pattern of paths it speaks of; many times", "PATTERN" },
    { "terminating", 0, CLI_FLAG, offsetof(RepoArgs, terminating), 0,
      "clients look nowhere else for these paths", NULL },
    ROLE_OPTION,
    { 0 },
};

static bool
run_delegate(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    RepoArgs *args = data;
    json_t *change = begin(args, "delegate", error);

    if (change != NULL) {
        json_object_set_new(change, "name", json_string(positional[0]));
        json_object_set_new(change, "paths", strings_of(args->path));
        json_object_set_new(change, "terminating", json_boolean(args->terminating));
    }
    return carry_out(context, args, change, error);
}

const Command cmd_tuf_repo_delegate = {
    .name = "tuf repo delegate",
    .synopsis = "ROLE --role-key FILE… --path PATTERN…",
    .help = "let other keys speak of some targets",
    .details = "The delegating role and the new one are both signed, each by its own keys.\n"
               "For a role that exists its keys and patterns are replaced.",
    .needs = COMMAND_NEEDS_ENGINE,
    .flags = COMMAND_RARE,
    .min_args = 1,
    .max_args = 1,
    .options = delegate_options,
    .args_size = sizeof(RepoArgs),
    .run = run_delegate,
};

static const CliOption root_options[] = {
    SIGN_OPTIONS,
    KEY_OPTIONS("a public key for targets; default: as before"),
    { 0 },
};

static bool
run_root(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    (void)positional;
    return carry_out(context, data, begin(data, "root", error), error);
}

const Command cmd_tuf_repo_root = {
    .name = "tuf repo root",
    .synopsis = "--key KEY… | --out FILE",
    .help = "the next root, with the root keys in force now",
    .details = "After a change of root keys, and before the root expires. Old and new keys\n"
               "sign.",
    .needs = COMMAND_NEEDS_ENGINE,
    .flags = COMMAND_RARE,
    .options = root_options,
    .args_size = sizeof(RepoArgs),
    .run = run_root,
};

static const CliOption renew_options[] = {
    SIGN_OPTIONS,
    ROLE_OPTION,
    URL_OPTION,
    { 0 },
};

static bool
run_renew(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    (void)positional;
    return carry_out(context, data, begin(data, "renew", error), error);
}

const Command cmd_tuf_repo_renew = {
    .name = "tuf repo renew",
    .synopsis = "[--role NAME] --key KEY… | --out FILE",
    .help = "the same targets until later, and our newest keys",
    .needs = COMMAND_NEEDS_ENGINE,
    .flags = COMMAND_RARE,
    .options = renew_options,
    .args_size = sizeof(RepoArgs),
    .run = run_renew,
};

/* ---- looking, publishing ----------------------------------------------------------------------- */

static bool
run_show(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autoptr(json_t) result = NULL;

    (void)data;
    (void)positional;
    if (!command_call(context, "tuf.show", NULL, &result, error))
        return false;
    print_roles(context, result);
    return true;
}

const Command cmd_tuf_repo_show = {
    .name = "tuf repo show",
    .help = "roles, their keys and targets",
    .needs = COMMAND_NEEDS_ENGINE,
    .flags = COMMAND_RARE,
    .run = run_show,
};

static bool
run_publish(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autofree char *path = g_canonicalize_filename(positional[0], NULL);
    g_autoptr(json_t) result = NULL;
    size_t i = 0;
    json_t *row = NULL;

    (void)data;
    if (!command_call(context, "tuf.publish", json_pack("{s:s}", "path", path), &result, error))
        return false;
    output_line(context->output, "timestamp  %" JSON_INTEGER_FORMAT,
                json_integer_value(json_object_get(result, "number")));
    output_line(context->output, "expires    %s",
                json_string_value(json_object_get(result, "expires")));
    json_array_foreach (json_object_get(result, "expiring"), i, row)
        output_talk(context->output, "warning: '%s' expires at %s: 'slipway tuf repo %s'",
                    json_string_value(json_object_get(row, "role")),
                    json_string_value(json_object_get(row, "expires")),
                    strcmp(json_string_value(json_object_get(row, "role")), "root") == 0 ? "root"
                                                                                         : "renew");
    output_json(context->output, result);
    return true;
}

const Command cmd_tuf_repo_publish = {
    .name = "tuf repo publish",
    .synopsis = "FOLDER",
    .help = "write the repository as files for a web server",
    .details = "Under a new timestamp each time, good for seven days: run it daily.\n"
               "'slipway serve' answers from a folder of its own below /tuf/.",
    .needs = COMMAND_NEEDS_ENGINE,
    .flags = COMMAND_RARE,
    .min_args = 1,
    .max_args = 1,
    .run = run_publish,
};
