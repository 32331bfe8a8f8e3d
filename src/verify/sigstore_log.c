/* SPDX-License-Identifier: Apache-2.0
 * sigstore_log: when something was signed and that a log has it.
 *
 * 1. A time is believed only after what vouches for it has been verified: an authority's timestamp
 *    over the signature, or a log's promise over the entry.
 * 2. An entry counts only if it names this very signature, signer and digest. */
#include "attest/sigstore_body.h"
#include "base/clock.h"
#include "proof/rekor.h"
#include "verify/sigstore_priv.h"
#include "verify/verify_priv.h"
#include "base/banned.h"

#define US_PER_S INT64_C(1000000)

static void
untrusted(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "%s", why);
}

/* The authority that made @stamp while it was believed, or NULL. */
static const SigstoreAuthority *
find_stamper(const SigstoreCheck *check, const Rfc3161 *stamp, GError **error)
{
    int64_t time_us = rfc3161_time_us(stamp);
    g_autoptr(GError) last = NULL;

    for (guint i = 0; i < check->trust->stampers->len; i++) {
        const SigstoreAuthority *authority = check->trust->stampers->pdata[i];
        if (time_us < authority->start_us || time_us > authority->end_us)
            continue;
        g_clear_error(&last);
        if (rfc3161_verify(stamp, authority->chain, &last))
            return authority;
    }
    if (last != NULL)
        g_propagate_error(error, g_steal_pointer(&last));
    else
        untrusted(error, "no time-stamp authority was believed at that time");
    return NULL;
}

/* @seen: the timestamps before it; it is added. */
static bool
check_stamp(SigstoreCheck *check, Span der, GPtrArray *seen, const SigstoreAuthority **by,
            int64_t *time_out, GError **error)
{
    Rfc3161 *stamp = rfc3161_parse(der, error);

    if (stamp == NULL)
        return false;
    g_ptr_array_add(seen, stamp);
    if (!rfc3161_covers(stamp, span_of_bytes(check->bundle->signature), error))
        return false;
    for (guint i = 0; i + 1 < seen->len; i++) {
        if (rfc3161_says_same(seen->pdata[i], stamp)) {
            untrusted(error, "a timestamp is there twice");
            return false;
        }
    }
    *by = find_stamper(check, stamp, error);
    *time_out = rfc3161_time_us(stamp);
    return *by != NULL;
}

/* Counts what vouches for a time once: an authority or a log. */
static void
add_time(SigstoreCheck *check, const void *source, int64_t time_us)
{
    bool is_new = true;

    for (size_t i = 0; i < check->n_times; i++)
        is_new = is_new && check->sources[i] != source;
    check->n_sources += is_new;
    check->sources[check->n_times] = source;
    check->times_us[check->n_times++] = time_us;
}

bool
sigstore_check_stamps(SigstoreCheck *check)
{
    const GPtrArray *stamps = check->bundle->timestamps;
    g_autoptr(GPtrArray) seen = g_ptr_array_new_with_free_func((GDestroyNotify)rfc3161_free);

    for (guint i = 0; i < stamps->len; i++) {
        g_autoptr(GError) error = NULL;
        const SigstoreAuthority *by = NULL;
        int64_t time_us = 0;

        if (!check_stamp(check, span_of_bytes(stamps->pdata[i]), seen, &by, &time_us, &error)) {
            sigstore_refuse(check, "timestamp", "RFC 3161", error);
            return false;
        }
        g_autofree char *time = clock_format_seconds(time_us);
        verify_report_add(check->report, VERIFY_OK, "timestamp", by->name, "signed before %s",
                          time);
        add_time(check, by, time_us);
        check->n_stamps++;
    }
    return true;
}

/* Whether the entry was signed by the same certificate or key. */
static bool
body_names_signer(const SigstoreCheck *check, const SigstoreBody *body)
{
    if (check->leaf != NULL) {
        Span der = x509_cert_der(check->leaf);
        Span other = body->certificate != NULL ? span_of_bytes(body->certificate) : span_of("", 0);
        return other.len == der.len && memcmp(other.data, der.data, der.len) == 0;
    }
    g_autoptr(X509Key) key =
        body->spki != NULL ? x509_key_from_spki(span_of_bytes(body->spki), NULL) : NULL;
    if (key == NULL)
        return false;
    Digest id = x509_key_id(key);
    Digest wanted = x509_key_id(check->key);
    return digest_equal(&id, &wanted);
}

static bool
check_body(const SigstoreCheck *check, const SigstoreEntry *entry, GError **error)
{
    g_autoptr(SigstoreBody) body =
        sigstore_body_parse(span_of_bytes(entry->body), entry->kind, error);
    bool is_envelope = check->bundle->envelope != NULL;
    uint8_t digest[X509_MAX_HASH_SIZE];

    if (body == NULL)
        return false;
    if (!is_envelope && body->digest_of == SIGSTORE_BODY_OF_PAYLOAD) {
        untrusted(error, "the entry is of an envelope, the bundle of a message");
        return false;
    }
    if (!g_bytes_equal(body->signature, check->bundle->signature)) {
        untrusted(error, "the entry is of another signature");
        return false;
    }
    if (!body_names_signer(check, body)) {
        untrusted(error, "the entry is of another certificate or key");
        return false;
    }
    if (body->key_details != NULL && !x509_key_matches(check->key, body->key_details)) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "the entry calls the key '%s'",
                  body->key_details);
        return false;
    }
    if (body->digest_of == SIGSTORE_BODY_OF_PAYLOAD)
        x509_hash(body->hash, span_of_bytes(check->bundle->envelope->payload), digest);
    else if (!sigstore_signed_digest(check, body->hash, digest, error))
        return false;
    if (memcmp(digest, span_of_bytes(body->digest).data, x509_hash_size(body->hash)) != 0) {
        untrusted(error, "the entry is of another artifact or statement");
        return false;
    }
    return true;
}

static bool
was_believed(const SigstoreCheck *check, const SigstoreLog *log, const SigstoreEntry *entry)
{
    int64_t promised_us = entry->integrated_s * US_PER_S;

    if (entry->promise != NULL && (promised_us < log->start_us || promised_us > log->end_us))
        return false;
    for (size_t i = 0; i < check->n_stamps; i++) {
        if (check->times_us[i] < log->start_us || check->times_us[i] > log->end_us)
            return false;
    }
    return entry->promise != NULL || check->n_stamps > 0 ||
           (check->now_us >= log->start_us && check->now_us <= log->end_us);
}

static const SigstoreLog *
find_log(const SigstoreCheck *check, const SigstoreEntry *entry, GError **error)
{
    bool is_known = false;

    for (guint i = 0; i < check->trust->logs->len; i++) {
        const SigstoreLog *log = check->trust->logs->pdata[i];
        if (!digest_equal(&log->rekor.id, &entry->log_id))
            continue;
        if (was_believed(check, log, entry))
            return log;
        is_known = true;
    }
    untrusted(error, is_known ? "the log was not believed at that time" : "the log is not known");
    return NULL;
}

/* The proof against its own root, and the root against the log's checkpoint. */
static bool
check_proof(const SigstoreLog *log, const SigstoreEntry *entry, GError **error)
{
    Digest leaf = merkle_leaf_hash(span_of_bytes(entry->body));
    MerkleProof proof = { .hashes = entry->hashes, .n_hashes = entry->n_hashes };
    MerkleHead head = { 0 };

    if (!merkle_verify_inclusion(&leaf, entry->proof_index, &entry->head, proof, error))
        return false;
    if (entry->checkpoint == NULL) /* v0.1 only: the promise speaks for the log */
        return true;
    if (!rekor_verify_checkpoint(&log->rekor, span_of_bytes(entry->checkpoint), &head, error))
        return false;
    if (head.size != entry->head.size || !digest_equal(&head.root, &entry->head.root)) {
        untrusted(error, "the proof is against another tree than the checkpoint's");
        return false;
    }
    return true;
}

static bool
check_promise(SigstoreCheck *check, const SigstoreLog *log, const SigstoreEntry *entry,
              GError **error)
{
    RekorPromise promise = { .body = span_of_bytes(entry->body),
                             .integrated_s = entry->integrated_s,
                             .log_index = entry->log_index };

    if (!rekor_verify_promise(&log->rekor, &promise, span_of_bytes(entry->promise), error)) {
        error_prefix(error, "the log's promise");
        return false;
    }
    add_time(check, log, entry->integrated_s * US_PER_S);
    return true;
}

/* Without a promise nothing but the proof speaks of the index: both must be the same. (Rekor v1
 * counts entries over all shards in its promises and within one in its proofs.) */
static bool
check_index(const SigstoreEntry *entry, GError **error)
{
    bool is_bound = entry->promise != NULL && !sigstore_entry_kind_is_v2(entry->kind);

    if (is_bound || entry->log_index == entry->proof_index)
        return true;
    untrusted(error, "the entry's index is not the proof's");
    return false;
}

static const SigstoreLog *
check_entry(SigstoreCheck *check, const SigstoreEntry *entry, GError **error)
{
    const SigstoreLog *log = check_body(check, entry, error) ? find_log(check, entry, error) : NULL;

    if (log == NULL || !check_index(entry, error) ||
        (entry->has_proof && !check_proof(log, entry, error)) ||
        (entry->promise != NULL && !check_promise(check, log, entry, error)))
        return NULL;
    return log;
}

static void
report_entry(SigstoreCheck *check, const SigstoreLog *log, const SigstoreEntry *entry)
{
    g_autofree char *time =
        entry->promise != NULL ? clock_format_seconds(entry->integrated_s * US_PER_S) : NULL;
    g_autofree char *proved =
        entry->has_proof ? g_strdup_printf("; proved in a tree of %" G_GUINT64_FORMAT " entries%s",
                                           entry->head.size,
                                           entry->checkpoint != NULL ? " under its checkpoint" : "")
                         : g_strdup("");

    verify_report_add(check->report, VERIFY_OK, "log", log->name,
                      "%s number %" G_GUINT64_FORMAT " of this signature%s%s%s",
                      sigstore_entry_kind_name(entry->kind), entry->log_index, proved,
                      time != NULL ? "; promised at " : "", time != NULL ? time : "");
}

/* Whether witnesses saw the checkpoint, as the caller demands. */
static bool
check_witnesses(SigstoreCheck *check, const SigstoreLog *log, const SigstoreEntry *entry)
{
    g_autoptr(GError) error = NULL;
    size_t n = 0;

    if (check->policy->witnesses == NULL)
        return true;
    if (entry->checkpoint == NULL) {
        verify_report_add(check->report, VERIFY_POLICY, "witnesses", log->name,
                          "there is no checkpoint that a witness could have seen");
        return false;
    }
    g_autoptr(Note) note = note_parse(span_of_bytes(entry->checkpoint), &error);
    if (note == NULL || !tlog_policy_check(check->policy->witnesses, note, &n, &error)) {
        sigstore_refuse(check, "witnesses", log->name, error);
        return false;
    }
    verify_report_add(check->report, VERIFY_OK, "witnesses", log->name,
                      "%zu of the policy cosigned the checkpoint", n);
    return true;
}

bool
sigstore_check_entries(SigstoreCheck *check)
{
    const GPtrArray *entries = check->bundle->entries;
    const SigstoreLog *seen[SIGSTORE_MAX_TIMES] = { NULL };
    size_t n_seen = 0;

    for (guint i = 0; i < entries->len; i++) {
        const SigstoreEntry *entry = entries->pdata[i];
        g_autoptr(GError) error = NULL;
        const SigstoreLog *log = check_entry(check, entry, &error);
        bool is_new = true;

        if (log == NULL) {
            sigstore_refuse(check, "log", sigstore_entry_kind_name(entry->kind), error);
            return false;
        }
        report_entry(check, log, entry);
        if (!check_witnesses(check, log, entry))
            return false;
        for (size_t j = 0; j < n_seen; j++)
            is_new = is_new && seen[j] != log;
        if (is_new)
            seen[n_seen++] = log;
    }
    if (n_seen >= check->policy->logs)
        return true;
    verify_report_add(check->report, VERIFY_POLICY, "log", "entries", "%zu of %u required logs",
                      n_seen, check->policy->logs);
    return false;
}
