/* SPDX-License-Identifier: Apache-2.0
 * person: what a person's client does with that person's key: make one, sign a decision. Runs only
 * in processes that are not the engine. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "base/error.h"
#include "keys/passphrase.h"
#include "proof/public_key.h"

/** A new Ed25519 key in the new file @path (0600), its public half in @path.pub (one line).
 * @public_out: that line, owned. Errors: EXISTS, IO. */
bool person_make_key(const char *path, char **public_out, GError **error) MUST_CHECK;
typedef struct PersonKeyNew {
    PublicKeyKind kind;
    const Secret *passphrase; /* borrowed; NULL: the file is not encrypted */
} PersonKeyNew;
/** As person_make_key, of any kind. Other keys than Ed25519 have a PEM block in @path.pub. */
bool person_make_key_as(const char *path, const PersonKeyNew *wanted, char **public_out,
                        GError **error) MUST_CHECK;
/** As person_make_key, but a key that is there already is taken, and its public half written again.
 */
bool person_take_key(const char *path, char **public_out, GError **error) MUST_CHECK;
/** Reads a public key: a line of person_make_key ("slipway-native BASE64") or of ssh-keygen
 * ("ssh-ed25519 …"). {"scheme", "key"}, owned. Errors: INVALID, NOT_FOUND. */
json_t *person_read_public_key(const char *path, GError **error) MUST_CHECK;

typedef enum {
    PERSON_KEY_ANY, /* whichever of them the file is */
    PERSON_KEY_SSH,
} PersonKeyKind;

/** Signs @decision with the key @path: a file or what else key_source.h knows; an encrypted one asks
 * for its passphrase. SSH: the private key file, or a .pub whose private half is in an agent;
 * ssh-keygen does it. "ssh-agent:…" makes an SSH signature too. @pair_out: {decision, proof}, owned. Errors: DENIED
 * (file readable by others), INVALID, UNAVAILABLE (no ssh-keygen). */
bool person_sign(const json_t *decision, PersonKeyKind kind, const char *path, json_t **pair_out,
                 GError **error) MUST_CHECK;
/** Runs `slipway WORDS` in a child process, which finds the agent and the passphrase as we would.
 * @words: NULL-terminated; @input: its stdin. Returns: its stdout, owned. Errors: DENIED with what it
 * said. */
GBytes *person_run_self(const char *const *words, const char *input, GError **error) MUST_CHECK;
/** person_sign in a child process, for commands that are the engine themselves. */
bool person_sign_apart(const json_t *decision, PersonKeyKind kind, const char *path,
                       json_t **pair_out, GError **error) MUST_CHECK;
