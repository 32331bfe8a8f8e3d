/* SPDX-License-Identifier: Apache-2.0
 * cosignature: C2SP tlog-cosignature. The message is "cosignature/v1", a time line and the
 * checkpoint's text; the signature is a u64 time and 64 bytes of Ed25519. */
#include "proof/cosignature.h"
#include <inttypes.h>
#include "base/encoding.h"
#include "base/limits.h"
#include "base/banned.h"

#define TIME_SIZE      8
#define SIGNATURE_SIZE 64

struct Cosigner {
    NoteVerifier *verifier; /* owned; name and key, whose own key id is of another kind */
    uint32_t key_id;
};

static uint32_t
key_id_of(const char *name, const PublicKey *key)
{
    static const uint8_t separator[] = { '\n', NOTE_KEY_COSIGNATURE };
    const Span parts[] = { span_of_text(name), span_of(separator, sizeof separator),
                           public_key_raw(key) };
    Digest id = digest_of_parts(parts, G_N_ELEMENTS(parts));

    return (uint32_t)id.bytes[0] << 24 | (uint32_t)id.bytes[1] << 16 | (uint32_t)id.bytes[2] << 8 |
           id.bytes[3];
}

Cosigner *
cosigner_new(const char *name, const PublicKey *key, GError **error)
{
    g_autoptr(NoteVerifier) verifier = note_verifier_new(name, key, error);

    if (verifier == NULL)
        return NULL;
    Cosigner *cosigner = g_new0(Cosigner, 1);
    cosigner->verifier = g_steal_pointer(&verifier);
    cosigner->key_id = key_id_of(name, key);
    return cosigner;
}

static Cosigner *
not_a_vkey(const char *vkey, GError **error)
{
    g_autofree char *shown = error_printable(vkey);

    error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
              "'%.200s' is not the verifier key of a witness: wanted 'name+hash+base64' of an "
              "Ed25519 cosignature key (type 0x04)",
              shown);
    return NULL;
}

Cosigner *
cosigner_parse(const char *vkey, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(vkey, "+", 3);
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(PublicKey) key = NULL;

    if (strlen(vkey) > LIMIT_CHECKPOINT_BYTES || g_strv_length(parts) != 3 ||
        (bytes = base64_decode(parts[2], NULL)) == NULL || g_bytes_get_size(bytes) < 1)
        return not_a_vkey(vkey, error);
    Span all = span_of_bytes(bytes);
    if (all.data[0] == COSIGNATURE_KEY_MLDSA44) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "cannot use witness key '%s': ML-DSA-44 (0x06) is not supported", parts[0]);
        return NULL;
    }
    if (all.data[0] != NOTE_KEY_COSIGNATURE ||
        (key = public_key_ed25519_from_raw(span_of(all.data + 1, all.len - 1), NULL)) == NULL)
        return not_a_vkey(vkey, error);
    g_autoptr(Cosigner) cosigner = cosigner_new(parts[0], key, error);
    if (cosigner == NULL)
        return NULL;
    g_autofree char *wanted = cosigner_vkey(cosigner);
    if (strcmp(wanted, vkey) != 0)
        return not_a_vkey(vkey, error);
    return g_steal_pointer(&cosigner);
}

void
cosigner_free(Cosigner *cosigner)
{
    if (cosigner == NULL)
        return;
    note_verifier_free(cosigner->verifier);
    g_free(cosigner);
}

const char *
cosigner_name(const Cosigner *cosigner)
{
    return note_verifier_name(cosigner->verifier);
}

const PublicKey *
cosigner_key(const Cosigner *cosigner)
{
    return note_verifier_key(cosigner->verifier);
}

char *
cosigner_vkey(const Cosigner *cosigner)
{
    uint8_t bytes[1 + 32] = { NOTE_KEY_COSIGNATURE };
    Span raw = public_key_raw(cosigner_key(cosigner));

    memcpy(bytes + 1, raw.data, raw.len);
    g_autofree char *base64 = base64_encode(span_of(bytes, sizeof bytes));
    return g_strdup_printf("%s+%08x+%s", cosigner_name(cosigner), cosigner->key_id, base64);
}

/* What is signed. Owned. */
static GBytes *
message_of(Span text, uint64_t time_s)
{
    g_autofree char *head = g_strdup_printf("cosignature/v1\ntime %" PRIu64 "\n", time_s);
    GByteArray *message = g_byte_array_new();

    g_byte_array_append(message, (const uint8_t *)head, (guint)strlen(head));
    g_byte_array_append(message, text.data, (guint)text.len);
    return g_byte_array_free_to_bytes(message);
}

/* One line that claims to be @cosigner's. */
static bool
verify_line(Span text, Span signature, const Cosigner *cosigner, int64_t *time_s_out,
            GError **error)
{
    uint64_t time_s = 0;

    if (signature.len != TIME_SIZE + SIGNATURE_SIZE) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "the cosignature of '%s' has %zu bytes, not %d", cosigner_name(cosigner),
                  signature.len, TIME_SIZE + SIGNATURE_SIZE);
        return false;
    }
    for (int i = 0; i < TIME_SIZE; i++)
        time_s = time_s << 8 | signature.data[i];
    if (time_s > INT64_MAX) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "the cosignature of '%s' has no time",
                  cosigner_name(cosigner));
        return false;
    }
    g_autoptr(GBytes) message = message_of(text, time_s);
    if (!public_key_verify(cosigner_key(cosigner), span_of_bytes(message),
                           span_of(signature.data + TIME_SIZE, SIGNATURE_SIZE), error)) {
        error_prefix(error, "cosignature of '%s'", cosigner_name(cosigner));
        return false;
    }
    *time_s_out = (int64_t)time_s;
    return true;
}

bool
cosignature_verify(const Note *note, const Cosigner *cosigner, int64_t *time_s_out, GError **error)
{
    int64_t newest = -1;

    for (size_t i = 0; i < note_n_signatures(note); i++) {
        const NoteSignature *line = note_signature(note, i);
        int64_t time_s = 0;

        if (line->key_id != cosigner->key_id || strcmp(line->name, cosigner_name(cosigner)) != 0)
            continue;
        if (!verify_line(note_text(note), span_of_bytes(line->signature), cosigner, &time_s, error))
            return false;
        newest = MAX(newest, time_s);
    }
    if (newest < 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "'%s' has not cosigned this checkpoint",
                  cosigner_name(cosigner));
        return false;
    }
    if (time_s_out != NULL)
        *time_s_out = newest;
    return true;
}

char *
cosignature_sign(Span text, const char *name, int64_t time_s, Signer *signer, GError **error)
{
    g_autoptr(Cosigner) cosigner = cosigner_new(name, signer_public_key(signer), error);
    g_autoptr(GBytes) message = message_of(text, (uint64_t)time_s);
    g_autoptr(GBytes) signature = NULL;
    uint8_t stamped[TIME_SIZE + SIGNATURE_SIZE];

    if (cosigner == NULL || !signer_sign(signer, span_of_bytes(message), &signature, error))
        return NULL;
    Span raw = span_of_bytes(signature);
    if (raw.len != SIGNATURE_SIZE || time_s < 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_INTERNAL, "an Ed25519 signature has 64 bytes");
        return NULL;
    }
    for (int i = 0; i < TIME_SIZE; i++)
        stamped[i] = (uint8_t)((uint64_t)time_s >> (56 - 8 * i));
    memcpy(stamped + TIME_SIZE, raw.data, raw.len);
    return note_signature_line(name, cosigner->key_id, span_of(stamped, sizeof stamped));
}
