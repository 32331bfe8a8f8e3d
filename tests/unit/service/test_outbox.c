/* SPDX-License-Identifier: Apache-2.0
 * test_outbox: which rows a run's changes leave: the newest state, and every last word. */
#include <fcntl.h>
#include "base/files.h"
#include "base/json.h"
#include "service/channel.h"
#include "service/engine_priv.h"
#include "service/outbox_priv.h"
#include "service/project.h"
#include "service/queue.h"
#include "testing.h"

#define A40 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

typedef struct {
    TempDir dir;
    Engine engine;
    GError *error;
} Fixture;

static void
must(bool ok, const GError *error)
{
    if (!ok)
        g_error("%s", error != NULL ? error->message : "refused");
}

static void
add_project(Fixture *f, const char *settings_text)
{
    g_autoptr(json_t) settings = json_parse(span_of_text(settings_text), 4096, &f->error);
    g_autoptr(json_t) result = NULL;

    must(project_set(&f->engine, "web", true, settings, &result, &f->error), f->error);
}

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    g_autofree char *db = NULL;

    must(temp_dir_make(&f->dir, "outbox", &f->error), f->error);
    db = g_strdup_printf("%s/db", f->dir.path);
    DbOptions options = { .url = db, .flags = DB_FLAG_NO_SYNC };
    f->engine.home = g_strdup(f->dir.path);
    f->engine.clock = &clock_system;
    mutex_init(&f->engine.lock);
    f->engine.db = db_open(&options, &f->error);
    must(f->engine.db != NULL, f->error);
    add_project(f, "{\"source\":\"/src\",\"forge\":\"github\",\"repository\":\"o/r\","
                   "\"tokenFile\":\"/t\"}");
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    g_clear_error(&f->error);
    db_free(f->engine.db);
    mutex_clear(&f->engine.lock);
    g_free(f->engine.home);
    temp_dir_clear(&f->dir);
    g_free(f);
    return 0;
}

typedef struct {
    RunId run;
    RunState state;
    const char *commit;
} Change;

static bool
write_change(DbConn *conn, void *input, GError **error)
{
    Change *change = input;
    QueueRequest request = { .project = "web",
                             .trigger = RUN_TRIGGER_PUSH,
                             .ref = "refs/heads/main",
                             .commit = change->commit,
                             .actor = "",
                             .reason = "push" };

    if (change->state == RUN_NONE)
        return queue_add(conn, &request, 1000, &change->run, error);
    return run_record_change(conn, change->run, change->state, "", 2000, error);
}

static RunId
add_run(Fixture *f)
{
    Change change = { .commit = A40 };

    must(db_write(f->engine.db, DB_LANE_ACKNOWLEDGED, write_change, &change, &f->error), f->error);
    return change.run;
}

static void
bring_to(Fixture *f, RunId run, RunState state)
{
    Change change = { .run = run, .state = state };

    must(db_write(f->engine.db, DB_LANE_ACKNOWLEDGED, write_change, &change, &f->error), f->error);
}

/* "queued:dropped running:waiting", oldest first; of the statuses or of @channel. Owned. */
static char *
rows(Fixture *f, const char *channel)
{
    g_autoptr(json_t) list = outbox_list(&f->engine, "web", 100, &f->error);
    GString *text = g_string_new(NULL);

    must(list != NULL, f->error);
    for (size_t i = json_array_size(list); i > 0; i--) {
        const json_t *row = json_array_get(list, i - 1);

        if (strcmp(json_string_value(json_object_get(row, "channel")), channel) == 0)
            g_string_append_printf(text, "%s%s:%s", text->len > 0 ? " " : "",
                                   json_string_value(json_object_get(row, "runState")),
                                   json_string_value(json_object_get(row, "state")));
    }
    return g_string_free(text, FALSE);
}

static void
only_the_newest_unsent_state_matters(void **state)
{
    Fixture *f = *state;
    RunId run = add_run(f);

    bring_to(f, run, RUN_PREPARING);
    bring_to(f, run, RUN_RUNNING);
    g_autofree char *text = rows(f, "");
    assert_string_equal(text, "queued:dropped running:waiting");
}

static void
a_last_word_is_never_dropped(void **state)
{
    Fixture *f = *state;
    RunId first = add_run(f);

    bring_to(f, first, RUN_FAILED);
    bring_to(f, add_run(f), RUN_PASSED);
    g_autofree char *text = rows(f, "");
    assert_string_equal(text, "queued:dropped failed:waiting queued:dropped passed:waiting");
}

static void
a_channel_hears_of_its_states_only(void **state)
{
    Fixture *f = *state;
    json_t *settings = json_pack("{s:s,s:s}", "type", "webhook", "url", "https://x/");
    json_t *result = NULL;

    must(channel_set(&f->engine, "web", "team", settings, &result, &f->error), f->error);
    json_decref(settings);
    json_decref(result);
    bring_to(f, add_run(f), RUN_PASSED);
    bring_to(f, add_run(f), RUN_FAILED);
    bring_to(f, add_run(f), RUN_PASSED);
    bring_to(f, add_run(f), RUN_PASSED);
    g_autofree char *text = rows(f, "team");
    assert_string_equal(text, "failed:waiting fixed:waiting");
}

static void
back_off_doubles_to_an_hour_and_keeps_what_was_asked(void **state)
{
    (void)state;
    for (int64_t attempts = 0; attempts < 100; attempts++) {
        int64_t base_us = MIN(INT64_C(1000000) << MIN(attempts, 12), INT64_C(3600000000));
        int64_t us = outbox_backoff_us(attempts, 0);

        assert_true(us >= base_us && us <= base_us + base_us / 4);
    }
    assert_true(outbox_backoff_us(0, 600) >= INT64_C(600000000));
}

static void
a_message_is_sent_again_only_when_it_does_not_wait(void **state)
{
    Fixture *f = *state;
    RunId run = add_run(f);

    bring_to(f, run, RUN_RUNNING);
    assert_true(outbox_retry(&f->engine, 1, &f->error)); /* was dropped */
    assert_false(outbox_retry(&f->engine, 1, &f->error));
    assert_int_equal(error_kind(f->error), ERROR_KIND_CONFLICT);
    g_clear_error(&f->error);
    assert_false(outbox_retry(&f->engine, 99, &f->error));
    assert_int_equal(error_kind(f->error), ERROR_KIND_NOT_FOUND);
}

static void
a_status_has_the_server_s_address(void **state)
{
    Fixture *f = *state;

    must(outbox_set_public_url(&f->engine, "https://ci.example.org/", &f->error), f->error);
    RunId run = add_run(f);
    g_autoptr(DbReader) reader = db_reader_acquire(f->engine.db, &f->error);
    OutboxRow row = { .lane = (char *)"l",
                      .project = (char *)"web",
                      .run = run,
                      .channel = (char *)"",
                      .run_state = (char *)"queued",
                      .description = (char *)"queued",
                      .target_url = (char *)"https://ci.example.org/projects/web/runs/1",
                      .effect = (char *)"e" };
    g_auto(OutboxMessage) message = { 0 };
    bool ok = outbox_message_make(reader, &row, &message, &f->error);

    assert_true(ok);
    assert_string_equal(message.url, "https://api.github.com/repos/o/r/statuses/" A40);
    assert_non_null(strstr(message.body, "https://ci.example.org/projects/web/runs/1"));
    assert_false(outbox_set_public_url(&f->engine, "ci.example.org", &f->error));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(only_the_newest_unsent_state_matters),
        TEST(a_last_word_is_never_dropped),
        TEST(a_channel_hears_of_its_states_only),
        cmocka_unit_test(back_off_doubles_to_an_hour_and_keeps_what_was_asked),
        TEST(a_message_is_sent_again_only_when_it_does_not_wait),
        TEST(a_status_has_the_server_s_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
