/* SPDX-License-Identifier: Apache-2.0
 * random: bytes from the kernel; ends the process if there are none. */
#pragma once
#include <stddef.h>

/** Fills @out. Cannot fail; may block early at boot. */
void random_fill(void *out, size_t len);
