/* SPDX-License-Identifier: Apache-2.0
 * write_behind: a thread that writes one file while its caller hashes the same bytes. For ingest.c
 * only. The caller fills a buffer, submits it, may go on reading it, and asks for the next. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/span.h"

#define WRITE_BEHIND_BUFFER_BYTES ((size_t)1 << 18)

typedef struct WriteBehind WriteBehind;

/** @fd: borrowed, written from its current offset. Returns: owned. Errors: UNAVAILABLE (no thread).
 */
WriteBehind *write_behind_start(int fd, GError **error) MUST_CHECK;
/** The next buffer of WRITE_BEHIND_BUFFER_BYTES; waits until the file has what it held. Borrowed
 * until it is submitted. NULL when writing has failed: write_behind_finish says why. */
uint8_t *write_behind_get_buffer(WriteBehind *behind);
/** Hands over @len bytes of that buffer; they may still be read, not changed. */
void write_behind_submit(WriteBehind *behind, size_t len);
/** Waits until all is written. Errors: store's FULL, IO. */
bool write_behind_finish(WriteBehind *behind, GError **error) MUST_CHECK;
/** Stops after the write in progress. */
void write_behind_free(WriteBehind *behind);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WriteBehind, write_behind_free)
