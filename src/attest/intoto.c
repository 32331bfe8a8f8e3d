/* SPDX-License-Identifier: Apache-2.0
 * intoto: payloads told apart by their _type. */
#include "attest/intoto.h"
#include <assert.h>
#include "base/limits.h"
#include "base/banned.h"

static const char *const kinds[INTOTO_N_KINDS] = {
    [INTOTO_NONE] = "none",
    [INTOTO_STATEMENT] = "statement",
    [INTOTO_LINK] = "link",
    [INTOTO_LAYOUT] = "layout",
};

const char *
intoto_kind_name(IntotoKind kind)
{
    assert(kind < INTOTO_N_KINDS);
    return kinds[kind];
}

/* What the in-toto specification (section 4.4) demands of a link. */
static bool
check_link(const json_t *object, GError **error)
{
    static const char *const maps[] = { "materials", "products" };
    const char *path;
    const json_t *hashes;

    if (json_need_string(object, "name", "link", error) == NULL ||
        json_need_array(object, "command", "link", error) == NULL)
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(maps); i++) {
        const json_t *files = json_need_object(object, maps[i], "link", error);
        if (files == NULL)
            return false;
        json_object_foreach ((json_t *)files, path, hashes) {
            if (!json_is_object(hashes)) {
                error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                          "a member of link.%s is not a set of hashes", maps[i]);
                return false;
            }
        }
    }
    return true;
}

/* Section 4.3: steps, inspections, keys and an end. */
static bool
check_layout(const json_t *object, GError **error)
{
    return json_need_string(object, "expires", "layout", error) != NULL &&
           json_need_object(object, "keys", "layout", error) != NULL &&
           json_need_array(object, "steps", "layout", error) != NULL &&
           json_need_array(object, "inspect", "layout", error) != NULL;
}

IntotoPayload *
intoto_parse(Span payload, GError **error)
{
    g_autoptr(json_t) object = json_parse(payload, LIMIT_STATEMENT_BYTES, error);
    const char *type =
        object != NULL ? json_need_string(object, "_type", "in-toto payload", error) : NULL;
    g_autoptr(IntotoPayload) result = g_new0(IntotoPayload, 1);

    if (type == NULL)
        return NULL;
    bool is_link = strcmp(type, "link") == 0;
    if (is_link || strcmp(type, "layout") == 0) {
        if (is_link ? !check_link(object, error) : !check_layout(object, error)) {
            error_prefix(error, "cannot read in-toto %s", type);
            return NULL;
        }
        result->kind = is_link ? INTOTO_LINK : INTOTO_LAYOUT;
        result->object = g_steal_pointer(&object);
        return g_steal_pointer(&result);
    }
    result->kind = INTOTO_STATEMENT;
    result->statement = statement_parse_foreign(payload, error);
    return result->statement != NULL ? g_steal_pointer(&result) : NULL;
}

void
intoto_free(IntotoPayload *payload)
{
    if (payload == NULL)
        return;
    statement_free(payload->statement);
    json_decref(payload->object);
    g_free(payload);
}

static bool
has_digest(const json_t *digests, const char *algorithm, const char *value)
{
    const char *text = json_string_value(json_object_get(digests, algorithm));

    return text != NULL && strcmp(text, value) == 0;
}

bool
intoto_names_digest(const IntotoPayload *payload, const char *algorithm, const char *value)
{
    const char *path;
    json_t *hashes;

    if (payload->kind == INTOTO_STATEMENT) {
        for (unsigned i = 0; i < payload->statement->subjects->len; i++) {
            const StatementSubject *subject = payload->statement->subjects->pdata[i];
            if (has_digest(subject->digest, algorithm, value))
                return true;
        }
        return false;
    }
    json_object_foreach (json_object_get(payload->object, "products"), path, hashes) {
        if (has_digest(hashes, algorithm, value))
            return true;
    }
    return false;
}

bool
intoto_is_about(const IntotoPayload *payload, const Digest *digest)
{
    char hex[DIGEST_HEX_SIZE];

    if (payload->kind == INTOTO_STATEMENT)
        return statement_find_sha256(payload->statement, digest) != NULL;
    digest_to_hex(digest, hex);
    return intoto_names_digest(payload, "sha256", hex);
}

const char *
intoto_type(const IntotoPayload *payload)
{
    return payload->kind == INTOTO_STATEMENT ? payload->statement->predicate_type
                                             : intoto_kind_name(payload->kind);
}
