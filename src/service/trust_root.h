/* SPDX-License-Identifier: Apache-2.0
 * trust_root: what Sigstore clients need to verify what this engine signed, and to log into it:
 * the logs and time-stamp authorities that the roots of the log ever named, with their times, and
 * the shards of the log for others. */
#pragma once
#include <stdbool.h>
#include "base/attributes.h"
#include "service/engine.h"

#define TRUST_ROOT_TARGET         "trusted_root.json"
#define TRUST_ROOT_SIGNING_TARGET "signing_config.v0.2.json"

typedef struct TrustRootFiles {
    char *trusted_root;   /* owned; JSON (dev.sigstore.trustedroot v0.1) */
    char *signing_config; /* owned; JSON (dev.sigstore.signingconfig v0.2) */
} TrustRootFiles;
void trust_root_files_clear(TrustRootFiles *files);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TrustRootFiles, trust_root_files_clear)

/** @url: how others reach this server, without a slash at the end; NULL: the signing configuration
 * names no service. It names a log only where there is one for others. Errors: NOT_FOUND (no root
 * yet), those of the database and of the log for others. */
bool trust_root_make(Engine *engine, const char *url, TrustRootFiles *out,
                     GError **error) MUST_CHECK;
