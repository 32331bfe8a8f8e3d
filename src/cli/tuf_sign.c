/* SPDX-License-Identifier: Apache-2.0
 * tuf_sign: what is signed is shown, and made from the very object that is signed. */
#include "cli/tuf_sign.h"
#include <string.h>
#include "attest/tuf_build.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/person.h"
#include "keys/key_source.h"
#include "base/banned.h"

#define SHOWN_DIGITS 16 /* of keyids and digests */

static bool
is_wanted(const json_t *proposal, const char *role, const char *keyid)
{
    const json_t *wanted = json_object_get(proposal, "wanted");

    for (size_t i = 0; i < json_array_size(wanted); i++) {
        const json_t *row = json_array_get(wanted, i);
        const json_t *keyids = json_object_get(row, "keyids");

        if (g_strcmp0(json_string_value(json_object_get(row, "role")), role) != 0)
            continue;
        for (size_t k = 0; k < json_array_size(keyids); k++) {
            if (g_strcmp0(json_string_value(json_array_get(keyids, k)), keyid) == 0)
                return true;
        }
    }
    return false;
}

static bool
sign_document(json_t *document, const char *keyid, Signer *signer, GError **error)
{
    json_t *metadata = json_need_object(document, "signed", "document", error);
    g_autoptr(GBytes) message = metadata != NULL ? tuf_canonical(metadata, error) : NULL;
    g_autoptr(GBytes) signature = NULL;

    if (message == NULL || json_need_array(document, "signatures", "document", error) == NULL ||
        !signer_sign(signer, span_of_bytes(message), &signature, error))
        return false;
    tuf_build_add_signature(document, keyid, span_of_bytes(signature));
    return true;
}

bool
tuf_sign(json_t *proposal, const char *name, size_t *n_out, GError **error)
{
    g_autoptr(Signer) signer = key_source_open(name, &(PassphraseSource){ .ask = true }, error);
    g_autoptr(json_t) key = signer != NULL ? tuf_build_key(signer_public_key(signer), error) : NULL;
    g_autofree char *keyid = key != NULL ? tuf_keyid(key, error) : NULL;
    json_t *documents =
        keyid != NULL ? json_need_array(proposal, "documents", "proposal", error) : NULL;
    size_t n = 0;

    if (documents == NULL)
        return false;
    for (size_t i = 0; i < json_array_size(documents); i++) {
        json_t *document = json_array_get(documents, i);
        const char *role = json_string_value(json_object_get(document, "role"));

        if (role == NULL || !is_wanted(proposal, role, keyid))
            continue;
        if (!sign_document(document, keyid, signer, error))
            return false;
        n++;
    }
    if (n == 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "the proposal wants no signature of the key in '%s'", name);
        return false;
    }
    *n_out = n;
    return true;
}

bool
tuf_sign_apart(json_t **proposal_in_out, const char *key, GError **error)
{
    g_autofree char *input = json_dumps(*proposal_in_out, JSON_COMPACT);
    const char *const words[] = { "tuf", "repo", "sign", "-", "--key", key, NULL };
    g_autoptr(GBytes) output = person_run_self(words, input, error);
    json_t *signed_proposal =
        output != NULL ? json_parse(span_of_bytes(output), LIMIT_JSON_BYTES, error) : NULL;

    if (signed_proposal == NULL)
        return false;
    json_decref(*proposal_in_out);
    *proposal_in_out = signed_proposal;
    return true;
}

static void
merge_signatures(json_t *into, const json_t *from)
{
    size_t i = 0;
    json_t *row = NULL;

    json_array_foreach (json_object_get(from, "signatures"), i, row) {
        json_t *have = json_object_get(into, "signatures");
        bool there = false;

        for (size_t k = 0; k < json_array_size(have); k++)
            there = there || json_equal(json_object_get(json_array_get(have, k), "keyid"),
                                        json_object_get(row, "keyid"));
        if (!there)
            json_array_append(have, row);
    }
}

bool
tuf_sign_merge(json_t *proposal, const json_t *other, GError **error)
{
    json_t *documents = json_object_get(proposal, "documents");
    const json_t *others = json_object_get(other, "documents");
    bool same = json_array_size(documents) == json_array_size(others);

    for (size_t i = 0; same && i < json_array_size(documents); i++) {
        const json_t *a = json_array_get(documents, i);
        const json_t *b = json_array_get(others, i);

        same = json_equal(json_object_get(a, "role"), json_object_get(b, "role")) &&
               json_equal(json_object_get(a, "signed"), json_object_get(b, "signed"));
        if (same)
            merge_signatures(json_array_get(documents, i), b);
    }
    if (!same)
        error_set(error, BASE_ERROR, BASE_ERROR_CONFLICT,
                  "the files hold different proposals: signatures of one do not count for another");
    return same;
}

/* ---- for people -------------------------------------------------------------------------------- */

static void
describe_roles(GString *text, const json_t *proposal, const json_t *roles)
{
    const char *name = NULL;
    json_t *role = NULL;

    json_object_foreach ((json_t *)roles, name, role) {
        const json_t *keyids = json_object_get(role, "keyids");

        g_string_append_printf(text, "  %s: %" JSON_INTEGER_FORMAT " of", name,
                               json_integer_value(json_object_get(role, "threshold")));
        for (size_t i = 0; i < json_array_size(keyids); i++) {
            const char *keyid = json_string_value(json_array_get(keyids, i));
            const json_t *given = json_object_get(proposal, "names");
            const char *known = json_string_value(json_object_get(given, keyid));

            g_string_append_printf(text, " %.*s%s%s%s", SHOWN_DIGITS, keyid,
                                   known != NULL ? " (" : "", known != NULL ? known : "",
                                   known != NULL ? ")" : "");
        }
        g_string_append_c(text, '\n');
    }
}

static void
describe_targets(GString *text, const json_t *metadata)
{
    const json_t *roles = json_object_get(json_object_get(metadata, "delegations"), "roles");
    const char *path = NULL;
    json_t *row = NULL;

    json_object_foreach (json_object_get(metadata, "targets"), path, row) {
        const char *hex =
            json_string_value(json_object_get(json_object_get(row, "hashes"), "sha256"));

        g_string_append_printf(text, "  %s  sha256:%.*s…  %" JSON_INTEGER_FORMAT " bytes\n", path,
                               SHOWN_DIGITS, hex != NULL ? hex : "",
                               json_integer_value(json_object_get(row, "length")));
    }
    for (size_t i = 0; i < json_array_size(roles); i++) {
        const json_t *role = json_array_get(roles, i);
        g_autofree char *paths = json_dumps(json_object_get(role, "paths"), JSON_COMPACT);

        g_string_append_printf(text, "  delegates %s to '%s'\n", paths,
                               json_string_value(json_object_get(role, "name")));
    }
}

char *
tuf_sign_describe(const json_t *proposal)
{
    GString *text = g_string_new(NULL);
    size_t i = 0;
    json_t *document = NULL;

    json_array_foreach (json_object_get(proposal, "documents"), i, document) {
        const json_t *metadata = json_object_get(document, "signed");
        const char *role = json_string_value(json_object_get(document, "role"));
        const char *expires = json_string_value(json_object_get(metadata, "expires"));

        g_string_append_printf(text, "%s version %" JSON_INTEGER_FORMAT ", until %s\n",
                               role != NULL ? role : "?",
                               json_integer_value(json_object_get(metadata, "version")),
                               expires != NULL ? expires : "?");
        if (g_strcmp0(role, "root") == 0)
            describe_roles(text, proposal, json_object_get(metadata, "roles"));
        else
            describe_targets(text, metadata);
    }
    return g_string_free(text, FALSE);
}
