/* SPDX-License-Identifier: Apache-2.0
 * release: commands on a release, each one step of its life: claim, draft, seal, request, approve,
 * reject. Every change goes through the lane; drafts are local until the seal. Releases are named
 * by object ("release:greeter/main@1.0.0") here; release_name() takes what people type. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/digest.h"
#include "fact/view.h"
#include "service/engine.h"
#include "service/lane.h"

/** "greeter/main@1.0.0" or the whole object name becomes the object name. Owned. Errors: INVALID.
 */
char *release_name(const char *text, GError **error) MUST_CHECK;

/** Claims the name for @commit before the build. The same claim again is nothing. @tag: object id
 * or NULL. Errors: LANE_ERROR codes (another commit: a retag before the seal rejects the release).
 */
bool release_claim(Engine *engine, const char *object, const char *tag, const char *commit,
                   GError **error) MUST_CHECK;

typedef struct ReleaseCommand { /* all borrowed */
    const char *command;        /* ULID or NULL: a new one; the same again gets the first answer */
    const Digest *expect; /* the head of the release the client saw, or NULL: whatever it is */
} ReleaseCommand;
/** Seals the draft: assets, notes and required evidence become fixed. @result_out: {release,
 * manifest, index, assets, …}. Owned. */
bool release_seal(Engine *engine, const char *object, const ReleaseCommand *command,
                  json_t **result_out, GError **error) MUST_CHECK;
/** What release_seal would log; signs and logs nothing. @result_out: {release, dryRun, manifest,
 * statement, leaf}, the leaf without its signature. */
bool release_seal_dry(Engine *engine, const char *object, json_t **result_out,
                      GError **error) MUST_CHECK;
/** Opens a request to publish to @targets (NULL-terminated), good for @life_us. @result_out:
 * {release, request, manifest, targets, expires}. */
bool release_request(Engine *engine, const char *object, const char *const *targets,
                     int64_t life_us, const ReleaseCommand *command, json_t **result_out,
                     GError **error) MUST_CHECK;
/** What a person is asked to decide: {decision, release, manifest, assets, facts, checkpoint, …}
 * for an approving client that trusts nothing of us but the log. */
bool release_decision_request(Engine *engine, const char *object, const char *person,
                              int64_t life_us, json_t **result_out, GError **error) MUST_CHECK;
/** Takes a person's signed decision about the open request. @pair: {decision, proof}. */
bool release_approve(Engine *engine, const char *object, const json_t *pair, const char *command,
                     json_t **result_out, GError **error) MUST_CHECK;
/** Who has approved and what is missing. */
bool release_approvals(Engine *engine, const char *object, json_t **result_out,
                       GError **error) MUST_CHECK;
/** Logs the publish-intent: every rule holds, or the refusal says what is missing. */
bool release_publish_intent(Engine *engine, const char *object, const ReleaseCommand *command,
                            json_t **result_out, GError **error) MUST_CHECK;
/** State, manifest, assets, evidence, approvals, publications. */
bool release_show(Engine *engine, const char *object, json_t **result_out,
                  GError **error) MUST_CHECK;
/** Every release and draft, a summary each. */
bool release_list(Engine *engine, json_t **result_out, GError **error) MUST_CHECK;
/** The verification summary (SLSA VSA v1) of a release that was approved for publication: signed by
 * the engine, logged as evidence. Asking again gives the same. @result_out: {release, statement,
 * index, repeated, envelope, bundle}. Errors: DENIED (not approved), those of lane and signer. */
bool release_vsa(Engine *engine, const char *object, json_t **result_out,
                 GError **error) MUST_CHECK;
/** The notes of a draft. @text: Markdown; kept as a blob. */
bool release_set_notes(Engine *engine, const char *object, const char *text,
                       GError **error) MUST_CHECK;
