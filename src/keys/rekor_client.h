/* SPDX-License-Identifier: Apache-2.0
 * rekor_client: puts a signature into a Rekor log, version 1 or 2, and brings back the entry as
 * Sigstore's bundles carry it. Who signed the log's answer is not checked here. */
#pragma once
#include <jansson.h>
#include "base/digest.h"
#include "base/span.h"
#include "keys/signing_config.h"

typedef struct RekorProposal { /* all borrowed */
    Span certificate;          /* DER, of the signing key */
    Span signature;
    Digest digest;        /* of what was signed: an artifact, or a PAE */
    const char *envelope; /* NULL: a signed artifact; else the DSSE envelope as JSON */
} RekorProposal;

/** Logs @proposal. Returns: a TransparencyLogEntry (protobuf JSON) whose body carries our signature;
 * owned. Errors: UNAVAILABLE (no answer, or a refusal), INVALID, UNTRUSTED (another signature). */
json_t *rekor_client_log(const SigningService *log, const RekorProposal *proposal,
                         GError **error) MUST_CHECK;

/** The question to a log of @major. Owned. */
json_t *rekor_client_question(const RekorProposal *proposal, int64_t major);
/** The entry in a log's answer. Errors: as rekor_client_log. */
json_t *rekor_client_entry(Span answer, const RekorProposal *proposal, int64_t major,
                           GError **error) MUST_CHECK;
