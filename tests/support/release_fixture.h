/* SPDX-License-Identifier: Apache-2.0
 * release_fixture: what a release in a log fixture ships, as files in memory, and a trust file for
 * it. */
#pragma once
#include "log_fixture.h"
#include "proof/merkle.h"
#include "verify/verify.h"

typedef struct ReleaseFixture {
    VerifySource source; /* first: reads files */
    GHashTable *files;   /* path (owned) to GBytes */
    Trust *trust;
    int64_t now_us;
    VerifyReport *report; /* of the last verification */
    GError *error;
} ReleaseFixture;

/** All files of @object as of the log's present end. */
ReleaseFixture *release_fixture_new(LogFixture *log, const char *object);
void release_fixture_free(ReleaseFixture *release);
/** Ships checkpoint, proofs and status anew as of the log's present end. */
void release_fixture_refresh(ReleaseFixture *release, LogFixture *log, const char *object);
/** Verifies and returns the exit code; the report is kept. */
VerifyResult release_fixture_verify(ReleaseFixture *release);
/** Whether the last report has a finding of that check and class. */
bool release_fixture_found(const ReleaseFixture *release, const char *check, VerifyResult result);
/** Flips one bit in the middle of a file. */
void release_fixture_flip(ReleaseFixture *release, const char *path);
void release_fixture_put(ReleaseFixture *release, const char *path, Span content);

typedef enum { LINE_FLIP_PAE, LINE_FLIP_LEAF, LINE_FLIP_PROOF, LINE_REMOVE } LineChange;
/** Changes the first line of facts.jsonl whose fact is of @kind. */
void release_fixture_change_line(ReleaseFixture *release, FactKind kind, LineChange change);
/** status.json signed anew with other times. */
void release_fixture_set_status(ReleaseFixture *release, LogFixture *log, int64_t issued_us,
                                int64_t expires_us);
/** The tree of the first @size entries. */
MerkleHead release_fixture_head(LogFixture *log, uint64_t size);
