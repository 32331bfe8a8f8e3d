/* SPDX-License-Identifier: Apache-2.0
 * witness: cosigns checkpoints of other people's logs (C2SP tlog-witness), in a folder of its own,
 * and never two that contradict each other. Knows no data folder and no engine.
 *
 * Folder:
 * witness.pem    the key, 0600; opened by the witness alone
 * name           its name, a line
 * logs           the logs it watches, tlog-policy text of log lines
 * state/HEX      the newest checkpoint cosigned for the log whose origin's SHA-256 is HEX, as its log
 *                signed it; empty: none yet
 * state/HEX.fork a checkpoint of that log that contradicts it: proof that somebody forged one */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/span.h"

#define WITNESS_MAX_REQUEST_BYTES (128u << 10)
#define WITNESS_MAX_PROOF         63 /* hashes; C2SP tlog-witness */
#define WITNESS_SIZE_TYPE         "text/x.tlog.size"

typedef struct Witness Witness; /* thread-safe; holds its folder alone */

/** Makes folder and key. @vkey_out: owned, how others name it. Errors: EXISTS, INVALID (name), IO.
 */
bool witness_create(const char *folder, const char *name, char **vkey_out,
                    GError **error) MUST_CHECK;
/** Watches one more log, also while a witness serves from the folder. @vkey: the log's verifier key.
 * Errors: INVALID, EXISTS, BUSY, IO. */
bool witness_add_log(const char *folder, const char *vkey, GError **error) MUST_CHECK;
/** @clock: borrowed. Returns: owned. Errors: NOT_FOUND, BUSY (another process holds it), CORRUPT,
 * IO. */
Witness *witness_open(const char *folder, const Clock *clock, GError **error) MUST_CHECK;
void witness_free(Witness *witness);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Witness, witness_free)
/** "name+hash+base64". Owned. */
char *witness_vkey(const Witness *witness);
/** What it has seen: [{origin, vkey, size, root, fork}]; size 0: nothing yet. Errors: CORRUPT, IO.
 */
bool witness_list(Witness *witness, json_t **result_out, GError **error) MUST_CHECK;

typedef struct {
    unsigned status;  /* of HTTP, as C2SP tlog-witness has them */
    const char *type; /* static */
    char *body;       /* owned */
} WitnessAnswer;
void witness_answer_clear(WitnessAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WitnessAnswer, witness_answer_clear)

/** Answers one add-checkpoint request. What it signs is durable before the answer exists. Blocks. */
void witness_add_checkpoint(Witness *witness, Span body, WitnessAnswer *out);

typedef struct { /* the request, taken apart; borrows from it */
    uint64_t old_size;
    Digest hashes[WITNESS_MAX_PROOF];
    size_t n_hashes;
    Span note;
} WitnessRequest;
/** Form only. Errors: INVALID, LIMIT. */
bool witness_request_parse(Span body, WitnessRequest *out, GError **error) MUST_CHECK;
