/* SPDX-License-Identifier: Apache-2.0
 * confine: this process takes from itself the right to open files, for good (Landlock): where no
 * namespaces are to be had, a process that must not read a folder still cannot. */
#pragma once
#include <stddef.h>
#include "base/attributes.h"
#include "base/error.h"

/** From now on this process and its children open nothing but what lies at or below @paths, and
 * that for reading only. What is open stays open. Errors: UNAVAILABLE (the kernel has no Landlock),
 * NOT_FOUND, IO. */
bool confine_to(const char *const *paths, size_t n_paths, GError **error) MUST_CHECK;
