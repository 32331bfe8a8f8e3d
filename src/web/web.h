/* SPDX-License-Identifier: Apache-2.0
 * web: what a page, an API call and a hook are given, and what they answer with. Handlers run on a
 * bounded pool of workers and may block; the connection waits suspended, without a thread. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "api/api.h"
#include "base/attributes.h"
#include "base/span.h"

struct Engine;

#define WEB_ERROR (web_error_quark())
GQuark web_error_quark(void);
typedef enum {
    WEB_ERROR_UNAUTHORIZED = ERROR_CODE(ERROR_KIND_DENIED, 1), /* 401: log in first */
    WEB_ERROR_CSRF = ERROR_CODE(ERROR_KIND_DENIED, 2),         /* 403: not from our own form */
    WEB_ERROR_NO_PAGE = ERROR_CODE(ERROR_KIND_NOT_FOUND, 1),   /* 404: no such address */
    WEB_ERROR_METHOD = ERROR_CODE(ERROR_KIND_INVALID, 1),      /* 405 */
    WEB_ERROR_HOST = ERROR_CODE(ERROR_KIND_INVALID, 2),        /* 421: called by another name */
    WEB_ERROR_TOO_OFTEN = ERROR_CODE(ERROR_KIND_LIMIT, 1),     /* 429 */
} WebError;

typedef struct WebRequest WebRequest; /* one request, parsed, with who asks; never changes */

/* Decoded; borrowed; NULL when absent. Header names in any case. Form fields are those of a POST of
 * type application/x-www-form-urlencoded. */
const char *web_param(const WebRequest *request, const char *name); /* {name} of the pattern */
const char *web_query(const WebRequest *request, const char *name);
const char *web_header(const WebRequest *request, const char *name);
const char *web_form(const WebRequest *request, const char *name);
const char *web_method(const WebRequest *request);
const char *web_path(const WebRequest *request); /* decoded, begins with "/" */
const char *web_peer(const WebRequest *request); /* address of the other end, without its port */
Span web_body(const WebRequest *request);
struct Engine *web_engine(const WebRequest *request);
/** How others reach this server, without a slash at the end: "https://ci.example.org". */
const char *web_base_url(const WebRequest *request);
/** The viewer's: for api_call. */
ApiContext web_context(const WebRequest *request);
ApiRole web_role(const WebRequest *request);
/** Login name of the viewer, or NULL: nobody logged in. */
const char *web_viewer(const WebRequest *request);
/** What forms must send back in their field "csrf"; NULL without a session. */
const char *web_csrf(const WebRequest *request);
/** Whether the other end wants a page rather than JSON. */
bool web_wants_html(const WebRequest *request);

/** Calls @visit for each query parameter in their order. */
typedef void (*WebVisit)(void *data, const char *name, const char *value);
void web_each_query(const WebRequest *request, WebVisit visit, void *data);
void web_each_form(const WebRequest *request, WebVisit visit, void *data);

typedef struct WebAnswer {
    unsigned status;          /* 0 = 200 */
    const char *type;         /* static; content type */
    GBytes *body;             /* owned; NULL with fd or none */
    int fd;                   /* owned; -1: none. Sent from offset 0 */
    uint64_t size;            /* bytes of fd */
    GPtrArray *headers;       /* owned strings "Name: value"; NULL = none */
    struct WebStream *stream; /* owned reference; an answer that grows (web/stream.h) */
    bool later;               /* this is not it: it comes by web_answer_later */
} WebAnswer;
#define WEB_ANSWER_INIT                                                                            \
    {                                                                                              \
        .fd = -1                                                                                   \
    }
void web_answer_clear(WebAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WebAnswer, web_answer_clear)

/* What an answer becomes; each replaces an earlier body. */
void web_answer_text(WebAnswer *answer, unsigned status, const char *type, const char *text);
/** @body: stolen. */
void web_answer_bytes(WebAnswer *answer, unsigned status, const char *type, GBytes *body);
/** @value: stolen. */
void web_answer_json(WebAnswer *answer, unsigned status, json_t *value);
/** 303 to @path, which must begin with one "/": never to another site. */
void web_answer_redirect(WebAnswer *answer, const char *path);
void web_answer_header(WebAnswer *answer, const char *name, const char *value);

/** Answers one request. False with @error: the server answers with it as page or JSON, by what the
 * other end wants. */
typedef bool (*WebHandler)(const WebRequest *request, WebAnswer *answer, GError **error);

/** Answers on the connection's thread, which must never wait: no lock held long, no disk, no
 * database. False: not now; the handler will, on a worker. Called for nobody in particular: with
 * neither token nor cookie, for routes that anyone may see. */
typedef bool (*WebQuick)(const WebRequest *request, WebAnswer *answer);

typedef enum {
    WEB_SLOW = 1 << 0,    /* may take longer than a moment: runs on the other pool */
    WEB_NO_CSRF = 1 << 1, /* POST whose sender proves itself in another way */
    WEB_HOOK = 1 << 2,    /* runs on the pool of hooks */
    WEB_LOG = 1 << 3,     /* runs on the pool of log entries, where many may wait */
} WebRouteFlags;

typedef struct WebRoute {
    const char *method;  /* "GET" also answers HEAD */
    const char *pattern; /* "/projects/{project}/runs/{number}"; a last {name*} takes the rest */
    ApiRole role;        /* the least that may see it; who is not logged in is sent to /login */
    WebHandler handler;
    unsigned flags; /* WebRouteFlags */
    WebQuick quick; /* tried first; of ops_routes and log_routes only; or NULL */
} WebRoute;

/* page_routes.c: the pages, mounted by the server. */
extern const WebRoute page_routes[];
extern const size_t page_n_routes;

typedef struct WebProblem { /* an error for people; all borrowed */
    unsigned status;
    const char *code;    /* stable name: "not-found" */
    const char *message; /* one sentence */
    const char *hint;    /* or NULL */
} WebProblem;
/** The page of an error; page_routes.c. Never fails. */
void page_problem(const WebRequest *request, const WebProblem *problem, WebAnswer *answer);
