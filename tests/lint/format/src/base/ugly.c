/* SPDX-License-Identifier: Apache-2.0
 * ugly: a bad sample. */
int ugly(void) { return 1; }
