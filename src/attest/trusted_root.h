/* SPDX-License-Identifier: Apache-2.0
 * trusted_root: the one file a Sigstore client needs to verify our bundles: the log's name and key,
 * and the time-stamp authority's (dev.sigstore.trustedroot v0.1); and where to sign
 * (dev.sigstore.signingconfig v0.2). */
#pragma once
#include <glib.h>
#include "base/attributes.h"
#include "base/error.h"
#include "proof/public_key.h"

#define TRUSTED_ROOT_MEDIA_TYPE "application/vnd.dev.sigstore.trustedroot+json;version=0.1"

typedef struct { /* all borrowed */
    const char *origin;
    const PublicKey *key; /* Ed25519 */
    int64_t start_us;     /* valid from: microseconds since 1970 UTC */
    int64_t end_us;       /* until; 0 = still */
} TrustedRootLog;

typedef struct { /* all borrowed */
    const char *uri;
    const char *name;         /* its organization */
    const GPtrArray *certs;   /* of GBytes (DER), leaf first */
    int64_t start_us, end_us; /* as above */
} TrustedRootAuthority;

/** @logs: the log, and its earlier keys or shards. Indented JSON with a newline. Owned. Errors: INVALID
 * (origin, kind of key, no log). */
char *trusted_root_build(const TrustedRootLog *logs, size_t n_logs, GError **error) MUST_CHECK;
/** As trusted_root_build, with time-stamp authorities. */
char *trusted_root_build_with(const TrustedRootLog *logs, size_t n_logs,
                              const TrustedRootAuthority *authorities, size_t n_authorities,
                              GError **error) MUST_CHECK;

#define SIGNING_CONFIG_MEDIA_TYPE "application/vnd.dev.sigstore.signingconfig.v0.2+json"

typedef struct SigningConfig { /* all borrowed */
    const char *log_url;       /* Rekor v2 below it; NULL: none */
    const char *authority_url; /* /api/v1/timestamp below it; NULL: none */
    const char *operator;      /* who runs them */
    int64_t start_us;
} SigningConfig;
/** Indented JSON with a newline. Owned. */
char *signing_config_build(const SigningConfig *config);
