/* SPDX-License-Identifier: Apache-2.0
 * http_load: see http_load.h. One epoll for all connections. */
#include "http_load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "bench_util.h"
#include "base/banned.h"

#define ANSWER_BYTES (16 * 1024)

typedef struct Peer { /* one connection: sends, waits, sends the next */
    int fd;
    size_t request; /* the one under way */
    size_t sent;
    char answer[ANSWER_BYTES];
    size_t n_answer;
    int64_t began_us;
} Peer;

typedef struct Load {
    GPtrArray *requests; /* borrowed, of GBytes */
    GArray *took_us;     /* owned, of int64_t */
    size_t next, n_answered, n_refused;
    int epoll;
    unsigned wanted;        /* status of a good answer */
    unsigned first_refusal; /* its status */
} Load;

static int
connect_to(const char *host)
{
    const char *colon = strrchr(host, ':');
    struct sockaddr_in address = { .sin_family = AF_INET };
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)g_ascii_strtoull(colon != NULL ? colon + 1 : "0", NULL, 10));
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0)
        bench_fail("cannot connect", NULL);
    return fd;
}

static void
watch(const Load *load, Peer *peer, uint32_t events, int how)
{
    struct epoll_event event = { .events = events, .data.ptr = peer };

    if (epoll_ctl(load->epoll, how, peer->fd, &event) != 0)
        bench_fail("cannot watch a connection", NULL);
}

/* Whether all of it went out. */
static bool
send_rest(const Load *load, Peer *peer)
{
    gsize size = 0;
    const char *bytes = g_bytes_get_data(load->requests->pdata[peer->request], &size);

    while (peer->sent < size) {
        ssize_t n =
            send(peer->fd, bytes + peer->sent, size - peer->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return false;
        if (n < 0)
            bench_fail("the server closed a connection", NULL);
        peer->sent += (size_t)n;
    }
    return true;
}

static void
send_next(Load *load, Peer *peer)
{
    if (load->next >= load->requests->len)
        return;
    peer->request = load->next++;
    peer->sent = peer->n_answer = 0;
    peer->began_us = clock_monotonic_us();
    if (!send_rest(load, peer))
        watch(load, peer, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
}

/* Length of the whole answer once its head is there; 0 before. */
static size_t
answer_length(const Peer *peer)
{
    const char *end = strstr(peer->answer, "\r\n\r\n");
    const char *length = end != NULL ? strcasestr(peer->answer, "\r\nContent-Length: ") : NULL;

    if (length == NULL || length > end)
        return 0;
    return (size_t)(end + 4 - peer->answer) +
           (size_t)g_ascii_strtoull(length + strlen("\r\nContent-Length: "), NULL, 10);
}

static void
take_answer(Load *load, Peer *peer)
{
    ssize_t n = recv(peer->fd, peer->answer + peer->n_answer,
                     sizeof peer->answer - 1 - peer->n_answer, MSG_DONTWAIT);
    size_t whole = 0;
    int64_t took = 0;
    unsigned status = 0;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        bench_fail("the server closed a connection", NULL);
    peer->n_answer += (size_t)n;
    peer->answer[peer->n_answer] = '\0';
    whole = answer_length(peer);
    if (whole == 0 || peer->n_answer < whole)
        return;
    took = clock_monotonic_us() - peer->began_us;
    g_array_append_val(load->took_us, took);
    status = (unsigned)g_ascii_strtoull(peer->answer + strlen("HTTP/1.1 "), NULL, 10);
    load->n_answered++;
    if (status != load->wanted) {
        load->n_refused++;
        load->first_refusal = load->first_refusal != 0 ? load->first_refusal : status;
    }
    send_next(load, peer);
}

static void
serve(Load *load)
{
    struct epoll_event events[HTTP_LOAD_MAX_CONNECTIONS];

    while (load->n_answered < load->requests->len) {
        int n = epoll_wait(load->epoll, events, HTTP_LOAD_MAX_CONNECTIONS, 30000);

        if (n == 0)
            bench_fail("no answer for 30 s", NULL);
        for (int i = 0; i < n; i++) {
            Peer *peer = events[i].data.ptr;

            if ((events[i].events & EPOLLOUT) != 0 && send_rest(load, peer))
                watch(load, peer, EPOLLIN, EPOLL_CTL_MOD);
            if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
                take_answer(load, peer);
        }
    }
}

void
http_load_run(const char *host, GPtrArray *requests, size_t n_connections, unsigned wanted)
{
    g_autofree Peer *peers = NULL;
    Load load = { .requests = requests,
                  .took_us = g_array_new(FALSE, FALSE, sizeof(int64_t)),
                  .wanted = wanted,
                  .epoll = epoll_create1(EPOLL_CLOEXEC) };
    size_t count = requests->len;
    int64_t began = 0;
    double cpu = 0, seconds = 0;

    if (n_connections < 1 || n_connections > HTTP_LOAD_MAX_CONNECTIONS || count < n_connections ||
        load.epoll < 0)
        bench_fail("1 to 512 connections, and a request for each at least", NULL);
    peers = g_new0(Peer, n_connections);
    for (size_t i = 0; i < n_connections; i++) {
        peers[i].fd = connect_to(host);
        watch(&load, &peers[i], EPOLLIN, EPOLL_CTL_ADD);
    }
    cpu = bench_cpu_seconds(RUSAGE_SELF);
    began = clock_monotonic_us();
    for (size_t i = 0; i < n_connections; i++)
        send_next(&load, &peers[i]);
    serve(&load);
    seconds = (double)(clock_monotonic_us() - began) / 1e6;
    cpu = bench_cpu_seconds(RUSAGE_SELF) - cpu;
    g_array_sort(load.took_us, bench_compare_us);
    printf("{\"per_s\": %.1f, \"p50_us\": %" PRId64 ", \"p99_us\": %" PRId64
           ", \"refused\": %zu, \"refusal\": %u, \"client_cpu_us\": %.2f}\n",
           (double)count / seconds, g_array_index(load.took_us, int64_t, count / 2),
           g_array_index(load.took_us, int64_t, count * 99 / 100), load.n_refused,
           load.first_refusal, cpu * 1e6 / (double)count);
    for (size_t i = 0; i < n_connections; i++)
        close(peers[i].fd);
    close(load.epoll);
    g_array_unref(load.took_us);
}
