/* SPDX-License-Identifier: Apache-2.0
 * command: what a command of the program is: one row, one file cmd_<name>.c. Help, completions and
 * the manual page are made from the rows. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "api/client.h"
#include "base/attributes.h"
#include "cli/cli_options.h"
#include "cli/output.h"
#include "sys/cancel.h"

typedef enum {
    COMMAND_NEEDS_NOTHING, /* runs anywhere */
    COMMAND_NEEDS_HOME,    /* context->home is set; the folder need not exist */
    COMMAND_NEEDS_ENGINE,  /* command_call works: the data folder is open here, or its holder
                              answers */
} CommandNeeds;

typedef enum {
    COMMAND_CANCELLABLE = 1 << 0, /* INT and TERM trigger context->cancel instead of ending it */
    COMMAND_HIDDEN = 1 << 1,      /* not in the overview: for scripts and our own helpers */
    COMMAND_RARE = 1 << 2,        /* the overview gives its name only */
    COMMAND_HOLDS = 1 << 3,       /* is to hold the data folder itself, not to ask its holder */
} CommandFlags;

typedef struct CommandContext {
    Output *output;         /* borrowed */
    const char *home;       /* borrowed; NULL with COMMAND_NEEDS_NOTHING */
    const char *server;     /* borrowed; --server: operations run there, not here; or NULL */
    const char *token_file; /* borrowed; or NULL */
    Cancel *cancel; /* borrowed; first INT or TERM; NULL unless COMMAND_CANCELLABLE or an engine */
    Cancel *stop;   /* borrowed; the second; as cancel */
    Client *client; /* borrowed; NULL unless COMMAND_NEEDS_ENGINE or command_open_client */
    void *opened;   /* the framework's: where command_open_client puts the client */
    int exit_code;  /* of a command that returns true; 0 unless it sets it */
} CommandContext;

typedef struct Command {
    const char *name;     /* "release revoke" */
    const char *synopsis; /* what follows the name: "RELEASE --reason TEXT" */
    const char *help;     /* one line, lower case */
    const char *details;  /* NULL, or paragraphs for help and manual, lines under 80 columns */
    CommandNeeds needs;
    unsigned flags;
    size_t min_args;
    size_t max_args;          /* SIZE_MAX = any number */
    const CliOption *options; /* ends with { 0 }; NULL = none */
    size_t args_size;         /* of the struct the offsets are in; 0 = no options */
    int usage_exit_code;      /* of a wrong command line; 0 = the usual 2 */
    /* @args: the struct, filled; freed by the framework. @positional: NULL-terminated. False with
     * @error for a refusal; true and context->exit_code for a verdict that is no error of ours. */
    bool (*run)(CommandContext *context, void *args, const char *const *positional, GError **error);
} Command;

typedef struct CommandGroup { /* the first word of several commands */
    const char *name;
    const char *help;
    unsigned flags; /* COMMAND_RARE */
} CommandGroup;

/* commands.c: the rows in the order of the overview, and the groups. */
extern const Command *const commands[];
extern const size_t n_commands;
extern const CommandGroup command_groups[];
extern const size_t n_command_groups;
extern const CliOption command_shared_options[]; /* --home, --json, --help */

/** The command that the first of @words name, the longest name winning; NULL if none does.
 * @n_words_out: how many words its name took. */
const Command *command_find(const char *const *words, size_t *n_words_out);
const CommandGroup *command_group_find(const char *name);
/** The group's name if the command is "group verb", else NULL. */
const CommandGroup *command_group_of(const Command *command);
/** Whether any command of it is in the overview. */
bool command_group_is_shown(const CommandGroup *group);

/** The whole program but for process-wide set-up: @words without the program's name,
 * NULL-terminated. Returns the exit code. */
int command_main(const char *const *words, FILE *out, FILE *err);
/** Opens the data folder of a command that needs only HOME, once it has made one. */
bool command_open_client(CommandContext *context, GError **error) MUST_CHECK;
/** A client that never opens the folder in this process: of the server, the holder, or a child.
 * Returns: owned. */
Client *command_open_apart(CommandContext *context, GError **error) MUST_CHECK;
/** One operation; a shorthand for client_call(context->client, …) with @args stolen (NULL = none).
 */
bool command_call(CommandContext *context, const char *operation, json_t *args, json_t **result_out,
                  GError **error) MUST_CHECK;
/** Writes @value, indented, into the new file @path and says so. Errors: EXISTS, IO. */
bool command_write_json(CommandContext *context, const char *path, const json_t *value,
                        GError **error) MUST_CHECK;
/** The strings of @array joined by ", ". Owned. */
char *command_join_strings(const json_t *array);
