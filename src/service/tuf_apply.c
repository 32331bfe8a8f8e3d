/* SPDX-License-Identifier: Apache-2.0
 * tuf_apply: a signed proposal becomes the repository's next state, in one transaction. */
#include <string.h>
#include "service/tuf_publish_priv.h"
#include "service/tuf_repo_priv.h"
#include "base/banned.h"

#define MAX_DOCUMENTS 64

typedef struct Document {
    const char *role; /* borrowed from the proposal */
    const json_t *metadata;
    GBytes *file; /* owned */
} Document;

typedef struct Applier { /* freed together */
    TufState before, after;
    GArray *documents; /* owned, of Document */
} Applier;

static void
applier_clear(Applier *applier)
{
    tuf_state_clear(&applier->before);
    tuf_state_clear(&applier->after);
    for (guint i = 0; applier->documents != NULL && i < applier->documents->len; i++)
        g_bytes_unref(g_array_index(applier->documents, Document, i).file);
    g_clear_pointer(&applier->documents, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Applier, applier_clear)

static bool
refuse(GError **error, int code, const char *what, const char *role)
{
    error_set(error, BASE_ERROR, code, "'%s' %s", role, what);
    return false;
}

/* Each must be the version after the one we have. */
static bool
take_document(Applier *applier, const json_t *row, GError **error)
{
    const char *role = json_need_string(row, "role", "document", error);
    json_t *metadata = role != NULL ? json_need_object(row, "signed", "document", error) : NULL;
    json_t *signatures =
        metadata != NULL ? json_need_array(row, "signatures", "document", error) : NULL;
    g_autoptr(json_t) envelope = NULL;
    Document document = { .role = role, .metadata = metadata };
    int64_t now = 0;

    if (signatures == NULL)
        return false;
    now = tuf_version_of(json_object_get(applier->before.roles, role));
    if (tuf_version_of(metadata) != now + 1) {
        error_set(error, BASE_ERROR, BASE_ERROR_CONFLICT,
                  "the proposal holds '%s' version %" G_GINT64_FORMAT
                  " and the repository is at %" G_GINT64_FORMAT ": propose it again",
                  role, tuf_version_of(metadata), now);
        return false;
    }
    envelope = json_pack("{s:O, s:O}", "signed", metadata, "signatures", signatures);
    document.file = tuf_build_file(envelope, role, error);
    if (document.file == NULL)
        return false;
    g_array_append_val(applier->documents, document);
    return tuf_state_put(&applier->after, role, document.file, error);
}

static bool
take_documents(Applier *applier, const json_t *proposal, GError **error)
{
    json_t *rows = json_need_array(proposal, "documents", "proposal", error);

    if (rows == NULL)
        return false;
    if (json_array_size(rows) == 0 || json_array_size(rows) > MAX_DOCUMENTS)
        return refuse(error, BASE_ERROR_INVALID, "holds no document, or too many", "proposal");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        if (!take_document(applier, json_array_get(rows, i), error))
            return false;
    }
    return true;
}

static bool
check_role(const TufState *by, const TufState *state, const char *role, GError **error)
{
    const char *delegator = tuf_state_delegator(by, role);
    GBytes *above = delegator != NULL ? g_hash_table_lookup(by->files, delegator) : NULL;
    GBytes *file = g_hash_table_lookup(state->files, role);

    if (above == NULL || file == NULL)
        return refuse(error, BASE_ERROR_NOT_FOUND, "is a role that nobody delegates to", role);
    return tuf_build_check(span_of_bytes(above), role, span_of_bytes(file), error);
}

/* Every file that clients will find is signed as those above it ask; where the root changes, also as
 * the root before asked, which some clients still have. */
static bool
check_signatures(const Applier *applier, GError **error)
{
    const char *role = NULL;
    json_t *metadata = NULL;
    bool rotated =
        applier->before.roots->len > 0 && applier->after.roots->len > applier->before.roots->len;

    json_object_foreach (applier->after.roles, role, metadata) {
        if (tuf_state_delegator(&applier->after, role) == NULL &&
            json_object_get(applier->before.roles, role) != NULL)
            continue; /* let go of; clients do not ask for it */
        if (!check_role(&applier->after, &applier->after, role, error))
            return false;
    }
    if (rotated && (!check_role(&applier->before, &applier->after, "root", error) ||
                    !check_role(&applier->before, &applier->after, TUF_TARGETS, error))) {
        error_prefix(error, "clients that have the root before");
        return false;
    }
    return true;
}

static bool
check_blobs(Engine *engine, const Document *document, GError **error)
{
    const char *path = NULL;
    json_t *row = NULL;

    json_object_foreach (json_object_get(document->metadata, "targets"), path, row) {
        const char *hex =
            json_string_value(json_object_get(json_object_get(row, "hashes"), "sha256"));
        Digest digest;

        if (!digest_from_hex(hex != NULL ? hex : "", &digest, error))
            return false;
        if (!store_has(engine->store, &digest)) {
            error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                      "the bytes of target '%s' are gone from the store: add it again", path);
            return false;
        }
    }
    return true;
}

/* ---- keeping it -------------------------------------------------------------------------------- */

static bool
write_targets(DbConn *conn, const Document *document, GError **error)
{
    const char *path = NULL;
    json_t *row = NULL;

    if (!db_exec(conn, QUERY_TUF_TARGET_CLEAR, DB_PARAMS(DB_TEXT(document->role)), error))
        return false;
    json_object_foreach (json_object_get(document->metadata, "targets"), path, row) {
        g_autofree char *digest = g_strconcat(
            "sha256:", json_string_value(json_object_get(json_object_get(row, "hashes"), "sha256")),
            NULL);

        if (!db_exec(conn, QUERY_TUF_TARGET_ADD,
                     DB_PARAMS(DB_TEXT(document->role), DB_TEXT(path), DB_TEXT(digest)), error))
            return false;
    }
    return true;
}

static bool
write_documents(DbConn *conn, void *input, GError **error)
{
    const Applier *applier = input;

    for (guint i = 0; i < applier->documents->len; i++) {
        const Document *document = &g_array_index(applier->documents, Document, i);
        Span file = span_of_bytes(document->file);
        g_autofree char *text = g_strndup((const char *)file.data, file.len);

        if (!db_exec(conn, QUERY_TUF_ROLE_ADD,
                     DB_PARAMS(DB_TEXT(document->role), DB_INT(tuf_version_of(document->metadata)),
                               DB_TEXT(text)),
                     error) ||
            !write_targets(conn, document, error))
            return false;
    }
    return true;
}

bool
tuf_repo_apply(Engine *engine, const json_t *proposal, json_t **result_out, GError **error)
{
    g_auto(Applier) applier = { .documents = g_array_new(FALSE, TRUE, sizeof(Document)) };
    const char *origin = json_need_string(proposal, "origin", "proposal", error);

    if (origin == NULL)
        return false;
    if (strcmp(origin, engine->origin) != 0)
        return refuse(error, BASE_ERROR_INVALID, "is the engine this proposal is for", origin);
    if (!tuf_state_load(engine, &applier.before, error) ||
        !tuf_state_load(engine, &applier.after, error) ||
        !take_documents(&applier, proposal, error) || !check_signatures(&applier, error))
        return false;
    for (guint i = 0; i < applier.documents->len; i++) {
        if (!check_blobs(engine, &g_array_index(applier.documents, Document, i), error))
            return false;
    }
    if (!db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_documents, &applier, error))
        return false;
    if (!tuf_publish_home(engine, error)) {
        error_prefix(error, "the change is kept, but not published yet");
        return false;
    }
    return tuf_repo_show(engine, result_out, error);
}
