/* SPDX-License-Identifier: Apache-2.0
 * json_bytes: bytes and hashes inside JSON, in standard base64. */
#include "attest/json_bytes_priv.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/banned.h"

json_t *
json_bytes(Span span)
{
    g_autofree char *text = base64_encode(span);

    return json_string(text);
}

json_t *
json_hashes(MerkleProof proof)
{
    json_t *list = json_array();

    for (size_t i = 0; i < proof.n_hashes; i++)
        json_array_append_new(list, json_bytes(span_of(proof.hashes[i].bytes, DIGEST_SIZE)));
    return list;
}

GBytes *
json_need_bytes(const json_t *object, const char *key, const char *where, GError **error)
{
    const char *text = json_need_string(object, key, where, error);
    GBytes *bytes = text != NULL ? base64_decode(text, error) : NULL;

    if (text != NULL && bytes == NULL)
        error_prefix(error, "%s.%s", where, key);
    return bytes;
}

static bool
read_hash(const char *text, Digest *out)
{
    g_autoptr(GBytes) bytes = text != NULL ? base64_decode(text, NULL) : NULL;

    if (bytes == NULL || g_bytes_get_size(bytes) != DIGEST_SIZE)
        return false;
    memcpy(out->bytes, span_of_bytes(bytes).data, DIGEST_SIZE);
    return true;
}

bool
json_need_hash(const json_t *object, const char *key, const char *where, Digest *out,
               GError **error)
{
    const char *text = json_need_string(object, key, where, error);

    if (text == NULL)
        return false;
    if (!read_hash(text, out)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s.%s is not base64 of 32 bytes", where,
                  key);
        return false;
    }
    return true;
}

bool
json_need_hashes(const json_t *object, const char *key, const char *where, Digest **hashes_out,
                 size_t *n_out, GError **error)
{
    const json_t *list = json_need_array(object, key, where, error);
    size_t n = json_array_size(list);

    if (list == NULL)
        return false;
    if (n > LIMIT_PROOF_HASHES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "%s.%s has %zu hashes, the limit is %d",
                  where, key, n, LIMIT_PROOF_HASHES);
        return false;
    }
    g_autofree Digest *hashes = g_new0(Digest, n + 1);
    for (size_t i = 0; i < n; i++) {
        if (!read_hash(json_string_value(json_array_get(list, i)), &hashes[i])) {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                      "%s.%s has a member that is not base64 of 32 bytes", where, key);
            return false;
        }
    }
    *hashes_out = g_steal_pointer(&hashes);
    *n_out = n;
    return true;
}
