/* SPDX-License-Identifier: Apache-2.0
 * test_store_crash: what the store promises when calls fail and when the power goes.
 *
 * $REPLAY_STATES: crash states to try in the replay, at least; the default keeps the test short. */
#include <errno.h>
#include <sys/mman.h>
#include <time.h>
#include "fixture.h"
#include "os_fault.h"
#include "base/banned.h"

#define MAX_FAULTS     200
#define DEFAULT_STATES 200
#define N_SYNCS_NEEDED 18 /* two a put or batch, one a file and folder in the small batch */
#define NUMBER_OF_LONG 999999
#define LONG_BYTES     ((size_t)2500000)

/* The n-th content of these tests: mostly short, some longer than a buffer, one written by a second
 * thread. */
static size_t
length_of(unsigned n)
{
    if (n == NUMBER_OF_LONG)
        return LONG_BYTES;
    return n % 100 == 3 ? 300000 : 100 + n;
}

static Digest
put_number(StoreBatch *batch, Store *store, unsigned n, bool *ok_out, GError **error)
{
    size_t len = length_of(n);
    g_autofree uint8_t *data = make_content(n, len);
    AUTO_FD int fd = memory_file(data, len);
    Digest digest = { 0 };

    *ok_out = batch != NULL ? store_batch_put_fd(batch, fd, len, &digest, error)
                            : store_put_fd(store, fd, len, &digest, error);
    return digest;
}

static Digest
digest_number(unsigned n)
{
    size_t len = length_of(n);
    g_autofree uint8_t *data = make_content(n, len);

    return digest_of(span_of(data, len));
}

static bool
is_sound(Store *store)
{
    g_autoptr(StoreFsckReport) report = store_fsck(store, NULL);

    return report != NULL && store_fsck_is_clean(report);
}

/* Whether reopening works, nothing is corrupt, and blobs 0 to n-1 are there. */
static bool
holds(const char *root, unsigned n, GError **error)
{
    g_autoptr(Store) store = store_create(root, error);
    g_autoptr(StoreFsckReport) report = store != NULL ? store_fsck(store, error) : NULL;

    if (report == NULL)
        return false;
    if (!store_fsck_is_clean(report)) {
        error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT, "%u blobs are corrupt",
                  report->corrupt->len);
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        Digest digest = digest_number(i);

        if (!store_check(store, &digest, error))
            return false;
    }
    return true;
}

/* Fails every call of @operation in turn. @after: what must hold after each. */
static void
fail_each_call(Fixture *f, OsFaultMode mode, bool (*operation)(Fixture *f, unsigned round),
               bool (*after)(Fixture *f, unsigned round, bool ok), unsigned *n_faults_out)
{
    bool done = false;
    unsigned n_faults = 0;

    for (unsigned n = 1; !done && n < MAX_FAULTS; n++) {
        os_fault_fail_at(n, mode, n % 2 == 0 ? EIO : ENOSPC);
        bool ok = operation(f, n);
        bool hit = os_fault_hit();

        os_fault_reset();
        test_case("call %u fails: %s\n", n, f->error != NULL ? f->error->message : "no error");
        assert_true(ok == (f->error == NULL));
        assert_true(after(f, n, ok));
        g_clear_error(&f->error);
        n_faults += hit;
        done = !hit;
    }
    assert_true(done);
    *n_faults_out = n_faults;
}

static bool
put_one(Fixture *f, unsigned round)
{
    bool ok = false;

    (void)put_number(NULL, f->store, 1000 + round * 10, &ok, &f->error);
    return ok;
}

static bool
one_is_there_if_acknowledged(Fixture *f, unsigned round, bool ok)
{
    Digest digest = digest_number(1000 + round * 10);

    return (!ok || store_check(f->store, &digest, NULL)) && is_sound(f->store);
}

static void
a_put_survives_every_failing_call(void **state)
{
    Fixture *f = *state;
    unsigned n_faults = 0;

    fail_each_call(f, OS_FAULT_ALL, put_one, one_is_there_if_acknowledged, &n_faults);
    assert_int_equal(n_faults,
                     6); /* write, fsync, rename without and with its folder, two folders' fsync */
}

static bool
put_batch(Fixture *f, unsigned round)
{
    g_autoptr(StoreBatch) batch = store_batch_begin(f->store, &f->error);

    for (unsigned i = 0; i < 8; i++) {
        bool ok = false;

        (void)put_number(batch, NULL, 100 * round + i, &ok, &f->error);
        if (!ok)
            return false;
    }
    return store_batch_commit(batch, &f->error);
}

static bool
batch_is_there_if_acknowledged(Fixture *f, unsigned round, bool ok)
{
    if (!is_sound(f->store))
        return false;
    for (unsigned i = 0; ok && i < 8; i++) {
        Digest digest = digest_number(100 * round + i);

        if (!store_check(f->store, &digest, NULL))
            return false;
    }
    return true;
}

static void
a_batch_survives_every_failing_call(void **state)
{
    Fixture *f = *state;
    unsigned n_faults = 0;

    fail_each_call(f, OS_FAULT_ONE, put_batch, batch_is_there_if_acknowledged, &n_faults);
    assert_true(n_faults >= 19); /* 9 writes, a sync, 8 names, a sync */
}

static void
a_full_disk_is_told_as_full(void **state)
{
    Fixture *f = *state;
    bool ok = true;

    os_fault_fail_at(1, OS_FAULT_ALL, ENOSPC);
    (void)put_number(NULL, f->store, 1, &ok, &f->error);
    os_fault_reset();
    assert_false(ok);
    assert_gerror(f->error, STORE_ERROR, STORE_ERROR_FULL);
}

static void
a_failed_long_write_is_told_with_its_cause(void **state)
{
    Fixture *f = *state;
    bool ok = true;

    os_fault_fail_at(9, OS_FAULT_ALL, ENOSPC); /* the second thread's first write */
    (void)put_number(NULL, f->store, NUMBER_OF_LONG, &ok, &f->error);
    os_fault_reset();
    assert_false(ok);
    assert_gerror(f->error, STORE_ERROR, STORE_ERROR_FULL);
}

static void
short_writes_are_completed(void **state)
{
    Fixture *f = *state;
    bool ok = false;

    os_fault_fail_at(1, OS_FAULT_SHORT, EIO);
    Digest digest = put_number(NULL, f->store, 1, &ok, &f->error);
    bool hit = os_fault_hit();
    os_fault_reset();
    assert_true(ok && hit);
    assert_true(store_check(f->store, &digest, &f->error));
}

static void
gc_that_fails_removes_nothing_that_is_kept(void **state)
{
    Fixture *f = *state;
    Digest kept[4];
    bool ok = false;

    for (unsigned i = 0; i < 8; i++) {
        Digest digest = put_number(NULL, f->store, 10 + i, &ok, &f->error);

        make_older(f->root, &digest, 100);
        if (i % 2 == 0) {
            kept[i / 2] = digest;
            g_hash_table_add(f->keep, &kept[i / 2]);
        }
    }
    for (unsigned n = 1; n <= 4; n++) {
        StoreGcResult result;

        os_fault_fail_at(n, OS_FAULT_ONE, EIO);
        ok = store_gc(f->store, f->keep, 0, &result, NULL);
        os_fault_reset();
        for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
            assert_true(store_check(f->store, &kept[i], &f->error));
    }
}

static void
a_settled_store_needs_no_sync_for_what_it_has(void **state)
{
    Fixture *f = *state;
    bool ok = false;

    for (unsigned owner = 0; owner < 2; owner++) { /* the first sees its own blobs again, once */
        (void)put_number(NULL, f->store, 1, &ok, &f->error);
        (void)put_number(NULL, f->store, 1, &ok, &f->error);
        store_free(f->store);
        f->store = store_create(f->root, &f->error);
        assert_no_gerror(f->error);
    }
    os_fault_reset();
    (void)put_number(NULL, f->store, 1, &ok, &f->error);
    uint64_t n_calls = os_fault_count();
    assert_true(ok);
    assert_int_equal(n_calls, 0);
}

static void
a_copy_of_a_settled_store_syncs(void **state)
{
    Fixture *f = *state;
    g_autofree char *settled = g_build_filename(f->root, "settled", NULL);
    bool ok = false;

    (void)put_number(NULL, f->store, 1, &ok, &f->error);
    store_free(f->store);
    f->store = NULL;
    assert_true(g_file_set_contents(settled, "another-boot 1 2\n", -1, NULL));
    f->store = store_create(f->root, &f->error);
    assert_no_gerror(f->error);
    os_fault_reset();
    (void)put_number(NULL, f->store, 1, &ok, &f->error);
    uint64_t n_calls = os_fault_count();
    assert_true(ok);
    assert_int_equal(n_calls, 1); /* one syncfs */
}

/* Puts blobs one by one and in batches of both kinds, some again, some after a commit that failed
 * when its names were visible already; every acknowledgement is marked with the count of blobs that
 * must be there. */
static void
put_everything(Fixture *f)
{
    static const unsigned batches[][2] = { { 5, 2 },
                                           { 7, 9 } }; /* first, size: synced one by one; at once */
    bool ok = false;

    for (unsigned i = 0; i < 5; i++) {
        (void)put_number(NULL, f->store, i, &ok, &f->error);
        assert_true(ok);
        os_fault_mark(i + 1);
    }
    for (size_t round = 0; round < G_N_ELEMENTS(batches); round++) {
        unsigned first = batches[round][0], size = batches[round][1];

        f->batch = store_batch_begin(f->store, &f->error);
        for (unsigned i = 0; i < size; i++) {
            (void)put_number(f->batch, NULL, first + i, &ok, &f->error);
            assert_true(ok);
            if (round == 0)
                continue;
            (void)put_number(f->batch, NULL, i, &ok, &f->error); /* again */
            assert_true(ok);
        }
        assert_true(store_batch_commit(f->batch, &f->error));
        os_fault_mark(first + size);
        g_clear_pointer(&f->batch, store_batch_free);
    }
}

/* A put whose last sync fails leaves a visible name; the put that finds it must make it last. */
static void
put_again_after_a_failure(Fixture *f, unsigned n)
{
    bool ok = true;
    Digest digest = digest_number(n);
    g_autofree char *path = blob_path(f->root, &digest);
    g_autofree char *folder = g_path_get_dirname(path);
    /* write, fsync, rename, fsync of the folder; or two renames and two folders */
    uint64_t last_call = g_file_test(folder, G_FILE_TEST_IS_DIR) ? 4 : 6;

    os_fault_fail_at(last_call, OS_FAULT_ONE, EIO);
    (void)put_number(NULL, f->store, n, &ok, NULL);
    os_fault_reset();
    assert_true(!ok && store_has(f->store, &digest));
    (void)put_number(NULL, f->store, n, &ok, &f->error);
    assert_true(ok);
    os_fault_mark(n + 1);
}

typedef struct {
    OsFaultRecord *record; /* owned */
    char *into;            /* owned */
    unsigned n_states, n_broken;
} Replay;

static void
try_crash(Replay *replay, const OsFaultCrash *crash)
{
    assert_int_equal(g_mkdir(replay->into, 0700), 0);
    uint64_t mark = os_fault_record_build(replay->record, crash, replay->into);
    g_autoptr(GError) error = NULL;
    bool ok = holds(replay->into, (unsigned)mark, &error);
    assert_true(dir_remove_all(AT_FDCWD, replay->into, NULL));
    replay->n_states++;
    if (ok)
        return;
    replay->n_broken++;
    if (crash->skip_sync == OS_FAULT_NO_STEP) {
        g_autofree char *step = crash->n_steps > 0
                                    ? os_fault_record_describe(replay->record, crash->n_steps - 1)
                                    : g_strdup("-");
        print_message("# broken after %zu (%s), loss %d, seed %u, mark %u: %s\n", crash->n_steps,
                      step, (int)crash->loss, crash->seed, (unsigned)mark, error->message);
    }
}

/* Crashes after every step in every way. */
static void
try_all(Replay *replay, uint32_t n_seeds)
{
    for (size_t n = 0; n <= os_fault_record_length(replay->record); n++)
        for (int loss = 0; loss < OS_FAULT_N_LOSSES; loss++)
            for (uint32_t seed = 0; seed < (loss >= OS_FAULT_TORN ? n_seeds : 1); seed++)
                try_crash(replay, &(OsFaultCrash){ n, (OsFaultLoss)loss, seed, OS_FAULT_NO_STEP });
}

/* Whether some loss of power after sync number @i finds something missing when @i is taken away. */
static bool
sync_is_missed(Replay *replay, size_t i)
{
    replay->n_broken = 0;
    for (size_t n = i + 1; n <= os_fault_record_length(replay->record) && replay->n_broken == 0;
         n++)
        for (int loss = 0; loss < OS_FAULT_N_LOSSES && replay->n_broken == 0; loss++) {
            if (loss != OS_FAULT_KEEP)
                try_crash(replay, &(OsFaultCrash){ n, (OsFaultLoss)loss, 1, i });
        }
    return replay->n_broken > 0;
}

static void
record_everything(Fixture *f, Replay *replay)
{
    replay->into = g_build_filename(f->dir.path, "crashed", NULL);
    os_fault_record_begin(f->root);
    put_everything(f);
    put_again_after_a_failure(f, 16);
    replay->record = os_fault_record_end();
}

static unsigned
wanted_states(void)
{
    const char *text = getenv("REPLAY_STATES");

    return text != NULL ? (unsigned)g_ascii_strtoull(text, NULL, 10) : DEFAULT_STATES;
}

static void
acknowledged_blobs_survive_every_crash(void **state)
{
    Fixture *f = *state;
    Replay replay = { 0 };

    record_everything(f, &replay);
    size_t per_seed = 2 * (os_fault_record_length(replay.record) + 1);
    unsigned wanted = wanted_states();
    try_all(&replay, (uint32_t)MAX(1, (wanted + per_seed - 1) / per_seed));
    print_message("# %zu steps, %u states\n", os_fault_record_length(replay.record),
                  replay.n_states);
    os_fault_record_free(replay.record);
    g_free(replay.into);
    assert_int_equal(replay.n_broken, 0);
    assert_true(replay.n_states >= wanted);
}

/* All but those of sha256/ itself, which hold new folders: the replay takes folders as made from
 * the start. */
static void
taking_away_any_sync_breaks_the_promise(void **state)
{
    Fixture *f = *state;
    Replay replay = { 0 };
    unsigned n_needed = 0, n_idle = 0;

    record_everything(f, &replay);
    for (size_t i = 0; i < os_fault_record_length(replay.record); i++) {
        g_autofree char *what = os_fault_record_describe(replay.record, i);

        if (!os_fault_record_is_sync(replay.record, i) || strstr(what, "'sha256'") != NULL)
            continue;
        if (sync_is_missed(&replay, i)) {
            n_needed++;
        } else {
            print_message("# not missed: %s\n", what);
            n_idle++;
        }
    }
    os_fault_record_free(replay.record);
    g_free(replay.into);
    print_message("# %u syncs, each of them missed\n", n_needed);
    assert_int_equal(n_idle, 0);
    assert_int_equal(n_needed, N_SYNCS_NEEDED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_put_survives_every_failing_call),
        T(a_batch_survives_every_failing_call),
        T(a_full_disk_is_told_as_full),
        T(a_failed_long_write_is_told_with_its_cause),
        T(short_writes_are_completed),
        T(gc_that_fails_removes_nothing_that_is_kept),
        T(a_settled_store_needs_no_sync_for_what_it_has),
        T(a_copy_of_a_settled_store_syncs),
        T(acknowledged_blobs_survive_every_crash),
        T(taking_away_any_sync_breaks_the_promise),
    };

    /* Thousands of small disks are built; what a disk keeps is the record's to say, so memory will
     * do. */
    if (access("/dev/shm", W_OK) == 0)
        (void)setenv("TMPDIR", "/dev/shm", 0);
    return cmocka_run_group_tests_name("store_crash", tests, NULL, NULL);
}
