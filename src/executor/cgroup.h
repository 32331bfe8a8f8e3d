/* SPDX-License-Identifier: Apache-2.0
 * cgroup: limits by control groups, version 2 or 1, whichever this process may write in. A
 * controller that cannot be had is no error: the caller asks and falls back. Included by the files
 * of this folder only. */
#pragma once
#include "executor/executor.h"

typedef enum {
    CGROUP_MEMORY,
    CGROUP_PIDS,
    CGROUP_CPU,
    CGROUP_N_CONTROLLERS,
} CgroupController;

typedef struct CgroupHost CgroupHost; /* where groups can be made; immutable */
typedef struct Cgroup Cgroup;         /* the groups of one machine */

/** Looks at what is mounted and writable, and removes groups whose engine is dead. Owned. */
CgroupHost *cgroup_host_find(void);
/** The same from texts in the form of /proc/self/mountinfo and /proc/self/cgroup; removes nothing.
 */
CgroupHost *cgroup_host_parse(const char *mounts, const char *own);
void cgroup_host_free(CgroupHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CgroupHost, cgroup_host_free)
/** 2, 1, or 0 where the controller cannot be had. */
int cgroup_host_get_version(const CgroupHost *host, CgroupController controller);

/** Makes groups for the limits that are asked for and can be had, and with a limit of processes one
 * to kill by. Owned, never NULL.
 * @label: as MachineSpec.label. */
Cgroup *cgroup_create(const CgroupHost *host, const char *label, const MachineLimits *limits);
/** Removes the groups; no process may be left in them. Accepts NULL. */
void cgroup_free(Cgroup *cgroup);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cgroup, cgroup_free)

/** By which version this limit holds; 0: it does not. */
int cgroup_get_version(const Cgroup *cgroup, CgroupController controller);
/** The cgroup.procs files to join; borrowed. */
const int *cgroup_get_procs_fds(const Cgroup *cgroup, size_t *n_out);
/** An open cgroup.kill; borrowed; -1 where there is none. */
int cgroup_get_kill_fd(const Cgroup *cgroup);
/** How many processes the memory limit has killed so far; 0 where that is not known. */
uint64_t cgroup_count_oom_kills(const Cgroup *cgroup);
