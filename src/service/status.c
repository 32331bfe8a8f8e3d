/* SPDX-License-Identifier: Apache-2.0
 * status: checkpoint first, then the fold read at the same size. */
#include "attest/status.h"
#include <string.h>
#include "attest/dsse.h"
#include "base/json.h"
#include "fact/status_build.h"
#include "proof/public_key.h"
#include "service/engine_view.h"
#include "service/engine_priv.h"
#include "service/status.h"
#include "service/witness_client.h"
#include "base/banned.h"

#define STATUS_MAX_TRIES 16 /* the log may grow between checkpoint and fold */

void
status_files_clear(StatusFiles *files)
{
    g_clear_pointer(&files->checkpoint, g_bytes_unref);
    g_clear_pointer(&files->status, g_bytes_unref);
}

typedef struct TakeNumber {
    const char *origin;
    int64_t now_us;
    int64_t number;
} TakeNumber;

/* Numbers are times where the clock allows, so that a lost database does not repeat one. */
static bool
take_number(DbConn *conn, void *input, GError **error)
{
    TakeNumber *take = input;
    bool found = false;

    return db_select_int(conn, QUERY_STATUS_TAKE_NUMBER,
                         DB_PARAMS(DB_TEXT(take->origin), DB_INT(take->now_us)), &found,
                         &take->number, error);
}

/* @payload_out stays NULL when the fold is not at the checkpoint's size. */
static bool
build_payload(Engine *engine, const MerkleHead *head, int64_t number, int64_t now_us,
              GBytes **payload_out, GError **error)
{
    g_auto(EngineView) view = { 0 };
    g_autoptr(Status) status = NULL;

    if (!engine_view_open(engine, &view, error))
        return false;
    status = fact_status_build(view.view, error);
    if (status == NULL)
        return false;
    if (status->head.size != head->size)
        return true;
    status->number = number;
    status->issued_us = now_us;
    status->expires_us = now_us + STATUS_DEFAULT_LIFE_US;
    status->head.root = head->root;
    *payload_out = status_build(status, error);
    return *payload_out != NULL;
}

static GBytes *
sign_status(Engine *engine, Span payload, GError **error)
{
    g_auto(SignerSignature) signature = { 0 };
    g_autoptr(PublicKey) key = NULL;
    g_autoptr(DsseEnvelope) envelope = NULL;
    g_autofree char *line = NULL;
    char *text = NULL;

    if (!signer_sign_status(engine->signer, payload, &signature, error))
        return NULL;
    key = public_key_from_spki(span_of_bytes(signature.spki), error);
    if (key == NULL)
        return NULL;
    envelope = dsse_new(DSSE_TYPE_STATUS, payload, key, span_of_bytes(signature.signature));
    line = dsse_format(envelope);
    text = g_strdup_printf("%s\n", line);
    return g_bytes_new_take(text, strlen(text));
}

bool
status_files_make(Engine *engine, StatusFiles *out, GError **error)
{
    TakeNumber take = { .origin = engine->origin, .now_us = clock_now_us(engine->clock) };
    g_autoptr(GBytes) payload = NULL;
    g_auto(StatusFiles) made = { 0 };

    if (!db_write(engine->db, DB_LANE_ACKNOWLEDGED, take_number, &take, error))
        return false;
    for (int i = 0; i < STATUS_MAX_TRIES && payload == NULL; i++) {
        g_clear_pointer(&made.checkpoint, g_bytes_unref);
        made.checkpoint = lane_checkpoint(engine->lane, &made.head, error);
        if (made.checkpoint == NULL ||
            !build_payload(engine, &made.head, take.number, take.now_us, &payload, error))
            return false;
    }
    if (payload == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_BUSY,
                  "the log grew %d times while its status was made", STATUS_MAX_TRIES);
        return false;
    }
    made.number = take.number;
    made.expires_us = take.now_us + STATUS_DEFAULT_LIFE_US;
    g_autoptr(GBytes) plain = g_steal_pointer(&made.checkpoint);
    if (!witness_cosign(engine, "main", engine->tlog, plain, &made.checkpoint, error))
        return false;
    made.status = sign_status(engine, span_of_bytes(payload), error);
    if (made.status == NULL)
        return false;
    *out = made;
    made = (StatusFiles){ 0 };
    return true;
}
