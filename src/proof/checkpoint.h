/* SPDX-License-Identifier: Apache-2.0
 * checkpoint: the head of a log as text (C2SP tlog-checkpoint), read, written and verified. */
#pragma once
#include "proof/merkle.h"
#include "proof/note.h"

typedef struct {
    char *origin; /* owned */
    MerkleHead head;
    char *extensions; /* owned; the further lines, each with its newline; usually "" */
} Checkpoint;

/** Whether @origin fits facts.md section 1: [a-z0-9.:/_-], 1 to 128 bytes, host and path or a
 * host name with a dot, no scheme, no '/' at the end. */
bool origin_is_valid(const char *origin);

/** Whether @origin is a host name alone. facts.md has no such origin for our logs; sigstore-go takes
 * a Rekor v2 log's only so (the host of its base URL), hence logs of other people's entries. */
bool origin_is_host(const char *origin);

/** The text of a checkpoint, final newline and all. @extensions: lines with newlines, or NULL.
 * Owned. */
char *checkpoint_format(const char *origin, const MerkleHead *head, const char *extensions);
/** @text: a note's text, not the signed note. Size in decimal without leading zeros, at most
 * 2^63-1. Accepts any origin line. Returns: owned. Errors: INVALID. */
Checkpoint *checkpoint_parse(Span text, GError **error) MUST_CHECK;
/** Parses a signed note, demands @origin as its first line and a good signature of that name by
 * @log_key, and nothing about other lines. Returns: owned. Errors: INVALID, LIMIT, UNTRUSTED. */
Checkpoint *checkpoint_verify(Span signed_note, const char *origin, const PublicKey *log_key,
                              GError **error) MUST_CHECK;
void checkpoint_free(Checkpoint *checkpoint);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Checkpoint, checkpoint_free)
