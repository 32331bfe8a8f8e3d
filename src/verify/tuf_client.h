/* SPDX-License-Identifier: Apache-2.0
 * tuf_client: a client of a TUF repository (TUF specification 1.0 section 5): brings the metadata
 * in a folder up to date and finds targets. Where bytes come from is the caller's TufSource. What
 * is kept is exactly what was served, under unversioned names; a file is kept only after it was
 * trusted. */
#pragma once
#include "attest/tuf.h"

typedef enum {
    TUF_FETCH_FAILED, /* the error says why */
    TUF_FETCH_ABSENT, /* the repository has no such file */
    TUF_FETCH_DONE,   /* all of it is in @out_fd */
} TufFetched;

typedef enum { TUF_PLACE_METADATA, TUF_PLACE_TARGETS } TufPlace;

typedef struct TufSource {
    void *data; /* borrowed */
    /* Writes the file called @path in @place to @out_fd (borrowed); longer than @limit_bytes is
     * LIMIT. */
    TufFetched (*fetch)(void *data, TufPlace place, const char *path, uint64_t limit_bytes,
                        int out_fd, GError **error);
} TufSource;

typedef struct TufClient TufClient;

/** Trusts @root as the first one of the folder @dir_fd (borrowed), which must be empty of it.
 * Errors: those of tuf_set_new, EXISTS, IO. */
bool tuf_client_init(int dir_fd, Span root, GError **error) MUST_CHECK;
/** Brings root, timestamp, snapshot and targets up to date as of @now_us. @source: copied. Returns:
 * owned. Errors: those of tuf.h, NOT_FOUND (no root in the folder, a file the repository lacks),
 * those of the source, IO. */
TufClient *tuf_client_refresh(int dir_fd, const TufSource *source, int64_t now_us,
                              GError **error) MUST_CHECK;
void tuf_client_free(TufClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TufClient, tuf_client_free)

/** Searches the roles for @path, fetching their metadata as needed. @out: valid as long as the
 * client. Errors: NOT_FOUND, LIMIT (TUF_MAX_DELEGATIONS), as refresh. */
bool tuf_client_find(TufClient *client, const char *path, TufTarget *out,
                     GError **error) MUST_CHECK;
/** The target's file in the folder @dir_fd, under its path with '/' as %2F; fetched unless it is
 * there already and right. Errors: MISMATCH, as refresh. */
bool tuf_client_download(TufClient *client, const TufTarget *target, int dir_fd,
                         GError **error) MUST_CHECK;
/** What is trusted. Borrowed. */
const TufSet *tuf_client_set(const TufClient *client);
