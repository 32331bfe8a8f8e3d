/* SPDX-License-Identifier: Apache-2.0
 * openpgp_layout: the bytes around OpenPGP signatures by Ed25519 keys (RFC 4880, EdDSA as in RFC
 * 9580 section 5.5.5.5, version 4, SHA-512): what is hashed, the packets, the armor. Everything but
 * the 64 bytes of a signature is a pure function of key, content and time; so what was signed can
 * be made again and compared. */
#pragma once
#include <stdint.h>
#include "proof/file_hash.h"
#include "proof/public_key.h"

#define OPENPGP_KEY_CREATED_S    1577836800u /* 2020-01-01: every key of ours says so */
#define OPENPGP_HASH             "SHA512"
#define OPENPGP_FINGERPRINT_SIZE 20
#define OPENPGP_SIGNATURE_SIZE   64

typedef enum {
    OPENPGP_BINARY = 0x00, /* over the bytes of a file */
    OPENPGP_TEXT = 0x01,   /* over lines, however they end: clear-signed */
    OPENPGP_CERTIFY = 0x13 /* over a key and its user id */
} OpenpgpType;

typedef struct OpenpgpDraft { /* a signature before it is made */
    uint8_t fingerprint[OPENPGP_FINGERPRINT_SIZE];
    GByteArray *hashed;  /* owned: from the version to the end of the hashed subpackets */
    GByteArray *trailer; /* owned: what is hashed behind the content */
} OpenpgpDraft;
void openpgp_draft_clear(OpenpgpDraft *draft);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OpenpgpDraft, openpgp_draft_clear)

/** @made_at_s: not before OPENPGP_KEY_CREATED_S. Errors: UNAVAILABLE (not Ed25519), INVALID (the
 * time). */
bool openpgp_draft_begin(OpenpgpDraft *draft, OpenpgpType type, const PublicKey *key,
                         int64_t made_at_s, GError **error) MUST_CHECK;
/** Appends the packet. @hash: of the content and draft->trailer. @signature: over it,
 * OPENPGP_SIGNATURE_SIZE bytes. */
void openpgp_draft_end(const OpenpgpDraft *draft, Span hash, Span signature, GByteArray *out);
/** Takes the signature out of an armored packet with the layout of @draft, at the end of @text.
 * Nothing is verified; what is made of it again must be compared with @text. Errors: INVALID. */
bool openpgp_draft_find_signature(const OpenpgpDraft *draft, Span text,
                                  uint8_t signature_out[OPENPGP_SIGNATURE_SIZE],
                                  GError **error) MUST_CHECK;

/** What the fingerprint is of, and what a certificate's signature begins with (section 5.2.4).
 * Owned. Errors: UNAVAILABLE. */
GByteArray *openpgp_hashed_key(const PublicKey *key, GError **error) MUST_CHECK;
/** The key's packet and its user id's, which are not signed by it yet. Errors: UNAVAILABLE. */
bool openpgp_put_key(GByteArray *out, const PublicKey *key, const char *user_id,
                     GError **error) MUST_CHECK;
/** Errors: UNAVAILABLE. */
bool openpgp_put_fingerprint(const PublicKey *key, uint8_t out[OPENPGP_FINGERPRINT_SIZE],
                             GError **error) MUST_CHECK;

/** "-----BEGIN PGP @what-----" around packets. Owned. */
char *openpgp_armor(const char *what, const GByteArray *packets);
/** @text as it is hashed: lines without white space at their ends, parted (not ended) by CR LF.
 * Owned. */
GString *openpgp_canonical_text(const char *text);
/** @text, dashes escaped, between its head and the armored @packet (section 7). Owned. */
char *openpgp_clear_text(const char *text, const GByteArray *packet);
