/* SPDX-License-Identifier: Apache-2.0
 * sigstore_signer: whose certificate it is: issued by a believed authority at every proved time, shown
 * to certificate transparency logs, and of the identity that is demanded. */
#include <regex.h>
#include "base/clock.h"
#include "verify/sigstore_priv.h"
#include "verify/verify_priv.h"
#include "base/banned.h"

/* sigstore/fulcio docs/oid-info.md */
static const struct {
    const char *name;
    const char *oid;
} claim_rows[] = {
    { "github-workflow-trigger", "1.3.6.1.4.1.57264.1.2" },
    { "github-workflow-sha", "1.3.6.1.4.1.57264.1.3" },
    { "github-workflow-name", "1.3.6.1.4.1.57264.1.4" },
    { "github-workflow-repository", "1.3.6.1.4.1.57264.1.5" },
    { "github-workflow-ref", "1.3.6.1.4.1.57264.1.6" },
    { "build-signer-uri", "1.3.6.1.4.1.57264.1.9" },
    { "build-signer-digest", "1.3.6.1.4.1.57264.1.10" },
    { "runner-environment", "1.3.6.1.4.1.57264.1.11" },
    { "source-repository-uri", "1.3.6.1.4.1.57264.1.12" },
    { "source-repository-digest", "1.3.6.1.4.1.57264.1.13" },
    { "source-repository-ref", "1.3.6.1.4.1.57264.1.14" },
    { "source-repository-identifier", "1.3.6.1.4.1.57264.1.15" },
    { "source-repository-owner-uri", "1.3.6.1.4.1.57264.1.16" },
    { "source-repository-owner-identifier", "1.3.6.1.4.1.57264.1.17" },
    { "build-config-uri", "1.3.6.1.4.1.57264.1.18" },
    { "build-config-digest", "1.3.6.1.4.1.57264.1.19" },
    { "build-trigger", "1.3.6.1.4.1.57264.1.20" },
    { "run-invocation-uri", "1.3.6.1.4.1.57264.1.21" },
    { "source-repository-visibility-at-signing", "1.3.6.1.4.1.57264.1.22" },
};

const char *
sigstore_claim_oid(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(claim_rows); i++) {
        if (strcmp(claim_rows[i].name, name) == 0)
            return claim_rows[i].oid;
    }
    return NULL;
}

static bool
issued_by(const SigstoreCheck *check, const SigstoreAuthority *authority, GError **error)
{
    size_t n = check->n_times > 0 ? check->n_times : 1;

    for (size_t i = 0; i < n; i++) {
        int64_t time_us = check->n_times > 0 ? check->times_us[i] : check->now_us;

        if (time_us < authority->start_us || time_us > authority->end_us) {
            error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                      "the authority was not believed at that time");
            return false;
        }
        if (!x509_chain_verify(authority->chain, check->leaf, time_us, error))
            return false;
    }
    return true;
}

static const SigstoreAuthority *
find_authority(const SigstoreCheck *check, GError **error)
{
    g_autoptr(GError) last = NULL;

    if (x509_cert_is_ca(check->leaf) || !x509_cert_may_sign_code(check->leaf)) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "the certificate is not for signing code");
        return NULL;
    }
    for (guint i = 0; i < check->trust->authorities->len; i++) {
        const SigstoreAuthority *authority = check->trust->authorities->pdata[i];

        g_clear_error(&last);
        if (issued_by(check, authority, &last))
            return authority;
    }
    if (last != NULL)
        g_propagate_error(error, g_steal_pointer(&last));
    else
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "the trusted root has no certificate authority");
    return NULL;
}

static bool
check_transparency(SigstoreCheck *check, const SigstoreAuthority *authority)
{
    g_autoptr(GError) error = NULL;
    size_t n = 0;

    if (!sct_verify(check->leaf, x509_chain_first(authority->chain), check->trust->ct_logs,
                    check->trust->n_ct_logs, &n, &error)) {
        sigstore_refuse(check, "transparency", "certificate", error);
        return false;
    }
    bool ok = n >= check->policy->transparency;
    verify_report_add(check->report, ok ? VERIFY_OK : VERIFY_NOT_AUTHENTIC, "transparency",
                      "certificate", "shown to %zu known CT logs, %u required", n,
                      check->policy->transparency);
    return ok;
}

/* Whether @pattern fits all of @text. */
static bool
pattern_fits(const char *pattern, const char *text, GError **error)
{
    regex_t regex;
    regmatch_t match = { 0 };

    if (regcomp(&regex, pattern, REG_EXTENDED) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_IO, "'%s' is not an extended regular expression",
                  pattern);
        return false;
    }
    bool fits = regexec(&regex, text, 1, &match, 0) == 0 && match.rm_so == 0 &&
                (size_t)match.rm_eo == strlen(text);
    regfree(&regex);
    if (!fits)
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED, "'%s' does not fit '%s'", text, pattern);
    return fits;
}

static bool
text_fits(const char *text, const char *exact, const char *pattern, GError **error)
{
    if (exact == NULL && pattern == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED, "nothing was demanded of '%s'", text);
        return false;
    }
    if (exact != NULL && strcmp(exact, text) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED, "'%s' is not '%s'", text, exact);
        return false;
    }
    return pattern == NULL || pattern_fits(pattern, text, error);
}

static const char *
find_name(const SigstoreCheck *check, const GPtrArray *names, GError **error)
{
    g_autoptr(GError) last = NULL;

    for (guint i = 0; i < names->len; i++) {
        g_clear_error(&last);
        if (text_fits(names->pdata[i], check->policy->identity, check->policy->identity_pattern,
                      &last))
            return names->pdata[i];
    }
    if (last != NULL)
        g_propagate_error(error, g_steal_pointer(&last));
    else
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "the certificate names nobody");
    return NULL;
}

static bool
check_identity(SigstoreCheck *check)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) names = x509_cert_names(check->leaf, &error);
    g_autofree char *issuer = names != NULL ? x509_cert_oidc_issuer(check->leaf, &error) : NULL;
    const char *name = issuer != NULL ? find_name(check, names, &error) : NULL;

    if (name == NULL ||
        !text_fits(issuer, check->policy->issuer, check->policy->issuer_pattern, &error)) {
        sigstore_refuse(check, "identity", name == NULL ? "name" : "issuer", error);
        return false;
    }
    verify_report_add(check->report, VERIFY_OK, "identity", name, "by the word of %s", issuer);
    return true;
}

static bool
claim_holds(const SigstoreCheck *check, const SigstoreClaim *claim, GError **error)
{
    const char *oid = sigstore_claim_oid(claim->name);
    g_autofree char *text = NULL;

    if (oid == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_IO, "no claim is called '%s'", claim->name);
        return false;
    }
    if (!x509_cert_text(check->leaf, oid, &text, error))
        return false;
    if (g_strcmp0(text, claim->value) == 0)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_DENIED, "'%s' is not '%s'",
              text != NULL ? text : "(not said)", claim->value);
    return false;
}

static bool
check_claims(SigstoreCheck *check)
{
    bool ok = true;

    for (size_t i = 0; i < check->policy->n_claims; i++) {
        const SigstoreClaim *claim = &check->policy->claims[i];
        g_autoptr(GError) error = NULL;

        if (claim_holds(check, claim, &error))
            verify_report_add(check->report, VERIFY_OK, "claim", claim->name, "is '%s'",
                              claim->value);
        else
            sigstore_refuse(check, "claim", claim->name, error);
        ok = ok && error == NULL;
    }
    return ok;
}

bool
sigstore_check_certificate(SigstoreCheck *check)
{
    g_autoptr(GError) error = NULL;
    const SigstoreAuthority *authority = find_authority(check, &error);

    if (authority == NULL) {
        sigstore_refuse(check, "certificate", "signer", error);
        return false;
    }
    g_autofree char *from = clock_format_seconds(x509_cert_not_before_us(check->leaf));
    g_autofree char *to = clock_format_seconds(x509_cert_not_after_us(check->leaf));
    verify_report_add(check->report, VERIFY_OK, "certificate", authority->name,
                      "issued for %s to %s, which the signature falls into", from, to);
    bool ok = check_transparency(check, authority);
    ok = check_identity(check) && ok;
    return check_claims(check) && ok;
}
