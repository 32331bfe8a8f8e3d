/* SPDX-License-Identifier: Apache-2.0
 * monitor: the whole fold over every entry of a log, and status.json recomputed from it. */
#pragma once
#include "fact/fold.h"
#include "verify/verify.h"

typedef struct Monitor Monitor;
/** @trust: borrowed for the monitor's life. Returns: owned. */
Monitor *monitor_new(const Trust *trust);
void monitor_free(Monitor *monitor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Monitor, monitor_free)
/** The next entry in order. False only when folding cannot go on; findings are in the report. */
bool monitor_feed(Monitor *monitor, Span leaf, Span pae, GError **error) MUST_CHECK;
/** Compares @status (the envelope) and @checkpoint (the note) with the fold; both may be empty
 * spans. Returns: owned report. */
VerifyReport *monitor_finish(Monitor *monitor, Span status, Span checkpoint, int64_t now_us);
