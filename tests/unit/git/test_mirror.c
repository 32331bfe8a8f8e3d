/* SPDX-License-Identifier: Apache-2.0
 * Tests of git/mirror.h: fetching, names, files, changes. */
#include <sys/file.h>
#include <unistd.h>
#include "git/mirror.h"
#include "repository.h"
#include "base/banned.h"

static const char history[] =
    "blob\nmark :1\ndata 6\nhello\n\n"
    "blob\nmark :2\ndata 4\nbye\n\n"
    "reset refs/heads/trunk\n"
    "commit refs/heads/trunk\nmark :3\n"
    "author Ada <ada@example.org> 1600000000 +0100\n"
    "committer Bob <bob@example.org> 1600000007 +0000\n"
    "data 22\nFirst line\n\nBody text\nM 100644 :1 src/a.txt\nM 120000 :2 link\n\n"
    "commit refs/heads/trunk\nmark :4\n"
    "committer Bob <bob@example.org> 1600000009 +0000\n"
    "data 6\nSecond\nfrom :3\nM 100644 :2 src/a.txt\nM 100644 :2 src/b c.txt\n\n"
    "commit refs/heads/feature/x\nmark :5\n"
    "committer Bob <bob@example.org> 1600000010 +0000\n"
    "data 4\nSide\nfrom :3\n\n"
    "tag v1.0\nfrom :3\ntagger Ada <ada@example.org> 1600000008 +0000\ndata 3\none\n"
    "reset refs/tags/light\nfrom :4\n";

static void
fill(Repository *r)
{
    g_free(GIT(r, history, "fast-import", "--quiet"));
}

static void
fetch_brings_branches_tags_and_the_default_branch(void **state)
{
    Repository *r = *state;

    fill(r);
    repository_fetch(r);
    r->list = git_list_refs(r->ours, &r->error);
    assert_no_gerror(r->error);

    assert_int_equal(r->list->len, 4);
    assert_string_equal(((GitRef *)g_ptr_array_index(r->list, 0))->name, "refs/heads/feature/x");
    assert_string_equal(((GitRef *)g_ptr_array_index(r->list, 3))->name, "refs/tags/v1.0");
    g_autofree char *branch = git_mirror_default_branch(r->ours);
    assert_string_equal(branch, "trunk");
}

static void
fetch_removes_what_is_gone_and_moves_what_moved(void **state)
{
    Repository *r = *state;

    fill(r);
    repository_fetch(r);
    g_free(GIT(r, "", "branch", "-D", "feature/x"));
    g_free(GIT(r, "", "update-ref", "refs/heads/trunk", "refs/tags/v1.0^{commit}"));
    repository_fetch(r);
    r->list = git_list_refs(r->ours, &r->error);

    assert_int_equal(r->list->len, 3);
    assert_true(git_resolve(r->ours, "trunk", &r->commit, &r->error));
    assert_string_equal(r->commit.subject, "First line");
    assert_string_equal(r->commit.message, "First line\n\nBody text");
    assert_string_equal(r->commit.parent, "");
}

static void
resolve_finds_an_annotated_tag(void **state)
{
    Repository *r = *state;

    fill(r);
    repository_fetch(r);
    (void)!git_resolve(r->ours, "v1.0", &r->commit, &r->error);
    assert_no_gerror(r->error);
    g_autofree char *tag = GIT(r, "", "rev-parse", "refs/tags/v1.0");
    g_autofree char *tree = GIT(r, "", "rev-parse", "refs/tags/v1.0^{tree}");

    assert_string_equal(r->commit.tag, tag);
    assert_string_equal(r->commit.tree, tree);
    assert_string_equal(r->commit.ref, "refs/tags/v1.0");
    assert_string_equal(r->commit.author_name, "Ada");
    assert_string_equal(r->commit.author_email, "ada@example.org");
    assert_int_equal(r->commit.author_us, 1600000000000000);
    assert_int_equal(r->commit.committer_us, 1600000007000000);
    assert_string_equal(r->commit.subject, "First line");
}

static void
resolve_prefers_ids_then_tags_then_branches(void **state)
{
    Repository *r = *state;

    fill(r);
    g_autofree char *first = GIT(r, "", "rev-parse", "refs/tags/v1.0^{commit}");
    g_autofree char *evil = g_strconcat("refs/tags/", first, NULL);
    g_free(GIT(r, "", "update-ref", evil, "refs/heads/trunk"));
    g_free(GIT(r, "", "update-ref", "refs/heads/v1.0", "refs/heads/trunk"));
    repository_fetch(r);

    assert_true(git_resolve(r->ours, first, &r->commit, &r->error));
    assert_string_equal(r->commit.commit, first);
    assert_null(r->commit.ref);
    git_commit_clear(&r->commit);
    assert_true(git_resolve(r->ours, "v1.0", &r->commit, &r->error));
    assert_string_equal(r->commit.ref, "refs/tags/v1.0");
    git_commit_clear(&r->commit);
    assert_true(git_resolve(r->ours, "refs/heads/v1.0", &r->commit, &r->error));
    assert_string_equal(r->commit.subject, "Second");
    assert_string_equal(r->commit.message, "Second");
    assert_string_equal(r->commit.parent, first);
    git_commit_clear(&r->commit);
    g_autofree char *abbreviated = g_strndup(first, 9);
    assert_true(git_resolve(r->ours, abbreviated, &r->commit, &r->error));
    assert_string_equal(r->commit.commit, first);
}

static void
resolve_refuses_what_is_no_name(void **state)
{
    static const char *const names[] = { "",         "-x",   "--help", "HEAD~1", "a..b",
                                         "x^{tree}", "a b",  "@",      "a:b",    "/etc",
                                         "x.lock",   "a\nb", "a//b",   ".a",     "a*" };
    Repository *r = *state;

    fill(r);
    repository_fetch(r);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        test_case("name '%s'", names[i]);
        assert_false(git_resolve(r->ours, names[i], &r->commit, &r->error));
        assert_gerror(r->error, BASE_ERROR, BASE_ERROR_INVALID);
        g_clear_error(&r->error);
    }
}

static void
resolve_says_not_found(void **state)
{
    static const char *const names[] = { "nothing", "refs/tags/nothing", "1234567",
                                         "1234567890123456789012345678901234567890", "feature" };
    Repository *r = *state;

    fill(r);
    repository_fetch(r);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        test_case("name '%s'", names[i]);
        assert_false(git_resolve(r->ours, names[i], &r->commit, &r->error));
        assert_gerror(r->error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
        g_clear_error(&r->error);
    }
}

static void
read_file_gives_bytes_and_refuses_the_rest(void **state)
{
    static const struct {
        const char *path;
        size_t limit;
        int code;
    } cases[] = {
        { "link", 100, BASE_ERROR_INVALID },       { "src", 100, BASE_ERROR_INVALID },
        { "src/none", 100, BASE_ERROR_NOT_FOUND }, { "src/a.txt", 5, BASE_ERROR_LIMIT },
        { "/src/a.txt", 100, BASE_ERROR_INVALID }, { "src/*", 100, BASE_ERROR_NOT_FOUND },
    };
    Repository *r = *state;

    fill(r);
    repository_fetch(r);
    assert_true(git_resolve(r->ours, "v1.0", &r->commit, &r->error));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("path '%s'", cases[i].path);
        r->bytes =
            git_read_file(r->ours, r->commit.commit, cases[i].path, cases[i].limit, &r->error);
        assert_null(r->bytes);
        assert_gerror(r->error, BASE_ERROR, cases[i].code);
        g_clear_error(&r->error);
    }
    r->bytes = git_read_file(r->ours, r->commit.commit, "src/a.txt", 6, &r->error);
    assert_no_gerror(r->error);
    assert_int_equal(g_bytes_get_size(r->bytes), 6);
}

static void
list_changed_names_paths_between_commits(void **state)
{
    Repository *r = *state;

    fill(r);
    repository_fetch(r);
    g_autofree char *first = GIT(r, "", "rev-parse", "refs/tags/v1.0^{commit}");
    g_autofree char *second = GIT(r, "", "rev-parse", "refs/heads/trunk");

    r->list = git_list_changed(r->ours, first, second, &r->error);
    assert_no_gerror(r->error);
    assert_int_equal(r->list->len, 2);
    assert_string_equal(g_ptr_array_index(r->list, 0), "src/a.txt");
    assert_string_equal(g_ptr_array_index(r->list, 1), "src/b c.txt");
    g_ptr_array_unref(r->list);
    r->list = git_list_changed(r->ours, NULL, first, &r->error);
    assert_no_gerror(r->error);
    assert_int_equal(r->list->len, 2);
    assert_string_equal(g_ptr_array_index(r->list, 0), "link");
}

static void
is_ancestor_follows_history(void **state)
{
    Repository *r = *state;
    bool forth = false;
    bool back = true;

    fill(r);
    repository_fetch(r);
    g_autofree char *first = GIT(r, "", "rev-parse", "refs/tags/v1.0^{commit}");
    g_autofree char *second = GIT(r, "", "rev-parse", "refs/heads/trunk");

    assert_true(git_is_ancestor(r->ours, first, second, &forth, &r->error));
    assert_true(git_is_ancestor(r->ours, second, first, &back, &r->error));
    assert_true(forth);
    assert_false(back);
}

static void
fetch_refuses_other_transports(void **state)
{
    static const char *const sources[] = { "ext::sh -c id",
                                           "-u/bin/sh",
                                           "--upload-pack=x",
                                           "http://example.org/x",
                                           "relative/path",
                                           "git://example.org/x",
                                           "ssh://-oProxyCommand=x/y",
                                           "https://example.org/x",
                                           "git@example.org:x",
                                           "fd::3",
                                           "" };
    Repository *r = *state;

    r->ours = git_mirror_open(r->mirror, &r->error);
    assert_no_gerror(r->error);
    for (size_t i = 0; i < G_N_ELEMENTS(sources); i++) {
        test_case("source '%s'", sources[i]);
        assert_false(git_mirror_fetch(r->ours, sources[i], GIT_TRANSPORT_FILE, NULL, &r->error));
        assert_gerror(r->error, BASE_ERROR, BASE_ERROR_DENIED);
        g_clear_error(&r->error);
    }
}

static void
fetch_says_what_the_other_side_said(void **state)
{
    Repository *r = *state;

    r->ours = git_mirror_open(r->mirror, &r->error);
    assert_no_gerror(r->error);

    assert_false(
        git_mirror_fetch(r->ours, "/nonexistent/x.git", GIT_TRANSPORT_FILE, NULL, &r->error));
    assert_gerror(r->error, BASE_ERROR, BASE_ERROR_UNAVAILABLE);
    assert_string_equal(r->error->message,
                        "cannot fetch from '/nonexistent/x.git': '/nonexistent/x.git' does not "
                        "appear to be a git repository");
}

static void
fetch_stops_when_cancelled(void **state)
{
    Repository *r = *state;
    g_autoptr(Cancel) cancel = cancel_new();

    r->ours = git_mirror_open(r->mirror, &r->error);
    cancel_trigger(cancel);

    assert_false(git_mirror_fetch(r->ours, r->source, GIT_TRANSPORT_FILE, cancel, &r->error));
    assert_gerror(r->error, BASE_ERROR, BASE_ERROR_CANCELLED);
}

static void
fetch_runs_no_hook_and_no_program_of_either_side(void **state)
{
    Repository *r = *state;
    g_autofree char *witness = g_build_filename(r->dir.path, "witness", NULL);
    g_autofree char *text = g_strdup_printf("#!/bin/sh\ntouch '%s'\n", witness);
    g_autofree char *program = g_build_filename(r->dir.path, "program", NULL);
    g_autofree char *hook = g_build_filename(r->mirror, "hooks", "reference-transaction", NULL);
    g_autofree char *hooks = g_build_filename(r->mirror, "hooks", NULL);

    fill(r);
    assert_true(g_file_set_contents_full(program, text, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
    g_free(GIT(r, "", "config", "uploadpack.packObjectsHook", program));
    g_free(GIT(r, "", "config", "core.fsmonitor", program));
    r->ours = git_mirror_open(r->mirror, &r->error);
    assert_no_gerror(r->error);
    assert_true(dir_create_all(AT_FDCWD, hooks, 0755, &r->error));
    assert_true(g_file_set_contents_full(hook, text, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
    repository_fetch(r);

    assert_int_equal(access(witness, F_OK), -1);
}

static void
mirror_takes_sha256_repositories(void **state)
{
    Repository *r = *state;

    assert_true(dir_remove_all(AT_FDCWD, r->source, &r->error));
    g_free(GIT(r, "", "init", "--quiet", "--bare", "--object-format=sha256",
               "--initial-branch=trunk", r->source));
    fill(r);
    repository_fetch(r);
    (void)!git_resolve(r->ours, "trunk", &r->commit, &r->error);
    assert_no_gerror(r->error);

    assert_int_equal(strlen(r->commit.commit), 64);
}

static void
open_refuses_a_folder_with_other_things(void **state)
{
    Repository *r = *state;

    r->ours = git_mirror_open(r->dir.path, &r->error);

    assert_null(r->ours);
    assert_gerror(r->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
resolve_survives_a_tag_of_a_blob(void **state)
{
    Repository *r = *state;

    fill(r);
    g_autofree char *blob = GIT(r, "", "rev-parse", "refs/heads/trunk:src/a.txt");
    g_free(GIT(r, "", "update-ref", "refs/tags/blob", blob));
    repository_fetch(r);

    assert_false(git_resolve(r->ours, "blob", &r->commit, &r->error));
    assert_gerror(r->error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

static void
touch(const char *folder, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
fetch_removes_what_a_killed_git_left(void **state)
{
    static const char *const leftovers[] = { "packed-refs.lock", "HEAD.lock",
                                             "refs/heads/trunk.lock", "objects/pack/tmp_pack_abc" };
    Repository *r = *state;

    fill(r);
    repository_fetch(r);
    for (size_t i = 0; i < G_N_ELEMENTS(leftovers); i++)
        touch(r->mirror, leftovers[i], "");
    touch(r->dir.path, "mirror.git.lock", "busy \n");
    g_free(GIT(r, "", "update-ref", "refs/heads/trunk", "refs/tags/v1.0^{commit}"));
    repository_fetch(r);

    assert_true(git_resolve(r->ours, "trunk", &r->commit, &r->error));
    assert_string_equal(r->commit.subject, "First line");
    for (size_t i = 0; i < G_N_ELEMENTS(leftovers); i++) {
        g_autofree char *path = g_build_filename(r->mirror, leftovers[i], NULL);

        test_case("%s", leftovers[i]);
        assert_int_equal(access(path, F_OK), -1);
    }
}

static void
open_starts_anew_after_a_kill_while_creating(void **state)
{
    Repository *r = *state;
    g_autofree char *half = g_strconcat(r->mirror, ".new", NULL);

    assert_true(dir_create_all(AT_FDCWD, half, 0700, &r->error));
    touch(half, "HEAD.lock", "");
    touch(r->dir.path, "mirror.git.lock", "busy \n");
    fill(r);
    repository_fetch(r);

    assert_int_equal(access(half, F_OK), -1);
    assert_true(git_resolve(r->ours, "trunk", &r->commit, &r->error));
}

static void
fetch_waits_for_another_and_can_be_cancelled(void **state)
{
    Repository *r = *state;
    g_autofree char *path = g_strconcat(r->mirror, ".lock", NULL);
    g_autoptr(Cancel) cancel = cancel_new();

    r->ours = git_mirror_open(r->mirror, &r->error);
    assert_no_gerror(r->error);
    fd_clear(&r->fd);
    r->fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(r->fd, LOCK_EX | LOCK_NB), 0);
    cancel_trigger(cancel);

    assert_false(git_mirror_fetch(r->ours, r->source, GIT_TRANSPORT_FILE, cancel, &r->error));
    assert_gerror(r->error, BASE_ERROR, BASE_ERROR_CANCELLED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, repository_setup, repository_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fetch_brings_branches_tags_and_the_default_branch),
        TEST(fetch_removes_what_is_gone_and_moves_what_moved),
        TEST(resolve_finds_an_annotated_tag),
        TEST(resolve_prefers_ids_then_tags_then_branches),
        TEST(resolve_refuses_what_is_no_name),
        TEST(resolve_says_not_found),
        TEST(read_file_gives_bytes_and_refuses_the_rest),
        TEST(list_changed_names_paths_between_commits),
        TEST(is_ancestor_follows_history),
        TEST(fetch_refuses_other_transports),
        TEST(fetch_says_what_the_other_side_said),
        TEST(fetch_stops_when_cancelled),
        TEST(fetch_runs_no_hook_and_no_program_of_either_side),
        TEST(mirror_takes_sha256_repositories),
        TEST(open_refuses_a_folder_with_other_things),
        TEST(resolve_survives_a_tag_of_a_blob),
        TEST(fetch_removes_what_a_killed_git_left),
        TEST(open_starts_anew_after_a_kill_while_creating),
        TEST(fetch_waits_for_another_and_can_be_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
