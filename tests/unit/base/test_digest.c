/* SPDX-License-Identifier: Apache-2.0
 * test_digest: SHA-256 against FIPS 180-4 examples, and every back end against the plain one. */
#include "testing.h"
#include "base/digest.h"
#include "base/random.h"
#include "base/banned.h"

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void
abc_has_the_digest_of_the_standard(void **state)
{
    (void)state;
    char hex[DIGEST_HEX_SIZE];
    Span parts[] = { span_of_text("a"), span_of(NULL, 0), span_of_text("bc") };
    Digest whole = digest_of(span_of_text("abc"));
    Digest in_parts = digest_of_parts(parts, G_N_ELEMENTS(parts));

    digest_to_hex(&whole, hex);
    assert_string_equal(hex, ABC);
    assert_true(digest_equal(&whole, &in_parts));
}

static void
stream_starts_anew_after_finish(void **state)
{
    (void)state;
    g_autoptr(DigestStream) stream = digest_stream_new();
    Digest wanted = digest_of(span_of_text("abc"));

    for (int i = 0; i < 2; i++) {
        digest_stream_update(stream, span_of_text("ab"));
        digest_stream_update(stream, span_of_text("c"));
        Digest got = digest_stream_finish(stream);
        assert_true(digest_equal(&got, &wanted));
    }
}

static void
text_forms_round_trip(void **state)
{
    (void)state;
    Digest digest = digest_of(span_of_text("abc"));
    Digest back = { 0 };
    g_autofree char *text = digest_dup_string(&digest);

    assert_string_equal(text, "sha256:" ABC);
    assert_true(digest_from_string(text, &back, NULL));
    assert_true(digest_equal(&digest, &back));
    assert_true(digest_hash_equal(&digest, &back));
    assert_int_equal(digest_hash(&digest), digest_hash(&back));
    assert_false(digest_is_zero(&digest));
}

static void
malformed_text_is_refused_and_leaves_the_output(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "sha256:",
        ABC,
        "sha256:" ABC "0",
        "sha512:" ABC,
        "SHA256:" ABC,
        "sha256:BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "sha256:ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "sha256:a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GError *error = NULL;
        Digest digest = { 0 };

        test_case("case '%s'", cases[i]);
        assert_false(digest_from_string(cases[i], &digest, &error));
        assert_gerror(error, BASE_ERROR, BASE_ERROR_INVALID);
        assert_true(digest_is_zero(&digest));
        g_error_free(error);
    }
}

#define N_MANY 67

/* Lengths around every block edge, and mixed, so that lanes end at different times. */
static void
many_digests_equal_single_ones(void **state)
{
    (void)state;
    static uint8_t bytes[4096];
    static Digest out[N_MANY];
    Span messages[N_MANY];

    print_message("# back end %s\n", digest_many_backend());
    random_fill(bytes, sizeof bytes);
    for (size_t round = 0; round < 300; round++) {
        for (size_t i = 0; i < N_MANY; i++) {
            size_t len = round < 200 ? round : (round * 131 + i * 29) % 700;

            messages[i] = span_of(bytes + i, len);
        }
        size_t n = round % (N_MANY + 1);

        digest_many(messages, n, out);
        for (size_t i = 0; i < n; i++) {
            Digest wanted = digest_of(messages[i]);

            if (!digest_equal(&wanted, &out[i]))
                fail_msg("round %zu, message %zu of %zu, %zu bytes", round, i, n, messages[i].len);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(abc_has_the_digest_of_the_standard),
        cmocka_unit_test(stream_starts_anew_after_finish),
        cmocka_unit_test(text_forms_round_trip),
        cmocka_unit_test(malformed_text_is_refused_and_leaves_the_output),
        cmocka_unit_test(many_digests_equal_single_ones),
    };

    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
