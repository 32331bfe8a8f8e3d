/* SPDX-License-Identifier: Apache-2.0
 * sigstore: the order of the checks. Times come first, since logs and certificates are judged at
 * them; the signature holds before its payload is read. */
#include "verify/sigstore.h"
#include "base/clock.h"
#include "verify/sigstore_priv.h"
#include "verify/verify_priv.h"
#include "base/banned.h"

#define CLOCK_SKEW_US (INT64_C(300) * 1000000) /* how far clocks may differ */

static VerifyResult
result_of(const GError *error)
{
    switch (error_kind(error)) {
    case ERROR_KIND_UNAVAILABLE:
        return VERIFY_UNSUPPORTED;
    case ERROR_KIND_IO:
        return VERIFY_USAGE;
    case ERROR_KIND_DENIED:
        return VERIFY_POLICY;
    default:
        return VERIFY_NOT_AUTHENTIC;
    }
}

void
sigstore_refuse(SigstoreCheck *check, const char *name, const char *subject, const GError *error)
{
    verify_report_add(check->report, result_of(error), name, subject, "%s", error->message);
}

/* The signer: a certificate of the bundle, or the caller's key. */
static bool
open_signer(SigstoreCheck *check, GError **error)
{
    const GPtrArray *ders = check->bundle->certificates;

    if ((check->policy->key != NULL) != (ders->len == 0)) {
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED,
                  ders->len == 0 ? "it is signed by a managed key, and none was given"
                                 : "it is signed with a certificate, not with the given key");
        return false;
    }
    if (ders->len == 0) {
        check->key = check->policy->key;
        return true;
    }
    for (guint i = ders->len; i-- > 0;) {
        g_autoptr(X509Cert) cert = x509_cert_parse(span_of_bytes(ders->pdata[i]), error);
        if (cert == NULL)
            return false;
        if (x509_cert_is_self_issued(cert)) { /* trust comes from the trusted root alone */
            error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                      "the bundle brings a self-issued certificate");
            return false;
        }
        if (i == 0)
            check->leaf = g_steal_pointer(&cert);
    }
    check->key = x509_cert_key(check->leaf);
    return true;
}

static bool
check_bundle(SigstoreCheck *check)
{
    static const char *const versions[] = { "unknown", "v0.1", "v0.2", "v0.3" };
    const SigstoreBundle *bundle = check->bundle;
    g_autoptr(GError) error = NULL;

    if (!open_signer(check, &error)) {
        sigstore_refuse(check, "bundle", "signer", error);
        return false;
    }
    verify_report_add(check->report, VERIFY_OK, "bundle", versions[bundle->version], "%s by %s, %s",
                      bundle->envelope != NULL ? "an envelope" : "a message",
                      check->leaf != NULL ? "a certificate" : "a managed key",
                      x509_key_name(check->key));
    return true;
}

static bool
check_times(SigstoreCheck *check)
{
    for (size_t i = 0; i < check->n_times; i++) {
        g_autofree char *time = clock_format_seconds(check->times_us[i]);

        if (check->times_us[i] > check->now_us + CLOCK_SKEW_US) {
            verify_report_add(check->report, VERIFY_NOT_AUTHENTIC, "time", time,
                              "it was signed in the future");
            return false;
        }
    }
    if (check->n_sources >= check->policy->timestamps)
        return true;
    verify_report_add(check->report, VERIFY_NOT_AUTHENTIC, "time", "signature",
                      "%zu of %u required proofs of when it was signed", check->n_sources,
                      check->policy->timestamps);
    return false;
}

static void
run_checks(SigstoreCheck *check)
{
    if (!check_bundle(check))
        return;
    /* Each tells something of its own; none is left out because an earlier one failed, but what
     * needs proved times or a good signature is. */
    bool ok = sigstore_check_stamps(check);
    ok = sigstore_check_entries(check) && ok;
    ok = ok && check_times(check);
    if (check->leaf != NULL && ok)
        ok = sigstore_check_certificate(check);
    if (sigstore_check_signature(check) && ok)
        (void)sigstore_check_subject(check);
}

VerifyReport *
sigstore_verify(const SigstoreBundle *bundle, const SigstoreArtifact *artifact,
                const SigstoreTrust *trust, const SigstorePolicy *policy, int64_t now_us)
{
    SigstoreDigests digests = { 0 };
    SigstoreCheck check = { .bundle = bundle,
                            .artifact = artifact,
                            .trust = trust,
                            .policy = policy,
                            .digests = &digests,
                            .now_us = now_us,
                            .report = verify_report_new() };

    run_checks(&check);
    x509_cert_unref(check.leaf);
    return check.report;
}

VerifyReport *
sigstore_verify_bytes(Span bundle, const SigstoreArtifact *artifact, const SigstoreTrust *trust,
                      const SigstorePolicy *policy, int64_t now_us)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SigstoreBundle) parsed = sigstore_bundle_parse(bundle, &error);

    if (parsed != NULL)
        return sigstore_verify(parsed, artifact, trust, policy, now_us);
    VerifyReport *report = verify_report_new();
    verify_report_add(report, result_of(error), "bundle", "bundle", "%s", error->message);
    return report;
}
