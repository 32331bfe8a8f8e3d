/* SPDX-License-Identifier: Apache-2.0
 * poll: repositories that nobody tells us about are asked at an interval what their branches and tags
 * are. What differs from the last time is a delivery of our own; the note of what was seen is
 * written in the same transaction, so nothing is missed or built twice. What is there at the first
 * look builds nothing; that there was one is a note too, so that the first push into an empty
 * repository builds. */
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include "base/digest.h"
#include "base/log.h"
#include "base/ulid.h"
#include "git/mirror.h"
#include "service/engine_priv.h"
#include "service/intake_priv.h"
#include "service/outbox_priv.h"
#include "service/queue.h"
#include "service/trouble.h"
#include "service/watch.h"
#include "sys/wake.h"
#include "base/banned.h"

#define CHANGES_MAX  200 /* of one look; the rest is seen at the next */
#define TROUBLE_MS   60000
#define PEER         "poll"
#define NEW_WATCH_US (60ll * 1000000) /* a first look that failed is tried again so soon */
#define LOOKED       ""               /* the ref under which it is noted that somebody has looked */

struct Poll {
    Engine *engine;  /* borrowed */
    Thread *thread;  /* owned */
    Wake *wake;      /* owned */
    Cancel *cancel;  /* owned */
    GHashTable *due; /* owned, the thread's: project or watch → int64_t *, monotonic */
};

typedef struct Polled {
    char *name;
    char *source;
    int64_t poll_s;
} Polled;

static void
polled_free(void *data)
{
    Polled *polled = data;

    g_free(polled->name);
    g_free(polled->source);
    g_free(polled);
}

/* Owned, of owned Polled. */
static GPtrArray *
load_polled(Engine *engine, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(polled_free);
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows =
        reader != NULL ? db_select(reader, QUERY_PROJECT_POLLED, DB_NO_PARAMS, error) : NULL;
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        Polled *polled = g_new0(Polled, 1);

        polled->name = g_strdup(db_rows_text(rows, 0));
        polled->source = g_strdup(db_rows_text(rows, 1));
        polled->poll_s = db_rows_int(rows, 2);
        g_ptr_array_add(list, polled);
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&list);
}

/* ref → id of the last look. Owned. */
static GHashTable *
load_seen(Engine *engine, const char *project, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows =
        reader != NULL ? db_select(reader, QUERY_POLL_REFS, DB_PARAMS(DB_TEXT(project)), error)
                       : NULL;
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        g_hash_table_insert(seen, g_strdup(db_rows_text(rows, 0)), g_strdup(db_rows_text(rows, 1)));
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&seen);
}

/* ---- writing what was seen ---------------------------------------------------------------------- */

typedef struct Baseline {
    const char *project;
    const GHashTable *now;
} Baseline;

static bool
write_baseline(DbConn *conn, void *input, GError **error)
{
    const Baseline *baseline = input;
    GHashTableIter iter;
    void *ref = NULL, *id = NULL;

    if (!db_exec(conn, QUERY_POLL_REF_SET,
                 DB_PARAMS(DB_TEXT(baseline->project), DB_TEXT(LOOKED), DB_TEXT("")), error))
        return false;
    g_hash_table_iter_init(&iter, (GHashTable *)baseline->now);
    while (g_hash_table_iter_next(&iter, &ref, &id)) {
        if (!db_exec(conn, QUERY_POLL_REF_SET,
                     DB_PARAMS(DB_TEXT(baseline->project), DB_TEXT(ref), DB_TEXT(id)), error))
            return false;
    }
    return true;
}

typedef struct Change {
    const IntakeItem *item;
    const char *ref;
    const char *id; /* NULL: gone */
    IntakeResult result;
} Change;

static bool
write_change(DbConn *conn, void *input, GError **error)
{
    Change *change = input;
    const char *project = change->item->project;

    if (!intake_record(conn, change->item, &change->result, error))
        return false;
    return change->id != NULL
               ? db_exec(conn, QUERY_POLL_REF_SET,
                         DB_PARAMS(DB_TEXT(project), DB_TEXT(change->ref), DB_TEXT(change->id)),
                         error)
               : db_exec(conn, QUERY_POLL_REF_REMOVE,
                         DB_PARAMS(DB_TEXT(project), DB_TEXT(change->ref)), error);
}

static void
set(char **out, const char *text)
{
    g_free(*out);
    *out = g_strdup(text);
}

/* @before, @id: NULL: was not, is not there. */
static bool
record_change(Engine *engine, const char *project, const char *ref, const char *before,
              const char *id, GError **error)
{
    g_auto(ForgeEvent) event = { 0 };
    char ulid[ULID_SIZE] = "";
    g_autofree char *name = NULL;
    int64_t now_us = clock_now_us(engine->clock);
    bool tag = g_str_has_prefix(ref, "refs/tags/");
    bool ok = false;

    forge_event_init(&event);
    event.kind = id == NULL ? FORGE_EVENT_DELETE : tag ? FORGE_EVENT_TAG : FORGE_EVENT_PUSH;
    set(&event.ref, ref);
    set(&event.before, before != NULL ? before : "");
    if (id != NULL && !tag) /* a tag's id may be a tag object: resolved while preparing */
        set(&event.commit, id);
    ulid_make(now_us, ulid);
    name = g_strdup_printf("poll:%s", ulid);
    IntakeItem item = { .project = project,
                        .delivery = name,
                        .body = name,
                        .event = &event,
                        .peer = PEER,
                        .now_us = now_us };
    Change change = { .item = &item, .ref = ref, .id = id };
    ok = db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_change, &change, error);
    intake_result_clear(&change.result);
    return ok;
}

static bool
record_changes(Engine *engine, const char *project, GHashTable *seen, GHashTable *now,
               GError **error)
{
    GHashTableIter iter;
    void *ref = NULL, *id = NULL;
    unsigned n = 0;

    g_hash_table_iter_init(&iter, now);
    while (n < CHANGES_MAX && g_hash_table_iter_next(&iter, &ref, &id)) {
        const char *before = g_hash_table_lookup(seen, ref);

        if (before != NULL && strcmp(before, id) == 0)
            continue;
        n++;
        if (!record_change(engine, project, ref, before, id, error))
            return false;
    }
    g_hash_table_iter_init(&iter, seen);
    while (n < CHANGES_MAX && g_hash_table_iter_next(&iter, &ref, &id)) {
        if (g_hash_table_contains(now, ref) || strcmp(ref, LOOKED) == 0)
            continue;
        n++;
        if (!record_change(engine, project, ref, id, NULL, error))
            return false;
    }
    if (n > 0) {
        queue_wake(engine);
        outbox_wake(engine);
    }
    return true;
}

/* ---- looking ------------------------------------------------------------------------------------ */

/* ref → id as the repository has them now. Owned. */
static GHashTable *
ask(Poll *poll, const char *source, GError **error)
{
    Digest digest = digest_of(span_of_text(source));
    char hex[DIGEST_HEX_SIZE];
    g_autofree char *path = NULL;
    g_autoptr(GitMirror) mirror = NULL;
    g_autoptr(GPtrArray) lines = NULL;
    g_autoptr(GHashTable) now = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    digest_to_hex(&digest, hex);
    path = g_strdup_printf("%s/repos/%.32s.git", poll->engine->home, hex);
    mirror = git_mirror_open(path, error);
    lines = mirror != NULL
                ? git_mirror_ask(mirror, source,
                                 GIT_TRANSPORT_FILE | GIT_TRANSPORT_HTTPS | GIT_TRANSPORT_SSH,
                                 poll->cancel, error)
                : NULL;
    if (lines == NULL)
        return NULL;
    for (guint i = 0; i < lines->len; i++) {
        const char *line = lines->pdata[i];
        const char *tab = strchr(line, '\t');

        if (tab != NULL && forge_ref_is_valid(tab + 1))
            g_hash_table_insert(now, g_strdup(tab + 1), g_strndup(line, (gsize)(tab - line)));
    }
    return g_steal_pointer(&now);
}

static bool
look(Poll *poll, const Polled *polled, GError **error)
{
    g_autoptr(GHashTable) seen = load_seen(poll->engine, polled->name, error);
    g_autoptr(GHashTable) now = seen != NULL ? ask(poll, polled->source, error) : NULL;
    Baseline baseline = { .project = polled->name, .now = now };

    if (now == NULL)
        return false;
    if (g_hash_table_size(seen) == 0)
        return db_write(poll->engine->db, DB_LANE_ACKNOWLEDGED, write_baseline, &baseline, error);
    return record_changes(poll->engine, polled->name, seen, now, error);
}

/* When @key is due; 0 when it never was. Borrowed from the table. */
static int64_t *
due_of(Poll *poll, const char *key)
{
    int64_t *due = g_hash_table_lookup(poll->due, key);

    if (due == NULL) {
        due = g_new0(int64_t, 1);
        g_hash_table_insert(poll->due, g_strdup(key), due);
    }
    return due;
}

/* What came of a look at watch @name of @project (""; its repository), for the log and for people. */
static void
tell(Poll *poll, const char *project, const char *name, const GError *cause)
{
    g_autoptr(GError) local = NULL;

    if (cause != NULL && error_kind(cause) == ERROR_KIND_CANCELLED)
        return;
    if (cause != NULL)
        log_event(LOG_WARNING, "cannot poll a repository, retrying", "SLIPWAY_PROJECT", project,
                  "SLIPWAY_WATCH", name, "SLIPWAY_CAUSE", cause->message, NULL);
    if (!trouble_note(poll->engine, project, name, cause, &local))
        error_ignore(false, &local, "the next look notes it");
}

/* Looks at projects that are due. @soonest_us: lowered to when the next one is. */
static void
look_at_projects(Poll *poll, const GPtrArray *list, int64_t *soonest_us)
{
    for (guint i = 0; i < list->len && !cancel_is_set(poll->cancel); i++) {
        const Polled *polled = list->pdata[i];
        int64_t *due = due_of(poll, polled->name);
        g_autoptr(GError) local = NULL;

        if (*due <= clock_monotonic_us()) {
            error_ignore(look(poll, polled, &local), NULL, "told, and tried again");
            tell(poll, polled->name, "", local);
            *due = clock_monotonic_us() + polled->poll_s * 1000000;
        }
        *soonest_us = MIN(*soonest_us, *due);
    }
}

/* The same for repositories of others. */
static void
look_at_watches(Poll *poll, const GPtrArray *list, int64_t *soonest_us)
{
    for (guint i = 0; i < list->len && !cancel_is_set(poll->cancel); i++) {
        const Watch *watch = list->pdata[i];
        g_autofree char *key = g_strdup_printf("%s/%s", watch->project, watch->name);
        int64_t *due = due_of(poll, key);
        g_autoptr(GError) local = NULL;

        if (watch->seen == NULL && *due > 0) /* it was set anew */
            *due = MIN(*due, clock_monotonic_us() + NEW_WATCH_US);
        if (*due <= clock_monotonic_us()) {
            error_ignore(watch_look(poll->engine, watch, poll->cancel, NULL, &local), NULL,
                         "told, and tried again");
            tell(poll, watch->project, watch->name, local);
            *due = clock_monotonic_us() + watch->poll_s * 1000000;
        }
        *soonest_us = MIN(*soonest_us, *due);
    }
}

/* Returns the milliseconds until the next look. */
static int
look_at_due(Poll *poll, GError **error)
{
    g_autoptr(GPtrArray) projects = load_polled(poll->engine, error);
    g_autoptr(GPtrArray) watches = projects != NULL ? watch_load_all(poll->engine, error) : NULL;
    int64_t soonest_us = INT64_MAX;

    if (watches == NULL)
        return TROUBLE_MS;
    look_at_projects(poll, projects, &soonest_us);
    look_at_watches(poll, watches, &soonest_us);
    return soonest_us == INT64_MAX
               ? -1
               : (int)CLAMP((soonest_us - clock_monotonic_us()) / 1000 + 1, 0, G_MAXINT);
}

static void
run(void *data)
{
    Poll *poll = data;
    int ms = 0;

    while (!cancel_is_set(poll->cancel)) {
        g_autoptr(GError) local = NULL;
        g_autoptr(GError) timeout = NULL;
        ms = look_at_due(poll, &local);
        error_ignore(wake_wait(poll->wake, ms, poll->cancel, &timeout), &timeout,
                     "a time that came is as good as a wake");
    }
}

Poll *
poll_start(Engine *engine, GError **error)
{
    g_autoptr(GPtrArray) projects = load_polled(engine, error);
    g_autoptr(GPtrArray) watches = projects != NULL ? watch_load_all(engine, error) : NULL;
    Poll *poll = NULL;

    if (watches == NULL || (projects->len == 0 && watches->len == 0))
        return NULL;
    poll = g_new0(Poll, 1);
    poll->engine = engine;
    poll->wake = wake_new();
    poll->cancel = cancel_new();
    poll->due = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    poll->thread = thread_start("poll", run, poll, error);
    if (poll->thread == NULL) {
        poll_stop(poll);
        return NULL;
    }
    return poll;
}

void
poll_stop(Poll *poll)
{
    if (poll == NULL)
        return;
    cancel_trigger(poll->cancel);
    thread_join(poll->thread);
    g_hash_table_unref(poll->due);
    wake_free(poll->wake);
    cancel_unref(poll->cancel);
    g_free(poll);
}

void
poll_wake(Poll *poll)
{
    wake_send(poll->wake);
}
