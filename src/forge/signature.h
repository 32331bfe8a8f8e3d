/* SPDX-License-Identifier: Apache-2.0
 * signature: whether a delivery comes from somebody who knows the hook's secret. Pure. */
#pragma once
#include <stdbool.h>
#include "base/attributes.h"
#include "base/span.h"
#include "forge/forge.h"

#define FORGE_SECRETS_MAX 2 /* valid at once: the new one and, while it is being changed, the old */

/** A header of the delivery by its name, whatever its case; NULL: absent. Borrowed. */
typedef const char *(*ForgeHeaderFn)(const void *data, const char *name);

typedef struct ForgeDelivery { /* all borrowed */
    ForgeType type;
    ForgeHeaderFn header;
    const void *data; /* for header */
    Span body;        /* raw, as received */
} ForgeDelivery;

/**
 * Whether the signature (GitHub: X-Hub-Signature-256; Gitea and Forgejo: X-Gitea-Signature or
 * X-Forgejo-Signature; plain git: X-Slipway-Signature-256; each HMAC-SHA256 over the raw body) or the
 * token (GitLab: X-Gitlab-Token) fits one of @secrets. Compares in constant time, all of them always.
 * A SHA-1 signature counts for nothing. No secrets: false.
 */
bool forge_signature_holds(const ForgeDelivery *delivery, const Span *secrets,
                           size_t n_secrets) MUST_CHECK;
/** "sha256=…" over @body, as forge_signature_holds wants it. Owned. */
char *forge_signature_make(Span secret, Span body);
