/* SPDX-License-Identifier: Apache-2.0
 * test_os_fault: the fault loop and the replay over file_write_atomic: the smallest thing whose
 * promise they can break. Also the model for such tests elsewhere. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include "testing.h"
#include "base/files.h"
#include "base/os.h"
#include "os_fault.h"
#include "base/banned.h"

typedef struct {
    TempDir dir;           /* owned: the folder under test, and beside it the crashed disks */
    int fd;                /* owned */
    char *live;            /* owned: dir/live */
    OsFaultRecord *record; /* owned */
    GError *error;         /* owned */
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    *state = f;
    if (!temp_dir_make(&f->dir, "slipway-test", &f->error) ||
        !dir_create_all(AT_FDCWD, f->dir.path, 0700, &f->error))
        return -1;
    f->live = g_build_filename(f->dir.path, "live", NULL);
    if (!dir_create_all(AT_FDCWD, f->live, 0700, &f->error))
        return -1;
    f->fd = dir_open(AT_FDCWD, f->live, &f->error);
    os_fault_reset();
    return f->fd < 0 ? -1 : 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    os_fault_reset();
    os_fault_record_free(f->record);
    fd_clear(&f->fd);
    g_clear_error(&f->error);
    temp_dir_clear(&f->dir);
    g_free(f->live);
    g_free(f);
    return 0;
}

static char *
content_of(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    char *text = file_read_text(AT_FDCWD, path, 1u << 20, NULL);

    return text != NULL ? text : g_strdup("(absent)");
}

static void
every_fault_leaves_old_or_new_content(void **state)
{
    Fixture *f = *state;
    bool done = false;
    uint64_t n_faults = 0;

    assert_true(file_write_atomic(f->fd, "a", span_of_text("old"), 0600, NULL));
    for (uint64_t n = 1; !done && n < 100; n++) {
        os_fault_fail_at(n, OS_FAULT_ONE, EIO);
        bool ok = file_write_atomic(f->fd, "a", span_of_text("new"), 0600, NULL);
        bool hit = os_fault_hit();

        os_fault_reset();
        g_autofree char *text = content_of(f->live, "a");
        assert_true(strcmp(text, "old") == 0 || strcmp(text, "new") == 0);
        assert_true(ok == !hit);
        n_faults += hit;
        done = !hit;
    }
    assert_true(done);
    assert_int_equal(n_faults, 4); /* write, fsync, rename, fsync of the folder */
}

static void
short_writes_are_completed(void **state)
{
    Fixture *f = *state;

    os_fault_fail_at(1, OS_FAULT_SHORT, EIO);
    assert_true(file_write_atomic(f->fd, "a", span_of_text("content"), 0600, NULL));
    assert_true(os_fault_hit());
    g_autofree char *text = content_of(f->live, "a");
    assert_string_equal(text, "content");
}

#define N_VERSIONS 5

/* Writes versions 1 to N one over the other, each acknowledged by a mark. */
static void
record_versions(Fixture *f)
{
    assert_true(file_write_atomic(f->fd, "a", span_of_text("0"), 0600, NULL));
    os_fault_record_begin(f->live);
    for (int i = 1; i <= N_VERSIONS; i++) {
        g_autofree char *text = g_strdup_printf("%d", i);

        assert_true(file_write_atomic(f->fd, "a", span_of_text(text), 0600, NULL));
        os_fault_mark((uint64_t)i);
    }
    f->record = os_fault_record_end();
}

/* Whether the promise holds after this crash: what was acknowledged, or the next, is there. */
static bool
holds_after(Fixture *f, const OsFaultCrash *crash)
{
    g_autofree char *into = g_build_filename(f->dir.path, "crashed", NULL);

    assert_int_equal(g_mkdir(into, 0700), 0);
    uint64_t mark = os_fault_record_build(f->record, crash, into);
    g_autofree char *text = content_of(into, "a");
    char *end = NULL;
    uint64_t version = g_ascii_strtoull(text, &end, 10);

    assert_true(dir_remove_all(AT_FDCWD, into, NULL));
    return end != text && (version == mark || version == mark + 1);
}

static bool
holds_after_every_crash(Fixture *f, size_t skip_sync, unsigned *n_states_out)
{
    for (size_t n = 0; n <= os_fault_record_length(f->record); n++)
        for (int loss = 0; loss < OS_FAULT_N_LOSSES; loss++)
            for (uint32_t seed = 0; seed < (loss >= OS_FAULT_TORN ? 8 : 1); seed++) {
                OsFaultCrash crash = { n, (OsFaultLoss)loss, seed, skip_sync };

                (*n_states_out)++;
                if (!holds_after(f, &crash))
                    return false;
            }
    return true;
}

static void
acknowledged_content_survives_every_crash(void **state)
{
    Fixture *f = *state;
    unsigned n_states = 0;

    record_versions(f);
    bool holds = holds_after_every_crash(f, OS_FAULT_NO_STEP, &n_states);
    print_message("# %u states\n", n_states);
    assert_true(holds);
}

static void
taking_away_any_sync_breaks_the_promise(void **state)
{
    Fixture *f = *state;
    unsigned n_states = 0;
    unsigned n_syncs = 0;

    record_versions(f);
    for (size_t i = 0; i < os_fault_record_length(f->record); i++) {
        if (!os_fault_record_is_sync(f->record, i))
            continue;
        g_autofree char *what = os_fault_record_describe(f->record, i);

        n_syncs++;
        test_case("without %s", what);
        assert_false(holds_after_every_crash(f, i, &n_states));
    }
    assert_int_equal(n_syncs, 2 * N_VERSIONS);
}

static void
files_without_a_name_are_followed_to_their_link(void **state)
{
    Fixture *f = *state;
    AUTO_FD int fd = openat(f->fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    g_autofree char *through = g_strdup_printf("/proc/self/fd/%d", fd);
    g_autofree char *into = g_build_filename(f->dir.path, "crashed", NULL);

    test_needs("o_tmpfile", fd >= 0);
    os_fault_record_begin(f->live);
    assert_true(fd_write_all(fd, span_of_text("body"), NULL));
    assert_int_equal(os_fsync(fd), 0);
    assert_int_equal(os_link(AT_FDCWD, through, f->fd, "b", AT_SYMLINK_FOLLOW), 0);
    assert_int_equal(os_fsync(f->fd), 0);
    f->record = os_fault_record_end();
    assert_int_equal(g_mkdir(into, 0700), 0);
    OsFaultCrash crash = { SIZE_MAX, OS_FAULT_DROP, 0, OS_FAULT_NO_STEP };
    os_fault_record_build(f->record, &crash, into);
    g_autofree char *text = content_of(into, "b");
    assert_string_equal(text, "body");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(every_fault_leaves_old_or_new_content),
        T(short_writes_are_completed),
        T(acknowledged_content_survives_every_crash),
        T(taking_away_any_sync_breaks_the_promise),
        T(files_without_a_name_are_followed_to_their_link),
    };

    return cmocka_run_group_tests_name("os_fault", tests, NULL, NULL);
}
