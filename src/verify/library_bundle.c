/* SPDX-License-Identifier: Apache-2.0
 * library_bundle: Sigstore bundles in the installed library (include/slipway/verify.h). */
#include <slipway/verify.h>
#include <fcntl.h>
#include <string.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/limits.h"
#include "verify/sigstore.h"
#include "verify/verify_priv.h"
#include "base/banned.h"

#define OPENPGP_HEAD "-----BEGIN PGP "

static const SigstoreTrust *
trust_of(const SlipwayBundleTrust *trust)
{
    return (const SigstoreTrust *)trust;
}

/* Hands the message over; frees @error. */
static void *
tell(GError *error, char **error_out)
{
    if (error_out != NULL)
        *error_out = error_printable(error->message);
    g_clear_error(&error);
    return NULL;
}

SlipwayBundleTrust *
slipway_bundle_trust_load(const char *path, char **error_out)
{
    GError *error = NULL;
    g_autoptr(GBytes) json = NULL;
    SigstoreTrust *trust = NULL;

    json = path != NULL ? file_read(AT_FDCWD, path, LIMIT_TRUSTED_ROOT_BYTES, &error) : NULL;
    if (path == NULL)
        error_set(&error, BASE_ERROR, BASE_ERROR_INVALID, "no path of a trusted root was given");
    if (json != NULL)
        trust = sigstore_trust_parse(span_of_bytes(json), &error);
    return trust != NULL ? (SlipwayBundleTrust *)trust : tell(error, error_out);
}

void
slipway_bundle_trust_free(SlipwayBundleTrust *trust)
{
    if (trust != NULL)
        sigstore_trust_free((SigstoreTrust *)trust);
}

static bool
check_request(const SlipwayBundleTrust *trust, const SlipwayBundleRequest *request, GError **error)
{
    bool whole = trust != NULL && request != NULL && request->size == sizeof *request &&
                 request->bundle != NULL && request->artifact != NULL;
    bool by_name = whole && request->identity != NULL && request->issuer != NULL;
    bool any_name = whole && (request->identity != NULL || request->issuer != NULL);

    if (whole && (request->key_path != NULL ? !any_name : by_name))
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
              whole ? "say who must have signed: a key, or an identity and its issuer"
                    : "a bundle is verified with a trusted root, a bundle and an artifact");
    return false;
}

static bool
is_openpgp(GBytes *bundle)
{
    Span bytes = span_of_bytes(bundle);

    return bytes.len >= strlen(OPENPGP_HEAD) &&
           memcmp(bytes.data, OPENPGP_HEAD, strlen(OPENPGP_HEAD)) == 0;
}

static VerifyReport *
judge(const SigstoreTrust *trust, const SlipwayBundleRequest *request, GBytes *bundle,
      GError **error)
{
    SigstorePolicy policy = { SIGSTORE_POLICY_INIT, .identity = request->identity,
                              .issuer = request->issuer };
    g_autoptr(GBytes) pem = NULL;
    g_autoptr(X509Key) key = NULL;
    SigstoreArtifact artifact = { .fd = -1 };
    AUTO_FD int fd = -1;

    if (request->key_path != NULL) {
        pem = file_read(AT_FDCWD, request->key_path, LIMIT_KEY_FILE_BYTES, error);
        key = pem != NULL ? x509_key_from_pem(span_of_bytes(pem), error) : NULL;
        if (key == NULL)
            return NULL;
    }
    if (!sigstore_artifact_open(request->artifact, &artifact, &fd, error))
        return NULL;
    policy.key = key;
    if ((request->flags & SLIPWAY_BUNDLE_NO_TIMESTAMP) != 0)
        policy.timestamps = 0;
    if ((request->flags & SLIPWAY_BUNDLE_NO_TRANSPARENCY) != 0)
        policy.transparency = 0;
    return sigstore_verify_bytes(span_of_bytes(bundle), &artifact, trust, &policy,
                                 request->now_us != 0 ? request->now_us
                                                      : clock_now_us(&clock_system));
}

SlipwayReport *
slipway_verify_bundle(const SlipwayBundleTrust *trust, const SlipwayBundleRequest *request,
                      char **error_out)
{
    GError *error = NULL;
    g_autoptr(GBytes) bundle = NULL;
    VerifyReport *report = NULL;

    if (check_request(trust, request, &error))
        bundle = file_read(AT_FDCWD, request->bundle, LIMIT_BUNDLE_BYTES, &error);
    if (bundle != NULL && is_openpgp(bundle)) {
        report = verify_report_new();
        verify_report_add(report, VERIFY_UNSUPPORTED, "signature", request->bundle,
                          "an OpenPGP signature, which this library does not judge: use gpg");
    } else if (bundle != NULL) {
        report = judge(trust_of(trust), request, bundle, &error);
    }
    return report != NULL ? (SlipwayReport *)report : tell(error, error_out);
}
