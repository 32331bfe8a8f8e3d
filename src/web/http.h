/* SPDX-License-Identifier: Apache-2.0
 * http: the HTTP server: one thread with epoll, whatever the number of connections. A complete
 * request is handed on; its connection waits suspended until it is answered, from any thread. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "web/web.h"

#define HTTP_MAX_CONNECTIONS    2400
#define HTTP_SPARE_CONNECTIONS  100         /* when fewer are left, unfinished requests make room */
#define HTTP_CONNECTION_BYTES   (10 * 1024) /* header lines of one request and buffers */
#define HTTP_MAX_BODY_BYTES     (16u << 20) /* a webhook of a forge has up to some megabytes */
#define HTTP_MAX_BODIES_BYTES   (64u << 20) /* of all requests together */
#define HTTP_IDLE_TIMEOUT_S     30          /* of a client that says nothing */
#define HTTP_THREAD_STACK_BYTES (192 * 1024)

typedef struct Http Http;
typedef struct HttpExchange HttpExchange; /* one request that waits for its answer */

typedef struct HttpOptions {
    const char *listen; /* "127.0.0.1:8080", "[::1]:0"; port 0: any free one */
    bool trust_proxy;   /* X-Forwarded-For says who the peer is */
    /* Optional. On the server's thread, which it must not make wait: true with @answer, or false:
     * take is called next. */
    bool (*quick)(void *data, HttpExchange *exchange, WebAnswer *answer);
    /* Takes the exchange, on the server's thread, and answers it by http_answer, here or from
     * another thread. Must not block. */
    void (*take)(void *data, HttpExchange *exchange);
    /* Told "127.0.0.1:8080", with the real port, before the first request. */
    void (*port_known)(void *data, const char *address);
    void *data; /* borrowed */
} HttpOptions;

/** Listens and serves. Returns: owned. Errors: INVALID (address), UNAVAILABLE (taken). */
Http *http_start(const HttpOptions *options, GError **error) MUST_CHECK;
/** Takes no more connections. What is open is still answered. */
void http_quiesce(Http *http);
/** Every exchange must have been answered and every stream ended. Accepts NULL. */
void http_free(Http *http);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Http, http_free)
unsigned http_count_connections(Http *http);

/** Borrowed; the exchange's until it is answered. */
WebRequest *http_request(HttpExchange *exchange);
/** Sends @answer, which is emptied. The exchange is gone after this. */
void http_answer(HttpExchange *exchange, WebAnswer *answer);
