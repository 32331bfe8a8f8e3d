/* SPDX-License-Identifier: Apache-2.0
 * target_row: where projects publish to. */
#include <string.h>
#include "attest/object_name.h"
#include "base/json.h"
#include "base/log.h"
#include "proof/checkpoint.h"
#include "proof/public_key.h"
#include "publish/publish.h"
#include "service/engine_priv.h"
#include "service/publication.h"
#include "base/banned.h"

void
target_row_clear(TargetRow *row)
{
    g_clear_pointer(&row->name, g_free);
    g_clear_pointer(&row->type, g_free);
    g_clear_pointer(&row->location, g_free);
}

bool
target_row_load(DbConn *conn, const char *object, const char *name, TargetRow *out, GError **error)
{
    ObjectName release;
    g_autoptr(DbRows) rows = NULL;
    bool has_row = false;

    if (!object_name_parse(object, &release, error))
        return false;
    rows = db_select(conn, QUERY_TARGET_BY_NAME, DB_PARAMS(DB_TEXT(release.project), DB_TEXT(name)),
                     error);
    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    if (!has_row) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "project '%s' has no target '%s': set it with 'slipway target set %s/%s --type "
                  "directory --location FOLDER'",
                  release.project, name, release.project, name);
        return false;
    }
    *out = (TargetRow){ .name = g_strdup(name),
                        .type = g_strdup(db_rows_text(rows, 0)),
                        .location = g_strdup(db_rows_text(rows, 1)) };
    return true;
}

typedef struct SetTarget {
    const char *project;
    const TargetRow *row;
} SetTarget;

static bool
write_target(DbConn *conn, void *input, GError **error)
{
    const SetTarget *set = input;

    return db_exec(conn, QUERY_TARGET_UPSERT,
                   DB_PARAMS(DB_TEXT(set->project), DB_TEXT(set->row->name),
                             DB_TEXT(set->row->type), DB_TEXT(set->row->location)),
                   error);
}

bool
target_row_set(Engine *engine, const char *project, const TargetRow *row, GError **error)
{
    TargetConfig config = { .type = row->type, .name = row->name, .location = row->location };
    SetTarget set = { .project = project, .row = row };
    g_autoptr(Target) target = NULL;
    g_autofree char *object = object_name_place(OBJECT_TARGET, project, row->name, error);

    if (object == NULL)
        return false;
    target = target_open(&config, error);
    return target != NULL && target_check(target, error) &&
           db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_target, &set, error);
}

json_t *
target_row_list(Engine *engine, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows =
        reader != NULL ? db_select(reader, QUERY_TARGET_LIST, DB_NO_PARAMS, error) : NULL;
    g_autoptr(json_t) array = json_array();
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        json_array_append_new(array,
                              json_pack("{s:s, s:s, s:s, s:s}", "project", db_rows_text(rows, 0),
                                        "name", db_rows_text(rows, 1), "type",
                                        db_rows_text(rows, 2), "location", db_rows_text(rows, 3)));
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&array);
}

/* Asks one target. A note that is not ours, or damaged, says nothing about our log. */
static bool
find_checkpoint(const Engine *engine, const TargetConfig *config, const PublicKey *log_key,
                MerkleHead *head_out)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Target) target = target_open(config, &error);
    g_autoptr(GBytes) note = NULL;
    g_autoptr(Checkpoint) checkpoint = NULL;

    if (target != NULL && target_load_checkpoint(target, engine->origin, &note, &error) &&
        note != NULL)
        checkpoint = checkpoint_verify(span_of_bytes(note), engine->origin, log_key, &error);
    if (error != NULL)
        log_event(LOG_WARNING, "ignoring the checkpoint that a target keeps", "SLIPWAY_TARGET",
                  config->name, "SLIPWAY_CAUSE", error->message, NULL);
    if (checkpoint == NULL)
        return false;
    *head_out = checkpoint->head;
    return true;
}

/* Owned. */
static PublicKey *
log_public_key(Engine *engine, GError **error)
{
    g_autoptr(GPtrArray) keys = signer_public_keys(engine->signer, error);

    for (guint i = 0; keys != NULL && i < keys->len; i++) {
        const SignerPublicKey *key = keys->pdata[i];

        if (key->role == SIGNER_ROLE_LOG)
            return public_key_from_spki(span_of_bytes(key->spki), error);
    }
    if (keys != NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT, "this engine has no log key");
    return NULL;
}

GArray *
target_row_checkpoints(Engine *engine, GError **error)
{
    g_autoptr(GArray) heads = g_array_new(FALSE, FALSE, sizeof(MerkleHead));
    g_autoptr(PublicKey) log_key = log_public_key(engine, error);
    g_autoptr(json_t) targets = log_key != NULL ? target_row_list(engine, error) : NULL;
    size_t i = 0;
    json_t *target = NULL;

    if (targets == NULL)
        return NULL;
    json_array_foreach (targets, i, target) {
        TargetConfig config = {
            .type = json_string_value(json_object_get(target, "type")),
            .name = json_string_value(json_object_get(target, "name")),
            .location = json_string_value(json_object_get(target, "location")),
        };
        MerkleHead head = { 0 };

        if (find_checkpoint(engine, &config, log_key, &head))
            g_array_append_val(heads, head);
    }
    return g_steal_pointer(&heads);
}
