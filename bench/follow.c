/* SPDX-License-Identifier: Apache-2.0
 * follow: so many readers of one answer that grows. Says how many bytes came to all of them and to
 * the one that got least, in a time that begins when every one has had its first. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "bench_util.h"
#include "base/banned.h"

#define MAX_READERS 1000
#define READ_BYTES  (256 * 1024)
#define PATIENCE_MS 20000

typedef struct Reader {
    int fd;
    uint64_t bytes;
} Reader;

typedef struct Follow {
    Reader readers[MAX_READERS];
    size_t n;
    int epoll;
    char *buffer; /* owned */
} Follow;

static void
start_reader(Follow *follow, size_t i, const char *host, const char *request)
{
    const char *colon = strrchr(host, ':');
    struct sockaddr_in address = { .sin_family = AF_INET };
    Reader *reader = &follow->readers[i];
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = reader };

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)g_ascii_strtoull(colon != NULL ? colon + 1 : "0", NULL, 10));
    reader->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (reader->fd < 0 || connect(reader->fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        send(reader->fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request) ||
        epoll_ctl(follow->epoll, EPOLL_CTL_ADD, reader->fd, &event) != 0)
        bench_fail("cannot follow", NULL);
}

/* How many had nothing yet and have something now. */
static size_t
read_some(Follow *follow, int wait_ms)
{
    struct epoll_event events[MAX_READERS];
    int n = epoll_wait(follow->epoll, events, MAX_READERS, wait_ms);
    size_t n_new = 0;

    for (int i = 0; i < n; i++) {
        Reader *reader = events[i].data.ptr;
        ssize_t got = recv(reader->fd, follow->buffer, READ_BYTES, MSG_DONTWAIT);

        if (got <= 0)
            bench_fail("a reader was cut off", NULL);
        if (reader->bytes == 0 && strncmp(follow->buffer, "HTTP/1.1 200", 12) != 0)
            bench_fail("a reader was refused", NULL);
        n_new += reader->bytes == 0;
        reader->bytes += (uint64_t)got;
    }
    return n_new;
}

static void
wait_for_all(Follow *follow)
{
    int64_t end = clock_monotonic_us() + (int64_t)PATIENCE_MS * 1000;
    size_t n_begun = 0;

    while (n_begun < follow->n && clock_monotonic_us() < end)
        n_begun += read_some(follow, 100);
    if (n_begun < follow->n)
        bench_fail("not every reader was answered", NULL);
    for (size_t i = 0; i < follow->n; i++)
        follow->readers[i].bytes = 1;
}

static void
report(const Follow *follow, double seconds)
{
    uint64_t all = 0, least = UINT64_MAX;

    for (size_t i = 0; i < follow->n; i++) {
        all += follow->readers[i].bytes;
        least = MIN(least, follow->readers[i].bytes);
    }
    printf("{\"seconds\": %.3f, \"bytes\": %" PRIu64 ", \"least\": %" PRIu64
           ", \"client_cpu\": %.3f}\n",
           seconds, all, least, bench_cpu_seconds(RUSAGE_SELF));
    fflush(stdout);
}

int
main(int argc, char **argv)
{
    const char *host = bench_option(argc, argv, "--host", "127.0.0.1:8080");
    const char *path = bench_option(argc, argv, "--path", "/");
    double wanted = bench_number(argc, argv, "--seconds", "5");
    g_autofree Follow *follow = g_new0(Follow, 1);
    g_autofree char *request = g_strdup_printf(
        "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\n\r\n", path, host);
    int64_t began = 0;

    follow->n = (size_t)bench_number(argc, argv, "--connections", "1000");
    follow->buffer = g_malloc0(READ_BYTES + 1);
    follow->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (follow->n < 1 || follow->n > MAX_READERS || follow->epoll < 0)
        bench_fail("1 to 1000 connections", NULL);
    for (size_t i = 0; i < follow->n; i++) {
        start_reader(follow, i, host, request);
        if (i % 32 == 31) /* the server's queue of new requests is bounded */
            usleep(20000);
    }
    wait_for_all(follow);
    puts("following");
    fflush(stdout);
    began = clock_monotonic_us();
    while (clock_monotonic_us() - began < (int64_t)(wanted * 1e6))
        read_some(follow, 100);
    report(follow, (double)(clock_monotonic_us() - began) / 1e6);
    close(follow->epoll);
    g_free(follow->buffer);
    return 0;
}
