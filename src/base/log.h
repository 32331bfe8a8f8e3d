/* SPDX-License-Identifier: Apache-2.0
 * log: structured lines on stderr for operators (not job output, not the audit trail).
 * Only service, web and cli log above debug; everybody else returns errors. */
#pragma once
#include "base/attributes.h"

typedef enum { LOG_DEBUG, LOG_INFO, LOG_NOTICE, LOG_WARNING, LOG_ERROR } LogLevel;

/** Lowest level printed; from $SLIPWAY_LOG ("debug" … "error"), default notice. Call once in main.
 */
void log_open(void);
/** One line: constant @message, then NULL-terminated pairs of field name ("SLIPWAY_RUN") and value.
 */
void log_event(LogLevel level, const char *message, ...) __attribute__((sentinel));
