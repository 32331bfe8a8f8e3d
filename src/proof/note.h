/* SPDX-License-Identifier: Apache-2.0
 * note: signed notes and verifier keys (C2SP signed-note). Only Ed25519 (type 0x01) is verified;
 * other signature lines are kept and passed through. */
#pragma once
#include "proof/public_key.h"
#include "proof/signer.h"

#define NOTE_KEY_ED25519     0x01
#define NOTE_KEY_COSIGNATURE 0x04

typedef struct {
    char *name; /* owned */
    uint32_t key_id;
    GBytes *signature; /* owned; without the four bytes of the key id */
} NoteSignature;

typedef struct Note Note; /* a parsed note; its signatures are not yet checked */

/** At most LIMIT_CHECKPOINT_BYTES and LIMIT_NOTE_SIGNATURES. Returns: owned. Errors: INVALID,
 * LIMIT. */
Note *note_parse(Span signed_note, GError **error) MUST_CHECK;
void note_free(Note *note);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Note, note_free)
/** The signed text with its final newline; borrowed. */
Span note_text(const Note *note);
size_t note_n_signatures(const Note *note);
/** Borrowed. @i: below note_n_signatures. */
const NoteSignature *note_signature(const Note *note, size_t i);

typedef struct NoteVerifier NoteVerifier; /* a name and an Ed25519 key */
/** "name+hash+base64". Returns: owned. Errors: INVALID, UNAVAILABLE (another key type). */
NoteVerifier *note_verifier_parse(const char *vkey, GError **error) MUST_CHECK;
/** @key: Ed25519; a reference is taken. Returns: owned. Errors: INVALID (name or key kind). */
NoteVerifier *note_verifier_new(const char *name, const PublicKey *key, GError **error) MUST_CHECK;
void note_verifier_free(NoteVerifier *verifier);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NoteVerifier, note_verifier_free)
/** Borrowed. */
const char *note_verifier_name(const NoteVerifier *verifier);
uint32_t note_verifier_key_id(const NoteVerifier *verifier);
/** Borrowed. */
const PublicKey *note_verifier_key(const NoteVerifier *verifier);
/** "name+hash+base64". Owned. */
char *note_verifier_vkey(const NoteVerifier *verifier);
/** SHA-256(name || "\n" || 0x01 || key): all 32 bytes are a Sigstore log id, the first 4 the key
 * id. */
Digest note_log_id(const char *name, const PublicKey *key);

/** Checks each signature line by a known verifier (same name and key id). Holds iff at least one
 * line is by a known verifier and every such line verifies. @n_verified_out: optional; distinct
 * verifiers. Errors: UNTRUSTED; INVALID (two verifiers share name and key id). */
bool note_verify(const Note *note, const NoteVerifier *const *verifiers, size_t n_verifiers,
                 size_t *n_verified_out, GError **error) MUST_CHECK;

/** One signature line with its newline. Owned. */
char *note_signature_line(const char *name, uint32_t key_id, Span signature);
/** @text (ending in a newline), an empty line, and @signer's line under @name.
 * @signer: Ed25519. Returns: owned. Errors: INVALID, the signer's. */
GBytes *note_sign(Span text, const char *name, Signer *signer, GError **error) MUST_CHECK;
