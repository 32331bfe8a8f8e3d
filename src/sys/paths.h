/* SPDX-License-Identifier: Apache-2.0
 * paths: where our helper programs and the data folder are. */
#pragma once
#include <glib.h>
#include "base/attributes.h"

/** The absolute path of a helper ("slipway-signer"): in $SLIPWAY_LIBEXEC if set, else beside the
 * running program in ../libexec/slipway, else in its own folder, else in the build tree it runs
 * from (src/signer/slipway-signer). Owned. Errors: UNAVAILABLE, naming the places. */
char *paths_find_helper(const char *name, GError **error) MUST_CHECK;
/** $SLIPWAY_HOME, else $XDG_STATE_HOME/slipway, else ~/.local/state/slipway; absolute, owned.
 * Errors: INVALID (no home folder known, or a relative path is set). */
char *paths_home_default(GError **error) MUST_CHECK;
/** The absolute path of the running program. Owned. Errors: IO. */
char *paths_self(GError **error) MUST_CHECK;
