/* SPDX-License-Identifier: Apache-2.0
 * What an approver's client accepts from an engine: a table of lies, each of which must end before
 * anything is signed. */
#include "testing.h"
#include "base/json.h"
#include "cli/approve_check.h"
#include "engine_fixture.h"

#define RELEASE FIXTURE_RELEASE
#define NAME    "acme/cli@1.0.0"
#define DAY_US  (24ll * 3600 * 1000000)

typedef struct {
    EngineFixture *engine;
    json_t *asked; /* owned: an honest answer */
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    *state = f;
    f->engine = engine_fixture_new(2, 1);
    assert_true(engine_fixture_seal(f->engine, RELEASE));
    assert_true(engine_fixture_request(f->engine, RELEASE));
    assert_true(release_decision_request(f->engine->engine, RELEASE, "person-0", DAY_US, &f->asked,
                                         &f->engine->error));
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    json_decref(f->asked);
    engine_fixture_free(f->engine);
    g_free(f);
    return 0;
}

static bool
accepts(const json_t *asked, const char *release, const char *person)
{
    ApproveWanted wanted = { .release = release, .person = person };
    g_autoptr(GError) error = NULL;
    g_autoptr(ApproveSubject) subject = approve_check(asked, &wanted, &error);

    if (error != NULL)
        print_message("# %s\n", error->message);
    return subject != NULL;
}

static void
an_honest_answer_is_shown(void **state)
{
    Fixture *f = *state;

    assert_true(accepts(f->asked, NAME, "person-0"));
}

static void
a_decision_with_other_words_is_not_signed(void **state)
{
    Fixture *f = *state;
    static const struct {
        const char *member;
        const char *value; /* NULL: null */
    } lies[] = {
        { "verb", "reject" },
        { "verb", "break-glass" },
        { "verb", "amend" },
        { "action", "promote" },
        { "action", "none" },
        { "environment", "prod" },
        { "person", "person-1" },
        { "object", "release:acme/cli@1.1.0" },
        { "object", "roster:acme" },
        { "log", "log.example/other" },
        { "request", NULL },
        { "request", "sha256:0000000000000000000000000000000000000000000000000000000000000000" },
        { "manifest", "sha256:0000000000000000000000000000000000000000000000000000000000000000" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
        g_autoptr(json_t) asked = json_deep_copy(f->asked);

        test_case("%s: %s", lies[i].member, lies[i].value != NULL ? lies[i].value : "null");
        json_object_set_new(json_object_get(asked, "decision"), lies[i].member,
                            lies[i].value != NULL ? json_string(lies[i].value) : json_null());
        assert_false(accepts(asked, NAME, "person-0"));
    }
}

static void
another_release_than_the_typed_one_is_not_signed(void **state)
{
    Fixture *f = *state;

    assert_false(accepts(f->asked, "acme/cli@1.1.0", "person-0"));
    assert_false(accepts(f->asked, NAME, "person-1"));
}

static void
a_fact_that_is_not_shown_is_missed(void **state)
{
    Fixture *f = *state;
    size_t n = json_array_size(json_object_get(f->asked, "facts"));

    /* root, then anything, seal and request among it */
    for (size_t i = 0; i < n; i++) {
        g_autoptr(json_t) asked = json_deep_copy(f->asked);
        json_t *facts = json_object_get(asked, "facts");
        const char *line = json_string_value(json_array_get(facts, i));

        if (i > 0 && i + 2 < n) /* claim, roster, evidence: the log proves what is shown, no more */
            continue;
        test_case("without fact %zu of %zu: %.40s", i, n, line);
        json_array_remove(facts, i);
        assert_false(accepts(asked, NAME, "person-0"));
    }
}

static void
a_checkpoint_of_another_log_proves_nothing(void **state)
{
    Fixture *f = *state;
    g_autoptr(EngineFixture) other = engine_fixture_new(1, 1);
    g_autoptr(json_t) asked = json_deep_copy(f->asked);
    g_autoptr(json_t) theirs = NULL;

    assert_true(engine_fixture_seal(other, RELEASE));
    assert_true(engine_fixture_request(other, RELEASE));
    assert_true(release_decision_request(other->engine, RELEASE, "person-0", DAY_US, &theirs,
                                         &other->error));
    json_object_set(asked, "checkpoint", json_object_get(theirs, "checkpoint"));

    assert_false(accepts(asked, NAME, "person-0"));

    json_object_set(asked, "facts", json_object_get(theirs, "facts"));
    assert_false(accepts(asked, NAME, "person-0")); /* facts and log fit, the decision does not */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_honest_answer_is_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(a_decision_with_other_words_is_not_signed, setup, teardown),
        cmocka_unit_test_setup_teardown(another_release_than_the_typed_one_is_not_signed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_fact_that_is_not_shown_is_missed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_checkpoint_of_another_log_proves_nothing, setup,
                                        teardown),
    };

    return cmocka_run_group_tests_name("approve_check", tests, NULL, NULL);
}
