/* SPDX-License-Identifier: Apache-2.0
 * directory: a plain tree that any web server can serve.
 *
 *   LOCATION/PROJECT/STREAM/VERSION/…          what is served
 *   LOCATION/.slipway-log/ID                   the newest checkpoint of the log, ID from its origin
 *   LOCATION/.slipway-staging/ATTEMPT/…        what is being prepared; on the same file system
 *
 * A release becomes visible by one rename of its folder, after one syncfs of everything staged. If
 * the process dies before the rename, only the staging folder is left; after it, probe says "same".
 */
#include "publish/publish_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "base/files.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/banned.h"

#define STAGING_FOLDER      ".slipway-staging"
#define LOG_FOLDER          ".slipway-log"
#define CHECKPOINT_NAME_LEN 16

typedef struct {
    Target target;
    char *name;     /* owned */
    char *location; /* owned, absolute */
    int root_fd;    /* owned */
} DirectoryTarget;

static void
directory_free(Target *self)
{
    DirectoryTarget *directory = (DirectoryTarget *)self;

    if (directory == NULL)
        return;
    fd_clear(&directory->root_fd);
    g_free(directory->name);
    g_free(directory->location);
    g_free(directory);
}

static Target *
directory_open(const TargetConfig *config, GError **error)
{
    AUTO_FD int root_fd = -1;
    DirectoryTarget *directory = NULL;

    if (config->location == NULL || config->location[0] != '/') {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot open target '%s': its folder must be an absolute path", config->name);
        return NULL;
    }
    root_fd = dir_open(AT_FDCWD, config->location, error);
    if (root_fd < 0) {
        error_prefix(error, "cannot open target '%s'", config->name);
        return NULL;
    }
    directory = g_new0(DirectoryTarget, 1);
    directory->target.driver = &target_directory;
    directory->name = g_strdup(config->name);
    directory->location = g_strdup(config->location);
    directory->root_fd = fd_steal(&root_fd);
    return &directory->target;
}

static bool
directory_check(Target *self, GError **error)
{
    DirectoryTarget *directory = (DirectoryTarget *)self;

    if (faccessat(directory->root_fd, ".", W_OK | X_OK, AT_EACCESS) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_DENIED,
                        "cannot write into '%s' of target '%s'", directory->location,
                        directory->name);
        return false;
    }
    return true;
}

static char *
release_path(const PublishPlan *plan)
{
    return g_strdup_printf("%s/%s/%s", plan->project, plan->stream, plan->version);
}

static char *
staging_path(const PublishPlan *plan)
{
    return g_strdup_printf("%s/%s", STAGING_FOLDER, plan->attempt);
}

/* Whether the file at @path below @root_fd has the item's digest. */
static bool
file_matches(int root_fd, const char *path, const PublishItem *item, bool *matches_out,
             GError **error)
{
    g_autoptr(DigestStream) stream = digest_stream_new();
    g_autofree uint8_t *block = g_malloc(1 << 16);
    g_autoptr(GError) local = NULL;
    AUTO_FD int fd = open_beneath(root_fd, path, O_RDONLY, 0, &local);
    ssize_t n = 0;
    Digest digest;

    if (fd < 0 && error_kind(local) == ERROR_KIND_NOT_FOUND) {
        *matches_out = false;
        return true;
    }
    if (fd < 0) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    while ((n = read(fd, block, 1 << 16)) > 0)
        digest_stream_update(stream, span_of(block, (size_t)n));
    if (n < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read '%s'", path);
        return false;
    }
    digest = digest_stream_finish(stream);
    *matches_out = digest_equal(&digest, &item->digest);
    return true;
}

/* Counts the regular files below @path; a release folder holds exactly the plan's items. */
static bool
count_files(int root_fd, const char *path, size_t *count, GError **error)
{
    g_autoptr(GPtrArray) names = dir_list(root_fd, path, LIMIT_RELEASE_FILES, error);

    if (names == NULL)
        return false;
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *below = g_strdup_printf("%s/%s", path, (char *)names->pdata[i]);
        struct stat st;

        if (fstatat(root_fd, below, &st, AT_SYMLINK_NOFOLLOW) != 0) {
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read '%s'", below);
            return false;
        }
        if (!S_ISDIR(st.st_mode))
            (*count)++;
        else if (!count_files(root_fd, below, count, error))
            return false;
    }
    return true;
}

/* Compares the folder @base with the plan. @detail_out: the first path that differs, owned. */
static bool
compare_release(DirectoryTarget *directory, const char *base, const PublishPlan *plan,
                bool *same_out, char **detail_out, GError **error)
{
    size_t count = 0;

    *same_out = false;
    for (size_t i = 0; i < plan->n_items; i++) {
        g_autofree char *path = g_strdup_printf("%s/%s", base, plan->items[i].path);
        bool matches = false;

        if (!file_matches(directory->root_fd, path, &plan->items[i], &matches, error))
            return false;
        if (!matches) {
            *detail_out = g_steal_pointer(&path);
            return true;
        }
    }
    if (!count_files(directory->root_fd, base, &count, error))
        return false;
    *same_out = count == plan->n_items;
    if (!*same_out)
        *detail_out = g_strdup_printf("%s (%zu files instead of %zu)", base, count, plan->n_items);
    return true;
}

static bool
directory_probe(Target *self, const PublishPlan *plan, PublishPresence *out, GError **error)
{
    DirectoryTarget *directory = (DirectoryTarget *)self;
    g_autofree char *path = release_path(plan);
    g_autofree char *detail = NULL;
    struct stat st;
    bool same = false;

    if (fstatat(directory->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) {
            *out = PUBLISH_ABSENT;
            return true;
        }
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot look at '%s' of target '%s'",
                        path, directory->name);
        return false;
    }
    if (S_ISDIR(st.st_mode) && !compare_release(directory, path, plan, &same, &detail, error))
        return false;
    *out = same ? PUBLISH_SAME : PUBLISH_OTHER;
    return true;
}

/* Copies one item into the staging folder and checks what it copied. */
static bool
stage_item(int stage_fd, const PublishItem *item, GError **error)
{
    g_autoptr(DigestStream) stream = digest_stream_new();
    g_autofree uint8_t *block = g_malloc(1 << 16);
    g_autofree char *folder = g_path_get_dirname(item->path);
    AUTO_FD int fd = -1;
    uint64_t offset = 0;
    Digest digest;

    if (strcmp(folder, ".") != 0 && !dir_create_all(stage_fd, folder, 0755, error))
        return false;
    fd = open_beneath(stage_fd, item->path, O_WRONLY | O_CREAT | O_TRUNC, 0644, error);
    if (fd < 0)
        return false;
    while (offset < item->size_bytes) {
        ssize_t n = pread(item->fd, block, 1 << 16, (off_t)offset);

        if (n < 0) {
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read '%s'", item->path);
            return false;
        }
        if (n == 0)
            break; /* shorter than it was: the digest says so */
        digest_stream_update(stream, span_of(block, (size_t)n));
        if (!fd_write_all(fd, span_of(block, (size_t)n), error))
            return false;
        offset += (uint64_t)n;
    }
    digest = digest_stream_finish(stream);
    if (!digest_equal(&digest, &item->digest)) {
        error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                  "cannot stage '%s': its bytes do not have the digest that was sealed",
                  item->path);
        return false;
    }
    return true;
}

static bool
directory_stage(Target *self, const PublishPlan *plan, char **location_out, GError **error)
{
    DirectoryTarget *directory = (DirectoryTarget *)self;
    g_autofree char *path = staging_path(plan);
    AUTO_FD int stage_fd = -1;

    if (!dir_remove_all(directory->root_fd, path, error) ||
        !dir_create_all(directory->root_fd, path, 0755, error))
        return false;
    stage_fd = dir_open(directory->root_fd, path, error);
    if (stage_fd < 0)
        return false;
    for (size_t i = 0; i < plan->n_items; i++) {
        if (!stage_item(stage_fd, &plan->items[i], error)) {
            error_prefix(error, "cannot stage for target '%s'", directory->name);
            return false;
        }
    }
    if (os_syncfs(stage_fd) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO,
                        "cannot sync what was staged for target '%s'", directory->name);
        return false;
    }
    *location_out = g_strdup_printf("%s/%s", directory->location, path);
    return true;
}

static bool
directory_send(Target *self, const PublishPlan *plan, GError **error)
{
    DirectoryTarget *directory = (DirectoryTarget *)self;
    g_autofree char *from = staging_path(plan);
    g_autofree char *to = release_path(plan);
    g_autofree char *parent = g_path_get_dirname(to);
    AUTO_FD int parent_fd = -1;

    if (!dir_create_all(directory->root_fd, parent, 0755, error))
        return false;
    parent_fd = open_beneath(directory->root_fd, parent, O_RDONLY | O_DIRECTORY, 0, error);
    if (parent_fd < 0)
        return false;
    if (faccessat(parent_fd, plan->version, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_EXISTS,
                  "cannot publish to target '%s': '%s' is there already and is never overwritten",
                  directory->name, to);
        return false;
    }
    if (os_rename(directory->root_fd, from, parent_fd, plan->version) != 0 ||
        os_fsync(parent_fd) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot make '%s' visible in target '%s'",
                        to, directory->name);
        return false;
    }
    return true;
}

static bool
directory_confirm(Target *self, const PublishPlan *plan, char **location_out, GError **error)
{
    DirectoryTarget *directory = (DirectoryTarget *)self;
    g_autofree char *path = release_path(plan);
    g_autofree char *detail = NULL;
    bool same = false;

    if (!compare_release(directory, path, plan, &same, &detail, error))
        return false;
    if (!same) {
        error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                  "target '%s' does not serve what was published: '%s' differs", directory->name,
                  detail);
        return false;
    }
    *location_out = g_strdup_printf("%s/%s", directory->location, path);
    return true;
}

static bool
directory_withdraw(Target *self, const PublishPlan *plan, bool visible, GError **error)
{
    DirectoryTarget *directory = (DirectoryTarget *)self;
    g_autofree char *staged = staging_path(plan);
    g_autofree char *served = release_path(plan);

    return dir_remove_all(directory->root_fd, staged, error) &&
           (!visible || dir_remove_all(directory->root_fd, served, error));
}

/* LOG_FOLDER/ID: many logs may publish into one folder. Owned. */
static char *
checkpoint_name(const char *origin)
{
    Digest digest = digest_of(span_of_text(origin));
    char hex[DIGEST_HEX_SIZE];

    digest_to_hex(&digest, hex);
    return g_strndup(hex, CHECKPOINT_NAME_LEN);
}

static bool
directory_put_checkpoint(Target *self, const char *origin, Span note, GError **error)
{
    DirectoryTarget *directory = (DirectoryTarget *)self;
    g_autofree char *name = checkpoint_name(origin);
    AUTO_FD int fd = -1;

    if (!dir_create_all(directory->root_fd, LOG_FOLDER, 0755, error))
        return false;
    fd = dir_open(directory->root_fd, LOG_FOLDER, error);
    return fd >= 0 && file_write_atomic(fd, name, note, 0644, error);
}

static bool
directory_load_checkpoint(Target *self, const char *origin, GBytes **note_out, GError **error)
{
    DirectoryTarget *directory = (DirectoryTarget *)self;
    g_autofree char *name = checkpoint_name(origin);
    g_autofree char *path = g_strdup_printf(LOG_FOLDER "/%s", name);
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) note = file_read(directory->root_fd, path, LIMIT_CHECKPOINT_BYTES, &local);

    if (note == NULL && error_kind(local) != ERROR_KIND_NOT_FOUND) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    *note_out = g_steal_pointer(&note);
    return true;
}

const TargetDriver target_directory = {
    .type = "directory",
    .open = directory_open,
    .check = directory_check,
    .probe = directory_probe,
    .stage = directory_stage,
    .send = directory_send,
    .confirm = directory_confirm,
    .withdraw = directory_withdraw,
    .put_checkpoint = directory_put_checkpoint,
    .load_checkpoint = directory_load_checkpoint,
    .free = directory_free,
};
