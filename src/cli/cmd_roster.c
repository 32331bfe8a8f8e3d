/* SPDX-License-Identifier: Apache-2.0
 * cmd_roster: who decides in a project. */
#include <string.h>
#include "base/json.h"
#include "cli/authority_flow.h"
#include "cli/commands.h"
#include "cli/person.h"
#include "fact/roster.h"
#include "base/banned.h"

typedef struct {
    GPtrArray *person; /* owned, of "NAME=FILE" */
    int64_t approvals;
    bool unisolated;
    GPtrArray *root_key; /* owned, of paths */
    GPtrArray *sign;     /* owned, of "NAME=FILE" */
    char *out;           /* owned */
} RosterArgs;

static const CliOption options[] = {
    { "person", 'p', CLI_STRINGS, offsetof(RosterArgs, person), CLI_REQUIRED,
      "a person and a public key; many times", "NAME=FILE" },
    { "approvals", 'n', CLI_INT, offsetof(RosterArgs, approvals), 0,
      "how many of them must approve; default 1", "N" },
    { "allow-unisolated", 0, CLI_FLAG, offsetof(RosterArgs, unisolated), 0,
      "accept builds of the host executor", NULL },
    { "root-key", 'r', CLI_STRINGS, offsetof(RosterArgs, root_key), CLI_PATH,
      "sign with root keys, in the order of the root", "FILE" },
    { "sign", 's', CLI_STRINGS, offsetof(RosterArgs, sign), 0,
      "sign as a person of the roster in force", "NAME=FILE" },
    { "out", 'o', CLI_STRING, offsetof(RosterArgs, out), CLI_PATH,
      "only write the proposal, for others to sign", "FILE" },
    { 0 },
};

/* [{name, keys}], people named several times with several keys get them all. */
static json_t *
read_people(GPtrArray *given, GError **error)
{
    g_autoptr(json_t) keys_by_name = json_object();
    g_autoptr(json_t) people = json_array();
    const char *name = NULL;
    json_t *keys = NULL;

    for (guint i = 0; i < given->len; i++) {
        g_autofree char *person = NULL;
        const char *path = NULL;
        json_t *key = NULL;

        if (!authority_flow_split(given->pdata[i], "NAME=FILE", &person, &path, error))
            return NULL;
        key = person_read_public_key(path, error);
        if (key == NULL)
            return NULL;
        if (json_object_get(keys_by_name, person) == NULL)
            json_object_set_new(keys_by_name, person, json_array());
        json_array_append_new(json_object_get(keys_by_name, person), key);
    }
    json_object_foreach (keys_by_name, name, keys)
        json_array_append_new(people, fact_roster_person_json(name, keys, NULL));
    return g_steal_pointer(&people);
}

/* The keys to sign with; names are owned by @names. */
static bool
choose_keys(const RosterArgs *args, GPtrArray *names, GArray *keys, GError **error)
{
    for (guint i = 0; args->root_key != NULL && i < args->root_key->len; i++) {
        AuthorityKey key = { .path = args->root_key->pdata[i] };

        g_ptr_array_add(names, g_strdup_printf("root-%u", i + 1));
        key.name = names->pdata[names->len - 1];
        g_array_append_val(keys, key);
    }
    return authority_flow_add_signers(args->sign, names, keys, error);
}

static bool
propose(CommandContext *context, const RosterArgs *args, const char *project, GPtrArray *names,
        json_t **proposal_out, GError **error)
{
    g_autoptr(json_t) people = read_people(args->person, error);
    g_autoptr(json_t) signers = json_array();
    json_t *body = NULL;

    if (people == NULL)
        return false;
    for (guint i = 0; i < names->len; i++)
        json_array_append_new(signers, json_string(names->pdata[i]));
    body = fact_roster_simple_body(project, people, (unsigned)MAX(args->approvals, 1),
                                   args->unisolated);
    return command_call(
        context, "roster.propose",
        json_pack("{s:s, s:o, s:O}", "project", project, "body", body, "signers", signers),
        proposal_out, error);
}

static bool
run_roster_set(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    RosterArgs *args = data;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) keys = g_array_new(FALSE, TRUE, sizeof(AuthorityKey));
    g_autoptr(json_t) proposal = NULL;
    g_autoptr(json_t) result = NULL;

    if (!choose_keys(args, names, keys, error) ||
        !propose(context, args, positional[0], names, &proposal, error))
        return false;
    if (args->out != NULL)
        return command_write_json(context, args->out, proposal, error);
    if (!authority_flow_apply(context, proposal, (const AuthorityKey *)keys->data, keys->len,
                              &result, error))
        return false;
    output_line(context->output, "roster  %s  %s", positional[0],
                json_string_value(json_object_get(result, "statement")));
    output_json(context->output, result);
    return true;
}

const Command cmd_roster_set = {
    .name = "roster set",
    .synopsis = "PROJECT --person NAME=FILE… [--root-key FILE…]",
    .help = "say who approves releases of a project",
    .details = "The first roster is signed by root keys, later ones by people of the roster in\n"
               "force or by root keys. With --out the proposal is written to a file: each\n"
               "person signs it with 'slipway keys sign', and 'slipway admin apply'\n"
               "takes all proofs at once.",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .args_size = sizeof(RosterArgs),
    .run = run_roster_set,
};

static bool
run_roster_show(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    static const char *const headers[] = { "DECIDES", "VERB", "ACTION", "HOW MANY", NULL };
    g_autoptr(json_t) roster = NULL;
    size_t i = 0;
    json_t *rule = NULL;

    (void)data;
    if (!command_call(context, "roster.show", json_pack("{s:s}", "project", positional[0]), &roster,
                      error))
        return false;
    output_table_begin(context->output, headers);
    json_array_foreach (json_object_get(roster, "rules"), i, rule) {
        g_autofree char *people = command_join_strings(json_object_get(rule, "people"));
        g_autofree char *threshold = g_strdup_printf(
            "%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(rule, "threshold")));
        const char *const cells[] = { people, json_string_value(json_object_get(rule, "verb")),
                                      json_string_value(json_object_get(rule, "action")),
                                      threshold };

        output_table_row(context->output, cells);
    }
    output_table_end(context->output);
    output_json(context->output, roster);
    return true;
}

const Command cmd_roster_show = {
    .name = "roster show",
    .synopsis = "PROJECT",
    .help = "print who decides in a project",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_roster_show,
};
