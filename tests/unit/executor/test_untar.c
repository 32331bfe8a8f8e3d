/* SPDX-License-Identifier: Apache-2.0
 * test_untar: what a machine hands over, honest or not. */
#include "executor/untar.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "base/files.h"
#include "testing.h"
#include "base/banned.h"

#define BLOCK 512

typedef struct {
    TempDir dir;
    int dirfd;
    int tar;
    MachineCollectLimits limits;
    GError *error;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    *state = f;
    f->limits = (MachineCollectLimits){ 10, 4096 };
    f->tar = memfd_create("tar", MFD_CLOEXEC);
    if (!temp_dir_make(&f->dir, "untar", &f->error))
        return -1;
    f->dirfd = dir_open(AT_FDCWD, f->dir.path, &f->error);
    return f->dirfd < 0 ? -1 : 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    fd_clear(&f->dirfd);
    fd_clear(&f->tar);
    temp_dir_clear(&f->dir);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

/* One entry with its content and padding. */
static void
add(Fixture *f, const char *name, char type, const char *content)
{
    uint8_t block[BLOCK] = { 0 };
    unsigned sum = 0;
    size_t len = strlen(content);

    memcpy(block, name, strlen(name));
    g_snprintf((char *)block + 100, 8, "%07o", 0755);
    g_snprintf((char *)block + 124, 12, "%011zo", len);
    block[156] = (uint8_t)type;
    memcpy(block + 257,
           "ustar\0"
           "00",
           8);
    memset(block + 148, ' ', 8);
    for (size_t i = 0; i < BLOCK; i++)
        sum += block[i];
    g_snprintf((char *)block + 148, 8, "%06o", sum);
    assert_true(fd_write_all(f->tar, span_of(block, BLOCK), NULL));
    memset(block, 0, BLOCK);
    memcpy(block, content, len);
    if (len > 0)
        assert_true(fd_write_all(f->tar, span_of(block, BLOCK), NULL));
}

static bool
unpack(Fixture *f)
{
    static const uint8_t end[2 * BLOCK];

    assert_true(fd_write_all(f->tar, span_of(end, sizeof end), NULL));
    return untar_below(f->tar, "out", f->dirfd, &f->limits, &f->error);
}

static void
files_come_with_folders_and_modes(void **state)
{
    Fixture *f = *state;
    struct stat st = { 0 };

    add(f, "./out/", '5', "");
    add(f, "./out/a/b", '0', "hello");
    add(f, "elsewhere", '0', "not ours");
    assert_true(unpack(f));
    assert_int_equal(fstatat(f->dirfd, "a/b", &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(st.st_size, 5);
    assert_int_equal(st.st_mode & 0777, 0755);
    assert_int_equal(faccessat(f->dirfd, "elsewhere", F_OK, 0), -1);
}

static void
a_long_name_of_gnu_tar_is_taken(void **state)
{
    Fixture *f = *state;

    add(f, "././@LongLink", 'L', "out/with a longer name");
    add(f, "out/with", '0', "x");
    assert_true(unpack(f));
    assert_int_equal(faccessat(f->dirfd, "with a longer name", F_OK, 0), 0);
}

static void
a_pax_path_is_taken(void **state)
{
    Fixture *f = *state;

    add(f, "PaxHeader", 'x', "16 path=out/new\n");
    add(f, "out/old", '0', "x");
    assert_true(unpack(f));
    assert_int_equal(faccessat(f->dirfd, "new", F_OK, 0), 0);
}

static void
a_name_that_leaves_the_folder_is_refused(void **state)
{
    Fixture *f = *state;

    add(f, "out/a/../../escaped", '0', "x");
    assert_false(unpack(f));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_DENIED);
}

static void
a_link_points_nowhere(void **state)
{
    Fixture *f = *state;
    char target[16] = { 0 };

    add(f, "out/link", '2', "");
    assert_true(unpack(f));
    assert_int_equal(readlinkat(f->dirfd, "link", target, sizeof target), 4);
    assert_string_equal(target, "link");
}

static void
nothing_is_written_through_a_link(void **state)
{
    Fixture *f = *state;

    add(f, "out/link", '2', "");
    add(f, "out/link/file", '0', "x");
    assert_false(unpack(f));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_IO);
}

static void
bytes_over_the_limit_are_refused(void **state)
{
    Fixture *f = *state;

    f->limits.max_total_bytes = 4;
    add(f, "out/a", '0', "hello");
    assert_false(unpack(f));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
}

static void
a_broken_checksum_is_corrupt(void **state)
{
    Fixture *f = *state;

    add(f, "out/a", '0', "x");
    assert_int_equal(pwrite(f->tar, "X", 1, 5), 1);
    assert_false(unpack(f));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_CORRUPT);
}

static void
an_archive_cut_short_is_corrupt(void **state)
{
    Fixture *f = *state;

    add(f, "out/a", '0', "x");
    assert_int_equal(ftruncate(f->tar, BLOCK), 0);
    assert_false(untar_below(f->tar, "out", f->dirfd, &f->limits, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_CORRUPT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(files_come_with_folders_and_modes),
        TEST(a_long_name_of_gnu_tar_is_taken),
        TEST(a_pax_path_is_taken),
        TEST(a_name_that_leaves_the_folder_is_refused),
        TEST(a_link_points_nowhere),
        TEST(nothing_is_written_through_a_link),
        TEST(bytes_over_the_limit_are_refused),
        TEST(a_broken_checksum_is_corrupt),
        TEST(an_archive_cut_short_is_corrupt),
    };

    return cmocka_run_group_tests_name("untar", tests, NULL, NULL);
}
