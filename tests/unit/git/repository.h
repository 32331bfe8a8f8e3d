/* SPDX-License-Identifier: Apache-2.0
 * repository: bare repositories for tests, made by git itself from fast-import streams and raw
 * objects. */
#pragma once
#include <fcntl.h>
#include "base/files.h"
#include "sys/process.h"
#include "testing.h"

typedef struct {
    TempDir dir;
    char *source; /* owned; the other side's repository */
    char *mirror; /* owned; where ours goes */
    char *out;    /* owned; an empty folder */
    GError *error;
    GitMirror *ours;
    GitCommit commit;
    GBytes *bytes;
    GPtrArray *list;
    int fd;
} Repository;

/* Runs git in the source repository; its stdout without the last newline. Owned. */
static inline char *
repository_git(Repository *r, const char *input, const char *const *args)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autofree char *dir = g_strconcat("--git-dir=", r->source, NULL);
    static const char *const env[] = { "PATH=/usr/bin:/bin",
                                       "GIT_CONFIG_NOSYSTEM=1",
                                       "HOME=/nonexistent",
                                       "GIT_AUTHOR_NAME=Ada",
                                       "GIT_AUTHOR_EMAIL=ada@example.org",
                                       "GIT_AUTHOR_DATE=1700000000 +0000",
                                       "GIT_COMMITTER_NAME=Ada",
                                       "GIT_COMMITTER_EMAIL=ada@example.org",
                                       "GIT_COMMITTER_DATE=1700000001 +0000",
                                       NULL };
    g_auto(ProcessResult) result = { 0 };
    GError *error = NULL;

    g_ptr_array_add(argv, (char *)"git");
    g_ptr_array_add(argv, dir);
    for (size_t i = 0; args[i] != NULL; i++)
        g_ptr_array_add(argv, (char *)args[i]);
    g_ptr_array_add(argv, NULL);
    ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = (const char *const *)argv->pdata, .env = env,
                         .cwd = "/" };

    bool ok = process_run(&spec, span_of_text(input), 1u << 20, 60000, NULL, &result, &error);
    assert_no_gerror(error);
    assert_true(ok);
    if (result.exit.exit_code != 0)
        fail_msg("git %s: %s", args[0], result.errors);
    Span span = span_of_bytes(result.output);
    return g_strchomp(g_strndup(span.len == 0 ? "" : (const char *)span.data, span.len));
}
#define GIT(r, input, ...) repository_git((r), (input), (const char *const[]){ __VA_ARGS__, NULL })

static inline int
repository_setup(void **state)
{
    Repository *r = g_new0(Repository, 1);

    r->fd = -1;
    if (!temp_dir_make(&r->dir, "slipway-git", &r->error))
        return -1;
    r->source = g_build_filename(r->dir.path, "source.git", NULL);
    r->mirror = g_build_filename(r->dir.path, "mirror.git", NULL);
    r->out = g_build_filename(r->dir.path, "out", NULL);
    g_free(GIT(r, "", "init", "--quiet", "--bare", "--initial-branch=trunk", r->source));
    if (!dir_create_all(AT_FDCWD, r->out, 0700, &r->error))
        return -1;
    r->fd = dir_open(AT_FDCWD, r->out, &r->error);
    *state = r;
    return r->fd >= 0 ? 0 : -1;
}

static inline int
repository_teardown(void **state)
{
    Repository *r = *state;

    fd_clear(&r->fd);
    git_commit_clear(&r->commit);
    g_clear_pointer(&r->ours, git_mirror_free);
    g_clear_pointer(&r->bytes, g_bytes_unref);
    g_clear_pointer(&r->list, g_ptr_array_unref);
    g_clear_error(&r->error);
    g_free(r->source);
    g_free(r->mirror);
    g_free(r->out);
    temp_dir_clear(&r->dir);
    g_free(r);
    return 0;
}

/* Opens the mirror and fetches the source. */
static inline void
repository_fetch(Repository *r)
{
    if (r->ours == NULL)
        r->ours = git_mirror_open(r->mirror, &r->error);
    assert_no_gerror(r->error);
    (void)!git_mirror_fetch(r->ours, r->source, GIT_TRANSPORT_FILE, NULL, &r->error);
    assert_no_gerror(r->error);
}

/* A raw tree entry: mode, name, object id as hex. */
static inline void
repository_tree_entry(GByteArray *tree, const char *mode, const char *name, const char *hex)
{
    g_byte_array_append(tree, (const guint8 *)mode, (guint)strlen(mode));
    g_byte_array_append(tree, (const guint8 *)" ", 1);
    g_byte_array_append(tree, (const guint8 *)name, (guint)strlen(name) + 1);
    for (size_t i = 0; hex[i] != '\0'; i += 2) {
        guint8 byte =
            (guint8)(g_ascii_xdigit_value(hex[i]) << 4 | g_ascii_xdigit_value(hex[i + 1]));

        g_byte_array_append(tree, &byte, 1);
    }
}

/* Writes bytes git would never write itself, as a tree. Owned id. */
static inline char *
repository_raw_tree(Repository *r, GByteArray *tree)
{
    g_autofree char *path = g_build_filename(r->dir.path, "raw", NULL);

    assert_true(g_file_set_contents(path, (const char *)tree->data, (gssize)tree->len, NULL));
    return GIT(r, "", "hash-object", "-t", "tree", "--literally", "-w", path);
}

/* A commit of @tree on trunk, fetched; its id is in r->commit. */
static inline void
repository_commit_tree(Repository *r, const char *tree)
{
    g_autofree char *id = GIT(r, "", "commit-tree", "-m", "x", tree);

    g_free(GIT(r, "", "update-ref", "refs/heads/trunk", id));
    repository_fetch(r);
    (void)!git_resolve(r->ours, id, &r->commit, &r->error);
    assert_no_gerror(r->error);
}
