/* SPDX-License-Identifier: Apache-2.0
 * timestamp: RFC 3161 time stamps over the signatures of facts, kept beside the log by leaf hash
 * (facts.md section 1), and our time-stamp authority for others. */
#pragma once
#include "service/engine.h"

/**
 * The time stamp over the signature in @leaf: the one kept first, or one made now and kept.
 * @response_out: owned DER of a TimeStampResp, or NULL where this folder has no time-stamp key.
 * Errors: INVALID (leaf), as of signer_timestamp, DB.
 */
bool timestamp_of_leaf(Engine *engine, Span leaf, GBytes **response_out, GError **error) MUST_CHECK;

/** Answers a stranger's TimeStampReq. Owned. Errors: as of signer_answer_timestamp. */
GBytes *timestamp_answer(Engine *engine, Span request, GError **error) MUST_CHECK;
