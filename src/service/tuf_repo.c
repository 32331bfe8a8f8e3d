/* SPDX-License-Identifier: Apache-2.0
 * tuf_repo: what people signed, read and shown. */
#include "service/tuf_repo.h"
#include <fcntl.h>
#include <string.h>
#include "base/files.h"
#include "base/limits.h"
#include "service/tuf_repo_priv.h"
#include "base/banned.h"

static const char *const change_names[TUF_N_CHANGES] = {
    [TUF_CHANGE_NONE] = "none",         [TUF_CHANGE_INIT] = "init",
    [TUF_CHANGE_ROOT] = "root",         [TUF_CHANGE_TARGETS] = "targets",
    [TUF_CHANGE_DELEGATE] = "delegate", [TUF_CHANGE_RENEW] = "renew",
};

TufChangeKind
tuf_change_from_name(const char *name)
{
    for (TufChangeKind kind = TUF_CHANGE_INIT; kind < TUF_N_CHANGES; kind++) {
        if (strcmp(change_names[kind], name) == 0)
            return kind;
    }
    return TUF_CHANGE_NONE;
}

/* ---- the state --------------------------------------------------------------------------------- */

static void
free_bytes(void *bytes)
{
    g_bytes_unref(bytes);
}

static void
state_init(TufState *state)
{
    state->roots = g_ptr_array_new_with_free_func(free_bytes);
    state->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_bytes);
    state->roles = json_object();
}

void
tuf_state_clear(TufState *state)
{
    g_clear_pointer(&state->roots, g_ptr_array_unref);
    g_clear_pointer(&state->files, g_hash_table_unref);
    g_clear_pointer(&state->roles, json_decref);
}

int64_t
tuf_version_of(const json_t *metadata)
{
    return json_integer_value(json_object_get(metadata, "version"));
}

bool
tuf_state_put(TufState *state, const char *role, GBytes *file, GError **error)
{
    g_autoptr(json_t) envelope = json_parse(span_of_bytes(file), TUF_MAX_TARGETS_BYTES, error);
    json_t *metadata =
        envelope != NULL ? json_need_object(envelope, "signed", "TUF metadata", error) : NULL;

    if (metadata == NULL)
        return false;
    json_object_set(state->roles, role, metadata);
    g_hash_table_replace(state->files, g_strdup(role), g_bytes_ref(file));
    if (strcmp(role, "root") == 0)
        g_ptr_array_add(state->roots, g_bytes_ref(file));
    return true;
}

bool
tuf_state_load(Engine *engine, TufState *out, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows =
        reader != NULL ? db_select(reader, QUERY_TUF_ROLE_LIST, DB_NO_PARAMS, error) : NULL;
    g_auto(TufState) state = { 0 };
    bool has_row = false;

    state_init(&state);
    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    while (has_row) { /* by role, then version: the last one stays */
        const char *text = db_rows_text(rows, 2);
        g_autoptr(GBytes) file = g_bytes_new(text, strlen(text));

        if (!tuf_state_put(&state, db_rows_text(rows, 0), file, error) ||
            !db_rows_next(rows, &has_row, error))
            return false;
    }
    *out = state;
    state = (TufState){ 0 };
    return true;
}

const json_t *
tuf_state_root(const TufState *state)
{
    return json_object_get(state->roles, "root");
}

bool
tuf_state_need(const TufState *state, GError **error)
{
    if (tuf_state_root(state) != NULL)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
              "this engine has no TUF repository yet: 'slipway tuf repo init'");
    return false;
}

/* What @metadata says of @role as one it delegates to; NULL: nothing. Borrowed. */
static const json_t *
delegation_of(const json_t *metadata, const char *role)
{
    const json_t *roles = json_object_get(json_object_get(metadata, "delegations"), "roles");

    for (size_t i = 0; i < json_array_size(roles); i++) {
        const json_t *row = json_array_get(roles, i);

        if (strcmp(json_string_value(json_object_get(row, "name")), role) == 0)
            return row;
    }
    return NULL;
}

const char *
tuf_state_delegator(const TufState *state, const char *role)
{
    const char *name = NULL;
    json_t *metadata = NULL;

    if (json_object_get(json_object_get(tuf_state_root(state), "roles"), role) != NULL)
        return "root";
    json_object_foreach (state->roles, name, metadata) {
        if (delegation_of(metadata, role) != NULL)
            return name;
    }
    return NULL;
}

bool
tuf_state_signers(const TufState *state, const char *role, const json_t **keyids_out,
                  int64_t *threshold_out)
{
    const char *delegator = tuf_state_delegator(state, role);
    const json_t *row = NULL;

    if (delegator == NULL)
        return false;
    row = strcmp(delegator, "root") == 0
              ? json_object_get(json_object_get(tuf_state_root(state), "roles"), role)
              : delegation_of(json_object_get(state->roles, delegator), role);
    *keyids_out = json_object_get(row, "keyids");
    *threshold_out = json_integer_value(json_object_get(row, "threshold"));
    return true;
}

/* ---- looking at it ----------------------------------------------------------------------------- */

static json_t *
show_role(const TufState *state, const char *role, const json_t *metadata)
{
    const json_t *keyids = NULL;
    int64_t threshold = 0;
    json_t *row =
        json_pack("{s:s, s:I, s:O}", "role", role, "version", (json_int_t)tuf_version_of(metadata),
                  "expires", json_object_get(metadata, "expires"));

    if (tuf_state_signers(state, role, &keyids, &threshold)) {
        json_object_set_new(row, "threshold", json_integer(threshold));
        json_object_set(row, "keys", (json_t *)keyids);
    }
    if (json_object_get(metadata, "targets") != NULL)
        json_object_set(row, "targets", json_object_get(metadata, "targets"));
    return row;
}

bool
tuf_repo_show(Engine *engine, json_t **result_out, GError **error)
{
    g_auto(TufState) state = { 0 };
    json_t *roles = NULL;
    const char *name = NULL;
    json_t *metadata = NULL;

    if (!tuf_state_load(engine, &state, error) || !tuf_state_need(&state, error))
        return false;
    roles = json_array();
    json_object_foreach (state.roles, name, metadata)
        json_array_append_new(roles, show_role(&state, name, metadata));
    *result_out = json_pack("{s:o}", "roles", roles);
    return true;
}

bool
tuf_repo_stage(Engine *engine, const char *path, json_t **result_out, GError **error)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    AUTO_FD int blob = -1;
    uint64_t size = 0;
    Digest digest;

    if (fd < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "cannot open '%s'", path);
        return false;
    }
    if (!store_put_fd(engine->store, fd, LIMIT_ARTIFACT_BYTES, &digest, error))
        return false;
    blob = store_open_blob(engine->store, &digest, &size, error);
    if (blob < 0)
        return false;
    *result_out = json_pack("{s:o, s:I}", "digest", json_digest(&digest), "size", (json_int_t)size);
    return true;
}
