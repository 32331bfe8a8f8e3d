/* SPDX-License-Identifier: Apache-2.0
 * run_retention: see run_retention.h. First the rows stop naming a log, then its bytes go: what dies
 * in between leaves a blob that nothing names, which 'admin gc' removes. */
#include "service/run_retention.h"
#include <dirent.h>
#include <fcntl.h>
#include "base/files.h"
#include "service/engine_priv.h"
#include "service/run_record.h"
#include "base/banned.h"

#define BATCH 500 /* logs of one transaction */

typedef struct Old { /* a log that is old enough */
    int64_t run;
    char *log; /* owned: digest */
} Old;

static void
old_clear(void *data)
{
    g_free(((Old *)data)->log);
}

static GArray *
load_old(Engine *engine, int64_t before_us, GError **error)
{
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(Old));
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows =
        reader != NULL
            ? db_select(reader, QUERY_LOG_OLD, DB_PARAMS(DB_INT(before_us), DB_INT(BATCH)), error)
            : NULL;
    bool has_row = false;

    g_array_set_clear_func(list, old_clear);
    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        Old old = { .run = db_rows_int(rows, 0), .log = g_strdup(db_rows_text(rows, 1)) };

        g_array_append_val(list, old);
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&list);
}

/* ---- the rows ---------------------------------------------------------------------------------- */

typedef struct Drop {
    const GArray *list;
    int64_t now_us;
} Drop;

static bool
write_drop(DbConn *conn, void *input, GError **error)
{
    const Drop *drop = input;

    for (guint i = 0; i < drop->list->len; i++) {
        const Old *old = &g_array_index(drop->list, Old, i);

        if (!db_exec(conn, QUERY_LOG_DROP,
                     DB_PARAMS(DB_INT(old->run), DB_TEXT(old->log), DB_INT(drop->now_us)), error))
            return false;
    }
    return true;
}

/* ---- the bytes --------------------------------------------------------------------------------- */

/* Logs that a later run took over are named by its row too. Owned set of texts. */
static GHashTable *
load_shared(Engine *engine, GError **error)
{
    g_autoptr(GHashTable) set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows =
        reader != NULL ? db_select(reader, QUERY_LOG_SHARED, DB_NO_PARAMS, error) : NULL;
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        g_hash_table_add(set, g_strdup(db_rows_text(rows, 0)));
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&set);
}

static bool
remove_blobs(Engine *engine, const GArray *list, GError **error)
{
    g_autoptr(GHashTable) shared = load_shared(engine, error);

    if (shared == NULL)
        return false;
    for (guint i = 0; i < list->len; i++) {
        const Old *old = &g_array_index(list, Old, i);
        Digest digest;

        if (g_hash_table_contains(shared, old->log))
            continue;
        if (!digest_from_string(old->log, &digest, error) ||
            !store_remove(engine->store, &digest, error))
            return false;
    }
    return true;
}

/* ---- live files -------------------------------------------------------------------------------- */

/* Whether the folder runs/@name is of a run that ended before @before_us, or of none. */
static bool
is_over(DbConn *conn, const char *name, int64_t before_us)
{
    int64_t ended_us = 0;
    guint64 id = 0;
    bool found = false;

    return g_ascii_string_to_unsigned(name, 10, 1, G_MAXINT64, &id, NULL) &&
           db_select_int(conn, QUERY_RUN_ENDED_AT, DB_PARAMS(DB_INT((int64_t)id)), &found,
                         &ended_us, NULL) &&
           (!found || (ended_us > 0 && ended_us < before_us));
}

static GPtrArray *
list_over(Engine *engine, int dir_fd, int64_t before_us, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    int own_fd = reader != NULL ? openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    DIR *dir = own_fd >= 0 ? fdopendir(own_fd) : NULL;

    if (reader == NULL)
        return NULL;
    if (dir == NULL) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot list the folder of live logs");
        fd_clear(&own_fd);
        return NULL;
    }
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (is_over(reader, entry->d_name, before_us))
            g_ptr_array_add(names, g_strdup(entry->d_name));
    }
    closedir(dir);
    return g_steal_pointer(&names);
}

static bool
remove_live_files(Engine *engine, int64_t before_us, int64_t *n_out, GError **error)
{
    AUTO_FD int fd = dir_open(engine->home_fd, "runs", error);
    g_autoptr(GPtrArray) names = fd >= 0 ? list_over(engine, fd, before_us, error) : NULL;

    if (names == NULL)
        return false;
    for (guint i = 0; i < names->len; i++) {
        if (!dir_remove_all(fd, names->pdata[i], error))
            return false;
    }
    *n_out = names->len;
    return true;
}

bool
run_retention_pass(Engine *engine, int64_t keep_us, RunRetention *out, GError **error)
{
    int64_t now_us = clock_now_us(engine->clock);
    int64_t before_us = now_us - keep_us;
    RunRetention done = { 0 };
    bool more = true;

    while (more) {
        g_autoptr(GArray) list = load_old(engine, before_us, error);
        Drop drop = { .list = list, .now_us = now_us };

        if (list == NULL ||
            (list->len > 0 &&
             !db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_drop, &drop, error)) ||
            !remove_blobs(engine, list, error))
            return false;
        done.n_logs += list->len;
        more = list->len == BATCH;
    }
    if (!remove_live_files(engine, before_us, &done.n_folders, error))
        return false;
    *out = done;
    return true;
}
