/* SPDX-License-Identifier: Apache-2.0
 * signer client: asks the signer processes, which alone open private keys, for signatures.
 *
 * A process is started at its first request and started again after it died. Thread-safe: one
 * request at a time per process. Files of the keys folder, which belongs to the signer processes:
 *
 * ROLE.pem        private keys, 0600
 * keys.json       origin and public halves, written once by signer_create_keys
 * log-state       number, size and root of the last checkpoint signed, synced before it leaves
 * refusals.jsonl  a line a refusal, synced
 *
 * A refusal (a statement type outside the role, a payload that is not RFC 8785, a checkpoint
 * smaller than or inconsistent with the last signed) is SIGNER_ERROR_DENIED and recorded. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/span.h"
#include "signer/role.h"

#define SIGNER_ERROR (signer_error_quark())
GQuark signer_error_quark(void);
typedef enum {
    SIGNER_ERROR_DENIED =
        ERROR_CODE(ERROR_KIND_DENIED, 1), /* refused and recorded; the message says the rule */
    SIGNER_ERROR_INVALID = ERROR_CODE(ERROR_KIND_INVALID, 1), /* the request was malformed */
    SIGNER_ERROR_NO_KEY =
        ERROR_CODE(ERROR_KIND_NOT_FOUND, 1), /* this folder has no key of that role */
    SIGNER_ERROR_EXISTS = ERROR_CODE(ERROR_KIND_EXISTS, 1), /* create: keys are there already */
    SIGNER_ERROR_UNAVAILABLE =
        ERROR_CODE(ERROR_KIND_UNAVAILABLE,
                   1), /* the process did not start, or died; whether it signed is unknown */
    SIGNER_ERROR_CORRUPT =
        ERROR_CODE(ERROR_KIND_CORRUPT, 1), /* key or state file damaged or readable by others */
    SIGNER_ERROR_IO =
        ERROR_CODE(ERROR_KIND_IO, 1), /* the record could not be synced, so nothing was signed */
} SignerError;

typedef struct SignerClient SignerClient;

typedef struct { /* one public key of the folder */
    SignerRole role;
    GBytes *spki;     /* owned; DER */
    Digest keyid;     /* SHA-256 of spki */
    char *builder_id; /* owned; "<origin>/builder/…" for builder roles, else NULL */
    GPtrArray *certs; /* owned, of GBytes (DER), leaf first; NULL unless the role is TIMESTAMP */
} SignerPublicKey;
void signer_public_key_free(SignerPublicKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SignerPublicKey, signer_public_key_free)

typedef struct {       /* one signature over a DSSE PAE */
    GBytes *signature; /* owned; ECDSA: DER */
    GBytes *spki;      /* owned; DER of the key that signed */
    Digest keyid;
} SignerSignature;
void signer_signature_clear(SignerSignature *signature);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SignerSignature, signer_signature_clear)

/** Runs the signer once to make all keys of a new installation in the folder @keys_dir (created,
 * 0700). Returns: owned array of SignerPublicKey. Errors: EXISTS, INVALID (origin), UNAVAILABLE,
 * IO. */
GPtrArray *signer_create_keys(const char *keys_dir, const char *origin, GError **error) MUST_CHECK;

/** As signer_create_keys for a log of its own (another log's folder): the log's key alone. @origin
 * may be a bare host name. */
GPtrArray *signer_create_log_key(const char *keys_dir, const char *origin,
                                 GError **error) MUST_CHECK;

/** Starts nothing yet. Returns: owned. */
SignerClient *signer_client_new(const char *keys_dir);
/** Ends the processes and waits for them. Accepts NULL. */
void signer_client_free(SignerClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SignerClient, signer_client_free)

/**
 * Signs the DSSE PAE of an in-toto statement (type application/vnd.in-toto+json).
 * @role: ENGINE or a BUILDER role.
 * @payload: RFC 8785 JSON of the statement; up to LIMIT_STATEMENT_BYTES.
 * Errors: DENIED, INVALID, NO_KEY, UNAVAILABLE, CORRUPT, IO.
 */
bool signer_sign_statement(SignerClient *client, SignerRole role, Span payload,
                           SignerSignature *out, GError **error) MUST_CHECK;
/** Signs the DSSE PAE of a status.json payload (type application/vnd.slipway.status.v1+json).
 * Errors: as above. */
bool signer_sign_status(SignerClient *client, Span payload, SignerSignature *out,
                        GError **error) MUST_CHECK;

/** Signs TUF metadata with the status key: the canonical text of a timestamp or a snapshot, up to
 * TUF_MAX_SNAPSHOT_BYTES. Errors: as above. */
bool signer_sign_tuf(SignerClient *client, Span payload, SignerSignature *out,
                     GError **error) MUST_CHECK;

typedef struct {     /* what the log's signer signed last */
    uint64_t number; /* checkpoints signed so far; 0: none */
    uint64_t size;
    Digest root;
} SignerLogState;
/** Read from the file, no process needed: what tlog_open must be given as a known head.
 * Errors: NO_KEY, CORRUPT, IO. */
bool signer_load_log_state(SignerClient *client, SignerLogState *out, GError **error) MUST_CHECK;
/**
 * Signs a checkpoint of the log this folder's keys belong to.
 * @proof: consistency proof from the state's size to @size (RFC 6962); empty if the sizes are equal
 * or the state is still empty. Returns: owned, the signed note. Errors: DENIED, NO_KEY,
 * UNAVAILABLE, CORRUPT, IO.
 */
GBytes *signer_sign_checkpoint(SignerClient *client, uint64_t size, const Digest *root,
                               const Digest *proof, size_t n_proof, GError **error) MUST_CHECK;

/**
 * Answers a time-stamp request (RFC 3161 section 2.4.1) with the signer's clock.
 * @request: DER of a TimeStampReq; an imprint of SHA-256, SHA-384 or SHA-512.
 * Returns: owned, DER of a TimeStampResp; one that says why not is an answer too. Errors: INVALID,
 * NO_KEY, UNAVAILABLE, CORRUPT.
 */
GBytes *signer_answer_timestamp(SignerClient *client, Span request, GError **error) MUST_CHECK;
/** The same for the SHA-256 of @message, with the signer's certificate in the answer. Errors: as
 * above; INVALID also when the signer said why not. */
GBytes *signer_timestamp(SignerClient *client, Span message, GError **error) MUST_CHECK;

/** All public keys of the folder, from keys.json (no process needed). Returns: owned array of
 * SignerPublicKey. Errors: NO_KEY (never created), CORRUPT, IO. */
GPtrArray *signer_public_keys(SignerClient *client, GError **error) MUST_CHECK;
/** The origin the keys were made for. Returns: owned. Errors: as signer_public_keys. */
char *signer_origin(SignerClient *client, GError **error) MUST_CHECK;
