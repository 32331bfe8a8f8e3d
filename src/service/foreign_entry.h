/* SPDX-License-Identifier: Apache-2.0
 * foreign_entry: what others ask us to log (Rekor v2, CreateEntryRequest), checked and made into the
 * bytes that are logged. Pure. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "base/digest.h"
#include "base/span.h"

#define FOREIGN_REQUEST_MAX_BYTES (4u << 20) /* one request; of a DSSE payload its hash is kept */
#define FOREIGN_MAX_SIGNATURES    16u

typedef struct {
    const char *kind; /* static: "hashedrekord", "dsse" */
    GBytes *leaf;     /* owned; the canonical body */
    Digest hash;      /* of the leaf in the tree */
} ForeignEntry;
void foreign_entry_clear(ForeignEntry *entry);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ForeignEntry, foreign_entry_clear)

#define FOREIGN_ENTRY_VERSION "0.0.2"

/** Takes {"hashedRekordRequestV002": …} or {"dsseRequestV002": …} (base64 in either alphabet) and
 * checks every signature with the key or certificate beside it; a certificate's chain and times are
 * the verifier's affair. Errors: INVALID (form; a signature that does not hold; an algorithm not in
 * our list), LIMIT. */
bool foreign_entry_parse(Span request, ForeignEntry *out, GError **error) MUST_CHECK;
/** Whose keys signed the logged entry @leaf, by SHA-256 of their SPKIs. Returns: how many; 0 also for
 * anything that is not an entry. */
size_t foreign_entry_signers(Span leaf, Digest out[FOREIGN_MAX_SIGNATURES]);
