/* SPDX-License-Identifier: Apache-2.0
 * dsse: for src/attest/dsse*.c and bundle_text.c only: envelopes as fixed text. */
#pragma once
#include "attest/dsse.h"

#define DSSE_MAX_SIGNATURES 100

/** All members NULL, no signature yet. Owned. */
DsseEnvelope *dsse_new_empty(void);
/** Its members NULL; owned by @envelope. */
DsseSignature *dsse_add_empty_signature(DsseEnvelope *envelope);
/** The canonical text, or NULL where only the JSON writer can tell it. Owned. */
char *dsse_to_text(const DsseEnvelope *envelope) MUST_CHECK;
/** The envelope if @text is its canonical text with a keyid in each signature; else NULL, which
 * says nothing about it. Owned. */
DsseEnvelope *dsse_from_text(Span text) MUST_CHECK;
/** Takes payload and type off @rest, up to the first signature. False when it does not fit. */
bool dsse_take_payload(Span *rest, DsseEnvelope *envelope) MUST_CHECK;
/** Takes one signature off @rest. False when it does not fit. */
bool dsse_take_signature(Span *rest, DsseEnvelope *envelope) MUST_CHECK;
