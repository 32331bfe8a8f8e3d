/* SPDX-License-Identifier: Apache-2.0
 * greeting: one line of politeness. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define GREETING_SIZE 128 /* bytes, NUL included */

/** "hello, NAME" into @out. Returns false, and an empty @out, when it does not fit. */
bool greeting_format(const char *name, char *out, size_t size);
