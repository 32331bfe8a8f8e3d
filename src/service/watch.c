/* SPDX-License-Identifier: Apache-2.0
 * watch: rows of work_watch, and what a look at one makes of them. */
#include "service/watch.h"
#include <string.h>
#include "base/json.h"
#include "base/limits.h"
#include "format/glob.h"
#include "service/engine_priv.h"
#include "service/follow.h"
#include "service/outbox_priv.h"
#include "service/project.h"
#include "service/queue.h"
#include "service/trouble.h"
#include "service/watch_ask.h"
#include "service/settings.h"
#include "base/banned.h"

#define POLL_LEAST_S   60
#define POLL_MOST_S    604800 /* a week */
#define POLL_DEFAULT_S 3600
#define GLOBS_MAX      100
#define TOLD_BYTES     1000 /* of what is new, in the run's input */
#define SEEN_BYTES     (4u << 20)

static const char *const kind_names[WATCH_N_KINDS] = {
    [WATCH_NONE] = "none", [WATCH_APT] = "apt", [WATCH_OCI] = "oci"
};

void
watch_free(Watch *watch)
{
    if (watch == NULL)
        return;
    g_free(watch->project);
    g_free(watch->name);
    g_free(watch->url);
    g_free(watch->suite);
    g_free(watch->component);
    g_free(watch->arch);
    g_strfreev(watch->artifacts);
    g_clear_pointer(&watch->seen, json_decref);
    g_free(watch);
}

static WatchKind
kind_from_string(const char *name)
{
    for (int kind = WATCH_NONE + 1; name != NULL && kind < WATCH_N_KINDS; kind++) {
        if (strcmp(name, kind_names[kind]) == 0)
            return (WatchKind)kind;
    }
    return WATCH_NONE;
}

/* ---- settings ---------------------------------------------------------------------------------- */

/* Goes into an address as it is. Owned. */
static bool
take_part(const json_t *settings, const char *key, const char *fallback, char **out, GError **error)
{
    const json_t *value = json_object_get(settings, key);
    const char *text = value != NULL ? json_string_value(value) : fallback;

    if (text == NULL || strlen(text) > 200 || strstr(text, "..") != NULL ||
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/") !=
            strlen(text))
        return settings_invalid(error, key, "letters, digits and '._-/'");
    *out = g_strdup(text);
    return true;
}

static bool
take_url(const json_t *settings, Watch *watch, GError **error)
{
    const char *text = json_string_value(json_object_get(settings, "url"));
    bool good = text != NULL && strlen(text) <= 4096 &&
                (g_str_has_prefix(text, "https://") || g_str_has_prefix(text, "http://")) &&
                strpbrk(text, " \t\r\n?#@\\") == NULL;
    const char *path = good ? strchr(strstr(text, "://") + 3, '/') : NULL;

    if (!good || (watch->kind == WATCH_OCI && (path == NULL || path[1] == '\0')))
        return settings_invalid(
            error, "url", watch->kind == WATCH_OCI ? "https://HOST/NAME" : "https://HOST/PATH");
    watch->url = g_strdup(text);
    while (g_str_has_suffix(watch->url, "/"))
        watch->url[strlen(watch->url) - 1] = '\0';
    return true;
}

static bool
take_globs(const json_t *settings, Watch *watch, GError **error)
{
    const json_t *list = json_object_get(settings, "artifacts");
    g_autoptr(GPtrArray) globs = g_ptr_array_new_with_free_func(g_free);
    size_t i = 0;
    json_t *one = NULL;

    json_array_foreach ((json_t *)list, i, one) {
        const char *text = json_string_value(one);

        if (text == NULL || i >= GLOBS_MAX || strlen(text) > 200 || strchr(text, '\n') != NULL ||
            !glob_check(text + (text[0] == '!' ? 1 : 0), NULL))
            return settings_invalid(error, "artifacts", "a list of globs");
        g_ptr_array_add(globs, g_strdup(text));
    }
    g_ptr_array_add(globs, NULL);
    watch->artifacts = (char **)g_ptr_array_free(g_steal_pointer(&globs), FALSE);
    return true;
}

static bool
take_settings(const json_t *settings, Watch *watch, GError **error)
{
    const json_t *poll = json_object_get(settings, "poll");

    watch->kind = kind_from_string(json_string_value(json_object_get(settings, "kind")));
    if (watch->kind == WATCH_NONE)
        return settings_invalid(error, "kind", "'apt' or 'oci'");
    watch->poll_s = poll != NULL ? json_integer_value(poll) : POLL_DEFAULT_S;
    if (watch->poll_s < POLL_LEAST_S || watch->poll_s > POLL_MOST_S)
        return settings_invalid(error, "poll", "60 seconds to a week");
    if (!take_url(settings, watch, error) || !take_globs(settings, watch, error) ||
        !take_part(settings, "suite", "", &watch->suite, error) ||
        !take_part(settings, "component", "main", &watch->component, error) ||
        !take_part(settings, "arch", "amd64", &watch->arch, error))
        return false;
    return watch->kind != WATCH_APT || watch->suite[0] != '\0' ||
           settings_invalid(error, "suite", "a suite of the archive, as 'bookworm'");
}

/* ---- rows -------------------------------------------------------------------------------------- */

static json_t *
watch_json(const Watch *watch)
{
    json_t *globs = json_array();

    for (size_t i = 0; watch->artifacts[i] != NULL; i++)
        json_array_append_new(globs, json_string(watch->artifacts[i]));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:b}", "project",
                     watch->project, "name", watch->name, "kind", kind_names[watch->kind], "url",
                     watch->url, "suite", watch->suite, "component", watch->component, "arch",
                     watch->arch, "artifacts", globs, "poll", (json_int_t)watch->poll_s, "looked",
                     watch->seen != NULL);
}

static bool
write_watch(DbConn *conn, void *input, GError **error)
{
    const Watch *watch = input;
    g_autofree char *globs = g_strjoinv("\n", watch->artifacts);
    g_auto(Project) project = { 0 };

    return project_load(conn, watch->project, &project, error) &&
           db_exec(conn, QUERY_WATCH_SET,
                   DB_PARAMS(DB_TEXT(watch->project), DB_TEXT(watch->name),
                             DB_TEXT(kind_names[watch->kind]), DB_TEXT(watch->url),
                             DB_TEXT(watch->suite), DB_TEXT(watch->component), DB_TEXT(watch->arch),
                             DB_TEXT(globs), DB_INT(watch->poll_s)),
                   error);
}

bool
watch_set(Engine *engine, const char *project, const char *name, const json_t *settings,
          json_t **result_out, GError **error)
{
    g_autoptr(Watch) watch = g_new0(Watch, 1);

    watch->project = g_strdup(project);
    watch->name = g_strdup(name);
    if (name[0] == '\0' || strlen(name) > 64 || strpbrk(name, "/\n") != NULL)
        return settings_invalid(error, "name", "1 to 64 characters without '/'");
    if (!take_settings(settings, watch, error) ||
        !db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_watch, watch, error))
        return false;
    outbox_settings_changed(engine); /* polling may have begun */
    *result_out = watch_json(watch);
    return true;
}

static Watch *
read_row(const DbRows *rows)
{
    Watch *watch = g_new0(Watch, 1);
    const char *globs = db_rows_text(rows, 7);
    const char *seen = db_rows_text(rows, 9);

    watch->project = g_strdup(db_rows_text(rows, 0));
    watch->name = g_strdup(db_rows_text(rows, 1));
    watch->kind = kind_from_string(db_rows_text(rows, 2));
    watch->url = g_strdup(db_rows_text(rows, 3));
    watch->suite = g_strdup(db_rows_text(rows, 4));
    watch->component = g_strdup(db_rows_text(rows, 5));
    watch->arch = g_strdup(db_rows_text(rows, 6));
    watch->artifacts = globs[0] != '\0' ? g_strsplit(globs, "\n", -1) : g_new0(char *, 1);
    watch->poll_s = db_rows_int(rows, 8);
    watch->seen = seen != NULL ? json_parse(span_of_text(seen), SEEN_BYTES, NULL) : NULL;
    return watch;
}

static void
free_watch(void *watch)
{
    watch_free(watch);
}

GPtrArray *
watch_load_all(Engine *engine, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(free_watch);
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows =
        reader != NULL ? db_select(reader, QUERY_WATCH_LIST, DB_NO_PARAMS, error) : NULL;
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        g_ptr_array_add(list, read_row(rows));
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&list);
}

json_t *
watch_list(Engine *engine, const char *project, GError **error)
{
    g_autoptr(GPtrArray) list = watch_load_all(engine, error);
    g_autoptr(json_t) array = json_array();
    g_autoptr(DbReader) reader = NULL;

    reader = list != NULL ? db_reader_acquire(engine->db, error) : NULL;
    for (guint i = 0; reader != NULL && i < list->len; i++) {
        const Watch *watch = list->pdata[i];
        json_t *object = NULL;

        if (project != NULL && strcmp(project, watch->project) != 0)
            continue;
        object = watch_json(watch);
        json_array_append_new(array, object);
        if (!trouble_add(reader, watch->project, watch->name, object, error))
            return NULL;
    }
    return reader != NULL ? g_steal_pointer(&array) : NULL;
}

typedef struct Name {
    const char *project, *name;
    bool removed;
} Name;

static bool
write_remove(DbConn *conn, void *input, GError **error)
{
    Name *name = input;

    if (!db_exec(conn, QUERY_WATCH_REMOVE, DB_PARAMS(DB_TEXT(name->project), DB_TEXT(name->name)),
                 error))
        return false;
    name->removed = db_changes(conn) > 0;
    return db_exec(conn, QUERY_TROUBLE_CLEAR,
                   DB_PARAMS(DB_TEXT(name->project), DB_TEXT(name->name)), error);
}

bool
watch_remove(Engine *engine, const char *project, const char *name, GError **error)
{
    Name which = { .project = project, .name = name };

    if (!db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_remove, &which, error))
        return false;
    if (!which.removed)
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no watch '%s/%s'", project,
                  name);
    return which.removed;
}

/* ---- a look ------------------------------------------------------------------------------------ */

typedef struct Look {
    const Watch *watch;
    json_t *now;    /* borrowed */
    char *before;   /* owned: the note of the look before, "": there was none */
    char *seen;     /* owned: the note of this one */
    GString *news;  /* owned: what is new, for people; "": nothing */
    unsigned n_new; /* how many */
    int64_t now_us;
    bool queued;
} Look;

static void
look_clear(Look *look)
{
    g_free(look->before);
    g_free(look->seen);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Look, look_clear)

/* The note of this look. One that could not be read again would make each look the first. */
static bool
write_note(Look *look, GError **error)
{
    look->before =
        look->watch->seen != NULL ? json_canonical(look->watch->seen, NULL, error) : g_strdup("");
    look->seen = look->before != NULL ? json_canonical(look->now, NULL, error) : NULL;
    if (look->seen == NULL || strlen(look->seen) <= SEEN_BYTES)
        return look->seen != NULL;
    error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
              "there is more than %u MiB to remember: say which with '--artifact GLOB'",
              SEEN_BYTES >> 20);
    return false;
}

static void
find_news(Look *look)
{
    const char *key = NULL;
    json_t *value = NULL;

    json_object_foreach (look->now, key, value) {
        if (key[0] == '\0' || json_equal(json_object_get(look->watch->seen, key), value))
            continue;
        look->n_new++;
        if (look->news->len > TOLD_BYTES)
            continue;
        g_string_append_printf(look->news, "%s%s", look->news->len > 0 ? ", " : "", key);
        if (look->watch->kind == WATCH_OCI)
            g_string_append_printf(look->news, "@%s", json_string_value(value));
    }
}

static bool
queue_news(DbConn *conn, Look *look, GError **error)
{
    const Watch *watch = look->watch;
    g_autofree char *ref = NULL;
    g_autoptr(json_t) inputs = NULL;
    g_autofree char *why = NULL;
    RunId run = { 0 };
    QueueRequest request = { .project = watch->project,
                             .trigger = RUN_TRIGGER_ARTIFACT,
                             .actor = "" };

    if (!follow_target(conn, watch->project, "artifact", look->news->str, &ref, &inputs, error))
        return false;
    why = look->n_new == 1
              ? g_strdup_printf("new in %s: %.900s", watch->name, look->news->str)
              : g_strdup_printf("%u new in %s: %.900s", look->n_new, watch->name, look->news->str);
    request.ref = ref != NULL ? ref : "refs/heads/main";
    request.reason = why;
    request.inputs = inputs;
    look->queued = true;
    return queue_add(conn, &request, look->now_us, &run, error);
}

static bool
write_look(DbConn *conn, void *input, GError **error)
{
    Look *look = input;
    const Watch *watch = look->watch;
    g_autofree char *globs = g_strjoinv("\n", watch->artifacts);

    look->queued = false;
    if (!db_exec(conn, QUERY_WATCH_SEEN,
                 DB_PARAMS(DB_TEXT(watch->project), DB_TEXT(watch->name), DB_TEXT(look->seen),
                           DB_TEXT(look->before), DB_TEXT(watch->url), DB_TEXT(watch->suite),
                           DB_TEXT(watch->component), DB_TEXT(watch->arch), DB_TEXT(globs)),
                 error))
        return false;
    if (db_changes(conn) == 0 || watch->seen == NULL || look->n_new == 0)
        return true; /* removed, changed or looked at meanwhile; the first look; only something went */
    return queue_news(conn, look, error);
}

bool
watch_look(Engine *engine, const Watch *watch, Cancel *cancel, char **news_out, GError **error)
{
    g_autoptr(json_t) now = watch_ask(watch, cancel, error);
    g_autoptr(GString) news = g_string_new(NULL);
    g_auto(Look)
        look = { .watch = watch, .now = now, .news = news, .now_us = clock_now_us(engine->clock) };

    if (now == NULL)
        return false;
    if (json_equal(now, watch->seen))
        return true;
    find_news(&look);
    if (!write_note(&look, error) ||
        !db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_look, &look, error))
        return false;
    if (look.queued)
        queue_wake(engine);
    if (news_out != NULL && look.queued)
        *news_out = g_strdup(news->str);
    return true;
}

bool
watch_look_now(Engine *engine, const char *project, const char *name, char **news_out,
               GError **error)
{
    g_autoptr(GPtrArray) list = watch_load_all(engine, error);
    g_autofree char *news = NULL;
    g_autoptr(GError) local = NULL;
    g_autoptr(GError) second = NULL;

    for (guint i = 0; list != NULL && i < list->len; i++) {
        const Watch *watch = list->pdata[i];

        if (strcmp(watch->project, project) != 0 || strcmp(watch->name, name) != 0)
            continue;
        bool ok = watch_look(engine, watch, NULL, &news, &local);

        if (!trouble_note(engine, project, name, local, &second))
            error_ignore(false, &second, "the next look notes it");
        if (!ok) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
        *news_out = news != NULL ? g_steal_pointer(&news) : g_strdup("");
        return true;
    }
    if (list != NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no watch '%s/%s'", project,
                  name);
    return false;
}
