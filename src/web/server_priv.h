/* SPDX-License-Identifier: Apache-2.0
 * server_priv: what the files of the server share. For src/web/{server,auth,*_routes,events,…}.c. */
#pragma once
#include "sys/thread.h"
#include "web/events.h"
#include "web/http.h"
#include "web/limit.h"
#include "web/server.h"
#include "web/web_priv.h"
#include "web/workers.h"

#define WEB_READ_THREADS   4u
#define WEB_CHANGE_THREADS 16u
#define WEB_HOOK_THREADS   32u /* so many commit together */
#define WEB_LOG_THREADS    4u  /* they check signatures; nobody waits for the disk on one */
#define WEB_MAX_WAITING    256u
#define WEB_LOG_WAITING    1024u

typedef enum { WEB_SET_READ, WEB_SET_CHANGE, WEB_SET_HOOK, WEB_SET_LOG, WEB_N_SETS } WebSet;

struct WebServer {
    struct Engine *engine;     /* borrowed */
    char *base_url;            /* owned */
    ApiRole anonymous;         /* of who does not log in */
    bool secure;               /* base URL is https: cookies too */
    Http *http;                /* owned */
    Workers *sets[WEB_N_SETS]; /* owned */
    Limits *limits;            /* owned */
    Events *events;            /* owned */
    Cancel *cancel;            /* owned */
    unsigned rate;             /* requests a second; 0 = any */
    char *loopback;            /* owned: "127.0.0.1:8080", the one name it has there; NULL = any */
    gint draining;             /* atomic */
    gint64 started_us;         /* monotonic */
    gint n_answers[6];         /* atomic; by hundreds of the status */
    gint n_busy;               /* atomic; refused because the workers were full */
    Mutex later_lock;
    Cond later_done;
    unsigned n_later; /* guarded by later_lock; answers that come later */
    Mutex log_lock;
    uint64_t log_size; /* guarded by log_lock; entries the static files show */
    gint tuf_busy;     /* atomic; 1: a request is writing /tuf/ */
    uint64_t tuf_size; /* of whoever set tuf_busy; entries when /tuf/ was last written */
};

/* The routes of each file. */
extern const WebRoute api_routes[];
extern const size_t api_n_routes;
extern const WebRoute form_routes[];
extern const size_t form_n_routes;
extern const WebRoute ops_routes[];
extern const size_t ops_n_routes;
extern const WebRoute log_routes[];
extern const size_t log_n_routes;
extern const WebRoute timestamp_routes[];
extern const size_t timestamp_n_routes;
extern const WebRoute key_routes[];
extern const size_t key_n_routes;
extern const WebRoute tuf_routes[];
extern const size_t tuf_n_routes;
extern const WebRoute event_routes[];
extern const size_t event_n_routes;
extern const WebRoute rekor_routes[];
extern const size_t rekor_n_routes;
extern const WebRoute hook_routes[];
extern const size_t hook_n_routes;

#define WEB_SESSION_COOKIE "slipway_session"

/** Sets role, viewer, actor, scope and CSRF token from token or cookie. False with DENIED for a
 * token that is wrong (a wrong cookie is nobody), LIMIT when too many were. */
bool auth_identify(WebRequest *request, GError **error) MUST_CHECK;
/** Whether a request that changes something, by cookie, comes from our own forms. */
bool auth_check_csrf(const WebRequest *request, GError **error) MUST_CHECK;
typedef struct WebLater WebLater; /* a request whose answer comes after its handler returned */
/** For a handler, which then returns true and touches neither @request nor @answer any more once
 * what it started may have answered. Returns: owned by whoever answers. */
WebLater *web_later(const WebRequest *request, WebAnswer *answer);
/** From any thread, exactly once; must not wait long. @later: consumed. @answer is emptied. */
void web_answer_later(WebLater *later, WebAnswer *answer);
/** The value of a cookie; owned, NULL when absent. */
char *auth_cookie(const WebRequest *request, const char *name);
/** The answer to @error: page or JSON. */
void web_answer_error(const WebRequest *request, const GError *error, WebAnswer *answer);
/** Arguments of an operation from pairs of text, typed by its row. Errors: BAD_ARGUMENTS. */
json_t *web_args_from_pairs(const ApiOperation *operation, const GArray *pairs,
                            const char *const *skip, GError **error) MUST_CHECK;
/** False with FORBIDDEN when the viewer's token is for one project and @args is about another. */
bool web_check_scope(const WebRequest *request, const ApiOperation *operation, const json_t *args,
                     GError **error) MUST_CHECK;
