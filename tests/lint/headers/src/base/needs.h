/* SPDX-License-Identifier: Apache-2.0
 * needs: a bad sample: uses a type it does not include. */
#pragma once
void needs_put(uint8_t value);
