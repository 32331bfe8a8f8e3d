/* SPDX-License-Identifier: Apache-2.0
 * test_tlog: appending, reading back, opening again. */
#include "log_fixture.h"
#include "tlog/journal_priv.h"
#include "base/banned.h"

static void
create_refuses_a_folder_that_has_a_log(void **state)
{
    LogFixture *f = *state;

    log_fixture_create(f);
    Tlog *second = tlog_create(f->path, FIXTURE_ORIGIN, &f->error);

    assert_null(second);
    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_EXISTS);
}

static void
create_refuses_an_origin_with_a_scheme(void **state)
{
    LogFixture *f = *state;

    f->tlog = tlog_create(f->path, "https://log.example/test", &f->error);

    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_INVALID);
}

static void
open_refuses_a_log_somebody_has_open(void **state)
{
    LogFixture *f = *state;

    log_fixture_create(f);
    Tlog *second = tlog_open(f->path, NULL, NULL, 0, &f->error);

    assert_null(second);
    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_BUSY);
}

static void
open_refuses_another_origin(void **state)
{
    LogFixture *f = *state;

    log_fixture_create(f);
    log_fixture_close(f);
    f->tlog = tlog_open(f->path, "log.example/other", NULL, 0, &f->error);

    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_INVALID);
}

static void
open_says_when_there_is_no_log(void **state)
{
    LogFixture *f = *state;

    f->tlog = tlog_open(f->dir.path, NULL, NULL, 0, &f->error);

    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_NOT_FOUND);
}

static void
an_empty_log_has_the_empty_root(void **state)
{
    LogFixture *f = *state;
    Digest empty = merkle_empty_root();

    log_fixture_create(f);
    MerkleHead head = tlog_get_head(f->tlog);

    assert_int_equal(head.size, 0);
    assert_memory_equal(&head.root, &empty, sizeof empty);
}

static void
entries_read_back_after_opening_again(void **state)
{
    LogFixture *f = *state;

    log_fixture_create(f);
    log_fixture_append(f, 300, 7);
    assert_true(log_fixture_reopen(f));
    bool ok = tlog_read(f->tlog, 299, &f->record, &f->error);

    assert_no_gerror(f->error);
    assert_true(ok);
    assert_int_equal(tlog_get_size(f->tlog), 300);
    assert_int_equal(f->record.where, TLOG_PAE_INLINE);
    assert_memory_equal(g_bytes_get_data(f->record.leaf, NULL), "leaf 299", 8);
    assert_memory_equal(g_bytes_get_data(f->record.pae, NULL), "pae 299", 7);
    Digest name = digest_of(span_of_text("pae 299"));
    assert_memory_equal(&f->record.pae_digest, &name, sizeof name);
}

static void
read_beyond_the_log_is_not_found(void **state)
{
    LogFixture *f = *state;

    log_fixture_create(f);
    log_fixture_append(f, 2, 2);
    assert_false(tlog_read(f->tlog, 2, &f->record, &f->error));

    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_NOT_FOUND);
}

static void
a_large_pae_is_kept_by_its_digest(void **state)
{
    LogFixture *f = *state;
    g_autofree char *pae = g_strnfill(LIMIT_PAE_INLINE_BYTES + 1, 'p');
    TlogEntry entry = { span_of_text("leaf"), span_of_text(pae) };
    Digest name = digest_of(entry.pae);

    log_fixture_create(f);
    bool ok = tlog_append(f->tlog, &entry, 1, NULL, &f->error) &&
              tlog_read(f->tlog, 0, &f->record, &f->error);

    assert_no_gerror(f->error);
    assert_true(ok);
    assert_int_equal(f->record.where, TLOG_PAE_BLOB);
    assert_null(f->record.pae);
    assert_memory_equal(&f->record.pae_digest, &name, sizeof name);
}

static void
a_leaf_over_the_limit_is_refused_and_nothing_of_its_batch_is_kept(void **state)
{
    LogFixture *f = *state;
    g_autofree char *leaf = g_strnfill(LIMIT_LEAF_BYTES + 1, 'l');
    TlogEntry entries[] = { { .leaf = span_of_text("good") }, { .leaf = span_of_text(leaf) } };

    log_fixture_create(f);
    assert_false(tlog_append(f->tlog, entries, 2, NULL, &f->error));

    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_INVALID);
    assert_int_equal(tlog_get_size(f->tlog), 0);
}

static void
the_longest_leaf_and_inline_pae_fit(void **state)
{
    LogFixture *f = *state;
    g_autofree char *leaf = g_strnfill(LIMIT_LEAF_BYTES, 'l');
    g_autofree char *pae = g_strnfill(LIMIT_PAE_INLINE_BYTES, 'p');
    TlogEntry entry = { span_of_text(leaf), span_of_text(pae) };

    log_fixture_create(f);
    assert_true(tlog_append(f->tlog, &entry, 1, NULL, &f->error));
    assert_true(log_fixture_reopen(f));
    bool ok = tlog_read(f->tlog, 0, &f->record, &f->error);

    assert_no_gerror(f->error);
    assert_true(ok);
    assert_int_equal(g_bytes_get_size(f->record.pae), LIMIT_PAE_INLINE_BYTES);
}

static void
the_root_is_the_same_however_entries_were_batched(void **state)
{
    LogFixture *f = *state;
    static const size_t batches[] = { 1, 3, 255, 256, 257, 1000 };
    Digest root = { 0 };

    for (size_t i = 0; i < G_N_ELEMENTS(batches); i++) {
        g_autofree char *name = g_strdup_printf("log%zu", batches[i]);

        test_case("batches of %zu\n", batches[i]);
        g_free(f->path);
        f->path = g_build_filename(f->dir.path, name, NULL);
        log_fixture_create(f);
        log_fixture_append(f, 1000, batches[i]);
        Digest got = tlog_get_head(f->tlog).root;
        log_fixture_close(f);
        if (i > 0)
            assert_memory_equal(&got, &root, sizeof root);
        root = got;
    }
}

static void
the_root_is_that_of_the_frontier(void **state)
{
    LogFixture *f = *state;
    MerkleFrontier frontier;

    merkle_frontier_init(&frontier);
    log_fixture_create(f);
    log_fixture_append(f, 777, 64);
    for (uint64_t i = 0; i < 777; i++) {
        Digest hash = log_fixture_leaf_hash(i);

        merkle_frontier_append(&frontier, &hash);
    }
    Digest want = merkle_frontier_root(&frontier);
    Digest got = tlog_get_head(f->tlog).root;

    assert_memory_equal(&got, &want, sizeof want);
}

static void
check_passes_on_a_good_log(void **state)
{
    LogFixture *f = *state;
    TlogCheckReport report;

    log_fixture_create(f);
    log_fixture_append(f, 5000, 100);
    log_fixture_checkpoint(f);
    bool ok = tlog_check(f->tlog, &report, &f->error);

    assert_no_gerror(f->error);
    assert_true(ok);
    assert_int_equal(report.head.size, 5000);
}

static void
check_finds_a_changed_tile_hash(void **state)
{
    LogFixture *f = *state;
    TlogCheckReport report;

    log_fixture_create(f);
    log_fixture_append(f, 600, 100);
    log_fixture_damage(f, "tile.1", 40, "x");
    assert_false(tlog_check(f->tlog, &report, &f->error));

    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_CORRUPT);
    assert_int_equal(report.n_tile_faults, 1);
}

static void
check_finds_a_changed_offset(void **state)
{
    LogFixture *f = *state;
    TlogCheckReport report;

    log_fixture_create(f);
    log_fixture_append(f, 600, 100);
    log_fixture_damage(f, "offsets", 47, "x");
    assert_false(tlog_check(f->tlog, &report, &f->error));

    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_CORRUPT);
    assert_int_equal(report.n_offset_faults, 1);
}

static void
check_finds_a_changed_entry(void **state)
{
    LogFixture *f = *state;
    TlogCheckReport report;

    log_fixture_create(f);
    log_fixture_append(f, 600, 100);
    log_fixture_damage(f, "journal", JOURNAL_HEADER_SIZE + JOURNAL_RECORD_HEADER + 2, "X");
    assert_false(tlog_check(f->tlog, &report, &f->error));

    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_CORRUPT);
}

static void
a_checkpoint_with_another_root_is_refused(void **state)
{
    LogFixture *f = *state;
    MerkleHead head = { .size = 1 };
    g_autofree char *text = checkpoint_format(FIXTURE_ORIGIN, &head, NULL);

    log_fixture_create(f);
    log_fixture_append(f, 2, 2);
    f->signer = memory_signer_generate(PUBLIC_KEY_ED25519, &f->error);
    f->bytes = note_sign(span_of_text(text), FIXTURE_ORIGIN, f->signer, &f->error);
    assert_no_gerror(f->error);
    assert_false(tlog_set_checkpoint(f->tlog, span_of_bytes(f->bytes), &f->error));

    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_CORRUPT);
}

#define LOG_TEST(name)                                                                             \
    cmocka_unit_test_setup_teardown(name, log_fixture_setup, log_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(create_refuses_a_folder_that_has_a_log),
        LOG_TEST(create_refuses_an_origin_with_a_scheme),
        LOG_TEST(open_refuses_a_log_somebody_has_open),
        LOG_TEST(open_refuses_another_origin),
        LOG_TEST(open_says_when_there_is_no_log),
        LOG_TEST(an_empty_log_has_the_empty_root),
        LOG_TEST(entries_read_back_after_opening_again),
        LOG_TEST(read_beyond_the_log_is_not_found),
        LOG_TEST(a_large_pae_is_kept_by_its_digest),
        LOG_TEST(a_leaf_over_the_limit_is_refused_and_nothing_of_its_batch_is_kept),
        LOG_TEST(the_longest_leaf_and_inline_pae_fit),
        LOG_TEST(the_root_is_the_same_however_entries_were_batched),
        LOG_TEST(the_root_is_that_of_the_frontier),
        LOG_TEST(check_passes_on_a_good_log),
        LOG_TEST(check_finds_a_changed_tile_hash),
        LOG_TEST(check_finds_a_changed_offset),
        LOG_TEST(check_finds_a_changed_entry),
        LOG_TEST(a_checkpoint_with_another_root_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
