/* SPDX-License-Identifier: Apache-2.0
 * test_predicate: the frame of our facts, strict. */
#include "attest_fixture.h"
#include "attest/predicate.h"
#include "base/banned.h"

#define S_ "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define GOOD                                                                                       \
    "{'log':'" ORIGIN "','object':'release:acme/cli@1.0','previous':'" S_                          \
    "','command':'01ARZ3NDEKTSV4RRFFQ69G5FAV','at':1766077479000000,'actor':'engine',"             \
    "'policy':{'roster':'" S_ "','file':null},'body':{}}"

static Predicate *
parse(Fixture *f, PredicateKind kind, const json_t *json)
{
    return keep(f, predicate_parse(kind, json, &f->error), (GDestroyNotify)predicate_free);
}

static void
every_kind_has_its_type_and_back(void **state)
{
    (void)state;
    for (PredicateKind kind = PREDICATE_ROOT; kind < PREDICATE_N_KINDS; kind++) {
        test_case("%s", predicate_kind_name(kind));
        assert_int_equal(predicate_kind_of(predicate_type(kind)), kind);
        assert_true(predicate_type_is_ours(predicate_type(kind)));
    }
}

static void
unknown_type_of_ours_is_ours_but_no_kind(void **state)
{
    (void)state;
    assert_true(predicate_type_is_ours("urn:slipway:seal:v2"));
    assert_int_equal(predicate_kind_of("urn:slipway:seal:v2"), PREDICATE_NONE);
}

static void
frame_is_written_as_it_was_read(void **state)
{
    Fixture *f = *state;
    json_t *json = json_of(f, GOOD);
    Predicate *predicate = parse(f, PREDICATE_SEAL, json);

    assert_no_gerror(f->error);
    assert_true(json_equal(keep_json(f, predicate_to_json(predicate)), json));
}

static void
each_member_is_needed(void **state)
{
    static const char *const members[] = { "log", "object", "previous", "command",
                                           "at",  "actor",  "policy",   "body" };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        test_case("without %s", members[i]);
        g_clear_error(&f->error);
        json_t *json = json_of(f, GOOD);
        json_object_del(json, members[i]);
        assert_null(parse(f, PREDICATE_SEAL, json));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

static void
members_outside_their_grammar_are_refused(void **state)
{
    static const struct {
        const char *key, *value;
    } cases[] = {
        { "log", "'nowhere'" },
        { "object", "'env:acme/prod'" }, /* a seal is about a release */
        { "object", "'release:acme'" },
        { "previous", "'e3b0'" },
        { "command", "'01ARZ3NDEKTSV4RRFFQ69G5FA'" },
        { "at", "-1" },
        { "at", "1.5" },
        { "actor", "'person:'" },
        { "actor", "'somebody'" },
        { "policy", "{}" },
        { "policy", "{'roster':'" S_ "'}" },
        { "policy", "{'roster':'" S_ "','file':null,'more':1}" },
        { "body", "[]" },
        { "proofs", "[]" },
        { "proofs", "[{}]" },
        { "more", "1" },
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("%s: %s", cases[i].key, cases[i].value);
        g_clear_error(&f->error);
        json_t *json = json_of(f, GOOD);
        json_object_set(json, cases[i].key, json_of(f, cases[i].value));
        assert_null(parse(f, PREDICATE_SEAL, json));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

static void
approval_has_no_previous(void **state)
{
    Fixture *f = *state;
    json_t *json = json_of(f, GOOD);

    assert_null(parse(f, PREDICATE_APPROVAL, json));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    g_clear_error(&f->error);
    json_object_set_new(json, "previous", json_null());
    assert_non_null(parse(f, PREDICATE_APPROVAL, json));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_its_type_and_back),
        cmocka_unit_test(unknown_type_of_ours_is_ours_but_no_kind),
        TEST(frame_is_written_as_it_was_read),
        TEST(each_member_is_needed),
        TEST(members_outside_their_grammar_are_refused),
        TEST(approval_has_no_previous),
    };

    return cmocka_run_group_tests_name("predicate", tests, NULL, NULL);
}
