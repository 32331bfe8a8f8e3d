/* SPDX-License-Identifier: Apache-2.0
 * root_keys: where 'slipway init' put the root keys, to nag until they are taken away from there.
 * Only whether the files exist is looked at; nothing opens them. */
#pragma once
#include <glib.h>
#include "base/attributes.h"
#include "cli/output.h"

/** Remembers @paths (of char *) in the data folder @home. Errors: IO. */
bool root_keys_remember(const char *home, const GPtrArray *paths, GError **error) MUST_CHECK;
/** Warns of each root key that still lies where it was made. */
void root_keys_warn(const char *home, Output *output);
