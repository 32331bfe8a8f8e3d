/* SPDX-License-Identifier: Apache-2.0
 * status: the payload of status.json (facts.md section 5): everything a verifier must know besides
 * one release, complete below `size`. Signed by the status key, not logged. */
#pragma once
#include "base/digest.h"
#include "base/json.h"
#include "proof/merkle.h"
#include "proof/public_key.h"

typedef enum {
    REVOKED_NONE,
    REVOKED_UNTRUSTED,
    REVOKED_WITHDRAWN,
    REVOKED_DEPRECATED,
    REVOKED_REJECTED, /* a rejection: the version is dead */
    REVOKED_N_EFFECTS
} RevokedEffect;

typedef struct {  /* a root, a roster or a void fact */
    char *object; /* owned; rosters only, else NULL */
    Digest statement;
    int64_t index;
} StatusEntry;

typedef struct {
    char *object; /* owned; or NULL when it is about a key */
    char *key;    /* owned; keyid or builder id; or NULL. Exactly one of both */
    Digest statement;
    int64_t index;
    RevokedEffect effect;
    bool has_from_index;
    int64_t from_index;
} StatusRevoked;

typedef struct {
    char *log; /* owned; origin */
    int64_t number;
    MerkleHead head;
    int64_t issued_us, expires_us;
    GPtrArray *roots;   /* owned; of StatusEntry, by index */
    GPtrArray *rosters; /* owned; of StatusEntry, by index */
    GPtrArray *revoked; /* owned; of StatusRevoked, by index */
    GPtrArray *voids;   /* owned; of StatusEntry, by index */
} Status;

#define STATUS_DEFAULT_LIFE_US (7ll * 24 * 3600 * 1000000)

/** Empty lists. Returns: owned. */
Status *status_new(const char *log);
void status_add_root(Status *status, const Digest *statement, int64_t index);
void status_add_roster(Status *status, const char *object, const Digest *statement, int64_t index);
void status_add_void(Status *status, const Digest *statement, int64_t index);
/** @revoked: taken; members owned by it are freed with the status. */
void status_take_revoked(Status *status, StatusRevoked *revoked);
void status_revoked_free(StatusRevoked *revoked);
/** The payload: RFC 8785 JSON. Returns: owned. Errors: INVALID (order, an index not below size). */
GBytes *status_build(const Status *status, GError **error) MUST_CHECK;
/** Strict, canonical. Returns: owned. Errors: INVALID, LIMIT. */
Status *status_parse(Span payload, GError **error) MUST_CHECK;
/** Reads an envelope of one signature by @key, checks it, then parses. Returns: owned.
 * Errors: INVALID, LIMIT, UNTRUSTED. */
Status *status_open(Span envelope, const PublicKey *key, GError **error) MUST_CHECK;
/** Whether both say the same below the log: all but number, issued, expires. */
bool status_same_facts(const Status *a, const Status *b);
void status_free(Status *status);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Status, status_free)
/** "withdrawn"; static. */
const char *revoked_effect_name(RevokedEffect effect);
/** NONE when unknown. */
RevokedEffect revoked_effect_from_name(const char *name);
