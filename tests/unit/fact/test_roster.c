/* SPDX-License-Identifier: Apache-2.0
 * Bodies of roots and rosters: what is refused, and which rule speaks. */
#include "testing.h"
#include "fact/roster.h"
#include "base/encoding.h"
#include "log_fixture.h"

#define KEY_A "MCowBQYDK2VwAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY_B "MCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

#define ALICE                                                                                      \
    "{\"name\":\"alice\",\"keys\":[{\"scheme\":\"native\",\"key\":\"" KEY_A "\"}],\"logins\":[]}"
#define BOB                                                                                        \
    "{\"name\":\"bob\",\"keys\":[{\"scheme\":\"native\",\"key\":\"" KEY_B "\"}],"                  \
    "\"logins\":[{\"forge\":\"github\",\"login\":\"Bob\"}]}"
#define RULE(objects, people, threshold)                                                           \
    "{\"objects\":" objects ",\"environment\":null,\"verb\":\"approve\",\"action\":\"publish\","   \
    "\"people\":" people ",\"threshold\":" threshold                                               \
    ",\"excludeInitiators\":false,\"schemes\":null}"
#define ROSTER(people, rules) "{\"people\":[" people "],\"rules\":[" rules "],\"builds\":[]}"

static FactRoster *
parse(const char *text, GError **error)
{
    g_autoptr(json_t) body = json_parse(span_of_text(text), 1 << 20, error);

    return body == NULL ? NULL : fact_roster_parse(body, error);
}

static void
wrong_roster_is_refused(void **state)
{
    static const struct {
        const char *name, *text;
    } rows[] = {
        { "no builds", "{\"people\":[],\"rules\":[]}" },
        { "unknown member", "{\"people\":[],\"rules\":[],\"builds\":[],\"x\":1}" },
        { "person twice", ROSTER(ALICE "," ALICE, "") },
        { "one key for two people",
          ROSTER(ALICE ",{\"name\":\"bob\",\"keys\":[{\"scheme\":\"native\",\"key\":\"" KEY_A
                       "\"}],\"logins\":[]}",
                 "") },
        { "a person called unresolved",
          ROSTER("{\"name\":\"unresolved\",\"keys\":[],\"logins\":[]}", "") },
        { "unknown scheme",
          ROSTER("{\"name\":\"al\",\"keys\":[{\"scheme\":\"x509\",\"key\":\"\"}],\"logins\":[]}",
                 "") },
        { "rule names nobody known", ROSTER(ALICE, RULE("[\"*\"]", "[\"bob\"]", "1")) },
        { "threshold above people", ROSTER(ALICE, RULE("[\"*\"]", "[\"alice\"]", "2")) },
        { "threshold 0", ROSTER(ALICE, RULE("[\"*\"]", "[\"alice\"]", "0")) },
        { "rule without objects", ROSTER(ALICE, RULE("[]", "[\"alice\"]", "1")) },
        { "rule without people", ROSTER(ALICE, RULE("[\"*\"]", "[]", "1")) },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        test_case("%s\n", rows[i].name);
        FactRoster *roster = parse(rows[i].text, &error);
        bool refused = roster == NULL;
        fact_roster_free(roster);
        assert_true(refused);
        assert_gerror(error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

static void
first_matching_rule_speaks(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FactRoster) roster =
        parse(ROSTER(ALICE "," BOB, RULE("[\"release:acme/cli@2.*\"]", "[\"alice\",\"bob\"]",
                                         "2") "," RULE("[\"release:acme/*\"]", "[\"bob\"]", "1")),
              &error);

    (void)state;
    assert_no_gerror(error);
    assert_int_equal(fact_roster_rule(roster, "release:acme/cli@2.0.0", NULL, DECISION_APPROVE,
                                      DECISION_ACTION_PUBLISH)
                         ->threshold,
                     2);
    assert_int_equal(fact_roster_rule(roster, "release:acme/cli@1.0.0", NULL, DECISION_APPROVE,
                                      DECISION_ACTION_PUBLISH)
                         ->threshold,
                     1);
    assert_null(fact_roster_rule(roster, "release:acme/cli@1.0.0", "prod", DECISION_APPROVE,
                                 DECISION_ACTION_PUBLISH));
    assert_null(fact_roster_rule(roster, "release:acme/cli@1.0.0", NULL, DECISION_REJECT,
                                 DECISION_ACTION_NONE));
    assert_string_equal(fact_roster_find_login(roster, "github", "Bob")->name, "bob");
    assert_null(fact_roster_find_login(roster, "gitlab", "Bob"));
}

static void
written_rule_reads_back(void **state)
{
    char object[] = "release:acme/*";
    char alice[] = "alice";
    char prod[] = "prod";
    char *objects[] = { object, NULL };
    char *people[] = { alice, NULL };
    RosterRule rule = { .objects = objects,
                        .environment = prod,
                        .verb = DECISION_APPROVE,
                        .action = DECISION_ACTION_PROMOTE,
                        .people = people,
                        .threshold = 1,
                        .exclude_initiators = true,
                        .schemes = 1u << PROOF_SSHSIG };
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) persons = json_array();
    g_autoptr(json_t) rules = json_array();

    (void)state;
    json_array_append_new(persons, json_parse(span_of_text(ALICE), 1000, &error));
    json_array_append_new(rules, fact_roster_rule_json(&rule));
    g_autoptr(json_t) body = fact_roster_body(persons, rules, NULL);
    g_autoptr(FactRoster) roster = fact_roster_parse(body, &error);
    assert_no_gerror(error);
    const RosterRule *back = fact_roster_rule(roster, "release:acme/x@1", "prod", DECISION_APPROVE,
                                              DECISION_ACTION_PROMOTE);
    assert_true(back->exclude_initiators);
    assert_int_equal(back->schemes, 1u << PROOF_SSHSIG);
}

static void
globs_match_runs_of_characters(void **state)
{
    static const struct {
        const char *glob, *text;
        bool match;
    } rows[] = {
        { "*", "", true },        { "", "", true },        { "", "a", false },
        { "a*c", "abc", true },   { "a*c", "ac", true },   { "a*c", "abd", false },
        { "*b*b", "abcb", true }, { "*b*b", "ab", false }, { "a**", "a", true },
        { "a.c", "abc", false },  { "[a]", "a", false },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        test_case("%s against %s\n", rows[i].glob, rows[i].text);
        assert_int_equal(fact_glob_match(rows[i].glob, rows[i].text), rows[i].match);
    }
}

/* A root body of the fixture's keys, changed by @change. */
static json_t *
root_body(void (*change)(json_t *body))
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LogFixture) log = log_fixture_new_with_people(1);
    g_autoptr(Fact) root =
        fact_parse(0, span_of_bytes(g_ptr_array_index(log->leaves, 0)),
                   span_of_bytes(g_ptr_array_index(log->paes, 0)), FACT_PARSE_TRUSTED, &error);
    json_t *body = json_deep_copy(root->predicate->body);

    change(body);
    return body;
}

static void
raise_threshold(json_t *body)
{
    json_object_set_new(body, "threshold", json_integer(2));
}

static void
double_a_key(json_t *body)
{
    json_t *keys = json_object_get(body, "keys");

    json_array_append(keys, json_array_get(keys, 0));
}

static void
drop_builder_id(json_t *body)
{
    json_object_del(json_array_get(json_object_get(body, "keys"), 1), "builderId");
}

static void
change_fold(json_t *body)
{
    json_object_set_new(body, "fold", json_integer(2));
}

static void
swap_algorithms(json_t *body)
{
    json_object_set_new(json_array_get(json_object_get(body, "keys"), 0), "role",
                        json_string("log"));
}

static void
double_a_root_key(json_t *body)
{
    json_t *keys = json_object_get(body, "rootKeys");
    g_autoptr(json_t) second = json_deep_copy(json_array_get(keys, 0));

    json_object_set_new(second, "name", json_string("root-2"));
    json_array_append(keys, second);
}

static void
wrong_root_is_refused(void **state)
{
    static const struct {
        const char *name;
        void (*change)(json_t *body);
    } rows[] = {
        { "threshold above keys", raise_threshold },
        { "a key twice", double_a_key },
        { "builder without id", drop_builder_id },
        { "another fold version", change_fold },
        { "P-256 as log key", swap_algorithms },
        { "one root key under two names", double_a_root_key },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) body = root_body(rows[i].change);
        test_case("%s\n", rows[i].name);
        FactRoot *root = fact_root_parse(body, &error);
        bool refused = root == NULL;
        fact_root_free(root);
        assert_true(refused);
        assert_gerror(error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_roster_is_refused), cmocka_unit_test(first_matching_rule_speaks),
        cmocka_unit_test(written_rule_reads_back), cmocka_unit_test(globs_match_runs_of_characters),
        cmocka_unit_test(wrong_root_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
