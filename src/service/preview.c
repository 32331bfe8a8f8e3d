/* SPDX-License-Identifier: Apache-2.0
 * preview: see preview.h.
 *
 *   previews/PROJECT/CHANNEL.RUN/PATH…      the files, as the jobs called them
 *   previews/PROJECT/CHANNEL.RUN/preview.json
 *
 * The folder is complete and synced before the row names it; the row is gone before the folder goes.
 * What dies in between leaves a folder that no row names, which the next day removes. */
#include "service/preview.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "base/files.h"
#include "base/json.h"
#include "base/os.h"
#include "format/glob.h"
#include "service/run_priv.h"
#include "base/banned.h"

#define FOLDER    "previews"
#define MAX_NAMES 100000 /* of folders in one */

/* ---- making one -------------------------------------------------------------------------------- */

/* "pull-7" of refs/pull/7/head. Owned. */
static char *
channel_of(const char *ref)
{
    const char *from = g_str_has_prefix(ref, "refs/") ? ref + strlen("refs/") : ref;
    size_t len = strlen(from);
    char *channel = NULL;

    if (g_str_has_suffix(from, "/head"))
        len -= strlen("/head");
    channel = g_strndup(from, MIN(len, 100));
    return g_strcanon(channel, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_",
                      '-');
}

static bool
is_asset(const char *const *globs, const char *path)
{
    bool taken = globs[0][0] == '!';

    for (size_t i = 0; globs[i] != NULL; i++) {
        bool refuses = globs[i][0] == '!';

        if (glob_match(globs[i] + (refuses ? 1 : 0), path))
            taken = !refuses;
    }
    return taken;
}

static bool
copy_one(Engine *engine, int folder_fd, const JobArtifact *artifact, json_t *files, GError **error)
{
    g_autofree char *parent = g_path_get_dirname(artifact->path);
    char digest[DIGEST_STRING_SIZE];
    AUTO_FD int fd = -1;

    if (strcmp(artifact->path, "preview.json") == 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "an artifact of a preview cannot be called 'preview.json'");
        return false;
    }
    if (!dir_create_all(folder_fd, parent, 0700, error))
        return false;
    fd = open_beneath(folder_fd, artifact->path, O_WRONLY | O_CREAT | O_EXCL, 0600, error);
    if (fd < 0 || !store_copy_to(engine->store, &artifact->digest, fd, error))
        return false;
    if (os_fdatasync(fd) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot write '%s'", artifact->path);
        return false;
    }
    digest_to_string(&artifact->digest, digest);
    json_array_append_new(files, json_pack("{s:s, s:s, s:I}", "path", artifact->path, "digest",
                                           digest, "sizeBytes", (json_int_t)artifact->size_bytes));
    return true;
}

static bool
copy_files(ActiveRun *run, int folder_fd, json_t *files, GError **error)
{
    for (size_t i = 0; i < run->n_jobs; i++) {
        const GPtrArray *artifacts = run->jobs[i].result.artifacts;

        for (guint k = 0; artifacts != NULL && k < artifacts->len; k++) {
            const JobArtifact *artifact = artifacts->pdata[k];

            if (is_asset(run->pipeline->preview_assets, artifact->path) &&
                !copy_one(run->engine, folder_fd, artifact, files, error)) {
                error_prefix(error, "cannot lay out '%s'", artifact->path);
                return false;
            }
        }
    }
    if (json_array_size(files) > 0)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
              "no artifact of the run fits 'assets' of 'previews'");
    return false;
}

typedef struct NewPreview {
    ActiveRun *run;
    const char *folder;
    int64_t expires_us;
    char *gone; /* owned: the folder that goes: of the run before, or this one if a newer run was
                   faster; NULL: none */
} NewPreview;

static bool
write_preview(DbConn *conn, void *input, GError **error)
{
    NewPreview *preview = input;
    const RunRecord *record = &preview->run->record;
    bool found = false;

    g_clear_pointer(&preview->gone, g_free);
    if (!db_select_text(conn, QUERY_PREVIEW_FOLDER,
                        DB_PARAMS(DB_TEXT(record->project), DB_TEXT(record->ref)), &found,
                        &preview->gone, error) ||
        !db_exec(conn, QUERY_PREVIEW_SET,
                 DB_PARAMS(DB_TEXT(record->project), DB_TEXT(record->ref), DB_INT(record->id.v),
                           DB_TEXT(preview->folder), DB_INT(preview->expires_us)),
                 error))
        return false;
    if (db_changes(conn) == 0) {
        g_free(preview->gone);
        preview->gone = g_strdup(preview->folder);
    }
    return true;
}

/* What was just laid out below @fd reaches the disk: the names in its folders too. */
static bool
sync_folders(int fd, const json_t *files, GError **error)
{
    g_autoptr(GHashTable) done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (size_t i = 0; i < json_array_size(files); i++) {
        g_autofree char *folder = g_path_get_dirname(
            json_string_value(json_object_get(json_array_get(files, i), "path")));

        while (strcmp(folder, ".") != 0 && !g_hash_table_contains(done, folder)) {
            char *parent = g_path_get_dirname(folder);
            AUTO_FD int own = dir_open(fd, folder, error);

            if (own < 0 || os_fsync(own) != 0) {
                g_free(parent);
                if (own >= 0)
                    error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot write '%s'", folder);
                return false;
            }
            g_hash_table_add(done, folder);
            folder = parent;
        }
    }
    return true;
}

/* The complete folder, synced. */
static bool
lay_out(ActiveRun *run, int place_fd, const char *folder, int64_t expires_us, GError **error)
{
    g_autofree char *partial = g_strconcat(folder, ".partial", NULL);
    g_autoptr(json_t) files = json_array();
    g_autoptr(json_t) about = NULL;
    g_autofree char *text = NULL;
    AUTO_FD int fd = -1;

    if (!dir_remove_all(place_fd, partial, error) || !dir_remove_all(place_fd, folder, error) ||
        !dir_create_all(place_fd, partial, 0700, error))
        return false;
    fd = dir_open(place_fd, partial, error);
    if (fd < 0 || !copy_files(run, fd, files, error) || !sync_folders(fd, files, error))
        return false;
    about = json_pack("{s:s, s:s, s:s, s:I, s:I, s:O}", "project", run->record.project, "ref",
                      run->record.ref, "commit", run->record.commit, "run",
                      (json_int_t)run->record.number, "expiresAt", (json_int_t)expires_us, "files",
                      files);
    text = json_canonical(about, NULL, error);
    if (text == NULL || !file_write_atomic(fd, "preview.json", span_of_text(text), 0600, error))
        return false;
    if (os_rename(place_fd, partial, place_fd, folder) == 0 && os_fsync(place_fd) == 0)
        return true;
    error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot put the preview into its place");
    return false;
}

bool
preview_make(ActiveRun *run, GError **error)
{
    g_autofree char *place = g_strdup_printf(FOLDER "/%s", run->record.project);
    g_autofree char *channel = NULL;
    g_autofree char *folder = NULL;
    AUTO_FD int place_fd = -1;
    NewPreview preview = { .run = run };
    bool ok = false;

    if (strcmp(run->record.event, "proposal") != 0 || run->pipeline->preview_assets[0] == NULL)
        return true;
    channel = channel_of(run->record.ref);
    folder = g_strdup_printf("%s.%" G_GINT64_FORMAT, channel, run->record.number);
    preview.folder = folder;
    preview.expires_us = clock_now_us(run->engine->clock) + run->pipeline->preview_keep_ms * 1000;
    if (!dir_create_all(run->engine->home_fd, place, 0700, error))
        return false;
    place_fd = dir_open(run->engine->home_fd, place, error);
    ok = place_fd >= 0 && lay_out(run, place_fd, folder, preview.expires_us, error) &&
         db_write(run->engine->db, DB_LANE_ACKNOWLEDGED, write_preview, &preview, error);
    if (ok && preview.gone != NULL) {
        g_autoptr(GError) local = NULL;

        error_ignore(dir_remove_all(place_fd, preview.gone, &local), &local,
                     "the next day removes it");
    }
    g_free(preview.gone);
    return ok;
}

/* ---- the day it goes --------------------------------------------------------------------------- */

static bool
write_expired(DbConn *conn, void *input, GError **error)
{
    return db_exec(conn, QUERY_PREVIEW_EXPIRE, DB_PARAMS(DB_INT(*(int64_t *)input)), error);
}

/* Folders that rows name, as PROJECT/FOLDER. Owned set. */
static GHashTable *
load_named(Engine *engine, GError **error)
{
    g_autoptr(GHashTable) set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows =
        reader != NULL ? db_select(reader, QUERY_PREVIEW_LIST, DB_PARAMS(DB_TEXT("")), error)
                       : NULL;
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        g_hash_table_add(set,
                         g_strdup_printf("%s/%s", db_rows_text(rows, 0), db_rows_text(rows, 3)));
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&set);
}

/* Those of one project that no row names. One that is being laid out has no row yet: it is younger
 * than @young_us. */
static bool
remove_unnamed(Engine *engine, const char *project, GHashTable *named, int64_t young_us,
               int64_t *n_out, GError **error)
{
    g_autofree char *place = g_strdup_printf(FOLDER "/%s", project);
    AUTO_FD int fd = dir_open(engine->home_fd, place, error);
    g_autoptr(GPtrArray) names = fd >= 0 ? dir_list(fd, ".", MAX_NAMES, error) : NULL;

    for (guint i = 0; names != NULL && i < names->len; i++) {
        g_autofree char *key = g_strdup_printf("%s/%s", project, (const char *)names->pdata[i]);
        struct stat st;

        if (g_hash_table_contains(named, key) ||
            fstatat(fd, names->pdata[i], &st, AT_SYMLINK_NOFOLLOW) != 0 ||
            (int64_t)st.st_mtim.tv_sec * G_USEC_PER_SEC > young_us)
            continue;
        if (!dir_remove_all(fd, names->pdata[i], error))
            return false;
        ++*n_out;
    }
    return names != NULL;
}

bool
preview_expire(Engine *engine, int64_t *n_out, GError **error)
{
    int64_t now_us = clock_now_us(engine->clock);
    g_autoptr(GHashTable) named = NULL;
    g_autoptr(GPtrArray) projects = NULL;

    *n_out = 0;
    if (!db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_expired, &now_us, error) ||
        !dir_create_all(engine->home_fd, FOLDER, 0700, error))
        return false;
    named = load_named(engine, error);
    projects = named != NULL ? dir_list(engine->home_fd, FOLDER, MAX_NAMES, error) : NULL;
    for (guint i = 0; projects != NULL && i < projects->len; i++) {
        if (!remove_unnamed(engine, projects->pdata[i], named, now_us - 3600ll * G_USEC_PER_SEC,
                            n_out, error))
            return false;
    }
    return projects != NULL;
}

/* ---- looking ----------------------------------------------------------------------------------- */

json_t *
preview_list(Engine *engine, const char *project, GError **error)
{
    int64_t now_us = clock_now_us(engine->clock);
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows =
        reader != NULL ? db_select(reader, QUERY_PREVIEW_LIST,
                                   DB_PARAMS(DB_TEXT(project != NULL ? project : "")), error)
                       : NULL;
    g_autoptr(json_t) list = json_array();
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        g_autofree char *channel = channel_of(db_rows_text(rows, 1));

        if (db_rows_int(rows, 4) > now_us)
            json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o, s:s, s:I}", "project",
                                                  db_rows_text(rows, 0), "ref",
                                                  db_rows_text(rows, 1), "channel", channel, "run",
                                                  json_sprintf("%s/%lld", db_rows_text(rows, 0),
                                                               (long long)db_rows_int(rows, 2)),
                                                  "folder", db_rows_text(rows, 3), "expiresAt",
                                                  (json_int_t)db_rows_int(rows, 4)));
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&list);
}

int
preview_open(Engine *engine, const char *project, const char *folder, const char *path,
             uint64_t *size_out, GError **error)
{
    g_autofree char *place = g_strdup_printf(FOLDER "/%s/%s", project, folder);
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    int64_t expires_us = 0;
    bool found = false;
    struct stat st;
    AUTO_FD int folder_fd = -1;
    AUTO_FD int fd = -1;

    if (reader == NULL ||
        !db_select_int(reader, QUERY_PREVIEW_EXPIRES, DB_PARAMS(DB_TEXT(project), DB_TEXT(folder)),
                       &found, &expires_us, error))
        return -1;
    if (!found || expires_us <= clock_now_us(engine->clock)) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "there is no preview '%s/%s', or it has expired", project, folder);
        return -1;
    }
    /* Beneath this folder, not beneath the data folder: the path is a stranger's. */
    folder_fd = open_beneath(engine->home_fd, place, O_RDONLY | O_DIRECTORY, 0, error);
    fd = folder_fd >= 0 ? open_beneath(folder_fd, path, O_RDONLY, 0, error) : -1;
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the preview has no file '%s'", path);
        return -1;
    }
    *size_out = (uint64_t)st.st_size;
    return fd_steal(&fd);
}
