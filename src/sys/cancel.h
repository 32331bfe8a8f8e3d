/* SPDX-License-Identifier: Apache-2.0
 * cancel: one request to stop, shared by everybody who waits for the same thing: an atomic flag and
 * an eventfd that stays readable once triggered. Every wait of ours polls it. Functions that take a
 * Cancel accept NULL: it cannot be cancelled. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include "base/attributes.h"

typedef struct Cancel Cancel;

/** Returns: owned reference. Ends the process if the kernel has no eventfd left. */
Cancel *cancel_new(void);
Cancel *cancel_ref(Cancel *cancel);
void cancel_unref(Cancel *cancel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cancel, cancel_unref)

/** Once and for all. Async-signal-safe; from any thread. Accepts NULL. */
void cancel_trigger(Cancel *cancel);
bool cancel_is_set(const Cancel *cancel);
/** Readable once triggered; borrowed, never read from it. -1 for NULL: poll ignores it. */
int cancel_fd(const Cancel *cancel);
/** False and CANCELLED if triggered. */
bool cancel_check(const Cancel *cancel, GError **error) MUST_CHECK;
/** Waits until @fd has one of @events (POLLIN …), at most @timeout_ms (-1 without end).
 * Errors: TIMEOUT, CANCELLED, IO. Hang-up and error conditions count as ready. */
bool cancel_poll(Cancel *cancel, int fd, short events, int timeout_ms, GError **error) MUST_CHECK;
/** Waits until it is triggered. Errors: IO. */
bool cancel_wait(Cancel *cancel, GError **error) MUST_CHECK;
