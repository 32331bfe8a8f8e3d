/* SPDX-License-Identifier: Apache-2.0
 * sigstore_sign: certificate first, then the signature, then what others say of it. The key is gone
 * when the bundle is there. */
#include "cli/sigstore_sign.h"
#include <unistd.h>
#include "attest/dsse.h"
#include "attest/statement.h"
#include "base/encoding.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "keys/content_hash.h"
#include "keys/keyless.h"
#include "keys/memory_signer.h"
#include "keys/rekor_client.h"
#include "keys/stamp_client.h"
#include "base/banned.h"

#define MEDIA_TYPE "application/vnd.dev.sigstore.bundle.v0.3+json"

typedef struct {
    Digest digest;     /* of what was signed */
    GBytes *signature; /* owned */
    json_t *envelope;  /* owned; NULL: the content itself was signed */
} Signed;

static void
signed_clear(Signed *result)
{
    g_clear_pointer(&result->signature, g_bytes_unref);
    g_clear_pointer(&result->envelope, json_decref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Signed, signed_clear)

static json_t *
json_base64(Span span)
{
    g_autofree char *text = base64_encode(span);

    return json_string(text);
}

static bool
sign_content(Signer *signer, int fd, Signed *out, GError **error)
{
    ContentHash hash;

    if (!content_hash_fd("SHA256", fd, span_of(NULL, 0), &hash, error))
        return false;
    memcpy(out->digest.bytes, hash.bytes, sizeof out->digest.bytes);
    return memory_signer_sign_digest(signer, &out->digest, &out->signature, error);
}

/* The statement in an envelope. No keyid: who signed is said by the certificate. */
static bool
sign_statement(Signer *signer, int fd, Signed *out, GError **error)
{
    if (lseek(fd, 0, SEEK_SET) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read the statement");
        return false;
    }
    g_autoptr(GBytes) payload = fd_read_all(fd, LIMIT_STATEMENT_BYTES, error);
    g_autoptr(json_t) json =
        payload != NULL ? json_parse(span_of_bytes(payload), LIMIT_STATEMENT_BYTES, error) : NULL;
    const char *type = json != NULL ? json_need_string(json, "_type", "statement", error) : NULL;

    if (type == NULL || json_need_array(json, "subject", "statement", error) == NULL ||
        json_need_string(json, "predicateType", "statement", error) == NULL) {
        error_prefix(error, "it is no in-toto statement");
        return false;
    }
    if (!g_str_has_prefix(type, "https://in-toto.io/Statement/")) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "it is no in-toto statement");
        return false;
    }
    g_autoptr(GBytes) pae = dsse_pae(DSSE_TYPE_INTOTO, span_of_bytes(payload));
    out->digest = digest_of(span_of_bytes(pae));
    if (!signer_sign(signer, span_of_bytes(pae), &out->signature, error))
        return false;
    out->envelope = json_pack("{s:o, s:s, s:[{s:o}]}", "payload",
                              json_base64(span_of_bytes(payload)), "payloadType", DSSE_TYPE_INTOTO,
                              "signatures", "sig", json_base64(span_of_bytes(out->signature)));
    return true;
}

static json_t *
ask_stampers(const GPtrArray *stampers, const Signed *result, GError **error)
{
    g_autoptr(json_t) list = json_array();

    for (guint i = 0; i < stampers->len; i++) {
        const SigningService *stamper = stampers->pdata[i];
        g_autoptr(GBytes) stamp =
            stamp_client_ask(stamper->url, span_of_bytes(result->signature), error);
        if (stamp == NULL)
            return NULL;
        json_array_append_new(
            list, json_pack("{s:o}", "signedTimestamp", json_base64(span_of_bytes(stamp))));
    }
    return g_steal_pointer(&list);
}

static json_t *
ask_logs(const GPtrArray *logs, const Keyless *keyless, const Signed *result, GError **error)
{
    g_autoptr(json_t) list = json_array();
    char *envelope = result->envelope != NULL ? json_dumps(result->envelope, JSON_COMPACT) : NULL;
    const RekorProposal proposal = {
        .certificate = span_of_bytes(keyless->certificate),
        .signature = span_of_bytes(result->signature),
        .digest = result->digest,
        .envelope = envelope,
    };
    bool ok = true;

    for (guint i = 0; ok && i < logs->len; i++) {
        json_t *entry = rekor_client_log(logs->pdata[i], &proposal, error);
        ok = entry != NULL && json_array_append_new(list, entry) == 0;
    }
    free(envelope);
    return ok ? g_steal_pointer(&list) : NULL;
}

static json_t *
build_bundle(const Keyless *keyless, Signed *result, json_t *stamps, json_t *entries)
{
    Span digest = span_of(result->digest.bytes, sizeof result->digest.bytes);
    json_t *material = json_pack("{s:{s:o}, s:O, s:{s:O}}", "certificate", "rawBytes",
                                 json_base64(span_of_bytes(keyless->certificate)), "tlogEntries",
                                 entries, "timestampVerificationData", "rfc3161Timestamps", stamps);
    json_t *bundle =
        json_pack("{s:s, s:o}", "mediaType", MEDIA_TYPE, "verificationMaterial", material);

    if (result->envelope != NULL)
        json_object_set(bundle, "dsseEnvelope", result->envelope);
    else
        json_object_set_new(bundle, "messageSignature",
                            json_pack("{s:{s:s, s:o}, s:o}", "messageDigest", "algorithm",
                                      "SHA2_256", "digest", json_base64(digest), "signature",
                                      json_base64(span_of_bytes(result->signature))));
    return bundle;
}

json_t *
sigstore_sign(const SigstoreSign *job, int fd, GError **error)
{
    const SigningService *authority = job->config->authorities->pdata[0];
    g_autoptr(Keyless) keyless = keyless_open(authority->url, job->token, error);
    g_auto(Signed) result = { 0 };

    if (keyless == NULL ||
        !(job->is_statement ? sign_statement : sign_content)(keyless->signer, fd, &result, error))
        return NULL;
    g_autoptr(json_t) stamps = ask_stampers(job->config->stampers, &result, error);
    g_autoptr(json_t) entries =
        stamps != NULL ? ask_logs(job->config->logs, keyless, &result, error) : NULL;
    return entries != NULL ? build_bundle(keyless, &result, stamps, entries) : NULL;
}
