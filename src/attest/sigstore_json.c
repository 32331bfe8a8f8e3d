/* SPDX-License-Identifier: Apache-2.0
 * sigstore_json: protobuf JSON as sigstore/protobuf-specs has it. */
#include "attest/sigstore_json_priv.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/banned.h"

static bool
invalid(GError **error, const char *key, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "'%s' %s", key, why);
    return false;
}

static bool
over_limit(GError **error, const char *key, size_t limit)
{
    error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "'%s' is over the limit of %zu", key, limit);
    return false;
}

static const json_t *
find_member(const json_t *object, const char *key)
{
    const json_t *member = json_object_get(object, key);

    return json_is_null(member) ? NULL : member;
}

bool
sigstore_find_object(const json_t *object, const char *key, const json_t **out, GError **error)
{
    const json_t *member = find_member(object, key);

    if (member != NULL && !json_is_object(member))
        return invalid(error, key, "is not an object");
    *out = member;
    return true;
}

bool
sigstore_find_array(const json_t *object, const char *key, size_t limit, const json_t **out,
                    GError **error)
{
    const json_t *member = find_member(object, key);

    if (member != NULL && !json_is_array(member))
        return invalid(error, key, "is not a list");
    if (json_array_size(member) > limit)
        return over_limit(error, key, limit);
    *out = member;
    return true;
}

bool
sigstore_find_number(const json_t *object, const char *key, uint64_t *out, GError **error)
{
    const json_t *member = find_member(object, key);
    const char *text = json_string_value(member);

    if (member == NULL) {
        *out = 0;
        return true;
    }
    if (json_is_integer(member) && json_integer_value(member) >= 0) {
        *out = (uint64_t)json_integer_value(member);
        return true;
    }
    size_t len = text != NULL ? strlen(text) : 0;
    if (len < 1 || len > 19 || strspn(text, "0123456789") != len || (len > 1 && *text == '0'))
        return invalid(error, key, "is not a number from 0");
    uint64_t number = g_ascii_strtoull(text, NULL, 10);
    if (number > INT64_MAX)
        return invalid(error, key, "is not a number below 2^63");
    *out = number;
    return true;
}

/* Base64 as the decoders of other languages take it: either alphabet, line breaks passed over. */
static GBytes *
decode(const char *text)
{
    if (strpbrk(text, "\r\n") == NULL)
        return base64_decode_lenient(text, NULL);

    g_autoptr(GString) joined = g_string_sized_new(strlen(text));
    for (const char *at = text; *at != '\0'; at++) {
        if (*at != '\r' && *at != '\n')
            g_string_append_c(joined, *at);
    }
    return base64_decode_lenient(joined->str, NULL);
}

GBytes *
sigstore_need_bytes(const json_t *object, const char *key, size_t limit, GError **error)
{
    const char *text = json_string_value(json_object_get(object, key));

    if (text == NULL || *text == '\0') {
        (void)invalid(error, key, "is missing");
        return NULL;
    }
    if (strlen(text) / 2 > limit + 64) { /* with line breaks; the exact limit is below */
        (void)over_limit(error, key, limit);
        return NULL;
    }
    g_autoptr(GBytes) bytes = decode(text);
    if (bytes == NULL || g_bytes_get_size(bytes) == 0) {
        (void)invalid(error, key, "is not base64");
        return NULL;
    }
    if (g_bytes_get_size(bytes) > limit) {
        (void)over_limit(error, key, limit);
        return NULL;
    }
    return g_steal_pointer(&bytes);
}

bool
sigstore_need_hash(const json_t *object, const char *key, Digest *out, GError **error)
{
    g_autoptr(GBytes) bytes = sigstore_need_bytes(object, key, DIGEST_SIZE, error);

    if (bytes == NULL)
        return false;
    if (g_bytes_get_size(bytes) != DIGEST_SIZE)
        return invalid(error, key, "is not 32 bytes");
    memcpy(out->bytes, span_of_bytes(bytes).data, DIGEST_SIZE);
    return true;
}

X509Hash
sigstore_hash_of(const char *name)
{
    static const struct {
        const char *name;
        X509Hash hash;
    } rows[] = { { "SHA2_256", X509_SHA256 }, { "sha256", X509_SHA256 },
                 { "SHA2_384", X509_SHA384 }, { "sha384", X509_SHA384 },
                 { "SHA2_512", X509_SHA512 }, { "sha512", X509_SHA512 } };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].hash;
    }
    return X509_HASH_NONE;
}

GPtrArray *
sigstore_need_certificates(const json_t *chain, GError **error)
{
    g_autoptr(GPtrArray) ders = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    const json_t *list = NULL;

    if (!sigstore_find_array(chain, "certificates", LIMIT_CHAIN_CERTIFICATES, &list, error))
        return NULL;
    if (json_array_size(list) == 0) {
        (void)invalid(error, "certificates", "is empty");
        return NULL;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        GBytes *der = sigstore_need_bytes(json_array_get(list, i), "rawBytes",
                                          LIMIT_CERTIFICATE_BYTES, error);
        if (der == NULL)
            return NULL;
        g_ptr_array_add(ders, der);
    }
    return g_steal_pointer(&ders);
}
