/* SPDX-License-Identifier: Apache-2.0
 * timestamp: asks the signer once a leaf, and remembers. */
#include "service/timestamp.h"
#include "attest/leaf.h"
#include "proof/merkle.h"
#include "service/engine_priv.h"
#include "base/banned.h"

static bool
find(Engine *engine, const char *leaf_hash, GBytes **response_out, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows = reader != NULL ? db_select(reader, QUERY_TIMESTAMP_BY_LEAF,
                                                        DB_PARAMS(DB_TEXT(leaf_hash)), error)
                                            : NULL;
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    if (has_row) {
        Span response = db_rows_blob(rows, 0);

        *response_out = g_bytes_new(response.data, response.len);
    }
    return true;
}

typedef struct Kept {
    const char *leaf_hash;
    Span response;
} Kept;

static bool
keep(DbConn *conn, void *input, GError **error)
{
    const Kept *kept = input;

    return db_exec(conn, QUERY_TIMESTAMP_INSERT,
                   DB_PARAMS(DB_TEXT(kept->leaf_hash), DB_BLOB(kept->response)), error);
}

/* Makes one; whoever was faster at keeping one wins, so that all readers see the same. */
static bool
make(Engine *engine, const char *leaf_hash, Span signature, GBytes **response_out, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) made = signer_timestamp(engine->signer, signature, &local);

    if (made == NULL && g_error_matches(local, SIGNER_ERROR, SIGNER_ERROR_NO_KEY))
        return true;
    if (made == NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    Kept kept = { .leaf_hash = leaf_hash, .response = span_of_bytes(made) };
    return db_write(engine->db, DB_LANE_ACKNOWLEDGED, keep, &kept, error) &&
           find(engine, leaf_hash, response_out, error);
}

bool
timestamp_of_leaf(Engine *engine, Span leaf, GBytes **response_out, GError **error)
{
    Digest hash = merkle_leaf_hash(leaf);
    char name[DIGEST_STRING_SIZE];
    g_autoptr(Leaf) parsed = leaf_parse(leaf, error);

    *response_out = NULL;
    digest_to_string(&hash, name);
    if (parsed == NULL || !find(engine, name, response_out, error))
        return false;
    return *response_out != NULL ||
           make(engine, name, span_of_bytes(parsed->signature), response_out, error);
}

GBytes *
timestamp_answer(Engine *engine, Span request, GError **error)
{
    return signer_answer_timestamp(engine->signer, request, error);
}
