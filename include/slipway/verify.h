/* SPDX-License-Identifier: Apache-2.0
 * libslipway-verify: verifies releases of Slipway, and Sigstore bundles of anybody, offline.
 *
 * Nothing here starts a thread or a process, opens a socket, or writes a file. Every function may be
 * called from any thread; an object is used by one thread at a time, and a trust object by many.
 * Text is UTF-8; text that came from a release has its control characters masked. Texts that are
 * handed out as "char *" are freed with slipway_free(). See libslipway-verify(3). */
#ifndef SLIPWAY_VERIFY_H
#define SLIPWAY_VERIFY_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SLIPWAY_API __attribute__((visibility("default")))

/* What was found; where several things are wrong the first of the list in libslipway-verify(3). */
typedef enum SlipwayResult {
    SLIPWAY_OK = 0,
    SLIPWAY_ERROR = 1,          /* it could not be read, or the call was wrong */
    SLIPWAY_NOT_AUTHENTIC = 10, /* a byte, signature, proof or role does not hold */
    SLIPWAY_REVOKED = 11,
    SLIPWAY_STALE = 12,      /* the status is older than the trust file allows */
    SLIPWAY_INCOMPLETE = 13, /* a file or a fact is missing, or one is too many */
    SLIPWAY_POLICY = 14,     /* another source, builder, signer or too few approvals */
    SLIPWAY_UNSUPPORTED = 15 /* made in a way this version cannot judge */
} SlipwayResult;

typedef struct SlipwayTrust SlipwayTrust;             /* a trust file of Slipway */
typedef struct SlipwayBundleTrust SlipwayBundleTrust; /* a trusted_root.json of Sigstore */
typedef struct SlipwayReport SlipwayReport;           /* what was checked, and what was found */

/* "0.1.0"; static. */
SLIPWAY_API const char *slipway_verify_version(void);
/* "not authentic"; static. */
SLIPWAY_API const char *slipway_result_name(SlipwayResult result);
/* Accepts NULL. */
SLIPWAY_API void slipway_free(char *text);

/* Every function with "char **error_out" returns NULL on failure and then sets *error_out, if it is
 * not NULL, to a message for people. Not what a release or bundle contains is a failure, only what
 * keeps it from being judged. */

/* Reads the file that 'slipway trust export' printed: which log, sources, builders and approvals to
 * believe. It must have come by a way you trust. */
SLIPWAY_API SlipwayTrust *slipway_trust_load(const char *path, char **error_out);
/* The same from memory. */
SLIPWAY_API SlipwayTrust *slipway_trust_parse(const void *text, size_t n_bytes, char **error_out);
/* A short text to compare over another way. */
SLIPWAY_API char *slipway_trust_fingerprint(const SlipwayTrust *trust);
/* Accepts NULL. */
SLIPWAY_API void slipway_trust_free(SlipwayTrust *trust);

/* Verifies the release in the folder @folder. @only: NULL for all of it, or the names of some of its
 * files, ended by NULL. @now_us: the time, in microseconds since 1970 UTC; 0 for the clock's. */
SLIPWAY_API SlipwayReport *slipway_verify_release(const SlipwayTrust *trust, const char *folder,
                                                  const char *const *only, int64_t now_us,
                                                  char **error_out);

/* Reads a trusted_root.json: which logs, certificate and time-stamp authorities to believe. */
SLIPWAY_API SlipwayBundleTrust *slipway_bundle_trust_load(const char *path, char **error_out);
/* Accepts NULL. */
SLIPWAY_API void slipway_bundle_trust_free(SlipwayBundleTrust *trust);

enum {
    SLIPWAY_BUNDLE_NO_TIMESTAMP = 1 << 0,   /* go without a proof of when it was signed */
    SLIPWAY_BUNDLE_NO_TRANSPARENCY = 1 << 1 /* the certificate's authority uses no CT log */
};

/* Who must have signed: either key_path, or identity and issuer. Members not used are zero. */
typedef struct SlipwayBundleRequest {
    size_t size;          /* sizeof(SlipwayBundleRequest) */
    const char *bundle;   /* path of the bundle */
    const char *artifact; /* path of what it is about, or "sha256:" and 64 hex digits */
    const char *key_path; /* a public key in PEM */
    const char *identity; /* a name in the certificate: a mail address or a URL */
    const char *issuer;   /* of the identity token */
    unsigned flags;       /* SLIPWAY_BUNDLE_… */
    int64_t now_us;       /* the time, as above; 0 for the clock's */
} SlipwayBundleRequest;

/* Verifies a Sigstore bundle of any version. An OpenPGP signature in its place is UNSUPPORTED. */
SLIPWAY_API SlipwayReport *slipway_verify_bundle(const SlipwayBundleTrust *trust,
                                                 const SlipwayBundleRequest *request,
                                                 char **error_out);

typedef struct SlipwayCheck { /* borrowed from the report */
    SlipwayResult result;
    const char *name;    /* stable: "signature", "inclusion", "approvals" … */
    const char *subject; /* a file, statement or person */
    const char *text;    /* for people */
} SlipwayCheck;

/* The worst of all checks; ERROR for NULL. */
SLIPWAY_API SlipwayResult slipway_report_result(const SlipwayReport *report);
/* "release:greeter/main@1.0.0", or NULL when it could not be told. Borrowed. */
SLIPWAY_API const char *slipway_report_object(const SlipwayReport *report);
/* "sha256:…" of the seal, or NULL. Borrowed. */
SLIPWAY_API const char *slipway_report_manifest(const SlipwayReport *report);
SLIPWAY_API size_t slipway_report_n_checks(const SlipwayReport *report);
/* Check @index, from 0, in the order they were made. Beyond the last: ERROR and empty texts. */
SLIPWAY_API SlipwayCheck slipway_report_check(const SlipwayReport *report, size_t index);
/* As 'slipway verify --json' prints it. */
SLIPWAY_API char *slipway_report_json(const SlipwayReport *report);
/* A line a check, as 'slipway verify' prints it. */
SLIPWAY_API char *slipway_report_text(const SlipwayReport *report);
/* Accepts NULL. */
SLIPWAY_API void slipway_report_free(SlipwayReport *report);

#ifdef __cplusplus
}
#endif
#endif
