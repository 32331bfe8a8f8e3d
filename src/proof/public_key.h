/* SPDX-License-Identifier: Apache-2.0
 * public_key: public keys as SubjectPublicKeyInfo (RFC 5280), their names, and signature checks.
 * Immutable after creation; may be shared by threads. */
#pragma once
#include <stdbool.h>
#include "base/attributes.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/span.h"

typedef enum {
    PUBLIC_KEY_NONE,
    PUBLIC_KEY_P256,    /* ECDSA on NIST P-256 with SHA-256; signatures in DER */
    PUBLIC_KEY_ED25519, /* RFC 8032; signatures are 64 raw bytes */
    PUBLIC_KEY_P384,    /* ECDSA on NIST P-384 with SHA-384; signatures in DER; never in a log */
    PUBLIC_KEY_RSA,     /* RSASSA-PSS, SHA-256, MGF1 with it, salt of 32 bytes; never in a log */
    PUBLIC_KEY_N_KINDS
} PublicKeyKind;

#define PUBLIC_KEY_P256_SPKI_SIZE    91 /* named curve, uncompressed point */
#define PUBLIC_KEY_ED25519_SPKI_SIZE 44
#define PUBLIC_KEY_P384_SPKI_SIZE    120
#define PUBLIC_KEY_MAX_SIGNATURE     128 /* no signature of a key in a log is longer, in bytes */
#define PUBLIC_KEY_RSA_MIN_BITS      3072
#define PUBLIC_KEY_RSA_MAX_BITS      8192

typedef struct PublicKey PublicKey;

/** @der: exactly one key of the two kinds facts may carry, P-256 and Ed25519, in the one encoding
 * we accept. Returns: owned. Errors: INVALID (malformed, not on the curve, another encoding),
 * UNAVAILABLE (another algorithm). */
PublicKey *public_key_from_spki(Span der, GError **error) MUST_CHECK;
/** As public_key_from_spki, of any kind: what signs outside of the log. RSA: rsaEncryption,
 * PUBLIC_KEY_RSA_MIN_BITS to _MAX_BITS. */
PublicKey *public_key_from_spki_any(Span der, GError **error) MUST_CHECK;
/** One "PUBLIC KEY" block (RFC 7468), nothing after it. Returns: owned. Errors: as above. */
PublicKey *public_key_from_pem(Span pem, GError **error) MUST_CHECK;
/** @raw: 32 bytes. Returns: owned. Errors: INVALID. */
PublicKey *public_key_ed25519_from_raw(Span raw, GError **error) MUST_CHECK;
/** @point: 65 bytes, uncompressed (SEC 1). Returns: owned. Errors: INVALID. */
PublicKey *public_key_p256_from_point(Span point, GError **error) MUST_CHECK;
/** @point: 97 bytes, uncompressed (SEC 1). Returns: owned. Errors: INVALID. */
PublicKey *public_key_p384_from_point(Span point, GError **error) MUST_CHECK;
PublicKey *public_key_ref(const PublicKey *key);
void public_key_unref(PublicKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PublicKey, public_key_unref)

PublicKeyKind public_key_kind(const PublicKey *key);
/** "ed25519", "p256", "p384", "rsa". Static. */
const char *public_key_kind_name(PublicKeyKind kind);
/** The DER bytes; borrowed. */
Span public_key_spki(const PublicKey *key);
/** Ed25519: the 32 bytes; P-256, P-384: the bytes of the point; RSA: none; borrowed. */
Span public_key_raw(const PublicKey *key);
/** SHA-256 of the SPKI (facts.md section 1): hex of it is `keyid`, base64 a bundle's `hint`. */
Digest public_key_keyid(const PublicKey *key);
/** How OpenSSH names the key, "SHA256:" and 43 base64 characters: `keyid` in the envelopes we write,
 * because sigstore-go and slsa-verifier pass over a signature that says another. Owned. */
char *public_key_fingerprint(const PublicKey *key);
/** The same from the DER bytes, which are not checked. Owned; NULL if it is no key we know. */
char *public_key_fingerprint_of_spki(Span spki);
bool public_key_equal(const PublicKey *a, const PublicKey *b);
/** A "PUBLIC KEY" block. Owned. */
char *public_key_to_pem(const PublicKey *key);

/** Checks @signature over @message; an ECDSA signature must be canonical DER. Errors: UNTRUSTED. */
bool public_key_verify(const PublicKey *key, Span message, Span signature,
                       GError **error) MUST_CHECK;
