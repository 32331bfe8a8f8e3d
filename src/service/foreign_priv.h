/* SPDX-License-Identifier: Apache-2.0
 * foreign_priv: one shard of the foreign log, and the file that lists them; for
 * src/service/foreign*.c only. */
#pragma once
#include "proof/checkpoint.h"
#include "service/foreign.h"
#include "signer/client.h"
#include "sys/thread.h"
#include "tlog/leaf_index.h"

#define FOREIGN_FIRST_NAME "foreign"

typedef struct Shard {
    Engine *engine;         /* borrowed; for witnesses */
    char *name;             /* owned */
    char *origin;           /* owned */
    char *view_path;        /* owned */
    bool written;           /* the newest one */
    char *problem;          /* owned; why it cannot be used, or NULL */
    SignerClient *signer;   /* owned */
    NoteVerifier *verifier; /* owned */
    Tlog *tlog;             /* owned; NULL with a problem */
    Committer *committer;   /* owned; of the shard that is written */
    int checkpoint_ms;      /* atomic */

    Mutex lock;
    Cond closing;        /* with lock and is_closing */
    bool is_closing;     /* guarded by lock */
    LeafIndex *index;    /* guarded by lock; owned; of the shard that is written */
    GHashTable *pending; /* guarded by lock; Digest of a leaf to ForeignRequest: being appended */
    MerkleHead head;     /* guarded by lock; what note is over */
    GBytes *note;        /* guarded by lock; owned; the newest checkpoint, NULL: none */

    uint64_t witnessed; /* of the witnesses' thread: size of the last checkpoint with a quorum,
                           UINT64_MAX: ask again */
    int64_t sealed_us;  /* the committer's: when the last checkpoint was signed */
    Mutex view_lock;    /* held over one export */
    uint64_t view_size; /* guarded by view_lock */
    bool has_view;      /* guarded by view_lock: view_size is right */
} Shard;

typedef struct {    /* all borrowed until shard_open returns, but engine */
    Engine *engine; /* outlives the shard */
    const char *name;
    const char *origin;
    bool written; /* it takes entries */
    int64_t checkpoint_ms;
} ShardOptions;

/** Opens a shard; what is wrong with its folder becomes its problem. Returns: owned. Errors:
 * UNAVAILABLE (no thread). */
Shard *shard_open(const ShardOptions *options, GError **error) MUST_CHECK;
/** Finishes what is queued, takes no more. */
void shard_freeze(Shard *shard);
void shard_free(Shard *shard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Shard, shard_free)
/** Makes key and log of a new shard; what a crash left of it is taken over. Errors: EXISTS (of
 * another origin), INVALID, those of signer and log. */
bool shard_create(const char *home, const char *name, const char *origin,
                  GError **error) MUST_CHECK;
/** Errors: as foreign_submit. */
bool shard_submit(Shard *shard, ForeignRequest *request, int64_t max_entries,
                  GError **error) MUST_CHECK;
/** Has the newest checkpoint cosigned, if it is not. Errors: those of witness_cosign. */
bool shard_ask_witnesses(Shard *shard, GError **error) MUST_CHECK;
/** Brings the static view to the newest checkpoint, with a quorum to the newest that has it. Errors:
 * CORRUPT, IO. */
bool shard_refresh_view(Shard *shard, GError **error) MUST_CHECK;
