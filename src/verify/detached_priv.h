/* SPDX-License-Identifier: Apache-2.0
 * detached_priv: for src/verify/detached*.c only. */
#pragma once
#include "verify/detached.h"

/** A report on @response, a TimeStampResp, over @message. @chain_pem: the authority's certificate
 * first, its root last. Returns: owned. Errors: INVALID, LIMIT, UNAVAILABLE (the chain). */
VerifyReport *detached_timestamp_report(const char *subject, Span message, Span response,
                                        Span chain_pem, GError **error) MUST_CHECK;
