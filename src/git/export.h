/* SPDX-License-Identifier: Apache-2.0
 * export: the tree of a commit as plain files, byte for byte as committed: no filter, no attribute,
 * no line-ending conversion, no hook, no submodule. Made for hostile repositories. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/error.h"
#include "git/mirror.h"

#define GIT_EXPORT_MAX_FILES      1000000u      /* entries of one tree, folders included */
#define GIT_EXPORT_MAX_BYTES      (16ull << 30) /* the sum of its blobs */
#define GIT_EXPORT_MAX_FILE_BYTES (4ull << 30)  /* one blob */
#define GIT_EXPORT_MAX_DEPTH      128u          /* path components */
#define GIT_EXPORT_MAX_PATH       4000u         /* bytes of one path */
/* Of 512 folders at a time, as git stores them: some two million entries. */
#define GIT_EXPORT_MAX_TREE_BYTES (128u << 20)

typedef struct GitExportLimits { /* a zero means the GIT_EXPORT_MAX of that name */
    uint32_t max_files;
    uint32_t max_depth;
    uint64_t max_bytes;
    uint64_t max_file_bytes;
} GitExportLimits;

typedef struct GitExportResult {
    uint32_t n_files;      /* regular files and links */
    uint32_t n_submodules; /* left as empty folders */
    uint64_t n_bytes;
} GitExportResult;

/**
 * Writes the tree of @commit (a full id) into the empty folder @dirfd. Files are 0644 or 0755,
 * folders 0755, times are the committer's. A link must stay inside the tree, else the whole export
 * is refused naming it; so are the names
 * "..", ".", ".git" in any case, and empty ones. Nothing is ever written outside @dirfd.
 * @limits: optional. @cancel: optional. @out: optional, set on success only. Not synced: a source
 * is scratch. On error what was written so far is left for the caller to remove. Errors: NOT_FOUND,
 * DENIED (a name or link), LIMIT (message names it), EXISTS (folder not empty), CORRUPT (an object
 * is missing), CANCELLED, IO. Blocks; call from a worker.
 */
bool git_export_tree(GitMirror *mirror, const char *commit, int dirfd,
                     const GitExportLimits *limits, struct Cancel *cancel, GitExportResult *out,
                     GError **error) MUST_CHECK;
