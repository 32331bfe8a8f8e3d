/* SPDX-License-Identifier: Apache-2.0
 * test_store: what puts, reads, checks and garbage collection promise while nothing fails. */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>
#include "fixture.h"
#include "base/banned.h"

#define DAY_S  ((int64_t)24 * 60 * 60)
#define DAY_US (DAY_S * G_USEC_PER_SEC)

static Digest
put(Fixture *f, const char *text)
{
    Digest digest = { 0 };
    bool ok = store_put_bytes(f->store, span_of_text(text), &digest, &f->error);

    assert_no_gerror(f->error);
    assert_true(ok);
    return digest;
}

/* Flips a byte of a blob behind the store's back. */
static void
damage(Fixture *f, const Digest *digest)
{
    g_autofree char *path = blob_path(f->root, digest);

    assert_int_equal(chmod(path, 0600), 0);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "#", 1, 0), 1);
    close(fd);
}

static void
put_names_a_blob_by_its_digest(void **state)
{
    Fixture *f = *state;
    Digest digest = put(f, "abc"), expected;

    assert_true(digest_from_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                                &expected, NULL));
    assert_true(digest_equal(&digest, &expected));
    g_autofree char *path = blob_path(f->root, &expected);
    assert_true(g_file_test(path, G_FILE_TEST_IS_REGULAR));
}

static void
get_returns_what_was_put(void **state)
{
    Fixture *f = *state;
    Digest digest = put(f, "content");

    f->bytes = store_get_bytes(f->store, &digest, 7, &f->error);
    assert_no_gerror(f->error);
    assert_int_equal(g_bytes_get_size(f->bytes), 7);
    assert_memory_equal(g_bytes_get_data(f->bytes, NULL), "content", 7);
}

static void
inputs_around_every_buffer_size_come_back_whole(void **state)
{
    static const size_t sizes[] = { 0,       1,       262143,  262144,  262145,
                                    2097151, 2097152, 2097153, 2359297, 6000000 };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autofree uint8_t *data = make_content((uint32_t)i, sizes[i]);
        Digest expected = digest_of(span_of(data, sizes[i])), digest;

        test_case("%zu bytes\n", sizes[i]);
        f->fd = memory_file(data, sizes[i]);
        assert_true(store_put_fd(f->store, f->fd, sizes[i] + 1, &digest, &f->error));
        assert_true(digest_equal(&digest, &expected));
        assert_true(store_check(f->store, &digest, &f->error));
        fd_clear(&f->fd);
    }
}

static void
put_reads_from_the_current_offset_of_a_pipe(void **state)
{
    Fixture *f = *state;
    int ends[2];
    Digest digest, expected = digest_of(span_of_text("from a pipe"));

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    f->fd = ends[0];
    assert_int_equal(write(ends[1], "from a pipe", 11), 11);
    close(ends[1]);
    assert_true(store_put_fd(f->store, f->fd, 100, &digest, &f->error));
    assert_true(digest_equal(&digest, &expected));
}

static void
put_refuses_input_over_limit(void **state)
{
    static const uint64_t limits[] = { 1, 1024, 262144, 3000000 };
    Fixture *f = *state;

    f->fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
        Digest digest = { 0 };

        test_case("limit %" G_GUINT64_FORMAT "\n", limits[i]);
        assert_false(store_put_fd(f->store, f->fd, limits[i], &digest, &f->error));
        assert_gerror(f->error, STORE_ERROR, STORE_ERROR_TOO_LARGE);
        assert_memory_equal(&digest, &(Digest){ 0 }, sizeof digest); /* untouched on failure */
        g_clear_error(&f->error);
    }
    f->report = store_fsck(f->store, &f->error);
    assert_int_equal(f->report->n_leftovers, 0);
}

static void
a_batch_is_visible_after_commit_only(void **state)
{
    Fixture *f = *state;
    Digest digest;

    f->batch = store_batch_begin(f->store, &f->error);
    assert_true(store_batch_put_bytes(f->batch, span_of_text("later"), &digest, &f->error));
    assert_false(store_has(f->store, &digest));
    assert_true(store_batch_commit(f->batch, &f->error));
    assert_true(store_has(f->store, &digest));
}

static void
a_freed_batch_leaves_nothing(void **state)
{
    Fixture *f = *state;
    Digest digest;

    f->batch = store_batch_begin(f->store, &f->error);
    assert_true(store_batch_put_bytes(f->batch, span_of_text("never"), &digest, &f->error));
    g_clear_pointer(&f->batch, store_batch_free);
    f->report = store_fsck(f->store, &f->error);
    assert_false(store_has(f->store, &digest));
    assert_int_equal(f->report->n_leftovers, 0);
}

static void
a_large_batch_with_duplicates_keeps_one_of_each(void **state)
{
    Fixture *f = *state;

    f->batch = store_batch_begin(f->store, &f->error);
    for (unsigned i = 0; i < 200; i++) {
        g_autofree char *text = g_strdup_printf("blob %u", i % 100);
        Digest digest;

        assert_true(store_batch_put_bytes(f->batch, span_of_text(text), &digest, &f->error));
    }
    assert_true(store_batch_commit(f->batch, &f->error));
    g_clear_pointer(&f->batch, store_batch_free);
    f->report = store_fsck(f->store, &f->error);
    assert_int_equal(f->report->n_blobs, 100);
    assert_int_equal(f->report->n_leftovers, 0);
}

static void
a_second_put_writes_nothing(void **state)
{
    Fixture *f = *state;
    Digest digest = put(f, "once");
    g_autofree char *path = blob_path(f->root, &digest);
    struct stat before, after;

    assert_int_equal(stat(path, &before), 0);
    put(f, "once");
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
}

static void
a_put_mends_a_blob_of_the_wrong_length(void **state)
{
    Fixture *f = *state;
    Digest digest = put(f, "whole");
    g_autofree char *path = blob_path(f->root, &digest);

    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(truncate(path, 2), 0);
    put(f, "whole");
    assert_true(store_check(f->store, &digest, &f->error));
}

static void
absent_blobs_are_not_found(void **state)
{
    Fixture *f = *state;
    Digest digest = digest_of(span_of_text("nowhere"));

    assert_false(store_has(f->store, &digest));
    assert_int_equal(store_open_blob(f->store, &digest, NULL, &f->error), -1);
    assert_gerror(f->error, STORE_ERROR, STORE_ERROR_NOT_FOUND);
}

static void
get_refuses_a_blob_over_limit(void **state)
{
    Fixture *f = *state;
    Digest digest = put(f, "12345");

    assert_null(store_get_bytes(f->store, &digest, 4, &f->error));
    assert_gerror(f->error, STORE_ERROR, STORE_ERROR_TOO_LARGE);
}

static void
get_refuses_and_quarantines_a_corrupt_blob(void **state)
{
    Fixture *f = *state;
    Digest digest = put(f, "precious");

    damage(f, &digest);
    assert_null(store_get_bytes(f->store, &digest, 100, &f->error));
    assert_gerror(f->error, STORE_ERROR, STORE_ERROR_CORRUPT);
    assert_false(store_has(f->store, &digest));
}

static void
copy_refuses_and_quarantines_a_corrupt_blob(void **state)
{
    Fixture *f = *state;
    Digest digest = put(f, "precious");

    damage(f, &digest);
    f->fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_false(store_copy_to(f->store, &digest, f->fd, &f->error));
    assert_gerror(f->error, STORE_ERROR, STORE_ERROR_CORRUPT);
    assert_false(store_has(f->store, &digest));
}

static void
a_reader_reports_a_corrupt_blob_and_leaves_it(void **state)
{
    Fixture *f = *state;
    Digest digest = put(f, "precious");

    damage(f, &digest);
    store_free(f->store);
    f->store = store_open(f->root, &f->error);
    assert_no_gerror(f->error);
    assert_false(store_check(f->store, &digest, &f->error));
    assert_gerror(f->error, STORE_ERROR, STORE_ERROR_CORRUPT);
    assert_true(store_has(f->store, &digest));
}

static void
fsck_counts_good_blobs_and_names_bad_ones(void **state)
{
    Fixture *f = *state;
    Digest bad = put(f, "bad");

    put(f, "good");
    damage(f, &bad);
    f->report = store_fsck(f->store, &f->error);
    assert_no_gerror(f->error);
    assert_int_equal(f->report->n_blobs, 1);
    assert_int_equal(f->report->n_bytes, 4);
    assert_int_equal(f->report->corrupt->len, 1);
    assert_true(digest_equal(&g_array_index(f->report->corrupt, Digest, 0), &bad));
    assert_int_equal(f->report->n_quarantined, 1);
    assert_false(store_fsck_is_clean(f->report));
}

static void
fsck_names_strays(void **state)
{
    Fixture *f = *state;

    put(f, "good");
    g_autofree char *path = g_build_filename(f->root, "sha256", "stray", NULL);
    assert_true(g_file_set_contents(path, "x", 1, NULL));
    f->report = store_fsck(f->store, &f->error);
    assert_int_equal(f->report->strays->len, 1);
    assert_string_equal(g_ptr_array_index(f->report->strays, 0), "sha256/stray");
}

static void
create_clears_what_a_crash_left(void **state)
{
    Fixture *f = *state;
    g_autofree char *folder = g_build_filename(f->root, "incoming", "b7", NULL);
    g_autofree char *file = g_build_filename(folder, "0", NULL);

    assert_int_equal(g_mkdir(folder, 0700), 0);
    assert_true(g_file_set_contents(file, "half", 4, NULL));
    store_free(f->store);
    f->store = store_create(f->root, &f->error);
    assert_no_gerror(f->error);
    assert_false(g_file_test(folder, G_FILE_TEST_EXISTS));
}

static void
gc_removes_only_what_nothing_names(void **state)
{
    Fixture *f = *state;
    Digest kept = put(f, "kept"), unused = put(f, "unused");
    StoreGcResult result = { 0 };

    make_older(f->root, &kept, 2 * DAY_S);
    make_older(f->root, &unused, 2 * DAY_S);
    g_hash_table_add(f->keep, &kept);
    assert_true(store_gc(f->store, f->keep, DAY_US, &result, &f->error));
    assert_true(store_has(f->store, &kept));
    assert_false(store_has(f->store, &unused));
    assert_int_equal(result.n_kept, 1);
    assert_int_equal(result.n_removed, 1);
    assert_int_equal(result.n_removed_bytes, 6);
}

static void
gc_leaves_young_blobs(void **state)
{
    Fixture *f = *state;
    Digest young = put(f, "young");
    StoreGcResult result = { 0 };

    assert_true(store_gc(f->store, f->keep, DAY_US, &result, &f->error));
    assert_true(store_has(f->store, &young));
    assert_int_equal(result.n_young, 1);
}

static void
gc_leaves_old_blobs_that_were_put_again(void **state)
{
    Fixture *f = *state;
    Digest digest = put(f, "again");
    StoreGcResult result = { 0 };

    make_older(f->root, &digest, 2 * DAY_S);
    put(f, "again");
    assert_true(store_gc(f->store, f->keep, DAY_US, &result, &f->error));
    assert_true(store_has(f->store, &digest));
}

static void
gc_leaves_what_an_open_batch_found(void **state)
{
    Fixture *f = *state;
    Digest digest = put(f, "shared");
    StoreGcResult result = { 0 };

    make_older(f->root, &digest, 2 * DAY_S);
    f->batch = store_batch_begin(f->store, &f->error);
    assert_true(store_batch_put_bytes(f->batch, span_of_text("shared"), &digest, &f->error));
    assert_true(store_gc(f->store, f->keep, 0, &result, &f->error));
    assert_true(store_has(f->store, &digest));
}

static bool
count_blobs(const Digest *digest, uint64_t size_bytes, void *context, GError **error)
{
    uint64_t *sum = context;

    (void)digest;
    (void)error;
    *sum += size_bytes;
    return true;
}

static void
each_visits_every_blob_with_its_size(void **state)
{
    Fixture *f = *state;
    uint64_t sum = 0;

    put(f, "1");
    put(f, "22");
    put(f, "333");
    assert_true(store_each(f->store, count_blobs, &sum, &f->error));
    assert_int_equal(sum, 6);
}

#define N_THREADS 4
#define N_PUTS    40

static void *
put_many(void *arg)
{
    Store *store = arg;

    for (unsigned i = 0; i < N_PUTS; i++) {
        g_autofree char *text = g_strdup_printf("shared %u", i);
        Digest digest;

        if (!store_put_bytes(store, span_of_text(text), &digest, NULL) ||
            !store_has(store, &digest))
            return store;
    }
    return NULL;
}

static void
many_threads_may_put_the_same_blobs(void **state)
{
    Fixture *f = *state;
    pthread_t threads[N_THREADS];

    for (unsigned i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, put_many, f->store), 0);
    for (unsigned i = 0; i < N_THREADS; i++) {
        void *failed = f;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    f->report = store_fsck(f->store, &f->error);
    assert_int_equal(f->report->n_blobs, N_PUTS);
    assert_int_equal(f->report->n_leftovers, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(put_names_a_blob_by_its_digest),
        T(get_returns_what_was_put),
        T(inputs_around_every_buffer_size_come_back_whole),
        T(put_reads_from_the_current_offset_of_a_pipe),
        T(put_refuses_input_over_limit),
        T(a_batch_is_visible_after_commit_only),
        T(a_freed_batch_leaves_nothing),
        T(a_large_batch_with_duplicates_keeps_one_of_each),
        T(a_second_put_writes_nothing),
        T(a_put_mends_a_blob_of_the_wrong_length),
        T(absent_blobs_are_not_found),
        T(get_refuses_a_blob_over_limit),
        T(get_refuses_and_quarantines_a_corrupt_blob),
        T(copy_refuses_and_quarantines_a_corrupt_blob),
        T(a_reader_reports_a_corrupt_blob_and_leaves_it),
        T(fsck_counts_good_blobs_and_names_bad_ones),
        T(fsck_names_strays),
        T(create_clears_what_a_crash_left),
        T(gc_removes_only_what_nothing_names),
        T(gc_leaves_young_blobs),
        T(gc_leaves_old_blobs_that_were_put_again),
        T(gc_leaves_what_an_open_batch_found),
        T(each_visits_every_blob_with_its_size),
        T(many_threads_may_put_the_same_blobs),
    };

    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
