/* SPDX-License-Identifier: Apache-2.0
 * A bad sample that does not say which module it is of. */
