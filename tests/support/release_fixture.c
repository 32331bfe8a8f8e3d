/* SPDX-License-Identifier: Apache-2.0
 * release_fixture: see the header. */
#include "release_fixture.h"
#include <string.h>
#include "attest/bundle.h"
#include "attest/dsse.h"
#include "attest/facts_line.h"
#include "attest/leaf.h"
#include "attest/status.h"
#include "fact/status_build.h"
#include "format/derived.h"
#include "proof/checkpoint.h"

static void
must(const GError *error, const char *what)
{
    if (error != NULL)
        g_printerr("release fixture: %s: %s\n", what, error->message);
    g_assert(error == NULL);
}

/* ---- the source ---- */

static int
compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *
memory_list(VerifySource *source, GError **error)
{
    ReleaseFixture *release = (ReleaseFixture *)source;
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    void *key = NULL;

    (void)error;
    g_hash_table_iter_init(&iter, release->files);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        g_ptr_array_add(paths, g_strdup(key));
    g_ptr_array_sort(paths, compare_texts);
    return paths;
}

static GBytes *
memory_read(VerifySource *source, const char *path, size_t limit_bytes, GError **error)
{
    ReleaseFixture *release = (ReleaseFixture *)source;
    GBytes *bytes = g_hash_table_lookup(release->files, path);

    if (bytes == NULL || g_bytes_get_size(bytes) > limit_bytes) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no file '%s'", path);
        return NULL;
    }
    return g_bytes_ref(bytes);
}

static bool
memory_digest(VerifySource *source, const char *path, Digest *digest_out, uint64_t *size_out,
              GError **error)
{
    g_autoptr(GBytes) bytes = memory_read(source, path, SIZE_MAX, error);

    if (bytes == NULL)
        return false;
    *digest_out = digest_of(span_of_bytes(bytes));
    *size_out = g_bytes_get_size(bytes);
    return true;
}

static bool
memory_hash(VerifySource *source, const char *path, const char *algorithm, Span tail,
            FileHash *hash_out, GError **error)
{
    g_autoptr(GBytes) bytes = memory_read(source, path, SIZE_MAX, error);

    return bytes != NULL && bytes_hash(algorithm, span_of_bytes(bytes), tail, hash_out, error);
}

static const VerifySourceDriver memory_driver = {
    .list = memory_list, .read = memory_read, .digest = memory_digest, .hash = memory_hash
};

void
release_fixture_put(ReleaseFixture *release, const char *path, Span content)
{
    g_hash_table_replace(release->files, g_strdup(path), g_bytes_new(content.data, content.len));
}

/* ---- the tree ---- */

static Digest
subtree(LogFixture *log, unsigned level, uint64_t index)
{
    if (level == 0)
        return merkle_leaf_hash(span_of_bytes(g_ptr_array_index(log->leaves, index)));
    Digest left = subtree(log, level - 1, index * 2);
    Digest right = subtree(log, level - 1, index * 2 + 1);
    return merkle_node_hash(&left, &right);
}

MerkleHead
release_fixture_head(LogFixture *log, uint64_t size)
{
    MerkleFrontier frontier;

    merkle_frontier_init(&frontier);
    for (uint64_t i = 0; i < size; i++) {
        Digest hash = subtree(log, 0, i);
        merkle_frontier_append(&frontier, &hash);
    }
    return (MerkleHead){ .size = size, .root = merkle_frontier_root(&frontier) };
}

static size_t
prove(LogFixture *log, uint64_t index, Digest out[MERKLE_PLAN_MAX_HASHES])
{
    MerklePlan plan = { 0 };
    Digest nodes[MERKLE_PLAN_MAX_NODES];
    g_autoptr(GError) error = NULL;
    bool ok = merkle_plan_inclusion(index, log->leaves->len, &plan, &error);

    must(error, "plan");
    g_assert(ok);
    for (size_t i = 0; i < plan.n_nodes; i++)
        nodes[i] = subtree(log, plan.nodes[i].level, plan.nodes[i].index);
    merkle_plan_fold(&plan, nodes, out);
    return plan.n_hashes;
}

/* ---- what is shipped ---- */

static Fact *
fact_at(LogFixture *log, unsigned index)
{
    g_autoptr(GError) error = NULL;
    Fact *fact =
        fact_parse(index, span_of_bytes(g_ptr_array_index(log->leaves, index)),
                   span_of_bytes(g_ptr_array_index(log->paes, index)), FACT_PARSE_CHECKED, &error);

    must(error, "fact");
    return fact;
}

/* Everything but what is about other releases. */
static bool
is_shipped(const Fact *fact, const char *object)
{
    if (fact->kind == FACT_ROOT || fact->kind == FACT_ROSTER)
        return true;
    if (fact->kind == FACT_REJECTION || fact->kind == FACT_MALFORMED ||
        fact->kind == FACT_PUBLICATION)
        return false;
    if (fact->predicate != NULL)
        return strcmp(fact->predicate->object, object) == 0;
    g_autoptr(GBytes) asset = log_fixture_asset(object, "greeter");
    Digest digest = digest_of(span_of_bytes(asset));
    return fact->statement != NULL && statement_find_sha256(fact->statement, &digest) != NULL;
}

static GBytes *
make_note(LogFixture *log)
{
    MerkleHead head = release_fixture_head(log, log->leaves->len);
    g_autofree char *text = checkpoint_format(FIXTURE_ORIGIN, &head, NULL);
    g_autoptr(GError) error = NULL;
    GBytes *note = note_sign(span_of_text(text), FIXTURE_ORIGIN, log->log, &error);

    must(error, "note");
    return note;
}

static char *
make_bundle(LogFixture *log, const Fact *fact, Span note)
{
    Digest hashes[MERKLE_PLAN_MAX_HASHES];
    g_autoptr(GError) error = NULL;
    BundleParts parts = { .pae = span_of_bytes(fact->pae),
                          .leaf = span_of_bytes(fact->leaf),
                          .index = (uint64_t)fact->index,
                          .head = release_fixture_head(log, log->leaves->len),
                          .checkpoint = note,
                          .log_id = note_log_id(FIXTURE_ORIGIN, signer_public_key(log->log)) };

    parts.proof =
        (MerkleProof){ .hashes = hashes, .n_hashes = prove(log, (uint64_t)fact->index, hashes) };
    char *text = bundle_build(&parts, &error);
    must(error, "bundle");
    return text;
}

static char *
make_envelope_line(const Fact *fact)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Leaf) leaf = leaf_parse(span_of_bytes(fact->leaf), &error);
    g_autoptr(PublicKey) key = public_key_from_spki(span_of_bytes(fact->spki), &error);

    must(error, "envelope");
    g_autoptr(DsseEnvelope) envelope = dsse_new(DSSE_TYPE_INTOTO, span_of_bytes(fact->payload), key,
                                                span_of_bytes(leaf->signature));
    g_autofree char *line = dsse_format(envelope);
    return g_strconcat(line, "\n", NULL);
}

static void
put_generated(ReleaseFixture *release, const char *object, const Digest *seal)
{
    static const char *const names[] = { "greeter", "notes.txt" };
    DerivedAsset assets[G_N_ELEMENTS(names)];
    g_autoptr(GError) error = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GBytes) asset = log_fixture_asset(object, names[i]);
        assets[i] = (DerivedAsset){ .name = names[i],
                                    .digest = digest_of(span_of_bytes(asset)),
                                    .size_bytes = g_bytes_get_size(asset) };
        release_fixture_put(release, names[i], span_of_bytes(asset));
    }
    g_autofree char *sums = derived_sha256sums(assets, G_N_ELEMENTS(names));
    g_autofree char *index = derived_index(object, seal, assets, G_N_ELEMENTS(names), &error);
    must(error, "index");
    release_fixture_put(release, "SHA256SUMS", span_of_text(sums));
    release_fixture_put(release, "index.json", span_of_text(index));
}

void
release_fixture_set_status(ReleaseFixture *release, LogFixture *log, int64_t issued_us,
                           int64_t expires_us)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Status) status = fact_status_build(log_fixture_view(log), &error);

    must(error, "status");
    status->head = release_fixture_head(log, log->leaves->len);
    status->number = 1;
    status->issued_us = issued_us;
    status->expires_us = expires_us;
    g_autoptr(GBytes) payload = status_build(status, &error);
    must(error, "status payload");
    g_autoptr(GBytes) pae = dsse_pae(DSSE_TYPE_STATUS, span_of_bytes(payload));
    g_autoptr(GBytes) signature = NULL;
    bool ok = signer_sign(log->status, span_of_bytes(pae), &signature, &error);
    must(error, "sign status");
    g_assert(ok);
    g_autoptr(DsseEnvelope) envelope =
        dsse_new(DSSE_TYPE_STATUS, span_of_bytes(payload), signer_public_key(log->status),
                 span_of_bytes(signature));
    g_autofree char *text = dsse_format(envelope);
    release_fixture_put(release, ".slipway/status.json", span_of_text(text));
}

void
release_fixture_refresh(ReleaseFixture *release, LogFixture *log, const char *object)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    g_autoptr(GBytes) note = make_note(log);

    for (unsigned i = 0; i < log->leaves->len; i++) {
        Digest hashes[MERKLE_PLAN_MAX_HASHES];
        g_autoptr(Fact) fact = fact_at(log, i);
        if (!is_shipped(fact, object))
            continue;
        MerkleProof proof = { .hashes = hashes, .n_hashes = prove(log, i, hashes) };
        g_autofree char *line =
            facts_line_build(i, span_of_bytes(fact->leaf), span_of_bytes(fact->pae), proof);
        g_string_append(lines, line);
        if (fact->kind == FACT_SEAL)
            put_generated(release, object, &fact->s);
        if (fact->kind != FACT_EVIDENCE)
            continue;
        g_autofree char *bundle = make_bundle(log, fact, span_of_bytes(note));
        g_autofree char *envelope = make_envelope_line(fact);
        release_fixture_put(release, "greeter.sigstore.json", span_of_text(bundle));
        release_fixture_put(release, "greeter.intoto.jsonl", span_of_text(envelope));
    }
    release_fixture_put(release, ".slipway/facts.jsonl", span_of(lines->str, lines->len));
    release_fixture_put(release, ".slipway/checkpoint", span_of_bytes(note));
    release_fixture_set_status(release, log, log->clock_us, log->clock_us + 24 * FIXTURE_HOUR);
}

static void
unref_bytes(void *bytes)
{
    g_bytes_unref(bytes);
}

ReleaseFixture *
release_fixture_new(LogFixture *log, const char *object)
{
    ReleaseFixture *release = g_new0(ReleaseFixture, 1);
    g_autoptr(Fact) root = fact_at(log, 0);

    release->source.driver = &memory_driver;
    release->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unref_bytes);
    release->trust = trust_new(FIXTURE_ORIGIN, &root->s);
    TrustAccept *accept = trust_add_accept(release->trust, "release:acme/*", 2);
    g_ptr_array_add(accept->source, g_strdup(FIXTURE_SOURCE));
    g_ptr_array_add(accept->builders, g_strdup("*/sandbox/isolated"));
    release->now_us = log->clock_us + FIXTURE_HOUR;
    release_fixture_refresh(release, log, object);
    return release;
}

void
release_fixture_free(ReleaseFixture *release)
{
    if (release == NULL)
        return;
    g_hash_table_unref(release->files);
    trust_free(release->trust);
    verify_report_free(release->report);
    g_clear_error(&release->error);
    g_free(release);
}

VerifyResult
release_fixture_verify(ReleaseFixture *release)
{
    VerifyOptions options = { .trust = release->trust, .now_us = release->now_us };

    g_clear_pointer(&release->report, verify_report_free);
    release->report = verify_release(&release->source, &options, &release->error);
    must(release->error, "verify");
    return verify_report_result(release->report);
}

bool
release_fixture_found(const ReleaseFixture *release, const char *check, VerifyResult result)
{
    for (unsigned i = 0; i < release->report->checks->len; i++) {
        const VerifyCheck *found = g_ptr_array_index(release->report->checks, i);
        if (strcmp(found->name, check) == 0 && found->result == result)
            return true;
    }
    return false;
}

static GBytes *
flipped(GBytes *bytes)
{
    gsize n = 0;
    uint8_t *copy = g_memdup2(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));

    n = g_bytes_get_size(bytes);
    copy[n / 2] ^= 1;
    return g_bytes_new_take(copy, n);
}

void
release_fixture_flip(ReleaseFixture *release, const char *path)
{
    GBytes *bytes = g_hash_table_lookup(release->files, path);

    g_assert(bytes != NULL);
    g_hash_table_replace(release->files, g_strdup(path), flipped(bytes));
}

static void
change_line(FactsLine *line, LineChange change)
{
    GBytes **bytes = change == LINE_FLIP_PAE ? &line->pae : &line->leaf;

    if (change == LINE_FLIP_PROOF) {
        line->hashes[0].bytes[7] ^= 1;
        return;
    }
    GBytes *other = flipped(*bytes);
    g_bytes_unref(*bytes);
    *bytes = other;
}

void
release_fixture_change_line(ReleaseFixture *release, FactKind kind, LineChange change)
{
    g_autoptr(GError) error = NULL;
    GBytes *text = g_hash_table_lookup(release->files, ".slipway/facts.jsonl");
    g_autoptr(GPtrArray) lines = facts_file_parse(span_of_bytes(text), &error);
    g_autoptr(GString) out = g_string_new(NULL);
    bool done = false;

    must(error, "facts file");
    for (unsigned i = 0; i < lines->len; i++) {
        FactsLine *line = g_ptr_array_index(lines, i);
        g_autoptr(Fact) fact = fact_parse(line->index, span_of_bytes(line->leaf),
                                          span_of_bytes(line->pae), FACT_PARSE_CHECKED, &error);
        must(error, "line");
        bool mine = !done && fact->kind == kind;
        done = done || mine;
        if (mine && change == LINE_REMOVE)
            continue;
        if (mine)
            change_line(line, change);
        MerkleProof proof = { .hashes = line->hashes, .n_hashes = line->n_hashes };
        g_autofree char *made = facts_line_build(line->index, span_of_bytes(line->leaf),
                                                 span_of_bytes(line->pae), proof);
        g_string_append(out, made);
    }
    g_assert(done);
    release_fixture_put(release, ".slipway/facts.jsonl", span_of(out->str, out->len));
}
