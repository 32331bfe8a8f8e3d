/* SPDX-License-Identifier: Apache-2.0
 * witness_routes: from a complete request to the witness and back. */
#include "web/witness_routes.h"
#include <string.h>
#include "base/json.h"
#include "web/http.h"
#include "web/workers.h"
#include "base/banned.h"

#define WITNESS_THREADS     4u
#define WITNESS_MAX_WAITING 256u
#define TEXT                "text/plain; charset=utf-8"

struct WitnessServer {
    Witness *witness; /* borrowed */
    char *url;        /* owned */
    Http *http;       /* owned */
    Workers *workers; /* owned */
};

static void
add_checkpoint(WitnessServer *server, const WebRequest *request, WebAnswer *answer)
{
    g_auto(WitnessAnswer) result = { 0 };

    witness_add_checkpoint(server->witness, web_body(request), &result);
    web_answer_text(answer, result.status, result.type, result.body);
}

/* Its key and what it has seen, as JSON. */
static void
show(WitnessServer *server, WebAnswer *answer)
{
    g_autofree char *vkey = witness_vkey(server->witness);
    g_autoptr(GError) local = NULL;
    json_t *logs = NULL;

    if (!witness_list(server->witness, &logs, &local))
        web_answer_text(answer, 500, TEXT, "the witness cannot read what it has seen\n");
    else
        web_answer_json(answer, 200, json_pack("{s:s, s:o}", "witness", vkey, "logs", logs));
}

static void
serve_exchange(void *data, void *item)
{
    WitnessServer *server = data;
    HttpExchange *exchange = item;
    const WebRequest *request = http_request(exchange);
    g_auto(WebAnswer) answer = WEB_ANSWER_INIT;
    bool posts = strcmp(web_method(request), "POST") == 0;
    bool reads =
        strcmp(web_method(request), "GET") == 0 || strcmp(web_method(request), "HEAD") == 0;

    if (posts && strcmp(web_path(request), "/add-checkpoint") == 0)
        add_checkpoint(server, request, &answer);
    else if (reads && strcmp(web_path(request), "/") == 0)
        show(server, &answer);
    else
        web_answer_text(&answer, 404, TEXT, "POST /add-checkpoint, or GET /\n");
    web_answer_header(&answer, "Cache-Control", "no-store");
    http_answer(exchange, &answer);
}

static void
take_exchange(void *data, HttpExchange *exchange)
{
    WitnessServer *server = data;
    g_auto(WebAnswer) answer = WEB_ANSWER_INIT;

    if (workers_push(server->workers, exchange))
        return;
    web_answer_text(&answer, 503, TEXT, "more requests wait than this witness takes\n");
    web_answer_header(&answer, "Retry-After", "1");
    http_answer(exchange, &answer);
}

static void
port_known(void *data, const char *address)
{
    WitnessServer *server = data;

    server->url = g_strdup_printf("http://%s", address);
}

WitnessServer *
witness_server_start(Witness *witness, const char *listen, GError **error)
{
    g_autoptr(WitnessServer) server = g_new0(WitnessServer, 1);
    HttpOptions http = {
        .listen = listen, .take = take_exchange, .port_known = port_known, .data = server
    };

    server->witness = witness;
    server->workers =
        workers_new("witness", WITNESS_THREADS, WITNESS_MAX_WAITING, serve_exchange, server);
    server->http = http_start(&http, error);
    return server->http != NULL ? g_steal_pointer(&server) : NULL;
}

const char *
witness_server_url(const WitnessServer *server)
{
    return server->url;
}

void
witness_server_free(WitnessServer *server)
{
    if (server == NULL)
        return;
    if (server->http != NULL)
        http_quiesce(server->http);
    workers_stop(server->workers);
    http_free(server->http);
    workers_free(server->workers);
    g_free(server->url);
    g_free(server);
}
