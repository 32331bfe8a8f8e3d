/* SPDX-License-Identifier: Apache-2.0
 * authority_flow: propose, have the given keys sign in processes of their own, apply. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "cli/command.h"

typedef struct AuthorityKey {
    const char *name; /* whose decision: a name in the proposal */
    const char *path; /* of the private key, or the .pub of an SSH key in an agent */
} AuthorityKey;

/** Signs the decisions of @proposal with @keys and applies it. @result_out: as authority.apply. */
bool authority_flow_apply(CommandContext *context, const json_t *proposal, const AuthorityKey *keys,
                          size_t n_keys, json_t **result_out, GError **error) MUST_CHECK;
/** Splits "NAME=VALUE". @name_out: owned; @value_out: borrowed from @text. Errors: BAD_ARGUMENTS.
 */
bool authority_flow_split(const char *text, const char *what, char **name_out,
                          const char **value_out, GError **error) MUST_CHECK;
/** The keys that @given ("NAME=FILE" each; NULL = none) names, for authority_flow_apply. @names:
 * gets the owned names that @keys (of AuthorityKey) borrow. Errors: BAD_ARGUMENTS. */
bool authority_flow_add_signers(const GPtrArray *given, GPtrArray *names, GArray *keys,
                                GError **error) MUST_CHECK;
