/* SPDX-License-Identifier: Apache-2.0
 * hook_load: sends signed deliveries of 8 KiB over a number of connections and says how long each
 * waited for its answer. Bodies and signatures are made before the clock starts, so that the client
 * costs little beside what it measures. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/digest.h"
#include "base/encoding.h"
#include "bench_util.h"
#include "base/banned.h"

#define BODY_BYTES      8192
#define MAX_CONNECTIONS 512
#define ANSWER_BYTES    4096

typedef struct Peer { /* one connection: sends, waits, sends the next */
    int fd;
    size_t request; /* the one under way */
    size_t sent;
    char answer[ANSWER_BYTES];
    size_t n_answer;
    int64_t began_us;
} Peer;

typedef struct Load {
    GPtrArray *requests; /* owned, of GBytes */
    GArray *took_us;     /* owned, of int64_t */
    size_t next, n_answered, n_refused;
    int epoll;
    unsigned first_refusal; /* its status */
} Load;

/* A push of a ref of its own; @commit NULL: of a commit of its own, which nobody has. */
static GBytes *
make_request(const char *host, const char *path, const char *secret, const char *commit,
             uint64_t number)
{
    g_autofree char *seed = g_strdup_printf("%" PRIu64, number);
    Digest digest = digest_of(span_of_text(seed));
    g_autofree char *hex =
        commit != NULL ? g_strdup(commit) : hex_encode(span_of(digest.bytes, 20));
    g_autoptr(GString) body = g_string_new(NULL);
    g_autofree char *signature = NULL;
    uint8_t mac[DIGEST_SIZE];
    unsigned n_mac = 0;
    GString *all = g_string_new(NULL);

    g_string_append_printf(body,
                           "{\"ref\":\"refs/heads/b%" PRIu64 "\",\"before\":\"%040d\",\"after\":"
                           "\"%s\",\"repository\":{\"full_name\":\"o/r\"},\"sender\":{\"login\":"
                           "\"a\"},\"head_commit\":{\"id\":\"%s\",\"message\":\"m\"},\"pad\":\"",
                           number, 0, hex, hex);
    while (body->len < BODY_BYTES - 2)
        g_string_append_c(body, 'x');
    g_string_append(body, "\"}");
    if (HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)body->str, body->len,
             mac, &n_mac) == NULL)
        bench_fail("cannot sign", NULL);
    signature = hex_encode(span_of(mac, n_mac));
    g_string_append_printf(all,
                           "POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: GitHub-Hookshot/1\r\n"
                           "Accept: */*\r\nContent-Type: application/json\r\n"
                           "X-GitHub-Event: push\r\nX-GitHub-Delivery: d%" PRIu64 "\r\n"
                           "X-Hub-Signature-256: sha256=%s\r\nContent-Length: %zu\r\n\r\n",
                           path, host, number, signature, body->len);
    g_string_append_len(all, body->str, (gssize)body->len);
    return g_string_free_to_bytes(all);
}

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
    if (status != 202) {
        load->n_refused++;
        load->first_refusal = load->first_refusal != 0 ? load->first_refusal : status;
    }
    send_next(load, peer);
}

static void
serve(Load *load)
{
    struct epoll_event events[MAX_CONNECTIONS];

    while (load->n_answered < load->requests->len) {
        int n = epoll_wait(load->epoll, events, MAX_CONNECTIONS, 30000);

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

static int
by_value(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

    return one < other ? -1 : one > other;
}

int
main(int argc, char **argv)
{
    const char *host = bench_option(argc, argv, "--host", "127.0.0.1:8080");
    const char *path = bench_option(argc, argv, "--path", "/hooks/github/p");
    const char *secret = bench_option(argc, argv, "--secret", "");
    const char *commit = bench_option(argc, argv, "--commit", NULL);
    uint64_t first = (uint64_t)bench_number(argc, argv, "--first", "0");
    size_t count = (size_t)bench_number(argc, argv, "--count", "200");
    size_t n_peers = (size_t)bench_number(argc, argv, "--connections", "1");
    g_autofree Peer *peers = NULL;
    Load load = { .requests = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref),
                  .took_us = g_array_new(FALSE, FALSE, sizeof(int64_t)),
                  .epoll = epoll_create1(EPOLL_CLOEXEC) };
    int64_t began = 0;
    double cpu = 0, seconds = 0;

    if (n_peers < 1 || n_peers > MAX_CONNECTIONS || count < n_peers || load.epoll < 0)
        bench_fail("1 to 512 connections, and a delivery for each at least", NULL);
    for (size_t i = 0; i < count; i++)
        g_ptr_array_add(load.requests, make_request(host, path, secret, commit, first + i));
    peers = g_new0(Peer, n_peers);
    for (size_t i = 0; i < n_peers; i++) {
        peers[i].fd = connect_to(host);
        watch(&load, &peers[i], EPOLLIN, EPOLL_CTL_ADD);
    }
    cpu = bench_cpu_seconds(RUSAGE_SELF);
    began = clock_monotonic_us();
    for (size_t i = 0; i < n_peers; i++)
        send_next(&load, &peers[i]);
    serve(&load);
    seconds = (double)(clock_monotonic_us() - began) / 1e6;
    cpu = bench_cpu_seconds(RUSAGE_SELF) - cpu;
    g_array_sort(load.took_us, by_value);
    printf("{\"per_s\": %.1f, \"p50_us\": %" PRId64 ", \"p99_us\": %" PRId64
           ", \"refused\": %zu, \"refusal\": %u, \"client_cpu_us\": %.2f}\n",
           (double)count / seconds, g_array_index(load.took_us, int64_t, count / 2),
           g_array_index(load.took_us, int64_t, count * 99 / 100), load.n_refused,
           load.first_refusal, cpu * 1e6 / (double)count);
    for (size_t i = 0; i < n_peers; i++)
        close(peers[i].fd);
    close(load.epoll);
    g_ptr_array_unref(load.requests);
    g_array_unref(load.took_us);
    return 0;
}
