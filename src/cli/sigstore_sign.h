/* SPDX-License-Identifier: Apache-2.0
 * sigstore_sign: a keyless signature as a Sigstore bundle v0.3: certificate, signature, time stamps,
 * log entries. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "keys/signing_config.h"

typedef struct SigstoreSign { /* all borrowed */
    const SigningConfig *config;
    const char *token; /* OpenID Connect */
    bool is_statement; /* the content is an in-toto statement, and goes into an envelope */
} SigstoreSign;

/** Signs what @fd holds, from its beginning. Returns: the bundle; owned. Errors: keyless.h's,
 * rekor_client.h's, stamp_client.h's; INVALID (no statement), IO. */
json_t *sigstore_sign(const SigstoreSign *job, int fd, GError **error) MUST_CHECK;
