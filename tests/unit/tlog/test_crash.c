/* SPDX-License-Identifier: Apache-2.0
 * test_crash: a recorded life of a log, cut after every step with unsynced data kept, dropped, torn
 * or shuffled: what was acknowledged is there, what follows is what was handed in, no checkpoint
 * ever released is contradicted, and the log goes on. */
#include "log_fixture.h"
#include "os_fault.h"
#include "base/banned.h"

#define N_ENTRIES  160
#define N_SEEDS    16 /* of torn and of shuffled losses; argument or $CRASH_SEEDS */
#define MIN_STATES 10000
#define JOURNAL_SYNC                                                                               \
    " sync file 0 " /* as the recording describes it: the journal is made first                    \
                     */

typedef struct {
    LogFixture log;              /* first: its set-up and teardown are ours */
    OsFaultRecord *record;       /* owned */
    Digest roots[N_ENTRIES + 1]; /* by size */
    uint64_t n_states;
    char *complaint; /* owned; of the last state that broke a promise */
} CrashFixture;

/* Memory is fast; what survives is decided by the replay, not by this disk. */
static int
crash_setup(void **state)
{
    CrashFixture *f = g_new0(CrashFixture, 1);

    *state = f;
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 1);
    if (!temp_dir_make(&f->log.dir, "tlog", &f->log.error))
        return -1;
    f->log.path = g_build_filename(f->log.dir.path, "log", NULL);
    return 0;
}

static int
crash_teardown(void **state)
{
    CrashFixture *f = *state;

    os_fault_reset();
    os_fault_record_free(f->record);
    g_free(f->complaint);
    return log_fixture_teardown(state);
}

static void
append_and_release(CrashFixture *f, size_t n, bool release)
{
    log_fixture_append(&f->log, n, n);
    os_fault_mark(tlog_get_size(f->log.tlog)); /* the callers hear now */
    if (release)
        log_fixture_checkpoint(&f->log);
}

/* Sizes 1 to 7 in turn, a checkpoint after most, opened again now and then. */
static void
live(CrashFixture *f)
{
    LogFixture *log = &f->log;
    MerkleFrontier frontier;

    merkle_frontier_init(&frontier);
    f->roots[0] = merkle_frontier_root(&frontier);
    for (uint64_t i = 0; i < N_ENTRIES; i++) {
        Digest hash = log_fixture_leaf_hash(i);

        merkle_frontier_append(&frontier, &hash);
        f->roots[i + 1] = merkle_frontier_root(&frontier);
    }
    log_fixture_create(log);
    for (size_t round = 1; tlog_get_size(log->tlog) < N_ENTRIES; round++) {
        size_t n = MIN(1 + round % 7, N_ENTRIES - tlog_get_size(log->tlog));

        append_and_release(f, n, round % 3 != 0);
        if (round % 11 == 0)
            assert_true(log_fixture_reopen(log));
    }
    log_fixture_close(log);
}

static bool
complain(CrashFixture *f, const OsFaultCrash *crash, const char *what, const GError *error)
{
    g_free(f->complaint);
    f->complaint = g_strdup_printf("after %zu steps, loss %d, seed %u: %s%s%s", crash->n_steps,
                                   (int)crash->loss, crash->seed, what, error != NULL ? ": " : "",
                                   error != NULL ? error->message : "");
    return false;
}

static bool
entries_are_those_handed_in(Tlog *tlog, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++) {
        g_auto(TlogRecord) record = { 0 };
        g_autoptr(GError) local = NULL;
        g_autofree char *leaf = g_strdup_printf("leaf %" PRIu64, i);
        g_autofree char *pae = g_strdup_printf("pae %" PRIu64, i);

        if (!tlog_read(tlog, i, &record, &local) || g_bytes_get_size(record.leaf) != strlen(leaf) ||
            memcmp(g_bytes_get_data(record.leaf, NULL), leaf, strlen(leaf)) != 0 ||
            memcmp(g_bytes_get_data(record.pae, NULL), pae, strlen(pae)) != 0)
            return false;
    }
    return true;
}

/* What must hold on the disk in @path where @acknowledged entries were. */
static bool
promises_hold(CrashFixture *f, const OsFaultCrash *crash, const char *path, uint64_t acknowledged)
{
    g_autoptr(GError) local = NULL;
    MerkleHead known = { acknowledged, f->roots[acknowledged] };
    g_autoptr(Tlog) tlog = tlog_open(path, FIXTURE_ORIGIN, &known, 1, &local);
    TlogCheckReport report;
    TlogEntry next = { .leaf = span_of_text("next") };

    if (tlog == NULL) {
        if (acknowledged == 0 && g_error_matches(local, TLOG_ERROR, TLOG_ERROR_NOT_FOUND))
            return true; /* the crash came before the log was made */
        return complain(f, crash, "it does not open", local);
    }
    MerkleHead head = tlog_get_head(tlog);
    if (head.size > N_ENTRIES || !digest_equal(&head.root, &f->roots[head.size]))
        return complain(f, crash, "it has another root", NULL);
    if (!entries_are_those_handed_in(tlog, head.size))
        return complain(f, crash, "an entry is not what was handed in", NULL);
    if (!tlog_check(tlog, &report, &local))
        return complain(f, crash, "check fails", local);
    if (!tlog_append(tlog, &next, 1, NULL, &local))
        return complain(f, crash, "it does not go on", local);
    g_clear_pointer(&tlog, tlog_free);
    tlog = tlog_open(path, FIXTURE_ORIGIN, &head, 1, &local);
    if (tlog == NULL || tlog_get_size(tlog) != head.size + 1)
        return complain(f, crash, "it does not open a second time", local);
    return true;
}

static bool
state_holds(CrashFixture *f, const OsFaultCrash *crash)
{
    g_auto(TempDir) disk = { 0 };
    g_autoptr(GError) local = NULL;

    assert_true(temp_dir_make(&disk, "crash", &local));
    uint64_t acknowledged = os_fault_record_build(f->record, crash, disk.path);
    g_autofree char *path = g_build_filename(disk.path, "log", NULL);
    f->n_states++;
    return promises_hold(f, crash, path, acknowledged);
}

static void
record_life(CrashFixture *f)
{
    os_fault_record_begin(f->log.dir.path);
    live(f);
    f->record = os_fault_record_end();
}

static uint32_t
wanted_seeds(void)
{
    const char *text = g_getenv("CRASH_SEEDS");

    return text != NULL ? (uint32_t)g_ascii_strtoull(text, NULL, 10) : N_SEEDS;
}

static void
every_crash_keeps_what_was_acknowledged(void **state)
{
    CrashFixture *f = *state;
    uint32_t wanted = wanted_seeds();

    record_life(f);
    for (size_t n_steps = 0; n_steps <= os_fault_record_length(f->record); n_steps++) {
        for (OsFaultLoss loss = OS_FAULT_DROP; loss < OS_FAULT_N_LOSSES; loss++) {
            uint32_t n_seeds = loss == OS_FAULT_DROP || loss == OS_FAULT_KEEP ? 1 : wanted;

            for (uint32_t seed = 0; seed < n_seeds; seed++) {
                OsFaultCrash crash = { n_steps, loss, seed, OS_FAULT_NO_STEP };

                if (!state_holds(f, &crash))
                    fail_msg("%s", f->complaint);
            }
        }
    }
    test_case("%" PRIu64 " states of %zu steps\n", f->n_states, os_fault_record_length(f->record));
    assert_true(wanted < N_SEEDS || f->n_states >= MIN_STATES);
}

/* Whether some crash soon after sync step @skipped breaks a promise once that sync is taken away.
 */
static bool
is_missed(CrashFixture *f, size_t skipped)
{
    size_t last = MIN(skipped + 30, os_fault_record_length(f->record));

    for (size_t n_steps = skipped + 1; n_steps <= last; n_steps++) {
        OsFaultCrash crash = { n_steps, OS_FAULT_DROP, 0, skipped };

        if (!state_holds(f, &crash))
            return true;
    }
    return false;
}

static void
each_fdatasync_of_the_journal_is_needed(void **state)
{
    CrashFixture *f = *state;
    size_t n_syncs = 0;

    record_life(f);
    for (size_t i = 0; i < os_fault_record_length(f->record); i++) {
        g_autofree char *step = os_fault_record_describe(f->record, i);

        if (!os_fault_record_is_sync(f->record, i) || strstr(step, JOURNAL_SYNC) == NULL)
            continue;
        n_syncs++;
        test_case("%s\n", step);
        assert_true(is_missed(f, i));
    }
    assert_true(n_syncs >= 30); /* one a batch */
}

#define CRASH_TEST(name) cmocka_unit_test_setup_teardown(name, crash_setup, crash_teardown)

int
main(int argc, char **argv)
{
    if (argc > 1)
        setenv("CRASH_SEEDS", argv[1], 1);
    const struct CMUnitTest tests[] = {
        CRASH_TEST(every_crash_keeps_what_was_acknowledged),
        CRASH_TEST(each_fdatasync_of_the_journal_is_needed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
