/* SPDX-License-Identifier: Apache-2.0
 * events: a thread that asks the same operations a page asks, five times a second while somebody
 * listens; once for all who are at the same place. What it tells is what run.watch and run.log
 * answer. */
#include "web/events.h"
#include <string.h>
#include "api/api.h"
#include "base/clock.h"
#include "base/json.h"
#include "service/run_log.h"
#include "sys/thread.h"
#include "web/web.h"
#include "base/banned.h"

#define MAX_PENDING_BYTES (64 * 1024) /* a reader so far behind gets no more until it has read */

typedef struct Listener {
    WebStream *stream; /* owned reference */
    char *run;         /* owned: "PROJECT/NUMBER" */
    int64_t id;        /* of the run */
    bool is_log;
    int64_t position; /* of the job */
    uint64_t offset;  /* in its log */
    int64_t version;  /* of the run's state; -1: none told */
    int64_t told_us;  /* monotonic: when it last heard from us */
} Listener;

struct Events {
    struct Engine *engine; /* borrowed */
    Mutex lock;
    Cond changed;
    GPtrArray *added;   /* owned, guarded by lock: listeners the thread has not seen */
    unsigned n;         /* guarded by lock: listeners, seen or not */
    Thread *thread;     /* guarded by lock; ended when n is 0 */
    bool stopping;      /* guarded by lock */
    bool thread_ending; /* guarded by lock */
};

static void
listener_free(void *data)
{
    Listener *listener = data;

    web_stream_end(listener->stream);
    web_stream_unref(listener->stream);
    g_free(listener->run);
    g_free(listener);
}

Events *
events_new(struct Engine *engine)
{
    Events *events = g_new0(Events, 1);

    events->engine = engine;
    mutex_init(&events->lock);
    cond_init(&events->changed);
    events->added = g_ptr_array_new_with_free_func(listener_free);
    return events;
}

static json_t *
ask(Events *events, const char *operation, json_t *args)
{
    ApiContext context = { .engine = events->engine, .role = API_ROLE_READER, .actor = "events" };
    json_t *result = NULL;

    (void)!api_call(&context, operation, args, &result, NULL);
    json_decref(args);
    return result;
}

/* What was found for one place of one run or log, for all who are there; ends with its look. */
typedef struct Finding {
    GBytes *event;   /* owned: the text to tell; NULL = nothing new */
    int64_t version; /* of the run's state */
    uint64_t next;   /* offset after it */
    bool more;       /* it is a whole page: the next is there already */
    bool ended;      /* nothing will follow */
} Finding;

static void
finding_free(void *data)
{
    Finding *finding = data;

    g_clear_pointer(&finding->event, g_bytes_unref);
    g_free(finding);
}

/* "event: NAME\nid: ID\ndata: JSON\n\n"; JSON of ours has no newline. Owned. */
static GBytes *
event_text(const char *name, const uint64_t *id, const json_t *value)
{
    char *data = json_dumps(value, JSON_COMPACT);
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "event: %s\n", name);
    if (id != NULL)
        g_string_append_printf(text, "id: %" G_GUINT64_FORMAT "\n", *id);
    g_string_append_printf(text, "data: %s\n\n", data != NULL ? data : "{}");
    free(data);
    return g_string_free_to_bytes(text);
}

static bool
is_final(const char *state)
{
    return state != NULL && strcmp(state, "queued") != 0 && strcmp(state, "preparing") != 0 &&
           strcmp(state, "running") != 0;
}

static void
find_run_state(Events *events, const Listener *listener, Finding *finding)
{
    g_autoptr(json_t) state =
        ask(events, "run.watch",
            json_pack("{s:I, s:I}", "id", (json_int_t)listener->id, "seen", (json_int_t)0));

    finding->ended = state == NULL || is_final(json_string_value(json_object_get(state, "state")));
    finding->version = json_integer_value(json_object_get(state, "version"));
    if (state != NULL && (finding->ended || finding->version != listener->version))
        finding->event = event_text("run", NULL, state);
}

static void
find_log_lines(Events *events, const Listener *listener, Finding *finding)
{
    g_autoptr(json_t) page =
        ask(events, "run.log",
            json_pack("{s:s, s:I, s:I}", "run", listener->run, "position",
                      (json_int_t)listener->position, "offset", (json_int_t)listener->offset));
    size_t n = json_array_size(json_object_get(page, "lines"));
    bool lines = n > 0;

    finding->next = listener->offset;
    if (page == NULL)
        return; /* the job has not begun */
    finding->next = (uint64_t)json_integer_value(json_object_get(page, "next"));
    finding->more = n >= RUN_LOG_PAGE_LINES;
    finding->ended = !lines && json_is_true(json_object_get(page, "ended"));
    if (lines || finding->ended)
        finding->event = event_text(lines ? "lines" : "end", &finding->next, page);
}

/* Borrowed from @found, which is of one look. */
static const Finding *
find_for(Events *events, const Listener *listener, GHashTable *found)
{
    g_autofree char *key =
        listener->is_log ? g_strdup_printf("%s %" G_GINT64_FORMAT " %" G_GUINT64_FORMAT,
                                           listener->run, listener->position, listener->offset)
                         : g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, listener->id,
                                           listener->version);
    Finding *finding = g_hash_table_lookup(found, key);

    if (finding != NULL)
        return finding;
    finding = g_new0(Finding, 1);
    if (listener->is_log)
        find_log_lines(events, listener, finding);
    else
        find_run_state(events, listener, finding);
    g_hash_table_insert(found, g_steal_pointer(&key), finding);
    return finding;
}

/* False when the listener is done. */
static bool
tell(Events *events, Listener *listener, GHashTable *found, bool *more)
{
    const Finding *finding = NULL;

    if (web_stream_pending(listener->stream) > MAX_PENDING_BYTES)
        return true; /* far behind: it gets more when it has read */
    finding = find_for(events, listener, found);
    listener->version = finding->version;
    if (listener->is_log)
        listener->offset = finding->next;
    if (finding->event == NULL)
        return !finding->ended;
    listener->told_us = clock_monotonic_us();
    *more = *more || finding->more;
    return web_stream_push(listener->stream, finding->event) && !finding->ended;
}

static bool
push_text(WebStream *stream, const char *text)
{
    g_autoptr(GBytes) piece = g_bytes_new_static(text, strlen(text));

    return web_stream_push(stream, piece);
}

/* False when the listener is done. */
static bool
look(Events *events, Listener *listener, GHashTable *found, bool *more)
{
    if (web_stream_is_gone(listener->stream))
        return false;
    if (!tell(events, listener, found, more))
        return false;
    if (clock_monotonic_us() - listener->told_us < (int64_t)EVENTS_ALIVE_MS * 1000)
        return true;
    listener->told_us = clock_monotonic_us();
    return push_text(listener->stream, ": alive\n\n");
}

/* Takes over who is new. False when nobody is left: the thread ends. With the lock held. */
static bool
take_added(Events *events, GPtrArray *listeners)
{
    while (events->added->len > 0)
        g_ptr_array_add(listeners,
                        g_ptr_array_steal_index_fast(events->added, events->added->len - 1));
    events->n = listeners->len;
    if (listeners->len > 0 && !events->stopping)
        return true;
    events->thread_ending = true;
    return false;
}

/* Whether somebody was told a whole page and may want the next at once. */
static bool
look_for_all(Events *events, GPtrArray *listeners)
{
    bool more = false;

    g_autoptr(GHashTable) found =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, finding_free);

    for (guint i = listeners->len; i > 0; i--)
        if (!look(events, listeners->pdata[i - 1], found, &more))
            g_ptr_array_remove_index_fast(listeners, i - 1);
    return more;
}

static void
event_thread(void *data)
{
    Events *events = data;
    g_autoptr(GPtrArray) listeners = g_ptr_array_new_with_free_func(listener_free);

    while (true) {
        int64_t wait_ms = EVENTS_LOOK_MS;

        {
            MUTEX_GUARD(&events->lock);

            if (!take_added(events, listeners))
                return;
        }
        if (look_for_all(events, listeners))
            wait_ms = EVENTS_MORE_MS;
        {
            MUTEX_GUARD(&events->lock);

            if (events->added->len == 0 && !events->stopping)
                (void)!cond_wait_until(&events->changed, &events->lock,
                                       clock_monotonic_us() + wait_ms * 1000);
        }
    }
}

/* With the lock held. */
static bool
ensure_thread(Events *events, GError **error)
{
    if (events->thread != NULL && events->thread_ending) {
        Thread *thread = g_steal_pointer(&events->thread);

        thread_join(thread); /* it has given the lock back for good */
    }
    if (events->thread != NULL)
        return true;
    events->thread_ending = false;
    events->thread = thread_start("events", event_thread, events, error);
    return events->thread != NULL;
}

static WebStream *
add(Events *events, Listener *listener, GError **error)
{
    WebStream *stream = listener->stream = web_stream_new();

    (void)!push_text(stream, "retry: 2000\n\n");
    listener->told_us = clock_monotonic_us();
    MUTEX_GUARD(&events->lock);
    if (events->stopping || events->n + events->added->len >= EVENTS_MAX) {
        error_set(error, BASE_ERROR, BASE_ERROR_BUSY, "too many live views, at most %d",
                  EVENTS_MAX);
        listener_free(listener);
        return NULL;
    }
    if (!ensure_thread(events, error)) {
        listener_free(listener);
        return NULL;
    }
    g_ptr_array_add(events->added, listener);
    cond_signal(&events->changed);
    return web_stream_ref(stream);
}

static bool
find_run(Events *events, const char *run, int64_t *id_out, GError **error)
{
    ApiContext context = { .engine = events->engine, .role = API_ROLE_READER, .actor = "events" };
    g_autoptr(json_t) args = json_pack("{s:s}", "run", run);
    g_autoptr(json_t) shown = NULL;

    if (!api_call(&context, "run.show", args, &shown, error))
        return false;
    *id_out = json_integer_value(json_object_get(shown, "id"));
    return true;
}

WebStream *
events_watch_run(Events *events, const char *run, GError **error)
{
    int64_t id = 0;
    Listener *listener = NULL;

    if (!find_run(events, run, &id, error))
        return NULL;
    listener = g_new0(Listener, 1);
    listener->run = g_strdup(run);
    listener->id = id;
    listener->version = -1;
    return add(events, listener, error);
}

WebStream *
events_watch_log(Events *events, const char *run, int64_t position, uint64_t offset, GError **error)
{
    int64_t id = 0;
    Listener *listener = NULL;

    if (!find_run(events, run, &id, error))
        return NULL;
    listener = g_new0(Listener, 1);
    listener->run = g_strdup(run);
    listener->id = id;
    listener->is_log = true;
    listener->position = position;
    listener->offset = offset;
    return add(events, listener, error);
}

void
events_stop(Events *events)
{
    Thread *thread = NULL;

    {
        MUTEX_GUARD(&events->lock);

        events->stopping = true;
        thread = g_steal_pointer(&events->thread);
        cond_broadcast(&events->changed);
    }
    thread_join(thread);
    g_ptr_array_set_size(events->added, 0);
}

void
events_free(Events *events)
{
    if (events == NULL)
        return;
    events_stop(events);
    g_ptr_array_unref(events->added);
    cond_clear(&events->changed);
    mutex_clear(&events->lock);
    g_free(events);
}

unsigned
events_count(Events *events)
{
    MUTEX_GUARD(&events->lock);

    return events->n + events->added->len;
}
