/* SPDX-License-Identifier: Apache-2.0
 * server: the engine over HTTP: JSON API, pages, hooks, live events, the log as static files.
 *
 *   connection's thread → finds the route → a worker: who asks, may they, handler → answer
 *
 * Three sets of workers, so that the slow never keep the quick waiting: reads, changes, hooks. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include "api/api.h"
#include "base/attributes.h"

struct Engine;

typedef struct WebServer WebServer;

typedef struct WebServerOptions { /* borrowed */
    const char *listen;           /* "127.0.0.1:8080"; port 0: any free one */
    const char *base_url;         /* how others reach it; NULL: http:// and where it listens */
    ApiRole anonymous;            /* of who does not log in: API_ROLE_ANYONE or READER */
    unsigned rate;                /* requests a second of one viewer or address; 0: any number */
    bool trust_proxy;             /* X-Forwarded-For says who the peer is */
} WebServerOptions;

/** Listens and answers. @engine: borrowed. Returns: owned. Errors: INVALID, UNAVAILABLE. */
WebServer *web_server_start(struct Engine *engine, const WebServerOptions *options,
                            GError **error) MUST_CHECK;
/** Takes no more connections, answers what was asked, ends live events. Then free. */
void web_server_drain(WebServer *server);
/** Asks operations that can be cancelled to end: the drain is short then. From any thread. */
void web_server_hurry(WebServer *server);
/** Accepts NULL; drains. */
void web_server_free(WebServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WebServer, web_server_free)
/** Borrowed: "http://127.0.0.1:8080". */
const char *web_server_url(const WebServer *server);
