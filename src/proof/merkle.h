/* SPDX-License-Identifier: Apache-2.0
 * merkle: the hash tree of RFC 6962 section 2.1: hashes, proofs checked, proofs planned, and the
 * right edge of a growing tree. Values only; nothing here allocates or reads. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/digest.h"
#include "base/error.h"

typedef struct {
    uint64_t size; /* leaves */
    Digest root;
} MerkleHead;

typedef struct {
    const Digest *hashes; /* borrowed; nearest to the leaf first */
    size_t n_hashes;
} MerkleProof;

/** SHA-256(0x00 || leaf). */
Digest merkle_leaf_hash(Span leaf);
/** SHA-256(0x01 || left || right). */
Digest merkle_node_hash(const Digest *left, const Digest *right);
/** Leaf hashes of @n leaves, with the widest unit of this CPU. @out: n digests. */
void merkle_leaf_hashes(const Span *leaves, size_t n, Digest *out);
/** Parents of 2 * @n neighbouring nodes. @out: n digests; may be @nodes itself. */
void merkle_node_hashes(const Digest *nodes, size_t n, Digest *out);
/** The root of a tree without leaves: SHA-256 of nothing. */
Digest merkle_empty_root(void);

/** Errors: UNTRUSTED (does not hold, hashes missing or too many, index outside the tree). */
bool merkle_verify_inclusion(const Digest *leaf_hash, uint64_t index, const MerkleHead *head,
                             MerkleProof proof, GError **error) MUST_CHECK;
/** Whether @newer's tree begins with all of @older's. Of an empty older tree nothing can be proved,
 * and it is refused: every log begins with it. Errors: UNTRUSTED. */
bool merkle_verify_consistency(const MerkleHead *older, const MerkleHead *newer, MerkleProof proof,
                               GError **error) MUST_CHECK;

/* A part of a tree that has a node of its own: leaves start up to but not end, where start is a
 * multiple of the smallest power of two that is not below end - start. */
typedef struct {
    uint64_t start, end;
} MerkleRange;

typedef struct {
    MerkleRange range;
    Digest root;
} MerkleSubtree;

/** Errors: as merkle_verify_inclusion, and for a range that is not a subtree. */
bool merkle_verify_subtree_inclusion(const Digest *leaf_hash, uint64_t index,
                                     const MerkleSubtree *tree, MerkleProof proof,
                                     GError **error) MUST_CHECK;
/** Whether @part is part of @head's tree. An empty part holds with the empty root and no hashes.
 * Errors: UNTRUSTED. */
bool merkle_verify_subtree_consistency(const MerkleSubtree *part, const MerkleHead *head,
                                       MerkleProof proof, GError **error) MUST_CHECK;

/* The right edge: enough of a tree to append to it and to know its root. A plain value: copy
 * freely. */
typedef struct {
    uint64_t size;
    Digest nodes[64]; /* nodes[l] is set iff bit l of size is: the complete subtree of 2^l leaves */
} MerkleFrontier;

/** The empty tree. */
void merkle_frontier_init(MerkleFrontier *frontier);
void merkle_frontier_append(MerkleFrontier *frontier, const Digest *leaf_hash);
Digest merkle_frontier_root(const MerkleFrontier *frontier);
/** The inner nodes that appending the leaf at index @size completes: one for each trailing 1 bit.
 */
unsigned merkle_completed_levels(uint64_t size);

/* What must be read to make a proof. A node (level, index) is the complete subtree over the leaves
 * index * 2^level up to but not (index + 1) * 2^level: exactly what tiles hold. */
typedef struct {
    unsigned level;
    uint64_t index;
} MerkleNode;

#define MERKLE_PLAN_MAX_NODES  128
#define MERKLE_PLAN_MAX_HASHES 65
typedef struct {
    size_t n_nodes;
    MerkleNode nodes[MERKLE_PLAN_MAX_NODES]; /* to read, in this order */
    size_t n_hashes;
    uint8_t group[MERKLE_PLAN_MAX_HASHES]; /* hash i is folded from the next group[i] nodes */
} MerklePlan;

/** Errors: INVALID (index not below size). */
bool merkle_plan_inclusion(uint64_t index, uint64_t size, MerklePlan *plan_out,
                           GError **error) MUST_CHECK;
/** No hashes when size1 is 0 or size2. Errors: INVALID (size1 above size2). */
bool merkle_plan_consistency(uint64_t size1, uint64_t size2, MerklePlan *plan_out,
                             GError **error) MUST_CHECK;
/** One hash: the root at @size, at least 1. */
void merkle_plan_root(uint64_t size, MerklePlan *plan_out);
/** @node_hashes: plan->n_nodes hashes in plan order. @proof_out: room for plan->n_hashes. */
void merkle_plan_fold(const MerklePlan *plan, const Digest *node_hashes, Digest *proof_out);
