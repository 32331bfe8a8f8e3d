/* SPDX-License-Identifier: Apache-2.0
 * test_committer: many callers, one appender. */
#include "log_fixture.h"
#include "sys/thread.h"
#include "tlog/committer.h"
#include "base/banned.h"

#define N_CALLERS    8
#define N_PER_CALLER 50

typedef struct {
    Committer *committer; /* borrowed */
    unsigned number;
    unsigned n_wrong;
} Caller;

static void
append_and_read_back(void *arg)
{
    Caller *caller = arg;

    for (unsigned i = 0; i < N_PER_CALLER; i++) {
        g_autofree char *leaf = g_strdup_printf("caller %u entry %u", caller->number, i);
        TlogEntry entry = { .leaf = span_of_text(leaf) };
        g_autoptr(GError) local = NULL;
        uint64_t index = 0;

        caller->n_wrong += !committer_append(caller->committer, &entry, &index, &local);
    }
}

static void
entries_of_many_callers_are_all_there(void **state)
{
    LogFixture *f = *state;
    CommitterOptions options = { .max_batch = 16, .max_queued = 64 };
    Caller callers[N_CALLERS] = { 0 };
    Thread *threads[N_CALLERS] = { 0 };
    unsigned n_wrong = 0;

    log_fixture_create(f);
    Committer *committer = committer_new(f->tlog, &options, &f->error);
    assert_no_gerror(f->error);
    for (unsigned i = 0; i < N_CALLERS; i++) {
        callers[i] = (Caller){ .committer = committer, .number = i };
        threads[i] = thread_start("caller", append_and_read_back, &callers[i], &f->error);
    }
    for (unsigned i = 0; i < N_CALLERS; i++) {
        thread_join(threads[i]);
        n_wrong += callers[i].n_wrong;
    }
    committer_free(committer);

    assert_int_equal(n_wrong, 0);
    assert_true(log_fixture_reopen(f));
    assert_int_equal(tlog_get_size(f->tlog), N_CALLERS * N_PER_CALLER);
}

typedef struct {
    Mutex lock;
    Cond opened;
    bool open;
} Gate;

static bool
wait_at_gate(void *context, Tlog *tlog, GError **error)
{
    Gate *gate = context;
    MUTEX_GUARD(&gate->lock);

    (void)tlog;
    (void)error;
    while (!gate->open)
        cond_wait(&gate->opened, &gate->lock);
    return true;
}

static void
note_done(CommitRequest *request)
{
    *(int *)request->context += request->error == NULL ? 1 : 100;
}

static void
a_full_queue_refuses_and_what_it_took_is_still_committed(void **state)
{
    LogFixture *f = *state;
    Gate gate = { .open = false };
    CommitterOptions options = { 1, 2, wait_at_gate, &gate };
    CommitRequest requests[8] = { 0 };
    int n_done = 0;
    size_t n_posted = 0;

    mutex_init(&gate.lock);
    cond_init(&gate.opened);
    log_fixture_create(f);
    Committer *committer = committer_new(f->tlog, &options, &f->error);
    assert_no_gerror(f->error);
    for (size_t i = 0; i < G_N_ELEMENTS(requests) && f->error == NULL; i++) {
        requests[i] = (CommitRequest){ .entry.leaf = span_of_text("leaf"),
                                       .done = note_done,
                                       .context = &n_done };
        n_posted += committer_post(committer, &requests[i], &f->error);
    }
    mutex_lock(&gate.lock);
    gate.open = true;
    cond_broadcast(&gate.opened);
    mutex_unlock(&gate.lock);
    committer_free(committer);
    cond_clear(&gate.opened);
    mutex_clear(&gate.lock);

    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_BUSY);
    assert_in_range(n_posted, 2, 3);
    assert_int_equal(n_done, n_posted);
    assert_int_equal(tlog_get_size(f->tlog), n_posted);
}

static void
an_entry_that_breaks_a_rule_does_not_fail_its_neighbours(void **state)
{
    LogFixture *f = *state;
    CommitterOptions options = { .max_batch = 8, .max_queued = 8 };
    CommitRequest requests[3] = { 0 };
    int n_done = 0;

    log_fixture_create(f);
    Committer *committer = committer_new(f->tlog, &options, &f->error);
    assert_no_gerror(f->error);
    for (size_t i = 0; i < 3; i++)
        requests[i] = (CommitRequest){ .entry.leaf = span_of_text(i == 1 ? "" : "leaf"),
                                       .done = note_done,
                                       .context = &n_done,
                                       .next = i < 2 ? &requests[i + 1] : NULL };
    bool posted = committer_post_chain(committer, requests, 3, &f->error);
    committer_free(committer);
    g_clear_error(&requests[1].error);

    assert_true(posted);
    assert_int_equal(n_done, 102); /* two committed, one told why not */
    assert_int_equal(tlog_get_size(f->tlog), 2);
}

static bool
refuse_to_seal(void *context, Tlog *tlog, GError **error)
{
    (void)context;
    (void)tlog;
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "no signer");
    return false;
}

static void
a_failed_seal_is_told_to_the_caller(void **state)
{
    LogFixture *f = *state;
    CommitterOptions options = { 1, 1, refuse_to_seal, NULL };
    TlogEntry entry = { .leaf = span_of_text("leaf") };
    uint64_t index = 7;

    log_fixture_create(f);
    Committer *committer = committer_new(f->tlog, &options, &f->error);
    assert_no_gerror(f->error);
    bool ok = committer_append(committer, &entry, &index, &f->error);
    committer_free(committer);

    assert_false(ok);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNAVAILABLE);
    assert_int_equal(index, 7);
}

#define LOG_TEST(name)                                                                             \
    cmocka_unit_test_setup_teardown(name, log_fixture_setup, log_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(entries_of_many_callers_are_all_there),
        LOG_TEST(a_full_queue_refuses_and_what_it_took_is_still_committed),
        LOG_TEST(an_entry_that_breaks_a_rule_does_not_fail_its_neighbours),
        LOG_TEST(a_failed_seal_is_told_to_the_caller),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
