/* SPDX-License-Identifier: Apache-2.0
 * detached_tsa: a timestamp over a file, by the authority of the chain that was given. */
#include "base/clock.h"
#include "base/encoding.h"
#include "proof/rfc3161.h"
#include "verify/detached_priv.h"
#include "verify/verify_priv.h"
#include "base/banned.h"

#define PEM_BEGIN "-----BEGIN CERTIFICATE-----"
#define PEM_END   "-----END CERTIFICATE-----"

/* The certificates of PEM text, in its order. Owned array of GBytes. */
static GPtrArray *
read_pem(Span text, GError **error)
{
    g_autofree char *copy = g_strndup((const char *)text.data, text.len);
    g_autoptr(GPtrArray) ders = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);

    for (const char *at = strstr(copy, PEM_BEGIN); at != NULL; at = strstr(at, PEM_BEGIN)) {
        const char *end = strstr(at, PEM_END);
        g_autoptr(GString) base64 = g_string_new(NULL);
        at += strlen(PEM_BEGIN);
        for (; end != NULL && at < end; at++) {
            if (!g_ascii_isspace(*at))
                g_string_append_c(base64, *at);
        }
        GBytes *der = end != NULL ? base64_decode(base64->str, NULL) : NULL;
        if (der == NULL) {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                      "cannot read certificates: a PEM block is malformed");
            return NULL;
        }
        g_ptr_array_add(ders, der);
    }
    return g_steal_pointer(&ders);
}

VerifyReport *
detached_timestamp_report(const char *subject, Span message, Span response, Span chain_pem,
                          GError **error)
{
    g_autoptr(GPtrArray) ders = read_pem(chain_pem, error);
    g_autoptr(X509Chain) chain = ders != NULL ? x509_chain_new(ders, error) : NULL;
    g_autoptr(VerifyReport) report = verify_report_new();
    g_autoptr(GError) local = NULL;

    if (chain == NULL) {
        error_prefix(error, "cannot use the chain of the time-stamp authority");
        return NULL;
    }
    g_autoptr(Rfc3161) stamp = rfc3161_parse(response, &local);
    if (stamp == NULL || !rfc3161_verify(stamp, chain, &local) ||
        !rfc3161_covers(stamp, message, &local)) {
        bool unknown = error_kind(local) == ERROR_KIND_UNAVAILABLE;
        verify_report_add(report, unknown ? VERIFY_UNSUPPORTED : VERIFY_NOT_AUTHENTIC, "timestamp",
                          subject, "%s", local->message);
        return g_steal_pointer(&report);
    }
    g_autofree char *when = clock_format_seconds(rfc3161_time_us(stamp));
    verify_report_add(report, VERIFY_OK, "timestamp", subject,
                      "it existed at %s, says the authority of the chain given", when);
    return g_steal_pointer(&report);
}
