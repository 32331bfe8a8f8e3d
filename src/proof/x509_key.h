/* SPDX-License-Identifier: Apache-2.0
 * x509_key: public keys of the algorithms that certificates, logs and time-stamp authorities of
 * others use; our own keys are public_key.h's. Immutable after creation; may be shared by threads. */
#pragma once
#include <stdbool.h>
#include "base/attributes.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/span.h"

typedef enum {
    X509_HASH_NONE,
    X509_SHA256,
    X509_SHA384,
    X509_SHA512,
} X509Hash;

#define X509_MAX_HASH_SIZE 64

typedef struct X509Key
    X509Key; /* ECDSA on P-256, P-384, P-521; Ed25519; RSA of 2048 to 8192 bits */

/** @der: exactly one SubjectPublicKeyInfo. Returns: owned. Errors: INVALID, UNAVAILABLE (an algorithm
 * or size we do not take). */
X509Key *x509_key_from_spki(Span der, GError **error) MUST_CHECK;
/** @der: exactly one RSAPublicKey (RFC 8017). Returns: owned. Errors: as above. */
X509Key *x509_key_from_pkcs1(Span der, GError **error) MUST_CHECK;
/** One "PUBLIC KEY" block. Returns: owned. Errors: INVALID, LIMIT, UNAVAILABLE. */
X509Key *x509_key_from_pem(Span pem, GError **error) MUST_CHECK;
/** The bytes of the only PEM block in @pem (RFC 7468), if @label is its label. Returns: owned. Errors:
 * INVALID, LIMIT. */
GBytes *x509_pem_decode(Span pem, const char *label, GError **error) MUST_CHECK;
X509Key *x509_key_ref(const X509Key *key);
void x509_key_unref(X509Key *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509Key, x509_key_unref)

/** The SubjectPublicKeyInfo; borrowed. */
Span x509_key_spki(const X509Key *key);
/** SHA-256 of the SPKI: the id of a CT log and of a Rekor v1 log. */
Digest x509_key_id(const X509Key *key);
/** "ECDSA P-256", "RSA 2048". Static. */
const char *x509_key_name(const X509Key *key);
/** What the key's signatures hash with where nothing else is said: P-384 SHA-384, P-521 SHA-512, all
 * others SHA-256. NONE for Ed25519, which signs the message itself. */
X509Hash x509_key_hash(const X509Key *key);
/** Whether @details, a PublicKeyDetails of sigstore's protobuf-specs, is a name for keys like this
 * one: "PKIX_ECDSA_P256_SHA_256". */
bool x509_key_matches(const X509Key *key, const char *details);

/** In bytes; 0 for NONE. */
size_t x509_hash_size(X509Hash hash);
/** The digest of @message. @out: x509_hash_size bytes of it are set. */
void x509_hash(X509Hash hash, Span message, uint8_t out[X509_MAX_HASH_SIZE]);

/** Checks @signature over @message. ECDSA in DER, RSA as PKCS #1 v1.5 or PSS. @hash: NONE for the
 * key's own. Errors: UNTRUSTED. */
bool x509_key_verify(const X509Key *key, X509Hash hash, Span message, Span signature,
                     GError **error) MUST_CHECK;
/** As x509_key_verify with the message's @digest, x509_hash_size(hash) bytes. Errors: UNTRUSTED,
 * UNAVAILABLE (Ed25519 needs the message). */
bool x509_key_verify_digest(const X509Key *key, X509Hash hash, Span digest, Span signature,
                            GError **error) MUST_CHECK;
