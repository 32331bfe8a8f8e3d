/* SPDX-License-Identifier: Apache-2.0
 * x: a bad sample: a folder nobody planned. */
