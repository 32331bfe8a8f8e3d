/* SPDX-License-Identifier: Apache-2.0
 * tree_priv: the entries of a tree object, as it is stored; for src/git only. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/attributes.h"
#include "git/mirror.h"

#define GIT_MODE_TREE      040000u
#define GIT_MODE_SUBMODULE 0160000u

typedef struct GitTreeEntry {
    mode_t mode;
    const char *name; /* borrowed from the data; NUL-terminated */
    char id[GIT_ID_SIZE];
} GitTreeEntry;

/** The entry at *@offset of @data, which is stepped over it. @id_bytes: 20 or 32. Errors: CORRUPT.
 */
bool git_tree_next(Span data, size_t id_bytes, size_t *offset, GitTreeEntry *out,
                   GError **error) MUST_CHECK;
