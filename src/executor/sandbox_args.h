/* SPDX-License-Identifier: Apache-2.0
 * sandbox_args: the arguments of bwrap that do not change from step to step. Included by the files
 * of this folder only. */
#pragma once
#include <stdbool.h>
#include "executor/workspace.h"

#define SANDBOX_SOURCE "/src"
#define SANDBOX_OUT    "/out"
#define SANDBOX_IN     "/in"
#define SANDBOX_TMP    "/tmp"

enum { /* descriptor numbers in bwrap */
       SANDBOX_FD_STATUS = 3,
       SANDBOX_FD_SECCOMP,
       SANDBOX_FD_USER_NS, /* closed before bwrap */
       SANDBOX_FD_NET_NS,
};

#define SANDBOX_VIEW_SOURCE "src" /* below the view: where source and root are shown */
#define SANDBOX_VIEW_ROOT   "root"

/** bwrap and its options up to the mounts. Owned array of owned strings.
 * @root_dir: NULL for the host's /usr and the scratch folder's etc. @network: whether the sandbox's
 * own hosts and resolv.conf go over those of @root_dir. Errors: INVALID (the root file system
 * cannot be used), IO. */
GPtrArray *sandbox_args_new(const char *program, const Workspace *ws, const char *root_dir,
                            bool network, GError **error) MUST_CHECK;
