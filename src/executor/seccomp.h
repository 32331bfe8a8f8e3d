/* SPDX-License-Identifier: Apache-2.0
 * seccomp: the system call filter of the sandbox, compiled while building by tools/gen-seccomp.c.
 * Included by the files of this folder only. */
#pragma once
#include "base/attributes.h"
#include "base/digest.h"
#include "base/error.h"

/** A sealed memory file with the filter. Returns -1 on error. Errors: IO. */
int seccomp_open(GError **error) MUST_CHECK;
/** Another descriptor for it with an offset of its own: bwrap reads from the offset. */
int seccomp_reopen(int fd, GError **error) MUST_CHECK;
/** SHA-256 of the filter, for provenance. */
Digest seccomp_digest(void);
