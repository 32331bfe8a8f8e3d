/* SPDX-License-Identifier: Apache-2.0
 * signals: TERM and INT as requests: the first drains, the second stops. */
#pragma once
#include <glib.h>
#include "base/attributes.h"
#include "sys/cancel.h"

/** Blocks TERM, INT, HUP and ignores PIPE. First thing in main, before any thread. */
void signals_block(void);

typedef struct Signals Signals; /* the thread that reads the signalfd */
/** @drain: triggered by the first TERM or INT; @stop: by the second. Both referenced. Errors: IO.
 */
Signals *signals_start(Cancel *drain, Cancel *stop, GError **error) MUST_CHECK;
/** Ends the thread. Accepts NULL. */
void signals_free(Signals *signals);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Signals, signals_free)
