/* SPDX-License-Identifier: Apache-2.0
 * What of TUF the recorded cases do not reach: canonical text, path patterns, hashes, refusals. */
#include "attest/tuf.h"
#include "base/json.h"
#include "testing.h"
#include "base/banned.h"

static void
canonical_text_escapes_quote_and_backslash_only(void **state)
{
    g_autoptr(json_t) value =
        json_pack("{s:s, s:[i, b, n], s:s}", "b", "a\"\\\n\xc3\xa9", "a", 7, 1, "", "");
    g_autoptr(GBytes) text = tuf_canonical(value, NULL);

    (void)state;
    assert_non_null(text);
    static const char wanted[] = "{\"\":\"\",\"a\":[7,true,null],\"b\":\"a\\\"\\\\\n\xc3\xa9\"}";
    assert_int_equal(g_bytes_get_size(text), sizeof wanted - 1);
    assert_memory_equal(g_bytes_get_data(text, NULL), wanted, sizeof wanted - 1);
}

static void
a_fraction_has_no_canonical_text(void **state)
{
    g_autoptr(json_t) value = json_pack("{s:f}", "a", 0.5);
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_null(tuf_canonical(value, &error));
    assert_gerror(error, TUF_ERROR, TUF_ERROR_METADATA);
}

static void
patterns_match_part_by_part(void **state)
{
    static const struct {
        const char *pattern;
        const char *path;
        bool fits;
    } cases[] = {
        { "*", "a", true },
        { "*", "a/b", false },
        { "a/*", "a/b", true },
        { "a/*", "a/b/c", false },
        { "a/*/c", "a/b/c", true },
        { "foo-?.tgz", "foo-1.tgz", true },
        { "foo-?.tgz", "foo-12.tgz", false },
        { "*.tgz", "foo.tgz", true },
        { "a*b*c", "axxbyyc", true },
        { "a*b*c", "axxbyy", false },
        { "", "", true },
        { "a", "a/", false },
        { "*/", "a/", true },
        { "a/b", "a", false },
        { "**", "ab", true },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("'%s' and '%s'", cases[i].pattern, cases[i].path);
        assert_int_equal(tuf_path_fits(cases[i].pattern, cases[i].path), cases[i].fits);
    }
}

static void
every_hash_must_fit_and_be_known(void **state)
{
    Span abc = span_of_text("abc");
    const char *sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    g_autoptr(json_t) right = json_pack("{s:s}", "sha256", sha256);
    g_autoptr(json_t) wrong = json_pack("{s:s, s:s}", "sha256", sha256, "sha512", "00");
    g_autoptr(json_t) unknown = json_pack("{s:s, s:s}", "sha256", sha256, "md5", "00");
    g_autoptr(GError) mismatch = NULL;
    g_autoptr(GError) metadata = NULL;

    (void)state;
    assert_true(tuf_hashes_fit(right, abc, NULL));
    assert_false(tuf_hashes_fit(wrong, abc, &mismatch));
    assert_gerror(mismatch, TUF_ERROR, TUF_ERROR_MISMATCH);
    assert_false(tuf_hashes_fit(unknown, abc, &metadata));
    assert_gerror(metadata, TUF_ERROR, TUF_ERROR_METADATA);
}

static void
a_root_must_carry_its_own_threshold(void **state)
{
    static const char unsigned_root[] =
        "{\"signatures\":[],\"signed\":{\"_type\":\"root\",\"spec_version\":\"1.0\",\"version\":1,"
        "\"expires\":\"2126-01-01T00:00:00Z\",\"consistent_snapshot\":true,\"keys\":{},\"roles\":{"
        "\"root\":{\"keyids\":[],\"threshold\":1},\"timestamp\":{\"keyids\":[],\"threshold\":1},"
        "\"snapshot\":{\"keyids\":[],\"threshold\":1},\"targets\":{\"keyids\":[],\"threshold\":1}}}"
        "}";
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_null(tuf_set_new(span_of_text(unsigned_root), 0, &error));
    assert_gerror(error, TUF_ERROR, TUF_ERROR_SIGNATURES);
}

static void
malformed_metadata_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "{\"signed\":{}}",
        "{\"signed\":{},\"signatures\":[]}",
        "{\"signed\":{\"_type\":\"root\"},\"signatures\":[{\"keyid\":\"a\",\"sig\":\"\"},"
        "{\"keyid\":\"a\",\"sig\":\"\"}]}",
        "{\"signed\":{\"_type\":\"root\",\"spec_version\":\"2.0\",\"version\":1,\"expires\":"
        "\"2126-01-01T00:00:00Z\"},\"signatures\":[]}",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;

        test_case("%s", texts[i]);
        assert_null(tuf_set_new(span_of_text(texts[i]), 0, &error));
        assert_gerror(error, TUF_ERROR, TUF_ERROR_METADATA);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_text_escapes_quote_and_backslash_only),
        cmocka_unit_test(a_fraction_has_no_canonical_text),
        cmocka_unit_test(patterns_match_part_by_part),
        cmocka_unit_test(every_hash_must_fit_and_be_known),
        cmocka_unit_test(a_root_must_carry_its_own_threshold),
        cmocka_unit_test(malformed_metadata_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
