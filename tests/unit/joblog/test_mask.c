/* SPDX-License-Identifier: Apache-2.0
 * test_mask: secrets do not survive in any of their forms, and nothing else is touched. */
#include "testing.h"
#include "base/encoding.h"
#include "joblog/mask.h"
#include "base/banned.h"

typedef struct {
    Mask *mask;
    Buffer out;
    GError *error;
    char *text;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->mask = mask_new();
    buffer_init(&f->out, 1 << 20);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    mask_free(f->mask);
    buffer_clear(&f->out);
    g_clear_error(&f->error);
    g_free(f->text);
    g_free(f);
    return 0;
}

static void
add(Fixture *f, const char *secret)
{
    bool ok = mask_add(f->mask, span_of_text(secret), &f->error);

    assert_no_gerror(f->error);
    assert_true(ok);
}

static const char *
apply_keep(Fixture *f, const char *text, size_t keep)
{
    buffer_reset(&f->out);
    mask_apply(f->mask, span_of_text(text), keep, &f->out);
    g_free(f->text);
    f->text = buffer_steal_text(&f->out);
    return f->text;
}

static const char *
apply(Fixture *f, const char *text)
{
    return apply_keep(f, text, SIZE_MAX);
}

static void
apply_hides_the_plain_secret_wherever_it_stands(void **state)
{
    Fixture *f = *state;

    add(f, "hunter22");
    assert_string_equal(apply(f, "hunter22"), "***");
    assert_string_equal(apply(f, "a hunter22 b hunter22"), "a *** b ***");
    assert_string_equal(apply(f, "hunter2"), "hunter2");
}

static void
apply_hides_overlapping_secrets_whole(void **state)
{
    Fixture *f = *state;

    add(f, "abcdef");
    add(f, "defxyz");
    add(f, "defx");
    assert_string_equal(apply(f, "-abcdefxyz-"), "-***-");
}

static void
apply_hides_base64_at_each_of_the_three_places(void **state)
{
    Fixture *f = *state;
    const char *const before[] = { "", "u", "us", "user:" };

    add(f, "s3cret-token-value");
    for (size_t i = 0; i < G_N_ELEMENTS(before); i++) {
        g_autofree char *plain = g_strdup_printf("%ss3cret-token-value and more", before[i]);
        g_autofree char *encoded = base64_encode(span_of_text(plain));
        test_case("after '%s'\n", before[i]);
        assert_non_null(strstr(apply(f, encoded), MASK_TEXT));
        /* what is left must not hold even 6 characters of the secret's own base64 */
        g_autofree char *own = g_strndup(encoded + strlen(before[i]) * 4 / 3 + 4, 12);
        assert_null(strstr(f->text, own));
    }
}

static void
apply_hides_wrapped_base64_line_by_line(void **state)
{
    Fixture *f = *state;
    char secret[121];

    for (size_t i = 0; i < sizeof secret - 1; i++)
        secret[i] = (char)('a' + i % 23);
    secret[sizeof secret - 1] = 0;
    add(f, secret);
    g_autofree char *encoded = base64_encode(span_of_text(secret));
    g_autofree char *second_line = g_strndup(encoded + 76, 76);

    assert_string_equal(apply(f, second_line), MASK_TEXT);
}

static void
apply_hides_url_forms(void **state)
{
    Fixture *f = *state;

    add(f, "a b/c&d");
    assert_string_equal(apply(f, "q=a%20b%2Fc%26d"), "q=***");
    assert_string_equal(apply(f, "q=a%20b%2fc%26d"), "q=***");
    assert_string_equal(apply(f, "q=a+b%2Fc%26d"), "q=***");
}

static void
apply_hides_each_line_of_a_long_secret(void **state)
{
    Fixture *f = *state;

    add(f, "first line\r\nsecond line\nend");
    assert_string_equal(apply(f, "x second line y"), "x *** y");
    assert_string_equal(apply(f, "first line"), "***");
    assert_string_equal(apply(f, "end"), "end"); /* too short to hide alone */
}

static void
apply_sees_a_secret_across_the_kept_end(void **state)
{
    Fixture *f = *state;

    add(f, "hunter22");
    assert_string_equal(apply_keep(f, "0123456hunter22", 10), "0123456***");
    assert_string_equal(apply_keep(f, "01234567hunter22", 10), "01234567**");
    assert_string_equal(apply_keep(f, "0123456789hunter22", 10), "0123456789");
}

static void
finds_sees_every_form_anywhere(void **state)
{
    Fixture *f = *state;

    assert_false(mask_finds(f->mask, span_of_text("hunter22")));
    add(f, "hunter22");
    assert_true(mask_finds(f->mask, span_of_text("x=hunter22")));
    assert_true(mask_finds(f->mask, span_of_text("aHVudGVyMjI=")));
    assert_false(mask_finds(f->mask, span_of_text("hunter2")));
}

static void
add_refuses_a_secret_that_is_too_short(void **state)
{
    Fixture *f = *state;
    bool ok = mask_add(f->mask, span_of_text("abc"), &f->error);

    assert_false(ok);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(apply_hides_the_plain_secret_wherever_it_stands),
        CASE(apply_hides_overlapping_secrets_whole),
        CASE(apply_hides_base64_at_each_of_the_three_places),
        CASE(apply_hides_wrapped_base64_line_by_line),
        CASE(apply_hides_url_forms),
        CASE(apply_hides_each_line_of_a_long_secret),
        CASE(apply_sees_a_secret_across_the_kept_end),
        CASE(finds_sees_every_form_anywhere),
        CASE(add_refuses_a_secret_that_is_too_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
