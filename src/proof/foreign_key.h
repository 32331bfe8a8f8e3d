/* SPDX-License-Identifier: Apache-2.0
 * foreign_key: public keys that other people's tools sign with: Ed25519, ECDSA on P-256, P-384 and
 * P-521, RSA. Our own keys are public_key. Immutable after creation; may be shared by threads. */
#pragma once
#include <stdbool.h>
#include "base/attributes.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/span.h"

#define FOREIGN_KEY_RSA_MIN_BITS   2048
#define FOREIGN_KEY_RSA_MAX_BITS   16384
#define FOREIGN_KEY_MAX_BYTES      (64u << 10) /* of a key file */
#define FOREIGN_SIGNATURE_MAX_SIZE 4096        /* no signature of these keys is longer, in bytes */

typedef enum {
    FOREIGN_KEY_NONE,
    FOREIGN_KEY_ED25519,
    FOREIGN_KEY_P256,
    FOREIGN_KEY_P384,
    FOREIGN_KEY_P521,
    FOREIGN_KEY_RSA,
    FOREIGN_KEY_N_KINDS
} ForeignKeyKind;

typedef enum {
    FOREIGN_SCHEME_NONE,
    FOREIGN_SCHEME_ED25519, /* RFC 8032 */
    FOREIGN_SCHEME_ECDSA_SHA256,
    FOREIGN_SCHEME_ECDSA_SHA384,
    FOREIGN_SCHEME_ECDSA_SHA512,
    FOREIGN_SCHEME_RSA_PKCS1_SHA256, /* RFC 8017 section 8.2 */
    FOREIGN_SCHEME_RSA_PKCS1_SHA512,
    FOREIGN_SCHEME_RSA_PSS_SHA256, /* RFC 8017 section 8.1, salt of any length */
    FOREIGN_SCHEME_RSA_PSS_SHA512,
    FOREIGN_N_SCHEMES
} ForeignScheme;

typedef struct ForeignKey ForeignKey;

/** @der: one SubjectPublicKeyInfo. Returns: owned. Errors: INVALID (malformed), UNAVAILABLE
 * (algorithm, curve, or RSA outside the limits above). */
ForeignKey *foreign_key_from_spki(Span der, GError **error) MUST_CHECK;
/** @raw: 32 bytes. Returns: owned. Errors: INVALID. */
ForeignKey *foreign_key_from_ed25519(Span raw, GError **error) MUST_CHECK;
/** @point: SEC 1, uncompressed. Returns: owned. Errors: INVALID. */
ForeignKey *foreign_key_from_point(ForeignKeyKind curve, Span point, GError **error) MUST_CHECK;
/** Modulus and exponent as big-endian numbers. Returns: owned. Errors: INVALID, UNAVAILABLE. */
ForeignKey *foreign_key_from_rsa(Span modulus, Span exponent, GError **error) MUST_CHECK;
/** A key file: one PEM block 'PUBLIC KEY', or securesystemslib's JSON {keytype, scheme, keyval}.
 * Returns: owned. Errors: INVALID, LIMIT, UNAVAILABLE. */
ForeignKey *foreign_key_parse(Span text, GError **error) MUST_CHECK;
ForeignKey *foreign_key_ref(const ForeignKey *key);
void foreign_key_unref(ForeignKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ForeignKey, foreign_key_unref)

ForeignKeyKind foreign_key_kind(const ForeignKey *key);
/** "p384"; static. */
const char *foreign_key_kind_name(ForeignKeyKind kind);
/** SHA-256 of the SPKI. */
Digest foreign_key_keyid(const ForeignKey *key);

/** Whether @signature holds over @message by exactly @scheme. ECDSA: DER, or r || s of the curve's
 * size (IEEE P1363). False also for a scheme that does not fit the key. */
bool foreign_key_check(const ForeignKey *key, ForeignScheme scheme, Span message, Span signature);
/** As foreign_key_check over a hash made before; not for Ed25519, which hashes itself. */
bool foreign_key_check_hash(const ForeignKey *key, ForeignScheme scheme, Span hash, Span signature);
/** "SHA256", "SHA384", "SHA512"; NULL for Ed25519. Static. */
const char *foreign_scheme_hash(ForeignScheme scheme);
/** The schemes tried for @key when nothing says which: its usual ones, then SHA-256 for the larger
 * curves, as cosign does. Ends with NONE; static. */
const ForeignScheme *foreign_key_schemes(const ForeignKey *key);
/** foreign_key_check by any of foreign_key_schemes. Errors: UNTRUSTED. */
bool foreign_key_verify(const ForeignKey *key, Span message, Span signature,
                        GError **error) MUST_CHECK;
