/* SPDX-License-Identifier: Apache-2.0
 * tuf_priv: one metadata file in memory; for src/attest/tuf*.c only. */
#pragma once
#include "attest/tuf.h"

typedef struct TufRole {  /* who must sign: part of root or of a delegation */
    const json_t *keys;   /* borrowed: {keyid: key} */
    const json_t *keyids; /* borrowed: array of strings */
    int64_t threshold;
} TufRole;

typedef struct TufFile { /* one parsed metadata file, signatures not yet believed */
    TufType type;
    int64_t version;
    int64_t expires_us;
    json_t *envelope;          /* owned */
    const json_t *signed_part; /* borrowed from envelope */
    GBytes *message;           /* owned: the canonical bytes that are signed */
} TufFile;

/** Strict about every member the specification lists; unknown members are let be. Returns: owned.
 * Errors: METADATA. */
TufFile *tuf_file_parse(Span bytes, TufType type, GError **error) MUST_CHECK;
void tuf_file_free(TufFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TufFile, tuf_file_free)

/** The role called @name ("timestamp") of a root. */
bool tuf_root_role(const TufFile *root, const char *name, TufRole *out);
/** The role called @name to which a targets file delegates. False: it does not. */
bool tuf_targets_role(const TufFile *targets, const char *name, TufRole *out);
/** Whether enough different keys of @role signed @file. Errors: SIGNATURES. */
bool tuf_role_verify(const TufRole *role, const TufFile *file, const char *name,
                     GError **error) MUST_CHECK;
/** Whether @key made @signature_hex over @message. False for schemes we do not know. */
bool tuf_key_verify(const json_t *key, Span message, const char *signature_hex);
/** Name of the bin of a hash-bin delegation ("succinct_roles") that @path falls in. Owned. */
char *tuf_bin_name(const json_t *succinct, const char *path);
/** Whether @name is one of the bins. */
bool tuf_bin_is_one(const json_t *succinct, const char *name);
/** See tuf_set_delegated. */
GPtrArray *tuf_file_delegated(const TufFile *targets, const char *path, bool *terminating_out);
