/* SPDX-License-Identifier: Apache-2.0
 * config: settings as a table, read from a YAML file into a struct of the caller. One row a
 * setting: its name with dots is its place in the file ("http.listen" is listen: below http:). */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/span.h"
#include "sys/diagnostic.h"

typedef enum {
    CONFIG_NONE,
    CONFIG_STRING, /* char *, owned */
    CONFIG_PATH,   /* char *, owned; absolute */
    CONFIG_SECRET, /* char *, owned; absolute path of a file that holds the secret, never itself */
    CONFIG_BOOL,   /* bool */
    CONFIG_INT,    /* int64_t, within min and max */
    CONFIG_SIZE,   /* int64_t bytes: "512 MiB", "4096" */
    CONFIG_DURATION, /* int64_t milliseconds: "90s", "10m", "250ms" */
    CONFIG_STRINGS,  /* char **, owned, NULL-terminated */
} ConfigType;

typedef enum {
    CONFIG_RELOADABLE = 1 << 0, /* takes effect at reload; the others need a restart */
    CONFIG_REQUIRED = 1 << 1,
} ConfigFlags;

typedef struct ConfigSetting {
    const char *name; /* "http.listen" */
    ConfigType type;
    size_t offset;             /* offsetof in the target struct */
    const char *default_value; /* as it would be written in the file; NULL = zero */
    int64_t min, max;          /* numbers; both 0 = no bounds */
    ConfigFlags flags;
    const char *help; /* one line */
} ConfigSetting;

/** Fills @target (zeroed by the caller) with defaults, then with what @text says. Everything wrong
 * is added to @diagnostics; unknown keys name the nearest setting. @text may be empty: all
 * defaults. On false @target still has to be cleared. */
bool config_parse(const ConfigSetting *settings, size_t n_settings, Span text,
                  Diagnostics *diagnostics, void *target) MUST_CHECK;
/** Frees what config_parse put into @target; the struct itself is the caller's. */
void config_clear(const ConfigSetting *settings, size_t n_settings, void *target);
/** One setting as text; a secret shows its file's path. Owned. */
char *config_value_text(const ConfigSetting *setting, const void *target);
/** "512 MiB", "4096", "1GiB": KiB, MiB, GiB, TiB or plain bytes. */
bool config_parse_size(const char *text, int64_t *bytes_out) MUST_CHECK;
/** "250ms", "90s", "10m", "2h", "1d"; a unit is needed. */
bool config_parse_duration(const char *text, int64_t *ms_out) MUST_CHECK;
