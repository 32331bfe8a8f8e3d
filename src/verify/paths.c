/* SPDX-License-Identifier: Apache-2.0
 * paths: grouping of what is named on a command line. */
#include "verify/paths.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "base/files.h"
#include "base/limits.h"
#include "base/banned.h"

typedef struct Folder { /* one release folder and the files of it that were asked for */
    char *path;
    GPtrArray *only; /* NULL: the whole folder; else owned names */
} Folder;

static void
free_folder(void *data)
{
    Folder *folder = data;

    g_free(folder->path);
    if (folder->only != NULL)
        g_ptr_array_unref(folder->only);
    g_free(folder);
}

static void
free_verified(void *data)
{
    VerifiedFolder *folder = data;

    g_free(folder->path);
    verify_report_free(folder->report);
    g_free(folder);
}

static bool
is_folder(const char *path)
{
    struct stat st = { 0 };

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static Folder *
add_folder(GPtrArray *folders, const char *path)
{
    Folder *folder = g_new0(Folder, 1);

    folder->path = g_strdup(path);
    g_ptr_array_add(folders, folder);
    return folder;
}

static void
add_file(GPtrArray *folders, const char *path)
{
    g_autofree char *parent = g_path_get_dirname(path);
    Folder *folder = NULL;

    for (unsigned i = 0; folder == NULL && i < folders->len; i++) {
        Folder *known = g_ptr_array_index(folders, i);
        if (known->only != NULL && strcmp(known->path, parent) == 0)
            folder = known;
    }
    if (folder == NULL) {
        folder = add_folder(folders, parent);
        folder->only = g_ptr_array_new_with_free_func(g_free);
    }
    g_ptr_array_add(folder->only, g_path_get_basename(path));
}

/* Folders as they are; files grouped by theirs, so that facts are checked once. */
static GPtrArray *
group_paths(const char *const *paths)
{
    GPtrArray *folders = g_ptr_array_new_with_free_func(free_folder);

    for (; *paths != NULL; paths++) {
        if (is_folder(*paths))
            add_folder(folders, *paths);
        else
            add_file(folders, *paths);
    }
    return folders;
}

char **
verify_paths_folders(const char *const *paths)
{
    g_autoptr(GPtrArray) folders = group_paths(paths);
    char **names = g_new0(char *, folders->len + 1);

    for (unsigned i = 0; i < folders->len; i++)
        names[i] = g_strdup(((const Folder *)g_ptr_array_index(folders, i))->path);
    return names;
}

static VerifyReport *
verify_folder(const Folder *folder, const Trust *trust, int64_t now_us, GError **error)
{
    AUTO_FD int dirfd = dir_open(AT_FDCWD, folder->path, error);

    if (dirfd < 0)
        return NULL;
    if (folder->only != NULL)
        g_ptr_array_add(folder->only, NULL);
    VerifyOptions options = {
        .trust = trust,
        .now_us = now_us,
        .only = folder->only != NULL ? (const char *const *)folder->only->pdata : NULL,
    };
    VerifySource *source = verify_source_dir_new(dirfd);
    VerifyReport *report = verify_release(source, &options, error);
    verify_source_dir_free(source);
    return report;
}

GPtrArray *
verify_paths(const char *const *paths, const Trust *trust, int64_t now_us, GError **error)
{
    g_autoptr(GPtrArray) folders = group_paths(paths);
    g_autoptr(GPtrArray) verified = g_ptr_array_new_with_free_func(free_verified);

    for (unsigned i = 0; i < folders->len; i++) {
        const Folder *folder = g_ptr_array_index(folders, i);
        VerifyReport *report = verify_folder(folder, trust, now_us, error);
        if (report == NULL) {
            error_prefix(error, "cannot verify '%s'", folder->path);
            return NULL;
        }
        VerifiedFolder *done = g_new0(VerifiedFolder, 1);
        done->path = g_strdup(folder->path);
        done->report = report;
        g_ptr_array_add(verified, done);
    }
    return g_steal_pointer(&verified);
}

VerifyResult
verified_result(const GPtrArray *folders)
{
    g_autofree const VerifyReport **reports = g_new0(const VerifyReport *, folders->len + 1);

    for (unsigned i = 0; i < folders->len; i++)
        reports[i] = ((const VerifiedFolder *)g_ptr_array_index(folders, i))->report;
    return verify_reports_result(reports, folders->len);
}

json_t *
verified_json(const GPtrArray *folders)
{
    g_autoptr(json_t) array = json_array();

    for (unsigned i = 0; i < folders->len; i++) {
        const VerifiedFolder *folder = g_ptr_array_index(folders, i);
        json_t *item = verify_report_json(folder->report);
        json_object_set_new(item, "path", json_string(folder->path));
        json_array_append_new(array, item);
    }
    return folders->len == 1 ? json_incref(json_array_get(array, 0)) : g_steal_pointer(&array);
}

char *
verified_summary(const VerifiedFolder *folder)
{
    const VerifyReport *report = folder->report;
    VerifyResult result = verify_report_result(report);

    if (result != VERIFY_OK)
        return g_strdup_printf("%s: %s", folder->path, verify_result_name(result));
    return g_strdup_printf("%s: good: %s, manifest %s", folder->path, report->object,
                           report->manifest);
}

Trust *
verify_trust_load(const char *path, GError **error)
{
    g_autoptr(GBytes) text = file_read(AT_FDCWD, path, LIMIT_JSON_BYTES, error);

    if (text == NULL)
        return NULL;
    Trust *trust = trust_parse(span_of_bytes(text), error);
    if (trust == NULL)
        error_prefix(error, "trust file '%s'", path);
    return trust;
}
