/* SPDX-License-Identifier: Apache-2.0
 * test_intake: what is believed is queued once, in one commit; what is not is answered alike. */
#include <fcntl.h>
#include "base/files.h"
#include "base/json.h"
#include "forge/signature.h"
#include "service/engine_priv.h"
#include "service/intake.h"
#include "service/outbox.h"
#include "service/project.h"
#include "testing.h"

#define A40 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B40 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

typedef struct {
    TempDir dir;
    Engine engine;
    GError *error;
    IntakeAnswer answer;
    char *signature;
    char *secret_file;
} Fixture;

static void
must(bool ok, const GError *error)
{
    if (!ok)
        g_error("%s", error != NULL ? error->message : "refused");
}

static void
add_project(Fixture *f)
{
    g_autoptr(json_t) result = NULL;
    g_autofree char *text = g_strdup_printf(
        "{\"source\":\"/src\",\"forge\":\"github\",\"repository\":\"o/r\",\"tokenFile\":\"/t\","
        "\"hookFile\":\"%s\"}",
        f->secret_file);
    g_autoptr(json_t) settings = json_parse(span_of_text(text), 4096, &f->error);

    must(project_set(&f->engine, "web", true, settings, &result, &f->error), f->error);
}

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    g_autofree char *db = NULL;

    must(temp_dir_make(&f->dir, "intake", &f->error), f->error);
    db = g_strdup_printf("%s/db", f->dir.path);
    f->secret_file = g_strdup_printf("%s/secret", f->dir.path);
    DbOptions options = { .url = db, .flags = DB_FLAG_NO_SYNC };
    f->engine.home = g_strdup(f->dir.path);
    f->engine.clock = &clock_system;
    mutex_init(&f->engine.lock);
    f->engine.home_fd = dir_open(AT_FDCWD, f->dir.path, &f->error);
    f->engine.db = db_open(&options, &f->error);
    must(f->engine.db != NULL, f->error);
    must(g_file_set_contents(f->secret_file, "new\nold\n", -1, NULL), NULL);
    add_project(f);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    intake_answer_clear(&f->answer);
    g_clear_error(&f->error);
    db_free(f->engine.db);
    fd_clear(&f->engine.home_fd);
    mutex_clear(&f->engine.lock);
    g_free(f->engine.home);
    temp_dir_clear(&f->dir);
    g_free(f->signature);
    g_free(f->secret_file);
    g_free(f);
    return 0;
}

typedef struct {
    const char *event, *delivery, *signature;
} Headers;

static const char *
header(const void *data, const char *name)
{
    const Headers *headers = data;

    if (g_ascii_strcasecmp(name, "X-GitHub-Event") == 0)
        return headers->event;
    if (g_ascii_strcasecmp(name, "X-GitHub-Delivery") == 0)
        return headers->delivery;
    if (g_ascii_strcasecmp(name, "X-Hub-Signature-256") == 0)
        return headers->signature;
    return NULL;
}

/* The answer's status. */
static unsigned
receive(Fixture *f, const char *hook, const char *secret, const char *event, const char *delivery,
        const char *body)
{
    Headers headers = { event, delivery, NULL };
    IntakeRequest request = { .hook = hook,
                              .forge = "github",
                              .header = header,
                              .data = &headers,
                              .body = span_of_text(body),
                              .peer = "192.0.2.1" };

    g_free(f->signature);
    f->signature = forge_signature_make(span_of_text(secret), request.body);
    headers.signature = f->signature;
    intake_answer_clear(&f->answer);
    intake_receive(&f->engine, &request, &f->answer);
    return f->answer.status;
}

static const char *
said(const Fixture *f, const char *key)
{
    return json_string_value(json_object_get(f->answer.body, key));
}

static const char *
push_body(const char *ref, const char *after, const char *message)
{
    static char text[1024];

    g_snprintf(text, sizeof text,
               "{\"ref\":\"%s\",\"before\":\"" A40 "\",\"after\":\"%s\",\"repository\":{"
               "\"full_name\":\"o/r\"},\"sender\":{\"login\":\"ann\"},\"head_commit\":{"
               "\"message\":\"%s\"}}",
               ref, after, message);
    return text;
}

static size_t
n_messages(Fixture *f, const char *state)
{
    json_t *list = outbox_list(&f->engine, NULL, 1000, &f->error);
    size_t n = 0, i = 0;
    json_t *row = NULL;

    json_array_foreach (list, i, row)
        n += strcmp(json_string_value(json_object_get(row, "state")), state) == 0;
    json_decref(list);
    return n;
}

static void
a_push_is_queued_with_its_status(void **state)
{
    Fixture *f = *state;

    assert_int_equal(receive(f, "web", "new", "push", "d1", push_body("refs/heads/main", B40, "m")),
                     202);
    assert_string_equal(said(f, "action"), "queued");
    assert_string_equal(said(f, "run"), "web/1");
    assert_int_equal(n_messages(f, "waiting"), 1);
}

static void
the_old_secret_still_holds(void **state)
{
    Fixture *f = *state;

    assert_int_equal(receive(f, "web", "old", "push", "d1", push_body("refs/heads/main", B40, "m")),
                     202);
}

static void
the_same_delivery_again_gets_the_first_answer(void **state)
{
    Fixture *f = *state;
    const char *body = push_body("refs/heads/main", B40, "m");

    receive(f, "web", "new", "push", "d1", body);
    assert_int_equal(receive(f, "web", "new", "push", "d1", body), 200);
    assert_string_equal(said(f, "run"), "web/1");
    assert_true(json_is_true(json_object_get(f->answer.body, "known")));
    assert_int_equal(receive(f, "web", "new", "push", "replayed-as-d2", body), 200);
    assert_string_equal(said(f, "run"), "web/1");
    assert_string_equal(said(f, "delivery"), "d1");
}

static void
a_name_used_for_another_body_conflicts(void **state)
{
    Fixture *f = *state;

    receive(f, "web", "new", "push", "d1", push_body("refs/heads/main", B40, "m"));
    assert_int_equal(receive(f, "web", "new", "push", "d1", push_body("refs/heads/main", A40, "m")),
                     409);
}

static void
what_is_not_believed_is_answered_alike(void **state)
{
    Fixture *f = *state;
    const char *body = push_body("refs/heads/main", B40, "m");

    assert_int_equal(receive(f, "web", "wrong", "push", "d1", body), 401);
    g_autofree char *first = json_dumps(f->answer.body, JSON_SORT_KEYS);
    assert_int_equal(receive(f, "nobody", "new", "push", "d1", body), 401);
    g_autofree char *second = json_dumps(f->answer.body, JSON_SORT_KEYS);
    assert_int_equal(receive(f, "web", "", "push", "d1", "{"), 401);
    g_autofree char *third = json_dumps(f->answer.body, JSON_SORT_KEYS);
    must(remove(f->secret_file) == 0, NULL);
    assert_int_equal(receive(f, "web", "new", "push", "d1", body), 401);
    assert_string_equal(first, second);
    assert_string_equal(first, third);
}

static void
malformed_and_too_long_bodies_are_refused(void **state)
{
    Fixture *f = *state;

    assert_int_equal(receive(f, "web", "new", "push", "d1", "{"), 400);
    assert_int_equal(receive(f, "web", "new", "push", "d1", "{\"ref\":\"main\"}"), 400);
    char *huge = g_malloc(INTAKE_BODY_MAX + 2);
    memset(huge, ' ', INTAKE_BODY_MAX + 1);
    huge[INTAKE_BODY_MAX + 1] = '\0';
    unsigned status = receive(f, "web", "new", "push", "d1", huge);
    g_free(huge);
    assert_int_equal(status, 413);
}

static void
skip_ci_and_pings_queue_nothing(void **state)
{
    Fixture *f = *state;

    assert_int_equal(
        receive(f, "web", "new", "push", "d1", push_body("refs/heads/main", B40, "[skip ci]")),
        200);
    assert_string_equal(said(f, "action"), "ignored");
    assert_int_equal(receive(f, "web", "new", "ping", "d2", "{\"zen\":\"\"}"), 200);
    assert_int_equal(n_messages(f, "waiting"), 0);
}

static void
a_stranger_s_proposal_is_held(void **state)
{
    Fixture *f = *state;

    assert_int_equal(
        receive(f, "web", "new", "pull_request", "d1",
                "{\"action\":\"opened\",\"repository\":{\"full_name\":\"o/r\"},\"pull_request\":{"
                "\"number\":7,\"title\":\"t\",\"base\":{\"ref\":\"main\"},\"head\":{\"sha\":\"" A40
                "\",\"repo\":{\"full_name\":\"x/r\"}}}}"),
        202);
    assert_string_equal(said(f, "action"), "held");
}

static void
a_newer_push_supersedes_and_a_deletion_cancels(void **state)
{
    Fixture *f = *state;

    receive(f, "web", "new", "push", "d1", push_body("refs/heads/main", A40, "m"));
    receive(f, "web", "new", "push", "d2", push_body("refs/heads/main", B40, "m"));
    assert_string_equal(said(f, "run"), "web/2");
    assert_int_equal(
        receive(f, "web", "new", "push", "d3",
                push_body("refs/heads/main", "0000000000000000000000000000000000000000", "")),
        200);
    assert_string_equal(said(f, "action"), "cancelled");
    /* For either commit the first word fell away and the last one waits. */
    assert_int_equal(n_messages(f, "waiting"), 2);
    assert_int_equal(n_messages(f, "dropped"), 2);
}

static void
a_delivery_is_decided_anew(void **state)
{
    Fixture *f = *state;
    json_t *result = NULL;

    receive(f, "web", "new", "push", "d1", push_body("refs/heads/main", B40, "m"));
    int64_t id = json_integer_value(json_object_get(f->answer.body, "id"));
    bool ok = intake_redeliver(&f->engine, id, &result, &f->error);
    g_autofree char *run = g_strdup(json_string_value(json_object_get(result, "run")));
    json_decref(result);
    assert_true(ok);
    assert_string_equal(run, "web/2");
}

static void
a_rotated_secret_keeps_the_one_before(void **state)
{
    Fixture *f = *state;
    g_autofree char *secret = NULL;

    must(project_rotate_hook(&f->engine, "web", &secret, &f->error), f->error);
    assert_int_equal(
        receive(f, "web", secret, "push", "d1", push_body("refs/heads/main", A40, "m")), 202);
    assert_int_equal(receive(f, "web", "new", "push", "d2", push_body("refs/heads/main", B40, "m")),
                     202);
    assert_int_equal(receive(f, "web", "old", "push", "d3", push_body("refs/heads/x", B40, "m")),
                     401);
}

static void
settings_that_are_wrong_are_refused(void **state)
{
    static const char *const wrong[] = {
        "{\"forge\":\"sourceforge\"}",  "{\"poll\":3}",
        "{\"branches\":[\"/abs\"]}",    "{\"tokenFile\":\"relative\"}",
        "{\"proposals\":\"all\"}",      "{\"colour\":\"blue\"}",
        "{\"apiUrl\":\"ftp://x\"}",     "{\"source\":\"\"}",
        "{\"repository\":\"a\\nb/c\"}", "{\"branches\":[7]}",
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        json_t *settings = json_parse(span_of_text(wrong[i]), 4096, NULL);
        json_t *result = NULL;

        test_case("%s", wrong[i]);
        g_clear_error(&f->error);
        bool ok = project_set(&f->engine, "web", false, settings, &result, &f->error);
        json_decref(settings);
        json_decref(result);
        assert_false(ok);
        assert_int_equal(error_kind(f->error), ERROR_KIND_INVALID);
    }
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_push_is_queued_with_its_status),
        TEST(the_old_secret_still_holds),
        TEST(the_same_delivery_again_gets_the_first_answer),
        TEST(a_name_used_for_another_body_conflicts),
        TEST(what_is_not_believed_is_answered_alike),
        TEST(malformed_and_too_long_bodies_are_refused),
        TEST(skip_ci_and_pings_queue_nothing),
        TEST(a_stranger_s_proposal_is_held),
        TEST(a_newer_push_supersedes_and_a_deletion_cancels),
        TEST(a_delivery_is_decided_anew),
        TEST(a_rotated_secret_keeps_the_one_before),
        TEST(settings_that_are_wrong_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
