/* SPDX-License-Identifier: Apache-2.0
 * note: C2SP signed-note. A note is text, an empty line, and signature lines
 * "— NAME BASE64(key id || signature)". */
#include "proof/note.h"
#include <assert.h>
#include "base/encoding.h"
#include "base/limits.h"
#include "base/banned.h"

#define SIGNATURE_PREFIX "\xe2\x80\x94 " /* an em dash and a space */
#define KEY_ID_SIZE      4

struct Note {
    GBytes *signed_note;   /* owned; what text borrows from */
    Span text;             /* with its final newline */
    GPtrArray *signatures; /* owned; of NoteSignature */
};

static void
signature_free(void *data)
{
    NoteSignature *signature = data;

    g_free(signature->name);
    g_clear_pointer(&signature->signature, g_bytes_unref);
    g_free(signature);
}

void
note_free(Note *note)
{
    if (note == NULL)
        return;
    g_clear_pointer(&note->signed_note, g_bytes_unref);
    g_clear_pointer(&note->signatures, g_ptr_array_unref);
    g_free(note);
}

/* Unicode's White_Space, which a key name must not hold. */
static bool
is_space(gunichar c)
{
    static const gunichar spaces[] = { 0x20,   0x85,   0xa0,   0x1680, 0x2028,
                                       0x2029, 0x202f, 0x205f, 0x3000 };

    if ((c >= 0x09 && c <= 0x0d) || (c >= 0x2000 && c <= 0x200a))
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(spaces); i++) {
        if (c == spaces[i])
            return true;
    }
    return false;
}

static bool
name_is_valid(const char *name)
{
    if (*name == '\0' || !utf8_is_valid(span_of_text(name)))
        return false;
    for (const char *at = name; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        if (c == '+' || is_space(c))
            return false;
    }
    return true;
}

static bool
invalid(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot read signed note: %s", why);
    return false;
}

static uint32_t
be32(const uint8_t *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

static bool
parse_signature(Note *note, const char *line, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;

    if (!g_str_has_prefix(line, SIGNATURE_PREFIX))
        return invalid(error, "a signature line does not begin with an em dash and a space");
    line += strlen(SIGNATURE_PREFIX);

    const char *space = strchr(line, ' ');
    g_autofree char *name = g_strndup(line, space != NULL ? (size_t)(space - line) : 0);
    if (space == NULL || !name_is_valid(name))
        return invalid(error, "a signature line has no valid key name");
    bytes = base64_decode(space + 1, NULL);
    if (bytes == NULL || g_bytes_get_size(bytes) <= KEY_ID_SIZE)
        return invalid(error, "a signature is not base64 of a key id and a signature");

    NoteSignature *signature = g_new0(NoteSignature, 1);
    Span all = span_of_bytes(bytes);
    signature->name = g_steal_pointer(&name);
    signature->key_id = be32(all.data);
    signature->signature = g_bytes_new(all.data + KEY_ID_SIZE, all.len - KEY_ID_SIZE);
    g_ptr_array_add(note->signatures, signature);
    return true;
}

static bool
check_characters(Span text, GError **error)
{
    if (!utf8_is_valid(text))
        return invalid(error, "it is not UTF-8");
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 && text.data[i] != '\n')
            return invalid(error, "it holds control characters");
    }
    return true;
}

/* The offset of the last empty line's first newline, or SIZE_MAX. */
static size_t
find_split(Span all)
{
    for (size_t i = all.len; i-- > 1;) {
        if (all.data[i] == '\n' && all.data[i - 1] == '\n')
            return i - 1;
    }
    return SIZE_MAX;
}

Note *
note_parse(Span signed_note, GError **error)
{
    if (signed_note.len > LIMIT_CHECKPOINT_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "cannot read signed note: %zu bytes, the limit is %u", signed_note.len,
                  LIMIT_CHECKPOINT_BYTES);
        return NULL;
    }
    if (!check_characters(signed_note, error))
        return NULL;

    g_autoptr(Note) note = g_new0(Note, 1);
    note->signed_note = g_bytes_new(signed_note.data, signed_note.len);
    note->signatures = g_ptr_array_new_with_free_func(signature_free);
    Span all = span_of_bytes(note->signed_note);
    size_t split = find_split(all);
    if (split == SIZE_MAX || split + 2 >= all.len || all.data[all.len - 1] != '\n') {
        (void)invalid(error, "no text, empty line and signature lines");
        return NULL;
    }
    note->text = span_of(all.data, split + 1);

    g_autofree char *lines =
        g_strndup((const char *)all.data + split + 2, all.len - split - 3); /* no last newline */
    g_auto(GStrv) list = g_strsplit(lines, "\n", LIMIT_NOTE_SIGNATURES + 1);
    if (g_strv_length(list) > LIMIT_NOTE_SIGNATURES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "cannot read signed note: more than %d signatures", LIMIT_NOTE_SIGNATURES);
        return NULL;
    }
    for (size_t i = 0; list[i] != NULL; i++) {
        if (!parse_signature(note, list[i], error))
            return NULL;
    }
    return g_steal_pointer(&note);
}

Span
note_text(const Note *note)
{
    return note->text;
}

size_t
note_n_signatures(const Note *note)
{
    return note->signatures->len;
}

const NoteSignature *
note_signature(const Note *note, size_t i)
{
    assert(i < note->signatures->len);
    return note->signatures->pdata[i];
}

/* Whether an earlier line is by the same name and key: only the first one of each counts. */
static bool
is_repeated(const Note *note, size_t i)
{
    const NoteSignature *this = note_signature(note, i);

    for (size_t j = 0; j < i; j++) {
        const NoteSignature *earlier = note_signature(note, j);
        if (earlier->key_id == this->key_id && strcmp(earlier->name, this->name) == 0)
            return true;
    }
    return false;
}

/* The verifier of a line in *@found_out, NULL when nobody knows it. */
static bool
find_verifier(const NoteSignature *signature, const NoteVerifier *const *verifiers, size_t n,
              const NoteVerifier **found_out, GError **error)
{
    *found_out = NULL;
    for (size_t i = 0; i < n; i++) {
        if (note_verifier_key_id(verifiers[i]) != signature->key_id ||
            strcmp(note_verifier_name(verifiers[i]), signature->name) != 0)
            continue;
        if (*found_out != NULL) {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                      "cannot verify signed note: two verifiers are named '%s+%08x'",
                      signature->name, signature->key_id);
            return false;
        }
        *found_out = verifiers[i];
    }
    return true;
}

bool
note_verify(const Note *note, const NoteVerifier *const *verifiers, size_t n_verifiers,
            size_t *n_verified_out, GError **error)
{
    size_t n_verified = 0;

    for (size_t i = 0; i < note_n_signatures(note); i++) {
        const NoteSignature *signature = note_signature(note, i);
        const NoteVerifier *verifier = NULL;
        if (!find_verifier(signature, verifiers, n_verifiers, &verifier, error))
            return false;
        if (verifier == NULL || is_repeated(note, i))
            continue;
        if (!public_key_verify(note_verifier_key(verifier), note->text,
                               span_of_bytes(signature->signature), error)) {
            error_prefix(error, "cannot verify signed note: line of '%s'", signature->name);
            return false;
        }
        n_verified++;
    }
    if (n_verified == 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "cannot verify signed note: no signature by a known key");
        return false;
    }
    if (n_verified_out != NULL)
        *n_verified_out = n_verified;
    return true;
}

char *
note_signature_line(const char *name, uint32_t key_id, Span signature)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    const uint8_t id[KEY_ID_SIZE] = { (uint8_t)(key_id >> 24), (uint8_t)(key_id >> 16),
                                      (uint8_t)(key_id >> 8), (uint8_t)key_id };

    g_byte_array_append(bytes, id, sizeof id);
    g_byte_array_append(bytes, signature.data, (guint)signature.len);
    g_autofree char *base64 = base64_encode(span_of(bytes->data, bytes->len));
    return g_strdup_printf(SIGNATURE_PREFIX "%s %s\n", name, base64);
}

GBytes *
note_sign(Span text, const char *name, Signer *signer, GError **error)
{
    g_autoptr(NoteVerifier) verifier = note_verifier_new(name, signer_public_key(signer), error);
    g_autoptr(GBytes) signature = NULL;

    if (verifier == NULL)
        return NULL;
    if (text.len == 0 || text.data[text.len - 1] != '\n' || !check_characters(text, NULL)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot sign note: its text is not lines of UTF-8");
        return NULL;
    }
    if (!signer_sign(signer, text, &signature, error))
        return NULL;

    g_autofree char *line =
        note_signature_line(name, note_verifier_key_id(verifier), span_of_bytes(signature));
    GByteArray *note = g_byte_array_new();
    g_byte_array_append(note, text.data, (guint)text.len);
    g_byte_array_append(note, (const uint8_t *)"\n", 1);
    g_byte_array_append(note, (const uint8_t *)line, (guint)strlen(line));
    return g_byte_array_free_to_bytes(note);
}

struct NoteVerifier {
    char *name;     /* owned */
    PublicKey *key; /* shared (ref) */
    uint32_t key_id;
};

Digest
note_log_id(const char *name, const PublicKey *key)
{
    static const uint8_t separator[] = { '\n', NOTE_KEY_ED25519 };
    const Span parts[] = { span_of_text(name), span_of(separator, sizeof separator),
                           public_key_raw(key) };

    return digest_of_parts(parts, G_N_ELEMENTS(parts));
}

NoteVerifier *
note_verifier_new(const char *name, const PublicKey *key, GError **error)
{
    if (!name_is_valid(name) || public_key_kind(key) != PUBLIC_KEY_ED25519) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot use note key '%s': the name must be without spaces and '+', the key "
                  "Ed25519",
                  name);
        return NULL;
    }

    NoteVerifier *verifier = g_new0(NoteVerifier, 1);
    Digest id = note_log_id(name, key);
    verifier->name = g_strdup(name);
    verifier->key = public_key_ref(key);
    verifier->key_id = be32(id.bytes);
    return verifier;
}

static NoteVerifier *
verifier_from_parts(const char *name, const char *hash, const char *base64, GError **error)
{
    g_autoptr(GBytes) bytes = base64_decode(base64, NULL);
    g_autoptr(GBytes) id = hex_decode(hash, NULL);

    if (id == NULL || g_bytes_get_size(id) != KEY_ID_SIZE || bytes == NULL ||
        g_bytes_get_size(bytes) < 1) {
        (void)invalid(error, "the verifier key is not 'name+hash+base64'");
        return NULL;
    }

    Span key = span_of_bytes(bytes);
    if (key.data[0] != NOTE_KEY_ED25519) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "cannot use note key '%s': type 0x%02x is not supported, wanted Ed25519 (0x01)",
                  name, key.data[0]);
        return NULL;
    }
    g_autoptr(PublicKey) public_key =
        public_key_ed25519_from_raw(span_of(key.data + 1, key.len - 1), error);
    if (public_key == NULL)
        return NULL;
    g_autoptr(NoteVerifier) verifier = note_verifier_new(name, public_key, error);
    if (verifier != NULL && verifier->key_id != be32(span_of_bytes(id).data)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot use note key '%s': its hash is %08x, not '%s'", name, verifier->key_id,
                  hash);
        return NULL;
    }
    return g_steal_pointer(&verifier);
}

NoteVerifier *
note_verifier_parse(const char *vkey, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(vkey, "+", 3); /* base64 may hold '+' */

    if (strlen(vkey) > LIMIT_CHECKPOINT_BYTES || g_strv_length(parts) != 3) {
        (void)invalid(error, "the verifier key is not 'name+hash+base64'");
        return NULL;
    }
    return verifier_from_parts(parts[0], parts[1], parts[2], error);
}

void
note_verifier_free(NoteVerifier *verifier)
{
    if (verifier == NULL)
        return;
    g_free(verifier->name);
    public_key_unref(verifier->key);
    g_free(verifier);
}

const char *
note_verifier_name(const NoteVerifier *verifier)
{
    return verifier->name;
}

uint32_t
note_verifier_key_id(const NoteVerifier *verifier)
{
    return verifier->key_id;
}

const PublicKey *
note_verifier_key(const NoteVerifier *verifier)
{
    return verifier->key;
}

char *
note_verifier_vkey(const NoteVerifier *verifier)
{
    uint8_t bytes[1 + 32] = { NOTE_KEY_ED25519 };
    Span raw = public_key_raw(verifier->key);

    memcpy(bytes + 1, raw.data, raw.len);
    g_autofree char *base64 = base64_encode(span_of(bytes, sizeof bytes));
    return g_strdup_printf("%s+%08x+%s", verifier->name, verifier->key_id, base64);
}
