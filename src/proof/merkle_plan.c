/* SPDX-License-Identifier: Apache-2.0
 * merkle_plan: which complete subtrees a proof is made of (RFC 6962 section 2.1.1 and 2.1.2).
 *
 * Of the ranges a proof names at most one touches the ragged right edge of the tree; the others are
 * complete. So a plan holds at most 64 + 64 nodes. */
#include <assert.h>
#include "proof/merkle.h"
#include "base/banned.h"

/* Adds one hash: the root of the leaves of @range, whose start is a multiple of a power of two that
 * is not smaller than it. */
static void
plan_range(MerklePlan *plan, MerkleRange range)
{
    uint64_t size = range.end - range.start;
    uint64_t start = range.start;
    uint8_t count = 0;

    for (unsigned level = 64; level-- > 0;) {
        if ((size >> level & 1) == 0)
            continue;
        assert(plan->n_nodes < MERKLE_PLAN_MAX_NODES);
        plan->nodes[plan->n_nodes++] = (MerkleNode){ .level = level, .index = start >> level };
        start += UINT64_C(1) << level;
        count++;
    }
    assert(plan->n_hashes < MERKLE_PLAN_MAX_HASHES);
    plan->group[plan->n_hashes++] = count;
}

/* Where a tree of @size leaves, at least 2, splits: the largest power of two below @size. */
static uint64_t
split_of(uint64_t size)
{
    return UINT64_C(1) << (63 - __builtin_clzll(size - 1));
}

/* Halves @range towards its leaf @target until @done, and keeps the halves left aside, outermost
 * first. Returns how many. */
static size_t
descend(MerkleRange *range, uint64_t target, uint64_t stop_end, MerkleRange aside[64])
{
    size_t n = 0;

    while (range->end - range->start > 1 && range->end != stop_end) {
        uint64_t middle = range->start + split_of(range->end - range->start);
        if (target < middle) {
            aside[n++] = (MerkleRange){ .start = middle, .end = range->end };
            range->end = middle;
        } else {
            aside[n++] = (MerkleRange){ .start = range->start, .end = middle };
            range->start = middle;
        }
    }
    return n;
}

bool
merkle_plan_inclusion(uint64_t index, uint64_t size, MerklePlan *plan_out, GError **error)
{
    MerkleRange range = { .end = size };
    MerkleRange aside[64];

    if (index >= size) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot prove entry %" G_GUINT64_FORMAT " in a tree of %" G_GUINT64_FORMAT, index,
                  size);
        return false;
    }
    *plan_out = (MerklePlan){ 0 };
    for (size_t n = descend(&range, index, 0, aside); n-- > 0;)
        plan_range(plan_out, aside[n]);
    return true;
}

bool
merkle_plan_consistency(uint64_t size1, uint64_t size2, MerklePlan *plan_out, GError **error)
{
    MerkleRange range = { .end = size2 };
    MerkleRange aside[64];

    if (size1 > size2) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot prove a tree of %" G_GUINT64_FORMAT
                  " to be part of one of %" G_GUINT64_FORMAT,
                  size1, size2);
        return false;
    }
    *plan_out = (MerklePlan){ 0 };
    if (size1 == 0 || size1 == size2)
        return true;

    size_t n = descend(&range, size1 - 1, size1, aside);
    if (range.start != 0)
        plan_range(plan_out, range);
    while (n-- > 0)
        plan_range(plan_out, aside[n]);
    return true;
}

void
merkle_plan_root(uint64_t size, MerklePlan *plan_out)
{
    assert(size > 0);
    *plan_out = (MerklePlan){ 0 };
    plan_range(plan_out, (MerkleRange){ .end = size });
}

void
merkle_plan_fold(const MerklePlan *plan, const Digest *node_hashes, Digest *proof_out)
{
    for (size_t i = 0; i < plan->n_hashes; i++) {
        size_t n = plan->group[i];
        Digest hash = node_hashes[n - 1];
        for (size_t j = n - 1; j-- > 0;)
            hash = merkle_node_hash(&node_hashes[j], &hash);
        proof_out[i] = hash;
        node_hashes += n;
    }
}
