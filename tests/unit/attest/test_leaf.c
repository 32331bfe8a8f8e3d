/* SPDX-License-Identifier: Apache-2.0
 * test_leaf: the bytes of a log entry, fixed for ever. */
#include "attest_fixture.h"
#include "attest/leaf.h"
#include "base/encoding.h"
#include "base/banned.h"

#define PAE "DSSEv1 1 t 2 {}"

static GBytes *
build(Fixture *f)
{
    Digest digest = digest_of(span_of_text(PAE));
    GBytes *sig = sign(f, f->p256, span_of_text(PAE));

    return keep_bytes(
        f, leaf_build(&digest, span_of_bytes(sig), public_key_spki(signer_public_key(f->p256))));
}

static Leaf *
parse(Fixture *f, Span bytes)
{
    return keep(f, leaf_parse(bytes, &f->error), (GDestroyNotify)leaf_free);
}

static void
leaf_has_the_bytes_the_format_fixes(void **state)
{
    Fixture *f = *state;
    Digest digest = digest_of(span_of_text(PAE));
    uint8_t spki[PUBLIC_KEY_P256_SPKI_SIZE] = { 0 };
    GBytes *leaf =
        keep_bytes(f, leaf_build(&digest, span_of_text("sig"), span_of(spki, sizeof spki)));
    char *digest64 = keep_text(f, base64_encode(span_of(digest.bytes, DIGEST_SIZE)));
    char *spki64 = keep_text(f, base64_encode(span_of(spki, sizeof spki)));
    char *wanted = keep_text(
        f, g_strconcat("{\"apiVersion\":\"0.0.2\",\"kind\":\"hashedrekord\",\"spec\":{"
                       "\"hashedRekordV002\":{\"data\":{\"algorithm\":\"SHA2_256\",\"digest\":\"",
                       digest64,
                       "\"},\"signature\":{\"content\":\"c2ln\",\"verifier\":{"
                       "\"keyDetails\":\"PKIX_ECDSA_P256_SHA_256\",\"publicKey\":{\"rawBytes\":\"",
                       spki64, "\"}}}}}}", NULL));

    assert_int_equal(g_bytes_get_size(leaf), strlen(wanted));
    assert_memory_equal(span_of_bytes(leaf).data, wanted, strlen(wanted));
}

static void
leaf_is_canonical_json(void **state)
{
    Fixture *f = *state;
    GBytes *leaf = build(f);
    json_t *parsed = keep_json(f, json_parse(span_of_bytes(leaf), 1u << 16, &f->error));

    assert_no_gerror(f->error);
    assert_true(json_is_canonical(span_of_bytes(leaf), parsed));
}

static void
leaf_reads_back_and_holds(void **state)
{
    Fixture *f = *state;
    Leaf *leaf = parse(f, span_of_bytes(build(f)));

    assert_no_gerror(f->error);
    assert_true(leaf_check(leaf, span_of_text(PAE), NULL, &f->error));
    assert_true(leaf_check(leaf, span_of_text(PAE), signer_public_key(f->p256), &f->error));
}

static void
leaf_about_other_bytes_is_untrusted(void **state)
{
    Fixture *f = *state;
    Leaf *leaf = parse(f, span_of_bytes(build(f)));

    assert_false(leaf_check(leaf, span_of_text("other"), NULL, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
}

static void
leaf_with_a_signature_over_other_bytes_is_untrusted(void **state)
{
    Fixture *f = *state;
    Digest digest = digest_of(span_of_text(PAE));
    GBytes *sig = sign(f, f->p256, span_of_text("other"));
    GBytes *bytes = keep_bytes(
        f, leaf_build(&digest, span_of_bytes(sig), public_key_spki(signer_public_key(f->p256))));
    Leaf *leaf = parse(f, span_of_bytes(bytes));

    assert_false(leaf_check(leaf, span_of_text(PAE), NULL, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
}

/* Every byte of the text counts: whatever still parses after a flip must differ in a part. */
static void
no_byte_can_change_without_notice(void **state)
{
    Fixture *f = *state;
    GBytes *bytes = build(f);
    Leaf *original = parse(f, span_of_bytes(bytes));
    size_t len = g_bytes_get_size(bytes);
    uint8_t *copy = keep(f, g_memdup2(span_of_bytes(bytes).data, len), g_free);

    for (size_t i = 0; i < len; i++) {
        copy[i] ^= 1;
        g_autoptr(Leaf) leaf = leaf_parse(span_of(copy, len), NULL);
        copy[i] ^= 1;
        bool same = leaf != NULL && digest_equal(&leaf->pae, &original->pae) &&
                    digest_equal(&leaf->keyid, &original->keyid) &&
                    g_bytes_equal(leaf->signature, original->signature);
        if (same)
            test_case("byte %zu", i);
        assert_false(same);
    }
}

static void
leaf_cut_short_or_longer_is_refused(void **state)
{
    Fixture *f = *state;
    Span bytes = span_of_bytes(build(f));

    for (size_t len = 0; len < bytes.len; len++) {
        g_autoptr(Leaf) leaf = leaf_parse(span_of(bytes.data, len), NULL);
        assert_null(leaf);
    }
    char *longer = keep_text(f, g_strdup_printf("%.*s ", (int)bytes.len, bytes.data));
    assert_null(parse(f, span_of_text(longer)));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(leaf_has_the_bytes_the_format_fixes),
        TEST(leaf_is_canonical_json),
        TEST(leaf_reads_back_and_holds),
        TEST(leaf_about_other_bytes_is_untrusted),
        TEST(leaf_with_a_signature_over_other_bytes_is_untrusted),
        TEST(no_byte_can_change_without_notice),
        TEST(leaf_cut_short_or_longer_is_refused),
    };

    return cmocka_run_group_tests_name("leaf", tests, NULL, NULL);
}
