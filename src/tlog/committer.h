/* SPDX-License-Identifier: Apache-2.0
 * committer: one thread that appends for many callers. It takes whatever arrived while the previous
 * sync ran as the next batch; there is no timer. Callers hear after the entry is durable and, with
 * a sealing step, after the checkpoint over it is signed. Thread-safe. */
#pragma once
#include "tlog/tlog.h"

typedef struct Committer Committer;

typedef struct CommitRequest { /* caller's memory, untouched by the caller until done is called */
    TlogEntry entry;           /* spans valid until done */
    void (*done)(struct CommitRequest *request); /* on the committer's thread; must not block */
    void *context;                               /* borrowed; for done */
    uint64_t index;                              /* result, if error is NULL */
    GError *error;                               /* result: owned by the request's owner, or NULL */
    struct CommitRequest *next;                  /* the committer's */
} CommitRequest;

typedef struct {
    size_t max_batch;  /* 1 to TLOG_BATCH_MAX_ENTRIES */
    size_t max_queued; /* requests waiting before BUSY; at least max_batch */
    /* Optional: called after each durable batch, before its callers hear: signs and keeps a
     * checkpoint. A failure is given to the batch's callers as *unknown*: their entries are in the
     * log. */
    bool (*seal)(void *context, Tlog *tlog, GError **error);
    void *context; /* borrowed; for seal */
} CommitterOptions;

/** @tlog: borrowed, outlives the committer, appended to by nobody else. Returns: owned. Errors: IO
 * (no thread). */
Committer *committer_new(Tlog *tlog, const CommitterOptions *options, GError **error) MUST_CHECK;
/** Finishes what is queued, then ends the thread. Accepts NULL. */
void committer_free(Committer *committer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Committer, committer_free)

/** Queues @request and returns at once; request->done is called exactly once if and only if this
 * returns true. Errors: BUSY (queue full). */
bool committer_post(Committer *committer, CommitRequest *request, GError **error) MUST_CHECK;
/** As committer_post for a chain of requests linked by next: all or none are queued, under one
 * lock. */
bool committer_post_chain(Committer *committer, CommitRequest *first, size_t n,
                          GError **error) MUST_CHECK;
/** Appends one entry and returns when it is durable. Errors: BUSY, and those of tlog_append and
 * seal. */
bool committer_append(Committer *committer, const TlogEntry *entry, uint64_t *index_out,
                      GError **error) MUST_CHECK;
