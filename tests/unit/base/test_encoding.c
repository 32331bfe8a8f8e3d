/* SPDX-License-Identifier: Apache-2.0
 * test_encoding: hex, base64 (RFC 4648 section 10 vectors) and UTF-8. */
#include "testing.h"
#include "base/encoding.h"
#include "base/banned.h"

static void
hex_round_trips_and_is_lower_case(void **state)
{
    (void)state;
    static const uint8_t bytes[] = { 0x00, 0xab, 0xff };
    g_autofree char *text = hex_encode(span_of(bytes, sizeof bytes));
    g_autoptr(GBytes) back = hex_decode(text, NULL);

    assert_string_equal(text, "00abff");
    assert_memory_equal(g_bytes_get_data(back, NULL), bytes, sizeof bytes);
}

static void
hex_refuses_upper_case_odd_and_foreign(void **state)
{
    (void)state;
    static const char *const cases[] = { "AB", "abc", "0g", " 00", "0\xc3\xa4" };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GError *error = NULL;

        test_case("case %s", cases[i]);
        assert_null(hex_decode(cases[i], &error));
        assert_gerror(error, BASE_ERROR, BASE_ERROR_INVALID);
        g_error_free(error);
    }
}

static void
base64_has_the_rfc_4648_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *plain, *encoded;
    } cases[] = {
        { "", "" },
        { "f", "Zg==" },
        { "fo", "Zm8=" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *encoded = base64_encode(span_of_text(cases[i].plain));
        g_autoptr(GBytes) decoded = base64_decode(cases[i].encoded, NULL);

        assert_string_equal(encoded, cases[i].encoded);
        assert_non_null(decoded);
        assert_int_equal(g_bytes_get_size(decoded), strlen(cases[i].plain));
        assert_memory_equal(g_bytes_get_data(decoded, NULL), cases[i].plain,
                            strlen(cases[i].plain));
    }
}

static void
base64_refuses_what_is_not_canonical(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "Zg",   /* padding missing */
        "Zg=",  /* too little padding */
        "Zh==", /* stray bits */
        "Zm9=", /* stray bits */
        "Zm9v\n", "Zm 9v", "Z===", "====", "Zg==Zg==", "-_-_", "Zm9v====",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GError *error = NULL;

        test_case("case %s", cases[i]);
        assert_null(base64_decode(cases[i], &error));
        assert_gerror(error, BASE_ERROR, BASE_ERROR_INVALID);
        g_error_free(error);
    }
}

static void
lenient_base64_takes_url_safe_and_unpadded(void **state)
{
    (void)state;
    static const uint8_t wanted[] = { 0xfb, 0xff };
    static const char *const cases[] = { "+/8=", "-_8=", "-_8" };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GBytes) got = base64_decode_lenient(cases[i], NULL);

        assert_non_null(got);
        assert_int_equal(g_bytes_get_size(got), sizeof wanted);
        assert_memory_equal(g_bytes_get_data(got, NULL), wanted, sizeof wanted);
    }
    assert_null(base64_decode_lenient("-_8==", NULL));
    assert_null(base64_decode_lenient("A", NULL));
    assert_null(base64_decode_lenient("-_9", NULL)); /* stray bits */
}

static void
utf8_refuses_nul_surrogates_and_overlong_forms(void **state)
{
    (void)state;
    assert_true(utf8_is_valid(span_of_text("gr\303\274n \360\237\232\242")));
    assert_true(utf8_is_valid(span_of(NULL, 0)));
    assert_false(utf8_is_valid(span_of("a\0b", 3)));
    assert_false(utf8_is_valid(span_of_text("\355\240\200")));
    assert_false(utf8_is_valid(span_of_text("\300\257")));
    assert_false(utf8_is_valid(span_of_text("\303")));
}

static void
decimal_takes_digits_alone(void **state)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool ok;
    } cases[] = {
        { "0", UINT64_MAX, true },
        { "18446744073709551615", UINT64_MAX, true },
        { "18446744073709551616", UINT64_MAX, false },
        { "99999999999999999999", UINT64_MAX, false },
        { "9223372036854775807", INT64_MAX, true },
        { "9223372036854775808", INT64_MAX, false },
        { "3", 3, true },
        { "4", 3, false },
        { "9", 3, false },
        { "30", 3, false },
        { "", 3, false },
        { "00", 3, false },
        { "01", 3, false },
        { "+1", 3, false },
        { "-0", 3, false },
        { " 1", 3, false },
        { "\v1", 3, false },
        { "1 ", 3, false },
        { "0x1", 3, false },
        { "\331\241", 3, false }, /* ARABIC-INDIC DIGIT ONE */
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint64_t value = 77;

        test_case("'%s' up to %" G_GUINT64_FORMAT, cases[i].text, cases[i].max);
        assert_true(decimal_parse(cases[i].text, cases[i].max, &value) == cases[i].ok);
        assert_true(cases[i].ok ? value == g_ascii_strtoull(cases[i].text, NULL, 10) : value == 77);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_round_trips_and_is_lower_case),
        cmocka_unit_test(hex_refuses_upper_case_odd_and_foreign),
        cmocka_unit_test(base64_has_the_rfc_4648_vectors),
        cmocka_unit_test(base64_refuses_what_is_not_canonical),
        cmocka_unit_test(lenient_base64_takes_url_safe_and_unpadded),
        cmocka_unit_test(decimal_takes_digits_alone),
        cmocka_unit_test(utf8_refuses_nul_surrogates_and_overlong_forms),
    };

    return cmocka_run_group_tests_name("encoding", tests, NULL, NULL);
}
