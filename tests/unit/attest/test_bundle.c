/* SPDX-License-Identifier: Apache-2.0
 * test_bundle: Sigstore bundles of our own kind. */
#include "attest_fixture.h"
#include "../proof/vectors.h"
#include "attest/bundle.h"
#include "attest/leaf.h"
#include "base/encoding.h"
#include "proof/note.h"
#include "base/banned.h"

#define PAE "DSSEv1 28 application/vnd.in-toto+json 2 {}"

/* A bundle with two hashes that prove nothing: form is what is tested here. */
static char *
build(Fixture *f)
{
    Digest digest = digest_of(span_of_text(PAE));
    GBytes *sig = sign(f, f->p256, span_of_text(PAE));
    GBytes *leaf = keep_bytes(
        f, leaf_build(&digest, span_of_bytes(sig), public_key_spki(signer_public_key(f->p256))));
    static const Digest hashes[2] = { { { 1 } }, { { 2 } } };
    const Span stamps[2] = { span_of_text("first"), span_of_text("second") };
    BundleParts parts = {
        .pae = span_of_text(PAE),
        .leaf = span_of_bytes(leaf),
        .head = { .size = 1, .root = merkle_leaf_hash(span_of_bytes(leaf)) },
        .proof = { .hashes = hashes, .n_hashes = 2 },
        .checkpoint = span_of_text("a \"note\"\\\n\n\xe2\x80\x94 \n"),
        .log_id = note_log_id(ORIGIN, signer_public_key(f->ed25519)),
        .timestamps = stamps,
        .n_timestamps = 2,
    };

    return keep_text(f, bundle_build(&parts, &f->error));
}

static Bundle *
parse(Fixture *f, const char *text)
{
    return keep(f, bundle_parse(span_of_text(text), &f->error), (GDestroyNotify)bundle_free);
}

static void
bundle_reads_back_with_all_its_parts(void **state)
{
    Fixture *f = *state;
    Bundle *bundle = parse(f, build(f));

    assert_no_gerror(f->error);
    GBytes *pae = keep_bytes(f, bundle_pae(bundle));
    Digest keyid = public_key_keyid(signer_public_key(f->p256));
    Digest leaf_hash = merkle_leaf_hash(span_of_bytes(bundle->leaf));
    assert_memory_equal(span_of_bytes(pae).data, PAE, strlen(PAE));
    assert_memory_equal(&bundle->hint, &keyid, sizeof keyid);
    assert_int_equal(bundle->head.size, 1);
    assert_memory_equal(&bundle->head.root, &leaf_hash, sizeof leaf_hash);
    assert_true(dsse_verify(bundle->envelope, signer_public_key(f->p256), &f->error));
}

static void
bundle_names_its_members_as_sigstore_does(void **state)
{
    Fixture *f = *state;
    json_t *json = keep_json(f, json_parse(span_of_text(build(f)), 1u << 20, &f->error));
    json_t *material = json_object_get(json, "verificationMaterial");
    json_t *entry = json_array_get(json_object_get(material, "tlogEntries"), 0);

    assert_string_equal(json_string_value(json_object_get(json, "mediaType")),
                        "application/vnd.dev.sigstore.bundle.v0.3+json");
    assert_string_equal(json_string_value(json_object_get(entry, "logIndex")), "0");
    assert_true(
        json_is_object(json_object_get(json_object_get(entry, "inclusionProof"), "checkpoint")));
}

static void
bundle_is_canonical_json_and_a_newline(void **state)
{
    Fixture *f = *state;
    char *text = build(f);
    Span json = span_of(text, strlen(text) - 1);
    json_t *parsed = keep_json(f, json_parse(json, 1u << 20, &f->error));

    assert_no_gerror(f->error);
    assert_true(json_is_canonical(json, parsed));
    assert_int_equal(text[json.len], '\n');
}

/* What bundle_build wrote is read by comparing, the same indented by the JSON reader. */
static void
both_ways_to_read_agree(void **state)
{
    Fixture *f = *state;
    char *text = build(f);
    json_t *json = keep_json(f, json_parse(span_of_text(text), 1u << 20, &f->error));
    Bundle *a = parse(f, text), *b = parse(f, keep_text(f, json_pretty(json)));

    assert_no_gerror(f->error);
    assert_true(g_bytes_equal(a->leaf, b->leaf));
    assert_true(g_bytes_equal(a->checkpoint, b->checkpoint));
    assert_true(g_bytes_equal(a->envelope->payload, b->envelope->payload));
    assert_string_equal(a->envelope->payload_type, b->envelope->payload_type);
    assert_memory_equal(&a->head, &b->head, sizeof a->head);
    assert_memory_equal(&a->log_id, &b->log_id, sizeof a->log_id);
    assert_int_equal(a->n_hashes, b->n_hashes);
    assert_memory_equal(a->hashes, b->hashes, a->n_hashes * sizeof *a->hashes);
    assert_int_equal(a->timestamps->len, 2);
    assert_int_equal(b->timestamps->len, 2);
}

/* Bundles with a certificate, an older media type or a message signature are another's; those that
 * claim to be ours must be whole. */
static void
broken_bundles_are_refused(void **state)
{
    static const struct {
        const char *from, *to;
        int code;
    } cases[] = {
        { "bundle.v0.3+json", "bundle.v0.9+json", BASE_ERROR_UNAVAILABLE },
        { "\"publicKey\":{\"hint\"", "\"certificate\":{\"hint\"", BASE_ERROR_UNAVAILABLE },
        { "\"dsseEnvelope\"", "\"messageSignature\"", BASE_ERROR_UNAVAILABLE },
        { "\"hashedrekord\"", "\"dsse\"", BASE_ERROR_UNAVAILABLE },
        { "},\"logIndex\":\"0\"}", "},\"logIndex\":\"00\"}", BASE_ERROR_INVALID },
        { "},\"logIndex\":\"0\"}", "},\"logIndex\":\"1\"}", BASE_ERROR_INVALID },
        { "\"treeSize\":\"1\"", "\"treeSize\":\"-1\"", BASE_ERROR_INVALID },
        { "\"hashes\":[", "\"hashes\":[\"AA==\",", BASE_ERROR_INVALID },
        { "\"signatures\":[", "\"signatures\":[{\"sig\":\"AA==\"},", BASE_ERROR_INVALID },
    };
    Fixture *f = *state;
    char *good = build(f);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(GStrv) halves = g_strsplit(good, cases[i].from, 2);
        g_autofree char *broken = g_strjoinv(cases[i].to, halves);
        g_clear_error(&f->error);
        g_autoptr(Bundle) bundle = bundle_parse(span_of_text(broken), &f->error);
        int code = f->error != NULL ? f->error->code : 0;
        bool ok = bundle == NULL && code == cases[i].code && g_strv_length(halves) == 2;
        if (!ok)
            test_case("%s", cases[i].to);
        assert_true(ok);
    }
}

static void
published_bundles_never_pass_as_ours(void **state)
{
    Vectors *v = *state;

    vectors_open(v, "sigstore-bundles");
    vectors_list(v, ".", "bundle.sigstore.json");
    for (guint i = 0; i < v->paths->len; i++) {
        g_autoptr(GBytes) text = vectors_read(v, v->paths->pdata[i]);
        g_autoptr(GError) error = NULL;
        g_autoptr(Bundle) bundle = bundle_parse(span_of_bytes(text), &error);
        vectors_case(v, v->paths->pdata[i], (bundle == NULL) == (error != NULL));
    }
    vectors_done(v, 30);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bundle_reads_back_with_all_its_parts),
        TEST(bundle_names_its_members_as_sigstore_does),
        TEST(bundle_is_canonical_json_and_a_newline),
        TEST(both_ways_to_read_agree),
        TEST(broken_bundles_are_refused),
        cmocka_unit_test_setup_teardown(published_bundles_never_pass_as_ours, vectors_setup,
                                        vectors_teardown),
    };

    return cmocka_run_group_tests_name("bundle", tests, NULL, NULL);
}
