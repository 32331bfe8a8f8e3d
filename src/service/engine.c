/* SPDX-License-Identifier: Apache-2.0
 * engine: opening, recovering and closing a data folder. */
#include "service/engine.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "base/encoding.h"
#include "base/files.h"
#include "base/log.h"
#include "base/os.h"
#include "base/random.h"
#include "proof/checkpoint.h"
#include "service/authority.h"
#include "service/effects.h"
#include "service/engine_priv.h"
#include "service/outbox.h"
#include "service/engine_thread.h"
#include "service/foreign.h"
#include "service/publication.h"
#include "service/queue.h"
#include "service/rebuild.h"
#include "service/run_priv.h"
#include "service/witness_client.h"
#include "base/banned.h"

#define LOG_FOLDER       "logs/main"
#define INIT_MARK        "init-unfinished"
#define FOLDER_MAX_NAMES 10000 /* in a folder that is to become a data folder */

static const char *const folders[] = { "blobs", "logs", "trail", "repos", "runs", "scratch" };

static char *
below(const Engine *engine, const char *name)
{
    return g_strdup_printf("%s/%s", engine->home, name);
}

/* ---- creating -----------------------------------------------------------------------------------
 */

static char *
make_origin(const char *given, GError **error)
{
    uint8_t bytes[16];
    g_autofree char *hex = NULL;

    if (given != NULL && !origin_is_valid(given)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "'%s' is not an origin: expected 'host' or 'host[:port]/path' of [a-z0-9.:/_-], "
                  "at most %d bytes",
                  given, LIMIT_ORIGIN_BYTES);
        return NULL;
    }
    if (given != NULL)
        return g_strdup(given);
    random_fill(bytes, sizeof bytes);
    hex = hex_encode(span_of(bytes, sizeof bytes));
    return g_strdup_printf("localhost/%s", hex);
}

/* Takes the folder over: it is empty, or holds what an earlier init did not finish, which is
 * removed. The mark says so from before the first file until engine_create_done. */
static bool
take_folder(int fd, const char *home, bool *resumed_out, GError **error)
{
    bool resumed = faccessat(fd, INIT_MARK, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    g_autoptr(GPtrArray) names = dir_list(fd, ".", FOLDER_MAX_NAMES, error);

    if (names == NULL)
        return false;
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];

        if (strcmp(name, "lock") == 0 || strcmp(name, INIT_MARK) == 0)
            continue;
        if (!resumed && !g_str_has_prefix(name, ".tmp-")) { /* the mark itself, half written */
            error_set(error, BASE_ERROR, BASE_ERROR_EXISTS,
                      "cannot make a data folder of '%s': it is not empty ('%s')", home, name);
            return false;
        }
        if (!dir_remove_all(fd, name, error))
            return false;
    }
    *resumed_out = resumed;
    return resumed || file_write_new(fd, INIT_MARK, span_of_text("slipway init\n"), 0600, error);
}

bool
engine_create_done(const char *home, GError **error)
{
    AUTO_FD int fd = dir_open(AT_FDCWD, home, error);

    if (fd < 0)
        return false;
    if (os_unlink(fd, INIT_MARK, 0) == 0 && os_fsync(fd) == 0)
        return true;
    error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot remove '%s/" INIT_MARK "'", home);
    return false;
}

bool
engine_create(const EngineCreateOptions *options, bool *resumed_out, GError **error)
{
    g_autofree char *origin = make_origin(options->origin, error);
    g_autofree char *keys = g_strdup_printf("%s/keys", options->home);
    g_autofree char *log_path = g_strdup_printf("%s/" LOG_FOLDER, options->home);
    g_autofree char *db_path = g_strdup_printf("%s/slipway.db", options->home);
    g_autofree char *blobs = g_strdup_printf("%s/blobs", options->home);
    g_autoptr(GPtrArray) public_keys = NULL;
    g_autoptr(Lock) lock = NULL;
    g_autoptr(Store) store = NULL;
    g_autoptr(Db) db = NULL;
    g_autoptr(Tlog) tlog = NULL;
    AUTO_FD int fd = -1;
    DbOptions db_options = { .url = db_path, .clock = options->clock };

    if (origin == NULL || !dir_create_all(AT_FDCWD, options->home, 0700, error))
        return false;
    fd = dir_open(AT_FDCWD, options->home, error);
    lock = fd >= 0 ? lock_acquire(fd, "lock", "slipway init", error) : NULL;
    if (lock == NULL || !take_folder(fd, options->home, resumed_out, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
        if (!dir_create_all(fd, folders[i], 0700, error))
            return false;
    }
    store = store_create(blobs, error);
    db = store != NULL ? db_open(&db_options, error) : NULL;
    public_keys = db != NULL ? signer_create_keys(keys, origin, error) : NULL;
    tlog = public_keys != NULL ? tlog_create(log_path, origin, error) : NULL;
    return tlog != NULL;
}

/* ---- opening ------------------------------------------------------------------------------------
 */

static bool
open_folder(Engine *engine, const char *command, GError **error)
{
    g_autoptr(GError) local = NULL;

    engine->home_fd = dir_open(AT_FDCWD, engine->home, &local);
    if (engine->home_fd < 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "there is no data folder '%s': make one with 'slipway init'", engine->home);
        return false;
    }
    if (faccessat(engine->home_fd, LOG_FOLDER, F_OK, 0) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "'%s' is not a data folder, or 'slipway init' did not finish there: run it again",
                  engine->home);
        return false;
    }
    engine->folder_lock = lock_acquire(engine->home_fd, "lock", command, error);
    return engine->folder_lock != NULL;
}

static bool
open_parts(Engine *engine, GError **error)
{
    g_autofree char *blobs = below(engine, "blobs");
    g_autofree char *db_path = below(engine, "slipway.db");
    g_autofree char *keys = below(engine, "keys");
    g_autofree char *log_path = below(engine, LOG_FOLDER);
    DbOptions db_options = { .url = db_path, .clock = engine->clock };
    SignerLogState signed_last = { 0 };

    engine->store = store_create(blobs, error);
    if (engine->store == NULL)
        return false;
    engine->db = db_open(&db_options, error);
    if (engine->db == NULL)
        return false;
    engine->signer = signer_client_new(keys);
    engine->origin = signer_origin(engine->signer, error);
    if (engine->origin == NULL)
        return false;
    if (!signer_load_log_state(engine->signer, &signed_last, error)) {
        error_prefix(
            error, "cannot open '%s' without its keys, which no backup holds: put them back", keys);
        return false;
    }
    MerkleHead known = { .size = signed_last.size, .root = signed_last.root };
    engine->tlog = tlog_open(log_path, engine->origin, &known, 1, error);
    return engine->tlog != NULL;
}

/* Finishes what a crash left: facts not folded, effects not planned, runs not ended, scratch. */
static bool
recover(Engine *engine, GError **error)
{
    int64_t now_us = clock_now_us(engine->clock);
    int64_t applied = 0;
    size_t n_runs = 0;

    if (!rebuild_catch_up(engine->db, engine->tlog, engine->store, &applied, error) ||
        !effects_catch_up(engine->db, engine->origin, now_us, error) ||
        !run_record_end_open(engine->db, "the engine stopped while it ran", now_us, &n_runs,
                             error) ||
        !dir_remove_all(engine->home_fd, "scratch", error))
        return false;
    if (n_runs > 0)
        log_event(LOG_NOTICE, "ended runs that the last engine left open", NULL);
    return true;
}

Engine *
engine_open(const EngineOptions *options, GError **error)
{
    g_autoptr(Engine) engine = g_new0(Engine, 1);
    LaneParts parts = { 0 };

    engine->home = g_canonicalize_filename(options->home, NULL);
    engine->clock = options->clock != NULL ? options->clock : &clock_system;
    engine->home_fd = -1;
    engine->runs = g_ptr_array_new_with_free_func((GDestroyNotify)run_unref);
    engine->threads = g_ptr_array_new();
    engine->publishing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    mutex_init(&engine->lock);
    mutex_init(&engine->pool_lock);
    cond_init(&engine->pool_changed);
    if (!open_folder(engine, options->command, error) || !open_parts(engine, error) ||
        !recover(engine, error))
        return NULL;
    engine->known = target_row_checkpoints(engine, error);
    if (engine->known == NULL)
        return NULL;
    engine->witnesses = witness_client_new(engine);
    parts = (LaneParts){ .grew = witness_client_get_wake(engine),
                         .db = engine->db,
                         .store = engine->store,
                         .tlog = engine->tlog,
                         .signer = engine->signer,
                         .clock = engine->clock,
                         .known = engine->known };
    if (!authority_adopt_key(engine, error))
        return NULL;
    engine->lane = lane_new(&parts, error);
    return engine->lane != NULL ? g_steal_pointer(&engine) : NULL;
}

/* ---- parts started when first needed
 * -------------------------------------------------------------- */

Executor *
engine_get_executor(Engine *engine, const char *name, GError **error)
{
    MUTEX_GUARD(&engine->lock);
    size_t slot = strcmp(name, "sandbox") == 0   ? 0
                  : strcmp(name, "host") == 0    ? 1
                  : strcmp(name, "command") == 0 ? 2
                                                 : 3;
    ExecutorConfig config = { 0 };

    if (slot == 0 && strcmp(name, "sandbox") != 0) { /* never another one in its place */
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "this engine has no executor '%s'",
                  name);
        return NULL;
    }
    if (engine->executors[slot] != NULL)
        return engine->executors[slot];
    if (engine->launcher == NULL)
        engine->launcher = launcher_start(error);
    if (engine->launcher == NULL)
        return NULL;
    config.launcher = engine->launcher;
    engine->executors[slot] = executor_open(name, &config, error);
    return engine->executors[slot];
}

/* ---- closing ------------------------------------------------------------------------------------
 */

void
engine_cancel_runs(Engine *engine)
{
    MUTEX_GUARD(&engine->lock);

    for (guint i = 0; i < engine->runs->len; i++)
        run_cancel(engine->runs->pdata[i]);
}

static void
stop_runs(Engine *engine)
{
    queue_stop(engine);
    engine_cancel_runs(engine);
    engine_threads_join(engine);
}

void
engine_free(Engine *engine)
{
    if (engine == NULL)
        return;
    stop_runs(engine);
    outbox_stop(engine);
    g_clear_pointer(&engine->runs, g_ptr_array_unref);
    g_clear_pointer(&engine->threads, g_ptr_array_unref);
    g_clear_pointer(&engine->publishing, g_hash_table_unref);
    witness_client_stop(engine);
    g_clear_pointer(&engine->foreign, foreign_free);
    g_clear_pointer(&engine->lane, lane_free);
    g_clear_pointer(&engine->known, g_array_unref);
    for (size_t i = 0; i < G_N_ELEMENTS(engine->executors); i++)
        g_clear_pointer(&engine->executors[i], executor_free);
    g_clear_pointer(&engine->launcher, launcher_free);
    g_clear_pointer(&engine->signer, signer_client_free);
    g_clear_pointer(&engine->tlog, tlog_free);
    g_clear_pointer(&engine->db, db_free);
    g_clear_pointer(&engine->store, store_free);
    g_clear_pointer(&engine->folder_lock, lock_free);
    fd_clear(&engine->home_fd);
    cond_clear(&engine->pool_changed);
    mutex_clear(&engine->pool_lock);
    mutex_clear(&engine->lock);
    g_free(engine->origin);
    g_free(engine->home);
    g_free(engine);
}
