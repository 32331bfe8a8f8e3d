/* SPDX-License-Identifier: Apache-2.0
 * random: bytes from the kernel; ends the process if there are none. */
#pragma once
#include <stddef.h>

void random_fill(void *out, size_t len);
