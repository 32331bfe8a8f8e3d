/* SPDX-License-Identifier: Apache-2.0
 * tuf: metadata of The Update Framework (TUF specification 1.0), read and verified. A TufSet is
 * what a client trusts so far; each update either passes every check of the specification's
 * section 5 or changes nothing. Pure: bytes in, verdict out; fetching and keeping them is
 * verify/tuf_client's. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/error.h"
#include "base/span.h"

#define TUF_MAX_ROOT_BYTES      512000u /* what clients of Sigstore's repositories allow, too */
#define TUF_MAX_TIMESTAMP_BYTES 16384u
#define TUF_MAX_SNAPSHOT_BYTES  2000000u
#define TUF_MAX_TARGETS_BYTES   5000000u
#define TUF_MAX_ROOT_ROTATIONS  256
#define TUF_MAX_DELEGATIONS     32 /* roles looked at for one target */
#define TUF_MAX_KEYS            1024
#define TUF_MAX_SIGNATURES      1024

#define TUF_ERROR (tuf_error_quark())
GQuark tuf_error_quark(void);
typedef enum {
    TUF_ERROR_METADATA = ERROR_CODE(ERROR_KIND_INVALID, 1),     /* not what the format says */
    TUF_ERROR_SIGNATURES = ERROR_CODE(ERROR_KIND_UNTRUSTED, 1), /* below the threshold */
    TUF_ERROR_VERSION = ERROR_CODE(ERROR_KIND_UNTRUSTED, 2), /* rolled back, or not the one named */
    TUF_ERROR_SAME_VERSION = ERROR_CODE(ERROR_KIND_EXISTS, 1), /* a timestamp already trusted */
    TUF_ERROR_EXPIRED = ERROR_CODE(ERROR_KIND_UNTRUSTED, 3),
    TUF_ERROR_MISMATCH = ERROR_CODE(ERROR_KIND_UNTRUSTED, 4), /* length or hash */
    TUF_ERROR_ORDER = ERROR_CODE(ERROR_KIND_INTERNAL, 1),     /* an update out of its turn */
} TufError;

typedef enum {
    TUF_TYPE_NONE,
    TUF_TYPE_ROOT,
    TUF_TYPE_TIMESTAMP,
    TUF_TYPE_SNAPSHOT,
    TUF_TYPE_TARGETS,
    TUF_N_TYPES
} TufType;

/** "root", "timestamp", …; static. */
const char *tuf_type_name(TufType type);

typedef struct TufSet TufSet;

/** Trusts @root because its holder says so; it must carry its own threshold. @now_us: the moment of
 * this whole update. Returns: owned. Errors: METADATA, SIGNATURES. */
TufSet *tuf_set_new(Span root, int64_t now_us, GError **error) MUST_CHECK;
void tuf_set_free(TufSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TufSet, tuf_set_free)

/** The next root, signed by the old one's and its own threshold. Errors: as above, VERSION. */
bool tuf_set_update_root(TufSet *set, Span bytes, GError **error) MUST_CHECK;
/** Ends the root's turn. Errors: SAME_VERSION (nothing new: the trusted one stays), EXPIRED (of
 * the root or of @bytes, which still counts against rollback), SIGNATURES, VERSION, METADATA. */
bool tuf_set_update_timestamp(TufSet *set, Span bytes, GError **error) MUST_CHECK;
typedef enum {
    TUF_KEPT = 1 << 0, /* read from our own folder: was checked against a timestamp before */
} TufUpdateFlags;
/** Errors: as update_timestamp, MISMATCH. */
bool tuf_set_update_snapshot(TufSet *set, Span bytes, TufUpdateFlags flags,
                             GError **error) MUST_CHECK;
/** @role as delegated by @delegator ("root" for "targets"). Errors: as update_snapshot, NOT_FOUND
 * (the snapshot or the delegator does not name it). */
bool tuf_set_update_targets(TufSet *set, const char *role, const char *delegator, Span bytes,
                            GError **error) MUST_CHECK;

/** Whether the trusted targets role @role is signed as @delegator asks, too: another one may have
 * led to it first. Errors: SIGNATURES, NOT_FOUND. */
bool tuf_set_check_delegation(const TufSet *set, const char *role, const char *delegator,
                              GError **error) MUST_CHECK;
/** The version trusted of that role ("root", "snapshot", …); -1: none. */
int64_t tuf_set_version(const TufSet *set, const char *role);
/** Whether file names carry versions and hashes (root.consistent_snapshot). */
bool tuf_set_consistent(const TufSet *set);

typedef struct TufMeta { /* what one role says of another's file */
    int64_t version;
    int64_t length;       /* -1: not said */
    const json_t *hashes; /* borrowed; NULL: not said */
} TufMeta;
/** Of the trusted timestamp about the snapshot. */
bool tuf_set_snapshot_meta(const TufSet *set, TufMeta *out);
/** Of the trusted snapshot about a targets role. */
bool tuf_set_targets_meta(const TufSet *set, const char *role, TufMeta *out);

typedef struct TufTarget {
    char *path;           /* owned */
    int64_t length;       /* bytes */
    const json_t *hashes; /* borrowed from the set; {algorithm: lower hex} */
} TufTarget;
void tuf_target_clear(TufTarget *target);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TufTarget, tuf_target_clear)

/** What the trusted role @role says of @path. */
bool tuf_set_target(const TufSet *set, const char *role, const char *path, TufTarget *out);
/** The roles to which the trusted role @role delegates @path, in order; owned strings. Stops after
 * the first that ends the search; @terminating_out: whether one did. */
GPtrArray *tuf_set_delegated(const TufSet *set, const char *role, const char *path,
                             bool *terminating_out);
/** Whether @path fits @pattern: '*' and '?' within one part, as many parts on both sides. */
bool tuf_path_fits(const char *pattern, const char *path);
/** Whether @bytes have every hash in @hashes. Errors: MISMATCH, METADATA (an algorithm we do not
 * know: it could not be checked). */
bool tuf_hashes_fit(const json_t *hashes, Span bytes, GError **error) MUST_CHECK;

/** The bytes a TUF signature is over: OLPC canonical JSON. Returns: owned. Errors: METADATA (a
 * fraction). */
GBytes *tuf_canonical(const json_t *value, GError **error) MUST_CHECK;
/** SHA-256 over the canonical form of a key object, lower hex. Owned. */
char *tuf_keyid(const json_t *key, GError **error) MUST_CHECK;
