/* SPDX-License-Identifier: Apache-2.0
 * slsa_gcb: what `gcloud artifacts docker images describe --show-provenance --format json` prints
 * of an image built by Google Cloud Build: envelopes, and a copy of each for people. */
#pragma once
#include "attest/dsse.h"
#include "attest/dsse_keys.h"

#define SLSA_GCB_MAX 100 /* provenances of one image */

typedef struct {
    DsseEnvelope *envelope; /* owned */
    char *kind;             /* owned; "BUILD" */
    char *resource;         /* owned; "https://…@sha256:HEX" */
    json_t *text;           /* owned; the copy, which nobody signed */
} SlsaGcb;

/** Whether it is such a document. */
bool slsa_gcb_is_one(const json_t *document);
/** Returns: owned array of SlsaGcb. @image_out: what the document is about. Errors: INVALID,
 * LIMIT. */
GPtrArray *slsa_gcb_read(const json_t *document, Digest *image_out, GError **error) MUST_CHECK;
/** The key id that signatures by the key of @region ("us-west2") name. Owned. */
char *slsa_gcb_keyid(const char *region);
/** Whether the envelope is signed by one of @keys (of DsseKey; a key id is that of a
 * signature or a region; a key without one counts for none, as it speaks for its
 * region only), and everything around it says what is signed. @image: what it has to be about. Errors: UNTRUSTED, INVALID. */
bool slsa_gcb_verify(const SlsaGcb *provenance, const GPtrArray *keys, const Digest *image,
                     GError **error) MUST_CHECK;
