/* SPDX-License-Identifier: Apache-2.0
 * cmd_init: a new data folder: keys, an empty log, and its first entry, the root. */
#include <string.h>
#include "base/json.h"
#include "cli/authority_flow.h"
#include "cli/commands.h"
#include "cli/person.h"
#include "cli/root_keys.h"
#include "service/engine.h"
#include "base/banned.h"

typedef struct {
    char *origin;        /* owned */
    GPtrArray *root_key; /* owned, of owned paths */
    int64_t threshold;
} InitArgs;

static const CliOption options[] = {
    { "root-key", 'r', CLI_STRINGS, offsetof(InitArgs, root_key), CLI_REQUIRED | CLI_PATH,
      "a new root key goes here; may be repeated", "FILE" },
    { "threshold", 't', CLI_INT, offsetof(InitArgs, threshold), 0,
      "how many root keys decide; default 1", "N" },
    { "origin", 0, CLI_STRING, offsetof(InitArgs, origin), 0,
      "name of the log, for ever; default is random", "NAME" },
    { 0 },
};

/* Makes each root key, or takes those an unfinished init had made already, and describes its public
 * half: [{name, scheme, key}]. */
static json_t *
make_root_keys(GPtrArray *paths, bool resumed, GError **error)
{
    g_autoptr(json_t) keys = json_array();

    for (guint i = 0; i < paths->len; i++) {
        g_autofree char *public_path = g_strdup_printf("%s.pub", (char *)paths->pdata[i]);
        g_autofree char *line = NULL;
        g_autofree char *name = g_strdup_printf("root-%u", i + 1);
        json_t *key = NULL;

        if (resumed ? !person_take_key(paths->pdata[i], &line, error)
                    : !person_make_key(paths->pdata[i], &line, error))
            return NULL;
        key = person_read_public_key(public_path, error);
        if (key == NULL)
            return NULL;
        json_object_set_new(key, "name", json_string(name));
        json_array_append_new(keys, key);
    }
    return g_steal_pointer(&keys);
}

static bool
log_root(CommandContext *context, const InitArgs *args, bool resumed, json_t **result_out,
         GError **error)
{
    g_autoptr(json_t) keys = make_root_keys(args->root_key, resumed, error);
    g_autoptr(GArray) signers = g_array_new(FALSE, TRUE, sizeof(AuthorityKey));
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(json_t) proposal = NULL;

    if (keys == NULL || !command_call(context, "root.propose",
                                      json_pack("{s:O, s:I}", "keys", keys, "threshold",
                                                (json_int_t)MAX(args->threshold, 1)),
                                      &proposal, error))
        return false;
    for (guint i = 0; i < args->root_key->len; i++) {
        AuthorityKey key = { .path = args->root_key->pdata[i] };

        g_ptr_array_add(names, g_strdup_printf("root-%u", i + 1));
        key.name = names->pdata[i];
        g_array_append_val(signers, key);
    }
    return authority_flow_apply(context, proposal, (const AuthorityKey *)signers->data,
                                signers->len, result_out, error);
}

static bool
run_init(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    InitArgs *args = data;
    EngineCreateOptions create = { .home = context->home, .origin = args->origin };
    g_autoptr(json_t) result = NULL;
    bool resumed = false;

    (void)positional;
    if (!engine_create(&create, &resumed, error) || !command_open_client(context, error) ||
        !root_keys_remember(context->home, args->root_key, error) ||
        !log_root(context, args, resumed, &result, error) ||
        !engine_create_done(context->home, error))
        return false;
    output_line(context->output, "data folder  %s", context->home);
    output_line(context->output, "log          %s",
                json_string_value(json_object_get(result, "object")) + strlen("root:"));
    output_line(context->output, "root         %s",
                json_string_value(json_object_get(result, "statement")));
    for (guint i = 0; i < args->root_key->len; i++)
        output_talk(context->output,
                    "now take '%s' offline: it is not needed until keys or people change",
                    (char *)args->root_key->pdata[i]);
    output_json(context->output, result);
    return true;
}

const Command cmd_init = {
    .name = "init",
    .synopsis = "--root-key FILE [--threshold N] [--origin NAME]",
    .help = "make a data folder with keys and a log",
    .details = "Makes the engine's keys inside the signer process, root keys in the files you\n"
               "name, and logs entry 0: which key may say what. Root keys are used again only\n"
               "to change keys or the first roster; keep them away from this machine.\n"
               "Give the log a bare host name, like log.example.org, if cosign and other\n"
               "clients by Sigstore shall verify its bundles: they know no others.",
    .needs = COMMAND_NEEDS_HOME,
    .options = options,
    .args_size = sizeof(InitArgs),
    .run = run_init,
};
