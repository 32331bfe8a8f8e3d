/* SPDX-License-Identifier: Apache-2.0
 * http: libmicrohttpd with one epoll thread.
 *
 * 1. The first access callback only looks at the header lines; answering in it would close the
 *    connection after the answer. The last one, when the body is there, answers what needs no
 *    waiting, or suspends and hands on.
 * 2. A suspended connection belongs to whoever has the exchange: libmicrohttpd neither reads it,
 *    times it out nor completes it. http_answer puts the answer beside it and resumes; the callback
 *    comes once more and queues the response.
 * 3. A stream's reader suspends first and registers its wake afterwards, so no wake is lost. */
#include "web/http.h"
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "base/error.h"
#include "base/files.h"
#include "web/crowd.h"
#include "web/stream.h"
#include "web/web_priv.h"
#include "base/banned.h"

#define STREAM_BLOCK_BYTES 2048

struct Http {
    struct MHD_Daemon *daemon; /* owned */
    HttpOptions options;
    size_t body_bytes; /* of all requests; of the server's thread only */
    Crowd *crowd;      /* owned; of the server's thread only */
};

struct HttpExchange {
    Http *http;                        /* borrowed */
    struct MHD_Connection *connection; /* borrowed */
    WebRequest *request;               /* owned */
    WebAnswer answer;                  /* owned */
    WebStream *stream;                 /* owned reference; of a growing answer */
    unsigned refused;                  /* status to answer at once; 0 = none */
    size_t counted;                    /* bytes of the body in http->body_bytes */
    bool handed_on;
    bool ambiguous; /* where it ends */
};

static HttpExchange *
exchange_new(Http *http, struct MHD_Connection *connection, const char *method, const char *url)
{
    HttpExchange *exchange = g_new0(HttpExchange, 1);
    g_autofree char *path = web_decode(url, strlen(url), false);

    exchange->http = http;
    exchange->connection = connection;
    exchange->answer.fd = -1;
    exchange->request = web_request_new(method, path != NULL ? path : "/");
    g_free(exchange->request->raw_path);
    exchange->request->raw_path = g_strdup(url);
    if (path == NULL || path[0] != '/')
        exchange->refused = 400;
    return exchange;
}

static enum MHD_Result
add_header(void *data, enum MHD_ValueKind kind, const char *name, const char *value)
{
    WebRequest *request = data;

    (void)kind;
    web_pairs_add(request->headers, name, value != NULL ? value : "");
    return MHD_YES;
}

/* MHD has split at & and = and turned pluses into blanks; the escapes are left to us. */
static enum MHD_Result
add_query(void *data, enum MHD_ValueKind kind, const char *name, const char *value)
{
    HttpExchange *exchange = data;
    g_autofree char *plain_name = web_decode(name, strlen(name), false);
    g_autofree char *plain = value != NULL ? web_decode(value, strlen(value), false) : g_strdup("");

    (void)kind;
    if (plain_name == NULL || plain == NULL) {
        exchange->refused = 400;
        return MHD_NO;
    }
    web_pairs_add(exchange->request->query, plain_name, plain);
    return MHD_YES;
}

static char *
peer_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info != NULL ? info->client_addr : NULL;
    char text[INET6_ADDRSTRLEN] = "";

    if (address != NULL && address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, text,
                  sizeof text);
    else if (address != NULL && address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, text,
                  sizeof text);
    return g_strdup(text);
}

/* The last address is the one our own proxy saw; those before it are the client's words. */
static char *
forwarded_peer(const WebRequest *request)
{
    const char *list = web_header(request, "X-Forwarded-For");
    const char *last = list != NULL ? strrchr(list, ',') : NULL;

    return list != NULL ? g_strstrip(g_strdup(last != NULL ? last + 1 : list)) : NULL;
}

static size_t
count_headers(const WebRequest *request, const char *name)
{
    size_t n = 0;

    for (guint i = 0; i < request->headers->len; i++)
        n += g_ascii_strcasecmp(g_array_index(request->headers, WebPair, i).name, name) == 0;
    return n;
}

/* Who says how long the body is and it is too long hears it before sending it. Who says it twice may
 * mean another request than a proxy before us saw: nothing more of the connection is believed. */
static void
check_length(HttpExchange *exchange)
{
    const char *length = web_header(exchange->request, "Content-Length");

    exchange->ambiguous = count_headers(exchange->request, "Content-Length") +
                              count_headers(exchange->request, "Transfer-Encoding") >
                          1;
    if (exchange->ambiguous)
        exchange->refused = 400;
    if (length != NULL && g_ascii_strtoull(length, NULL, 10) > HTTP_MAX_BODY_BYTES)
        exchange->refused = 413;
}

static void
read_head(HttpExchange *exchange)
{
    WebRequest *request = exchange->request;

    MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, add_header, request);
    MHD_get_connection_values(exchange->connection, MHD_GET_ARGUMENT_KIND, add_query, exchange);
    if (exchange->http->options.trust_proxy)
        request->peer = forwarded_peer(request);
    if (request->peer == NULL)
        request->peer = peer_of(exchange->connection);
    check_length(exchange);
}

static void
take_body(HttpExchange *exchange, const char *data, size_t size)
{
    Http *http = exchange->http;

    if (exchange->refused != 0)
        return;
    if (exchange->request->body->len + size > HTTP_MAX_BODY_BYTES) {
        exchange->refused = 413;
    } else if (http->body_bytes + size > HTTP_MAX_BODIES_BYTES) {
        exchange->refused = 503;
    } else {
        g_byte_array_append(exchange->request->body, (const guint8 *)data, (guint)size);
        exchange->counted += size;
        http->body_bytes += size;
        return;
    }
    g_byte_array_set_size(exchange->request->body, 0);
}

static void
resume(void *data)
{
    MHD_resume_connection(data);
}

static ssize_t
read_stream(void *data, uint64_t position, char *out, size_t size)
{
    HttpExchange *exchange = data;
    size_t taken = 0;

    (void)position;
    switch (web_stream_take(exchange->stream, out, size, &taken)) {
    case WEB_STREAM_GOT:
        return (ssize_t)taken;
    case WEB_STREAM_ENDED:
        return MHD_CONTENT_READER_END_OF_STREAM;
    case WEB_STREAM_EMPTY:
        break;
    }
    MHD_suspend_connection(exchange->connection);
    web_stream_wait(exchange->stream, resume, exchange->connection);
    return 0;
}

static void
release_bytes(void *data)
{
    g_bytes_unref(data);
}

static struct MHD_Response *
make_response(HttpExchange *exchange)
{
    WebAnswer *answer = &exchange->answer;
    size_t size = 0;
    const void *bytes = NULL;

    if (answer->stream != NULL) {
        exchange->stream = g_steal_pointer(&answer->stream);
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, read_stream,
                                                 exchange, NULL);
    }
    if (answer->fd >= 0) {
        struct MHD_Response *response = MHD_create_response_from_fd64(answer->size, answer->fd);

        if (response != NULL)
            (void)fd_steal(&answer->fd);
        return response;
    }
    if (answer->body == NULL)
        answer->body = g_bytes_new(NULL, 0);
    bytes = g_bytes_get_data(answer->body, &size);
    return MHD_create_response_from_buffer_with_free_callback_cls(
        size, (void *)(uintptr_t)(bytes != NULL ? bytes : ""), release_bytes,
        g_steal_pointer(&answer->body));
}

static void
add_response_header(struct MHD_Response *response, const char *line)
{
    const char *colon = strstr(line, ": ");
    g_autofree char *name = colon != NULL ? g_strndup(line, (gsize)(colon - line)) : NULL;

    if (name != NULL && colon[2] != '\0')
        (void)!MHD_add_response_header(response, name, colon + 2);
}

static enum MHD_Result
send_answer(HttpExchange *exchange)
{
    WebAnswer *answer = &exchange->answer;
    unsigned status = answer->status != 0 ? answer->status : 200;
    struct MHD_Response *response = make_response(exchange);
    enum MHD_Result result = MHD_NO;

    if (response == NULL)
        return MHD_NO;
    if (answer->type != NULL)
        (void)!MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
    for (guint i = 0; answer->headers != NULL && i < answer->headers->len; i++)
        add_response_header(response, answer->headers->pdata[i]);
    result = MHD_queue_response(exchange->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result
refuse(HttpExchange *exchange)
{
    static const struct {
        unsigned status;
        const char *body;
    } words[] = {
        { 400, "{\"error\":{\"code\":\"invalid\",\"message\":\"the address is not "
               "percent-encoded UTF-8\",\"hint\":null}}" },
        { 413, "{\"error\":{\"code\":\"limit\",\"message\":\"the body is longer than 16 "
               "MiB\",\"hint\":null}}" },
        { 503, "{\"error\":{\"code\":\"busy\",\"message\":\"too many bodies at "
               "once\",\"hint\":\"try again in a moment\"}}" },
    };

    if (exchange->ambiguous)
        web_answer_text(&exchange->answer, 400, "application/json",
                        "{\"error\":{\"code\":\"invalid\",\"message\":\"the request says twice how "
                        "long its body is\",\"hint\":null}}");
    for (size_t i = 0; !exchange->ambiguous && i < G_N_ELEMENTS(words); i++)
        if (words[i].status == exchange->refused)
            web_answer_text(&exchange->answer, exchange->refused, "application/json",
                            words[i].body);
    return send_answer(exchange);
}

static CrowdPeer *
crowd_peer(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info != NULL ? info->socket_context : NULL;
}

/* A connection begins or ends. One that must go is only shut: MHD sees its end and closes it. */
static void
connection_changed(void *data, struct MHD_Connection *connection, void **context,
                   enum MHD_ConnectionNotificationCode code)
{
    Http *http = data;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    int victim = -1;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*context != NULL)
            crowd_leave(http->crowd, *context);
        *context = NULL;
        return;
    }
    *context = crowd_enter(http->crowd, info != NULL ? info->connect_fd : -1, &victim);
    if (victim >= 0)
        (void)shutdown(victim, SHUT_RDWR);
}

static enum MHD_Result
access_request(void *data, struct MHD_Connection *connection, const char *url, const char *method,
               const char *version, const char *upload, size_t *upload_size, void **state)
{
    HttpExchange *exchange = *state;

    (void)version;
    if (exchange == NULL) {
        *state = exchange = exchange_new(data, connection, method, url);
        read_head(exchange);
        return exchange->refused == 413 || exchange->ambiguous ? refuse(exchange) : MHD_YES;
    }
    if (*upload_size > 0) {
        take_body(exchange, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    if (exchange->handed_on)
        return send_answer(exchange);
    crowd_busy(exchange->http->crowd, crowd_peer(connection));
    if (exchange->refused != 0)
        return refuse(exchange);
    exchange->handed_on = true;
    if (exchange->http->options.quick != NULL &&
        exchange->http->options.quick(exchange->http->options.data, exchange, &exchange->answer))
        return send_answer(exchange);
    MHD_suspend_connection(connection);
    exchange->http->options.take(exchange->http->options.data, exchange);
    return MHD_YES;
}

static void
request_completed(void *data, struct MHD_Connection *connection, void **state,
                  enum MHD_RequestTerminationCode code)
{
    HttpExchange *exchange = *state;

    (void)data;
    (void)code;
    if (exchange == NULL)
        return;
    *state = NULL;
    crowd_idle(exchange->http->crowd, crowd_peer(connection));
    exchange->http->body_bytes -= exchange->counted;
    if (exchange->stream != NULL)
        web_stream_leave(exchange->stream);
    g_clear_pointer(&exchange->stream, web_stream_unref);
    web_answer_clear(&exchange->answer);
    web_request_free(exchange->request);
    g_free(exchange);
}

/* Escapes are ours to decode: MHD's own way hides a %2F from the router and a NUL from us. */
static size_t
keep_escapes(void *data, struct MHD_Connection *connection, char *text)
{
    (void)data;
    (void)connection;
    return strlen(text);
}

/* "127.0.0.1:80" or "[::1]:80". */
static bool
parse_listen(const char *text, struct sockaddr_storage *out, socklen_t *length_out, GError **error)
{
    const char *colon = strrchr(text, ':');
    g_autofree char *host = colon != NULL ? g_strndup(text, (gsize)(colon - text)) : NULL;
    guint64 port = 0;
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;

    memset(out, 0, sizeof *out);
    if (host != NULL && g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &port, NULL)) {
        size_t size = strlen(host);

        if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host,
                      &four->sin_addr) == 1) {
            four->sin_family = AF_INET;
            four->sin_port = htons((uint16_t)port);
            *length_out = sizeof *four;
            return true;
        }
        if (size > 2 && host[0] == '[' && host[size - 1] == ']') {
            host[size - 1] = '\0';
            six->sin6_family = AF_INET6;
            six->sin6_port = htons((uint16_t)port);
            *length_out = sizeof *six;
            if (inet_pton(AF_INET6, host + 1, &six->sin6_addr) == 1)
                return true;
        }
    }
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
              "'%s' is no address to listen on: ADDRESS:PORT, as 127.0.0.1:8080 or [::1]:8080",
              text);
    return false;
}

static int
open_socket(const char *text, GError **error)
{
    struct sockaddr_storage address;
    socklen_t length = 0;
    int one = 1;
    AUTO_FD int fd = -1;

    if (!parse_listen(text, &address, &length, error))
        return -1;
    fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, SOMAXCONN) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "cannot listen on '%s': %s", text,
                  g_strerror(errno));
        return -1;
    }
    return fd_steal(&fd);
}

static unsigned
port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;

    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        return 0;
    return ntohs(address.ss_family == AF_INET6
                     ? ((struct sockaddr_in6 *)(void *)&address)->sin6_port
                     : ((struct sockaddr_in *)(void *)&address)->sin_port);
}

static void
tell_address(const HttpOptions *options, unsigned port)
{
    g_autofree char *host =
        g_strndup(options->listen, (gsize)(strrchr(options->listen, ':') - options->listen));
    g_autofree char *address = g_strdup_printf("%s:%u", host, port);

    options->port_known(options->data, address);
}

Http *
http_start(const HttpOptions *options, GError **error)
{
    g_autoptr(Http) http = g_new0(Http, 1);
    AUTO_FD int fd = open_socket(options->listen, error);

    if (fd < 0)
        return NULL;
    http->options = *options;
    http->crowd = crowd_new(HTTP_MAX_CONNECTIONS - HTTP_SPARE_CONNECTIONS);
    tell_address(options, port_of(fd));
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        access_request, http, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)HTTP_MAX_CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HTTP_CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_IDLE_TIMEOUT_S,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)HTTP_THREAD_STACK_BYTES, MHD_OPTION_NOTIFY_COMPLETED,
        request_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION, connection_changed, http,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_END);
    if (http->daemon == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "cannot start the HTTP server");
        return NULL;
    }
    (void)fd_steal(&fd);
    return g_steal_pointer(&http);
}

void
http_quiesce(Http *http)
{
    int fd = MHD_quiesce_daemon(http->daemon);

    fd_clear(&fd);
}

void
http_free(Http *http)
{
    if (http == NULL)
        return;
    if (http->daemon != NULL)
        MHD_stop_daemon(http->daemon);
    crowd_free(http->crowd);
    g_free(http);
}

unsigned
http_count_connections(Http *http)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

    return info != NULL ? info->num_connections : 0;
}

WebRequest *
http_request(HttpExchange *exchange)
{
    return exchange->request;
}

void
http_answer(HttpExchange *exchange, WebAnswer *answer)
{
    exchange->answer = *answer;
    *answer = (WebAnswer)WEB_ANSWER_INIT;
    MHD_resume_connection(exchange->connection);
}
