/* SPDX-License-Identifier: Apache-2.0
 * driver: a good sample and a bad one. */
const char *a = "PRAGMA journal_mode = WAL";
const char *b = "CREATE TABLE x (y TEXT)";
