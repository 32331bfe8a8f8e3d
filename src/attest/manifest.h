/* SPDX-License-Identifier: Apache-2.0
 * manifest: the body of a seal: what a release consists of. The manifest digest is S of the seal.
 */
#pragma once
#include "base/digest.h"
#include "base/json.h"

typedef struct {
    char *name; /* owned; a file name: asset_name_is_valid */
    int64_t size_bytes;
    Digest digest;
} ManifestAsset;

typedef struct {          /* evidence without which the release cannot be published */
    char *predicate_type; /* owned */
    GPtrArray *assets;    /* owned; of char *, sorted; NULL: every asset must be a subject */
} ManifestEvidence;

typedef enum {
    DERIVED_NONE,
    DERIVED_SHA256SUMS,      /* regenerates byte for byte */
    DERIVED_INDEX,           /* release index JSON; regenerates byte for byte */
    DERIVED_SIGSTORE_BUNDLE, /* parses equal to a shipped fact about `of` */
    DERIVED_INTOTO_JSONL,    /* parses equal to shipped facts about `of`, or about all assets */
    DERIVED_OPENPGP,         /* a detached signature over `of` */
    DERIVED_SSHSIG,          /* a detached signature over `of` */
    DERIVED_MINISIGN,        /* a detached signature over `of` */
    DERIVED_N_GENERATORS
} DerivedGenerator;

typedef struct {
    char *name; /* owned; file name */
    DerivedGenerator generator;
    char *of; /* owned; asset name, NULL: the whole release */
} ManifestDerived;

typedef struct {
    GPtrArray *assets;   /* owned; of ManifestAsset, sorted by name, distinct, at least one */
    GPtrArray *evidence; /* owned; of ManifestEvidence */
    GPtrArray *derived;  /* owned; of ManifestDerived, sorted by name */
    bool has_notes;
    Digest notes; /* SHA-256 of the release notes (UTF-8 Markdown) */
    bool has_from;
    Digest from; /* S of the candidate's seal */
} Manifest;

/** Empty. Returns: owned. */
Manifest *manifest_new(void);
void manifest_add_asset(Manifest *manifest, const char *name, int64_t size_bytes,
                        const Digest *digest);
/** @assets: NULL-terminated names, or NULL for every asset. */
void manifest_add_evidence(Manifest *manifest, const char *predicate_type,
                           const char *const *assets);
void manifest_add_derived(Manifest *manifest, const char *name, DerivedGenerator generator,
                          const char *of);
/** Sorts, checks, and gives the body. Owned reference. Errors: INVALID (no asset, a bad or doubled
 * name, evidence or derived file of an unknown asset). */
json_t *manifest_build(Manifest *manifest, GError **error) MUST_CHECK;
/** Strict: what manifest_build gives. Returns: owned. Errors: INVALID, LIMIT. */
Manifest *manifest_parse(const json_t *body, GError **error) MUST_CHECK;
/** By exact name, or NULL. @manifest: built or parsed. Borrowed. */
const ManifestAsset *manifest_find_asset(const Manifest *manifest, const char *name);
void manifest_free(Manifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Manifest, manifest_free)

/** 1 to 255 bytes of UTF-8 without '/', '\\', control characters; no '.' or '-' first. */
bool asset_name_is_valid(const char *name);
/** "sha256sums"; static. */
const char *derived_generator_name(DerivedGenerator generator);
/** NONE when unknown. */
DerivedGenerator derived_generator_from_name(const char *name);
