/* SPDX-License-Identifier: Apache-2.0
 * workspace: the folders of one job on this machine's disk, for drivers that run it here. Included
 * by the files of this folder only.
 *
 * Everything lies in folders of mode 0700, because the job may leave setuid files in them. */
#pragma once
#include "executor/executor.h"

#define WORKSPACE_OUTPUT ".slipway/output" /* below tmp */
#define WORKSPACE_HOME   ".slipway/home"

typedef struct Workspace {
    char *scratch; /* owned */
    char *source;  /* owned */
    char *out;     /* owned */
    char *in;      /* owned */
    bool ours;     /* scratch was empty when we took it */
    bool has_inputs;
    char *tmp;      /* owned: TMPDIR, with home and $OUTPUT in it */
    char *view;     /* owned: where the job's process finds scratch; NULL: there */
    int scratch_fd; /* owned, as those below; -1 when not open */
    int out_fd;
    int tmp_fd;
} Workspace;

/** Makes the folders and copies the inputs. What it made is in @ws also on error: always end with
 * workspace_remove and workspace_clear. Errors: INVALID, NOT_FOUND, CANCELLED, IO. */
bool workspace_make(Workspace *ws, const MachineSpec *spec, Cancel *cancel,
                    GError **error) MUST_CHECK;
/** Removes scratch and source from the disk; nothing the second time. Errors: IO. */
bool workspace_remove(Workspace *ws, GError **error) MUST_CHECK;
void workspace_clear(Workspace *ws);

/** Hands all of it to the user of jobs (job_user.h) and decides the view. @root_dir: or NULL.
 * Errors: LIMIT, IO. */
bool workspace_hand_over(Workspace *ws, const char *root_dir, GError **error) MUST_CHECK;
/** See machine_read_output, machine_collect, machine_open_output. */
GBytes *workspace_read_output(const Workspace *ws, GError **error) MUST_CHECK;
GPtrArray *workspace_collect(const Workspace *ws, const char *const *globs,
                             const MachineCollectLimits *limits, GError **error) MUST_CHECK;
int workspace_open_output(const Workspace *ws, const char *path, GError **error) MUST_CHECK;

/** Creates a new file below @dirfd and the folders above it, never through a link. @path: relative,
 * checked by the caller to stay below. Returns -1 on error. Errors: IO. */
int workspace_create_file(int dirfd, const char *path, mode_t mode, GError **error) MUST_CHECK;
/** Writes a small file of ours below @dirfd, folders above it included. Errors: IO. */
bool workspace_write_file(int dirfd, const char *path, const char *text, GError **error) MUST_CHECK;
/** Copies a file below @dirfd, folders above it included, sharing its blocks where the file system
 * can. Errors: CANCELLED, IO. */
bool workspace_copy_file(int dirfd, const char *path, int from_fd, mode_t mode, Cancel *cancel,
                         GError **error) MUST_CHECK;
