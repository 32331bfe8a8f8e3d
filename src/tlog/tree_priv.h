/* SPDX-License-Identifier: Apache-2.0
 * tree: the Merkle tree over the leaves in packed tile files; for files of src/tlog only.
 *
 * `tile.L` holds hash k of tree level 8*L at byte 32*k, so full tile N of level L lies at N*8192
 * and a partial tile is a prefix. Hashes beyond the tree's size are garbage of refused appends and
 * never read. A hash, once below the published size, never changes. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/digest.h"
#include "base/error.h"
#include "proof/merkle.h"
#include "tlog/tlog.h"

#define TREE_TILE_HEIGHT 8
#define TREE_TILE_WIDTH  256
#define TREE_TILE_LEVELS 5
#define TREE_MAX_SIZE    (1ull << (TREE_TILE_HEIGHT * TREE_TILE_LEVELS)) /* leaves */
#define TREE_MAX_BATCH   4096 /* leaf hashes of one tree_integrate */

typedef struct { /* what one step adds to one tile file */
    uint64_t first;
    size_t n;
    Digest *hashes; /* borrowed from the step's space */
} TreeRow;

typedef struct { /* what one step adds to all of them; large: on the heap */
    TreeRow rows[TREE_TILE_LEVELS];
    Digest leaves[TREE_MAX_BATCH];
    Digest upper[TREE_TILE_LEVELS][TREE_MAX_BATCH / TREE_TILE_WIDTH + 1];
    Digest work[TREE_MAX_BATCH + 1];
} TreeStep;

typedef struct Tree Tree; /* the open tile files and a cache of inner nodes */

/** Moves @edge over the first @n of step->leaves (1 to TREE_MAX_BATCH, set by the caller), fills
 * the rows. */
void tree_integrate(MerkleFrontier *edge, TreeStep *step, size_t n);

/** Opens or creates tile files in @dirfd (borrowed, outlives the tree). Errors: IO. */
Tree *tree_open(int dirfd, GError **error) MUST_CHECK;
void tree_free(Tree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tree, tree_free)
/** Writes the rows of @step, unsynced. Errors: FULL, IO. */
bool tree_write(Tree *tree, const TreeStep *step, GError **error) MUST_CHECK;
/** Compares instead: counts hashes that differ from the files'. Errors: IO. */
bool tree_compare(Tree *tree, const TreeStep *step, uint64_t *n_faults, GError **error) MUST_CHECK;
/** Makes everything written so far durable. Errors: IO. */
bool tree_sync(Tree *tree, GError **error) MUST_CHECK;
/** Forgets cached nodes: after the files were rewritten. */
void tree_forget(Tree *tree);

/** @n hashes of tile level @tile_level from @first on. Errors: CORRUPT (file too short), IO. */
bool tree_read_hashes(Tree *tree, unsigned tile_level, uint64_t first, size_t n, Digest *out,
                      GError **error) MUST_CHECK;
/** The edge of the first @size leaves, from the files. Errors: CORRUPT, IO. */
bool tree_read_edge(Tree *tree, uint64_t size, MerkleFrontier *out, GError **error) MUST_CHECK;
/** Reads the nodes of @plan and folds them. @edge: of the whole tree, spares reads at its right
 * edge.
 * @out: room for plan->n_hashes. Errors: CORRUPT, IO. */
bool tree_read_plan(Tree *tree, const MerkleFrontier *edge, const MerklePlan *plan, Digest *out,
                    GError **error) MUST_CHECK;
