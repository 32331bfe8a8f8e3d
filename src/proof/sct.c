/* SPDX-License-Identifier: Apache-2.0
 * sct: what a log signed is the certificate as it was before the timestamps were put in: the same
 * to-be-signed part without that extension, and the hash of the issuer's key (RFC 6962 section 3.2). */
#include "proof/sct.h"
#include <openssl/ct.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "base/buffer.h"
#include "base/limits.h"
#include "proof/x509_priv.h"
#include "base/banned.h"

#define SIGNED_MAX_BYTES (LIMIT_CERTIFICATE_BYTES + (128u << 10)) /* TBS, extensions, frame */

/* The to-be-signed part of @leaf without its timestamps. Owned; NULL if it has none. */
static GBytes *
precert_tbs(const X509Cert *leaf)
{
    X509 *copy = X509_dup(leaf->x509);
    int at = copy != NULL ? X509_get_ext_by_NID(copy, NID_ct_precert_scts, -1) : -1;
    uint8_t *der = NULL;
    int len = 0;

    if (at >= 0) {
        X509_EXTENSION_free(X509_delete_ext(copy, at));
        len = i2d_re_X509_tbs(copy, &der);
    }
    GBytes *tbs = len > 0 ? g_bytes_new(der, (size_t)len) : NULL;
    OPENSSL_free(der);
    X509_free(copy);
    return tbs;
}

/* RFC 6962 section 3.2: the struct that is "digitally-signed". */
static void
write_signed(Buffer *out, const SCT *sct, const Digest *issuer_key, Span tbs)
{
    uint8_t *extensions = NULL;
    size_t n_extensions = SCT_get0_extensions(sct, &extensions);

    buffer_append_u8(out, 0); /* v1 */
    buffer_append_u8(out, 0); /* certificate_timestamp */
    buffer_append_be64(out, SCT_get_timestamp(sct));
    buffer_append_u8(out, 0);
    buffer_append_u8(out, 1); /* precert_entry */
    buffer_append(out, span_of(issuer_key->bytes, DIGEST_SIZE));
    buffer_append_u8(out, (uint8_t)(tbs.len >> 16));
    buffer_append_u8(out, (uint8_t)(tbs.len >> 8));
    buffer_append_u8(out, (uint8_t)tbs.len);
    buffer_append(out, tbs);
    buffer_append_u8(out, (uint8_t)(n_extensions >> 8));
    buffer_append_u8(out, (uint8_t)n_extensions);
    buffer_append(out, span_of(extensions, n_extensions));
}

/* The log that made @sct at its time, or NULL. */
static const SctLog *
find_log(const SCT *sct, const SctLog *logs, size_t n_logs)
{
    uint8_t *id = NULL;
    size_t len = SCT_get0_log_id(sct, &id);
    uint64_t ms = SCT_get_timestamp(sct);

    if (len != DIGEST_SIZE || ms > (uint64_t)INT64_MAX / 1000)
        return NULL;
    int64_t us = (int64_t)ms * 1000;
    for (size_t i = 0; i < n_logs; i++) {
        if (memcmp(logs[i].id.bytes, id, DIGEST_SIZE) == 0 && us >= logs[i].start_us &&
            us <= logs[i].end_us)
            return &logs[i];
    }
    return NULL;
}

static bool
verify_one(const SCT *sct, const SctLog *log, const Digest *issuer_key, Span tbs, GError **error)
{
    g_auto(Buffer) text = { 0 };
    uint8_t *signature = NULL;
    size_t len = SCT_get0_signature(sct, &signature);
    int nid = SCT_get_signature_nid(sct);

    if (SCT_get_version(sct) != SCT_VERSION_V1 ||
        (nid != NID_ecdsa_with_SHA256 && nid != NID_sha256WithRSAEncryption)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "a certificate timestamp is not of version 1 with SHA-256");
        return false;
    }
    buffer_init(&text, SIGNED_MAX_BYTES);
    write_signed(&text, sct, issuer_key, tbs);
    return buffer_check(&text, "certificate timestamp", error) &&
           x509_key_verify(log->key, X509_SHA256, buffer_get(&text), span_of(signature, len),
                           error);
}

static bool
verify_list(const STACK_OF(SCT) * list, const Digest *issuer_key, Span tbs, const SctLog *logs,
            size_t n_logs, size_t *n_out, GError **error)
{
    const SctLog *seen[LIMIT_CERTIFICATE_SCTS] = { NULL };
    size_t n_seen = 0;

    for (int i = 0; i < sk_SCT_num(list); i++) {
        const SCT *sct = sk_SCT_value(list, i);
        const SctLog *log = find_log(sct, logs, n_logs);
        bool is_new = log != NULL;

        if (log != NULL && !verify_one(sct, log, issuer_key, tbs, error))
            return false;
        for (size_t j = 0; j < n_seen; j++)
            is_new = is_new && !digest_equal(&seen[j]->id, &log->id);
        if (is_new)
            seen[n_seen++] = log;
    }
    *n_out = n_seen;
    return true;
}

bool
sct_verify(const X509Cert *leaf, const X509Cert *issuer, const SctLog *logs, size_t n_logs,
           size_t *n_verified_out, GError **error)
{
    int critical = 0;
    STACK_OF(SCT) *list = X509_get_ext_d2i(leaf->x509, NID_ct_precert_scts, &critical, NULL);

    ERR_clear_error();
    if (list == NULL && critical == -1) { /* no such extension */
        *n_verified_out = 0;
        return true;
    }
    if (list == NULL || sk_SCT_num(list) > LIMIT_CERTIFICATE_SCTS) {
        error_set(error, BASE_ERROR, list == NULL ? BASE_ERROR_INVALID : BASE_ERROR_LIMIT,
                  "the certificate's timestamps are malformed or more than %d",
                  LIMIT_CERTIFICATE_SCTS);
        SCT_LIST_free(list);
        return false;
    }
    g_autoptr(GBytes) tbs = precert_tbs(leaf);
    Digest issuer_key = x509_key_id(issuer->key);
    size_t n = 0;
    bool ok =
        tbs != NULL && verify_list(list, &issuer_key, span_of_bytes(tbs), logs, n_logs, &n, error);

    if (tbs == NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "the certificate cannot be written without its timestamps");
    SCT_LIST_free(list);
    if (ok)
        *n_verified_out = n;
    return ok;
}
