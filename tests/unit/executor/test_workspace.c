/* SPDX-License-Identifier: Apache-2.0
 * test_workspace: the folders of a machine, and what is taken out of them, without any process. */
#include "testing.h"
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "base/files.h"
#include "executor/workspace.h"
#include "base/banned.h"

typedef struct {
    TempDir dir;
    Workspace ws;
    char *scratch;
    char *source;
    GPtrArray *files;
    GBytes *bytes;
    GError *error;
} Fixture;

static const MachineCollectLimits no_limits = { .max_files = 1000, .max_total_bytes = 1u << 20 };

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    *state = f;
    f->ws = (Workspace){ .scratch_fd = -1, .out_fd = -1, .tmp_fd = -1 };
    if (!temp_dir_make(&f->dir, "workspace", &f->error))
        return -1;
    f->scratch = g_strconcat(f->dir.path, "/scratch", NULL);
    f->source = g_strconcat(f->dir.path, "/source", NULL);
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    workspace_clear(&f->ws);
    temp_dir_clear(&f->dir);
    g_clear_pointer(&f->files, g_ptr_array_unref);
    g_clear_pointer(&f->bytes, g_bytes_unref);
    g_clear_error(&f->error);
    g_free(f->scratch);
    g_free(f->source);
    g_free(f);
    return 0;
}

static void
make_with(Fixture *f, const MachineInput *inputs, size_t n_inputs)
{
    const MachineSpec spec = { .label = "t",
                               .scratch_dir = f->scratch,
                               .source_dir = f->source,
                               .inputs = inputs,
                               .n_inputs = n_inputs };
    bool ok = workspace_make(&f->ws, &spec, NULL, &f->error);

    assert_no_gerror(f->error);
    assert_true(ok);
}

static void
make(Fixture *f)
{
    make_with(f, NULL, 0);
}

static void
put_out(Fixture *f, const char *path, const char *text)
{
    assert_true(workspace_write_file(f->ws.out_fd, path, text, &f->error));
}

static void
collect(Fixture *f, const char *glob)
{
    const char *const globs[] = { glob, NULL };

    f->files = workspace_collect(&f->ws, globs, &no_limits, &f->error);
}

static void
folders_are_closed_to_others(void **state)
{
    Fixture *f = *state;
    struct stat st = { 0 };

    assert_int_equal(mkdir(f->source, 0777), 0);
    make(f);
    assert_int_equal(stat(f->scratch, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(stat(f->source, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
}

static void
an_input_keeps_its_bytes_and_mode(void **state)
{
    Fixture *f = *state;
    g_autofree char *from = g_strconcat(f->dir.path, "/from", NULL);
    g_autofree char *tool = g_strconcat(f->scratch, "/in/a/b/tool", NULL);
    AUTO_FD int dir_fd = dir_open(AT_FDCWD, f->dir.path, NULL);
    struct stat st = { 0 };

    assert_true(file_write_new(dir_fd, "from", span_of_text("bytes"), 0600, &f->error));
    const MachineInput inputs[] = {
        { .path = "a/b/tool", .fd = -1, .file = from, .executable = true }
    };
    make_with(f, inputs, 1);
    f->bytes = file_read(AT_FDCWD, tool, 100, &f->error);
    assert_no_gerror(f->error);
    assert_int_equal(g_bytes_get_size(f->bytes), 5);
    assert_int_equal(stat(tool, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0555);
}

static void
an_absent_input_is_named(void **state)
{
    Fixture *f = *state;
    const MachineInput inputs[] = { { .path = "x", .fd = -1, .file = "/nonexistent/artifact" } };
    const MachineSpec spec = {
        .label = "t", .scratch_dir = f->scratch, .inputs = inputs, .n_inputs = 1
    };
    bool ok = workspace_make(&f->ws, &spec, NULL, &f->error);

    assert_false(ok);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    assert_non_null(strstr(f->error->message, "/nonexistent/artifact"));
}

static void
a_source_that_is_a_link_is_refused(void **state)
{
    Fixture *f = *state;
    const MachineSpec spec = { .label = "t", .scratch_dir = f->scratch, .source_dir = f->source };

    assert_int_equal(symlink("/etc", f->source), 0);
    bool ok = workspace_make(&f->ws, &spec, NULL, &f->error);
    assert_false(ok);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_IO);
}

static void
collect_finds_each_file_once_and_sorted(void **state)
{
    Fixture *f = *state;
    const char *const globs[] = { "**", "b/*", "a*", NULL };

    make(f);
    put_out(f, "b/2", "22");
    put_out(f, "b/1", "1");
    put_out(f, "a-file", "");
    f->files = workspace_collect(&f->ws, globs, &no_limits, &f->error);
    assert_no_gerror(f->error);
    assert_int_equal(f->files->len, 3);
    const char *const wanted[] = { "a-file", "b/1", "b/2" };
    for (guint i = 0; i < 3; i++)
        assert_string_equal(((MachineFile *)f->files->pdata[i])->path, wanted[i]);
}

static void
collect_refuses_a_socket(void **state)
{
    Fixture *f = *state;
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    make(f);
    g_strlcpy(address.sun_path, f->ws.out, sizeof address.sun_path);
    g_strlcat(address.sun_path, "/s", sizeof address.sun_path);
    AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    collect(f, "*");
    assert_null(f->files);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_DENIED);
}

static void
collect_leaves_links_alone_that_nobody_asked_for(void **state)
{
    Fixture *f = *state;

    make(f);
    put_out(f, "file", "x");
    assert_int_equal(symlinkat("/etc/passwd", f->ws.out_fd, "link"), 0);
    collect(f, "f*");
    assert_no_gerror(f->error);
    assert_int_equal(f->files->len, 1);
}

static void
collect_refuses_a_name_that_is_no_text(void **state)
{
    static const char *const names[] = { "line\nbreak", "bell\a", "latin\xe4" };
    Fixture *f = *state;

    make(f);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        test_case("%zu\n", i);
        put_out(f, names[i], "x");
        collect(f, "*");
        assert_null(f->files);
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
        g_clear_error(&f->error);
        assert_int_equal(unlinkat(f->ws.out_fd, names[i], 0), 0);
    }
}

static void
collect_stops_in_a_tree_without_end(void **state)
{
    Fixture *f = *state;
    AUTO_FD int at = -1;

    make(f);
    at = dir_open(f->ws.out_fd, ".", &f->error);
    for (int i = 0; i < 80; i++) {
        assert_int_equal(mkdirat(at, "d", 0700), 0);
        int next = dir_open(at, "d", &f->error);
        fd_clear(&at);
        at = next;
    }
    collect(f, "**");
    assert_null(f->files);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
}

static void
open_output_does_not_leave_the_folder(void **state)
{
    static const char *const paths[] = { "../tmp/.slipway/output", "/etc/passwd", "link" };
    Fixture *f = *state;

    make(f);
    assert_int_equal(symlinkat("/etc/passwd", f->ws.out_fd, "link"), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        test_case("%s\n", paths[i]);
        int fd = workspace_open_output(&f->ws, paths[i], &f->error);
        assert_int_equal(fd, -1);
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_DENIED);
        g_clear_error(&f->error);
    }
}

static void
open_output_refuses_a_pipe_at_once(void **state)
{
    Fixture *f = *state;

    make(f);
    assert_int_equal(mkfifoat(f->ws.out_fd, "pipe", 0600), 0);
    int fd = workspace_open_output(&f->ws, "pipe", &f->error);
    assert_int_equal(fd, -1);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_DENIED);
}

static void
a_removed_output_file_says_nothing(void **state)
{
    Fixture *f = *state;

    make(f);
    assert_int_equal(unlinkat(f->ws.tmp_fd, WORKSPACE_OUTPUT, 0), 0);
    f->bytes = workspace_read_output(&f->ws, &f->error);
    assert_no_gerror(f->error);
    assert_int_equal(g_bytes_get_size(f->bytes), 0);
}

static void
remove_takes_source_and_scratch(void **state)
{
    Fixture *f = *state;

    make(f);
    assert_true(workspace_remove(&f->ws, &f->error));
    assert_int_equal(access(f->scratch, F_OK), -1);
    assert_int_equal(access(f->source, F_OK), -1);
    assert_true(workspace_remove(&f->ws, &f->error));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(folders_are_closed_to_others),
        CASE(an_input_keeps_its_bytes_and_mode),
        CASE(an_absent_input_is_named),
        CASE(a_source_that_is_a_link_is_refused),
        CASE(collect_finds_each_file_once_and_sorted),
        CASE(collect_refuses_a_socket),
        CASE(collect_leaves_links_alone_that_nobody_asked_for),
        CASE(collect_refuses_a_name_that_is_no_text),
        CASE(collect_stops_in_a_tree_without_end),
        CASE(open_output_does_not_leave_the_folder),
        CASE(open_output_refuses_a_pipe_at_once),
        CASE(a_removed_output_file_says_nothing),
        CASE(remove_takes_source_and_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
