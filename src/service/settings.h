/* SPDX-License-Identifier: Apache-2.0
 * settings: members of the objects that people set projects, notices and watches by. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include "base/attributes.h"

#define SETTINGS_TEXT_BYTES_MAX 4096

/** Returns false with INVALID: "'key' is not right: expected …". */
bool settings_invalid(GError **error, const char *key, const char *expected);
/** Puts the text settings[key] into *@out in place of what is there (owned); leaves it when absent.
 * Errors: INVALID (no text, of more than one line, or longer than SETTINGS_TEXT_BYTES_MAX). */
bool settings_take_text(const json_t *settings, const char *key, char **out,
                        GError **error) MUST_CHECK;
