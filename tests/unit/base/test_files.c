/* SPDX-License-Identifier: Apache-2.0
 * test_files: bounded reads, atomic writes, folders, paths that cannot escape. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include "testing.h"
#include "base/files.h"
#include "base/banned.h"

typedef struct {
    TempDir dir;     /* owned */
    int fd;          /* owned: the folder */
    GBytes *bytes;   /* owned */
    GPtrArray *list; /* owned */
    GError *error;   /* owned */
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    if (!temp_dir_make(&f->dir, "slipway-test", &f->error))
        return -1;
    f->fd = dir_open(AT_FDCWD, f->dir.path, &f->error);
    *state = f;
    return f->fd < 0 ? -1 : 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    g_clear_pointer(&f->bytes, g_bytes_unref);
    g_clear_pointer(&f->list, g_ptr_array_unref);
    g_clear_error(&f->error);
    fd_clear(&f->fd);
    temp_dir_clear(&f->dir);
    g_free(f);
    return 0;
}

static void
put(Fixture *f, const char *name, const char *text)
{
    bool ok = file_write_atomic(f->fd, name, span_of_text(text), 0644, &f->error);

    assert_no_gerror(f->error);
    assert_true(ok);
}

static void
assert_content(Fixture *f, const char *name, const char *wanted)
{
    g_autofree char *text = file_read_text(f->fd, name, 1024, &f->error);

    assert_no_gerror(f->error);
    assert_string_equal(text, wanted);
}

static void
assert_names(Fixture *f, const char *path, const char *wanted)
{
    f->list = dir_list(f->fd, path, 100, &f->error);
    assert_no_gerror(f->error);
    g_ptr_array_add(f->list, NULL);
    g_autofree char *joined = g_strjoinv(" ", (char **)f->list->pdata);
    assert_string_equal(joined, wanted);
    g_clear_pointer(&f->list, g_ptr_array_unref);
}

static void
atomic_write_replaces_and_leaves_no_temporary_file(void **state)
{
    Fixture *f = *state;
    struct stat st = { 0 };

    put(f, "a", "old");
    bool ok = file_write_atomic(f->fd, "a", span_of_text("new"), 0600, &f->error);

    assert_true(ok);
    assert_content(f, "a", "new");
    assert_int_equal(fstatat(f->fd, "a", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_names(f, ".", "a");
}

static void
write_new_leaves_an_existing_file_alone(void **state)
{
    Fixture *f = *state;

    assert_true(file_write_new(f->fd, "a", span_of_text("first"), 0644, NULL));
    bool ok = file_write_new(f->fd, "a", span_of_text("second"), 0644, &f->error);

    assert_false(ok);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_EXISTS);
    g_clear_error(&f->error);
    assert_content(f, "a", "first");
    assert_names(f, ".", "a");
}

static void
read_stops_at_the_limit(void **state)
{
    Fixture *f = *state;

    put(f, "a", "12345");
    f->bytes = file_read(f->fd, "a", 5, &f->error);
    assert_no_gerror(f->error);
    assert_int_equal(g_bytes_get_size(f->bytes), 5);
    g_clear_pointer(&f->bytes, g_bytes_unref);
    f->bytes = file_read(f->fd, "a", 4, &f->error);
    assert_null(f->bytes);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
}

static void
endless_input_is_refused_at_the_limit(void **state)
{
    Fixture *f = *state;

    f->bytes = file_read(AT_FDCWD, "/dev/zero", 100000, &f->error);
    assert_null(f->bytes);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
}

static void
reading_an_absent_file_is_not_found(void **state)
{
    Fixture *f = *state;

    f->bytes = file_read(f->fd, "absent", 4, &f->error);
    assert_null(f->bytes);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

static void
text_with_nul_is_refused(void **state)
{
    Fixture *f = *state;

    assert_true(file_write_atomic(f->fd, "a", span_of("a\0b", 3), 0644, NULL));
    g_autofree char *text = file_read_text(f->fd, "a", 10, &f->error);
    assert_null(text);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
copy_counts_and_stops_at_the_limit(void **state)
{
    Fixture *f = *state;
    uint64_t copied = 0;

    put(f, "a", "123456");
    AUTO_FD int from = openat(f->fd, "a", O_RDONLY | O_CLOEXEC);
    AUTO_FD int to = openat(f->fd, "b", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    assert_true(fd_copy(from, to, 6, &copied, NULL));
    assert_int_equal(copied, 6);
    assert_content(f, "b", "123456");
    assert_int_equal(lseek(from, 0, SEEK_SET), 0);
    bool ok = fd_copy(from, to, 5, &copied, &f->error);
    assert_false(ok);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
}

static void
folders_are_made_all_the_way_and_again(void **state)
{
    Fixture *f = *state;

    for (int i = 0; i < 2; i++) {
        bool ok = dir_create_all(f->fd, "x/y//z/", 0755, &f->error);
        assert_no_gerror(f->error);
        assert_true(ok);
    }
    assert_names(f, "x/y", "z");
}

static void
removal_takes_links_not_what_they_name(void **state)
{
    Fixture *f = *state;

    put(f, "keep", "x");
    assert_true(dir_create_all(f->fd, "gone/sub", 0755, NULL));
    assert_int_equal(symlinkat("../../keep", f->fd, "gone/sub/link"), 0);
    assert_int_equal(symlinkat("..", f->fd, "gone/up"), 0);
    assert_int_equal(fchmodat(f->fd, "gone/sub", 0, 0), 0);
    bool ok = dir_remove_all(f->fd, "gone", &f->error);

    assert_no_gerror(f->error);
    assert_true(ok);
    assert_names(f, ".", "keep");
    assert_true(dir_remove_all(f->fd, "gone", NULL));
}

static void
removal_takes_very_deep_folders(void **state)
{
    Fixture *f = *state;
    int at = dup(f->fd);

    for (int i = 0; i < 2000; i++) {
        assert_int_equal(mkdirat(at, "d", 0755), 0);
        int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        close(at);
        at = next;
    }
    close(at);
    bool ok = dir_remove_all(f->fd, "d", &f->error);

    assert_no_gerror(f->error);
    assert_true(ok);
    assert_names(f, ".", "");
}

static void
paths_stay_beneath_their_folder(void **state)
{
    Fixture *f = *state;
    static const char *const cases[] = { "../x", "/etc/passwd", "sub/../../x", "link",
                                         "sub/abs/passwd" };

    assert_true(dir_create_all(f->fd, "sub", 0755, NULL));
    put(f, "ok", "x");
    assert_int_equal(symlinkat("ok", f->fd, "link"), 0);
    assert_int_equal(symlinkat("/etc", f->fd, "sub/abs"), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("case %s", cases[i]);
        int fd = open_beneath(f->fd, cases[i], O_RDONLY, 0, &f->error);
        assert_int_equal(fd, -1);
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_DENIED);
        g_clear_error(&f->error);
    }
    AUTO_FD int fd = open_beneath(f->fd, "sub/../ok", O_RDONLY, 0, &f->error);
    assert_no_gerror(f->error);
    int absent = open_beneath(f->fd, "absent", O_RDONLY, 0, &f->error);
    assert_int_equal(absent, -1);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

static void
lists_are_sorted_and_bounded(void **state)
{
    Fixture *f = *state;

    put(f, "b", "");
    put(f, "a", "");
    put(f, ".c", "");
    assert_names(f, ".", ".c a b");
    f->list = dir_list(f->fd, ".", 2, &f->error);
    assert_null(f->list);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* What it returns may be nothing, where the file system cannot promise not to wait. */
static void
a_peek_gives_whole_small_files_beneath_its_folder_or_nothing(void **state)
{
    Fixture *f = *state;
    static const char *const nothing[] = { "absent",      "link", "sub",  "../x",
                                           "sub/../../x", "long", "empty" };

    assert_true(dir_create_all(f->fd, "sub", 0755, NULL));
    put(f, "small", "abc");
    put(f, "long", "abcde");
    put(f, "empty", "");
    assert_int_equal(symlinkat("small", f->fd, "link"), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(nothing); i++) {
        test_case("case %s", nothing[i]);
        assert_null(file_peek(f->fd, nothing[i], 4));
    }
    g_autoptr(GBytes) bytes = file_peek(f->fd, "sub/../small", 4);
    if (bytes != NULL)
        assert_memory_equal(g_bytes_get_data(bytes, NULL), "abc", g_bytes_get_size(bytes));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(atomic_write_replaces_and_leaves_no_temporary_file),
        T(write_new_leaves_an_existing_file_alone),
        T(read_stops_at_the_limit),
        T(endless_input_is_refused_at_the_limit),
        T(reading_an_absent_file_is_not_found),
        T(text_with_nul_is_refused),
        T(copy_counts_and_stops_at_the_limit),
        T(folders_are_made_all_the_way_and_again),
        T(removal_takes_links_not_what_they_name),
        T(removal_takes_very_deep_folders),
        T(paths_stay_beneath_their_folder),
        T(a_peek_gives_whole_small_files_beneath_its_folder_or_nothing),
        T(lists_are_sorted_and_bounded),
    };

    return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
