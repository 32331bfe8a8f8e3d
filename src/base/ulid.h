/* SPDX-License-Identifier: Apache-2.0
 * ulid: 26 characters that name a request, sortable by time (Crockford base32). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define ULID_SIZE 27 /* 26 characters and NUL */

/** A new one: 48 bits of @time_us in milliseconds, 80 random bits. */
void ulid_make(int64_t time_us, char out[ULID_SIZE]);
/** Whether @text is 26 upper-case Crockford digits within range. */
bool ulid_is_valid(const char *text);
