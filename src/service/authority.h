/* SPDX-License-Identifier: Apache-2.0
 * authority: who may say what: roots and rosters. They are proposed, signed by people with their
 * own keys on their own machines (file exchange), and only then enter the lane with all proofs at
 * once. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "fact/kind.h"
#include "service/engine.h"

/** A root of this engine's keys under @root_keys ([{name, scheme, key}]), decided by @threshold of
 * them.
 * @proposal_out: {slipwayProposal: 1, kind, object, head, body, decisions: {NAME: decision}}; head
 * is what it was made over: applied over another it is a conflict. Owned. */
bool authority_propose_root(Engine *engine, json_t *root_keys, unsigned threshold,
                            json_t **proposal_out, GError **error) MUST_CHECK;
/** A root that names another format key, which is made for it, or copied from the Ed25519 key file
 * @from (absolute; NULL: a new one). Once it is applied the key is in use. Errors: NOT_FOUND (no
 * root), INVALID, EXISTS and the signer's. */
bool authority_propose_format_key(Engine *engine, const char *from, json_t **proposal_out,
                                  GError **error) MUST_CHECK;
/** Puts a prepared key in use if the root in force names it: after a root, and at each start, for
 * a crash may have come between. Errors: the signer's. */
bool authority_adopt_key(Engine *engine, GError **error) MUST_CHECK;
/** A roster of @project with @body. @signers: names whose decisions are wanted (NULL-terminated);
 * for the first roster and where root takes over, the names in the root. */
bool authority_propose_roster(Engine *engine, const char *project, json_t *body,
                              const char *const *signers, json_t **proposal_out,
                              GError **error) MUST_CHECK;
/** A rejection of a release, to be decided by @signers. */
bool authority_propose_rejection(Engine *engine, const char *object, const char *reason,
                                 const char *const *signers, json_t **proposal_out,
                                 GError **error) MUST_CHECK;
/** Logs a proposal with its proofs ([{decision, proof}]). @result_out: {object, statement, index}.
 */
bool authority_apply(Engine *engine, const json_t *proposal, json_t *proofs, const char *command,
                     json_t **result_out, GError **error) MUST_CHECK;
/** The names of the root keys in force; owned, NULL-terminated; empty before the first root. */
char **authority_root_names(Engine *engine, GError **error) MUST_CHECK;
/** The roster in force of @project as its body; owned, NULL with NOT_FOUND when there is none. */
json_t *authority_roster(Engine *engine, const char *project, GError **error) MUST_CHECK;
