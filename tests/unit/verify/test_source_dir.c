/* SPDX-License-Identifier: Apache-2.0
 * The files of a release below a folder: links and devices are listed, never followed. */
#include "testing.h"
#include <fcntl.h>
#include <sys/stat.h>
#include "base/files.h"
#include "verify/verify.h"

typedef struct {
    TempDir dir;
    int fd;
    VerifySource *source;
    GPtrArray *paths;
    GError *error;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->fd = -1;
    *state = f;
    if (!temp_dir_make(&f->dir, "slipway-source", &f->error))
        return -1;
    f->fd = dir_open(AT_FDCWD, f->dir.path, &f->error);
    if (f->fd < 0 || !file_write_new(f->fd, "b", span_of_text("two"), 0644, &f->error) ||
        !dir_create_all(f->fd, "sub", 0755, &f->error) || symlinkat("b", f->fd, "a") != 0 ||
        mkfifoat(f->fd, "sub/pipe", 0600) != 0)
        return -1;
    f->source = verify_source_dir_new(f->fd);
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    verify_source_dir_free(f->source);
    g_clear_pointer(&f->paths, g_ptr_array_unref);
    fd_clear(&f->fd);
    temp_dir_clear(&f->dir);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static void
everything_is_listed_in_order(void **state)
{
    Fixture *f = *state;

    f->paths = f->source->driver->list(f->source, &f->error);
    assert_no_gerror(f->error);
    assert_int_equal(f->paths->len, 3);
    assert_string_equal(g_ptr_array_index(f->paths, 0), "a");
    assert_string_equal(g_ptr_array_index(f->paths, 1), "b");
    assert_string_equal(g_ptr_array_index(f->paths, 2), "sub/pipe");
}

static void
digest_is_of_the_bytes(void **state)
{
    Fixture *f = *state;
    Digest digest = { 0 };
    Digest wanted = digest_of(span_of_text("two"));
    uint64_t size = 0;

    assert_true(f->source->driver->digest(f->source, "b", &digest, &size, &f->error));
    assert_true(digest_equal(&digest, &wanted));
    assert_int_equal(size, 3);
}

static void
link_is_refused(void **state)
{
    Fixture *f = *state;

    assert_null(f->source->driver->read(f->source, "a", 100, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_DENIED);
}

static void
pipe_is_refused_without_waiting(void **state)
{
    Fixture *f = *state;

    assert_null(f->source->driver->read(f->source, "sub/pipe", 100, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_DENIED);
}

static void
longer_than_allowed_is_refused(void **state)
{
    Fixture *f = *state;

    assert_null(f->source->driver->read(f->source, "b", 2, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everything_is_listed_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(digest_is_of_the_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(link_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(pipe_is_refused_without_waiting, setup, teardown),
        cmocka_unit_test_setup_teardown(longer_than_allowed_is_refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
