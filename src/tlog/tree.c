/* SPDX-License-Identifier: Apache-2.0
 * tree: the Merkle tree over the leaves in packed tile files. tree_priv.h has the layout. */
#include "tlog/tree_priv.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include "base/files.h"
#include "base/os.h"
#include "sys/thread.h"
#include "base/banned.h"

/* Invariants
 * 1. A hash below the published size never changes, so a cached tile is right as far as it is wide.
 * 2. Every write of a row goes to positions at or beyond the published size. */

#define TILE_BYTES  (TREE_TILE_WIDTH * DIGEST_SIZE)
#define TILE_NODES  (2 * TREE_TILE_WIDTH - 2) /* levels 0 to 7 inside one tile */
#define CACHE_SLOTS 256                       /* inner nodes of upper tiles: 4 MiB at most */

typedef struct {
    unsigned level; /* tile level */
    uint64_t number;
    size_t width;             /* hashes of the tile that were there */
    Digest nodes[TILE_NODES]; /* level 0 first */
} TileNodes;

struct Tree {
    int dirfd;                 /* borrowed */
    int fds[TREE_TILE_LEVELS]; /* owned */
    Mutex lock;
    TileNodes *cache[CACHE_SLOTS]; /* owned; guarded by lock; tile levels 1 and up */
};

void
tree_integrate(MerkleFrontier *edge, TreeStep *step, size_t n)
{
    uint64_t old_size = edge->size;
    Digest *nodes = step->work; /* this level's new complete nodes, with room for a carry before */
    size_t n_nodes = n;

    assert(n >= 1 && n <= TREE_MAX_BATCH);
    memset(step->rows, 0, sizeof step->rows);
    memcpy(nodes + 1, step->leaves, n * sizeof *nodes);
    for (unsigned level = 0; n_nodes > 0; level++) {
        bool carry = (old_size >> level) & 1;
        Digest *first = carry ? nodes : nodes + 1;
        size_t total = n_nodes + (carry ? 1 : 0);

        if (level % TREE_TILE_HEIGHT == 0) {
            TreeRow *row = &step->rows[level / TREE_TILE_HEIGHT];

            row->first = old_size >> level;
            row->n = n_nodes;
            row->hashes = level == 0 ? step->leaves : step->upper[level / TREE_TILE_HEIGHT];
            memmove(row->hashes, nodes + 1, n_nodes * sizeof *nodes);
        }
        if (carry)
            nodes[0] = edge->nodes[level];
        if (total % 2 == 1)
            edge->nodes[level] = first[total - 1];
        n_nodes = total / 2;
        merkle_node_hashes(first, n_nodes, first);
        if (carry)
            memmove(nodes + 1, nodes, n_nodes * sizeof *nodes);
    }
    edge->size = old_size + n;
}

static int
open_level(int dirfd, unsigned level, GError **error)
{
    g_autofree char *name = g_strdup_printf("tile.%u", level);
    int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

    if (fd < 0)
        error_set_errno(error, TLOG_ERROR, TLOG_ERROR_IO, "cannot open hash tiles '%s'", name);
    return fd;
}

Tree *
tree_open(int dirfd, GError **error)
{
    g_autoptr(Tree) tree = g_new0(Tree, 1);

    tree->dirfd = dirfd;
    mutex_init(&tree->lock);
    for (unsigned level = 0; level < TREE_TILE_LEVELS; level++)
        tree->fds[level] = -1;
    for (unsigned level = 0; level < TREE_TILE_LEVELS; level++) {
        tree->fds[level] = open_level(dirfd, level, error);
        if (tree->fds[level] < 0)
            return NULL;
    }
    return g_steal_pointer(&tree);
}

void
tree_forget(Tree *tree)
{
    MUTEX_GUARD(&tree->lock);

    for (size_t i = 0; i < CACHE_SLOTS; i++)
        g_clear_pointer(&tree->cache[i], g_free);
}

void
tree_free(Tree *tree)
{
    if (tree == NULL)
        return;
    tree_forget(tree);
    for (unsigned level = 0; level < TREE_TILE_LEVELS; level++)
        fd_clear(&tree->fds[level]);
    mutex_clear(&tree->lock);
    g_free(tree);
}

static bool
write_row(int fd, const TreeRow *row, GError **error)
{
    const uint8_t *data = (const uint8_t *)row->hashes;
    size_t len = row->n * DIGEST_SIZE;
    off_t offset = (off_t)(row->first * DIGEST_SIZE);

    while (len > 0) {
        ssize_t written = os_pwrite(fd, data, len, offset);

        if (written < 0) {
            error_set_errno(error, TLOG_ERROR, errno == ENOSPC ? TLOG_ERROR_FULL : TLOG_ERROR_IO,
                            "cannot write hash tiles");
            return false;
        }
        data += written;
        len -= (size_t)written;
        offset += written;
    }
    return true;
}

bool
tree_write(Tree *tree, const TreeStep *step, GError **error)
{
    for (unsigned level = 0; level < TREE_TILE_LEVELS && step->rows[level].n > 0; level++) {
        if (!write_row(tree->fds[level], &step->rows[level], error))
            return false;
    }
    return true;
}

bool
tree_compare(Tree *tree, const TreeStep *step, uint64_t *n_faults, GError **error)
{
    g_autofree Digest *stored = g_new(Digest, TREE_MAX_BATCH);

    for (unsigned level = 0; level < TREE_TILE_LEVELS && step->rows[level].n > 0; level++) {
        const TreeRow *row = &step->rows[level];
        g_autoptr(GError) local = NULL;

        if (!tree_read_hashes(tree, level, row->first, row->n, stored, &local)) {
            if (!g_error_matches(local, TLOG_ERROR, TLOG_ERROR_CORRUPT)) {
                g_propagate_error(error, g_steal_pointer(&local));
                return false;
            }
            *n_faults += row->n; /* the file is too short */
            continue;
        }
        for (size_t i = 0; i < row->n; i++)
            *n_faults += memcmp(&stored[i], &row->hashes[i], DIGEST_SIZE) != 0;
    }
    return true;
}

bool
tree_sync(Tree *tree, GError **error)
{
    for (unsigned level = 0; level < TREE_TILE_LEVELS; level++) {
        if (os_fdatasync(tree->fds[level]) != 0) {
            error_set_errno(error, TLOG_ERROR, TLOG_ERROR_IO, "cannot sync hash tiles 'tile.%u'",
                            level);
            return false;
        }
    }
    if (os_fsync(tree->dirfd) != 0) {
        error_set_errno(error, TLOG_ERROR, TLOG_ERROR_IO, "cannot sync the log's folder");
        return false;
    }
    return true;
}

bool
tree_read_hashes(Tree *tree, unsigned tile_level, uint64_t first, size_t n, Digest *out,
                 GError **error)
{
    uint8_t *data = (uint8_t *)out;
    size_t len = n * DIGEST_SIZE;
    off_t offset = (off_t)(first * DIGEST_SIZE);

    while (len > 0) {
        ssize_t got = pread(tree->fds[tile_level], data, len, offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            error_set_errno(error, TLOG_ERROR, TLOG_ERROR_IO, "cannot read hash tiles 'tile.%u'",
                            tile_level);
            return false;
        }
        if (got == 0) {
            error_set(error, TLOG_ERROR, TLOG_ERROR_CORRUPT,
                      "hash tiles 'tile.%u' end before hash %" G_GUINT64_FORMAT, tile_level,
                      first + n - 1);
            return false;
        }
        data += got;
        len -= (size_t)got;
        offset += got;
    }
    return true;
}

/* Where the nodes of @height inside a tile begin in TileNodes. */
static size_t
inner_start(unsigned height)
{
    return 2 * TREE_TILE_WIDTH - (2 * TREE_TILE_WIDTH >> height);
}

/* @width: hashes of the tile that are there; the complete nodes over them are computed. */
static bool
load_tile_nodes(Tree *tree, unsigned level, uint64_t number, size_t width, TileNodes *out,
                GError **error)
{
    if (!tree_read_hashes(tree, level, number * TREE_TILE_WIDTH, width, out->nodes, error))
        return false;
    for (unsigned height = 1; height < TREE_TILE_HEIGHT; height++)
        merkle_node_hashes(&out->nodes[inner_start(height - 1)], width >> height,
                           &out->nodes[inner_start(height)]);
    out->level = level;
    out->number = number;
    out->width = width;
    return true;
}

/* One node by folding the part of its tile below it. */
static bool
fold_node(Tree *tree, const MerkleNode *node, Digest *out, GError **error)
{
    unsigned height = node->level % TREE_TILE_HEIGHT;
    size_t n = (size_t)1 << height;
    Digest hashes[TREE_TILE_WIDTH / 2];

    if (!tree_read_hashes(tree, node->level / TREE_TILE_HEIGHT, node->index << height, n, hashes,
                          error))
        return false;
    for (; n > 1; n /= 2)
        merkle_node_hashes(hashes, n / 2, hashes);
    *out = hashes[0];
    return true;
}

typedef struct {    /* where a node is among the tiles */
    unsigned level; /* of tiles */
    uint64_t number;
    size_t width; /* hashes of the tile that are there */
    size_t needs; /* hashes that must be there for this node */
    size_t at;    /* in TileNodes */
} TilePlace;

static TilePlace
find_place(const MerkleFrontier *edge, const MerkleNode *node)
{
    unsigned level = node->level / TREE_TILE_HEIGHT;
    unsigned height = node->level % TREE_TILE_HEIGHT;
    uint64_t number = node->index >> (TREE_TILE_HEIGHT - height);
    size_t within = (size_t)(node->index & ((TREE_TILE_WIDTH >> height) - 1));
    uint64_t there = (edge->size >> (level * TREE_TILE_HEIGHT)) - number * TREE_TILE_WIDTH;

    return (TilePlace){
        .level = level,
        .number = number,
        .width = (size_t)MIN(there, TREE_TILE_WIDTH),
        .needs = (within + 1) << height,
        .at = inner_start(height) + within,
    };
}

static bool
tile_has(const TileNodes *tile, const TilePlace *place)
{
    return tile != NULL && tile->level == place->level && tile->number == place->number &&
           tile->width >= place->needs;
}

/* A node of an upper level, through the cache. */
static bool
cached_node(Tree *tree, const TilePlace *place, Digest *out, GError **error)
{
    size_t slot = (place->number * TREE_TILE_LEVELS + place->level) % CACHE_SLOTS;
    g_autofree TileNodes *fresh = NULL;

    mutex_lock(&tree->lock);
    bool found = tile_has(tree->cache[slot], place);
    if (found)
        *out = tree->cache[slot]->nodes[place->at];
    mutex_unlock(&tree->lock);
    if (found)
        return true;

    fresh = g_new(TileNodes, 1);
    if (!load_tile_nodes(tree, place->level, place->number, place->width, fresh, error))
        return false;
    *out = fresh->nodes[place->at];
    mutex_lock(&tree->lock);
    TileNodes *old = tree->cache[slot];
    tree->cache[slot] = g_steal_pointer(&fresh);
    mutex_unlock(&tree->lock);
    g_free(old);
    return true;
}

/* @last: the tile of level 0 read last in this plan; a path's siblings share one. */
static bool
read_node(Tree *tree, const MerkleFrontier *edge, const MerkleNode *node, TileNodes *last,
          Digest *out, GError **error)
{
    TilePlace place = find_place(edge, node);

    if (((edge->size >> node->level) & 1) && node->index == (edge->size >> node->level) - 1) {
        *out = edge->nodes[node->level];
        return true;
    }
    if (place.level > 0)
        return cached_node(tree, &place, out, error);
    if (!tile_has(last, &place) &&
        !load_tile_nodes(tree, 0, place.number, place.width, last, error))
        return false;
    *out = last->nodes[place.at];
    return true;
}

bool
tree_read_plan(Tree *tree, const MerkleFrontier *edge, const MerklePlan *plan, Digest *out,
               GError **error)
{
    Digest nodes[MERKLE_PLAN_MAX_NODES];
    g_autofree TileNodes *last = g_new(TileNodes, 1);

    last->level = UINT_MAX;
    for (size_t i = 0; i < plan->n_nodes; i++) {
        if (!read_node(tree, edge, &plan->nodes[i], last, &nodes[i], error))
            return false;
    }
    merkle_plan_fold(plan, nodes, out);
    return true;
}

bool
tree_read_edge(Tree *tree, uint64_t size, MerkleFrontier *out, GError **error)
{
    MerkleFrontier edge = { .size = size };

    for (unsigned level = 0; level < G_N_ELEMENTS(edge.nodes); level++) {
        MerkleNode node = { .level = level, .index = (size >> level) - 1 };

        if (((size >> level) & 1) && !fold_node(tree, &node, &edge.nodes[level], error))
            return false;
    }
    *out = edge;
    return true;
}
