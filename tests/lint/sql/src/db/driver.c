/* SPDX-License-Identifier: Apache-2.0
 * driver: a bad sample: the driver has no SQL of its own either. */
const char *a = "PRAGMA journal_mode = WAL";
const char *b = "CREATE TABLE x (y TEXT)";
