/* SPDX-License-Identifier: Apache-2.0
 * test_secret: who gets a secret, what is on disk of it, and what stays hidden after a rotation. */
#include "testing.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "base/json.h"
#include "engine_fixture.h"
#include "service/secret.h"
#include "service/secret_box.h"
#include "base/banned.h"

#define VALUE "correct horse battery"
#define NEXT  "staple of another kind"

static int
setup(void **state)
{
    *state = engine_fixture_new(1, 1);
    return 0;
}

static int
teardown(void **state)
{
    engine_fixture_free(*state);
    return 0;
}

static bool
change(EngineFixture *f, const char *project, const char *value, const char *rules, bool create)
{
    g_autoptr(json_t) object =
        rules == NULL ? NULL : json_parse(span_of_text(rules), 4096, &f->error);
    SecretChange asked = {
        .project = project,
        .name = "TOKEN",
        .value = value == NULL ? (Span){ 0 } : span_of_text(value),
        .rules = rules != NULL,
        .jobs = json_object_get(object, "jobs"),
        .refs = json_object_get(object, "refs"),
        .triggers = json_object_get(object, "triggers"),
        .actor = "operator",
    };

    g_clear_error(&f->error);
    return secret_set(f->engine, &asked, create, &f->error);
}

static SecretRequest
request_of(RunTrigger trigger, const char *job, const char *ref)
{
    static const char *const names[] = { "TOKEN", NULL };

    return (SecretRequest){
        .project = "acme", .job = job, .names = names, .trigger = trigger, .ref = ref, .run = { 7 }
    };
}

/* Whether the request gets exactly @value. */
static bool
is_given(EngineFixture *f, SecretRequest request, const char *value)
{
    g_auto(SecretSet) set = { 0 };
    g_autofree char *pair = g_strconcat("TOKEN=", value, NULL);

    g_clear_error(&f->error);
    if (!secret_collect(f->engine, &request, &set, &f->error) || set.pairs->len != 1)
        return false;
    return strcmp((const char *)secret_get(set.pairs->pdata[0]).data, pair) == 0;
}

static bool
gets_nothing(EngineFixture *f, SecretRequest request)
{
    g_auto(SecretSet) set = { 0 };

    g_clear_error(&f->error);
    return secret_collect(f->engine, &request, &set, &f->error) && set.pairs->len == 0 &&
           set.hidden->len == 0 && set.withheld->len == 1;
}

static void
a_job_gets_what_no_rule_forbids(void **state)
{
    EngineFixture *f = *state;

    assert_true(change(f, "acme", VALUE, NULL, true));
    assert_true(is_given(f, request_of(RUN_TRIGGER_PUSH, "build", "refs/heads/dev"), VALUE));
}

static void
proposals_get_nothing_whatever_the_rules_say(void **state)
{
    EngineFixture *f = *state;
    SecretRequest outside = request_of(RUN_TRIGGER_MANUAL, "build", "refs/heads/main");

    outside.outside = true;
    assert_true(change(f, "acme", VALUE, NULL, true));
    assert_true(gets_nothing(f, request_of(RUN_TRIGGER_PROPOSAL, "build", "refs/pull/1/head")));
    assert_true(gets_nothing(f, outside));
    assert_true(gets_nothing(f, request_of(RUN_TRIGGER_NONE, "build", "refs/heads/main")));
}

static void
every_rule_must_hold(void **state)
{
    EngineFixture *f = *state;

    assert_true(change(f, "acme", VALUE,
                       "{\"jobs\":[\"deploy*\"],\"refs\":[\"main\",\"refs/tags/v*\"],"
                       "\"triggers\":[\"push\",\"tag\"]}",
                       true));
    assert_true(is_given(f, request_of(RUN_TRIGGER_PUSH, "deploy-site", "refs/heads/main"), VALUE));
    assert_true(is_given(f, request_of(RUN_TRIGGER_TAG, "deploy", "refs/tags/v1"), VALUE));
    assert_true(gets_nothing(f, request_of(RUN_TRIGGER_PUSH, "build", "refs/heads/main")));
    assert_true(gets_nothing(f, request_of(RUN_TRIGGER_PUSH, "deploy", "refs/heads/main2")));
    assert_true(gets_nothing(f, request_of(RUN_TRIGGER_SCHEDULE, "deploy", "refs/heads/main")));
}

static void
other_projects_get_nothing(void **state)
{
    EngineFixture *f = *state;

    assert_true(change(f, "other", VALUE, NULL, true));
    assert_true(gets_nothing(f, request_of(RUN_TRIGGER_PUSH, "build", "refs/heads/main")));
}

static void
a_projects_own_secret_goes_before_the_common_one(void **state)
{
    EngineFixture *f = *state;

    assert_true(change(f, "*", VALUE, NULL, true));
    assert_true(is_given(f, request_of(RUN_TRIGGER_PUSH, "build", "refs/heads/main"), VALUE));
    assert_true(change(f, "acme", NEXT, NULL, true));
    assert_true(is_given(f, request_of(RUN_TRIGGER_PUSH, "build", "refs/heads/main"), NEXT));
}

static void
the_value_before_a_rotation_stays_hidden(void **state)
{
    EngineFixture *f = *state;
    g_auto(SecretSet) set = { 0 };
    SecretRequest request = request_of(RUN_TRIGGER_PUSH, "build", "refs/heads/main");

    assert_true(change(f, "acme", VALUE, NULL, true));
    assert_true(change(f, "acme", NEXT, NULL, false));
    assert_true(is_given(f, request, NEXT));
    assert_true(secret_collect(f->engine, &request, &set, &f->error));
    assert_int_equal(set.hidden->len, 2);
    assert_memory_equal(secret_get(set.hidden->pdata[1]).data, VALUE, strlen(VALUE));
}

static void
neither_answers_nor_the_database_show_the_value(void **state)
{
    EngineFixture *f = *state;
    g_autofree char *path = g_strconcat(f->home, "/slipway.db", NULL);
    g_autofree char *wal = g_strconcat(f->home, "/slipway.db-wal", NULL);
    const char *const files[] = { path, wal };

    assert_true(change(f, "acme", VALUE, NULL, true));
    assert_true(is_given(f, request_of(RUN_TRIGGER_PUSH, "build", "refs/heads/main"), VALUE));
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *bytes = NULL;
        gsize len = 0;

        if (g_file_get_contents(files[i], &bytes, &len, NULL))
            assert_null(memmem(bytes, len, VALUE, strlen(VALUE)));
    }
    g_autoptr(json_t) list = secret_list(f->engine, NULL, &f->error);
    g_autofree char *text = json_dumps(list, 0);

    assert_non_null(strstr(text, "\"TOKEN\""));
    assert_null(strstr(text, VALUE));
}

static void
each_use_is_written_down(void **state)
{
    EngineFixture *f = *state;

    assert_true(change(f, "acme", VALUE, NULL, true));
    assert_true(is_given(f, request_of(RUN_TRIGGER_PUSH, "build", "refs/heads/main"), VALUE));
    g_autoptr(json_t) uses = secret_uses(f->engine, "acme", "TOKEN", &f->error);

    assert_int_equal(json_array_size(uses), 1);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(uses, 0), "run")), 7);
}

static void
what_is_too_short_to_hide_is_refused(void **state)
{
    EngineFixture *f = *state;

    assert_false(change(f, "acme", "abc", NULL, true));
    assert_int_equal(error_kind(f->error), ERROR_KIND_INVALID);
    assert_false(change(f, "acme", VALUE, "{\"triggers\":[\"proposal\"]}", true));
    assert_int_equal(error_kind(f->error), ERROR_KIND_INVALID);
    assert_false(change(f, "acme", VALUE, NULL, false));
    assert_int_equal(error_kind(f->error), ERROR_KIND_NOT_FOUND);
    assert_true(change(f, "acme", VALUE, NULL, true));
    assert_false(change(f, "acme", VALUE, NULL, true));
    assert_int_equal(error_kind(f->error), ERROR_KIND_EXISTS);
}

static void
a_key_file_that_others_can_read_is_refused(void **state)
{
    EngineFixture *f = *state;
    g_autofree char *path = g_strconcat(f->home, "/keys/secrets.key", NULL);
    struct stat st = { 0 };

    assert_true(change(f, "acme", VALUE, NULL, true));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(chmod(path, 0640), 0);
    assert_false(is_given(f, request_of(RUN_TRIGGER_PUSH, "build", "refs/heads/main"), VALUE));
    assert_int_equal(error_kind(f->error), ERROR_KIND_DENIED);
}

static void
a_sealed_value_opens_under_its_own_name_only(void **state)
{
    uint8_t bytes[SECRET_BOX_KEY_BYTES] = { 1 };
    g_autoptr(Secret) key = secret_new(span_of(bytes, sizeof bytes));
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) sealed = secret_box_seal(key, "a/TOKEN", span_of_text(VALUE), &error);
    g_autoptr(Secret) good = secret_box_open(key, "a/TOKEN", span_of_bytes(sealed), &error);
    g_autoptr(Secret) other = secret_box_open(key, "b/TOKEN", span_of_bytes(sealed), NULL);
    g_autofree uint8_t *broken = g_memdup2(span_of_bytes(sealed).data, span_of_bytes(sealed).len);

    (void)state;
    assert_non_null(good);
    assert_int_equal(secret_get(good).len, strlen(VALUE));
    assert_null(other);
    for (size_t i = 0; i < span_of_bytes(sealed).len; i++) {
        broken[i] ^= 1;
        assert_null(
            secret_box_open(key, "a/TOKEN", span_of(broken, span_of_bytes(sealed).len), NULL));
        broken[i] ^= 1;
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_job_gets_what_no_rule_forbids, setup, teardown),
        cmocka_unit_test_setup_teardown(proposals_get_nothing_whatever_the_rules_say, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(every_rule_must_hold, setup, teardown),
        cmocka_unit_test_setup_teardown(other_projects_get_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_projects_own_secret_goes_before_the_common_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_value_before_a_rotation_stays_hidden, setup, teardown),
        cmocka_unit_test_setup_teardown(neither_answers_nor_the_database_show_the_value, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(each_use_is_written_down, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_too_short_to_hide_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_file_that_others_can_read_is_refused, setup,
                                        teardown),
        cmocka_unit_test(a_sealed_value_opens_under_its_own_name_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
