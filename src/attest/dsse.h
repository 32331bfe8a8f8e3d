/* SPDX-License-Identifier: Apache-2.0
 * dsse: the bytes that are signed (PAE) and the envelope that carries them (DSSE 1.0.2). */
#pragma once
#include <stdbool.h>
#include "base/digest.h"
#include "base/json.h"
#include "base/span.h"
#include "proof/public_key.h"

#define DSSE_TYPE_INTOTO   "application/vnd.in-toto+json"
#define DSSE_TYPE_DECISION "application/vnd.slipway.decision.v1+json"
#define DSSE_TYPE_STATUS   "application/vnd.slipway.status.v1+json"

/** "DSSEv1 LEN TYPE LEN PAYLOAD". Owned. */
GBytes *dsse_pae(const char *payload_type, Span payload);
/** Takes a PAE apart; strict: pae(parts) is @pae again. Outputs borrow from @pae; the type is not
 * NUL-terminated. Errors: INVALID. */
bool dsse_pae_split(Span pae, Span *payload_type_out, Span *payload_out, GError **error) MUST_CHECK;
/** S: the name of a fact, SHA-256 of its PAE (facts.md section 1). */
Digest fact_name(Span pae);

typedef struct {
    char *keyid; /* owned; "" when the envelope has none */
    GBytes *sig; /* owned */
} DsseSignature;

typedef struct {
    char *payload_type;    /* owned */
    GBytes *payload;       /* owned */
    GPtrArray *signatures; /* owned; of DsseSignature, at least one */
} DsseEnvelope;

/** An envelope with one signature. @key: whose fingerprint to write as keyid. Returns: owned. */
DsseEnvelope *dsse_new(const char *payload_type, Span payload, const PublicKey *key, Span sig);
/** Reads an envelope; both base64 alphabets. Unknown members are ignored (DSSE says so).
 * Returns: owned. Errors: INVALID, LIMIT. */
DsseEnvelope *dsse_parse(Span json, GError **error) MUST_CHECK;
/** As dsse_parse, from a parsed object (a bundle's `dsseEnvelope`). */
DsseEnvelope *dsse_from_json(const json_t *object, GError **error) MUST_CHECK;
/** payload, payloadType, signatures with keyid and sig. Owned reference. */
json_t *dsse_to_json(const DsseEnvelope *envelope);
/** One line of canonical JSON without a newline (a line of `.intoto.jsonl`). Owned. */
char *dsse_format(const DsseEnvelope *envelope);
/** Whether one of the signatures is @key's and holds. Those naming another keyid
 * (neither its fingerprint nor hex of its keyid) are passed over.
 * Errors: UNTRUSTED. */
bool dsse_verify(const DsseEnvelope *envelope, const PublicKey *key, GError **error) MUST_CHECK;
void dsse_free(DsseEnvelope *envelope);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DsseEnvelope, dsse_free)
