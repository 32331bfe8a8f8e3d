/* SPDX-License-Identifier: Apache-2.0
 * agent: see agent_priv.h. The machine is not trusted: every answer is parsed strictly, and none is longer than the hypervisor lets through. */
#include "vm/agent_priv.h"
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/banned.h"

#define FOLDER       "/run/slipway-agent"
#define CHUNK_BYTES  (256u << 10)
#define ANSWER_BYTES (16u << 20)
#define RETRY_MS     100
#define POLL_MIN_MS  10
#define POLL_MAX_MS  200
#define SIGNAL_BASE  128
#define EXIT_MAX     255

struct Agent {
    Domain *domain; /* borrowed */
};

/* Asks @name with @arguments (consumed; NULL: none). The "return" of the answer; owned. */
static json_t *
ask(Agent *agent, const char *name, json_t *arguments, GError **error)
{
    g_autoptr(json_t) command = json_pack("{s:s}", "execute", name);
    g_autofree char *answer = NULL;

    if (arguments != NULL)
        json_object_set_new(command, "arguments", arguments);
    g_autofree char *text = json_canonical(command, NULL, error);

    answer = text == NULL ? NULL : domain_ask_agent(agent->domain, text, error);
    if (answer == NULL)
        return NULL;
    g_autoptr(json_t) parsed = json_parse(span_of_text(answer), ANSWER_BYTES, error);
    json_t *result = json_object_get(parsed, "return");

    if (parsed != NULL && result == NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "the guest agent answers '%s' with nothing", name);
    return result == NULL ? NULL : json_incref(result);
}

static bool
tell(Agent *agent, const char *name, json_t *arguments, GError **error)
{
    g_autoptr(json_t) result = ask(agent, name, arguments, error);

    return result != NULL;
}

static bool
nobody_waits(int watch_fd, int timeout_ms, GError **error)
{
    struct pollfd watch = { .fd = watch_fd, .events = POLLIN | POLLRDHUP };

    if (poll(&watch, 1, timeout_ms) <= 0)
        return false;
    error_set(error, BASE_ERROR, BASE_ERROR_CANCELLED, "the engine is gone");
    return true;
}

/* ---- files of the machine ---------------------------------------------------------------------- */

static bool
guest_file_open(Agent *agent, const char *name, const char *mode, json_int_t *handle_out,
                GError **error)
{
    g_autofree char *path = g_strconcat(FOLDER "/", name, NULL);
    g_autoptr(json_t) handle =
        ask(agent, "guest-file-open", json_pack("{s:s, s:s}", "path", path, "mode", mode), error);

    if (handle == NULL)
        return false;
    *handle_out = json_integer_value(handle);
    return true;
}

static bool
guest_file_close(Agent *agent, json_int_t handle, GError **error)
{
    return tell(agent, "guest-file-close", json_pack("{s:I}", "handle", handle), error);
}

static bool
guest_file_write(Agent *agent, json_int_t handle, const uint8_t *bytes, size_t len, GError **error)
{
    g_autofree char *base64 = g_base64_encode(bytes, len);

    return tell(agent, "guest-file-write",
                json_pack("{s:I, s:s}", "handle", handle, "buf-b64", base64), error);
}

/* What has been written since; @n_out 0: nothing. */
static bool
guest_file_read(Agent *agent, json_int_t handle, guchar **bytes_out, gsize *n_out, GError **error)
{
    g_autoptr(json_t) answer =
        ask(agent, "guest-file-read",
            json_pack("{s:I, s:I}", "handle", handle, "count", (json_int_t)CHUNK_BYTES), error);
    const char *base64 = json_string_value(json_object_get(answer, "buf-b64"));

    if (answer == NULL)
        return false;
    *bytes_out = g_base64_decode(base64 != NULL ? base64 : "", n_out);
    return true;
}

/* ---- a command --------------------------------------------------------------------------------- */

static bool
put_input(Agent *agent, const RunSpec *spec, GError **error)
{
    g_autofree uint8_t *chunk = g_malloc(CHUNK_BYTES);
    json_int_t handle = 0;

    if (!guest_file_open(agent, "in", "w", &handle, error))
        return false;
    for (;;) {
        ssize_t n = read(spec->in_fd, chunk, CHUNK_BYTES);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        if (!guest_file_write(agent, handle, chunk, (size_t)n, error) ||
            nobody_waits(spec->watch_fd, 0, error))
            return false;
    }
    return guest_file_close(agent, handle, error);
}

static bool
start(Agent *agent, const char *command, json_int_t *pid_out, GError **error)
{
    g_autoptr(json_t) answer =
        ask(agent, "guest-exec",
            json_pack("{s:s, s:[s, s]}", "path", "/bin/sh", "arg", "-c", command), error);

    if (answer == NULL)
        return false;
    *pid_out = json_integer_value(json_object_get(answer, "pid"));
    return true;
}

/* Whether it has ended, and how. */
static bool
look(Agent *agent, json_int_t pid, bool *ended_out, int *code_out, GError **error)
{
    g_autoptr(json_t) answer =
        ask(agent, "guest-exec-status", json_pack("{s:I}", "pid", pid), error);
    const json_t *killed = json_object_get(answer, "signal");

    if (answer == NULL)
        return false;
    *ended_out = json_is_true(json_object_get(answer, "exited"));
    json_int_t code = killed != NULL ? SIGNAL_BASE + json_integer_value(killed)
                                     : json_integer_value(json_object_get(answer, "exitcode"));

    *code_out = (int)CLAMP(code, 0, EXIT_MAX);
    return true;
}

typedef struct Running {
    Agent *agent;
    const RunSpec *spec;
    RunEnd *end;
    json_int_t pid, out, errors; /* handles of the machine */
    uint64_t n_bytes;
} Running;

/* Everything that is there of both streams. */
static bool
pull(Running *running, bool *moved, GError **error)
{
    for (;;) {
        g_autofree guchar *bytes = NULL;
        gsize n = 0;

        if (!guest_file_read(running->agent, running->out, &bytes, &n, error))
            return false;
        if (n == 0)
            return true;
        *moved = true;
        running->n_bytes += n;
        if (running->spec->max_bytes > 0 && running->n_bytes > running->spec->max_bytes) {
            error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                      "the machine sends more than %" G_GUINT64_FORMAT " bytes",
                      running->spec->max_bytes);
            return false;
        }
        if (!fd_write_all(running->spec->out_fd, span_of(bytes, n), error))
            return false;
    }
}

static bool
pull_errors(Running *running, GError **error)
{
    for (;;) {
        g_autofree guchar *bytes = NULL;
        gsize n = 0;

        if (!guest_file_read(running->agent, running->errors, &bytes, &n, error))
            return false;
        if (n == 0)
            return true;
        run_end_add_errors(running->end, (const char *)bytes, n);
    }
}

static bool
follow(Running *running, GError **error)
{
    bool ended = false;
    int wait_ms = POLL_MIN_MS;

    while (!ended) {
        bool moved = false;

        if (nobody_waits(running->spec->watch_fd, wait_ms, error) ||
            !look(running->agent, running->pid, &ended, &running->end->exit_code, error) ||
            !pull(running, &moved, error))
            return false;
        wait_ms = moved ? POLL_MIN_MS : MIN(wait_ms * 2, POLL_MAX_MS);
    }
    return pull_errors(running, error);
}

bool
agent_run(Agent *agent, const RunSpec *spec, RunEnd *end, GError **error)
{
    Running running = { .agent = agent, .spec = spec, .end = end };
    /* What it reads may hold secrets: it is gone before the command runs. */
    g_autofree char *command = g_strconcat("cd / && exec <" FOLDER "/in >>" FOLDER "/out 2>>" FOLDER
                                           "/errors && rm -f " FOLDER "/in; ",
                                           spec->command, NULL);

    if (!put_input(agent, spec, error) ||
        !guest_file_open(agent, "out", "w+", &running.out, error) ||
        !guest_file_open(agent, "errors", "w+", &running.errors, error) ||
        !start(agent, command, &running.pid, error) || !follow(&running, error))
        return false;
    return guest_file_close(agent, running.out, error) &&
           guest_file_close(agent, running.errors, error);
}

/* ---- the way in -------------------------------------------------------------------------------- */

/* A folder that only root can enter. */
static bool
make_folder(Agent *agent, int64_t deadline_us, int watch_fd, GError **error)
{
    json_int_t pid = 0;
    bool ended = false;
    int code = 0;

    if (!start(agent, "rm -rf " FOLDER " && mkdir -m 700 " FOLDER, &pid, error))
        return false;
    while (!ended) {
        if (!look(agent, pid, &ended, &code, error) ||
            (!ended && nobody_waits(watch_fd, POLL_MIN_MS, error)))
            return false;
        if (clock_monotonic_us() > deadline_us)
            break;
    }
    if (ended && code == 0)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
              "the guest agent cannot make '" FOLDER "'");
    return false;
}

Agent *
agent_connect(Domain *domain, int64_t deadline_us, int watch_fd, GError **error)
{
    g_autoptr(Agent) agent = g_new0(Agent, 1);

    agent->domain = domain;
    for (;;) {
        g_autoptr(GError) local = NULL;

        if (tell(agent, "guest-ping", NULL, &local))
            break;
        if (clock_monotonic_us() > deadline_us) {
            error_set(error, BASE_ERROR, BASE_ERROR_TIMEOUT, "the guest agent does not answer: %s",
                      local->message);
            return NULL;
        }
        if (nobody_waits(watch_fd, RETRY_MS, error))
            return NULL;
    }
    return make_folder(agent, deadline_us, watch_fd, error) ? g_steal_pointer(&agent) : NULL;
}

void
agent_free(Agent *agent)
{
    g_free(agent);
}
