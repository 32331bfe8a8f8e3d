/* SPDX-License-Identifier: Apache-2.0
 * fine: a good sample. */
#pragma once
#include <stdint.h>
void fine_put(uint8_t value);
