/* SPDX-License-Identifier: Apache-2.0
 * cosignature: what a witness says of a checkpoint (C2SP tlog-cosignature, the Ed25519 kind 0x04),
 * made and checked. */
#pragma once
#include "proof/note.h"

#define COSIGNATURE_KEY_MLDSA44 0x06 /* known by name only: nothing here can check it */

typedef struct Cosigner Cosigner; /* a name and an Ed25519 key; immutable */

/** "name+hash+base64" with key type 0x04. Returns: owned. Errors: INVALID, UNAVAILABLE (0x06). */
Cosigner *cosigner_parse(const char *vkey, GError **error) MUST_CHECK;
/** @key: Ed25519; a reference is taken. Returns: owned. Errors: INVALID (name or key kind). */
Cosigner *cosigner_new(const char *name, const PublicKey *key, GError **error) MUST_CHECK;
void cosigner_free(Cosigner *cosigner);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cosigner, cosigner_free)
/** Borrowed. */
const char *cosigner_name(const Cosigner *cosigner);
/** Borrowed. */
const PublicKey *cosigner_key(const Cosigner *cosigner);
/** "name+hash+base64". Owned. */
char *cosigner_vkey(const Cosigner *cosigner);

/** Whether the lines of @cosigner in @note (one at least) hold. @time_s_out: optional; the newest
 * time they name, seconds since 1970 UTC. Errors: NOT_FOUND (no line of it), UNTRUSTED. */
bool cosignature_verify(const Note *note, const Cosigner *cosigner, int64_t *time_s_out,
                        GError **error) MUST_CHECK;
/** The line, with its newline, by which @signer (Ed25519) as @name cosigns the checkpoint @text
 * (without its signatures) at @time_s. Owned. Errors: INVALID, the signer's. */
char *cosignature_sign(Span text, const char *name, int64_t time_s, Signer *signer,
                       GError **error) MUST_CHECK;
