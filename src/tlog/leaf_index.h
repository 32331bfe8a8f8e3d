/* SPDX-License-Identifier: Apache-2.0
 * leaf_index: where in a log a leaf is, by its hash: an open-addressing table of positions in
 * memory, made from the log at start. Eight bytes a slot, at most three quarters full. Not
 * thread-safe. */
#pragma once
#include "tlog/tlog.h"

#define LEAF_INDEX_MAX_ENTRIES (1u << 28) /* 4 GiB of table */

typedef struct LeafIndex LeafIndex;

/** Over all entries there are. @tlog: borrowed, outlives it. Returns: owned. Errors: those of
 * tlog_leaf_hashes, INVALID (too many entries). */
LeafIndex *leaf_index_build(Tlog *tlog, GError **error) MUST_CHECK;
void leaf_index_free(LeafIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LeafIndex, leaf_index_free)
/** The lowest position of @hash among those added; *@found_out false: none. Errors: IO. */
bool leaf_index_find(LeafIndex *index, const Digest *hash, bool *found_out, uint64_t *position_out,
                     GError **error) MUST_CHECK;
/** Entry @position of the log, below 2^28, has @hash. */
void leaf_index_add(LeafIndex *index, const Digest *hash, uint64_t position);
