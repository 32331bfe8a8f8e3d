/* SPDX-License-Identifier: Apache-2.0
 * minisign: two or four lines of text: a comment nobody signed, base64 of algorithm (2 bytes), key
 * id (8) and signature (64); then by minisign a comment that is signed and base64 of the signature
 * over the first signature and that comment. */
#include "proof/minisign.h"
#include <inttypes.h>
#include "base/encoding.h"
#include "base/banned.h"

#define UNTRUSTED   "untrusted comment:"
#define TRUSTED     "trusted comment: "
#define ALGORITHM   2
#define HEAD_SIZE   (ALGORITHM + MINISIGN_KEY_ID_SIZE)
#define KEY_SIZE    (HEAD_SIZE + 32)
#define SIG_SIZE    (HEAD_SIZE + 64)
#define GLOBAL_SIZE 64

static void *
refuse(GError **error, const char *what, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot read minisign %s: %s", what, why);
    return NULL;
}

/* Takes a line without its newline off @rest. False at the end. */
static bool
take_line(Span *rest, Span *line)
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;
    size_t len = end != NULL ? (size_t)(end - rest->data) : rest->len;

    if (rest->len == 0)
        return false;
    *line = span_of(rest->data, len);
    len += end != NULL;
    *rest = span_of(rest->data + len, rest->len - len);
    return true;
}

static bool
begins_with(Span line, const char *text)
{
    return line.len >= strlen(text) && memcmp(line.data, text, strlen(text)) == 0;
}

/* The bytes of a base64 line if there are exactly @size. */
static GBytes *
line_bytes(Span line, size_t size)
{
    g_autofree char *text = g_strndup((const char *)line.data, line.len);
    g_autoptr(GBytes) bytes = strlen(text) == line.len ? base64_decode(text, NULL) : NULL;

    return bytes != NULL && g_bytes_get_size(bytes) == size ? g_steal_pointer(&bytes) : NULL;
}

MinisignKey *
minisign_key_parse(Span text, GError **error)
{
    Span rest = text, line;

    if (text.len > MINISIGN_MAX_KEY_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "cannot read minisign key: %zu bytes, the limit is %u", text.len,
                  MINISIGN_MAX_KEY_BYTES);
        return NULL;
    }
    if (!take_line(&rest, &line) || (begins_with(line, UNTRUSTED) && !take_line(&rest, &line)) ||
        rest.len != 0)
        return refuse(error, "key", "not a comment line and a base64 line");

    g_autoptr(GBytes) bytes = line_bytes(line, KEY_SIZE);
    const uint8_t *data = bytes != NULL ? g_bytes_get_data(bytes, NULL) : NULL;
    if (data == NULL || memcmp(data, "Ed", ALGORITHM) != 0)
        return refuse(error, "key", "its base64 line is not 'Ed', a key id and an Ed25519 key");
    g_autoptr(MinisignKey) key = g_new0(MinisignKey, 1);
    memcpy(key->id, data + ALGORITHM, sizeof key->id);
    key->key = public_key_ed25519_from_raw(span_of(data + HEAD_SIZE, 32), error);
    return key->key != NULL ? g_steal_pointer(&key) : NULL;
}

void
minisign_key_free(MinisignKey *key)
{
    if (key == NULL)
        return;
    public_key_unref(key->key);
    g_free(key);
}

bool
minisign_is_one(Span text)
{
    return begins_with(text, UNTRUSTED);
}

static bool
read_signature(Minisign *minisign, Span line)
{
    g_autoptr(GBytes) bytes = line_bytes(line, SIG_SIZE);
    const uint8_t *data = bytes != NULL ? g_bytes_get_data(bytes, NULL) : NULL;

    if (data == NULL)
        return false;
    minisign->kind = memcmp(data, "Ed", ALGORITHM) == 0   ? MINISIGN_WHOLE
                     : memcmp(data, "ED", ALGORITHM) == 0 ? MINISIGN_PREHASHED
                                                          : MINISIGN_NONE;
    memcpy(minisign->key_id, data + ALGORITHM, sizeof minisign->key_id);
    memcpy(minisign->signature, data + HEAD_SIZE, sizeof minisign->signature);
    return minisign->kind != MINISIGN_NONE;
}

/* The third line and what follows: nothing, a trusted comment and its signature, or a message. */
static bool
read_tail(Minisign *minisign, Span rest)
{
    Span comment, line, tail = rest;

    if (rest.len == 0)
        return true;
    if (!begins_with(rest, TRUSTED)) {
        minisign->message = g_bytes_new(rest.data, rest.len);
        return true;
    }
    if (!take_line(&tail, &comment) || !take_line(&tail, &line) || tail.len != 0)
        return false;
    comment = span_of(comment.data + strlen(TRUSTED), comment.len - strlen(TRUSTED));
    g_autoptr(GBytes) global = line_bytes(line, GLOBAL_SIZE);
    if (global == NULL || !utf8_is_valid(comment))
        return false;
    memcpy(minisign->global, g_bytes_get_data(global, NULL), sizeof minisign->global);
    minisign->trusted_comment = g_strndup((const char *)comment.data, comment.len);
    return true;
}

Minisign *
minisign_parse(Span text, GError **error)
{
    g_autoptr(Minisign) minisign = g_new0(Minisign, 1);
    Span rest = text, line;

    if (text.len > MINISIGN_MAX_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "cannot read minisign signature: %zu bytes, the limit is %u", text.len,
                  MINISIGN_MAX_BYTES);
        return NULL;
    }
    if (!minisign_is_one(text) || !take_line(&rest, &line) || !take_line(&rest, &line))
        return refuse(error, "signature", "not two lines, the first an untrusted comment");
    if (!read_signature(minisign, line))
        return refuse(error, "signature",
                      "its base64 line is not 'Ed' or 'ED', a key id and a "
                      "signature");
    if (!read_tail(minisign, rest))
        return refuse(error, "signature", "its trusted comment is malformed");
    bool is_long = minisign->message == NULL && text.len > MINISIGN_MAX_HEAD_BYTES;
    if (is_long || (minisign->kind == MINISIGN_PREHASHED && minisign->trusted_comment == NULL))
        return refuse(error, "signature",
                      is_long ? "its comments are too long" : "its trusted comment is missing");
    return g_steal_pointer(&minisign);
}

void
minisign_free(Minisign *minisign)
{
    if (minisign == NULL)
        return;
    g_free(minisign->trusted_comment);
    g_clear_pointer(&minisign->message, g_bytes_unref);
    g_free(minisign);
}

static bool
verify_comment(const Minisign *minisign, const MinisignKey *key, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    g_byte_array_append(bytes, minisign->signature, sizeof minisign->signature);
    g_byte_array_append(bytes, (const uint8_t *)minisign->trusted_comment,
                        (guint)strlen(minisign->trusted_comment));
    if (public_key_verify(key->key, span_of(bytes->data, bytes->len),
                          span_of(minisign->global, sizeof minisign->global), error))
        return true;
    error_prefix(error, "the trusted comment is not the signer's");
    return false;
}

bool
minisign_verify(const Minisign *minisign, const MinisignKey *key, Span signed_bytes, GError **error)
{
    if (memcmp(minisign->key_id, key->id, sizeof key->id) != 0) {
        g_autofree char *wanted = hex_encode(span_of(key->id, sizeof key->id));
        g_autofree char *got = hex_encode(span_of(minisign->key_id, sizeof minisign->key_id));
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "the signature is by key '%s', the key given is '%s'", got, wanted);
        return false;
    }
    return public_key_verify(key->key, signed_bytes,
                             span_of(minisign->signature, sizeof minisign->signature), error) &&
           (minisign->trusted_comment == NULL || verify_comment(minisign, key, error));
}

/* ---- what we write
 * ----------------------------------------------------------------------------- */

void
minisign_key_id(const PublicKey *key, uint8_t id_out[MINISIGN_KEY_ID_SIZE])
{
    Digest keyid = public_key_keyid(key);

    memcpy(id_out, keyid.bytes, MINISIGN_KEY_ID_SIZE);
}

char *
minisign_shown_id(const PublicKey *key)
{
    uint8_t id[MINISIGN_KEY_ID_SIZE];
    GString *text = g_string_new(NULL);

    minisign_key_id(key, id);
    for (size_t i = sizeof id; i > 0; i--)
        g_string_append_printf(text, "%02X", id[i - 1]);
    return g_string_free(text, FALSE);
}

char *
minisign_tagged(const char *algorithm, const PublicKey *key, Span data)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    uint8_t id[MINISIGN_KEY_ID_SIZE];

    minisign_key_id(key, id);
    g_byte_array_append(bytes, (const uint8_t *)algorithm, ALGORITHM);
    g_byte_array_append(bytes, id, sizeof id);
    g_byte_array_append(bytes, data.data, (guint)data.len);
    return base64_encode(span_of(bytes->data, bytes->len));
}

char *
minisign_file_comment(int64_t made_at_s, const char *name)
{
    return g_strdup_printf("timestamp:%" PRId64 "\tfile:%s\thashed", made_at_s, name);
}

char *
minisign_format(const PublicKey *key, Span signature, const char *trusted_comment, Span global)
{
    g_autofree char *id = minisign_shown_id(key);
    g_autofree char *line = minisign_tagged("ED", key, signature);
    g_autofree char *global_line = base64_encode(global);

    return g_strdup_printf("untrusted comment: signature from minisign key %s\n%s\n"
                           "trusted comment: %s\n%s\n",
                           id, line, trusted_comment, global_line);
}
