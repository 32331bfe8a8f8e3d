/* SPDX-License-Identifier: Apache-2.0
 * trusted_root: the one file a Sigstore client needs to verify our bundles: the log's name and key
 * (dev.sigstore.trustedroot v0.1). Certificates, CT logs and time-stamp authorities come later. */
#pragma once
#include "base/attributes.h"
#include "base/error.h"
#include "proof/public_key.h"

#define TRUSTED_ROOT_MEDIA_TYPE "application/vnd.dev.sigstore.trustedroot+json;version=0.1"

typedef struct { /* all borrowed */
    const char *origin;
    const PublicKey *key; /* Ed25519 */
    int64_t start_us;     /* valid from: microseconds since 1970 UTC */
} TrustedRootLog;

/** @logs: the log, and its earlier keys or shards. Indented JSON with a newline. Owned. Errors: INVALID
 * (origin, kind of key, no log). */
char *trusted_root_build(const TrustedRootLog *logs, size_t n_logs, GError **error) MUST_CHECK;
