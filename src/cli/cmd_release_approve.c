/* SPDX-License-Identifier: Apache-2.0
 * cmd_release_approve: a person decides with their own key. This process never opens the data
 * folder: it asks the engine for the decision and the facts, checks them itself, shows them, signs,
 * hands in. */
#include <fcntl.h>
#include <string.h>
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/approve_check.h"
#include "cli/commands.h"
#include "cli/person.h"
#include "base/banned.h"

typedef struct {
    char *person;  /* owned */
    char *key;     /* owned */
    char *ssh_key; /* owned */
    char *trust;   /* owned */
} ApproveArgs;

static const CliOption options[] = {
    { "person", 'p', CLI_STRING, offsetof(ApproveArgs, person), CLI_REQUIRED,
      "who you are in the roster", "NAME" },
    { "key", 'k', CLI_STRING, offsetof(ApproveArgs, key), CLI_PATH, "a key of 'slipway keys new'",
      "FILE" },
    { "ssh-key", 0, CLI_STRING, offsetof(ApproveArgs, ssh_key), CLI_PATH,
      "an SSH key; ssh-keygen signs", "FILE" },
    { "trust", 't', CLI_STRING, offsetof(ApproveArgs, trust), CLI_PATH,
      "check the log against this trust file first", "FILE" },
    { 0 },
};

static void
show(CommandContext *context, const ApproveSubject *subject)
{
    output_talk(context->output, "you decide about  %s", subject->release);
    output_talk(context->output, "manifest          %s", subject->manifest);
    for (guint i = 0; i < subject->assets->len; i++)
        output_talk(context->output, "asset             %s", (char *)subject->assets->pdata[i]);
    output_talk(context->output, "to be published   %s", subject->targets);
    output_talk(context->output, "log root          %s%s", subject->root,
                subject->root_pinned ? "" : "  (not pinned: compare it, or give --trust)");
}

static bool
run_approve(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    ApproveArgs *args = data;
    ApproveWanted wanted = { .release = positional[0],
                             .person = args->person,
                             .trust_path = args->trust };
    g_autoptr(Client) client = NULL;
    g_autoptr(ApproveSubject) subject = NULL;
    g_autoptr(json_t) asked = NULL;
    g_autoptr(json_t) pair = NULL;
    g_autoptr(json_t) result = NULL;
    g_autoptr(json_t) question =
        json_pack("{s:s, s:s}", "release", positional[0], "person", args->person);
    g_autoptr(json_t) answer = NULL;

    if ((args->key == NULL) == (args->ssh_key == NULL)) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS,
                  "say exactly one of '--key FILE' and '--ssh-key FILE'");
        return false;
    }
    client = command_open_apart(context, error);
    if (client == NULL || !client_call(client, "release.decision", question, &asked, error))
        return false;
    subject = approve_check(asked, &wanted, error);
    if (subject == NULL)
        return false;
    show(context, subject);
    if (!person_sign(json_object_get(asked, "decision"),
                     args->ssh_key != NULL ? PERSON_KEY_SSH : PERSON_KEY_ANY,
                     args->ssh_key != NULL ? args->ssh_key : args->key, &pair, error))
        return false;
    answer = json_pack("{s:s, s:O}", "release", positional[0], "approval", pair);
    if (!client_call(client, "release.approve", answer, &result, error))
        return false;
    output_line(context->output, "approved   %s by %s", positional[0], args->person);
    output_line(context->output, "approval   %s",
                json_string_value(json_object_get(result, "approval")));
    output_json(context->output, result);
    return true;
}

const Command cmd_release_approve = {
    .name = "release approve",
    .synopsis = "RELEASE --person NAME --key FILE [--trust FILE]",
    .help = "approve a release with your own key",
    .details = "Checks that the manifest, its request and everything they stand on is in the\n"
               "log before showing it, then signs. The engine never sees the key. For an SSH\n"
               "key give the .pub file when the private half is in an agent or a token.",
    .needs = COMMAND_NEEDS_HOME,
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .args_size = sizeof(ApproveArgs),
    .run = run_approve,
};
