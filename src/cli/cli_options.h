/* SPDX-License-Identifier: Apache-2.0
 * cli_options: a command's options as a table of offsets into its own struct. --name value,
 * --name=value, -n value, -nvalue; options may stand anywhere; "--" ends them. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/attributes.h"

#define CLI_WORDS_MAX 65536 /* arguments of one command line */

typedef enum {
    CLI_NONE,
    CLI_FLAG,    /* bool */
    CLI_STRING,  /* char *, owned */
    CLI_INT,     /* int64_t, from 0 */
    CLI_STRINGS, /* GPtrArray *, owned, of owned strings; may be given many times */
} CliType;

typedef enum {
    CLI_REQUIRED = 1 << 0,
    CLI_PATH = 1 << 1, /* completion offers files */
} CliFlags;

typedef struct CliOption { /* ends with { 0 } */
    const char *name;      /* without the dashes */
    char letter;           /* 0 = none */
    CliType type;
    size_t offset; /* offsetof in the command's struct */
    unsigned flags;
    const char *help;  /* a line, lower case */
    const char *value; /* how help calls the value: "TEXT"; NULL for flags */
} CliOption;

/** Reads @words into @args (zeroed by the caller) and @positional (borrowed words are added). Both
 * tables are looked in; NULL is an empty one. @shared_args goes with @shared. On false @args has to
 * be cleared all the same. Errors: API_ERROR_BAD_ARGUMENTS. */
bool cli_options_parse(const CliOption *options, void *args, const CliOption *shared,
                       void *shared_args, const char *const *words, GPtrArray *positional,
                       GError **error) MUST_CHECK;
/** False if an option with CLI_REQUIRED is missing. Errors: API_ERROR_BAD_ARGUMENTS. */
bool cli_options_check(const CliOption *options, const void *args, GError **error) MUST_CHECK;
/** Frees what parsing put into @args. */
void cli_options_clear(const CliOption *options, void *args);
