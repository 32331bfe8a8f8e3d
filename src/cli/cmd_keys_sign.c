/* SPDX-License-Identifier: Apache-2.0
 * cmd_keys_sign: a person signs a decision read from a file or stdin. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "cli/person.h"
#include "base/banned.h"

typedef struct {
    char *key;     /* owned */
    char *ssh_key; /* owned */
    char *person;  /* owned */
} DecisionSignArgs;

static const CliOption options[] = {
    { "key", 'k', CLI_STRING, offsetof(DecisionSignArgs, key), CLI_PATH,
      "a key's file, 'ssh-agent:…' or 'pkcs11:…'", "KEY" },
    { "ssh-key", 0, CLI_STRING, offsetof(DecisionSignArgs, ssh_key), CLI_PATH,
      "an SSH key; ssh-keygen signs", "FILE" },
    { "person", 'p', CLI_STRING, offsetof(DecisionSignArgs, person), 0,
      "whose decision, when a proposal is given", "NAME" },
    { 0 },
};

static json_t *
read_input(const char *path, GError **error)
{
    g_autoptr(GBytes) text = path == NULL || strcmp(path, "-") == 0
                                 ? fd_read_all(STDIN_FILENO, LIMIT_JSON_BYTES, error)
                                 : file_read(AT_FDCWD, path, LIMIT_JSON_BYTES, error);

    return text != NULL ? json_parse(span_of_bytes(text), LIMIT_JSON_BYTES, error) : NULL;
}

/* The decision itself, or @person's among those of a proposal. */
static const json_t *
choose_decision(const json_t *input, const char *person, GError **error)
{
    const json_t *decisions = json_object_get(input, "decisions");
    const json_t *decision = json_object_get(decisions, person != NULL ? person : "");

    if (decisions == NULL)
        return input;
    if (decision == NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "the proposal asks nothing of '%s': say who you are with '--person NAME'",
                  person != NULL ? person : "");
    return decision;
}

static bool
run_decision_sign(CommandContext *context, void *data, const char *const *positional,
                  GError **error)
{
    DecisionSignArgs *args = data;
    g_autoptr(json_t) input = read_input(positional[0], error);
    const json_t *decision = input != NULL ? choose_decision(input, args->person, error) : NULL;
    g_autoptr(json_t) pair = NULL;
    g_autofree char *text = NULL;

    if (decision == NULL)
        return false;
    if ((args->key == NULL) == (args->ssh_key == NULL)) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS,
                  "say exactly one of '--key FILE' and '--ssh-key FILE'");
        return false;
    }
    if (!person_sign(decision, args->ssh_key != NULL ? PERSON_KEY_SSH : PERSON_KEY_ANY,
                     args->ssh_key != NULL ? args->ssh_key : args->key, &pair, error))
        return false;
    text = json_pretty(pair);
    output_text(context->output, text);
    return true;
}

const Command cmd_keys_sign = {
    .name = "keys sign",
    .synopsis = "[FILE] --key KEY | --ssh-key FILE",
    .help = "sign a decision or a proposal with your own key",
    .details = "Reads a decision, or a proposal of which --person picks yours, from FILE or\n"
               "stdin, and writes {decision, proof} for 'slipway admin apply'. Works on a\n"
               "machine that has never seen the engine.",
    .max_args = 1,
    .options = options,
    .args_size = sizeof(DecisionSignArgs),
    .run = run_decision_sign,
};
