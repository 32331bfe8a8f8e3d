/* SPDX-License-Identifier: Apache-2.0
 * The lane over a real data folder with its signer process: what is answered, what is logged, and
 * when nothing is written any more. */
#include "testing.h"
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include "base/files.h"
#include "base/json.h"
#include "base/ulid.h"
#include "engine_fixture.h"
#include "publish/publish.h"
#include "service/engine_view.h"

#define RELEASE FIXTURE_RELEASE
#define OTHER   "release:acme/cli@1.1.0"

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

static FactDecision *
decide_claim(FactView *view, const FactCommand *command, void *input, GError **error)
{
    static const char *const initiators[] = { "unresolved", NULL };

    (void)input;
    return fact_decide_claim(view, command, NULL, FIXTURE_COMMIT, initiators, error);
}

static LaneRequest
claim_of(const char *object, const char *command)
{
    return (LaneRequest){
        .role = SIGNER_ROLE_ENGINE, .object = object, .command = command, .decide = decide_claim
    };
}

static bool
submit(EngineFixture *f, const LaneRequest *request, LaneAnswer *answer)
{
    g_clear_error(&f->error);
    return lane_submit(f->engine->lane, request, answer, &f->error);
}

static void
the_same_command_again_gets_the_first_answer(void **state)
{
    EngineFixture *f = *state;
    char ulid[ULID_SIZE];
    LaneAnswer first = { 0 };
    LaneAnswer again = { 0 };

    ulid_make(1, ulid);
    LaneRequest request = claim_of(RELEASE, ulid);
    assert_true(submit(f, &request, &first));
    uint64_t size = engine_fixture_size(f);
    assert_true(engine_fixture_reopen(f));

    assert_true(submit(f, &request, &again));

    assert_true(again.repeated);
    assert_true(digest_equal(&first.statement, &again.statement));
    assert_int_equal(engine_fixture_size(f), size);
}

static void
a_refusal_leaves_nothing_in_the_log(void **state)
{
    EngineFixture *f = *state;
    uint64_t size = engine_fixture_size(f);

    assert_false(engine_fixture_request(f, RELEASE)); /* not even claimed */

    assert_int_equal(error_kind(f->error), ERROR_KIND_DENIED);
    assert_int_equal(engine_fixture_size(f), size);
}

static void
a_stale_client_is_told_who_was_faster(void **state)
{
    EngineFixture *f = *state;
    g_autofree char *winner = NULL;
    LaneAnswer answer = { 0 };

    assert_true(engine_fixture_claim(f, RELEASE));
    Digest head = engine_fixture_head(f, RELEASE);
    Digest seen = digest_of(span_of_text("another head"));
    winner = digest_dup_string(&head);
    LaneRequest request = claim_of(RELEASE, NULL);
    request.expect = &seen;

    assert_false(submit(f, &request, &answer));

    assert_gerror(f->error, LANE_ERROR, LANE_ERROR_CONFLICT);
    assert_non_null(strstr(f->error->message, winner));
}

static void
what_the_role_does_not_allow_is_refused_before_it_is_signed(void **state)
{
    EngineFixture *f = *state;
    uint64_t size = engine_fixture_size(f);
    LaneRequest request = claim_of(RELEASE, NULL);
    LaneAnswer answer = { 0 };

    request.role = SIGNER_ROLE_BUILDER_SANDBOX;
    assert_false(submit(f, &request, &answer));

    assert_int_equal(error_kind(f->error), ERROR_KIND_DENIED);
    assert_int_equal(engine_fixture_size(f), size);
}

static void
the_signer_itself_refuses_a_type_outside_the_role(void **state)
{
    EngineFixture *f = *state;
    g_autofree char *path = g_strdup_printf("%s/keys/refusals.jsonl", f->home);
    g_autofree char *text = NULL;
    g_autoptr(GBytes) payload = log_fixture_provenance_payload(RELEASE, "sandbox", "isolated");
    g_auto(SignerSignature) signature = { 0 };

    assert_false(signer_sign_statement(f->engine->signer, SIGNER_ROLE_ENGINE,
                                       span_of_bytes(payload), &signature, &f->error));

    assert_gerror(f->error, SIGNER_ERROR, SIGNER_ERROR_DENIED);
    g_clear_error(&f->error);
    text = file_read_text(AT_FDCWD, path, 1 << 20, &f->error);
    assert_no_gerror(f->error);
    assert_non_null(strstr(text, "provenance"));
}

/* at of the newest transition. */
static int64_t
last_at(EngineFixture *f)
{
    g_auto(EngineView) view = { 0 };
    FactLogState log = { 0 };

    assert_true(engine_view_open(f->engine, &view, &f->error));
    assert_true(fact_view_log(view.view, &log, &f->error));
    return log.last_at;
}

static void
time_in_the_log_rises_when_the_clock_goes_back(void **state)
{
    EngineFixture *f = *state;
    int64_t before = 0;

    assert_true(engine_fixture_claim(f, RELEASE));
    before = last_at(f);
    f->clock_offset_us = -3600ll * 1000000;

    assert_true(engine_fixture_claim(f, OTHER));

    assert_int_equal(last_at(f), before + 1);
}

/* Puts the journal back as @copy has it; keys and database stay. */
static void
copy_log(const char *from, const char *to)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) names = dir_list(AT_FDCWD, from, 100, &error);

    assert_no_gerror(error);
    assert_true(dir_create_all(AT_FDCWD, to, 0700, &error));
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *source = g_strdup_printf("%s/%s", from, (char *)names->pdata[i]);
        g_autofree char *target = g_strdup_printf("%s/%s", to, (char *)names->pdata[i]);
        g_autoptr(GBytes) content = file_read(AT_FDCWD, source, 64 << 20, &error);

        assert_no_gerror(error);
        assert_true(g_file_set_contents(target, g_bytes_get_data(content, NULL),
                                        (gssize)g_bytes_get_size(content), NULL));
    }
}

/* The folder as it was before the last facts, but for the keys and what the signer remembers. */
static void
an_older_log_than_was_signed_is_not_written_to(void **state)
{
    EngineFixture *f = *state;
    g_autofree char *log = g_strdup_printf("%s/logs/main", f->home);
    g_autofree char *copy = g_strdup_printf("%s/copy", f->dir.path);
    g_autofree char *db = g_strdup_printf("%s/slipway.db", f->home);
    g_autofree char *wal = g_strdup_printf("%s-wal", db);
    g_autofree char *shm = g_strdup_printf("%s-shm", db);

    engine_fixture_close(f);
    copy_log(log, copy);
    assert_true(engine_fixture_reopen(f));
    assert_true(engine_fixture_claim(f, RELEASE));
    engine_fixture_close(f);
    assert_true(dir_remove_all(AT_FDCWD, log, &f->error));
    copy_log(copy, log);
    (void)remove(db); /* the database of then: a fold of the shorter log */
    (void)remove(wal);
    (void)remove(shm);

    assert_false(engine_fixture_reopen(f));

    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_RESTORED);
}

/* The signer's record is as old as the log, but a target kept a newer checkpoint. */
static void
an_older_log_than_was_published_is_not_written_to(void **state)
{
    EngineFixture *f = *state;
    TargetConfig config = { .type = "directory", .name = "site", .location = f->site };
    g_autoptr(Target) target = target_open(&config, &f->error);
    g_autoptr(GBytes) note = NULL;
    MerkleHead head = { 0 };
    LaneRequest request = claim_of(OTHER, NULL);
    LaneAnswer answer = { 0 };

    assert_true(engine_fixture_claim(f, RELEASE));
    note = lane_checkpoint(f->engine->lane, &head, &f->error);
    assert_true(target_put_checkpoint(target, FIXTURE_ORIGIN, span_of_bytes(note), &f->error));
    assert_true(engine_fixture_reopen(f));
    assert_true(submit(f, &request, &answer)); /* the log has it all: nothing wrong */
    assert_int_equal(f->engine->known->len, 1);

    MerkleHead newer = { .size = head.size + 100, .root = head.root };
    g_array_append_val(f->engine->known, newer); /* as if it had been read at the start */
    lane_free(f->engine->lane);
    LaneParts parts = { .db = f->engine->db,
                        .store = f->engine->store,
                        .tlog = f->engine->tlog,
                        .signer = f->engine->signer,
                        .clock = f->engine->clock,
                        .known = f->engine->known };
    f->engine->lane = lane_new(&parts, &f->error);
    assert_no_gerror(f->error);
    request = claim_of("release:acme/cli@1.2.0", NULL);

    assert_false(submit(f, &request, &answer));

    assert_gerror(f->error, LANE_ERROR, LANE_ERROR_RESTORED);
}

static void
run_sql(EngineFixture *f, const char *sql)
{
    g_autofree char *path = g_strdup_printf("%s/slipway.db", f->home);
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void
a_fact_that_does_not_fold_halts_the_lane_until_it_does(void **state)
{
    EngineFixture *f = *state;
    uint64_t size = engine_fixture_size(f);
    g_autofree char *named = g_strdup_printf("entry %" G_GUINT64_FORMAT, size);

    run_sql(f, "CREATE TRIGGER broken BEFORE INSERT ON fact_entry BEGIN SELECT RAISE(ABORT, "
               "'broken'); END");
    assert_false(engine_fixture_claim(f, RELEASE));
    assert_false(engine_fixture_claim(f, OTHER));

    assert_gerror(f->error, LANE_ERROR, LANE_ERROR_HALTED);
    assert_non_null(strstr(f->error->message, named));
    assert_int_equal(engine_fixture_size(f), size + 1); /* nothing followed it */
    run_sql(f, "DROP TRIGGER broken");
    assert_true(engine_fixture_reopen(f));
    assert_true(engine_fixture_claim(f, OTHER));
    assert_int_equal(engine_fixture_size(f), size + 2); /* the first one counts now */
    assert_true(engine_fixture_claim(f, RELEASE));      /* as the same claim again: nothing */
    assert_int_equal(engine_fixture_size(f), size + 2);
}

static void
a_retag_before_the_seal_kills_the_name(void **state)
{
    EngineFixture *f = *state;

    assert_true(engine_fixture_claim(f, RELEASE));
    assert_false(release_claim(f->engine, RELEASE, NULL, "89abcdef0123456789abcdef0123456789abcdef",
                               &f->error));
    assert_gerror(f->error, LANE_ERROR, LANE_ERROR_CONFLICT);

    assert_false(engine_fixture_claim(f, RELEASE)); /* not even the first commit may have it now */

    assert_non_null(strstr(f->error->message, "rejected"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_same_command_again_gets_the_first_answer, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_refusal_leaves_nothing_in_the_log, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stale_client_is_told_who_was_faster, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_role_does_not_allow_is_refused_before_it_is_signed,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(the_signer_itself_refuses_a_type_outside_the_role, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(time_in_the_log_rises_when_the_clock_goes_back, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_older_log_than_was_signed_is_not_written_to, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_older_log_than_was_published_is_not_written_to, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_fact_that_does_not_fold_halts_the_lane_until_it_does,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_retag_before_the_seal_kills_the_name, setup, teardown),
    };

    return cmocka_run_group_tests_name("lane", tests, NULL, NULL);
}
