/* SPDX-License-Identifier: Apache-2.0
 * keyless: a key that lives for one signature, and the certificate Fulcio gives for it to whoever
 * holds an identity token (POST /api/v2/signingCert). */
#pragma once
#include "proof/signer.h"

typedef struct Keyless {
    Signer *signer;      /* owned; P-256, in memory only */
    GBytes *certificate; /* owned; DER, of the signer's key, its SCT inside */
} Keyless;

/** Makes a key, proves to hold it, and asks the Fulcio at @url. @token: an OpenID Connect token.
 * Returns: owned. Errors: INVALID (the token, the answer), UNAVAILABLE (no answer, or a refusal),
 * UNTRUSTED (a certificate of another key). */
Keyless *keyless_open(const char *url, const char *token, GError **error) MUST_CHECK;
void keyless_free(Keyless *keyless);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Keyless, keyless_free)

/** What the holder of a key proves to hold it with: the token's verified `email`, else its `sub`.
 * Owned. Errors: INVALID. */
char *keyless_subject(const char *token, GError **error) MUST_CHECK;
/** The first certificate of Fulcio's answer, which must be @key's. Returns: owned. Errors: INVALID,
 * UNTRUSTED. */
GBytes *keyless_certificate(Span answer, const PublicKey *key, GError **error) MUST_CHECK;
