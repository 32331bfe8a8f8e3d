/* SPDX-License-Identifier: Apache-2.0
 * factlog: looking at the fact log, proving from it, adding evidence to it, exporting it. */
#include "service/factlog.h"
#include "attest/bundle.h"
#include "base/json.h"
#include "proof/checkpoint.h"
#include "service/engine_view.h"
#include "service/timestamp.h"
#include "service/witness_client.h"
#include "base/banned.h"

static NoteVerifier *
log_verifier(Engine *engine, GError **error)
{
    g_autoptr(GPtrArray) keys = signer_public_keys(engine->signer, error);

    for (guint i = 0; keys != NULL && i < keys->len; i++) {
        const SignerPublicKey *key = keys->pdata[i];

        if (key->role != SIGNER_ROLE_LOG)
            continue;
        g_autoptr(PublicKey) public_key = public_key_from_spki(span_of_bytes(key->spki), error);
        return public_key == NULL ? NULL : note_verifier_new(engine->origin, public_key, error);
    }
    if (keys != NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT, "this engine has no log key");
    return NULL;
}

static char *
note_as_text(GBytes *note)
{
    return g_strndup(g_bytes_get_data(note, NULL), g_bytes_get_size(note));
}

bool
factlog_checkpoint(Engine *engine, json_t **result_out, GError **error)
{
    MerkleHead head = { 0 };
    g_autoptr(NoteVerifier) verifier = log_verifier(engine, error);
    g_autoptr(GBytes) note = verifier == NULL ? NULL : lane_checkpoint(engine->lane, &head, error);

    if (note == NULL)
        return false;
    g_autofree char *text = note_as_text(note);
    g_autofree char *vkey = note_verifier_vkey(verifier);
    *result_out =
        json_pack("{s:s,s:I,s:o,s:s,s:s}", "origin", engine->origin, "size", (json_int_t)head.size,
                  "root", json_digest(&head.root), "vkey", vkey, "checkpoint", text);
    return true;
}

/* --- tail ----------------------------------------------------------------------------------- */

/* An entry as the fold saw it; what it has no row for (a void one) has nulls. */
static json_t *
describe_entry(const FactRow *entry, const FactRow *statement)
{
    json_t *object = json_object();

    json_object_set_new(object, "index", json_integer(fact_row_int(entry, FACT_ENTRY_INDEX)));
    json_object_set_new(object, "statement",
                        json_string(fact_row_text(entry, FACT_ENTRY_STATEMENT)));
    json_object_set_new(object, "verdict", json_string(fact_row_text(entry, FACT_ENTRY_VERDICT)));
    json_object_set_new(
        object, "type",
        json_string_or_null(statement ? fact_row_text(statement, FACT_STATEMENT_TYPE) : NULL));
    json_object_set_new(
        object, "object",
        json_string_or_null(statement ? fact_row_text(statement, FACT_STATEMENT_OBJECT) : NULL));
    json_object_set_new(
        object, "actor",
        json_string_or_null(statement ? fact_row_text(statement, FACT_STATEMENT_ACTOR) : NULL));
    json_object_set_new(object, "at",
                        statement ? json_integer(fact_row_int(statement, FACT_STATEMENT_AT))
                                  : json_null());
    return object;
}

static bool
append_entry(FactView *view, int64_t index, json_t *list, GError **error)
{
    FactValue key = FACT_INT(index);
    g_autoptr(FactRow) entry = NULL;
    g_autoptr(FactRow) statement = NULL;
    Digest name = { 0 };

    if (!fact_view_find(view, FACT_TABLE_ENTRY, &key, &entry, error))
        return false;
    if (entry == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "entry %" G_GINT64_FORMAT " is not folded yet", index);
        return false;
    }
    if (!digest_from_string(fact_row_text(entry, FACT_ENTRY_STATEMENT), &name, error) ||
        !fact_view_statement(view, &name, &statement, error))
        return false;
    json_array_append_new(list, describe_entry(entry, statement));
    return true;
}

bool
factlog_tail(Engine *engine, int64_t n, int64_t before, json_t **result_out, GError **error)
{
    g_auto(EngineView) view = { 0 };
    g_autoptr(json_t) list = json_array();
    FactLogState state = { 0 };
    int64_t end = 0;

    if (n < 1 || n > FACTLOG_TAIL_MAX) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "the number of entries is 1 to %d, not %" G_GINT64_FORMAT, FACTLOG_TAIL_MAX, n);
        return false;
    }
    if (!engine_view_open(engine, &view, error) || !fact_view_log(view.view, &state, error))
        return false;
    end = before > 0 ? MIN(before, state.size) : state.size;
    for (int64_t index = MAX(0, end - n); index < end; index++) {
        if (!append_entry(view.view, index, list, error))
            return false;
    }
    *result_out = g_steal_pointer(&list);
    return true;
}

/* --- prove ---------------------------------------------------------------------------------- */

static bool
index_of_statement(Engine *engine, const Digest *name, uint64_t *index_out, GError **error)
{
    g_auto(EngineView) view = { 0 };
    g_autoptr(FactRow) row = NULL;
    char text[DIGEST_STRING_SIZE];

    if (!engine_view_open(engine, &view, error) ||
        !fact_view_statement(view.view, name, &row, error))
        return false;
    if (row == NULL) {
        digest_to_string(name, text);
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no statement '%s' is in the log", text);
        return false;
    }
    *index_out = (uint64_t)fact_row_int(row, FACT_STATEMENT_INDEX);
    return true;
}

static bool
find_index(Engine *engine, const char *entry, uint64_t *index_out, GError **error)
{
    Digest name = { 0 };
    guint64 index = 0;

    if (g_ascii_string_to_unsigned(entry, 10, 0, G_MAXINT64, &index, NULL)) {
        *index_out = index;
        return true;
    }
    if (!digest_from_string(entry, &name, NULL)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "'%s' is neither an index nor 'sha256:' and 64 hex digits", entry);
        return false;
    }
    return index_of_statement(engine, &name, index_out, error);
}

static json_t *
hashes_to_json(const TlogProof *proof)
{
    json_t *array = json_array();

    for (size_t i = 0; i < proof->n; i++)
        json_array_append_new(array, json_digest(&proof->hashes[i]));
    return array;
}

/* The Sigstore bundle of a record, or null where its statement is not at hand. */
static bool
make_bundle(Engine *engine, const TlogRecord *record, BundleParts *parts, json_t **out,
            GError **error)
{
    g_autoptr(NoteVerifier) verifier = NULL;
    g_autoptr(GBytes) pae = NULL;
    g_autoptr(GBytes) stamp = NULL;
    g_autofree char *text = NULL;
    Span stamped = { 0 };

    *out = NULL;
    if (record->where == TLOG_PAE_NONE) {
        *out = json_null();
        return true;
    }
    pae = record->where == TLOG_PAE_INLINE
              ? g_bytes_ref(record->pae)
              : store_get_bytes(engine->store, &record->pae_digest, LIMIT_STATEMENT_BYTES, error);
    verifier = pae == NULL ? NULL : log_verifier(engine, error);
    if (verifier == NULL || !timestamp_of_leaf(engine, parts->leaf, &stamp, error))
        return false;
    stamped = stamp != NULL ? span_of_bytes(stamp) : stamped;
    parts->timestamps = &stamped;
    parts->n_timestamps = stamp != NULL;
    parts->pae = span_of_bytes(pae);
    parts->log_id = note_log_id(engine->origin, note_verifier_key(verifier));
    text = bundle_build(parts, error);
    if (text == NULL)
        return false;
    *out = json_string(text);
    return true;
}

/* The newest checkpoint; with a quorum the newest that has it, if that covers @index. Returns:
 * owned. */
static GBytes *
note_over(Engine *engine, uint64_t index, MerkleHead *head_out, GError **error)
{
    g_autoptr(GBytes) note = NULL;
    bool wants_quorum = false;

    if (!witness_wants_quorum(engine, &wants_quorum, error) ||
        (wants_quorum && !witness_kept(engine, "main", &note, error)))
        return NULL;
    if (note != NULL) {
        g_autoptr(Note) parsed = note_parse(span_of_bytes(note), error);
        g_autoptr(Checkpoint) checkpoint =
            parsed != NULL ? checkpoint_parse(note_text(parsed), error) : NULL;

        if (checkpoint == NULL)
            return NULL;
        *head_out = checkpoint->head;
        if (checkpoint->head.size > index)
            return g_steal_pointer(&note);
    }
    return lane_checkpoint(engine->lane, head_out, error);
}

static bool
prove_index(Engine *engine, uint64_t index, json_t **result_out, GError **error)
{
    MerkleHead head = { 0 };
    g_auto(TlogRecord) record = { 0 };
    TlogProof proof = { 0 };
    g_autoptr(GBytes) note = note_over(engine, index, &head, error);
    json_t *bundle = NULL;

    if (note == NULL || !tlog_read(engine->tlog, index, &record, error) ||
        !tlog_prove_inclusion(engine->tlog, index, head.size, &proof, error))
        return false;
    Digest leaf_hash = merkle_leaf_hash(span_of_bytes(record.leaf));
    MerkleProof hashes = { .hashes = proof.hashes, .n_hashes = proof.n };
    if (!merkle_verify_inclusion(&leaf_hash, index, &head, hashes, error))
        return false;
    BundleParts parts = {
        .leaf = span_of_bytes(record.leaf),
        .index = index,
        .head = head,
        .proof = hashes,
        .checkpoint = span_of_bytes(note),
    };
    if (!make_bundle(engine, &record, &parts, &bundle, error))
        return false;
    g_autofree char *text = note_as_text(note);
    *result_out =
        json_pack("{s:I,s:o,s:o,s:I,s:o,s:o,s:s,s:o}", "index", (json_int_t)index, "statement",
                  json_digest(&record.pae_digest), "leafHash", json_digest(&leaf_hash), "size",
                  (json_int_t)head.size, "root", json_digest(&head.root), "hashes",
                  hashes_to_json(&proof), "checkpoint", text, "bundle", bundle);
    return true;
}

bool
factlog_prove(Engine *engine, const char *entry, json_t **result_out, GError **error)
{
    uint64_t index = 0;

    return find_index(engine, entry, &index, error) &&
           prove_index(engine, index, result_out, error);
}

GBytes *
factlog_statement(Engine *engine, const Digest *name, GError **error)
{
    g_auto(TlogRecord) record = { 0 };
    uint64_t index = 0;

    if (!index_of_statement(engine, name, &index, error) ||
        !tlog_read(engine->tlog, index, &record, error))
        return NULL;
    if (record.where == TLOG_PAE_INLINE)
        return g_bytes_ref(record.pae);
    if (record.where == TLOG_PAE_BLOB)
        return store_get_bytes(engine->store, &record.pae_digest, LIMIT_STATEMENT_BYTES, error);
    error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
              "entry %" G_GUINT64_FORMAT " came without its statement", index);
    return NULL;
}

/* --- check, append, export ------------------------------------------------------------------ */

bool
factlog_check(Engine *engine, json_t **result_out, GError **error)
{
    TlogCheckReport report = { 0 };
    g_autoptr(GError) local = NULL;
    bool clean = tlog_check(engine->tlog, &report, &local);

    if (!clean && error_kind(local) != ERROR_KIND_CORRUPT) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    *result_out = json_pack("{s:b,s:I,s:o,s:I,s:o}", "clean", clean, "size",
                            (json_int_t)report.head.size, "root", json_digest(&report.head.root),
                            "journalBytes", (json_int_t)report.journal_bytes, "finding",
                            json_string_or_null(clean ? NULL : local->message));
    return true;
}

static FactDecision *
decide_evidence(FactView *view, const FactCommand *command, void *input, GError **error)
{
    const Span *payload = input;

    return fact_decide_evidence(view, command, *payload, error);
}

bool
factlog_append(Engine *engine, Span payload, json_t **result_out, GError **error)
{
    LaneRequest request = {
        .role = SIGNER_ROLE_ENGINE,
        .decide = decide_evidence,
        .input = &payload,
    };
    LaneAnswer answer = { 0 };
    uint64_t index = 0;

    if (!lane_submit(engine->lane, &request, &answer, error) ||
        (answer.repeated && !index_of_statement(engine, &answer.statement, &index, error)))
        return false;
    *result_out = json_pack("{s:o,s:I,s:b}", "statement", json_digest(&answer.statement), "index",
                            answer.repeated ? (json_int_t)index : (json_int_t)answer.index,
                            "repeated", answer.repeated);
    return true;
}

bool
factlog_export(Engine *engine, const char *path, json_t **result_out, GError **error)
{
    MerkleHead head = { 0 };
    g_autoptr(GBytes) note = lane_checkpoint(engine->lane, &head, error);
    g_autoptr(GBytes) cosigned = NULL;

    if (note == NULL || !witness_cosign(engine, "main", engine->tlog, note, &cosigned, error) ||
        !tlog_export_note(engine->tlog, path, cosigned, error))
        return false;
    *result_out = json_pack("{s:s,s:I}", "path", path, "size", (json_int_t)head.size);
    return true;
}
