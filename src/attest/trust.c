/* SPDX-License-Identifier: Apache-2.0
 * trust: {slipwayTrust, origin, root, witnessPolicy, accept, maxAge}. An unknown member is an
 * error: a rule somebody wrote must not be passed over. */
#include "attest/trust.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "proof/checkpoint.h"
#include "base/banned.h"

#define WHERE              "trust"
#define VERSION            1
#define MAX_RULES          10000
#define FINGERPRINT_GROUPS 5

static void
accept_free(void *data)
{
    TrustAccept *accept = data;

    g_free(accept->object);
    g_clear_pointer(&accept->source, g_ptr_array_unref);
    g_clear_pointer(&accept->builders, g_ptr_array_unref);
    g_clear_pointer(&accept->approvers, g_ptr_array_unref);
    g_free(accept);
}

Trust *
trust_new(const char *origin, const Digest *root)
{
    Trust *trust = g_new0(Trust, 1);

    trust->origin = g_strdup(origin);
    trust->root = *root;
    trust->accept = g_ptr_array_new_with_free_func(accept_free);
    trust->max_age_s = -1;
    return trust;
}

TrustAccept *
trust_add_accept(Trust *trust, const char *object, int64_t approvals)
{
    TrustAccept *accept = g_new0(TrustAccept, 1);

    accept->object = g_strdup(object);
    accept->source = g_ptr_array_new_with_free_func(g_free);
    accept->builders = g_ptr_array_new_with_free_func(g_free);
    accept->approvals = approvals;
    g_ptr_array_add(trust->accept, accept);
    return accept;
}

static bool
invalid(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, WHERE ".%s", why);
    return false;
}

static bool
pattern_is_valid(const char *pattern)
{
    const char *star = strchr(pattern, '*');

    return *pattern != '\0' && (star == NULL || strchr(star + 1, '*') == NULL);
}

static bool
check_patterns(const GPtrArray *list, GError **error)
{
    for (size_t i = 0; i < list->len; i++) {
        if (!pattern_is_valid(list->pdata[i]))
            return invalid(error, "accept has a pattern that is empty or has two '*'");
    }
    return true;
}

static bool
check_accept(const TrustAccept *accept, GError **error)
{
    Digest digest;

    if (!pattern_is_valid(accept->object))
        return invalid(error, "accept.object is empty or has two '*'");
    if (accept->approvals < 0)
        return invalid(error, "accept.approvals is negative");
    for (size_t i = 0; accept->approvers != NULL && i < accept->approvers->len; i++) {
        if (!digest_from_hex(accept->approvers->pdata[i], &digest, NULL))
            return invalid(error, "accept.approvers has a member that is not a key id");
    }
    return check_patterns(accept->source, error) && check_patterns(accept->builders, error);
}

static bool
check_trust(const Trust *trust, GError **error)
{
    if (!origin_is_valid(trust->origin))
        return invalid(error, "origin is not an origin");
    if (trust->max_age_s < -1)
        return invalid(error, "maxAge is negative");
    for (size_t i = 0; i < trust->accept->len; i++) {
        if (!check_accept(trust->accept->pdata[i], error))
            return false;
    }
    return true;
}

static json_t *
texts_to_json(const GPtrArray *list)
{
    json_t *array = json_array();

    if (list == NULL) {
        json_decref(array);
        return json_null();
    }
    for (size_t i = 0; i < list->len; i++)
        json_array_append_new(array, json_string(list->pdata[i]));
    return array;
}

static json_t *
accept_to_json(const TrustAccept *accept)
{
    json_t *object = json_object();

    json_object_set_new(object, "object", json_string(accept->object));
    json_object_set_new(object, "source", texts_to_json(accept->source));
    json_object_set_new(object, "builders", texts_to_json(accept->builders));
    json_object_set_new(object, "approvers", texts_to_json(accept->approvers));
    json_object_set_new(object, "approvals", json_integer(accept->approvals));
    return object;
}

char *
trust_build(const Trust *trust, GError **error)
{
    g_autoptr(json_t) object = json_object();
    json_t *accept = json_array();

    for (size_t i = 0; i < trust->accept->len; i++)
        json_array_append_new(accept, accept_to_json(trust->accept->pdata[i]));
    json_object_set_new(object, "slipwayTrust", json_integer(VERSION));
    json_object_set_new(object, "origin", json_string(trust->origin));
    json_object_set_new(object, "root", json_digest(&trust->root));
    json_object_set_new(object, "witnessPolicy", json_string_or_null(trust->witness_policy));
    json_object_set_new(object, "accept", accept);
    json_object_set_new(object, "maxAge",
                        trust->max_age_s >= 0 ? json_integer(trust->max_age_s) : json_null());
    if (!check_trust(trust, error)) {
        error_prefix(error, "cannot write trust file");
        return NULL;
    }
    return json_pretty(object);
}

/* A list of texts; NULL in *@out for JSON null where @nullable. */
static bool
read_texts(const json_t *object, const char *key, bool nullable, GPtrArray **out, GError **error)
{
    const json_t *list = json_object_get(object, key);

    g_clear_pointer(out, g_ptr_array_unref);
    if (nullable && json_is_null(list))
        return true;
    if (json_need_array(object, key, "accept", error) == NULL)
        return false;
    *out = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text == NULL) {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                      "accept.%s has a member that is not text", key);
            return false;
        }
        g_ptr_array_add(*out, g_strdup(text));
    }
    return true;
}

static bool
read_accept(Trust *trust, const json_t *item, GError **error)
{
    static const char *const members[] = { "object",    "source",    "builders",
                                           "approvers", "approvals", NULL };
    const char *object = NULL;
    int64_t approvals = 0;

    if (!json_only_keys(item, members, "accept", error) ||
        (object = json_need_string(item, "object", "accept", error)) == NULL ||
        !json_need_uint(item, "approvals", "accept", &approvals, error))
        return false;

    TrustAccept *accept = trust_add_accept(trust, object, approvals);
    bool ok = read_texts(item, "source", false, &accept->source, error) &&
              read_texts(item, "builders", false, &accept->builders, error);
    return ok && (json_object_get(item, "approvers") != NULL
                      ? read_texts(item, "approvers", true, &accept->approvers, error)
                      : invalid(error, "accept.approvers is missing"));
}

static Trust *
read_trust(const json_t *object, GError **error)
{
    static const char *const members[] = { "slipwayTrust", "origin", "root", "witnessPolicy",
                                           "accept",       "maxAge", NULL };
    const json_t *max_age = json_object_get(object, "maxAge");
    const json_t *accept = NULL;
    const char *origin = NULL, *witness_policy = NULL;
    int64_t version = 0;
    Digest root;

    if (!json_only_keys(object, members, WHERE, error) ||
        !json_need_uint(object, "slipwayTrust", WHERE, &version, error) ||
        (origin = json_need_string(object, "origin", WHERE, error)) == NULL ||
        !json_need_digest(object, "root", WHERE, &root, error) ||
        !json_need_string_or_null(object, "witnessPolicy", WHERE, &witness_policy, error) ||
        (accept = json_need_array(object, "accept", WHERE, error)) == NULL)
        return NULL;
    if (version != VERSION || json_array_size(accept) > MAX_RULES) {
        (void)invalid(error, "slipwayTrust is not 1, or accept has over 10000 rules");
        return NULL;
    }

    g_autoptr(Trust) trust = trust_new(origin, &root);
    trust->witness_policy = g_strdup(witness_policy);
    if (!json_is_null(max_age) &&
        !json_need_uint(object, "maxAge", WHERE, &trust->max_age_s, error))
        return NULL;
    for (size_t i = 0; i < json_array_size(accept); i++) {
        if (!read_accept(trust, json_array_get(accept, i), error))
            return NULL;
    }
    return check_trust(trust, error) ? g_steal_pointer(&trust) : NULL;
}

Trust *
trust_parse(Span text, GError **error)
{
    g_autoptr(json_t) object = json_parse(text, LIMIT_JSON_BYTES, error);
    Trust *trust = object != NULL ? read_trust(object, error) : NULL;

    if (trust == NULL)
        error_prefix(error, "cannot read trust file");
    return trust;
}

char *
trust_fingerprint(const Trust *trust)
{
    const Span parts[] = { span_of_text(trust->origin), span_of_text("\n"),
                           span_of(trust->root.bytes, DIGEST_SIZE) };
    Digest digest = digest_of_parts(parts, G_N_ELEMENTS(parts));
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < FINGERPRINT_GROUPS; i++)
        g_string_append_printf(text, "%s%02x%02x", i > 0 ? "-" : "", digest.bytes[2 * i],
                               digest.bytes[2 * i + 1]);
    return g_string_free(text, FALSE);
}

bool
trust_pattern_fits(const char *pattern, const char *text)
{
    const char *star = strchr(pattern, '*');

    if (star == NULL)
        return strcmp(pattern, text) == 0;
    size_t before = (size_t)(star - pattern);
    return strlen(text) >= strlen(pattern) - 1 && strncmp(pattern, text, before) == 0 &&
           g_str_has_suffix(text + before, star + 1);
}

const TrustAccept *
trust_find_accept(const Trust *trust, const char *object)
{
    for (size_t i = 0; i < trust->accept->len; i++) {
        const TrustAccept *accept = trust->accept->pdata[i];
        if (trust_pattern_fits(accept->object, object))
            return accept;
    }
    return NULL;
}

void
trust_free(Trust *trust)
{
    if (trust == NULL)
        return;
    g_free(trust->origin);
    g_free(trust->witness_policy);
    g_clear_pointer(&trust->accept, g_ptr_array_unref);
    g_free(trust);
}
