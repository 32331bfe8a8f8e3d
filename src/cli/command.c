/* SPDX-License-Identifier: Apache-2.0
 * command: from the words of a command line to the run of a command: find the row, read its
 * options, prepare what it needs, run it, print its error. */
#include "cli/command.h"
#include <signal.h>
#include <fcntl.h>
#include <string.h>
#include "api/error_map.h"
#include "base/files.h"
#include "base/json.h"
#include "cli/help.h"
#include "cli/root_keys.h"
#include "sys/paths.h"
#include "sys/signals.h"
#include "sys/suggest.h"
#include "base/banned.h"

#define NAME_WORDS_MAX 3 /* "log monitor start" would be the longest */

typedef struct SharedArgs {
    char *home;       /* owned */
    char *server;     /* owned */
    char *token_file; /* owned */
    bool json;
    bool help;
} SharedArgs;

const CliOption command_shared_options[] = {
    { "home", 0, CLI_STRING, offsetof(SharedArgs, home), CLI_PATH,
      "the data folder (default: $SLIPWAY_HOME)", "FOLDER" },
    { "server", 0, CLI_STRING, offsetof(SharedArgs, server), 0,
      "a server elsewhere (default: $SLIPWAY_SERVER)", "URL" },
    { "token-file", 0, CLI_STRING, offsetof(SharedArgs, token_file), CLI_PATH,
      "its token (default: $SLIPWAY_TOKEN_FILE)", "FILE" },
    { "json", 0, CLI_FLAG, offsetof(SharedArgs, json), 0, "print the result as JSON", NULL },
    { "help", 'h', CLI_FLAG, offsetof(SharedArgs, help), 0, "show help and do nothing", NULL },
    { 0 },
};

/* How many of @words the name takes, or 0. */
static size_t
match_name(const char *name, const char *const *words)
{
    g_auto(GStrv) parts = g_strsplit(name, " ", NAME_WORDS_MAX + 1);
    size_t n = 0;

    for (; parts[n] != NULL; n++)
        if (words[n] == NULL || strcmp(parts[n], words[n]) != 0)
            return 0;
    return n;
}

const Command *
command_find(const char *const *words, size_t *n_words_out)
{
    const Command *best = NULL;
    size_t best_n = 0;

    for (size_t i = 0; i < n_commands; i++) {
        size_t n = match_name(commands[i]->name, words);

        if (n > best_n) {
            best = commands[i];
            best_n = n;
        }
    }
    *n_words_out = best_n;
    return best;
}

const CommandGroup *
command_group_find(const char *name)
{
    for (size_t i = 0; i < n_command_groups; i++)
        if (strcmp(command_groups[i].name, name) == 0)
            return &command_groups[i];
    return NULL;
}

const CommandGroup *
command_group_of(const Command *command)
{
    size_t len = strcspn(command->name, " ");
    g_autofree char *first = g_strndup(command->name, len);

    return command->name[len] == ' ' ? command_group_find(first) : NULL;
}

bool
command_group_is_shown(const CommandGroup *group)
{
    for (size_t i = 0; i < n_commands; i++)
        if ((commands[i]->flags & COMMAND_HIDDEN) == 0 && command_group_of(commands[i]) == group)
            return true;
    return false;
}

/* The error for words that name no command. */
static void
set_unknown(const char *const *words, GError **error)
{
    const CommandGroup *group = command_group_find(words[0]);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *wanted = group != NULL && words[1] != NULL
                                  ? g_strconcat(words[0], " ", words[1], NULL)
                                  : g_strdup(words[0]);
    const char *near;

    for (size_t i = 0; i < n_commands; i++)
        if ((commands[i]->flags & COMMAND_HIDDEN) == 0)
            g_ptr_array_add(names, (void *)commands[i]->name);
    for (size_t i = 0; group == NULL && i < n_command_groups; i++)
        if (command_group_is_shown(&command_groups[i]))
            g_ptr_array_add(names, (void *)command_groups[i].name);
    near = suggest_nearest(wanted, (const char *const *)names->pdata, names->len);
    if (near != NULL)
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS,
                  "unknown command '%s', did you mean '%s'", wanted, near);
    else
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "unknown command '%s'", wanted);
}

static bool
check_count(const Command *command, size_t n, GError **error)
{
    if (n >= command->min_args && n <= command->max_args)
        return true;
    error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "too %s arguments for '%s': wanted: %s %s",
              n < command->min_args ? "few" : "many", command->name, command->name,
              command->synopsis != NULL ? command->synopsis : "");
    return false;
}

typedef struct Invocation { /* one run, all it owns */
    const Command *command; /* borrowed */
    SharedArgs shared;
    void *args;            /* owned, of command->args_size */
    GPtrArray *positional; /* owned list of borrowed words */
    char *home;            /* owned */
    Cancel *cancel;        /* owned */
    Cancel *stop;          /* owned */
    Signals *signals;      /* owned */
    Client *client;        /* owned */
} Invocation;

static void
invocation_clear(Invocation *invocation)
{
    g_clear_pointer(&invocation->client, client_free);
    signals_free(invocation->signals);
    cancel_unref(invocation->stop);
    cancel_unref(invocation->cancel);
    g_free(invocation->home);
    g_clear_pointer(&invocation->positional, g_ptr_array_unref);
    if (invocation->command != NULL)
        cli_options_clear(invocation->command->options, invocation->args);
    g_free(invocation->args);
    cli_options_clear(command_shared_options, &invocation->shared);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Invocation, invocation_clear)

static bool
prepare(Invocation *invocation, CommandContext *context, GError **error)
{
    const Command *command = invocation->command;
    bool engine = command->needs == COMMAND_NEEDS_ENGINE;
    const SharedArgs *shared = &invocation->shared;

    context->server = shared->server != NULL ? shared->server : g_getenv("SLIPWAY_SERVER");
    context->token_file =
        shared->token_file != NULL ? shared->token_file : g_getenv("SLIPWAY_TOKEN_FILE");

    if (command->needs != COMMAND_NEEDS_NOTHING) {
        invocation->home = invocation->shared.home != NULL
                               ? g_canonicalize_filename(invocation->shared.home, NULL)
                               : paths_home_default(error);
        if (invocation->home == NULL)
            return false;
        context->home = invocation->home;
    }
    if (engine || (command->flags & COMMAND_CANCELLABLE) != 0) {
        signals_block(); /* before the first thread */
        invocation->cancel = context->cancel = cancel_new();
        invocation->stop = context->stop = cancel_new();
        invocation->signals = signals_start(context->cancel, context->stop, error);
        if (invocation->signals == NULL)
            return false;
    }
    if (!engine)
        return true;
    if ((command->flags & COMMAND_HIDDEN) == 0 && context->server == NULL)
        root_keys_warn(context->home, context->output);
    return command_open_client(context, error);
}

static bool
run_command(Invocation *invocation, Output *output, int *exit_code_out, GError **error)
{
    const Command *command = invocation->command;
    CommandContext context = { .output = output, .opened = invocation };

    if (!check_count(command, invocation->positional->len, error) ||
        !cli_options_check(command->options, invocation->args, error) ||
        !prepare(invocation, &context, error))
        return false;
    g_ptr_array_add(invocation->positional, NULL);
    if (!command->run(&context, invocation->args,
                      (const char *const *)invocation->positional->pdata, error))
        return false;
    *exit_code_out = context.exit_code;
    return true;
}

/* Usage errors point at the help of the command. Owned, or NULL. */
static char *
usage_hint(const Command *command, const char *const *words, const GError *error)
{
    if (error_map_find(error)->exit_code != EXIT_CODE_USAGE)
        return NULL;
    if (command != NULL)
        return g_strdup_printf("see 'slipway help %s'", command->name);
    if (words[0] != NULL && command_group_find(words[0]) != NULL)
        return g_strdup_printf("see 'slipway help %s'", words[0]);
    return g_strdup("see 'slipway help'");
}

/* Options may stand before the command: the first words that are none name it. */
static size_t
skip_shared(const char *const *words)
{
    size_t n = 0;

    while (words[n] != NULL && words[n][0] == '-' && words[n][1] != '\0') {
        if ((strcmp(words[n], "--home") == 0 || strcmp(words[n], "--server") == 0 ||
             strcmp(words[n], "--token-file") == 0) &&
            words[n + 1] != NULL)
            n++;
        n++;
    }
    return n;
}

static bool
read_words(Invocation *invocation, const char *const *words, GError **error)
{
    size_t first = skip_shared(words);
    size_t n_name = 0;
    g_autoptr(GPtrArray) rest = g_ptr_array_new();

    if (words[first] != NULL) {
        invocation->command = command_find(words + first, &n_name);
        if (invocation->command != NULL && invocation->command->args_size > 0)
            invocation->args = g_malloc0(invocation->command->args_size);
        if (invocation->command == NULL && command_group_find(words[first]) == NULL) {
            set_unknown(words + first, error); /* rather than its options */
            return false;
        }
    }
    for (size_t i = 0; words[i] != NULL; i++)
        if (i < first || i >= first + n_name)
            g_ptr_array_add(rest, (void *)words[i]);
    g_ptr_array_add(rest, NULL);
    invocation->positional = g_ptr_array_new();
    return cli_options_parse(invocation->command != NULL ? invocation->command->options : NULL,
                             invocation->args, command_shared_options, &invocation->shared,
                             (const char *const *)rest->pdata, invocation->positional, error);
}

/* No command was named: the overview, a group's overview, or an error. */
static bool
run_nothing(Invocation *invocation, Output *output, int *exit_code_out, GError **error)
{
    g_autofree char *text = NULL;
    const CommandGroup *group = NULL;

    if (invocation->positional->len == 0) {
        text = help_overview();
    } else {
        g_ptr_array_add(invocation->positional, NULL);
        group = command_group_find(g_ptr_array_index(invocation->positional, 0));
        if (group == NULL || (invocation->positional->len > 2 && !invocation->shared.help)) {
            set_unknown((const char *const *)invocation->positional->pdata, error);
            return false;
        }
        text = help_of_group(group);
        *exit_code_out = invocation->shared.help ? EXIT_CODE_DONE : EXIT_CODE_USAGE;
    }
    output_text(output, text);
    return true;
}

/* --json as a word of its own, so that a mistake before it is still told as JSON. */
static bool
wants_json(const char *const *words)
{
    for (; *words != NULL && strcmp(*words, "--") != 0; words++)
        if (strcmp(*words, "--json") == 0)
            return true;
    return false;
}

int
command_main(const char *const *words, FILE *out, FILE *err)
{
    static const char *const version[] = { "version", NULL };
    g_autoptr(Output) output = output_new(out, err, wants_json(words));
    g_auto(Invocation) invocation = { 0 };
    g_autoptr(GError) error = NULL;
    g_autofree char *hint = NULL;
    int exit_code = EXIT_CODE_DONE;
    bool ok;

    if (g_strcmp0(words[0], "--version") == 0) /* asked of every program in this way */
        words = version;
    ok = read_words(&invocation, words, &error);

    if (ok && invocation.command == NULL) {
        ok = run_nothing(&invocation, output, &exit_code, &error);
    } else if (ok && invocation.shared.help) {
        g_autofree char *text = help_of_command(invocation.command);

        output_text(output, text);
    } else if (ok) {
        ok = run_command(&invocation, output, &exit_code, &error);
    }
    if (ok)
        return exit_code;
    hint = usage_hint(invocation.command, words, error);
    exit_code = output_error(output, error, hint);
    if (exit_code == EXIT_CODE_USAGE && invocation.command != NULL &&
        invocation.command->usage_exit_code != 0)
        exit_code = invocation.command->usage_exit_code;
    return exit_code;
}

bool
command_call(CommandContext *context, const char *operation, json_t *args, json_t **result_out,
             GError **error)
{
    bool ok = client_call(context->client, operation, args, result_out, error);

    json_decref(args);
    return ok;
}

bool
command_open_client(CommandContext *context, GError **error)
{
    Invocation *invocation = context->opened;
    ClientFlags flags = (invocation->command->flags & COMMAND_HOLDS) != 0 ? CLIENT_HOLD : 0;
    g_autofree char *what = g_strdup_printf("slipway %s", invocation->command->name);

    invocation->client = context->client =
        context->server != NULL ? client_open_remote(context->server, context->token_file, error)
                                : client_open(context->home, what, flags, error);
    return context->client != NULL;
}

Client *
command_open_apart(CommandContext *context, GError **error)
{
    if (context->server != NULL)
        return client_open_remote(context->server, context->token_file, error);
    return client_open(context->home, "a person's client", CLIENT_APART, error);
}

bool
command_write_json(CommandContext *context, const char *path, const json_t *value, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *text = json_pretty(value);
    AUTO_FD int fd = dir_open(AT_FDCWD, folder, error);

    if (fd < 0 || !file_write_new(fd, name, span_of_text(text), 0644, error))
        return false;
    output_line(context->output, "written  %s", path);
    output_json(context->output, value);
    return true;
}

char *
command_join_strings(const json_t *array)
{
    GString *text = g_string_new(NULL);
    size_t i = 0;
    json_t *item = NULL;

    json_array_foreach (array, i, item)
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", json_string_value(item));
    return g_string_free(text, FALSE);
}
