/* SPDX-License-Identifier: Apache-2.0
 * tlog_policy: which logs are known and whose cosignatures a checkpoint needs, as text (C2SP
 * tlog-policy). */
#pragma once
#include "proof/cosignature.h"

#define TLOG_POLICY_MAX_BYTES (64u << 10)
#define TLOG_POLICY_MAX_LINES 512u /* logs, witnesses and groups together */

typedef struct {
    NoteVerifier *verifier; /* owned; named by the log's origin */
    char *url;              /* owned, or NULL */
} TlogPolicyLog;

typedef struct {
    char *name;         /* owned; the policy's own name for it */
    char *vkey;         /* owned */
    Cosigner *cosigner; /* owned; NULL: a key type nothing here can check */
    char *url;          /* owned, or NULL: where add-checkpoint is */
} TlogPolicyWitness;

typedef struct TlogPolicy TlogPolicy; /* immutable */

/** Strict. Returns: owned. Errors: INVALID (with the line), LIMIT, UNAVAILABLE (a log key of
 * another kind than Ed25519). */
TlogPolicy *tlog_policy_parse(Span text, GError **error) MUST_CHECK;
void tlog_policy_free(TlogPolicy *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TlogPolicy, tlog_policy_free)
size_t tlog_policy_n_logs(const TlogPolicy *policy);
/** Borrowed. */
const TlogPolicyLog *tlog_policy_log(const TlogPolicy *policy, size_t i);
size_t tlog_policy_n_witnesses(const TlogPolicy *policy);
/** Borrowed. */
const TlogPolicyWitness *tlog_policy_witness(const TlogPolicy *policy, size_t i);
/** Whether any cosignature is asked for: not "quorum none". */
bool tlog_policy_has_quorum(const TlogPolicy *policy);

/** Whether @note is signed by one of the logs the policy lists (any, if it lists none) and cosigned
 * by its quorum. @n_witnesses_out: optional; distinct witnesses that cosigned, set in either case.
 * Errors: UNTRUSTED (a line of a listed log or witness does not hold; no listed log signed), DENIED
 * (the quorum is not there), UNAVAILABLE (it cannot be without witnesses of an unknown key type).
 */
bool tlog_policy_check(const TlogPolicy *policy, const Note *note, size_t *n_witnesses_out,
                       GError **error) MUST_CHECK;
