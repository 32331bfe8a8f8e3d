/* SPDX-License-Identifier: Apache-2.0
 * sigstore_subject: the signature, and that what it is over is about the artifact: the artifact
 * itself, or an in-toto statement with it as a subject. */
#include <errno.h>
#include <openssl/evp.h>
#include <unistd.h>
#include "attest/statement.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "verify/sigstore_priv.h"
#include "verify/verify_priv.h"
#include "base/banned.h"

#define STATEMENT_TYPE_V01 "https://in-toto.io/Statement/v0.1"
#define READ_BYTES         (256u << 10)

static const struct {
    const char *name; /* in statements */
    X509Hash hash;
} subject_hashes[] = { { "sha256", X509_SHA256 },
                       { "sha384", X509_SHA384 },
                       { "sha512", X509_SHA512 } };

/* Feeds the artifact to @ctx from its start. */
static bool
digest_fd(int fd, EVP_MD_CTX *ctx, GError **error)
{
    g_autofree uint8_t *buffer = g_malloc(READ_BYTES);
    off_t offset = 0;

    for (;;) {
        ssize_t n = pread(fd, buffer, READ_BYTES, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read the artifact");
            return false;
        }
        if (n == 0)
            return true;
        if (EVP_DigestUpdate(ctx, buffer, (size_t)n) != 1)
            return false;
        offset += n;
    }
}

static bool
digest_artifact(int fd, const EVP_MD *md, uint8_t *out, GError **error)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, md, NULL) == 1 && digest_fd(fd, ctx, error) &&
              EVP_DigestFinal_ex(ctx, out, NULL) == 1;

    EVP_MD_CTX_free(ctx);
    return ok;
}

bool
sigstore_artifact_digest(const SigstoreCheck *check, X509Hash hash, uint8_t *out, GError **error)
{
    const SigstoreArtifact *artifact = check->artifact;

    if (artifact != NULL && hash == X509_SHA256) {
        memcpy(out, artifact->sha256.bytes, DIGEST_SIZE);
        return true;
    }
    if (artifact == NULL || artifact->fd < 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "the SHA-256 of the artifact is not enough here, the artifact itself is needed");
        return false;
    }
    size_t kept = hash == X509_SHA384 ? 0 : 1;
    if (!check->digests->has[kept] &&
        !digest_artifact(artifact->fd, kept == 0 ? EVP_sha384() : EVP_sha512(),
                         check->digests->bytes[kept], error))
        return false;
    check->digests->has[kept] = true;
    memcpy(out, check->digests->bytes[kept], x509_hash_size(hash));
    return true;
}

bool
sigstore_signed_digest(const SigstoreCheck *check, X509Hash hash, uint8_t *out, GError **error)
{
    if (check->bundle->pae == NULL)
        return sigstore_artifact_digest(check, hash, out, error);
    x509_hash(hash, span_of_bytes(check->bundle->pae), out);
    return true;
}

/* Ed25519 signs the message, so it must be held whole. */
static GBytes *
whole_message(const SigstoreCheck *check, GError **error)
{
    const SigstoreArtifact *artifact = check->artifact;

    if (check->bundle->pae != NULL)
        return g_bytes_ref(check->bundle->pae);
    if (artifact == NULL || artifact->fd < 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "an Ed25519 signature needs the artifact itself, not its digest");
        return NULL;
    }
    off_t size = lseek(artifact->fd, 0, SEEK_END);
    if (size < 0 || size > LIMIT_MESSAGE_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "an Ed25519 signature is over an artifact of more than %u bytes",
                  LIMIT_MESSAGE_BYTES);
        return NULL;
    }
    g_autofree uint8_t *data = g_try_malloc((size_t)size + 1);
    size_t len = 0;
    while (data != NULL && len < (size_t)size) {
        ssize_t n = pread(artifact->fd, data + len, (size_t)size - len, (off_t)len);
        if (n <= 0 && !(n < 0 && errno == EINTR))
            break;
        len += n > 0 ? (size_t)n : 0;
    }
    if (data == NULL || len < (size_t)size) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read the artifact");
        return NULL;
    }
    return g_bytes_new_take(g_steal_pointer(&data), len);
}

/* By one hash; the key's own, what the bundle says, or SHA-256, which cosign uses with every key. */
static bool
signature_holds(const SigstoreCheck *check, X509Hash hash, GError **error)
{
    uint8_t digest[X509_MAX_HASH_SIZE];

    return sigstore_signed_digest(check, hash, digest, error) &&
           x509_key_verify_digest(check->key, hash, span_of(digest, x509_hash_size(hash)),
                                  span_of_bytes(check->bundle->signature), error);
}

/* @error: not NULL. */
static bool
verify_signature(const SigstoreCheck *check, GError **error)
{
    X509Hash own = x509_key_hash(check->key);
    const X509Hash hashes[] = { own, check->bundle->digest_hash, X509_SHA256 };

    if (own == X509_HASH_NONE) {
        g_autoptr(GBytes) message = whole_message(check, error);
        return message != NULL && x509_key_verify(check->key, own, span_of_bytes(message),
                                                  span_of_bytes(check->bundle->signature), error);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(hashes); i++) {
        bool is_again = hashes[i] == X509_HASH_NONE;

        for (size_t j = 0; j < i; j++)
            is_again = is_again || hashes[j] == hashes[i];
        if (is_again)
            continue;
        g_autoptr(GError) local = NULL;
        if (signature_holds(check, hashes[i], &local)) {
            g_clear_error(error);
            return true;
        }
        if (*error == NULL) /* the key's own hash says best what is missing */
            g_propagate_error(error, g_steal_pointer(&local));
    }
    return false;
}

bool
sigstore_check_signature(SigstoreCheck *check)
{
    g_autoptr(GError) error = NULL;

    if (!verify_signature(check, &error)) {
        sigstore_refuse(check, "signature", x509_key_name(check->key), error);
        return false;
    }
    verify_report_add(check->report, VERIFY_OK, "signature", x509_key_name(check->key),
                      check->bundle->pae != NULL ? "over the envelope's payload and type"
                                                 : "over the artifact");
    return true;
}

/* Whether the statement's @digests, an object of algorithm to hex, name the artifact. One that does
 * not fit refuses the subject, whatever the others say. */
static bool
digests_name_artifact(const SigstoreCheck *check, const json_t *digests)
{
    bool is_named = false;

    for (size_t i = 0; i < G_N_ELEMENTS(subject_hashes); i++) {
        const char *text = json_string_value(json_object_get(digests, subject_hashes[i].name));
        size_t size = x509_hash_size(subject_hashes[i].hash);
        uint8_t digest[X509_MAX_HASH_SIZE];

        if (text == NULL || !sigstore_artifact_digest(check, subject_hashes[i].hash, digest, NULL))
            continue;
        g_autofree char *wanted = hex_encode(span_of(digest, size));
        if (strcmp(text, wanted) != 0)
            return false;
        is_named = true;
    }
    return is_named;
}

static const json_t *
need_subjects(const json_t *statement, GError **error)
{
    const char *type = json_need_string(statement, "_type", "statement", error);
    const json_t *subjects =
        type != NULL ? json_need_array(statement, "subject", "statement", error) : NULL;

    if (subjects == NULL)
        return NULL;
    if (strcmp(type, STATEMENT_TYPE_V1) != 0 && strcmp(type, STATEMENT_TYPE_V01) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "the statement is a '%s', wanted in-toto v0.1 or v1", type);
        return NULL;
    }
    if (json_array_size(subjects) > STATEMENT_MAX_SUBJECTS) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "more than %d subjects",
                  STATEMENT_MAX_SUBJECTS);
        return NULL;
    }
    return subjects;
}

static bool
check_statement(SigstoreCheck *check, GError **error)
{
    const DsseEnvelope *envelope = check->bundle->envelope;

    if (strcmp(envelope->payload_type, DSSE_TYPE_INTOTO) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "the envelope holds a '%s', wanted '" DSSE_TYPE_INTOTO "'",
                  envelope->payload_type);
        return false;
    }
    g_autoptr(json_t) statement =
        json_parse(span_of_bytes(envelope->payload), LIMIT_STATEMENT_BYTES, error);
    const json_t *subjects = statement != NULL ? need_subjects(statement, error) : NULL;
    const char *type = json_string_value(json_object_get(statement, "predicateType"));

    if (subjects == NULL)
        return false;
    for (size_t i = 0; i < json_array_size(subjects); i++) {
        const json_t *subject = json_array_get(subjects, i);
        const char *name = json_string_value(json_object_get(subject, "name"));

        if (!digests_name_artifact(check, json_object_get(subject, "digest")))
            continue;
        verify_report_add(check->report, VERIFY_OK, "artifact", name != NULL ? name : "",
                          "a subject of the statement '%s'", type != NULL ? type : "");
        return true;
    }
    error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
              "the artifact is no subject of the statement");
    return false;
}

static bool
check_message(SigstoreCheck *check, GError **error)
{
    const SigstoreBundle *bundle = check->bundle;
    uint8_t digest[X509_MAX_HASH_SIZE];
    char text[DIGEST_STRING_SIZE];

    if (bundle->digest != NULL) {
        if (!sigstore_artifact_digest(check, bundle->digest_hash, digest, error))
            return false;
        if (memcmp(digest, span_of_bytes(bundle->digest).data,
                   x509_hash_size(bundle->digest_hash)) != 0) {
            error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                      "the bundle's message digest is not the artifact's");
            return false;
        }
    }
    digest_to_string(&check->artifact->sha256, text);
    verify_report_add(check->report, VERIFY_OK, "artifact", text, "is what was signed");
    return true;
}

bool
sigstore_check_subject(SigstoreCheck *check)
{
    g_autoptr(GError) error = NULL;

    if (check->artifact == NULL) /* the caller looks at the statement */
        return true;
    if (check->bundle->envelope != NULL ? check_statement(check, &error)
                                        : check_message(check, &error))
        return true;
    sigstore_refuse(check, "artifact", "artifact", error);
    return false;
}
