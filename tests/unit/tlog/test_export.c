/* SPDX-License-Identifier: Apache-2.0
 * test_export: the static C2SP tlog-tiles view, against a log of Tessera's among others. */
#include "log_fixture.h"
#include "base/banned.h"

#define VECTOR_SIZE 15 /* entries of the Tessera log */

static char *
exported(const LogFixture *f, const char *name)
{
    return g_build_filename(f->dir.path, "public", name, NULL);
}

static void
export_now(LogFixture *f)
{
    g_autofree char *dir = exported(f, "");
    bool ok = tlog_export(f->tlog, dir, &f->error);

    assert_no_gerror(f->error);
    assert_true(ok);
}

static void
assert_file_size(const LogFixture *f, const char *name, off_t size)
{
    g_autofree char *path = exported(f, name);
    struct stat info = { 0 };

    if (stat(path, &info) != 0)
        fail_msg("'%s' was not exported", name);
    assert_int_equal(info.st_size, size);
}

static void
export_without_a_checkpoint_does_nothing(void **state)
{
    LogFixture *f = *state;
    g_autofree char *path = exported(f, "checkpoint");

    log_fixture_create(f);
    log_fixture_append(f, 3, 3);
    export_now(f);

    assert_int_not_equal(access(path, F_OK), 0);
}

static void
export_writes_full_and_partial_tiles(void **state)
{
    LogFixture *f = *state;

    log_fixture_create(f);
    log_fixture_append(f, 600, 600);
    log_fixture_checkpoint(f);
    export_now(f);

    assert_file_size(f, "tile/0/000", 8192);
    assert_file_size(f, "tile/0/001", 8192);
    assert_file_size(f, "tile/0/002.p/88", 88 * 32);
    assert_file_size(f, "tile/1/000.p/2", 64);
    assert_file_size(f, "tile/entries/000", 10 * 8 + 90 * 9 + 156 * 10);
}

static void
export_numbers_tiles_in_groups_of_three(void **state)
{
    LogFixture *f = *state;

    log_fixture_create(f);
    log_fixture_append(f, 1001 * 256, 4096);
    log_fixture_checkpoint(f);
    export_now(f);

    assert_file_size(f, "tile/0/999", 8192);
    assert_file_size(f, "tile/0/x001/000", 8192);
    assert_file_size(f, "tile/entries/x001/000", 256 * (2 + strlen("leaf 256000")));
    assert_file_size(f, "tile/1/003.p/233", 233 * 32);
}

static void
export_goes_on_where_the_last_one_ended(void **state)
{
    LogFixture *f = *state;
    g_autofree char *untouched = exported(f, "tile/0/000");
    g_autofree char *partial = exported(f, "tile/0/001.p");

    log_fixture_create(f);
    log_fixture_append(f, 300, 300);
    log_fixture_checkpoint(f);
    export_now(f);
    assert_int_equal(access(partial, F_OK), 0);
    assert_int_equal(unlink(untouched), 0);
    log_fixture_append(f, 300, 300);
    log_fixture_checkpoint(f);
    export_now(f);

    assert_int_not_equal(access(untouched, F_OK), 0); /* not written a second time */
    assert_int_not_equal(access(partial, F_OK), 0);   /* full now: partial forms dropped */
    assert_file_size(f, "tile/0/001", 8192);
    assert_file_size(f, "tile/0/002.p/88", 88 * 32);
    assert_file_size(f, "tile/1/000.p/2", 64);
}

static void
export_refuses_to_replace_a_newer_published_log(void **state)
{
    LogFixture *f = *state;
    g_autofree char *dir = exported(f, "");

    log_fixture_create(f);
    log_fixture_append(f, 300, 300);
    log_fixture_checkpoint(f);
    export_now(f);
    log_fixture_close(f);
    g_free(f->path);
    f->path = g_build_filename(f->dir.path, "older", NULL);
    log_fixture_create(f);
    log_fixture_append(f, 200, 200);
    log_fixture_checkpoint(f);
    assert_false(tlog_export(f->tlog, dir, &f->error));

    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_RESTORED);
}

static void
export_refuses_the_log_folder_itself(void **state)
{
    LogFixture *f = *state;

    log_fixture_create(f);
    log_fixture_append(f, 1, 1);
    log_fixture_checkpoint(f);
    assert_false(tlog_export(f->tlog, f->path, &f->error));

    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_INVALID);
}

typedef struct {
    char *content; /* owned */
    gsize len;
} VectorFile;

static VectorFile
read_vector(const char *name)
{
    g_autofree char *path =
        g_build_filename(g_getenv("VECTORS"), "tlog", "tessera-log", name, NULL);
    VectorFile file = { 0 };

    if (!g_file_get_contents(path, &file.content, &file.len, NULL))
        file.content = NULL;
    return file;
}

static int
compare_with_vector(LogFixture *f, const char *name)
{
    VectorFile want = read_vector(name);
    g_autofree char *path = exported(f, name);
    char *got = NULL;
    gsize got_len = 0;

    if (want.content == NULL)
        return 0;
    test_case("%s\n", name);
    bool found = g_file_get_contents(path, &got, &got_len, NULL);
    bool same = found && got_len == want.len && memcmp(got, want.content, got_len) == 0;
    g_free(got);
    g_free(want.content);
    assert_true(found);
    assert_true(same);
    return 1;
}

/* Tessera's checkpoint of @size becomes ours, if there is one: it must fit our root. */
static bool
adopt_checkpoint(LogFixture *f, uint64_t size)
{
    g_autofree char *name = g_strdup_printf("checkpoint.%" PRIu64, size);
    VectorFile note = read_vector(name);

    if (note.content == NULL)
        return false;
    test_case("%s\n", name);
    bool ok = tlog_set_checkpoint(f->tlog, span_of(note.content, note.len), &f->error);
    g_free(note.content);
    assert_no_gerror(f->error);
    assert_true(ok);
    return true;
}

static void
tiles_and_roots_are_those_of_tessera(void **state)
{
    LogFixture *f = *state;
    VectorFile bundle = read_vector("tile/entries/000.p/15");
    const uint8_t *at = (const uint8_t *)bundle.content;
    int n_compared = 0;

    test_needs("vectors", bundle.content != NULL);
    f->bytes = g_bytes_new_take(bundle.content, bundle.len);
    f->tlog = tlog_create(f->path, "example.com/log/testdata", &f->error);
    assert_no_gerror(f->error);
    for (unsigned size = 1; size <= VECTOR_SIZE; size++) {
        size_t len = (size_t)at[0] << 8 | at[1];
        TlogEntry entry = { .leaf = span_of(at + 2, len) };
        g_autofree char *tile = g_strdup_printf("tile/0/000.p/%u", size);
        g_autofree char *entries = g_strdup_printf("tile/entries/000.p/%u", size);

        at += 2 + len;
        assert_true(tlog_append(f->tlog, &entry, 1, NULL, &f->error));
        if (!adopt_checkpoint(f, size))
            continue;
        export_now(f);
        n_compared += compare_with_vector(f, tile) + compare_with_vector(f, entries);
    }
    assert_true(n_compared >= 4);
}

#define LOG_TEST(name)                                                                             \
    cmocka_unit_test_setup_teardown(name, log_fixture_setup, log_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(export_without_a_checkpoint_does_nothing),
        LOG_TEST(export_writes_full_and_partial_tiles),
        LOG_TEST(export_numbers_tiles_in_groups_of_three),
        LOG_TEST(export_goes_on_where_the_last_one_ended),
        LOG_TEST(export_refuses_to_replace_a_newer_published_log),
        LOG_TEST(export_refuses_the_log_folder_itself),
        LOG_TEST(tiles_and_roots_are_those_of_tessera),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
