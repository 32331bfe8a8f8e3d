/* SPDX-License-Identifier: Apache-2.0
 * merkle: RFC 6962 section 2.1 hashes and proofs; RFC 9162 section 2.1.3.2 is the inclusion check,
 * and the consistency check is the one for subtrees of draft-ietf-plants-merkle-tree-certs
 * (section 4.4.3), of which RFC 9162's is the case that starts at leaf 0. */
#include "proof/merkle.h"
#include <assert.h>
#include "base/banned.h"

#define BATCH 64 /* messages handed to digest_many at once */

Digest
merkle_leaf_hash(Span leaf)
{
    static const uint8_t prefix = 0x00;
    const Span parts[] = { span_of(&prefix, 1), leaf };

    return digest_of_parts(parts, G_N_ELEMENTS(parts));
}

static void
node_message(const Digest *left, const Digest *right, uint8_t out[1 + 2 * DIGEST_SIZE])
{
    out[0] = 0x01;
    memcpy(out + 1, left->bytes, DIGEST_SIZE);
    memcpy(out + 1 + DIGEST_SIZE, right->bytes, DIGEST_SIZE);
}

Digest
merkle_node_hash(const Digest *left, const Digest *right)
{
    uint8_t message[1 + 2 * DIGEST_SIZE];

    node_message(left, right, message);
    return digest_of(span_of(message, sizeof message));
}

void
merkle_leaf_hashes(const Span *leaves, size_t n, Digest *out)
{
    g_autoptr(GByteArray) text = g_byte_array_new();
    static const uint8_t prefix = 0x00;

    for (size_t done = 0; done < n;) {
        Span messages[BATCH];
        size_t count = MIN(n - done, (size_t)BATCH);
        g_byte_array_set_size(text, 0);
        for (size_t i = 0; i < count; i++) {
            g_byte_array_append(text, &prefix, 1);
            g_byte_array_append(text, leaves[done + i].data, (guint)leaves[done + i].len);
        }
        const uint8_t *at = text->data;
        for (size_t i = 0; i < count; i++) {
            messages[i] = span_of(at, 1 + leaves[done + i].len);
            at += messages[i].len;
        }
        digest_many(messages, count, out + done);
        done += count;
    }
}

void
merkle_node_hashes(const Digest *nodes, size_t n, Digest *out)
{
    uint8_t places[BATCH][DIGEST_SHORT_PLACE];

    for (size_t done = 0; done < n;) {
        size_t count = MIN(n - done, (size_t)BATCH);

        for (size_t i = 0; i < count; i++) {
            const Digest *pair = nodes + 2 * (done + i);

            node_message(&pair[0], &pair[1], places[i]);
        }
        digest_many_short(places[0], 1 + 2 * DIGEST_SIZE, count, out + done);
        done += count;
    }
}

Digest
merkle_empty_root(void)
{
    return digest_of(span_of(NULL, 0));
}

static bool
refuse(GError **error, const char *what)
{
    error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "the Merkle proof does not hold: %s", what);
    return false;
}

/* A subtree starts at a multiple of the smallest power of two that holds it. */
static bool
range_is_subtree(MerkleRange range)
{
    if (range.start >= range.end)
        return false;

    uint64_t last = range.end - range.start - 1;
    unsigned bits = last == 0 ? 0 : 64u - (unsigned)__builtin_clzll(last);
    return bits == 64 ? range.start == 0 : (range.start & ((UINT64_C(1) << bits) - 1)) == 0;
}

bool
merkle_verify_subtree_inclusion(const Digest *leaf_hash, uint64_t index, const MerkleSubtree *tree,
                                MerkleProof proof, GError **error)
{
    MerkleRange range = tree->range;

    if (!range_is_subtree(range))
        return refuse(error, "the range is not a subtree");
    if (index < range.start || index >= range.end)
        return refuse(error, "the index is outside the tree");

    Digest hash = *leaf_hash;
    uint64_t node = index - range.start;
    uint64_t last = range.end - range.start - 1;
    for (size_t i = 0; i < proof.n_hashes; i++) {
        if (last == 0)
            return refuse(error, "it has too many hashes");
        if ((node & 1) != 0 || node == last) {
            hash = merkle_node_hash(&proof.hashes[i], &hash);
            while ((node & 1) == 0 && node != 0) {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = merkle_node_hash(&hash, &proof.hashes[i]);
        }
        node >>= 1;
        last >>= 1;
    }
    if (last != 0)
        return refuse(error, "hashes are missing");
    return digest_equal(&hash, &tree->root) || refuse(error, "it leads to another root");
}

bool
merkle_verify_inclusion(const Digest *leaf_hash, uint64_t index, const MerkleHead *head,
                        MerkleProof proof, GError **error)
{
    const MerkleSubtree tree = { .range = { .end = head->size }, .root = head->root };

    if (index >= head->size)
        return refuse(error, "the index is outside the tree");
    return merkle_verify_subtree_inclusion(leaf_hash, index, &tree, proof, error);
}

/* Walks up from the subtree's last leaf; @first and @last become the positions of its edges on the
 * level where the proof begins, @tree that of the tree's last leaf. */
static void
climb_to_proof(uint64_t *first, uint64_t *last, uint64_t *tree)
{
    bool flush = *last == *tree;

    while (*first != *last && (flush || (*last & 1) != 0)) {
        *first >>= 1;
        *last >>= 1;
        *tree >>= 1;
    }
}

static bool
check_subtree(const MerkleSubtree *part, const MerkleHead *head, MerkleProof proof, GError **error)
{
    uint64_t first = part->range.start, last = part->range.end - 1, tree = head->size - 1;
    size_t next = 0;

    climb_to_proof(&first, &last, &tree);
    if (first != last && proof.n_hashes == 0)
        return refuse(error, "hashes are missing");

    Digest old_hash = first == last ? part->root : proof.hashes[next++];
    Digest new_hash = old_hash;
    for (; next < proof.n_hashes; next++) {
        const Digest *hash = &proof.hashes[next];
        if (tree == 0)
            return refuse(error, "it has too many hashes");
        if ((last & 1) != 0 || last == tree) {
            if (first < last)
                old_hash = merkle_node_hash(hash, &old_hash);
            new_hash = merkle_node_hash(hash, &new_hash);
            while ((last & 1) == 0 && last != 0) {
                first >>= 1;
                last >>= 1;
                tree >>= 1;
            }
        } else {
            new_hash = merkle_node_hash(&new_hash, hash);
        }
        first >>= 1;
        last >>= 1;
        tree >>= 1;
    }
    if (tree != 0)
        return refuse(error, "hashes are missing");
    if (!digest_equal(&old_hash, &part->root))
        return refuse(error, "it leads to another older root");
    return digest_equal(&new_hash, &head->root) || refuse(error, "it leads to another newer root");
}

bool
merkle_verify_subtree_consistency(const MerkleSubtree *part, const MerkleHead *head,
                                  MerkleProof proof, GError **error)
{
    Digest empty = merkle_empty_root();

    if (part->range.end > head->size)
        return refuse(error, "the subtree reaches over the end of the tree");
    if (part->range.start == part->range.end) {
        if (proof.n_hashes != 0)
            return refuse(error, "it has too many hashes");
        return digest_equal(&part->root, &empty) || refuse(error, "no leaves have another root");
    }
    if (!range_is_subtree(part->range))
        return refuse(error, "the range is not a subtree");
    return check_subtree(part, head, proof, error);
}

bool
merkle_verify_consistency(const MerkleHead *older, const MerkleHead *newer, MerkleProof proof,
                          GError **error)
{
    const MerkleSubtree part = { .range = { .end = older->size }, .root = older->root };

    if (older->size == 0)
        return refuse(error, "nothing can be proved about an empty older tree");
    return merkle_verify_subtree_consistency(&part, newer, proof, error);
}

void
merkle_frontier_init(MerkleFrontier *frontier)
{
    *frontier = (MerkleFrontier){ 0 };
}

void
merkle_frontier_append(MerkleFrontier *frontier, const Digest *leaf_hash)
{
    unsigned levels = merkle_completed_levels(frontier->size);
    Digest hash = *leaf_hash;

    for (unsigned level = 0; level < levels; level++)
        hash = merkle_node_hash(&frontier->nodes[level], &hash);
    frontier->nodes[levels] = hash;
    frontier->size++;
}

Digest
merkle_frontier_root(const MerkleFrontier *frontier)
{
    if (frontier->size == 0)
        return merkle_empty_root();

    unsigned level = (unsigned)__builtin_ctzll(frontier->size);
    Digest hash = frontier->nodes[level];
    for (level++; level < 64; level++) {
        if ((frontier->size >> level & 1) != 0)
            hash = merkle_node_hash(&frontier->nodes[level], &hash);
    }
    return hash;
}

unsigned
merkle_completed_levels(uint64_t size)
{
    assert(size != UINT64_MAX);
    return (unsigned)__builtin_ctzll(~size);
}
