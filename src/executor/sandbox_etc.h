/* SPDX-License-Identifier: Apache-2.0
 * sandbox_etc: the /etc of a sandbox without a root file system of its own: a few files of ours and
 * of the host, none of them secret. As root the job owns what root owns, so the host's /etc is
 * never shown whole. Included by the files of this folder only. */
#pragma once
#include <glib.h>
#include "base/attributes.h"
#include "base/error.h"

/** Fills the new folder scratch/etc. @hosts, @resolv: contents of those two files. Errors: IO. */
bool sandbox_etc_make(int scratch_fd, const char *hosts, const char *resolv,
                      GError **error) MUST_CHECK;
/** Folders of the host's /etc to be bound read-only where they exist, NULL-terminated; static. A
 * mount point for each existing one is made by sandbox_etc_make. */
const char *const *sandbox_etc_folders(void);
