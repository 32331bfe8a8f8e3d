/* SPDX-License-Identifier: Apache-2.0
 * minisign: signature and key files of minisign (jedisct1.github.io/minisign) and of OpenBSD's
 * signify(1): Ed25519 over the message, or over its BLAKE2b-512. */
#pragma once
#include "proof/public_key.h"

#define MINISIGN_KEY_ID_SIZE    8
#define MINISIGN_HASH           "BLAKE2B512" /* of MINISIGN_PREHASHED, as libcrypto calls it */
#define MINISIGN_MAX_KEY_BYTES  4096u
#define MINISIGN_MAX_HEAD_BYTES (16u << 10) /* of a signature file, comments and all */
#define MINISIGN_MAX_BYTES      (16u << 20) /* with an embedded message */

typedef enum {
    MINISIGN_NONE,
    MINISIGN_WHOLE,     /* "Ed": over the message; signify's only kind, minisign's legacy one */
    MINISIGN_PREHASHED, /* "ED": over BLAKE2b-512 of the message */
} MinisignKind;

typedef struct {
    uint8_t id[MINISIGN_KEY_ID_SIZE];
    PublicKey *key; /* owned */
} MinisignKey;

typedef struct {
    MinisignKind kind;
    uint8_t key_id[MINISIGN_KEY_ID_SIZE];
    uint8_t signature[64];
    char *trusted_comment; /* owned; NULL: a file by signify */
    uint8_t global[64];    /* over signature and trusted comment */
    GBytes *message;       /* owned; what `signify -S -e` embeds; NULL: detached */
} Minisign;

/** A key file (comment line, base64 line), or the base64 alone. Returns: owned. Errors: INVALID,
 * LIMIT. */
MinisignKey *minisign_key_parse(Span text, GError **error) MUST_CHECK;
void minisign_key_free(MinisignKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MinisignKey, minisign_key_free)

/** Whether @text looks like one: it begins with "untrusted comment:". */
bool minisign_is_one(Span text);
/** A prehashed signature must carry a trusted comment. Returns: owned. Errors: INVALID, LIMIT. */
Minisign *minisign_parse(Span text, GError **error) MUST_CHECK;
void minisign_free(Minisign *minisign);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Minisign, minisign_free)
/** Checks the signature, and the trusted comment if there is one. @signed_bytes: the message, or
 * for MINISIGN_PREHASHED its hash. Errors: UNTRUSTED. */
bool minisign_verify(const Minisign *minisign, const MinisignKey *key, Span signed_bytes,
                     GError **error) MUST_CHECK;

/** The comment of ours that is signed: when, and the file's name. Owned. */
char *minisign_file_comment(int64_t made_at_s, const char *name);
/** A prehashed signature file. @key: Ed25519; its id is the first bytes of its keyid. @signature,
 * @global: 64 bytes each. Owned. */
char *minisign_format(const PublicKey *key, Span signature, const char *trusted_comment,
                      Span global);
/** The id of @key in what we write. */
void minisign_key_id(const PublicKey *key, uint8_t id_out[MINISIGN_KEY_ID_SIZE]);
/** What @key is called in the comments that nobody signs: the id as a little-endian number. Owned.
 */
char *minisign_shown_id(const PublicKey *key);
/** @algorithm ("Ed", "ED"), the id of @key, @data: base64 of them. Owned. */
char *minisign_tagged(const char *algorithm, const PublicKey *key, Span data);
