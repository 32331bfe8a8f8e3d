/* SPDX-License-Identifier: Apache-2.0
 * test_recover: what opening makes of torn, shortened, damaged and restored folders. */
#include "log_fixture.h"
#include "tlog/journal_priv.h"
#include "base/banned.h"

/* The journal's length without the zeros written ahead. */
static off_t
records_end(const LogFixture *f)
{
    g_autofree char *path = log_fixture_file(f, "journal");
    gsize len = 0;
    char *bytes = NULL;

    assert_true(g_file_get_contents(path, &bytes, &len, NULL));
    while (len > 0 && bytes[len - 1] == 0)
        len--;
    g_free(bytes);
    return (off_t)len;
}

static void
truncate_journal(const LogFixture *f, off_t size)
{
    g_autofree char *path = log_fixture_file(f, "journal");

    assert_int_equal(truncate(path, size), 0);
}

static void
a_torn_last_record_is_cut_and_the_log_goes_on(void **state)
{
    LogFixture *f = *state;

    log_fixture_create(f);
    log_fixture_append(f, 10, 5);
    log_fixture_append(f, 3, 3);
    log_fixture_close(f);
    truncate_journal(f, records_end(f) - 3);
    assert_true(log_fixture_reopen(f));

    assert_int_equal(tlog_get_size(f->tlog), 12);
    log_fixture_append(f, 1, 1);
    assert_true(log_fixture_reopen(f));
    assert_int_equal(tlog_get_size(f->tlog), 13);
}

static void
records_behind_a_torn_one_of_the_same_batch_never_come_back(void **state)
{
    LogFixture *f = *state;

    log_fixture_create(f);
    log_fixture_append(f, 10, 5);
    off_t good = records_end(f);
    log_fixture_append(f, 3, 3);
    log_fixture_close(f);
    log_fixture_damage(f, "journal", (good + 7) / 8 * 8 + JOURNAL_RECORD_HEADER + 2, "X");
    assert_true(log_fixture_reopen(f));
    assert_int_equal(tlog_get_size(f->tlog), 10);
    log_fixture_append(f, 1, 1);
    assert_true(log_fixture_reopen(f));

    assert_int_equal(tlog_get_size(f->tlog), 11);
}

static void
a_damaged_record_with_durable_ones_behind_is_corrupt_not_torn(void **state)
{
    LogFixture *f = *state;

    log_fixture_create(f);
    log_fixture_append(f, 10, 5);
    log_fixture_close(f);
    log_fixture_damage(f, "journal", JOURNAL_HEADER_SIZE + JOURNAL_RECORD_HEADER + 2, "X");
    assert_false(log_fixture_reopen(f));

    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_CORRUPT);
}

static void
a_journal_shorter_than_its_checkpoint_is_a_restored_folder_and_left_alone(void **state)
{
    LogFixture *f = *state;
    g_autofree char *path = log_fixture_file(f, "journal");
    struct stat before = { 0 };
    struct stat after = { 0 };

    log_fixture_create(f);
    log_fixture_append(f, 10, 10);
    log_fixture_checkpoint(f);
    log_fixture_close(f);
    truncate_journal(f, records_end(f) - 3);
    assert_int_equal(stat(path, &before), 0);
    assert_false(log_fixture_reopen(f));

    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_RESTORED);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_size, after.st_size);
}

static void
a_journal_shorter_than_a_known_head_is_refused(void **state)
{
    LogFixture *f = *state;
    MerkleHead known = { .size = 11 };

    log_fixture_create(f);
    log_fixture_append(f, 10, 10);
    log_fixture_close(f);
    f->tlog = tlog_open(f->path, NULL, &known, 1, &f->error);

    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_RESTORED);
}

static void
a_journal_with_another_history_than_a_known_head_is_refused(void **state)
{
    LogFixture *f = *state;
    MerkleHead known = { .size = 9, .root = merkle_empty_root() };

    log_fixture_create(f);
    log_fixture_append(f, 10, 10);
    log_fixture_close(f);
    f->tlog = tlog_open(f->path, NULL, &known, 1, &f->error);

    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_RESTORED);
}

static void
a_known_head_of_this_log_is_accepted(void **state)
{
    LogFixture *f = *state;

    log_fixture_create(f);
    log_fixture_append(f, 10, 10);
    MerkleHead known = tlog_get_head(f->tlog);
    log_fixture_append(f, 10, 10);
    log_fixture_close(f);
    f->tlog = tlog_open(f->path, NULL, &known, 1, &f->error);

    assert_no_gerror(f->error);
    assert_int_equal(tlog_get_size(f->tlog), 20);
}

static void
everything_derived_is_made_again_when_it_is_gone(void **state)
{
    LogFixture *f = *state;
    static const char *const derived[] = { "offsets", "tile.0", "tile.1", "tile.2", "mark" };
    TlogCheckReport report;

    log_fixture_create(f);
    log_fixture_append(f, 20000, 4000); /* enough for a mark */
    Digest root = tlog_get_head(f->tlog).root;
    for (size_t i = 0; i < G_N_ELEMENTS(derived); i++) {
        test_case("%s\n", derived[i]);
        log_fixture_close(f);
        log_fixture_remove(f, derived[i]);
        assert_true(log_fixture_reopen(f));
        Digest again = tlog_get_head(f->tlog).root;

        assert_memory_equal(&again, &root, sizeof root);
        bool ok = tlog_check(f->tlog, &report, &f->error);
        assert_no_gerror(f->error);
        assert_true(ok);
    }
}

static void
a_journal_older_than_its_mark_is_a_restored_folder(void **state)
{
    LogFixture *f = *state;
    g_autofree char *path = log_fixture_file(f, "journal");
    char *old = NULL;
    gsize len = 0;

    log_fixture_create(f);
    log_fixture_append(f, 100, 100);
    assert_true(g_file_get_contents(path, &old, &len, NULL));
    log_fixture_append(f, 20000, 4000);
    log_fixture_close(f);
    bool written = g_file_set_contents(path, old, (gssize)len, NULL);
    g_free(old);
    assert_true(written);
    assert_false(log_fixture_reopen(f));

    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_RESTORED);
}

static void
a_damaged_journal_header_is_corrupt(void **state)
{
    LogFixture *f = *state;

    log_fixture_create(f);
    log_fixture_close(f);
    log_fixture_damage(f, "journal", 0, "X");
    assert_false(log_fixture_reopen(f));

    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_CORRUPT);
}

static void
a_checkpoint_file_torn_by_a_crash_counts_as_none(void **state)
{
    LogFixture *f = *state;
    g_autofree char *path = log_fixture_file(f, "last-checkpoint");

    log_fixture_create(f);
    log_fixture_append(f, 10, 10);
    log_fixture_checkpoint(f);
    assert_int_equal(truncate(path, 100), 0);
    assert_true(log_fixture_reopen(f));
    GBytes *note = tlog_load_checkpoint(f->tlog, &f->error);

    assert_null(note);
    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_NOT_FOUND);
}

#define LOG_TEST(name)                                                                             \
    cmocka_unit_test_setup_teardown(name, log_fixture_setup, log_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(a_torn_last_record_is_cut_and_the_log_goes_on),
        LOG_TEST(records_behind_a_torn_one_of_the_same_batch_never_come_back),
        LOG_TEST(a_damaged_record_with_durable_ones_behind_is_corrupt_not_torn),
        LOG_TEST(a_journal_shorter_than_its_checkpoint_is_a_restored_folder_and_left_alone),
        LOG_TEST(a_journal_shorter_than_a_known_head_is_refused),
        LOG_TEST(a_journal_with_another_history_than_a_known_head_is_refused),
        LOG_TEST(a_known_head_of_this_log_is_accepted),
        LOG_TEST(everything_derived_is_made_again_when_it_is_gone),
        LOG_TEST(a_journal_older_than_its_mark_is_a_restored_folder),
        LOG_TEST(a_damaged_journal_header_is_corrupt),
        LOG_TEST(a_checkpoint_file_torn_by_a_crash_counts_as_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
