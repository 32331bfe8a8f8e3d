/* SPDX-License-Identifier: Apache-2.0
 * error_map: a bad sample. */
static const int rows[] = { ERROR_KIND_IO, CODES_ERROR_FINE, CODES_ERROR_GONE };
