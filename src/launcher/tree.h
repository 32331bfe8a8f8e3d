/* SPDX-License-Identifier: Apache-2.0
 * tree: who descends from us, by /proc. Only launcher and keepers use it. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

#define TREE_PIDS_MAX 65536

/** Our own children, those left to us as subreaper too. They are not reaped yet, so their numbers
 * are theirs until we wait for them. @pids_out: free it. Returns their number. */
size_t tree_children(pid_t **pids_out);
/** Sends @signal to all our descendants, each checked to be still the one that was found. */
void tree_signal(int signal);
