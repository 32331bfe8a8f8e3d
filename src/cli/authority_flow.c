/* SPDX-License-Identifier: Apache-2.0
 * authority_flow: gathering proofs for a proposal on one machine. */
#include "cli/authority_flow.h"
#include <fcntl.h>
#include <string.h>
#include "base/json.h"
#include "cli/person.h"
#include "base/banned.h"

bool
authority_flow_split(const char *text, const char *what, char **name_out, const char **value_out,
                     GError **error)
{
    const char *equals = strchr(text, '=');

    if (equals == NULL || equals == text || equals[1] == '\0') {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "'%s' is not '%s'", text, what);
        return false;
    }
    *name_out = g_strndup(text, (gsize)(equals - text));
    *value_out = equals + 1;
    return true;
}

bool
authority_flow_add_signers(const GPtrArray *given, GPtrArray *names, GArray *keys, GError **error)
{
    for (guint i = 0; given != NULL && i < given->len; i++) {
        AuthorityKey key = { 0 };
        char *name = NULL;

        if (!authority_flow_split(given->pdata[i], "NAME=FILE", &name, &key.path, error))
            return false;
        g_ptr_array_add(names, name);
        key.name = name;
        g_array_append_val(keys, key);
    }
    return true;
}

bool
authority_flow_apply(CommandContext *context, const json_t *proposal, const AuthorityKey *keys,
                     size_t n_keys, json_t **result_out, GError **error)
{
    json_t *decisions = json_object_get(proposal, "decisions");
    g_autoptr(json_t) proofs = json_array();
    json_t *args = NULL;

    for (size_t i = 0; i < n_keys; i++) {
        const json_t *decision = json_object_get(decisions, keys[i].name);
        json_t *pair = NULL;

        if (decision == NULL) {
            error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the proposal asks nothing of '%s'",
                      keys[i].name);
            return false;
        }
        if (!person_sign_apart(decision, PERSON_KEY_ANY, keys[i].path, &pair, error))
            return false;
        json_array_append_new(proofs, pair);
    }
    args = json_pack("{s:O, s:O}", "proposal", (json_t *)proposal, "proofs", proofs);
    return command_call(context, "authority.apply", args, result_out, error);
}
