/* SPDX-License-Identifier: Apache-2.0
 * Tests of git/export.h, most of them with trees git itself would refuse to make. */
#include <sys/stat.h>
#include <unistd.h>
#include "git/export.h"
#include "repository.h"
#include "base/banned.h"

static char *
blob(Repository *r, const char *text)
{
    return GIT(r, text, "hash-object", "-w", "--stdin");
}

static bool
export_it(Repository *r, const GitExportLimits *limits, GitExportResult *out)
{
    return git_export_tree(r->ours, r->commit.commit, r->fd, limits, NULL, out, &r->error);
}

static void
assert_file(Repository *r, const char *path, const char *text, mode_t mode)
{
    struct stat st = { 0 };
    g_autoptr(GBytes) bytes = file_read(r->fd, path, 1000, &r->error);

    assert_no_gerror(r->error);
    assert_int_equal(g_bytes_get_size(bytes), strlen(text));
    assert_memory_equal(g_bytes_get_data(bytes, NULL), text, strlen(text));
    assert_int_equal(fstatat(r->fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(st.st_mode, S_IFREG | mode);
    assert_int_equal(st.st_mtim.tv_sec, 1700000001);
}

static void
export_writes_files_links_modes_and_times(void **state)
{
    Repository *r = *state;
    GitExportResult result = { 0 };
    char target[64] = { 0 };
    struct stat st = { 0 };

    g_free(GIT(r,
               "commit refs/heads/x\ncommitter A <a> 1700000001 +0000\ndata 1\nx\n"
               "M 100644 inline a.txt\ndata 6\nhello\n\n"
               "M 100755 inline sub/deep/run.sh\ndata 4\nrun\n\n"
               "M 120000 inline sub/link\ndata 8\n../a.txt\n"
               "M 100644 inline \"sub/sp ace\\nnewline\\303\\251\"\ndata 0\n\n"
               "M 160000 1234567890123456789012345678901234567890 module\n"
               "M 100644 inline .gitattributes\ndata 30\n*.txt export-ignore eol=crlf\n#\n"
               "M 100644 inline sub-after\ndata 1\nz\n",
               "fast-import", "--quiet"));
    g_autofree char *tree = GIT(r, "", "rev-parse", "refs/heads/x^{tree}");
    repository_commit_tree(r, tree);
    (void)!export_it(r, NULL, &result);
    assert_no_gerror(r->error);

    assert_int_equal(result.n_files, 6);
    assert_int_equal(result.n_submodules, 1);
    assert_file(r, "a.txt", "hello\n", 0644);
    assert_file(r, "sub/deep/run.sh", "run\n", 0755);
    assert_file(r, "sub/sp ace\nnewline\303\251", "", 0644);
    assert_int_equal(readlinkat(r->fd, "sub/link", target, sizeof target), 8);
    assert_string_equal(target, "../a.txt");
    assert_int_equal(fstatat(r->fd, "module", &st, 0), 0);
    assert_int_equal(st.st_mode, S_IFDIR | 0755);
    assert_int_equal(fstatat(r->fd, "sub/deep", &st, 0), 0);
    assert_int_equal(st.st_mtim.tv_sec, 1700000001);
}

static void
export_refuses_names_that_are_more_than_names(void **state)
{
    static const char *const names[] = { "..", ".", ".git", ".GIT", "a/../../b", "/etc" };
    Repository *r = *state;
    g_autofree char *id = blob(r, "x");

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GByteArray) raw = g_byte_array_new();

        test_case("name '%s'", names[i]);
        repository_tree_entry(raw, "100644", names[i], id);
        g_autofree char *tree = repository_raw_tree(r, raw);
        repository_commit_tree(r, tree);
        assert_false(export_it(r, NULL, NULL));
        assert_gerror(r->error, BASE_ERROR, BASE_ERROR_DENIED);
        g_clear_error(&r->error);
        git_commit_clear(&r->commit);
        r->list = dir_list(r->fd, ".", 10, &r->error);
        assert_int_equal(r->list->len, 0);
        g_clear_pointer(&r->list, g_ptr_array_unref);
    }
}

static void
export_refuses_links_that_lead_out(void **state)
{
    static const char *const targets[] = {
        "/etc/passwd", "..", "../x", "a/../../x", "", "sub/../.."
    };
    Repository *r = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(targets); i++) {
        g_autoptr(GByteArray) raw = g_byte_array_new();
        g_autofree char *id = blob(r, targets[i]);

        test_case("target '%s'", targets[i]);
        repository_tree_entry(raw, "120000", "link", id);
        g_autofree char *tree = repository_raw_tree(r, raw);
        repository_commit_tree(r, tree);
        assert_false(export_it(r, NULL, NULL));
        assert_gerror(r->error, BASE_ERROR, BASE_ERROR_DENIED);
        assert_non_null(strstr(r->error->message, "'link'"));
        g_clear_error(&r->error);
        git_commit_clear(&r->commit);
    }
}

/* p/q/s leads to the root; p/q/t is "s/..", which reads as p/q but is above the root. */
static void
export_refuses_links_that_lead_out_through_links(void **state)
{
    Repository *r = *state;

    g_free(GIT(r,
               "commit refs/heads/x\ncommitter A <a> 1700000001 +0000\ndata 1\nx\n"
               "M 120000 inline p/q/s\ndata 5\n../..\n"
               "M 120000 inline p/q/t\ndata 4\ns/..\n",
               "fast-import", "--quiet"));
    g_autofree char *tree = GIT(r, "", "rev-parse", "refs/heads/x^{tree}");
    repository_commit_tree(r, tree);

    assert_false(export_it(r, NULL, NULL));
    assert_gerror(r->error, BASE_ERROR, BASE_ERROR_DENIED);
    assert_non_null(strstr(r->error->message, "'p/q/t'"));
}

static void
export_never_writes_through_a_link_of_the_same_name(void **state)
{
    Repository *r = *state;
    g_autoptr(GByteArray) inner = g_byte_array_new();
    g_autoptr(GByteArray) outer = g_byte_array_new();
    g_autofree char *id = blob(r, "x");
    g_autofree char *link = blob(r, "z");

    repository_tree_entry(inner, "100644", "file", id);
    g_autofree char *sub = repository_raw_tree(r, inner);
    repository_tree_entry(outer, "120000", "a", link);
    repository_tree_entry(outer, "40000", "a", sub);
    repository_tree_entry(outer, "40000", "z", sub);
    g_autofree char *tree = repository_raw_tree(r, outer);
    repository_commit_tree(r, tree);

    assert_false(export_it(r, NULL, NULL));
    assert_gerror(r->error, BASE_ERROR, BASE_ERROR_DENIED);
    assert_non_null(strstr(r->error->message, "the same thing twice"));
}

/* Ten entries a level, ten levels: ten thousand million files in eleven objects. */
static void
export_stops_a_tree_bomb_at_the_limit(void **state)
{
    Repository *r = *state;
    g_autofree char *id = blob(r, "boom");
    const char *mode = "100644";

    for (unsigned level = 0; level < 10; level++) {
        g_autoptr(GByteArray) raw = g_byte_array_new();

        for (char name = 'a'; name < 'k'; name++)
            repository_tree_entry(raw, mode, (char[]){ name, '\0' }, id);
        g_free(id);
        id = repository_raw_tree(r, raw);
        mode = "40000";
    }
    repository_commit_tree(r, id);

    assert_false(export_it(r, &(GitExportLimits){ .max_files = 500 }, NULL));
    assert_gerror(r->error, BASE_ERROR, BASE_ERROR_LIMIT);
    assert_non_null(strstr(r->error->message, "more than 500 entries"));
}

static void
export_keeps_to_the_limits(void **state)
{
    static const struct {
        const char *label;
        GitExportLimits limits;
        bool ok;
    } cases[] = {
        { "just enough",
          { .max_bytes = 6, .max_depth = 2, .max_files = 3, .max_file_bytes = 4 },
          true },
        { "bytes", { .max_bytes = 5 }, false },
        { "depth", { .max_depth = 1 }, false },
        { "files", { .max_files = 2 }, false },
        { "one file", { .max_file_bytes = 3 }, false },
    };
    Repository *r = *state;

    g_free(GIT(r,
               "commit refs/heads/x\ncommitter A <a> 1700000001 +0000\ndata 1\nx\n"
               "M 100644 inline a\ndata 2\n12\nM 100644 inline b/c\ndata 4\n1234\n",
               "fast-import", "--quiet"));
    g_autofree char *tree = GIT(r, "", "rev-parse", "refs/heads/x^{tree}");
    repository_commit_tree(r, tree);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("%s", cases[i].label);
        bool ok = export_it(r, &cases[i].limits, NULL);
        if (cases[i].ok)
            assert_no_gerror(r->error);
        else
            assert_gerror(r->error, BASE_ERROR, BASE_ERROR_LIMIT);
        assert_int_equal(ok, cases[i].ok);
        g_clear_error(&r->error);
        fd_clear(&r->fd);
        assert_true(dir_remove_all(AT_FDCWD, r->out, &r->error));
        assert_true(dir_create_all(AT_FDCWD, r->out, 0700, &r->error));
        r->fd = dir_open(AT_FDCWD, r->out, &r->error);
    }
}

static void
export_says_which_object_is_missing(void **state)
{
    Repository *r = *state;
    g_autoptr(GByteArray) raw = g_byte_array_new();

    r->ours = git_mirror_open(r->mirror, &r->error);
    assert_no_gerror(r->error);
    g_free(r->source); /* nobody sends a tree with a hole: make it where it is read */
    r->source = g_strdup(r->mirror);
    repository_tree_entry(raw, "100644", "lost", "1234567890123456789012345678901234567890");
    g_autofree char *tree = repository_raw_tree(r, raw);
    g_autofree char *id = GIT(r, "", "commit-tree", "-m", "x", tree);
    assert_true(git_resolve(r->ours, id, &r->commit, &r->error));

    assert_false(export_it(r, NULL, NULL));
    assert_gerror(r->error, BASE_ERROR, BASE_ERROR_CORRUPT);
    assert_non_null(strstr(r->error->message, "'lost'"));
}

static void
export_wants_an_empty_folder(void **state)
{
    Repository *r = *state;
    g_autoptr(GByteArray) raw = g_byte_array_new();
    g_autofree char *tree = repository_raw_tree(r, raw);

    repository_commit_tree(r, tree);
    assert_int_equal(mkdirat(r->fd, "there", 0700), 0);

    assert_false(export_it(r, NULL, NULL));
    assert_gerror(r->error, BASE_ERROR, BASE_ERROR_EXISTS);
}

static void
export_handles_more_files_than_one_window(void **state)
{
    Repository *r = *state;
    GitExportResult result = { 0 };
    g_autoptr(GString) stream =
        g_string_new("commit refs/heads/x\ncommitter A <a> 1700000001 +0000\ndata 1\nx\n");

    for (unsigned i = 0; i < 1500; i++)
        g_string_append_printf(stream, "M 100644 inline d%u/f%u\ndata 5\n%05u\n", i % 7, i, i);
    g_free(GIT(r, stream->str, "fast-import", "--quiet"));
    g_autofree char *tree = GIT(r, "", "rev-parse", "refs/heads/x^{tree}");
    repository_commit_tree(r, tree);
    (void)!export_it(r, NULL, &result);
    assert_no_gerror(r->error);

    assert_int_equal(result.n_files, 1500);
    assert_int_equal(result.n_bytes, 7500);
    assert_file(r, "d6/f1490", "01490", 0644);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, repository_setup, repository_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(export_writes_files_links_modes_and_times),
        TEST(export_refuses_names_that_are_more_than_names),
        TEST(export_refuses_links_that_lead_out),
        TEST(export_refuses_links_that_lead_out_through_links),
        TEST(export_never_writes_through_a_link_of_the_same_name),
        TEST(export_stops_a_tree_bomb_at_the_limit),
        TEST(export_keeps_to_the_limits),
        TEST(export_says_which_object_is_missing),
        TEST(export_wants_an_empty_folder),
        TEST(export_handles_more_files_than_one_window),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
