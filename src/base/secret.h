/* SPDX-License-Identifier: Apache-2.0
 * secret: bytes in locked memory, wiped when freed, never formatted. */
#pragma once
#include <glib.h>
#include <stdint.h>
#include "base/span.h"

typedef struct Secret Secret;
/** A copy of @span in locked memory; the caller wipes its own. Returns: owned. */
Secret *secret_new(Span span);
/** Borrowed. */
Span secret_get(const Secret *secret);
void secret_free(Secret *secret);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Secret, secret_free)
/** Overwrites memory in a way the compiler keeps. */
void secret_wipe(void *data, size_t len);
