/* SPDX-License-Identifier: Apache-2.0
 * mask: hides secrets in job output: their bytes as they are, each line of a secret of several
 * lines, and their base64 and URL forms. Immutable once in use, then safe from several threads. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/attributes.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"

#define MASK_MIN_SECRET_BYTES 4
#define MASK_MAX_SECRET_BYTES (64u << 10)
#define MASK_MAX_NEEDLES      10000
#define MASK_TEXT             "***"

typedef struct Mask Mask;

Mask *mask_new(void);
void mask_free(Mask *mask);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mask, mask_free)

/** Adds a secret and its forms. Errors: INVALID (too short: it would hide half the log), LIMIT. */
bool mask_add(Mask *mask, Span secret, GError **error) MUST_CHECK;
/** The length of the longest byte string looked for; 0 when there is none. */
size_t mask_get_longest(const Mask *mask);
/** Whether @text holds one. */
bool mask_finds(const Mask *mask, Span text);
/** Appends what begins in the first @keep bytes of @text to @out, every stretch that secrets cover
 * replaced by MASK_TEXT; never more than @keep bytes. Secrets are looked for in all of @text. */
void mask_apply(const Mask *mask, Span text, size_t keep, Buffer *out);
