/* SPDX-License-Identifier: Apache-2.0
 * secret: see secret.h. */
#include "service/secret.h"
#include <string.h>
#include "base/encoding.h"
#include "base/json.h"
#include "format/glob.h"
#include "joblog/mask.h"
#include "service/engine_priv.h"
#include "service/secret_box.h"
#include "base/banned.h"

#define NAME_BYTES    64
#define MAX_RULES     100
#define MAX_USES      200
#define TEXT_BYTES    1024
#define LABEL_VERSION "slipway-secret 1"

static const char *const trigger_names[RUN_N_TRIGGERS] = {
    "none", "push", "tag", "proposal", "manual", "schedule", "release", "artifact",
};

static void
secret_free_void(void *data)
{
    secret_free(data);
}

void
secret_set_clear(SecretSet *set)
{
    g_clear_pointer(&set->pairs, g_ptr_array_unref);
    g_clear_pointer(&set->hidden, g_ptr_array_unref);
    g_clear_pointer(&set->withheld, g_ptr_array_unref);
}

static char *
label_of(const char *project, const char *name)
{
    return g_strdup_printf(LABEL_VERSION " %s/%s", project, name);
}

/* ---- rules ------------------------------------------------------------------------------------ */

static bool
check_rule(const char *what, const char *text, bool is_trigger, GError **error)
{
    if (text == NULL || text[0] == '\0' || strlen(text) > TEXT_BYTES ||
        strchr(text, '\n') != NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "'%s' must be texts of one line", what);
        return false;
    }
    if (!is_trigger)
        return glob_check(text, error);
    for (int i = RUN_TRIGGER_PUSH; i < RUN_N_TRIGGERS; i++) {
        if (i != RUN_TRIGGER_PROPOSAL && strcmp(text, trigger_names[i]) == 0)
            return true;
    }
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
              "a secret cannot be for '%s'; known are: push, tag, manual, schedule, release, "
              "artifact",
              text);
    return false;
}

/* An array of texts as lines. Owned, NULL on error. */
static char *
rules_text(const char *what, const json_t *rules, bool is_trigger, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (json_array_size(rules) > MAX_RULES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "'%s' has more than %d items", what,
                  MAX_RULES);
        return NULL;
    }
    for (size_t i = 0; i < json_array_size(rules); i++) {
        const char *rule = json_string_value(json_array_get(rules, i));

        if (!check_rule(what, rule, is_trigger, error))
            return NULL;
        g_string_append_printf(text, "%s%s", i == 0 ? "" : "\n", rule);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static bool
any_fits(const char *rules, const char *text, const char *other)
{
    g_auto(GStrv) list = g_strsplit(rules, "\n", -1);

    if (rules[0] == '\0')
        return true;
    for (size_t i = 0; list[i] != NULL; i++) {
        if (glob_match(list[i], text) || (other != NULL && glob_match(list[i], other)))
            return true;
    }
    return false;
}

static const char *
short_ref(const char *ref)
{
    if (g_str_has_prefix(ref, "refs/heads/"))
        return ref + strlen("refs/heads/");
    return g_str_has_prefix(ref, "refs/tags/") ? ref + strlen("refs/tags/") : NULL;
}

/* ---- changing --------------------------------------------------------------------------------- */

static bool
check_change(const SecretChange *change, GError **error)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    const char *name = change->name;

    if (name[0] == '\0' || strlen(name) > NAME_BYTES || name[strspn(name, allowed)] != '\0' ||
        g_ascii_isdigit(name[0]) || g_str_has_prefix(name, "SLIPWAY_")) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "a secret's name must be 1 to %d letters, digits and '_', the first no digit, "
                  "not '%s'",
                  NAME_BYTES, name);
        return false;
    }
    if (change->value.data == NULL)
        return true;
    if (change->value.len < MASK_MIN_SECRET_BYTES || change->value.len > MASK_MAX_SECRET_BYTES ||
        !utf8_is_valid(change->value)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "the value of secret '%s' must be %d to %u bytes of text", name,
                  MASK_MIN_SECRET_BYTES, MASK_MAX_SECRET_BYTES);
        return false;
    }
    return true;
}

typedef struct Row {
    const SecretChange *change;
    bool create;
    GBytes *sealed; /* NULL: stays */
    const char *jobs, *refs, *triggers;
    int64_t now_us;
} Row;

static bool
need_change(DbConn *conn, const SecretChange *change, GError **error)
{
    if (db_changes(conn) > 0)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no secret '%s/%s'",
              change->project, change->name);
    return false;
}

static bool
write_change(DbConn *conn, void *input, GError **error)
{
    const Row *row = input;
    const SecretChange *change = row->change;

    if (row->create)
        return db_exec(conn, QUERY_SECRET_INSERT,
                       DB_PARAMS(DB_TEXT(change->project), DB_TEXT(change->name),
                                 DB_BLOB(span_of_bytes(row->sealed)), DB_TEXT(row->jobs),
                                 DB_TEXT(row->refs), DB_TEXT(row->triggers), DB_TEXT(change->actor),
                                 DB_INT(row->now_us)),
                       error);
    if (change->rules &&
        (!db_exec(conn, QUERY_SECRET_RULES,
                  DB_PARAMS(DB_TEXT(change->project), DB_TEXT(change->name), DB_TEXT(row->jobs),
                            DB_TEXT(row->refs), DB_TEXT(row->triggers)),
                  error) ||
         !need_change(conn, change, error)))
        return false;
    return row->sealed == NULL ||
           (db_exec(conn, QUERY_SECRET_VALUE,
                    DB_PARAMS(DB_TEXT(change->project), DB_TEXT(change->name),
                              DB_BLOB(span_of_bytes(row->sealed)), DB_TEXT(change->actor),
                              DB_INT(row->now_us)),
                    error) &&
            need_change(conn, change, error));
}

bool
secret_set(Engine *engine, const SecretChange *change, bool create, GError **error)
{
    g_autofree char *label = label_of(change->project, change->name);
    g_autofree char *jobs = rules_text("jobs", change->jobs, false, error);
    g_autofree char *refs = jobs == NULL ? NULL : rules_text("refs", change->refs, false, error);
    g_autofree char *triggers =
        refs == NULL ? NULL : rules_text("triggers", change->triggers, true, error);
    g_autoptr(Secret) key = NULL;
    g_autoptr(GBytes) sealed = NULL;
    Row row = { .change = change, .create = create, .now_us = clock_now_us(engine->clock) };

    if (triggers == NULL || !check_change(change, error))
        return false;
    if (create && change->value.data == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "secret '%s' needs a value", change->name);
        return false;
    }
    if (change->value.data != NULL) {
        key = secret_box_load_key(engine->home_fd, true, error);
        sealed = key == NULL ? NULL : secret_box_seal(key, label, change->value, error);
        if (sealed == NULL)
            return false;
    }
    row.sealed = sealed;
    row.jobs = jobs;
    row.refs = refs;
    row.triggers = triggers;
    if (db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_change, &row, error))
        return true;
    error_prefix(error, "cannot keep secret '%s/%s'", change->project, change->name);
    return false;
}

static bool
write_remove(DbConn *conn, void *input, GError **error)
{
    const SecretChange *change = input;

    return db_exec(conn, QUERY_SECRET_DELETE,
                   DB_PARAMS(DB_TEXT(change->project), DB_TEXT(change->name)), error) &&
           need_change(conn, change, error);
}

bool
secret_remove(Engine *engine, const char *project, const char *name, GError **error)
{
    SecretChange change = { .project = project, .name = name };

    return db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_remove, &change, error);
}

/* ---- looking ---------------------------------------------------------------------------------- */

static json_t *
rules_json(const char *text)
{
    g_auto(GStrv) list = g_strsplit(text, "\n", -1);
    json_t *array = json_array();

    for (size_t i = 0; text[0] != '\0' && list[i] != NULL; i++)
        json_array_append_new(array, json_string(list[i]));
    return array;
}

json_t *
secret_list(Engine *engine, const char *project, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows =
        reader == NULL ? NULL
                       : db_select(reader, QUERY_SECRET_LIST,
                                   DB_PARAMS(DB_TEXT(project != NULL ? project : "")), error);
    g_autoptr(json_t) list = json_array();
    bool has_row = rows != NULL;

    while (has_row) {
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
        if (!has_row)
            break;
        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:o, s:o, s:o, s:s, s:I, s:I, s:b, s:o}", "project",
                      db_rows_text(rows, 0), "name", db_rows_text(rows, 1), "jobs",
                      rules_json(db_rows_text(rows, 3)), "refs", rules_json(db_rows_text(rows, 4)),
                      "triggers", rules_json(db_rows_text(rows, 5)), "changedBy",
                      db_rows_text(rows, 6), "createdAt", (json_int_t)db_rows_int(rows, 7),
                      "changedAt", (json_int_t)db_rows_int(rows, 8), "rotated",
                      (int)db_rows_int(rows, 2), "lastUsedAt",
                      db_rows_is_null(rows, 9) ? json_null() : json_integer(db_rows_int(rows, 9))));
    }
    return rows == NULL ? NULL : g_steal_pointer(&list);
}

json_t *
secret_uses(Engine *engine, const char *project, const char *name, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows =
        reader == NULL
            ? NULL
            : db_select(reader, QUERY_SECRET_USE_LIST,
                        DB_PARAMS(DB_TEXT(project), DB_TEXT(name), DB_INT(MAX_USES)), error);
    g_autoptr(json_t) list = json_array();
    bool has_row = rows != NULL;

    while (has_row) {
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
        if (has_row)
            json_array_append_new(
                list, json_pack("{s:I, s:s, s:I}", "run", (json_int_t)db_rows_int(rows, 0), "job",
                                db_rows_text(rows, 1), "usedAt", (json_int_t)db_rows_int(rows, 2)));
    }
    return rows == NULL ? NULL : g_steal_pointer(&list);
}

/* ---- giving ----------------------------------------------------------------------------------- */

typedef struct Giving {
    Engine *engine;
    const SecretRequest *request;
    Secret *key; /* owned; loaded at the first need */
    SecretSet *out;
    GPtrArray *used; /* owned, of owned text: project and name, two a use */
    int64_t now_us;
} Giving;

static void
withhold(Giving *giving, const char *name, const char *why)
{
    g_ptr_array_add(giving->out->withheld, g_strdup_printf("%s: %s", name, why));
}

/* Why not, or NULL. @rows: at a row of secret_get. */
static const char *
refusal(const SecretRequest *request, const DbRows *rows)
{
    const char *triggers = db_rows_text(rows, 6);
    bool trigger_known = request->trigger > RUN_TRIGGER_NONE && request->trigger < RUN_N_TRIGGERS;

    if (request->outside || request->trigger == RUN_TRIGGER_PROPOSAL)
        return "proposals get no secrets";
    if (!trigger_known || !any_fits(triggers, trigger_names[request->trigger], NULL))
        return "not for what started this run";
    if (!any_fits(db_rows_text(rows, 4), request->job, NULL))
        return "not for this job";
    return any_fits(db_rows_text(rows, 5), request->ref, short_ref(request->ref))
               ? NULL
               : "not for this ref";
}

/* "NAME=VALUE" with its NUL. */
static Secret *
make_pair(const char *name, const Secret *value)
{
    Span bytes = secret_get(value);
    size_t name_len = strlen(name);
    size_t len = name_len + 1 + bytes.len + 1;
    g_autofree char *text = g_malloc0(len);

    memcpy(text, name, name_len);
    text[name_len] = '=';
    memcpy(text + name_len + 1, bytes.data, bytes.len);
    Secret *secret = secret_new(span_of(text, len));

    secret_wipe(text, len);
    return secret;
}

static bool
give(Giving *giving, const char *name, const DbRows *rows, GError **error)
{
    const char *project = db_rows_text(rows, 0);
    g_autofree char *label = label_of(project, name);

    if (giving->key == NULL)
        giving->key = secret_box_load_key(giving->engine->home_fd, false, error);
    if (giving->key == NULL)
        return false;
    Secret *value = secret_box_open(giving->key, label, db_rows_blob(rows, 2), error);

    if (value == NULL)
        return false;
    g_ptr_array_add(giving->out->hidden, value);
    g_ptr_array_add(giving->out->pairs, make_pair(name, value));
    g_ptr_array_add(giving->used, g_strdup(project));
    g_ptr_array_add(giving->used, g_strdup(name));
    if (db_rows_is_null(rows, 3))
        return true;
    Secret *previous = secret_box_open(giving->key, label, db_rows_blob(rows, 3), error);

    if (previous != NULL)
        g_ptr_array_add(giving->out->hidden, previous);
    return previous != NULL;
}

/* @found_out: whether there is one of that name in @project. */
static bool
look_in(Giving *giving, DbReader *reader, const char *project, const char *name, bool *found_out,
        GError **error)
{
    g_autoptr(DbRows) rows =
        db_select(reader, QUERY_SECRET_GET, DB_PARAMS(DB_TEXT(project), DB_TEXT(name)), error);
    const char *why = NULL;

    if (rows == NULL || !db_rows_next(rows, found_out, error))
        return false;
    if (!*found_out)
        return true;
    why = refusal(giving->request, rows);
    if (why == NULL)
        return give(giving, name, rows, error);
    withhold(giving, name, why);
    return true;
}

static bool
look_all(Giving *giving, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(giving->engine->db, error);

    if (reader == NULL)
        return false;
    for (size_t i = 0; giving->request->names[i] != NULL; i++) {
        const char *name = giving->request->names[i];
        bool found = false;

        if (!look_in(giving, reader, giving->request->project, name, &found, error) ||
            (!found && !look_in(giving, reader, SECRET_EVERY_PROJECT, name, &found, error)))
            return false;
        if (!found)
            withhold(giving, name, "the server has no such secret");
    }
    return true;
}

static bool
write_uses(DbConn *conn, void *input, GError **error)
{
    const Giving *giving = input;

    for (guint i = 0; i + 1 < giving->used->len; i += 2) {
        if (!db_exec(conn, QUERY_SECRET_USE_INSERT,
                     DB_PARAMS(DB_TEXT(giving->used->pdata[i]), DB_TEXT(giving->used->pdata[i + 1]),
                               DB_INT(giving->request->run.v), DB_TEXT(giving->request->job),
                               DB_INT(giving->now_us)),
                     error))
            return false;
    }
    return true;
}

bool
secret_collect(Engine *engine, const SecretRequest *request, SecretSet *out, GError **error)
{
    g_auto(SecretSet) set = {
        .pairs = g_ptr_array_new_with_free_func(secret_free_void),
        .hidden = g_ptr_array_new_with_free_func(secret_free_void),
        .withheld = g_ptr_array_new_with_free_func(g_free),
    };
    g_autoptr(GPtrArray) used = g_ptr_array_new_with_free_func(g_free);
    Giving giving = { .engine = engine, .request = request, .out = &set, .used = used };

    giving.now_us = clock_now_us(engine->clock);
    bool ok = request->names == NULL || look_all(&giving, error);

    secret_free(giving.key);
    if (ok && used->len > 0)
        ok = db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_uses, &giving, error);
    if (!ok) {
        error_prefix(error, "cannot give secrets to job '%s'", request->job);
        return false;
    }
    *out = set;
    set = (SecretSet){ 0 };
    return true;
}
