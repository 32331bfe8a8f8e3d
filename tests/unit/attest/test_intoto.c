/* SPDX-License-Identifier: Apache-2.0
 * test_intoto: payloads of in-toto envelopes told apart. */
#include "attest_fixture.h"
#include "attest/intoto.h"
#include "base/banned.h"

#define HEX "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" /* of "hello" */

static IntotoPayload *
parse(Fixture *f, const char *quoted)
{
    char *text = keep_text(f, g_strdelimit(g_strdup(quoted), "'", '"'));

    return keep(f, intoto_parse(span_of_text(text), &f->error), (GDestroyNotify)intoto_free);
}

static void
payloads_are_about_their_files(void **state)
{
    static const struct {
        const char *text;
        IntotoKind kind;
        bool about;
    } cases[] = {
        { "{'_type':'https://in-toto.io/Statement/v1','predicateType':'t','predicate':{},"
          "'subject':[{'digest':{'sha256':'" HEX "'}}]}",
          INTOTO_STATEMENT, true },
        { "{'_type':'https://in-toto.io/Statement/v0.1','predicateType':'t','predicate':{},"
          "'subject':[{'name':'x','digest':{'sha256':'" HEX "'}}]}",
          INTOTO_STATEMENT, true },
        { "{'_type':'link','name':'build','command':[],'materials':{},"
          "'products':{'x':{'sha256':'" HEX "'}},'byproducts':{},'environment':{}}",
          INTOTO_LINK, true },
        { "{'_type':'link','name':'build','command':[],'products':{},"
          "'materials':{'x':{'sha256':'" HEX "'}}}",
          INTOTO_LINK, false },
        { "{'_type':'layout','expires':'2030-01-01T00:00:00Z','keys':{},'steps':[],'inspect':[]}",
          INTOTO_LAYOUT, false },
    };
    Fixture *f = *state;
    Digest digest = digest_of(span_of_text("hello"));

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("case %zu", i);
        IntotoPayload *payload = parse(f, cases[i].text);
        assert_no_gerror(f->error);
        assert_int_equal(payload->kind, cases[i].kind);
        assert_int_equal(intoto_is_about(payload, &digest), cases[i].about);
    }
}

static void
malformed_payloads_are_refused(void **state)
{
    static const char *const cases[] = {
        "[]",
        "{}",
        "{'_type':1}",
        "{'_type':'https://in-toto.io/Statement/v0.2','predicateType':'t','predicate':{},"
        "'subject':[{'digest':{'sha256':'" HEX "'}}]}",
        "{'_type':'link','name':'build','command':[],'materials':{}}",
        "{'_type':'link','name':'build','command':[],'materials':{},'products':{'x':1}}",
        "{'_type':'layout','keys':{},'steps':[],'inspect':[]}",
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("case %zu", i);
        assert_null(parse(f, cases[i]));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
        g_clear_error(&f->error);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(payloads_are_about_their_files),
        TEST(malformed_payloads_are_refused),
    };

    return cmocka_run_group_tests_name("intoto", tests, NULL, NULL);
}
