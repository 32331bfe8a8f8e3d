/* SPDX-License-Identifier: Apache-2.0
 * foreign: the shards of the log of other people's entries, and the file that lists them. */
#include "service/foreign.h"
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include "base/encoding.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "service/engine_priv.h"
#include "service/foreign_priv.h"
#include "base/banned.h"

#define CONFIG_NAME "foreign.json"
#define CONFIG_FORM 1

struct Foreign {
    Engine *engine; /* borrowed */
    Mutex lock;
    ForeignLimits limits; /* guarded by lock */
    GPtrArray *shards;    /* guarded by lock; owned; of Shard; only ever grows: a Shard got from it
                             stays */
};

/* ---- the file ---- */

static json_t *
shards_to_json(const Foreign *foreign)
{
    json_t *list = json_array();

    for (guint i = 0; i < foreign->shards->len; i++) {
        const Shard *shard = foreign->shards->pdata[i];

        json_array_append_new(
            list, json_pack("{s:s, s:s}", "name", shard->name, "origin", shard->origin));
    }
    return list;
}

/* @more: a shard to be, or NULL. */
static bool
write_config(const Foreign *foreign, const ForeignLimits *limits, const char *name,
             const char *origin, GError **error)
{
    g_autoptr(json_t) shards = shards_to_json(foreign);

    if (name != NULL)
        json_array_append_new(shards, json_pack("{s:s, s:s}", "name", name, "origin", origin));
    g_autoptr(json_t) root =
        json_pack("{s:i, s:I, s:I, s:I, s:O}", "slipwayForeign", CONFIG_FORM, "maxEntries",
                  (json_int_t)limits->max_entries, "perMinute", (json_int_t)limits->per_minute,
                  "checkpointMs", (json_int_t)limits->checkpoint_ms, "shards", shards);
    g_autofree char *text = json_pretty(root);
    return file_write_atomic(foreign->engine->home_fd, CONFIG_NAME, span_of_text(text), 0600,
                             error);
}

static Shard *
open_one(const Foreign *foreign, const char *name, const char *origin, bool written, GError **error)
{
    ShardOptions options = { .engine = foreign->engine,
                             .name = name,
                             .origin = origin,
                             .written = written,
                             .checkpoint_ms = foreign->limits.checkpoint_ms };

    return shard_open(&options, error);
}

static bool
open_shards(Foreign *foreign, const json_t *list, GError **error)
{
    size_t n = json_array_size(list);

    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(list, i);
        const char *name = json_need_string(item, "name", CONFIG_NAME, error);
        const char *origin =
            name != NULL ? json_need_string(item, "origin", CONFIG_NAME, error) : NULL;
        Shard *shard = origin != NULL ? open_one(foreign, name, origin, i + 1 == n, error) : NULL;

        if (shard == NULL)
            return false;
        g_ptr_array_add(foreign->shards, shard);
    }
    return true;
}

static bool
check_limits(const ForeignLimits *limits, GError **error)
{
    if (limits->max_entries >= 1 && limits->max_entries <= LEAF_INDEX_MAX_ENTRIES &&
        limits->per_minute >= 0 && limits->checkpoint_ms >= 0 &&
        limits->checkpoint_ms <= FOREIGN_MAX_CHECKPOINT_MS)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
              "a shard has 1 to %u entries, a minute of an address any number from 0, and "
              "checkpoints are at most %d ms apart",
              LEAF_INDEX_MAX_ENTRIES, FOREIGN_MAX_CHECKPOINT_MS);
    return false;
}

/* Without a file: no shards and the usual limits. */
static bool
read_config(Foreign *foreign, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) text =
        file_read(foreign->engine->home_fd, CONFIG_NAME, LIMIT_KEY_FILE_BYTES, &local);
    ForeignLimits *limits = &foreign->limits;

    *limits = (ForeignLimits){ .max_entries = FOREIGN_DEFAULT_MAX_ENTRIES,
                               .per_minute = FOREIGN_DEFAULT_PER_MINUTE };
    if (text == NULL && error_kind(local) == ERROR_KIND_NOT_FOUND)
        return true;
    if (text == NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    g_autoptr(json_t) root = json_parse(span_of_bytes(text), LIMIT_KEY_FILE_BYTES, error);
    json_t *list = root != NULL ? json_need_array(root, "shards", CONFIG_NAME, error) : NULL;
    return list != NULL &&
           json_need_uint(root, "maxEntries", CONFIG_NAME, &limits->max_entries, error) &&
           json_need_uint(root, "perMinute", CONFIG_NAME, &limits->per_minute, error) &&
           json_need_uint(root, "checkpointMs", CONFIG_NAME, &limits->checkpoint_ms, error) &&
           check_limits(limits, error) && open_shards(foreign, list, error);
}

static Foreign *
open_all(Engine *engine, GError **error)
{
    g_autoptr(Foreign) foreign = g_new0(Foreign, 1);

    mutex_init(&foreign->lock);
    foreign->engine = engine;
    foreign->shards = g_ptr_array_new_with_free_func((GDestroyNotify)shard_free);
    if (read_config(foreign, error))
        return g_steal_pointer(&foreign);
    error_prefix(error, "cannot open the foreign log");
    return NULL;
}

/* With or without shards. */
static Foreign *
get_any(Engine *engine, GError **error)
{
    MUTEX_GUARD(&engine->lock);

    if (engine->foreign == NULL)
        engine->foreign = open_all(engine, error);
    return engine->foreign;
}

Foreign *
foreign_get(Engine *engine, GError **error)
{
    Foreign *foreign = get_any(engine, error);

    if (foreign == NULL)
        return NULL;
    MUTEX_GUARD(&foreign->lock);
    if (foreign->shards->len > 0)
        return foreign;
    error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
              "this server has no log for other people's entries");
    return NULL;
}

void
foreign_free(Foreign *foreign)
{
    if (foreign == NULL)
        return;
    g_clear_pointer(&foreign->shards, g_ptr_array_unref);
    mutex_clear(&foreign->lock);
    g_free(foreign);
}

ForeignLimits
foreign_limits(Foreign *foreign)
{
    MUTEX_GUARD(&foreign->lock);

    return foreign->limits;
}

/* ---- what operators do ---- */

static Shard *
newest(const Foreign *foreign)
{
    return foreign->shards->len > 0 ? foreign->shards->pdata[foreign->shards->len - 1] : NULL;
}

/* Under the lock. The old shard takes entries until the new one is in the file. */
static bool
add_shard(Foreign *foreign, const char *origin, GError **error)
{
    g_autofree char *name = foreign->shards->len == 0 ? g_strdup(FOREIGN_FIRST_NAME)
                                                      : g_strdup_printf(FOREIGN_FIRST_NAME "-%u",
                                                                        foreign->shards->len + 1);
    Shard *old = newest(foreign);

    for (guint i = 0; i < foreign->shards->len; i++) {
        if (strcmp(((Shard *)foreign->shards->pdata[i])->origin, origin) != 0)
            continue;
        error_set(error, BASE_ERROR, BASE_ERROR_EXISTS,
                  "the origin '%s' has been used: witnesses know a log by it, for ever", origin);
        return false;
    }
    if (foreign->shards->len >= FOREIGN_MAX_SHARDS) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "a foreign log has at most %d shards",
                  FOREIGN_MAX_SHARDS);
        return false;
    }
    if (!shard_create(foreign->engine->home, name, origin, error) ||
        !write_config(foreign, &foreign->limits, name, origin, error))
        return false;
    if (old != NULL)
        shard_freeze(old);
    Shard *shard = open_one(foreign, name, origin, true, error);
    if (shard != NULL)
        g_ptr_array_add(foreign->shards, shard);
    return shard != NULL;
}

bool
foreign_set(Engine *engine, const char *origin, const ForeignLimits *limits, json_t **result_out,
            GError **error)
{
    Foreign *foreign = get_any(engine, error);

    if (foreign == NULL)
        return false;
    {
        MUTEX_GUARD(&foreign->lock);
        Shard *shard = newest(foreign);
        ForeignLimits next = foreign->limits;

        if (limits->max_entries >= 0)
            next.max_entries = limits->max_entries;
        if (limits->per_minute >= 0)
            next.per_minute = limits->per_minute;
        if (limits->checkpoint_ms >= 0)
            next.checkpoint_ms = limits->checkpoint_ms;
        if (!check_limits(&next, error))
            return false;
        if (shard == NULL && origin == NULL) {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                      "the foreign log needs an origin: the host name others reach it by");
            return false;
        }
        if (shard != NULL && origin != NULL && strcmp(shard->origin, origin) != 0) {
            error_set(error, BASE_ERROR, BASE_ERROR_EXISTS,
                      "the foreign log is '%s'; another origin needs 'slipway log shard'",
                      shard->origin);
            return false;
        }
        foreign->limits = next;
        if (shard == NULL ? !add_shard(foreign, origin, error)
                          : !write_config(foreign, &next, NULL, NULL, error))
            return false;
        g_atomic_int_set(&newest(foreign)->checkpoint_ms, (int)next.checkpoint_ms);
    }
    return foreign_show(engine, result_out, error);
}

bool
foreign_shard(Engine *engine, const char *origin, json_t **result_out, GError **error)
{
    Foreign *foreign = foreign_get(engine, error);

    if (foreign == NULL)
        return false;
    {
        MUTEX_GUARD(&foreign->lock);

        if (!add_shard(foreign, origin, error))
            return false;
    }
    return foreign_show(engine, result_out, error);
}

static json_t *
base64_json(Span bytes)
{
    g_autofree char *text = base64_encode(bytes);

    return json_string(text);
}

static json_t *
describe(Shard *shard)
{
    MUTEX_GUARD(&shard->lock);
    json_t *object =
        json_pack("{s:s, s:s, s:b, s:o}", "name", shard->name, "origin", shard->origin, "written",
                  shard->written, "problem", json_string_or_null(shard->problem));

    if (shard->verifier != NULL) {
        g_autofree char *vkey = note_verifier_vkey(shard->verifier);
        Digest id = note_log_id(shard->origin, note_verifier_key(shard->verifier));

        json_object_set_new(object, "vkey", json_string(vkey));
        json_object_set_new(object, "logId", base64_json(span_of(id.bytes, DIGEST_SIZE)));
        json_object_set_new(object, "spki",
                            base64_json(public_key_spki(note_verifier_key(shard->verifier))));
    }
    if (shard->tlog != NULL) {
        json_object_set_new(object, "size", json_integer((json_int_t)shard->head.size));
        json_object_set_new(object, "root", json_digest(&shard->head.root));
    }
    return object;
}

bool
foreign_show(Engine *engine, json_t **result_out, GError **error)
{
    Foreign *foreign = get_any(engine, error);
    g_autoptr(json_t) list = json_array();

    if (foreign == NULL)
        return false;
    MUTEX_GUARD(&foreign->lock);
    for (guint i = 0; i < foreign->shards->len; i++)
        json_array_append_new(list, describe(foreign->shards->pdata[i]));
    *result_out =
        json_pack("{s:I, s:I, s:I, s:O}", "maxEntries", (json_int_t)foreign->limits.max_entries,
                  "perMinute", (json_int_t)foreign->limits.per_minute, "checkpointMs",
                  (json_int_t)foreign->limits.checkpoint_ms, "shards", list);
    return true;
}

bool
foreign_ask_witnesses(Engine *engine, bool again, GError **error)
{
    Foreign *foreign = get_any(engine, error);
    Shard *shard = NULL;

    if (foreign == NULL)
        return false;
    {
        MUTEX_GUARD(&foreign->lock);

        shard = newest(foreign);
    }
    if (shard == NULL || shard->tlog == NULL)
        return true;
    if (again)
        shard->witnessed = UINT64_MAX;
    return shard_ask_witnesses(shard, error);
}

bool
foreign_has(Engine *engine)
{
    MUTEX_GUARD(&engine->lock);

    return engine->foreign != NULL || faccessat(engine->home_fd, CONFIG_NAME, F_OK, 0) == 0;
}

/* ---- what others ask ---- */

bool
foreign_submit(Foreign *foreign, ForeignRequest *request, GError **error)
{
    Shard *shard = NULL;
    int64_t max_entries = 0;

    {
        MUTEX_GUARD(&foreign->lock);

        shard = newest(foreign);
        max_entries = foreign->limits.max_entries;
    }
    return shard_submit(shard, request, max_entries, error);
}

static Shard *
find_shard(Foreign *foreign, const char *name, const char *host, GError **error)
{
    MUTEX_GUARD(&foreign->lock);

    for (guint i = 0; i < foreign->shards->len; i++) {
        Shard *shard = foreign->shards->pdata[i];

        if (name != NULL ? strcmp(shard->name, name) == 0
                         : host != NULL && g_ascii_strcasecmp(shard->origin, host) == 0)
            return shard;
    }
    if (name == NULL)
        return newest(foreign);
    error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no log '%s' here", name);
    return NULL;
}

static json_t *
hashes_to_json(const TlogProof *proof)
{
    json_t *array = json_array();

    for (size_t i = 0; i < proof->n; i++)
        json_array_append_new(array, base64_json(span_of(proof->hashes[i].bytes, DIGEST_SIZE)));
    return array;
}

json_t *
foreign_entry_json(Foreign *foreign, const char *name, uint64_t index, const char *kind, Span leaf,
                   GError **error)
{
    Shard *shard = find_shard(foreign, name, NULL, error);
    g_autoptr(GBytes) note = NULL;
    MerkleHead head = { 0 };
    TlogProof proof = { 0 };
    char number[24];
    char size[24];

    if (shard == NULL)
        return NULL;
    {
        MUTEX_GUARD(&shard->lock);

        note = g_bytes_ref(shard->note);
        head = shard->head;
    }
    if (!tlog_prove_inclusion(shard->tlog, index, head.size, &proof, error))
        return NULL;
    Digest id = note_log_id(shard->origin, note_verifier_key(shard->verifier));
    g_autofree char *text = g_strndup(g_bytes_get_data(note, NULL), g_bytes_get_size(note));
    g_snprintf(number, sizeof number, "%" PRIu64, index);
    g_snprintf(size, sizeof size, "%" PRIu64, head.size);
    return json_pack(
        "{s:s, s:{s:o}, s:{s:s, s:s}, s:s, s:{s:s, s:o, s:s, s:o, s:{s:s}}, s:o}", "logIndex",
        number, "logId", "keyId", base64_json(span_of(id.bytes, DIGEST_SIZE)), "kindVersion",
        "kind", kind, "version", FOREIGN_ENTRY_VERSION, "integratedTime", "0", "inclusionProof",
        "logIndex", number, "rootHash", base64_json(span_of(head.root.bytes, DIGEST_SIZE)),
        "treeSize", size, "hashes", hashes_to_json(&proof), "checkpoint", "envelope", text,
        "canonicalizedBody", base64_json(leaf));
}

bool
foreign_open_file(Foreign *foreign, const char *name, const char *host, const char *path,
                  int *fd_out, uint64_t *size_out, GError **error)
{
    Shard *shard = find_shard(foreign, name, host, error);
    struct stat info;

    if (shard == NULL || !shard_refresh_view(shard, error))
        return false;
    AUTO_FD int dir = dir_open(AT_FDCWD, shard->view_path, error);
    if (dir < 0)
        return false;
    AUTO_FD int fd = open_beneath(dir, path, O_RDONLY, 0, NULL);
    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the log has no file '%s'", path);
        return false;
    }
    *size_out = (uint64_t)info.st_size;
    *fd_out = fd_steal(&fd);
    return true;
}
