/* SPDX-License-Identifier: Apache-2.0
 * test_digest: SHA-256 against FIPS 180-4 examples, and every back end against the plain one. */
#include "testing.h"
#include "base/digest.h"
#include "base/digest_priv.h"
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

typedef void (*ManyFn)(const DigestBackend *backend, const Span *messages, size_t n, Digest *out);

static void
many_by_choice(const DigestBackend *backend, const Span *messages, size_t n, Digest *out)
{
    (void)backend;
    digest_many(messages, n, out);
}

/* Lengths around every block edge, and mixed, so that lanes end at different times. */
static void
check_many(ManyFn many, const DigestBackend *backend)
{
    static uint8_t bytes[8192];
    static Digest out[N_MANY];
    Span messages[N_MANY];

    random_fill(bytes, sizeof bytes);
    for (size_t round = 0; round < 300; round++) {
        for (size_t i = 0; i < N_MANY; i++) {
            size_t len = round < 200 ? round : (round * 131 + i * 29) % 700;

            messages[i] = span_of(bytes + i, i == round % 80 ? 7000 : len);
        }
        size_t n = round % (N_MANY + 1);

        many(backend, messages, n, out);
        for (size_t i = 0; i < n; i++) {
            Digest wanted = digest_of(messages[i]);

            if (!digest_equal(&wanted, &out[i]))
                fail_msg("round %zu, message %zu of %zu, %zu bytes", round, i, n, messages[i].len);
        }
    }
}

static void
many_digests_equal_single_ones(void **state)
{
    (void)state;
    print_message("# back end %s\n", digest_many_backend());
    check_many(many_by_choice, NULL);
}

/* Every length a short message may have, in every number up to some more than there are lanes. */
static void
check_short(const DigestBackend *backend)
{
    static uint8_t places[2 * DIGEST_MAX_LANES + 3][DIGEST_SHORT_PLACE];
    Digest wanted[G_N_ELEMENTS(places)];
    Digest out[G_N_ELEMENTS(places)];

    for (size_t size = 0; size <= DIGEST_SHORT_BYTES; size++) {
        size_t n = size % (G_N_ELEMENTS(places) + 1);

        random_fill(places, sizeof places);
        for (size_t i = 0; i < n; i++)
            wanted[i] = digest_of(span_of(places[i], size));
        if (backend != NULL)
            digest_many_short_by(backend, places[0], size, n, out);
        else
            digest_many_short(places[0], size, n, out);
        for (size_t i = 0; i < n; i++)
            if (!digest_equal(&wanted[i], &out[i]))
                fail_msg("message %zu of %zu, %zu bytes", i, n, size);
    }
}

static void
short_digests_equal_single_ones(void **state)
{
    (void)state;
    check_short(NULL);
}

static void
every_back_end_of_this_cpu_equals_openssl(void **state)
{
    (void)state;
#if defined(__x86_64__)
    static const DigestBackend *const all[] = { &digest_avx512, &digest_shani };

    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        bool supported = all[i]->is_supported();

        test_case("%s is %s", all[i]->name, supported ? "here" : "not here");
        if (supported) {
            check_many(digest_many_by, all[i]);
            check_short(all[i]);
        }
    }
#endif
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
        cmocka_unit_test(short_digests_equal_single_ones),
        cmocka_unit_test(every_back_end_of_this_cpu_equals_openssl),
    };

    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
