/* SPDX-License-Identifier: Apache-2.0
 * cmd_serve: the server.
 *
 *   engine → runs and schedules → folder socket → HTTP → ready … TERM: HTTP drains, then runs, then
 *   all is closed in order; a second TERM ends the process at once. */
#include <malloc.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/files.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/commands.h"
#include "service/engine.h"
#include "service/outbox.h"
#include "service/queue.h"
#include "service/witness_client.h"
#include "sys/thread.h"
#include "web/server.h"
#include "sys/cancel.h"
#include "base/banned.h"

#define MALLOC_ARENAS 2    /* of malloc: one a thread would keep what a burst needed for good */
#define DEFAULT_RATE  200u /* requests a second of one account or address */
#define DAY_US        (24ll * 3600 * 1000000)
#define MAX_DAYS      36500
#define MAX_FILES     4096 /* open at once: connections, logs, blobs */

typedef struct {
    char *listen;   /* owned */
    char *base_url; /* owned */
    int64_t rate;
    bool open;
    bool any_rate;
    bool trust_proxy;
    int64_t runs, max_wait_s, keep_logs_days;
} ServeArgs;

static const CliOption options[] = {
    { "listen", 'l', CLI_STRING, offsetof(ServeArgs, listen), 0,
      "where to listen; default 127.0.0.1:8080", "ADDRESS:PORT" },
    { "base-url", 'u', CLI_STRING, offsetof(ServeArgs, base_url), 0,
      "how others reach it: for links and statuses", "URL" },
    { "public", 0, CLI_FLAG, offsetof(ServeArgs, open), 0,
      "who is not logged in may read everything", NULL },
    { "rate", 'r', CLI_INT, offsetof(ServeArgs, rate), 0,
      "requests a second of one account; default 200", "N" },
    { "no-rate", 0, CLI_FLAG, offsetof(ServeArgs, any_rate), 0, "let them ask as often as they can",
      NULL },
    { "trust-proxy", 0, CLI_FLAG, offsetof(ServeArgs, trust_proxy), 0,
      "a proxy in front says in X-Forwarded-For who asks", NULL },
    { "runs", 0, CLI_INT, offsetof(ServeArgs, runs), 0, "runs at a time; default: one a processor",
      "N" },
    { "max-wait", 0, CLI_INT, offsetof(ServeArgs, max_wait_s), 0,
      "a run that waits longer ends as error; default 3600", "SECONDS" },
    { "keep-logs", 0, CLI_INT, offsetof(ServeArgs, keep_logs_days), 0,
      "remove logs of runs older than this; default never", "DAYS" },
    { 0 },
};

/* Tells the service manager, if there is one (sd_notify's protocol: a datagram). */
static void
notify(const char *words)
{
    const char *path = g_getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t length = path != NULL ? strlen(path) : 0;
    AUTO_FD int fd = -1;

    if (length == 0 || length >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        (void)!sendto(fd, words, strlen(words), MSG_NOSIGNAL, (struct sockaddr *)&address,
                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
}

static unsigned
rate_of(const ServeArgs *args)
{
    if (args->any_rate)
        return 0;
    return args->rate > 0 ? (unsigned)MIN(args->rate, 1000000) : DEFAULT_RATE;
}

/* The second TERM comes while the main thread waits for what runs. */
typedef struct Hurry {
    Engine *engine;    /* borrowed */
    WebServer *server; /* borrowed */
    Cancel *stop;      /* borrowed: the second TERM */
    Cancel *done;      /* owned: nothing runs any more */
} Hurry;

static void
hurry_thread(void *data)
{
    Hurry *hurry = data;

    if (!cancel_poll(hurry->done, cancel_fd(hurry->stop), POLLIN, -1, NULL))
        return;
    web_server_hurry(hurry->server);
    engine_cancel_runs(hurry->engine);
}

/* Finishes what runs, unless asked once more. */
static void
drain(CommandContext *context, Engine *engine, WebServer *server)
{
    Hurry hurry = { engine, server, context->stop, cancel_new() };
    Thread *thread = thread_start("hurry", hurry_thread, &hurry, NULL);

    web_server_drain(server);
    queue_drain(engine);
    cancel_trigger(hurry.done);
    thread_join(thread);
    cancel_unref(hurry.done);
    outbox_stop(engine);
}

static bool
serve(CommandContext *context, Engine *engine, const ServeArgs *args, GError **error)
{
    WebServerOptions web = { .listen = args->listen != NULL ? args->listen : "127.0.0.1:8080",
                             .base_url = args->base_url,
                             .anonymous = args->open ? API_ROLE_READER : API_ROLE_ANYONE,
                             .rate = rate_of(args),
                             .trust_proxy = args->trust_proxy };
    QueueOptions queue = { .parallel_runs = (unsigned)MIN(args->runs, QUEUE_MAX_PARALLEL_RUNS),
                           .max_wait_us = args->max_wait_s * 1000000,
                           .keep_logs_us = CLAMP(args->keep_logs_days, 0, MAX_DAYS) * DAY_US };
    g_autoptr(WebServer) server = web_server_start(engine, &web, error);
    bool ok = false;

    if (server == NULL || !outbox_set_public_url(engine, web_server_url(server), error) ||
        !outbox_start(engine, error) || !witness_client_start(engine, error) ||
        !queue_start(engine, &queue, error))
        return false;
    output_line(context->output, "listening  %s", web_server_url(server));
    (void)fflush(stdout);
    notify("READY=1\nSTATUS=listening");
    ok = cancel_wait(context->cancel, error);
    notify("STOPPING=1\nSTATUS=finishing what runs");
    output_talk(context->output, "stopping: no new work; again to stop at once");
    drain(context, engine, server);
    return ok;
}

/* The usual 1024 would be the limit of those who look on. What we start has it too, so not more. */
static void
allow_files(void)
{
    struct rlimit limit = { 0 };

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= MAX_FILES)
        return;
    limit.rlim_cur = MIN(limit.rlim_max, MAX_FILES);
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        log_event(LOG_WARNING, "cannot allow more open files, going on with what there is", NULL);
}

static bool
run_serve(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    Engine *engine = client_get_engine(context->client);

    (void)positional;
    if (context->server != NULL) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS,
                  "a server serves its own data folder: say --home, not --server");
        return false;
    }
    if (engine == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_BUSY,
                  "the data folder '%s' is held by another process that answers for it",
                  context->home);
        return false;
    }
    mallopt(M_ARENA_MAX, MALLOC_ARENAS);
    allow_files();
    return client_listen(context->client, error) && serve(context, engine, data, error);
}

const Command cmd_serve = {
    .name = "serve",
    .synopsis = "[--listen ADDRESS:PORT] [--base-url URL] [--public]",
    .help = "run the server: pages, JSON API, webhooks, schedules",
    .details = "Holds the data folder: other commands on it speak to this process through its\n"
               "socket, or from elsewhere with --server URL --token-file FILE. Plain HTTP: put a\n"
               "proxy with TLS in front of it and say --base-url https://… . TERM stops taking\n"
               "work and finishes what runs; a second TERM stops at once.",
    .needs = COMMAND_NEEDS_ENGINE,
    .flags = COMMAND_CANCELLABLE | COMMAND_HOLDS,
    .options = options,
    .args_size = sizeof(ServeArgs),
    .run = run_serve,
};
