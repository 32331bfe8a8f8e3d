/* SPDX-License-Identifier: Apache-2.0
 * query: a bad sample. */
const char *a = "SELECT id FROM fact_release";
const char *b = "select the best one";
const char *c = "insert into work_run values (1)";
const char *d = "PRAGMA foreign_keys = ON";
/* "DELETE FROM work_run" */
