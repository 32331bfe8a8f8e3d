/* SPDX-License-Identifier: Apache-2.0
 * log: checkpoint, inclusion and status.json: what the log says around the release. */
#include <string.h>
#include "attest/dsse.h"
#include "base/clock.h"
#include "fact/body.h"
#include "proof/tlog_policy.h"
#include "verify/verify_priv.h"
#include "base/banned.h"

#define US_PER_SECOND 1000000

/* The checkpoint must be signed by a log key of the newest root shipped. */
static void
check_checkpoint(Verification *v)
{
    g_autoptr(GError) local = NULL;

    for (unsigned i = 0; i < v->root->keys->len && v->checkpoint == NULL; i++) {
        const RootKey *key = g_ptr_array_index(v->root->keys, i);
        if (key->role != KEY_ROLE_LOG)
            continue;
        g_clear_error(&local);
        g_autoptr(PublicKey) public_key = public_key_from_spki(span_of_bytes(key->spki), &local);
        if (public_key != NULL)
            v->checkpoint =
                checkpoint_verify(span_of_bytes(v->note), v->root->origin, public_key, &local);
    }
    if (v->checkpoint == NULL)
        verify_report_add(v->report, VERIFY_NOT_AUTHENTIC, "checkpoint", VERIFY_CHECKPOINT, "%s",
                          local != NULL ? local->message : "the root names no log key");
    else
        verify_report_add(v->report, VERIFY_OK, "checkpoint", VERIFY_CHECKPOINT,
                          "log '%s' at size %" G_GUINT64_FORMAT ", signed by its key",
                          v->checkpoint->origin, v->checkpoint->head.size);
}

static VerifyResult
result_of_witnesses(const GError *error)
{
    switch (error_kind(error)) {
    case ERROR_KIND_UNTRUSTED:
        return VERIFY_NOT_AUTHENTIC;
    case ERROR_KIND_UNAVAILABLE:
        return VERIFY_UNSUPPORTED;
    default:
        return VERIFY_POLICY;
    }
}

/* Two verifiers shown two histories cannot both have one that its witnesses vouch for. */
static void
check_witnesses(Verification *v)
{
    const char *text = v->options->trust->witness_policy;
    g_autoptr(GError) local = NULL;
    size_t n = 0;

    if (text == NULL)
        return;
    g_autoptr(TlogPolicy) policy = tlog_policy_parse(span_of_text(text), &local);
    g_autoptr(Note) note = policy != NULL ? note_parse(span_of_bytes(v->note), &local) : NULL;
    if (note != NULL && tlog_policy_check(policy, note, &n, &local))
        verify_report_add(v->report, VERIFY_OK, "witnesses", VERIFY_CHECKPOINT,
                          "%zu of %zu witnesses vouch for it; that is the quorum", n,
                          tlog_policy_n_witnesses(policy));
    else
        verify_report_add(v->report, result_of_witnesses(local), "witnesses", VERIFY_CHECKPOINT,
                          "%s", local->message);
}

static void
check_inclusion(Verification *v)
{
    unsigned n_bad = 0;

    for (unsigned i = 0; i < v->lines->len; i++) {
        const FactsLine *line = g_ptr_array_index(v->lines, i);
        g_autoptr(GError) local = NULL;
        Digest leaf = merkle_leaf_hash(span_of_bytes(line->leaf));
        MerkleProof proof = { .hashes = line->hashes, .n_hashes = line->n_hashes };
        if (merkle_verify_inclusion(&leaf, (uint64_t)line->index, &v->checkpoint->head, proof,
                                    &local))
            continue;
        g_autofree char *subject = g_strdup_printf("entry %" G_GINT64_FORMAT, line->index);
        verify_report_add(v->report, VERIFY_NOT_AUTHENTIC, "inclusion", subject, "%s",
                          local->message);
        n_bad++;
    }
    if (n_bad == 0)
        verify_report_add(v->report, VERIFY_OK, "inclusion", VERIFY_FACTS,
                          "%u facts are in the log under the checkpoint", v->lines->len);
}

/* Nothing may be in the file that the signature does not cover but could be taken for it: it must be
 * the one spelling of its envelope, final newline or not. */
static bool
is_plain_envelope(Span text, const PublicKey *key)
{
    g_autoptr(DsseEnvelope) envelope = dsse_parse(text, NULL);
    const DsseSignature *signature =
        envelope == NULL ? NULL : g_ptr_array_index(envelope->signatures, 0);

    if (signature == NULL)
        return false;
    g_autoptr(DsseEnvelope) plain =
        dsse_new(envelope->payload_type, span_of_bytes(envelope->payload), key,
                 span_of_bytes(signature->sig));
    g_autofree char *wanted = dsse_format(plain);
    size_t len = strlen(wanted);
    bool newline = text.len == len + 1 && text.data[len] == '\n';
    return (text.len == len || newline) && memcmp(text.data, wanted, len) == 0;
}

static void
open_status(Verification *v)
{
    g_autoptr(GError) local = NULL;

    for (unsigned i = 0; i < v->root->keys->len && v->status == NULL; i++) {
        const RootKey *key = g_ptr_array_index(v->root->keys, i);
        if (key->role != KEY_ROLE_STATUS)
            continue;
        g_clear_error(&local);
        g_autoptr(PublicKey) public_key = public_key_from_spki(span_of_bytes(key->spki), &local);
        if (public_key != NULL)
            v->status = status_open(span_of_bytes(v->envelope), public_key, &local);
        if (v->status != NULL && !is_plain_envelope(span_of_bytes(v->envelope), public_key)) {
            g_clear_pointer(&v->status, status_free);
            error_set(&local, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                      "it is not spelled as its signature's envelope is");
        }
    }
    if (v->status == NULL)
        verify_report_add(v->report, VERIFY_NOT_AUTHENTIC, "status", VERIFY_STATUS, "%s",
                          local != NULL ? local->message : "the root names no status key");
}

static bool
same_head(const MerkleHead *a, const MerkleHead *b)
{
    return a->size == b->size && digest_equal(&a->root, &b->root);
}

static void
check_status(Verification *v)
{
    if (strcmp(v->status->log, v->root->origin) != 0)
        verify_report_add(v->report, VERIFY_NOT_AUTHENTIC, "status", VERIFY_STATUS,
                          "it is of log '%s'", v->status->log);
    else if (v->checkpoint != NULL && !same_head(&v->status->head, &v->checkpoint->head))
        verify_report_add(v->report, VERIFY_NOT_AUTHENTIC, "status", VERIFY_STATUS,
                          "it is of another log size or root than the checkpoint beside it");
    else if (v->intent != NULL && v->status->head.size <= (uint64_t)v->intent->index)
        verify_report_add(v->report, VERIFY_INCOMPLETE, "status", VERIFY_STATUS,
                          "it is older than the publish-intent");
    else
        verify_report_add(v->report, VERIFY_OK, "status", VERIFY_STATUS,
                          "number %" G_GINT64_FORMAT ", of the same log size", v->status->number);
}

static bool
is_shipped_at(Verification *v, const StatusEntry *entry)
{
    char text[DIGEST_STRING_SIZE];

    digest_to_string(&entry->statement, text);
    const Fact *fact = g_hash_table_lookup(v->by_s, text);
    return fact != NULL && fact->index == entry->index;
}

/* Every root, and every roster of the project, that status knows must be here: else one shipped
 * here could be older than the one in force. */
static void
check_versions(Verification *v, const GPtrArray *entries, const char *object, FactKind kind)
{
    for (unsigned i = 0; i < entries->len; i++) {
        const StatusEntry *entry = g_ptr_array_index(entries, i);
        g_autofree char *s = digest_dup_string(&entry->statement);
        if ((object == NULL || g_strcmp0(entry->object, object) == 0) && !is_shipped_at(v, entry))
            verify_report_add(v->report, VERIFY_INCOMPLETE, fact_kind_name(kind), s,
                              "the log has this %s and it is not shipped", fact_kind_name(kind));
    }
    for (unsigned i = 0; i < v->facts->len; i++) {
        const Fact *fact = g_ptr_array_index(v->facts, i);
        bool listed = fact->kind != kind;
        for (unsigned j = 0; !listed && j < entries->len; j++) {
            const StatusEntry *entry = g_ptr_array_index(entries, j);
            listed = digest_equal(&entry->statement, &fact->s) && entry->index == fact->index;
        }
        if (!listed)
            verify_report_add(v->report, VERIFY_NOT_AUTHENTIC, fact_kind_name(kind), fact->s_text,
                              "status.json does not know this %s", fact_kind_name(kind));
    }
}

static void
check_void(Verification *v)
{
    for (unsigned i = 0; i < v->status->voids->len; i++) {
        const StatusEntry *entry = g_ptr_array_index(v->status->voids, i);
        g_autofree char *s = digest_dup_string(&entry->statement);
        if (is_shipped_at(v, entry))
            verify_report_add(v->report, VERIFY_NOT_AUTHENTIC, "void", s,
                              "the log lists this entry as void");
    }
}

/* Whether a revoked key, builder or person had a hand in @fact. */
static bool
is_touched(const Fact *fact, const StatusRevoked *revoked)
{
    char keyid[DIGEST_HEX_SIZE];

    if (revoked->has_from_index && fact->index < revoked->from_index)
        return false;
    digest_to_hex(&fact->keyid, keyid);
    if (strcmp(keyid, revoked->key) == 0)
        return true;
    if (fact->kind == FACT_EVIDENCE) {
        const json_t *details = json_object_get(fact->statement->predicate, "runDetails");
        const json_t *builder = json_object_get(details, "builder");
        return g_strcmp0(json_string_value(json_object_get(builder, "id")), revoked->key) == 0;
    }
    if (fact->kind == FACT_APPROVAL) {
        const json_t *decision = json_object_get(fact->predicate->body, "decision");
        const json_t *proof = json_object_get(fact->predicate->body, "proof");
        return g_strcmp0(json_string_value(json_object_get(decision, "person")), revoked->key) ==
                   0 ||
               g_strcmp0(json_string_value(json_object_get(proof, "keyId")), revoked->key) == 0;
    }
    return false;
}

/* The first shipped fact a revoked key touches, or NULL. */
static const Fact *
find_touched(Verification *v, const StatusRevoked *revoked)
{
    for (unsigned i = 0; i < v->facts->len; i++) {
        const Fact *fact = g_ptr_array_index(v->facts, i);
        if (is_touched(fact, revoked))
            return fact;
    }
    return NULL;
}

static bool
concerns_us(Verification *v, const StatusRevoked *revoked)
{
    if (revoked->object != NULL)
        return g_strcmp0(revoked->object, v->report->object) == 0;
    return find_touched(v, revoked) != NULL;
}

static void
check_revoked(Verification *v)
{
    unsigned n = 0;

    for (unsigned i = 0; i < v->status->revoked->len; i++) {
        const StatusRevoked *revoked = g_ptr_array_index(v->status->revoked, i);
        if (!concerns_us(v, revoked))
            continue;
        const char *subject = revoked->object != NULL ? revoked->object : revoked->key;
        bool only_warns = revoked->effect == REVOKED_DEPRECATED;
        verify_report_add(v->report, only_warns ? VERIFY_OK : VERIFY_REVOKED, "revoked", subject,
                          "%s by entry %" G_GINT64_FORMAT, revoked_effect_name(revoked->effect),
                          revoked->index);
        n += only_warns ? 0 : 1;
    }
    if (n == 0)
        verify_report_add(v->report, VERIFY_OK, "revoked", VERIFY_STATUS,
                          "nothing here is revoked");
}

static void
check_age(Verification *v)
{
    const Status *status = v->status;
    int64_t max_age_s = v->options->trust->max_age_s;
    g_autofree char *issued_text = clock_format_seconds(status->issued_us);

    if (max_age_s < 0) {
        verify_report_add(v->report, VERIFY_OK, "freshness", VERIFY_STATUS,
                          "revocations known to log size %" G_GUINT64_FORMAT " of %s",
                          status->head.size, issued_text);
        return;
    }
    int64_t age_us = v->options->now_us - status->issued_us;
    bool stale = v->options->now_us > status->expires_us || age_us / US_PER_SECOND > max_age_s;
    verify_report_add(v->report, stale ? VERIFY_STALE : VERIFY_OK, "freshness", VERIFY_STATUS,
                      "issued %s, %" G_GINT64_FORMAT " s ago; at most %" G_GINT64_FORMAT
                      " s allowed",
                      issued_text, age_us / US_PER_SECOND, max_age_s);
}

static char *
roster_object(Verification *v)
{
    g_autofree char *project = fact_dup_project(v->report->object);

    return project != NULL ? g_strconcat("roster:", project, NULL) : NULL;
}

bool
verify_log(Verification *v, GError **error)
{
    (void)error;
    if (v->root == NULL)
        return true;
    if (v->note != NULL)
        check_checkpoint(v);
    if (v->checkpoint != NULL)
        check_witnesses(v);
    if (v->checkpoint != NULL)
        check_inclusion(v);
    if (v->envelope != NULL)
        open_status(v);
    if (v->status == NULL)
        return true;
    g_autofree char *roster = roster_object(v);
    check_status(v);
    check_versions(v, v->status->roots, NULL, FACT_ROOT);
    if (roster != NULL)
        check_versions(v, v->status->rosters, roster, FACT_ROSTER);
    check_void(v);
    check_revoked(v);
    check_age(v);
    return true;
}
