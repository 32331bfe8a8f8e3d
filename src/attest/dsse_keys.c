/* SPDX-License-Identifier: Apache-2.0
 * dsse_keys: each key not yet counted is tried with each signature that may be its own. */
#include "attest/dsse_keys.h"
#include "base/encoding.h"
#include "base/banned.h"

DsseKey *
dsse_key_new(const char *keyid, const ForeignKey *key)
{
    DsseKey *result = g_new0(DsseKey, 1);

    result->keyid = g_strdup(keyid);
    result->key = foreign_key_ref(key);
    return result;
}

void
dsse_key_free(DsseKey *key)
{
    if (key == NULL)
        return;
    g_free(key->keyid);
    foreign_key_unref(key->key);
    g_free(key);
}

/* A signature written in hex was read as base64, whose letters hex are: what was meant, or NULL. */
static GBytes *
hex_meant(GBytes *sig)
{
    g_autofree char *text = base64_encode(span_of_bytes(sig));

    return hex_decode(text, NULL);
}

static bool
check(const ForeignKey *key, const GPtrArray *messages, GBytes *sig)
{
    for (unsigned i = 0; i < messages->len; i++) {
        if (foreign_key_verify(key, span_of_bytes(messages->pdata[i]), span_of_bytes(sig), NULL))
            return true;
    }
    return false;
}

static bool
key_signed(const DsseKey *key, const DsseEnvelope *envelope, const GPtrArray *messages)
{
    for (unsigned i = 0; i < envelope->signatures->len; i++) {
        const DsseSignature *signature = envelope->signatures->pdata[i];
        if (key->keyid != NULL && strcmp(key->keyid, signature->keyid) != 0)
            continue;
        g_autoptr(GBytes) meant = hex_meant(signature->sig);
        if (check(key->key, messages, signature->sig) ||
            (meant != NULL && check(key->key, messages, meant)))
            return true;
    }
    return false;
}

bool
dsse_verify_threshold(const DsseEnvelope *envelope, const GPtrArray *keys, size_t threshold,
                      DsseKeysFlags flags, size_t *n_signers_out, GError **error)
{
    g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    Digest counted[DSSE_KEYS_MAX];
    size_t n = 0;

    if (threshold == 0 || keys->len > DSSE_KEYS_MAX) {
        error_set(error, BASE_ERROR, threshold == 0 ? BASE_ERROR_INVALID : BASE_ERROR_LIMIT,
                  "cannot verify DSSE envelope: %u keys, threshold %zu; the limits are %d and 1",
                  keys->len, threshold, DSSE_KEYS_MAX);
        return false;
    }
    g_ptr_array_add(messages, dsse_pae(envelope->payload_type, span_of_bytes(envelope->payload)));
    if ((flags & DSSE_KEYS_BARE_PAYLOAD) != 0)
        g_ptr_array_add(messages, g_bytes_ref(envelope->payload));
    for (unsigned i = 0; i < keys->len; i++) {
        const DsseKey *key = keys->pdata[i];
        Digest id = foreign_key_keyid(key->key);
        bool known = false;
        for (size_t j = 0; j < n; j++)
            known = known || digest_equal(&counted[j], &id);
        if (!known && key_signed(key, envelope, messages))
            counted[n++] = id;
    }
    if (n_signers_out != NULL)
        *n_signers_out = n;
    if (n >= threshold)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
              "cannot verify DSSE envelope: signed by %zu of %u keys given, wanted %zu", n,
              keys->len, threshold);
    return false;
}
