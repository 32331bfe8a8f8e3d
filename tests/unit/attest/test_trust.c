/* SPDX-License-Identifier: Apache-2.0
 * test_trust: the trust file, strict. */
#include "attest_fixture.h"
#include "attest/trust.h"
#include "base/banned.h"

#define S_ "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define RULE                                                                                       \
    "{'object':'release:acme/cli@*','source':['git+https://x'],'builders':['*/sandbox/isolated']," \
    "'approvers':null,'approvals':1}"
#define FILE_WITH(accept, max_age)                                                                 \
    "{'slipwayTrust':1,'origin':'" ORIGIN "','root':'" S_                                          \
    "','witnessPolicy':null,'accept':[" accept "],'maxAge':" max_age "}"

static Trust *
parse(Fixture *f, const char *quoted)
{
    char *text = keep_text(f, g_strdelimit(g_strdup(quoted), "'", '"'));

    return keep(f, trust_parse(span_of_text(text), &f->error), (GDestroyNotify)trust_free);
}

static void
file_reads_back_what_was_written(void **state)
{
    Fixture *f = *state;
    Trust *trust = parse(f, FILE_WITH(RULE, "604800"));
    char *text = keep_text(f, trust_build(trust, &f->error));

    assert_no_gerror(f->error);
    Trust *again = keep(f, trust_parse(span_of_text(text), &f->error), (GDestroyNotify)trust_free);
    assert_no_gerror(f->error);
    assert_int_equal(again->max_age_s, 604800);
    assert_string_equal(trust_find_accept(again, "release:acme/cli@1.0")->builders->pdata[0],
                        "*/sandbox/isolated");
}

static void
absent_maximum_age_is_none(void **state)
{
    Fixture *f = *state;

    assert_int_equal(parse(f, FILE_WITH(RULE, "null"))->max_age_s, -1);
}

static void
anything_unknown_or_malformed_is_refused(void **state)
{
    static const char *const cases[] = {
        "{}",
        FILE_WITH("", "-1"),
        FILE_WITH("", "'1'"),
        FILE_WITH("{}", "null"),
        FILE_WITH("{'object':'release:*@*','source':[],'builders':[],'approvers':null,"
                  "'approvals':1}",
                  "null"),
        FILE_WITH("{'object':'x','source':[],'builders':[],'approvers':['x'],'approvals':1}",
                  "null"),
        FILE_WITH("{'object':'x','source':[],'builders':[],'approvals':1}", "null"),
        FILE_WITH("{'object':'x','source':[1],'builders':[],'approvers':null,'approvals':1}",
                  "null"),
        FILE_WITH("{'object':'x','source':[],'builders':[],'approvers':null,'approvals':1,'y':1}",
                  "null"),
        "{'slipwayTrust':2,'origin':'" ORIGIN "','root':'" S_
        "','witnessPolicy':null,'accept':[],'maxAge':null}",
        "{'slipwayTrust':1,'origin':'x','root':'" S_
        "','witnessPolicy':null,'accept':[],'maxAge':null}",
        "{'slipwayTrust':1,'origin':'" ORIGIN "','root':'" S_
        "','witnessPolicy':null,'accept':[],'maxAge':null,'extra':1}",
        "{'slipwayTrust':1,'origin':'" ORIGIN "','root':'" S_ "','witnessPolicy':null,'accept':[]}",
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("%s", cases[i]);
        g_clear_error(&f->error);
        assert_null(parse(f, cases[i]));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

static void
patterns_fit_as_their_star_says(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool fits;
    } cases[] = {
        { "release:acme/cli@*", "release:acme/cli@1.0", true },
        { "release:acme/cli@*", "release:acme/client@1.0", false },
        { "*/sandbox/isolated", ORIGIN "/builder/sandbox/isolated", true },
        { "*", "", true },
        { "a*a", "a", false },
        { "a*b", "ab", true },
        { "exact", "exact", true },
        { "exact", "exactly", false },
    };
    (void)state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("%s ~ %s", cases[i].pattern, cases[i].text);
        assert_int_equal(trust_pattern_fits(cases[i].pattern, cases[i].text), cases[i].fits);
    }
}

static void
fingerprint_changes_with_the_root(void **state)
{
    Fixture *f = *state;
    Trust *trust = parse(f, FILE_WITH("", "null"));
    char *before = keep_text(f, trust_fingerprint(trust));

    trust->root.bytes[31] ^= 1;
    char *after = keep_text(f, trust_fingerprint(trust));
    assert_int_equal(strlen(before), 24);
    assert_string_not_equal(before, after);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(file_reads_back_what_was_written),
        TEST(absent_maximum_age_is_none),
        TEST(anything_unknown_or_malformed_is_refused),
        cmocka_unit_test(patterns_fit_as_their_star_says),
        TEST(fingerprint_changes_with_the_root),
    };

    return cmocka_run_group_tests_name("trust", tests, NULL, NULL);
}
