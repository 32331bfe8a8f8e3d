/* SPDX-License-Identifier: Apache-2.0
 * mirror: makes the bare repository and fills it.
 *
 * 1. All of the other side's branches and tags are ours under the same names; there are no others.
 * 2. HEAD is the branch the other side calls HEAD.
 * 3. Objects are never pruned: a commit that was built once stays readable though its branch is
 * gone. */
#include "git/mirror.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/files.h"
#include "base/os.h"
#include "git/objects_priv.h"
#include "base/banned.h"

#define GIT_OUTPUT_BYTES (64u << 20) /* ls-remote of a repository with very many refs */

/* Fetching from a folder starts git-upload-pack there, which refuses folders of other owners unless
 * the global configuration names them; "-c" does not reach it. The caller named the source, so it
 * is meant. upload-pack runs no hook and takes no program from the source's own configuration. */
static const char config_text[] = "[safe]\n\tdirectory = *\n";

static bool
run_init(const char *path, const char *format, const GitLock *lock, GError **error)
{
    g_auto(GitCommand) command = { 0 };
    g_auto(ProcessResult) result = { 0 };

    git_command_init(&command, path, "init");
    git_command_add(&command, "--quiet");
    git_command_add(&command, "--bare");
    git_command_add(&command, "--template=");
    git_command_add(&command, "--initial-branch=main");
    g_ptr_array_add(command.argv, g_strconcat("--object-format=", format, NULL));
    git_command_lock(&command, lock);
    return git_command_run_ok(&command, (Span){ 0 }, GIT_OUTPUT_BYTES, BASE_ERROR_IO, &result,
                              error);
}

/* Makes the repository beside its place and moves it there whole: dying in between leaves nothing
 * that the next git_lock_take does not remove. @lock: held. */
static bool
create(const char *path, const char *format, const GitLock *lock, GError **error)
{
    g_autofree char *half = g_strconcat(path, ".new", NULL);
    g_autofree char *parent = g_path_get_dirname(path);

    if (!run_init(half, format, lock, error))
        return false;
    AUTO_FD int fd = dir_open(AT_FDCWD, half, error);
    AUTO_FD int parent_fd = fd < 0 ? -1 : dir_open(AT_FDCWD, parent, error);

    if (fd < 0 || parent_fd < 0 ||
        !file_write_atomic(fd, GIT_CONFIG_FILE, span_of_text(config_text), 0600, error))
        return false;
    /* Git syncs no folders and few files: one sync for all it made, before the name. */
    if (os_syncfs(fd) != 0 || os_rename(AT_FDCWD, half, AT_FDCWD, path) != 0 ||
        os_fsync(parent_fd) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot put it into place");
        return false;
    }
    return true;
}

/* Replaces the mirror by an empty one. The old one goes by its other name, which git_lock_take
 * removes when we die in between. */
static bool
create_anew(const char *path, const char *format, const GitLock *lock, GError **error)
{
    g_autofree char *half = g_strconcat(path, ".new", NULL);

    if (os_rename(AT_FDCWD, path, AT_FDCWD, half) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot put it aside");
        return false;
    }
    return dir_remove_all(AT_FDCWD, half, error) && create(path, format, lock, error);
}

static bool
is_ours(const char *path)
{
    g_autofree char *config = g_build_filename(path, GIT_CONFIG_FILE, NULL);

    return access(config, F_OK) == 0;
}

static bool
create_if_absent(const char *path, GError **error)
{
    g_autofree char *parent = g_path_get_dirname(path);
    g_auto(GitLock) lock = { .fd = -1 };

    if (is_ours(path))
        return true;
    if (!dir_create_all(AT_FDCWD, parent, 0700, error) || !git_lock_take(&lock, path, NULL, error))
        return false;
    if (!is_ours(path)) {
        if (rmdir(path) != 0 && errno != ENOENT) {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                      "there is something else that is no mirror of ours");
            return false;
        }
        if (!create(path, "sha1", &lock, error))
            return false;
    }
    git_lock_done(&lock);
    return true;
}

GitMirror *
git_mirror_open(const char *path, GError **error)
{
    g_autoptr(GitMirror) mirror = g_new0(GitMirror, 1);

    mirror->path = g_canonicalize_filename(path, NULL);
    if (!create_if_absent(mirror->path, error)) {
        error_prefix(error, "cannot open repository mirror '%s'", path);
        return NULL;
    }
    return g_steal_pointer(&mirror);
}

void
git_mirror_free(GitMirror *mirror)
{
    if (mirror == NULL)
        return;
    git_objects_stop(mirror);
    g_clear_pointer(&mirror->refs, g_ptr_array_unref);
    g_free(mirror->path);
    g_free(mirror);
}

const char *
git_mirror_get_path(const GitMirror *mirror)
{
    return mirror->path;
}

/* Which transport @source is; 0 for none of ours. An ext:: or "-u" must never get through. */
static unsigned
transport_of(const char *source)
{
    if (g_str_has_prefix(source, "/") || g_str_has_prefix(source, "file:///"))
        return GIT_TRANSPORT_FILE;
    if (g_str_has_prefix(source, "https://"))
        return GIT_TRANSPORT_HTTPS;
    if (g_str_has_prefix(source, "ssh://") && !g_str_has_prefix(source, "ssh://-"))
        return GIT_TRANSPORT_SSH;
    const char *colon = strchr(source, ':');

    if (colon != NULL && colon != source && source[0] != '-' && colon[1] != ':' &&
        strncmp(colon, "://", 3) != 0 && memchr(source, '/', (size_t)(colon - source)) == NULL)
        return GIT_TRANSPORT_SSH; /* user@host:path */
    return 0;
}

static bool
check_source(const char *source, GitTransports transports, GError **error)
{
    unsigned transport = transport_of(source);

    if (transport == 0 || strpbrk(source, "\n\r") != NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED,
                  "not an absolute path and not a file, https or ssh URL");
        return false;
    }
    if ((transport & transports) == 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED, "this transport is not allowed here");
        return false;
    }
    return true;
}

static void
allow_source(GitCommand *command, const GitMirror *mirror, const char *source)
{
    unsigned transport = transport_of(source);
    g_autofree char *config = g_build_filename(mirror->path, GIT_CONFIG_FILE, NULL);

    git_command_env(command, "GIT_ALLOW_PROTOCOL",
                    transport == GIT_TRANSPORT_FILE    ? "file"
                    : transport == GIT_TRANSPORT_HTTPS ? "https"
                                                       : "ssh");
    git_command_env(command, "GIT_CONFIG_GLOBAL", config);
}

/* @source without "user:password@", for messages. Owned. */
static char *
without_password(const char *source)
{
    const char *start = strstr(source, "://");
    const char *end = start == NULL ? NULL : start + 3 + strcspn(start + 3, "/");
    const char *at = start == NULL ? NULL : g_strrstr_len(start, end - start, "@");

    if (at == NULL)
        return g_strdup(source);
    return g_strdup_printf("%.*s…%s", (int)(start + 3 - source), source, at);
}

/* Runs a command that speaks to the other side; its failure is the other side's. */
static bool
run_remote(GitCommand *command, Cancel *cancel, ProcessResult *out, GError **error)
{
    g_auto(ProcessResult) result = { 0 };

    if (!git_command_run(command, (Span){ 0 }, GIT_OUTPUT_BYTES, GIT_FETCH_TIMEOUT_MS, cancel,
                         &result, error))
        return false;
    if (result.exit.exit_code != 0) {
        g_autofree char *line = git_last_line(result.errors);

        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "%s", line);
        return false;
    }
    *out = result;
    result = (ProcessResult){ 0 };
    return true;
}

typedef struct {
    char *head;      /* owned; "refs/heads/main", or NULL */
    bool is_sha256;  /* the other side's object ids */
    GPtrArray *refs; /* owned, owned strings "ID\tNAME": its branches and tags */
} Remote;

static void
remote_clear(Remote *remote)
{
    g_clear_pointer(&remote->head, g_free);
    g_clear_pointer(&remote->refs, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Remote, remote_clear)

/* "ID\tNAME" or "ref: NAME\tHEAD" */
static void
take_remote_line(Remote *remote, const char *line)
{
    const char *name = strchr(line, '\t');

    if (name == NULL)
        return;
    name++;
    if (strcmp(name, "HEAD") == 0) {
        if (g_str_has_prefix(line, "ref: refs/heads/") && remote->head == NULL)
            remote->head =
                g_strndup(line + strlen("ref: "), (size_t)(name - 1 - line) - strlen("ref: "));
        return;
    }
    remote->is_sha256 = name - 1 - line == 64;
    if ((g_str_has_prefix(name, "refs/heads/") || g_str_has_prefix(name, "refs/tags/")) &&
        !g_str_has_suffix(name, "^{}")) /* what a tag points to */
        g_ptr_array_add(remote->refs, g_strdup(line));
}

static bool
ask_remote(GitMirror *mirror, const char *source, Cancel *cancel, Remote *out, GError **error)
{
    g_auto(GitCommand) command = { 0 };
    g_auto(ProcessResult) result = { 0 };

    git_command_init(&command, mirror->path, "ls-remote");
    git_command_add(&command, "--symref");
    git_command_add(&command, "--end-of-options");
    git_command_add(&command, source);
    git_command_add(&command, "HEAD");
    git_command_add(&command, "refs/heads/*");
    git_command_add(&command, "refs/tags/*");
    allow_source(&command, mirror, source);
    if (!run_remote(&command, cancel, &result, error))
        return false;
    g_autofree char *text = git_result_text(&result);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    out->refs = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; lines[i] != NULL; i++)
        take_remote_line(out, lines[i]);
    return true;
}

/* Whether @refs of ours are exactly those of @remote. */
static bool
is_same(const GPtrArray *refs, const Remote *remote)
{
    g_autoptr(GHashTable) theirs = g_hash_table_new(g_str_hash, g_str_equal);

    if (refs->len != remote->refs->len)
        return false;
    for (guint i = 0; i < refs->len; i++)
        g_hash_table_add(theirs, g_ptr_array_index(remote->refs, i));
    for (guint i = 0; i < refs->len; i++) {
        const GitRef *ref = g_ptr_array_index(refs, i);
        g_autofree char *line = g_strconcat(ref->id, "\t", ref->name, NULL);

        if (!g_hash_table_contains(theirs, line))
            return false;
    }
    return true;
}

static bool
is_sha256(GitMirror *mirror, bool *out, GError **error)
{
    g_auto(GitCommand) command = { 0 };
    g_auto(ProcessResult) result = { 0 };

    git_command_init(&command, mirror->path, "rev-parse");
    git_command_add(&command, "--show-object-format");
    if (!git_command_run_ok(&command, (Span){ 0 }, 64, BASE_ERROR_CORRUPT, &result, error))
        return false;
    Span text = span_of_bytes(result.output);

    *out = text.len >= 6 && memcmp(text.data, "sha256", 6) == 0;
    return true;
}

/* A new mirror is SHA-1; the first fetch from a SHA-256 repository makes it anew. Later a change is
 * refused by git. */
static bool
match_format(GitMirror *mirror, bool wanted_sha256, const GitLock *lock, GError **error)
{
    bool ours = false;

    if (!wanted_sha256)
        return true; /* where ours is SHA-256 git refuses to fetch, and says why */
    if (!is_sha256(mirror, &ours, error))
        return false;
    if (ours)
        return true;
    g_autoptr(GPtrArray) refs = git_list_refs(mirror, error);

    if (refs == NULL)
        return false;
    if (refs->len > 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "the source has SHA-256 object ids and the mirror has SHA-1 ones");
        return false;
    }
    return create_anew(mirror->path, "sha256", lock, error);
}

static bool
set_head(GitMirror *mirror, const char *head, const GitLock *lock, bool *changed, GError **error)
{
    g_autofree char *now = git_mirror_default_branch(mirror);
    g_auto(GitCommand) command = { 0 };
    g_auto(ProcessResult) result = { 0 };

    if (now != NULL && strcmp(now, head + strlen("refs/heads/")) == 0)
        return true;
    *changed = true;
    git_command_init(&command, mirror->path, "symbolic-ref");
    git_command_add(&command, "HEAD");
    git_command_add(&command, head);
    git_command_lock(&command, lock);
    return git_command_run_ok(&command, (Span){ 0 }, 4096, BASE_ERROR_IO, &result, error);
}

/* @refspecs: NULL-terminated. What they do not name stays. */
static bool
run_fetch(GitMirror *mirror, const char *source, const char *const *refspecs, const GitLock *lock,
          Cancel *cancel, GError **error)
{
    static const char *const options[] = {
        "--quiet",
        "--force",
        "--prune",
        "--no-tags",
        "--no-recurse-submodules",
        "--no-write-fetch-head",
        "--atomic",
        "--end-of-options",
    };
    g_auto(GitCommand) command = { 0 };
    g_auto(ProcessResult) result = { 0 };

    git_command_init(&command, mirror->path, "fetch");
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++)
        git_command_add(&command, options[i]);
    git_command_add(&command, source);
    for (size_t i = 0; refspecs[i] != NULL; i++)
        git_command_add(&command, refspecs[i]);
    git_command_lock(&command, lock);
    allow_source(&command, mirror, source);
    return run_remote(&command, cancel, &result, error);
}

static bool
write_commit_graph(GitMirror *mirror, const GitLock *lock, GError **error)
{
    g_auto(GitCommand) command = { 0 };
    g_auto(ProcessResult) result = { 0 };

    git_command_init(&command, mirror->path, "commit-graph");
    git_command_add(&command, "write");
    git_command_add(&command, "--reachable");
    git_command_add(&command, "--split");
    git_command_add(&command, "--no-progress");
    git_command_lock(&command, lock);
    return git_command_run_ok(&command, (Span){ 0 }, 4096, BASE_ERROR_IO, &result, error);
}

/* A writer before us was cut off, perhaps by a loss of power: what git finds damaged is made anew,
 * and the fetch that follows fills it. */
static bool
mend(GitMirror *mirror, const GitLock *lock, GError **error)
{
    g_auto(GitCommand) command = { 0 };
    g_auto(ProcessResult) result = { 0 };
    g_autoptr(GError) local = NULL;

    if (!lock->was_busy)
        return true;
    git_command_init(&command, mirror->path, "fsck");
    git_command_add(&command, "--no-dangling");
    git_command_add(&command, "--no-progress");
    if (git_command_run_ok(&command, (Span){ 0 }, GIT_OUTPUT_BYTES, BASE_ERROR_CORRUPT, &result,
                           &local))
        return true;
    git_objects_stop(mirror);
    return create_anew(mirror->path, "sha1", lock, error);
}

/* Puts all that git wrote on disk: who reads the mirror after this may rely on it. */
static bool
make_durable(const GitMirror *mirror, GError **error)
{
    AUTO_FD int fd = dir_open(AT_FDCWD, mirror->path, error);

    if (fd < 0)
        return false;
    if (os_syncfs(fd) == 0)
        return true;
    error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot sync the mirror");
    return false;
}

/* Brings over what is new. Returns the refs as they are then; owned. @changed: set if it wrote. */
static GPtrArray *
fetch_new(GitMirror *mirror, const char *source, const Remote *remote, const GitLock *lock,
          Cancel *cancel, bool *changed, GError **error)
{
    static const char *const refspecs[] = { "+refs/heads/*:refs/heads/*",
                                            "+refs/tags/*:refs/tags/*", NULL };
    g_autoptr(GPtrArray) refs = git_list_refs(mirror, error);
    GError *local = NULL;

    if (refs == NULL)
        return NULL;
    if (is_same(refs, remote))
        return g_steal_pointer(&refs);
    *changed = true;
    git_objects_stop(mirror);
    if (!run_fetch(mirror, source, refspecs, lock, cancel, error))
        return NULL;
    error_ignore(write_commit_graph(mirror, lock, &local), &local,
                 "the graph only makes reading faster");
    return git_list_refs(mirror, error);
}

static bool
fetch(GitMirror *mirror, const char *source, Cancel *cancel, GError **error)
{
    g_auto(Remote) remote = { 0 };
    g_auto(GitLock) lock = { .fd = -1 };

    if (!git_lock_take(&lock, mirror->path, cancel, error) || !mend(mirror, &lock, error) ||
        !ask_remote(mirror, source, cancel, &remote, error) ||
        !match_format(mirror, remote.is_sha256, &lock, error))
        return false;
    bool changed = lock.was_busy;
    g_autoptr(GPtrArray) refs = fetch_new(mirror, source, &remote, &lock, cancel, &changed, error);

    if (refs == NULL ||
        (remote.head != NULL && !set_head(mirror, remote.head, &lock, &changed, error)) ||
        (changed && !make_durable(mirror, error)))
        return false;
    git_lock_done(&lock);
    g_clear_pointer(&mirror->refs, g_ptr_array_unref);
    mirror->refs = g_steal_pointer(&refs);
    return true;
}

bool
git_mirror_fetch(GitMirror *mirror, const char *source, GitTransports transports,
                 struct Cancel *cancel, GError **error)
{
    if (check_source(source, transports, error) && fetch(mirror, source, cancel, error))
        return true;
    g_autofree char *shown = without_password(source);

    error_prefix(error, "cannot fetch from '%s'", shown);
    return false;
}

/* A ref of its own keeps it, where no list of branches and tags sees it. */
static bool
fetch_ref(GitMirror *mirror, const char *source, const char *ref, Cancel *cancel, GError **error)
{
    g_autofree char *refspec = g_strdup_printf("+%s:refs/slipway/%s", ref, ref + strlen("refs/"));
    const char *const refspecs[] = { refspec, NULL };
    g_auto(GitLock) lock = { .fd = -1 };

    if (!git_lock_take(&lock, mirror->path, cancel, error) || !mend(mirror, &lock, error))
        return false;
    git_objects_stop(mirror);
    if (!run_fetch(mirror, source, refspecs, &lock, cancel, error) || !make_durable(mirror, error))
        return false;
    git_lock_done(&lock);
    return true;
}

bool
git_mirror_fetch_ref(GitMirror *mirror, const char *source, GitTransports transports,
                     const char *ref, struct Cancel *cancel, GError **error)
{
    if (!g_str_has_prefix(ref, "refs/") || strpbrk(ref, "*:^?[\\ \n") != NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "not the name of one ref");
    else if (check_source(source, transports, error) &&
             fetch_ref(mirror, source, ref, cancel, error))
        return true;
    g_autofree char *shown = without_password(source);

    error_prefix(error, "cannot fetch '%s' from '%s'", ref, shown);
    return false;
}

GPtrArray *
git_mirror_ask(GitMirror *mirror, const char *source, GitTransports transports,
               struct Cancel *cancel, GError **error)
{
    g_auto(Remote) remote = { 0 };

    if (check_source(source, transports, error) &&
        ask_remote(mirror, source, cancel, &remote, error))
        return g_steal_pointer(&remote.refs);
    g_autofree char *shown = without_password(source);

    error_prefix(error, "cannot ask '%s'", shown);
    return NULL;
}

char *
git_mirror_default_branch(GitMirror *mirror)
{
    g_autofree char *path = g_build_filename(mirror->path, "HEAD", NULL);
    GError *local = NULL;
    g_autofree char *text = file_read_text(AT_FDCWD, path, 4096, &local);

    if (text == NULL) {
        error_ignore(false, &local, "no HEAD is no default branch");
        return NULL;
    }
    g_strchomp(text);
    return g_str_has_prefix(text, "ref: refs/heads/") ? g_strdup(text + strlen("ref: refs/heads/"))
                                                      : NULL;
}
