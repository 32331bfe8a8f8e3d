/* SPDX-License-Identifier: Apache-2.0
 * foreign: a second log, of other people's entries. Its origin, key, folder and quotas are its own,
 * and nothing in it ever enters a fact log. When it is full, its key is to end, or its folder turned
 * out to be an old copy, it goes on as a new shard: another log with another origin and key.
 *
 * HOME/foreign.json  limits, and the shards from the first to the one that is written
 * HOME/keys/NAME/    the key of shard NAME, opened by a log signer of its own
 * HOME/logs/NAME/    its log; NAME is "foreign", then "foreign-2", …
 * HOME/logs/NAME.public/  its static view */
#pragma once
#include <jansson.h>
#include "service/engine.h"
#include "service/foreign_entry.h"
#include "tlog/committer.h"

#define FOREIGN_DEFAULT_MAX_ENTRIES 1000000
#define FOREIGN_DEFAULT_PER_MINUTE  600
#define FOREIGN_MAX_CHECKPOINT_MS   60000
#define FOREIGN_MAX_SHARDS          64

typedef struct {
    int64_t max_entries;   /* of a shard; 1 to LEAF_INDEX_MAX_ENTRIES */
    int64_t per_minute;    /* entries of one address; 0: any number */
    int64_t checkpoint_ms; /* at least so long from one checkpoint to the next; 0: one a batch */
} ForeignLimits;

typedef struct Foreign Foreign; /* thread-safe */

/** Opens the foreign log for others: makes its first shard (NULL @origin is refused then), or sets
 * new limits; negative ones stay as they are. @result_out: as foreign_show. Errors: INVALID, EXISTS
 * (it has another origin), those of signer and log. */
bool foreign_set(Engine *engine, const char *origin, const ForeignLimits *limits,
                 json_t **result_out, GError **error) MUST_CHECK;
/** Ends the shard that is written and goes on in a new one. @origin: never used before. Errors:
 * INVALID, EXISTS, NOT_FOUND (no foreign log), LIMIT, those of signer and log. */
bool foreign_shard(Engine *engine, const char *origin, json_t **result_out,
                   GError **error) MUST_CHECK;
/** {maxEntries, perMinute, checkpointMs, shards: [{name, origin, vkey, logId, spki, size, root,
 * written, problem}]}; no shards: it was never opened. Errors: those of opening. */
bool foreign_show(Engine *engine, json_t **result_out, GError **error) MUST_CHECK;

/** The foreign log of @engine; borrowed, until the engine closes. Errors: NOT_FOUND (never opened
 * for others), those of opening. */
Foreign *foreign_get(Engine *engine, GError **error) MUST_CHECK;
/** Ends all threads. Accepts NULL. For engine.c. */
void foreign_free(Foreign *foreign);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Foreign, foreign_free)
/** Whether there is one; opens nothing. */
bool foreign_has(Engine *engine);
/** Has the newest checkpoint of the shard that is written cosigned, once, or @again. Errors: those of
 * witness_cosign. */
bool foreign_ask_witnesses(Engine *engine, bool again, GError **error) MUST_CHECK;
ForeignLimits foreign_limits(Foreign *foreign);

typedef struct ForeignRequest { /* the caller's; untouched by it until done */
    ForeignEntry entry;         /* filled in */
    /* Called once, on any thread, also for an entry that was there already: must not block. */
    void (*done)(struct ForeignRequest *request);
    void *context;               /* borrowed; for done */
    const char *shard;           /* result: name; the foreign log's */
    uint64_t index;              /* result */
    GError *error;               /* result; the owner frees it */
    CommitRequest commit;        /* inside */
    struct ForeignRequest *twin; /* inside: the same entry once more */
    struct Shard *log;           /* inside */
} ForeignRequest;

/** Logs request->entry in the shard that is written. request->done comes iff this returns true, with
 * the entry under a durable, signed checkpoint. Errors: BUSY (queue), UNAVAILABLE (full, or its
 * folder is an old copy: a new shard is wanted), IO. */
bool foreign_submit(Foreign *foreign, ForeignRequest *request, GError **error) MUST_CHECK;
/** A TransparencyLogEntry (protobuf-specs, as JSON) of entry @index with its proof under the newest
 * checkpoint. @leaf: its bytes. Returns: owned reference. Errors: NOT_FOUND, IO. */
json_t *foreign_entry_json(Foreign *foreign, const char *shard, uint64_t index, const char *kind,
                           Span leaf, GError **error) MUST_CHECK;
/** Opens a file of a shard's static view, brought to now: "checkpoint", "tile/0/000". @shard: a
 * name; NULL: the one whose origin's host is @host, else the one that is written. @fd_out: owned.
 * Errors: NOT_FOUND, IO. */
bool foreign_open_file(Foreign *foreign, const char *shard, const char *host, const char *path,
                       int *fd_out, uint64_t *size_out, GError **error) MUST_CHECK;
