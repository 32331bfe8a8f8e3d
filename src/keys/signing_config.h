/* SPDX-License-Identifier: Apache-2.0
 * signing_config: which Fulcio, logs and time-stamp authorities a keyless signature uses
 * (dev.sigstore.signingconfig v0.2), and Sigstore's own. */
#pragma once
#include <glib.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/error.h"
#include "base/span.h"

typedef struct SigningService {
    char *url;     /* owned; without a slash at its end */
    int64_t major; /* of its API */
} SigningService;

typedef struct SigningConfig {
    GPtrArray *authorities; /* owned; of SigningService: certificates, the first is used */
    GPtrArray *logs;        /* owned; of SigningService: each gets the entry */
    GPtrArray *stampers;    /* owned; of SigningService: each stamps; whole URLs */
} SigningConfig;

/** Only what is valid at @now_us and speaks an API we speak is kept, of that as many as the file's
 * selectors say. Returns: owned. Errors: INVALID, LIMIT, UNAVAILABLE (nothing is left; a log without
 * times and no stamper). */
SigningConfig *signing_config_parse(Span json, int64_t now_us, GError **error) MUST_CHECK;
/** Sigstore's public instance, or its staging one. Returns: owned. */
SigningConfig *signing_config_public(bool staging);
void signing_config_free(SigningConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SigningConfig, signing_config_free)
