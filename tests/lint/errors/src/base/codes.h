/* SPDX-License-Identifier: Apache-2.0
 * codes: a bad sample. */
#pragma once
typedef enum {
    CODES_ERROR_FINE = ERROR_CODE(ERROR_KIND_IO, 1),
    CODES_ERROR_BARE,
    CODES_ERROR_TWICE = ERROR_CODE(ERROR_KIND_IO, 1),
    CODES_ERROR_UNMAPPED = ERROR_CODE(ERROR_KIND_LIMIT, 1),
} CodesError;
