/* SPDX-License-Identifier: Apache-2.0
 * leaf_index: a slot holds 32 bits of the hash and the position plus one; what a slot suggests is
 * compared with the log's own leaf hash before it is believed. */
#include "tlog/leaf_index.h"
#include "base/banned.h"

#define FIRST_SLOTS 1024u
#define STEP        1024u /* leaf hashes read at once */

struct LeafIndex {
    Tlog *tlog;      /* borrowed */
    uint64_t *slots; /* owned; 0: free */
    size_t n_slots;  /* a power of two */
    size_t n_used;
};

static uint64_t
word_of(const Digest *hash, size_t at)
{
    uint64_t word = 0;

    memcpy(&word, hash->bytes + at, sizeof word);
    return word;
}

static uint32_t
tag_of(const Digest *hash)
{
    return (uint32_t)word_of(hash, 8);
}

/* Where @hash is looked for first in a table of @n_slots; a slot alone must say it too, so it comes
 * from the same bits as the tag. */
static size_t
start_of(uint32_t tag, size_t n_slots)
{
    return (size_t)(tag * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (n_slots - 1);
}

static void
put(uint64_t *slots, size_t n_slots, uint64_t slot)
{
    size_t at = start_of((uint32_t)(slot >> 32), n_slots);

    while (slots[at] != 0)
        at = (at + 1) & (n_slots - 1);
    slots[at] = slot;
}

static void
grow(LeafIndex *index)
{
    size_t n_slots = index->n_slots * 2;
    uint64_t *slots = g_new0(uint64_t, n_slots);

    for (size_t i = 0; i < index->n_slots; i++) {
        if (index->slots[i] != 0)
            put(slots, n_slots, index->slots[i]);
    }
    g_free(index->slots);
    index->slots = slots;
    index->n_slots = n_slots;
}

void
leaf_index_add(LeafIndex *index, const Digest *hash, uint64_t position)
{
    if ((index->n_used + 1) * 4 > index->n_slots * 3)
        grow(index);
    put(index->slots, index->n_slots, (uint64_t)tag_of(hash) << 32 | (uint32_t)(position + 1));
    index->n_used++;
}

bool
leaf_index_find(LeafIndex *index, const Digest *hash, bool *found_out, uint64_t *position_out,
                GError **error)
{
    uint32_t tag = tag_of(hash);
    bool found = false;
    uint64_t lowest = UINT64_MAX;

    for (size_t at = start_of(tag, index->n_slots); index->slots[at] != 0;
         at = (at + 1) & (index->n_slots - 1)) {
        uint64_t position = (uint32_t)index->slots[at] - UINT64_C(1);
        Digest there = { 0 };

        if ((uint32_t)(index->slots[at] >> 32) != tag)
            continue;
        if (!tlog_leaf_hash(index->tlog, position, &there, error))
            return false;
        if (!digest_equal(&there, hash))
            continue;
        found = true;
        lowest = MIN(lowest, position);
    }
    *found_out = found;
    if (found)
        *position_out = lowest;
    return true;
}

LeafIndex *
leaf_index_build(Tlog *tlog, GError **error)
{
    uint64_t size = tlog_get_size(tlog);
    g_autofree Digest *hashes = g_new(Digest, STEP);
    g_autoptr(LeafIndex) index = g_new0(LeafIndex, 1);

    if (size > LEAF_INDEX_MAX_ENTRIES) {
        error_set(error, TLOG_ERROR, TLOG_ERROR_INVALID,
                  "a log of more than %u entries is not indexed: open a new shard",
                  LEAF_INDEX_MAX_ENTRIES);
        return NULL;
    }
    index->tlog = tlog;
    index->n_slots = FIRST_SLOTS;
    index->slots = g_new0(uint64_t, index->n_slots);
    for (uint64_t first = 0; first < size; first += STEP) {
        size_t n = (size_t)MIN(size - first, STEP);

        if (!tlog_leaf_hashes(tlog, first, n, hashes, error))
            return NULL;
        for (size_t i = 0; i < n; i++)
            leaf_index_add(index, &hashes[i], first + i);
    }
    return g_steal_pointer(&index);
}

void
leaf_index_free(LeafIndex *index)
{
    if (index == NULL)
        return;
    g_free(index->slots);
    g_free(index);
}
