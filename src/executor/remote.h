/* SPDX-License-Identifier: Apache-2.0
 * remote: what the drivers share whose jobs run on other machines: a step as one shell script, what a
 * machine hands over as tar archives, and settings of a pool. Included by the files of this folder only. */
#pragma once
#include "executor/driver.h"
#include "executor/workspace.h"

/** Whether it is an absolute path of A-Z a-z 0-9 / . _ - */
bool remote_root_is_good(const char *root);
/** The step as one shell script: its folder, its environment and nothing of the machine's, no input. @root: the job's folder in the
 * machine. Returns a file in memory, at its start; -1 on error. Errors: LIMIT, IO. */
int remote_script(const char *root, const StepSpec *step, GError **error) MUST_CHECK;

/* Writes @path below the job's folder as a tar archive to @tar_fd; an empty one if there is nothing. Not more than @max_bytes. */
typedef bool (*RemoteGet)(Machine *machine, const char *path, int tar_fd, uint64_t max_bytes,
                          GError **error);

/** See machine_read_output, machine_collect. What was taken before is forgotten. */
GBytes *remote_read_output(Machine *machine, RemoteGet get, Workspace *ws,
                           GError **error) MUST_CHECK;
GPtrArray *remote_collect(Machine *machine, RemoteGet get, Workspace *ws, const char *const *globs,
                          const MachineCollectLimits *limits, GError **error) MUST_CHECK;

/** A setting that counts, a number or digits; @otherwise where there is none. Errors: INVALID. */
bool remote_setting_number(const json_t *settings, const char *name, uint64_t otherwise,
                           uint64_t max, uint64_t *out, GError **error) MUST_CHECK;
