/* SPDX-License-Identifier: Apache-2.0
 * log_view: the transparency log for those who read it over the network: its static files, and
 * statements by name. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/digest.h"
#include "service/engine.h"

#define LOG_VIEW_PEEK_BYTES (64u << 10) /* longer files are sent from their descriptor */

/** Brings the static view to the log of now, if it grew since @seen_size. One caller at a time.
 * @seen_size: in and out; 0 at first. Errors: those of signer and tlog_export. */
bool log_view_refresh(Engine *engine, uint64_t *seen_size, GError **error) MUST_CHECK;
/** Opens a file of the static view: "checkpoint", "tile/0/000". @fd_out: owned. Errors: NOT_FOUND,
 * IO. */
bool log_view_open(Engine *engine, const char *path, int *fd_out, uint64_t *size_out,
                   GError **error) MUST_CHECK;
/** The bytes of such a file when reading it cannot wait for a disk; NULL: log_view_open knows.
 * Returns: owned. */
GBytes *log_view_peek(Engine *engine, const char *path);
