/* SPDX-License-Identifier: Apache-2.0
 * program: finding the system's own programs in the system's own folders; PATH is the user's and
 * does not decide what isolates jobs. Included by the files of this folder only. */
#pragma once
#include "base/attributes.h"
#include "base/error.h"

/** The absolute path. Owned. @package: the Debian package to name. Errors: UNAVAILABLE. */
char *program_find(const char *name, const char *package, GError **error) MUST_CHECK;
