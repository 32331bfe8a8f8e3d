/* SPDX-License-Identifier: Apache-2.0
 * library: what the installed library exports (include/slipway/verify.h). Programmer mistakes are
 * errors here, not assertions: the process belongs to somebody else. */
#include <slipway/verify.h>
#include <fcntl.h>
#include <string.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/limits.h"
#include "verify/paths.h"
#include "verify/verify.h"
#include "base/banned.h"

G_STATIC_ASSERT((int)SLIPWAY_NOT_AUTHENTIC == (int)VERIFY_NOT_AUTHENTIC);
G_STATIC_ASSERT((int)SLIPWAY_REVOKED == (int)VERIFY_REVOKED);
G_STATIC_ASSERT((int)SLIPWAY_STALE == (int)VERIFY_STALE);
G_STATIC_ASSERT((int)SLIPWAY_INCOMPLETE == (int)VERIFY_INCOMPLETE);
G_STATIC_ASSERT((int)SLIPWAY_POLICY == (int)VERIFY_POLICY);
G_STATIC_ASSERT((int)SLIPWAY_UNSUPPORTED == (int)VERIFY_UNSUPPORTED);

/* The names in the header are those of our own types: a pointer is only ever cast back. */
static const Trust *
trust_of(const SlipwayTrust *trust)
{
    return (const Trust *)trust;
}

static const VerifyReport *
report_of(const SlipwayReport *report)
{
    return (const VerifyReport *)report;
}

/* Hands the message over; frees @error. */
static void
tell(GError *error, char **error_out)
{
    if (error_out != NULL)
        *error_out = error_printable(error != NULL ? error->message : "a needed argument is NULL");
    g_clear_error(&error);
}

static bool
refuse_null(char **error_out)
{
    tell(NULL, error_out);
    return false;
}

const char *
slipway_verify_version(void)
{
    return SLIPWAY_VERSION;
}

const char *
slipway_result_name(SlipwayResult result)
{
    return verify_result_name((VerifyResult)result);
}

void
slipway_free(char *text)
{
    g_free(text);
}

/* ---- trust ------------------------------------------------------------------------------------- */

SlipwayTrust *
slipway_trust_load(const char *path, char **error_out)
{
    GError *error = NULL;
    Trust *trust = NULL;

    if (path == NULL && !refuse_null(error_out))
        return NULL;
    trust = verify_trust_load(path, &error);
    if (trust == NULL)
        tell(error, error_out);
    return (SlipwayTrust *)trust;
}

SlipwayTrust *
slipway_trust_parse(const void *text, size_t n_bytes, char **error_out)
{
    GError *error = NULL;
    Trust *trust = NULL;

    if (text == NULL && !refuse_null(error_out))
        return NULL;
    trust = trust_parse(span_of(text, n_bytes), &error);
    if (trust == NULL)
        tell(error, error_out);
    return (SlipwayTrust *)trust;
}

char *
slipway_trust_fingerprint(const SlipwayTrust *trust)
{
    return trust != NULL ? trust_fingerprint(trust_of(trust)) : NULL;
}

void
slipway_trust_free(SlipwayTrust *trust)
{
    if (trust != NULL)
        trust_free((Trust *)trust);
}

/* ---- a release --------------------------------------------------------------------------------- */

SlipwayReport *
slipway_verify_release(const SlipwayTrust *trust, const char *folder, const char *const *only,
                       int64_t now_us, char **error_out)
{
    const VerifyOptions options = { .trust = trust_of(trust),
                                    .now_us = now_us != 0 ? now_us : clock_now_us(&clock_system),
                                    .only = only };
    GError *error = NULL;
    AUTO_FD int dirfd = -1;
    VerifySource *source = NULL;
    VerifyReport *report = NULL;

    if ((trust == NULL || folder == NULL) && !refuse_null(error_out))
        return NULL;
    dirfd = dir_open(AT_FDCWD, folder, &error);
    if (dirfd >= 0) {
        source = verify_source_dir_new(dirfd);
        report = verify_release(source, &options, &error);
        verify_source_dir_free(source);
    }
    if (report == NULL)
        tell(error, error_out);
    return (SlipwayReport *)report;
}

/* ---- reports ----------------------------------------------------------------------------------- */

SlipwayResult
slipway_report_result(const SlipwayReport *report)
{
    return report != NULL ? (SlipwayResult)verify_report_result(report_of(report)) : SLIPWAY_ERROR;
}

const char *
slipway_report_object(const SlipwayReport *report)
{
    return report != NULL ? report_of(report)->object : NULL;
}

const char *
slipway_report_manifest(const SlipwayReport *report)
{
    return report != NULL ? report_of(report)->manifest : NULL;
}

size_t
slipway_report_n_checks(const SlipwayReport *report)
{
    return report != NULL ? report_of(report)->checks->len : 0;
}

SlipwayCheck
slipway_report_check(const SlipwayReport *report, size_t index)
{
    const VerifyCheck *check = NULL;

    if (index >= slipway_report_n_checks(report))
        return (SlipwayCheck){ .result = SLIPWAY_ERROR, .name = "", .subject = "", .text = "" };
    check = report_of(report)->checks->pdata[index];
    return (SlipwayCheck){ .result = (SlipwayResult)check->result,
                           .name = check->name,
                           .subject = check->subject,
                           .text = check->text };
}

char *
slipway_report_json(const SlipwayReport *report)
{
    g_autoptr(json_t) json = report != NULL ? verify_report_json(report_of(report)) : NULL;

    return json != NULL ? json_pretty(json) : NULL;
}

char *
slipway_report_text(const SlipwayReport *report)
{
    return report != NULL ? verify_report_text(report_of(report)) : NULL;
}

void
slipway_report_free(SlipwayReport *report)
{
    verify_report_free((VerifyReport *)report);
}
