/* SPDX-License-Identifier: Apache-2.0
 * wake: a notice without payload. Whoever is woken reads again; many sends before a clear are one.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "sys/cancel.h"

typedef struct Wake Wake;

/** Returns: owned. Ends the process if the kernel has no eventfd left. */
Wake *wake_new(void);
void wake_free(Wake *wake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Wake, wake_free)

/** From any thread, async-signal-safe, never blocks. */
void wake_send(Wake *wake);
/** Readable while a notice is pending; borrowed. */
int wake_fd(const Wake *wake);
/** Takes the pending notice; call it before reading again what the notice is about. */
void wake_clear(Wake *wake);
/** Waits for a notice and clears it. @timeout_ms: -1 without end. Errors: TIMEOUT, CANCELLED. */
bool wake_wait(Wake *wake, int timeout_ms, Cancel *cancel, GError **error) MUST_CHECK;
