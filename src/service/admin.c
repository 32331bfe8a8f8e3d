/* SPDX-License-Identifier: Apache-2.0
 * admin: check, rebuild, back up, collect. */
#include "service/admin.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include "base/files.h"
#include "base/json.h"
#include "base/os.h"
#include "service/engine_priv.h"
#include "service/rebuild.h"
#include "base/banned.h"

#define BACKUP_MAX_FILES 100000

/* ---- fsck
 * ----------------------------------------------------------------------------------------- */

static void add_finding(json_t *findings, const char *format, ...) PRINTF_LIKE(2, 3);
static void
add_finding(json_t *findings, const char *format, ...)
{
    va_list args;
    g_autofree char *text = NULL;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    json_array_append_new(findings, json_string(text));
}

static void
check_log(Engine *engine, json_t *findings, json_t *result)
{
    g_autoptr(GError) local = NULL;
    TlogCheckReport report = { 0 };

    if (!tlog_check(engine->tlog, &report, &local))
        add_finding(findings, "log: %s", local->message);
    json_object_set_new(result, "log",
                        json_pack("{s:I, s:I}", "entries", (json_int_t)report.head.size,
                                  "journalBytes", (json_int_t)report.journal_bytes));
}

static bool
check_store(Engine *engine, json_t *findings, json_t *result, GError **error)
{
    g_autoptr(StoreFsckReport) report = store_fsck(engine->store, error);

    if (report == NULL)
        return false;
    for (guint i = 0; i < report->corrupt->len; i++) {
        char name[DIGEST_STRING_SIZE];

        digest_to_string(&g_array_index(report->corrupt, Digest, i), name);
        add_finding(findings, "store: blob '%s' is corrupt and was moved to quarantine", name);
    }
    for (guint i = 0; i < report->strays->len; i++)
        add_finding(findings, "store: '%s' is not a blob", (char *)report->strays->pdata[i]);
    json_object_set_new(result, "store",
                        json_pack("{s:I, s:I, s:I}", "blobs", (json_int_t)report->n_blobs, "bytes",
                                  (json_int_t)report->n_bytes, "quarantined",
                                  (json_int_t)report->n_quarantined));
    return true;
}

/* Calls @visit with each digest that @query gives. */
typedef bool (*VisitDigest)(Engine *engine, const Digest *digest, void *data, GError **error);
static bool
each_digest(Engine *engine, QueryId query, VisitDigest visit, void *data, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows = reader != NULL ? db_select(reader, query, DB_NO_PARAMS, error) : NULL;
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    while (has_row) {
        Digest digest;

        if (!digest_from_string(db_rows_text(rows, 0), &digest, error) ||
            !visit(engine, &digest, data, error) || !db_rows_next(rows, &has_row, error))
            return false;
    }
    return true;
}

/* @data: a set of Digest. */
static bool
keep_digest(Engine *engine, const Digest *digest, void *data, GError **error)
{
    (void)engine;
    (void)error;
    g_hash_table_add(data, g_memdup2(digest, sizeof *digest));
    return true;
}

/* The files a publication plan lists are needed as long as the plan. */
static bool
keep_plan_items(Engine *engine, const Digest *plan, void *data, GError **error)
{
    g_autoptr(GBytes) text = store_get_bytes(engine->store, plan, LIMIT_JSON_BYTES, error);
    g_autoptr(json_t) items =
        text != NULL ? json_parse(span_of_bytes(text), LIMIT_JSON_BYTES, error) : NULL;
    json_t *item = NULL;
    size_t i = 0;

    if (items == NULL)
        return false;
    json_array_foreach (items, i, item) {
        Digest digest;

        if (!json_need_digest(item, "digest", "publication plan", &digest, error))
            return false;
        g_hash_table_add(data, g_memdup2(&digest, sizeof digest));
    }
    return true;
}

/* @data: the findings. */
static bool
check_named_blob(Engine *engine, const Digest *digest, void *data, GError **error)
{
    char name[DIGEST_STRING_SIZE];

    (void)error;
    digest_to_string(digest, name);
    if (!store_has(engine->store, digest))
        add_finding(data, "store: blob '%s' is named by the database but not there", name);
    return true;
}

bool
admin_fsck(Engine *engine, json_t **result_out, GError **error)
{
    g_autoptr(json_t) result = json_object();
    g_autoptr(GError) local = NULL;
    json_t *findings = json_array();

    json_object_set_new(result, "findings", findings);
    check_log(engine, findings, result);
    if (!check_store(engine, findings, result, error) ||
        !each_digest(engine, QUERY_NAMED_BLOBS, check_named_blob, findings, error))
        return false;
    if (!db_check(engine->db, &local))
        add_finding(findings, "database: %s", local->message);
    json_object_set_new(result, "clean", json_boolean(json_array_size(findings) == 0));
    *result_out = g_steal_pointer(&result);
    return true;
}

/* ---- rebuild and dump
 * ------------------------------------------------------------------------------ */

bool
admin_rebuild(Engine *engine, json_t **result_out, GError **error)
{
    if (!rebuild_facts(engine->db, engine->tlog, engine->store, error))
        return false;
    *result_out = json_pack("{s:I}", "entries", (json_int_t)tlog_get_size(engine->tlog));
    return true;
}

bool
admin_dump_facts(Engine *engine, int fd, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);

    return reader != NULL && db_dump_tables(reader, "fact_", fd, error);
}

/* ---- backup
 * ---------------------------------------------------------------------------------------- */

/* Copies one regular file, at most @limit bytes of it: a file that grows is cut where it was. */
static bool
copy_file(int from_dir, int to_dir, const char *name, GError **error)
{
    AUTO_FD int from = open_beneath(from_dir, name, O_RDONLY, 0, error);
    AUTO_FD int to =
        from >= 0 ? open_beneath(to_dir, name, O_WRONLY | O_CREAT | O_EXCL, 0600, error) : -1;

    if (to < 0 || !fd_copy(from, to, UINT64_MAX, NULL, error))
        return false;
    if (os_fsync(to) == 0)
        return true;
    error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot sync '%s'", name);
    return false;
}

static bool
copy_log(Engine *engine, int to_fd, GError **error)
{
    g_autoptr(GPtrArray) names = dir_list(engine->home_fd, "logs/main", BACKUP_MAX_FILES, error);
    AUTO_FD int from = names != NULL ? dir_open(engine->home_fd, "logs/main", error) : -1;
    AUTO_FD int to = -1;

    if (from < 0 || !dir_create_all(to_fd, "logs/main", 0700, error))
        return false;
    to = dir_open(to_fd, "logs/main", error);
    if (to < 0)
        return false;
    for (guint i = 0; i < names->len; i++) {
        if (!copy_file(from, to, names->pdata[i], error))
            return false;
    }
    return true;
}

typedef struct CopyBlobs {
    Store *from;
    StoreBatch *batch;
    uint64_t n;
} CopyBlobs;

static bool
copy_blob(const Digest *digest, uint64_t size_bytes, void *context, GError **error)
{
    CopyBlobs *copy = context;
    AUTO_FD int fd = store_open_blob(copy->from, digest, NULL, error);
    Digest copied;

    if (fd < 0 ||
        !store_batch_put_fd(copy->batch, fd, size_bytes > 0 ? size_bytes : 1, &copied, error))
        return false;
    if (!digest_equal(digest, &copied)) {
        error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                  "a blob does not hash to its name: run 'slipway admin fsck'");
        return false;
    }
    copy->n++;
    return true;
}

static bool
copy_blobs(Engine *engine, const char *path, uint64_t *n_out, GError **error)
{
    g_autofree char *blobs = g_strdup_printf("%s/blobs", path);
    g_autoptr(Store) store = store_create(blobs, error);
    g_autoptr(StoreBatch) batch = store != NULL ? store_batch_begin(store, error) : NULL;
    CopyBlobs copy = { .from = engine->store, .batch = batch };

    if (batch == NULL || !store_each(engine->store, copy_blob, &copy, error) ||
        !store_batch_commit(batch, error))
        return false;
    *n_out = copy.n;
    return true;
}

bool
admin_backup(Engine *engine, const char *path, json_t **result_out, GError **error)
{
    g_autofree char *db_path = g_strdup_printf("%s/slipway.db", path);
    AUTO_FD int keys_fd = -1;
    AUTO_FD int to_keys_fd = -1;
    AUTO_FD int fd = -1;
    uint64_t n_blobs = 0;

    if (access(path, F_OK) == 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_EXISTS, "cannot back up to '%s': it exists already",
                  path);
        return false;
    }
    if (!dir_create_all(AT_FDCWD, path, 0700, error))
        return false;
    fd = dir_open(AT_FDCWD, path, error);
    if (fd < 0 || !db_backup(engine->db, db_path, error) || !copy_log(engine, fd, error) ||
        !copy_blobs(engine, path, &n_blobs, error) || !dir_create_all(fd, "keys", 0700, error))
        return false;
    keys_fd = dir_open(engine->home_fd, "keys", error);
    to_keys_fd = keys_fd >= 0 ? dir_open(fd, "keys", error) : -1;
    if (to_keys_fd < 0 || !copy_file(keys_fd, to_keys_fd, "keys.json", error))
        return false;
    *result_out = json_pack("{s:s, s:I, s:I, s:s}", "path", path, "entries",
                            (json_int_t)tlog_get_size(engine->tlog), "blobs", (json_int_t)n_blobs,
                            "keys", "public halves only: keep the private keys apart");
    return true;
}

/* ---- garbage
 * ---------------------------------------------------------------------------------------- */

bool
admin_gc(Engine *engine, int64_t min_age_us, json_t **result_out, GError **error)
{
    g_autoptr(GHashTable) keep =
        g_hash_table_new_full(digest_hash, digest_hash_equal, g_free, NULL);
    StoreGcResult result = { 0 };

    if (!each_digest(engine, QUERY_KEEP_DIGESTS, keep_digest, keep, error) ||
        !each_digest(engine, QUERY_INTENT_PLAN_LIST, keep_plan_items, keep, error) ||
        !store_gc(engine->store, keep, min_age_us, &result, error))
        return false;
    *result_out =
        json_pack("{s:I, s:I, s:I, s:I}", "kept", (json_int_t)result.n_kept, "removed",
                  (json_int_t)result.n_removed, "removedBytes", (json_int_t)result.n_removed_bytes,
                  "young", (json_int_t)result.n_young);
    return true;
}
