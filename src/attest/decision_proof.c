/* SPDX-License-Identifier: Apache-2.0
 * decision_proof: that a person signed: {scheme, keyId, data}, and its check per scheme. */
#include <assert.h>
#include "attest/decision.h"
#include "attest/sshsig.h"
#include "base/encoding.h"
#include "base/banned.h"

#define WHERE "proof"

static const char *const schemes[PROOF_N_SCHEMES] = {
    [PROOF_NONE] = "",           [PROOF_NATIVE] = "native",     [PROOF_SSHSIG] = "sshsig",
    [PROOF_OPENPGP] = "openpgp", [PROOF_WEBAUTHN] = "webauthn",
};

const char *
proof_scheme_name(ProofScheme scheme)
{
    assert(scheme < PROOF_N_SCHEMES);
    return schemes[scheme];
}

ProofScheme
proof_scheme_from_name(const char *name)
{
    for (ProofScheme scheme = PROOF_NONE + 1; scheme < PROOF_N_SCHEMES; scheme++) {
        if (strcmp(schemes[scheme], name) == 0)
            return scheme;
    }
    return PROOF_NONE;
}

json_t *
decision_proof_to_json(const DecisionProof *proof)
{
    json_t *object = json_object();
    g_autofree char *data = base64_encode(span_of_bytes(proof->data));
    char hex[DIGEST_HEX_SIZE];

    digest_to_hex(&proof->key_id, hex);
    json_object_set_new(object, "scheme", json_string(proof_scheme_name(proof->scheme)));
    json_object_set_new(object, "keyId", json_string(hex));
    json_object_set_new(object, "data", json_string(data));
    return object;
}

DecisionProof *
decision_proof_from_json(const json_t *object, GError **error)
{
    static const char *const members[] = { "scheme", "keyId", "data", NULL };
    g_autoptr(DecisionProof) proof = g_new0(DecisionProof, 1);
    const char *scheme, *key_id, *data;

    if (!json_only_keys(object, members, WHERE, error) ||
        (scheme = json_need_string(object, "scheme", WHERE, error)) == NULL ||
        (key_id = json_need_string(object, "keyId", WHERE, error)) == NULL ||
        (data = json_need_string(object, "data", WHERE, error)) == NULL ||
        !digest_from_hex(key_id, &proof->key_id, error))
        return NULL;
    proof->scheme = proof_scheme_from_name(scheme);
    proof->data = base64_decode(data, error);
    if (proof->data == NULL)
        return NULL;
    if (proof->scheme == PROOF_NONE || g_bytes_get_size(proof->data) == 0 ||
        g_bytes_get_size(proof->data) > DECISION_MAX_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  WHERE ": the scheme is unknown or the data empty or too long");
        return NULL;
    }
    return g_steal_pointer(&proof);
}

void
decision_proof_free(DecisionProof *proof)
{
    if (proof == NULL)
        return;
    g_clear_pointer(&proof->data, g_bytes_unref);
    g_free(proof);
}

json_t *
decision_pair_to_json(Span bytes, const DecisionProof *proof, GError **error)
{
    g_autoptr(Decision) decision = decision_parse(bytes, error); /* so that it can be read again */
    json_t *object = NULL;

    if (decision == NULL)
        return NULL;
    object = json_parse(bytes, DECISION_MAX_BYTES, error);
    if (object == NULL)
        return NULL;
    json_t *pair = json_object();
    json_object_set_new(pair, "decision", object);
    json_object_set_new(pair, "proof", decision_proof_to_json(proof));
    return pair;
}

bool
decision_pair_from_json(const json_t *pair, GBytes **bytes_out, DecisionProof **proof_out,
                        GError **error)
{
    static const char *const members[] = { "decision", "proof", NULL };
    const json_t *decision = NULL, *proof = NULL;
    size_t len = 0;

    if (!json_only_keys(pair, members, "proofs", error) ||
        (decision = json_need_object(pair, "decision", "proofs", error)) == NULL ||
        (proof = json_need_object(pair, "proof", "proofs", error)) == NULL)
        return false;

    char *text = json_canonical(decision, &len, error);
    if (text == NULL)
        return false;
    g_autoptr(GBytes) bytes = g_bytes_new_take(text, len);
    g_autoptr(Decision) parsed = decision_parse(span_of_bytes(bytes), error);
    g_autoptr(DecisionProof) read = parsed != NULL ? decision_proof_from_json(proof, error) : NULL;
    if (read == NULL)
        return false;
    *bytes_out = g_steal_pointer(&bytes);
    *proof_out = g_steal_pointer(&read);
    return true;
}

static bool
verify_native(const DecisionProof *proof, Span pae, Span key_bytes, GError **error)
{
    g_autoptr(PublicKey) key = public_key_from_spki(key_bytes, error);

    if (key == NULL)
        return false;
    if (public_key_kind(key) != PUBLIC_KEY_ED25519) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "a native key must be Ed25519");
        return false;
    }
    return public_key_verify(key, pae, span_of_bytes(proof->data), error);
}

static bool
verify_scheme(const DecisionProof *proof, Span pae, Span key_bytes, GError **error)
{
    switch (proof->scheme) {
    case PROOF_NATIVE:
        return verify_native(proof, pae, key_bytes, error);
    case PROOF_SSHSIG:
        return sshsig_verify(span_of_bytes(proof->data), pae, key_bytes, SSHSIG_NAMESPACE_DECISION,
                             error);
    case PROOF_OPENPGP:
    case PROOF_WEBAUTHN:
    case PROOF_NONE:
    case PROOF_N_SCHEMES:
        break;
    }
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
              "scheme '%s' cannot be verified by this version", proof_scheme_name(proof->scheme));
    return false;
}

bool
decision_verify(const DecisionProof *proof, Span bytes, Span key_bytes, GError **error)
{
    g_autoptr(GBytes) pae = decision_pae(bytes);
    Digest key_id = digest_of(key_bytes);
    bool ok = digest_equal(&key_id, &proof->key_id);

    if (!ok)
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "the proof names another key");
    else
        ok = verify_scheme(proof, span_of_bytes(pae), key_bytes, error);
    if (!ok)
        error_prefix(error, "cannot verify decision");
    return ok;
}
