/* SPDX-License-Identifier: Apache-2.0
 * test_json: refusals, typed access, canonical order. */
#include "testing.h"
#include <math.h>
#include "base/json.h"
#include "base/limits.h"
#include "base/banned.h"

typedef struct {
    json_t *value; /* owned */
    char *text;    /* owned */
    GError *error; /* owned */
} Fixture;

static int
setup(void **state)
{
    *state = g_new0(Fixture, 1);
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    json_decref(f->value);
    g_free(f->text);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static json_t *
parse(Fixture *f, const char *text)
{
    json_decref(f->value);
    f->value = json_parse(span_of_text(text), LIMIT_JSON_BYTES, &f->error);
    return f->value;
}

static void
canonical(Fixture *f, const char *text)
{
    parse(f, text);
    assert_no_gerror(f->error);
    g_free(f->text);
    f->text = json_canonical(f->value, NULL, &f->error);
}

static void
duplicate_members_are_refused_with_a_place(void **state)
{
    Fixture *f = *state;

    assert_null(parse(f, "{\"a\":1,\n\"a\":2}"));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    assert_non_null(strstr(f->error->message, "line 2"));
}

static void
length_is_refused_before_parsing(void **state)
{
    Fixture *f = *state;

    f->value = json_parse(span_of_text("[1]"), 2, &f->error);
    assert_null(f->value);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
}

static void
nested_text(Fixture *f, unsigned depth)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < depth; i++)
        g_string_append_c(text, '[');
    g_string_append(text, "\"]]][[[\\\"[[\"");
    for (unsigned i = 0; i < depth; i++)
        g_string_append_c(text, ']');
    g_free(f->text);
    f->text = g_string_free(text, FALSE);
}

static void
nesting_at_the_limit_is_parsed(void **state)
{
    Fixture *f = *state;

    nested_text(f, LIMIT_JSON_DEPTH);
    assert_non_null(parse(f, f->text));
    assert_true(json_is_canonical(span_of_text(f->text), f->value));
}

static void
nesting_over_the_limit_is_refused(void **state)
{
    Fixture *f = *state;

    nested_text(f, LIMIT_JSON_DEPTH + 1);
    assert_null(parse(f, f->text));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
}

static void
canonical_sorts_by_utf16_units(void **state)
{
    Fixture *f = *state;

    /* U+1F600 (surrogates D83D DE00) comes before U+FB33, which comes before nothing here */
    canonical(
        f, "{\"\\ufb33\":1,\"\\ud83d\\ude00\":2,\"\\u00f6\":3,\"1\":4,\"\\r\":5,\"\":6,\"10\":7}");
    assert_string_equal(f->text, "{\"\":6,\"\\r\":5,\"1\":4,\"10\":7,\"\303\266\":3,"
                                 "\"\360\237\230\200\":2,\"\357\254\263\":1}");
}

static void
canonical_writes_numbers_shortest(void **state)
{
    Fixture *f = *state;

    canonical(f, "[1E21, 1e20, 0.000001, 1e-7, 9007199254740991, -0, -0.0, 1.50, 5e-324, "
                 "5.684341886080802e-14, 1.7976931348623157e308]");
    assert_string_equal(f->text, "[1e+21,100000000000000000000,0.000001,1e-7,9007199254740991,0,0,"
                                 "1.5,5e-324,5.684341886080802e-14,1.7976931348623157e+308]");
}

static void
canonical_refuses_integers_beyond_doubles(void **state)
{
    Fixture *f = *state;

    canonical(f, "9007199254740992");
    assert_null(f->text);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
canonical_form_is_recognised_byte_for_byte(void **state)
{
    Fixture *f = *state;
    Digest digest = { 0 };
    Digest wanted = digest_of(span_of_text("{\"a\":[1,null,true]}"));

    parse(f, "{ \"a\": [1,null,true]}");
    assert_true(json_is_canonical(span_of_text("{\"a\":[1,null,true]}"), f->value));
    assert_false(json_is_canonical(span_of_text("{ \"a\": [1,null,true]}"), f->value));
    assert_true(json_canonical_digest(f->value, &digest, NULL));
    assert_true(digest_equal(&digest, &wanted));
}

#define TYPED                                                                                      \
    "{\"s\":\"x\",\"n\":3,\"neg\":-1,\"r\":1.5,\"o\":{},\"a\":[],\"null\":null,\"d\":\"sha256:"    \
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}"

static void
typed_access_gives_what_is_there(void **state)
{
    Fixture *f = *state;
    int64_t number = 0;
    Digest digest = { 0 };
    bool present = true;
    const char *text = "kept";

    parse(f, TYPED);
    assert_string_equal(json_need_string(f->value, "s", "test", NULL), "x");
    assert_non_null(json_need_object(f->value, "o", "test", NULL));
    assert_non_null(json_need_array(f->value, "a", "test", NULL));
    assert_true(json_need_uint(f->value, "n", "test", &number, NULL));
    assert_int_equal(number, 3);
    assert_true(json_need_digest(f->value, "d", "test", &digest, NULL));
    assert_false(digest_is_zero(&digest));
    assert_true(json_need_digest_or_null(f->value, "null", "test", &present, &digest, NULL));
    assert_false(present);
    assert_true(json_need_digest_or_null(f->value, "d", "test", &present, &digest, NULL));
    assert_true(present);
    assert_true(json_need_string_or_null(f->value, "null", "test", &text, NULL));
    assert_null(text);
}

static void
typed_access_refuses_other_types_and_absence(void **state)
{
    Fixture *f = *state;
    int64_t number = 7;
    Digest digest = { 0 };
    const char *text = NULL;
    bool present = false;

    parse(f, TYPED);
    assert_null(json_need_string(f->value, "n", "test", NULL));
    assert_null(json_need_object(f->value, "a", "test", NULL));
    assert_null(json_need_array(f->value, "o", "test", NULL));
    assert_false(json_need_uint(f->value, "neg", "test", &number, NULL));
    assert_false(json_need_uint(f->value, "r", "test", &number, NULL));
    assert_false(json_need_digest(f->value, "s", "test", &digest, NULL));
    assert_false(json_need_digest_or_null(f->value, "n", "test", &present, &digest, NULL));
    assert_false(json_need_string_or_null(f->value, "absent", "test", &text, NULL));
    assert_int_equal(number, 7);
    assert_null(json_need_string(f->value, "absent", "test", &f->error));
    assert_string_equal(f->error->message, "'test' has no member 'absent'");
}

static void
unknown_members_are_named(void **state)
{
    Fixture *f = *state;
    static const char *const allowed[] = { "a", "b", NULL };

    parse(f, "{\"a\":1}");
    assert_true(json_only_keys(f->value, allowed, "test", NULL));
    parse(f, "{\"a\":1,\"c\":2}");
    bool ok = json_only_keys(f->value, allowed, "test", &f->error);
    assert_false(ok);
    assert_string_equal(f->error->message, "'test' has an unknown member 'c'");
}

static void
pretty_keeps_the_order_of_insertion(void **state)
{
    Fixture *f = *state;

    parse(f, "{\"b\":1,\"a\":[]}");
    f->text = json_pretty(f->value);
    assert_string_equal(f->text, "{\n  \"b\": 1,\n  \"a\": []\n}\n");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(duplicate_members_are_refused_with_a_place),
        T(length_is_refused_before_parsing),
        T(nesting_at_the_limit_is_parsed),
        T(nesting_over_the_limit_is_refused),
        T(canonical_sorts_by_utf16_units),
        T(canonical_writes_numbers_shortest),
        T(canonical_refuses_integers_beyond_doubles),
        T(canonical_form_is_recognised_byte_for_byte),
        T(typed_access_gives_what_is_there),
        T(typed_access_refuses_other_types_and_absence),
        T(unknown_members_are_named),
        T(pretty_keeps_the_order_of_insertion),
    };

    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
