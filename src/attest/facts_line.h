/* SPDX-License-Identifier: Apache-2.0
 * facts_line: one line of .slipway/facts.jsonl: {index, leaf, pae, proof}, base64 (facts.md section
 * 5). */
#pragma once
#include "base/span.h"
#include "base/attributes.h"
#include "base/digest.h"
#include "proof/merkle.h"

typedef struct {
    int64_t index;
    GBytes *leaf;   /* owned */
    GBytes *pae;    /* owned */
    Digest *hashes; /* owned; inclusion proof under the checkpoint beside */
    size_t n_hashes;
} FactsLine;

/** One line of canonical JSON with its newline. Owned. */
char *facts_line_build(int64_t index, Span leaf, Span pae, MerkleProof proof);
/** @line: with or without the newline; strict, canonical. Returns: owned. Errors: INVALID, LIMIT.
 */
FactsLine *facts_line_parse(Span line, GError **error) MUST_CHECK;
void facts_line_free(FactsLine *line);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FactsLine, facts_line_free)
/** A whole file: lines in rising index. Owned array of FactsLine. Errors: INVALID (naming the
 * line), LIMIT. */
GPtrArray *facts_file_parse(Span text, GError **error) MUST_CHECK;
