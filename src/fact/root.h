/* SPDX-License-Identifier: Apache-2.0
 * root: the body of a root: which key may say what in this log, and whose decisions change that. */
#pragma once
#include "base/digest.h"
#include "base/json.h"
#include "attest/decision.h"

typedef enum {
    KEY_ROLE_NONE,
    KEY_ROLE_ENGINE,
    KEY_ROLE_BUILDER,
    KEY_ROLE_LOG,
    KEY_ROLE_STATUS,
    KEY_ROLE_TIMESTAMP,
    KEY_ROLE_FORMAT,
    KEY_N_ROLES
} KeyRole;

/** "builder"; static. */
const char *key_role_name(KeyRole role);

typedef struct RootKey { /* an engine-held key */
    KeyRole role;
    GBytes *spki; /* owned */
    Digest keyid;
    char *builder_id; /* owned; role builder only, else NULL */
    GPtrArray *certs; /* owned, of GBytes (DER), leaf first; NULL where the key has none */
} RootKey;

typedef struct PersonKey { /* a key people hold: in a root or a roster */
    char *name;            /* owned; a root key's, else NULL: the `person` of its decisions */
    ProofScheme scheme;
    GBytes *key;   /* owned; key bytes as attest/decision.h says for the scheme */
    Digest key_id; /* SHA-256 of key */
} PersonKey;

typedef struct FactRoot {
    char *origin;
    unsigned threshold;
    GPtrArray *root_keys; /* of PersonKey, with names */
    GPtrArray *keys;      /* of RootKey */
} FactRoot;

/** Parses the body of a root. Errors: INVALID, naming the member. */
FactRoot *fact_root_parse(const json_t *body, GError **error) MUST_CHECK;
/** The same without looking into the keys: for a body that was admitted before. */
FactRoot *fact_root_parse_admitted(const json_t *body, GError **error) MUST_CHECK;
void fact_root_free(FactRoot *root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FactRoot, fact_root_free)
/** The key with that id, or NULL. Borrowed. */
const RootKey *fact_root_find_key(const FactRoot *root, const Digest *keyid);
/** The first key with that role, or NULL. Borrowed. */
const RootKey *fact_root_find_role(const FactRoot *root, KeyRole role);

/* Making a body. */
/** {"name", "scheme", "key"} of a root key, or of a person's key without @name. Owned. */
json_t *fact_person_key_json(const char *name, ProofScheme scheme, Span key);
/** {"role", "spki", "builderId"?}. @builder_id: NULL but for builders. Owned. */
json_t *fact_root_key_json(KeyRole role, Span spki, const char *builder_id);
/** Adds "certs". @certs: of GBytes (DER), leaf first. */
void fact_root_key_set_certs(json_t *key, const GPtrArray *certs);
/** The body. @root_keys, @keys: arrays, borrowed. Owned. */
json_t *fact_root_body(const char *origin, json_t *root_keys, unsigned threshold, json_t *keys);

/** Reads {"scheme", "key"}, and "name" if @named. Errors: INVALID. */
PersonKey *fact_person_key_parse(const json_t *object, bool named, const char *where,
                                 GError **error) MUST_CHECK;
void fact_person_key_free(PersonKey *key);
/** Whether the last part of a builder id says isolation "none". */
bool fact_builder_is_unisolated(const char *builder_id);
