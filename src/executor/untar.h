/* SPDX-License-Identifier: Apache-2.0
 * untar: takes what a machine hands over as a tar archive (ustar, with the long names of GNU tar
 * and pax) into a folder of ours. The archive is a stranger's: nothing in it can be written outside
 * the folder, and no link of it is ever made. Included by the files of this folder only. */
#pragma once
#include "executor/machine.h"

/**
 * Unpacks the regular files below @prefix ("out" takes out/a as a). Folders come with their files;
 * a link stands there as a link to nothing and anything else as a pipe, so that who asks for it is
 * told what it is.
 * @tar_fd: borrowed; a file, read from 0. @limits: both set.
 * Errors: CORRUPT (not such an archive), DENIED (a name that leaves the folder), LIMIT, IO.
 */
bool untar_below(int tar_fd, const char *prefix, int dirfd, const MachineCollectLimits *limits,
                 GError **error) MUST_CHECK;
