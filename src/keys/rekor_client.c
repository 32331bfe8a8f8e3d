/* SPDX-License-Identifier: Apache-2.0
 * rekor_client: version 1 answers in its own form, which is put into the one of bundles; version 2
 * answers in that form already. */
#include "keys/rekor_client.h"
#include "base/encoding.h"
#include "base/json.h"
#include "sys/fetch.h"
#include "base/banned.h"

#define PATH_V1    "/api/v1/log/entries"
#define PATH_V2    "/api/v2/log/entries"
#define MAX_ANSWER (1u << 20)
#define WHERE      "log entry"

static json_t *
json_base64(Span span)
{
    g_autofree char *text = base64_encode(span);

    return json_string(text);
}

/* The certificate as PEM, in base64 once more: version 1 wants its keys so. */
static json_t *
json_pem(Span der)
{
    g_autofree char *base64 = base64_encode(der);
    g_autoptr(GString) pem = g_string_new("-----BEGIN CERTIFICATE-----\n");

    for (const char *at = base64; *at != '\0';) {
        size_t n = MIN(strlen(at), 64u);
        g_string_append_len(pem, at, (gssize)n);
        g_string_append_c(pem, '\n');
        at += n;
    }
    g_string_append(pem, "-----END CERTIFICATE-----\n");
    return json_base64(span_of(pem->str, pem->len));
}

static json_t *
question_v1(const RekorProposal *proposal)
{
    char hex[DIGEST_HEX_SIZE];

    if (proposal->envelope != NULL)
        return json_pack("{s:s, s:s, s:{s:{s:s, s:[o]}}}", "apiVersion", "0.0.1", "kind", "dsse",
                         "spec", "proposedContent", "envelope", proposal->envelope, "verifiers",
                         json_pem(proposal->certificate));
    digest_to_hex(&proposal->digest, hex);
    return json_pack("{s:s, s:s, s:{s:{s:{s:s, s:s}}, s:{s:o, s:{s:o}}}}", "apiVersion", "0.0.1",
                     "kind", "hashedrekord", "spec", "data", "hash", "algorithm", "sha256", "value",
                     hex, "signature", "content", json_base64(proposal->signature), "publicKey",
                     "content", json_pem(proposal->certificate));
}

static json_t *
question_v2(const RekorProposal *proposal)
{
    Span digest = span_of(proposal->digest.bytes, sizeof proposal->digest.bytes);

    return json_pack("{s:{s:o, s:{s:o, s:{s:{s:o}, s:s}}}}", "hashedRekordRequestV002", "digest",
                     json_base64(digest), "signature", "content", json_base64(proposal->signature),
                     "verifier", "x509Certificate", "rawBytes", json_base64(proposal->certificate),
                     "keyDetails", "PKIX_ECDSA_P256_SHA_256");
}

json_t *
rekor_client_question(const RekorProposal *proposal, int64_t major)
{
    return major == 1 ? question_v1(proposal) : question_v2(proposal);
}

/* ---- answers
 * ----------------------------------------------------------------------------------- */

static bool
invalid(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "its answer %s", why);
    return false;
}

/* Where kinds of entries keep the signature; the first that is there counts. */
static const char *
signature_in(const json_t *spec)
{
    const json_t *plain = json_object_get(spec, "signature");
    const json_t *v2 = json_object_get(json_object_get(spec, "hashedRekordV002"), "signature");
    const json_t *dsse = json_array_get(json_object_get(spec, "signatures"), 0);

    if (plain != NULL || v2 != NULL)
        return json_string_value(json_object_get(plain != NULL ? plain : v2, "content"));
    return json_string_value(json_object_get(dsse, "signature"));
}

/* Whether the entry's body @encoded is about our signature; its kind and version. */
static bool
read_body(const char *encoded, const RekorProposal *proposal, json_t **kind_out, GError **error)
{
    g_autoptr(GBytes) bytes = base64_decode(encoded, error);
    g_autoptr(json_t) body =
        bytes != NULL ? json_parse(span_of_bytes(bytes), MAX_ANSWER, error) : NULL;
    g_autofree char *ours = base64_encode(proposal->signature);
    const char *kind = body != NULL ? json_need_string(body, "kind", WHERE, error) : NULL;
    const char *version = kind != NULL ? json_need_string(body, "apiVersion", WHERE, error) : NULL;

    if (version == NULL)
        return false;
    if (g_strcmp0(signature_in(json_object_get(body, "spec")), ours) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "its entry is about another signature");
        return false;
    }
    *kind_out = json_pack("{s:s, s:s}", "kind", kind, "version", version);
    return true;
}

static json_t *
json_number(int64_t value)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);

    return json_string(text);
}

/* @hex as base64; NULL with @error if it is none. */
static json_t *
base64_of_hex(const char *hex, GError **error)
{
    g_autoptr(GBytes) bytes = hex != NULL ? hex_decode(hex, error) : NULL;

    if (hex == NULL)
        (void)invalid(error, "misses a hash");
    return bytes != NULL ? json_base64(span_of_bytes(bytes)) : NULL;
}

static json_t *
proof_v1(const json_t *proof, GError **error)
{
    const json_t *hashes = json_need_array(proof, "hashes", WHERE, error);
    const char *checkpoint =
        hashes != NULL ? json_need_string(proof, "checkpoint", WHERE, error) : NULL;
    g_autoptr(json_t) out = json_object();
    json_t *list = json_array();
    int64_t index = 0, size = 0;

    json_object_set_new(out, "hashes", list);
    if (checkpoint == NULL || !json_need_uint(proof, "logIndex", WHERE, &index, error) ||
        !json_need_uint(proof, "treeSize", WHERE, &size, error))
        return NULL;
    json_t *root = base64_of_hex(json_string_value(json_object_get(proof, "rootHash")), error);
    if (root == NULL)
        return NULL;
    json_object_set_new(out, "rootHash", root);
    for (size_t i = 0; i < json_array_size(hashes); i++) {
        json_t *hash = base64_of_hex(json_string_value(json_array_get(hashes, i)), error);
        if (hash == NULL)
            return NULL;
        json_array_append_new(list, hash);
    }
    json_object_set_new(out, "logIndex", json_number(index));
    json_object_set_new(out, "treeSize", json_number(size));
    json_object_set_new(out, "checkpoint", json_pack("{s:s}", "envelope", checkpoint));
    return g_steal_pointer(&out);
}

static json_t *
entry_v1(const json_t *answer, const RekorProposal *proposal, GError **error)
{
    const json_t *entry = json_object_iter_value(json_object_iter((json_t *)answer));
    const json_t *verification = json_object_get(entry, "verification");
    const char *body = json_string_value(json_object_get(entry, "body"));
    const char *set = json_string_value(json_object_get(verification, "signedEntryTimestamp"));
    g_autoptr(json_t) out = json_object();
    json_t *kind = NULL;
    int64_t index = 0, time = 0;

    if (json_object_size(answer) != 1 || body == NULL || set == NULL) {
        (void)invalid(error, "is not one entry with its promise");
        return NULL;
    }
    if (!json_need_uint(entry, "logIndex", WHERE, &index, error) ||
        !json_need_uint(entry, "integratedTime", WHERE, &time, error) ||
        !read_body(body, proposal, &kind, error))
        return NULL;
    json_object_set_new(out, "kindVersion", kind);
    json_t *log_id = base64_of_hex(json_string_value(json_object_get(entry, "logID")), error);
    if (log_id == NULL)
        return NULL;
    json_object_set_new(out, "logId", json_pack("{s:o}", "keyId", log_id));
    json_t *proof = proof_v1(json_object_get(verification, "inclusionProof"), error);
    if (proof == NULL)
        return NULL;
    json_object_set_new(out, "inclusionProof", proof);
    json_object_set_new(out, "logIndex", json_number(index));
    json_object_set_new(out, "integratedTime", json_number(time));
    json_object_set_new(out, "inclusionPromise", json_pack("{s:s}", "signedEntryTimestamp", set));
    json_object_set_new(out, "canonicalizedBody", json_string(body));
    return g_steal_pointer(&out);
}

/* Only the members that bundles know are taken over. */
static json_t *
entry_v2(const json_t *answer, const RekorProposal *proposal, GError **error)
{
    static const char *const members[] = { "logIndex", "logId", "kindVersion", "inclusionProof",
                                           "canonicalizedBody" };
    g_autoptr(json_t) out = json_object();
    g_autoptr(json_t) kind = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        json_t *value = json_object_get(answer, members[i]);
        if (value == NULL) {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "its answer misses '%s'", members[i]);
            return NULL;
        }
        json_object_set(out, members[i], value);
    }
    const char *body = json_need_string(out, "canonicalizedBody", WHERE, error);
    if (body == NULL || !read_body(body, proposal, &kind, error))
        return NULL;
    if (!json_equal(kind, json_object_get(out, "kindVersion"))) {
        (void)invalid(error, "names another kind than its entry");
        return NULL;
    }
    return g_steal_pointer(&out);
}

json_t *
rekor_client_entry(Span answer, const RekorProposal *proposal, int64_t major, GError **error)
{
    g_autoptr(json_t) json = json_parse(answer, MAX_ANSWER, error);

    if (json == NULL)
        return NULL;
    return major == 1 ? entry_v1(json, proposal, error) : entry_v2(json, proposal, error);
}

json_t *
rekor_client_log(const SigningService *log, const RekorProposal *proposal, GError **error)
{
    static const char *const headers[] = { "Content-Type: application/json",
                                           "Accept: application/json", NULL };
    g_autofree char *url = g_strconcat(log->url, log->major == 1 ? PATH_V1 : PATH_V2, NULL);
    g_autoptr(json_t) question = rekor_client_question(proposal, log->major);
    char *text = json_dumps(question, JSON_COMPACT);
    const FetchRequest request = {
        .url = url, .headers = headers, .body = span_of_text(text), .limit_bytes = MAX_ANSWER
    };
    g_autoptr(GBytes) answer = fetch_bytes(&request, NULL, error);

    free(text);
    json_t *entry = answer != NULL
                        ? rekor_client_entry(span_of_bytes(answer), proposal, log->major, error)
                        : NULL;
    if (entry == NULL)
        error_prefix(error, "cannot log at '%s'", log->url);
    return entry;
}
