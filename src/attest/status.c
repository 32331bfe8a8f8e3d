/* SPDX-License-Identifier: Apache-2.0
 * status: the lists of status.json. All are by rising index, so equal facts give equal bytes. */
#include "attest/status.h"
#include <assert.h>
#include "attest/dsse.h"
#include "attest/object_name.h"
#include "base/limits.h"
#include "proof/checkpoint.h"
#include "base/banned.h"

#define WHERE       "status"
#define MAX_ENTRIES 1000000

static const char *const effects[REVOKED_N_EFFECTS] = {
    [REVOKED_NONE] = "",
    [REVOKED_UNTRUSTED] = "untrusted",
    [REVOKED_WITHDRAWN] = "withdrawn",
    [REVOKED_DEPRECATED] = "deprecated",
    [REVOKED_REJECTED] = "rejected",
};

const char *
revoked_effect_name(RevokedEffect effect)
{
    assert(effect < REVOKED_N_EFFECTS);
    return effects[effect];
}

RevokedEffect
revoked_effect_from_name(const char *name)
{
    for (RevokedEffect effect = REVOKED_NONE + 1; effect < REVOKED_N_EFFECTS; effect++) {
        if (strcmp(effects[effect], name) == 0)
            return effect;
    }
    return REVOKED_NONE;
}

static void
entry_free(void *data)
{
    StatusEntry *entry = data;

    g_free(entry->object);
    g_free(entry);
}

void
status_revoked_free(StatusRevoked *revoked)
{
    if (revoked == NULL)
        return;
    g_free(revoked->object);
    g_free(revoked->key);
    g_free(revoked);
}

static void
revoked_free(void *data)
{
    status_revoked_free(data);
}

Status *
status_new(const char *log)
{
    Status *status = g_new0(Status, 1);

    status->log = g_strdup(log);
    status->roots = g_ptr_array_new_with_free_func(entry_free);
    status->rosters = g_ptr_array_new_with_free_func(entry_free);
    status->revoked = g_ptr_array_new_with_free_func(revoked_free);
    status->voids = g_ptr_array_new_with_free_func(entry_free);
    return status;
}

static void
add_entry(GPtrArray *list, const char *object, const Digest *statement, int64_t index)
{
    StatusEntry *entry = g_new0(StatusEntry, 1);

    entry->object = g_strdup(object);
    entry->statement = *statement;
    entry->index = index;
    g_ptr_array_add(list, entry);
}

void
status_add_root(Status *status, const Digest *statement, int64_t index)
{
    add_entry(status->roots, NULL, statement, index);
}

void
status_add_roster(Status *status, const char *object, const Digest *statement, int64_t index)
{
    add_entry(status->rosters, object, statement, index);
}

void
status_add_void(Status *status, const Digest *statement, int64_t index)
{
    add_entry(status->voids, NULL, statement, index);
}

void
status_take_revoked(Status *status, StatusRevoked *revoked)
{
    g_ptr_array_add(status->revoked, revoked);
}

static bool
invalid(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, WHERE ".%s", why);
    return false;
}

/* Indexes do not fall and lie below the size. */
static bool
check_index(const Status *status, int64_t index, int64_t *last, GError **error)
{
    if (index < *last || index < 0 || (uint64_t)index >= status->head.size)
        return invalid(error, "a list is not by index or reaches over the size");
    *last = index;
    return true;
}

static bool
check_entries(const Status *status, const GPtrArray *list, bool has_objects, GError **error)
{
    int64_t last = -1;

    for (size_t i = 0; i < list->len; i++) {
        const StatusEntry *entry = list->pdata[i];
        ObjectName name;
        if (!check_index(status, entry->index, &last, error))
            return false;
        last++; /* one fact an index */
        if (!has_objects)
            continue;
        if (!object_name_parse(entry->object, &name, error))
            return false;
        if (name.kind != OBJECT_ROSTER)
            return invalid(error, "rosters names no roster");
    }
    return true;
}

static bool
check_revoked(const Status *status, GError **error)
{
    int64_t last = 0;

    for (size_t i = 0; i < status->revoked->len; i++) {
        const StatusRevoked *revoked = status->revoked->pdata[i];
        if (!check_index(status, revoked->index, &last, error))
            return false;
        if ((revoked->object == NULL) == (revoked->key == NULL))
            return invalid(error, "revoked wants exactly one of object and key");
        if (revoked->effect == REVOKED_NONE)
            return invalid(error, "revoked has an unknown effect");
        if (revoked->has_from_index && revoked->from_index < 0)
            return invalid(error, "revoked has a negative index");
    }
    return true;
}

static bool
check_status(const Status *status, GError **error)
{
    if (!origin_is_valid(status->log))
        return invalid(error, "log is not an origin");
    if (status->expires_us < status->issued_us)
        return invalid(error, "expires is before issued");
    if (status->head.size > INT64_MAX)
        return invalid(error, "size is out of range");
    return check_entries(status, status->roots, false, error) &&
           check_entries(status, status->rosters, true, error) &&
           check_entries(status, status->voids, false, error) && check_revoked(status, error);
}

static json_t *
entries_to_json(const GPtrArray *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->len; i++) {
        const StatusEntry *entry = list->pdata[i];
        json_t *item = json_object();
        if (entry->object != NULL)
            json_object_set_new(item, "object", json_string(entry->object));
        json_object_set_new(item, "statement", json_digest(&entry->statement));
        json_object_set_new(item, "index", json_integer(entry->index));
        json_array_append_new(array, item);
    }
    return array;
}

static json_t *
revoked_to_json(const GPtrArray *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->len; i++) {
        const StatusRevoked *revoked = list->pdata[i];
        json_t *item = json_object();
        if (revoked->object != NULL)
            json_object_set_new(item, "object", json_string(revoked->object));
        else
            json_object_set_new(item, "key", json_string(revoked->key));
        json_object_set_new(item, "statement", json_digest(&revoked->statement));
        json_object_set_new(item, "index", json_integer(revoked->index));
        json_object_set_new(item, "effect", json_string(revoked_effect_name(revoked->effect)));
        json_object_set_new(item, "fromIndex",
                            revoked->has_from_index ? json_integer(revoked->from_index)
                                                    : json_null());
        json_array_append_new(array, item);
    }
    return array;
}

/* What the log alone decides. */
static json_t *
facts_to_json(const Status *status)
{
    json_t *object = json_object();

    json_object_set_new(object, "log", json_string(status->log));
    json_object_set_new(object, "size", json_integer((json_int_t)status->head.size));
    json_object_set_new(object, "rootHash", json_digest(&status->head.root));
    json_object_set_new(object, "roots", entries_to_json(status->roots));
    json_object_set_new(object, "rosters", entries_to_json(status->rosters));
    json_object_set_new(object, "revoked", revoked_to_json(status->revoked));
    json_object_set_new(object, "void", entries_to_json(status->voids));
    return object;
}

GBytes *
status_build(const Status *status, GError **error)
{
    size_t len = 0;

    if (!check_status(status, error)) {
        error_prefix(error, "cannot write status");
        return NULL;
    }
    g_autoptr(json_t) object = facts_to_json(status);
    json_object_set_new(object, "number", json_integer(status->number));
    json_object_set_new(object, "issued", json_integer(status->issued_us));
    json_object_set_new(object, "expires", json_integer(status->expires_us));
    char *text = json_canonical(object, &len, error);
    return text != NULL ? g_bytes_new_take(text, len) : NULL;
}

bool
status_same_facts(const Status *a, const Status *b)
{
    g_autoptr(json_t) left = facts_to_json(a);
    g_autoptr(json_t) right = facts_to_json(b);

    return json_equal(left, right) == 1;
}

static const json_t *
need_list(const json_t *object, const char *key, GError **error)
{
    const json_t *list = json_need_array(object, key, WHERE, error);

    if (list != NULL && json_array_size(list) > MAX_ENTRIES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, WHERE ".%s has over %d members", key,
                  MAX_ENTRIES);
        return NULL;
    }
    return list;
}

static bool
read_entries(GPtrArray *out, const json_t *object, const char *key, GError **error)
{
    static const char *const with_object[] = { "object", "statement", "index", NULL };
    const json_t *list = need_list(object, key, error);
    bool has_objects = strcmp(key, "rosters") == 0;
    const char *const *members = has_objects ? with_object : with_object + 1;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *name = NULL;
        Digest statement;
        int64_t index;
        if (!json_only_keys(item, members, key, error) ||
            (has_objects && (name = json_need_string(item, "object", key, error)) == NULL) ||
            !json_need_digest(item, "statement", key, &statement, error) ||
            !json_need_uint(item, "index", key, &index, error))
            return false;
        add_entry(out, name, &statement, index);
    }
    return list != NULL;
}

static StatusRevoked *
read_revoked(const json_t *item, GError **error)
{
    static const char *const members[] = { "object", "key",       "statement", "index",
                                           "effect", "fromIndex", NULL };
    const json_t *from = json_object_get(item, "fromIndex");
    const char *key = json_object_get(item, "key") != NULL ? "key" : "object";
    const char *effect = NULL, *name = NULL;
    StatusRevoked revoked = { .has_from_index = !json_is_null(from) };

    if (!json_only_keys(item, members, "revoked", error) ||
        (name = json_need_string(item, key, "revoked", error)) == NULL ||
        !json_need_digest(item, "statement", "revoked", &revoked.statement, error) ||
        !json_need_uint(item, "index", "revoked", &revoked.index, error) ||
        (effect = json_need_string(item, "effect", "revoked", error)) == NULL ||
        (revoked.has_from_index &&
         !json_need_uint(item, "fromIndex", "revoked", &revoked.from_index, error)))
        return NULL;
    revoked.effect = revoked_effect_from_name(effect);
    if (strcmp(key, "key") == 0)
        revoked.key = g_strdup(name);
    else
        revoked.object = g_strdup(name);
    return g_memdup2(&revoked, sizeof revoked);
}

static bool
read_all_revoked(Status *status, const json_t *object, GError **error)
{
    const json_t *list = need_list(object, "revoked", error);

    for (size_t i = 0; i < json_array_size(list); i++) {
        StatusRevoked *revoked = read_revoked(json_array_get(list, i), error);
        if (revoked == NULL)
            return false;
        status_take_revoked(status, revoked);
    }
    return list != NULL;
}

static bool
read_members(Status *status, const json_t *object, GError **error)
{
    static const char *const members[] = { "log",     "number",  "size",  "rootHash",
                                           "issued",  "expires", "roots", "rosters",
                                           "revoked", "void",    NULL };
    int64_t size = 0;

    if (!json_only_keys(object, members, WHERE, error) ||
        !json_need_uint(object, "number", WHERE, &status->number, error) ||
        !json_need_uint(object, "size", WHERE, &size, error) ||
        !json_need_digest(object, "rootHash", WHERE, &status->head.root, error) ||
        !json_need_uint(object, "issued", WHERE, &status->issued_us, error) ||
        !json_need_uint(object, "expires", WHERE, &status->expires_us, error))
        return false;
    status->head.size = (uint64_t)size;
    return read_entries(status->roots, object, "roots", error) &&
           read_entries(status->rosters, object, "rosters", error) &&
           read_entries(status->voids, object, "void", error) &&
           read_all_revoked(status, object, error) && check_status(status, error);
}

static Status *
read_status(Span payload, GError **error)
{
    g_autoptr(json_t) object = json_parse(payload, LIMIT_JSON_BYTES, error);
    const char *log = object != NULL ? json_need_string(object, "log", WHERE, error) : NULL;

    if (log == NULL)
        return NULL;
    g_autoptr(Status) status = status_new(log);
    if (!read_members(status, object, error))
        return NULL;
    if (!json_is_canonical(payload, object)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "the bytes are not canonical JSON");
        return NULL;
    }
    return g_steal_pointer(&status);
}

Status *
status_parse(Span payload, GError **error)
{
    Status *status = read_status(payload, error);

    if (status == NULL)
        error_prefix(error, "cannot read status");
    return status;
}

Status *
status_open(Span envelope, const PublicKey *key, GError **error)
{
    g_autoptr(DsseEnvelope) read = dsse_parse(envelope, error);

    if (read == NULL)
        return NULL;
    if (strcmp(read->payload_type, DSSE_TYPE_STATUS) != 0 || read->signatures->len != 1) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot read status: wanted one signature over '" DSSE_TYPE_STATUS "'");
        return NULL;
    }
    if (!dsse_verify(read, key, error))
        return NULL;
    return status_parse(span_of_bytes(read->payload), error);
}

void
status_free(Status *status)
{
    if (status == NULL)
        return;
    g_free(status->log);
    g_clear_pointer(&status->roots, g_ptr_array_unref);
    g_clear_pointer(&status->rosters, g_ptr_array_unref);
    g_clear_pointer(&status->revoked, g_ptr_array_unref);
    g_clear_pointer(&status->voids, g_ptr_array_unref);
    g_free(status);
}
