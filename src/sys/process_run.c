/* SPDX-License-Identifier: Apache-2.0
 * process_run: a tool from start to end, its output bounded, its input a file in memory (so that
 * nothing has to be pumped towards a child that may not read). */
#include "sys/process.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/banned.h"

#define READ_CHUNK_BYTES (64u << 10)

typedef struct Run {
    Process *process; /* owned */
    int out;          /* owned; -1 at its end */
    int err;          /* owned; -1 at its end */
    Buffer output;
    Buffer errors;
    const char *program; /* borrowed */
    int64_t deadline_us; /* monotonic; 0 = none */
    int timeout_ms;
    Cancel *cancel; /* borrowed */
} Run;

static void
run_clear(Run *run)
{
    process_free(run->process);
    fd_clear(&run->out);
    fd_clear(&run->err);
    buffer_clear(&run->output);
    buffer_clear(&run->errors);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

void
process_result_clear(ProcessResult *result)
{
    g_clear_pointer(&result->output, g_bytes_unref);
    g_clear_pointer(&result->errors, g_free);
}

/* A readable descriptor with the bytes of @input; -1 on error. */
static int
input_open(Span input, GError **error)
{
    AUTO_FD int fd = -1;

    if (input.len == 0)
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    else
        fd = memfd_create("input", MFD_CLOEXEC);
    if (fd < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot prepare input");
        return -1;
    }
    if (input.len > 0 && (!fd_write_all(fd, input, error) || lseek(fd, 0, SEEK_SET) < 0))
        return -1;
    return fd_steal(&fd);
}

static bool
run_start(Run *run, const ProcessSpec *spec, Span input, GError **error)
{
    AUTO_FD int in = input_open(input, error);
    AUTO_FD int out_write = -1;
    AUTO_FD int err_write = -1;
    int out[2], err[2];
    ProcessSpec own = *spec;

    if (in < 0)
        return false;
    if (pipe2(out, O_CLOEXEC) < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot make a pipe");
        return false;
    }
    run->out = out[0];
    out_write = out[1];
    if (pipe2(err, O_CLOEXEC) < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot make a pipe");
        return false;
    }
    run->err = err[0];
    err_write = err[1];
    own.stdin_fd = in;
    own.stdout_fd = out_write;
    own.stderr_fd = err_write;
    run->process = process_spawn(&own, error);
    return run->process != NULL;
}

/* One read from a descriptor that poll found ready; closes it at its end. */
static bool
take(int *fd, Buffer *into, GError **error)
{
    g_autofree uint8_t *chunk = g_malloc(READ_CHUNK_BYTES);
    ssize_t got = read(*fd, chunk, READ_CHUNK_BYTES);

    if (got < 0 && errno == EINTR)
        return true;
    if (got < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read output");
        return false;
    }
    if (got == 0)
        fd_clear(fd);
    else
        buffer_append(into, span_of(chunk, (size_t)got));
    return true;
}

/* Keeps the head of stderr and drops the rest: it never fails a run. */
static bool
take_errors(Run *run, GError **error)
{
    g_auto(Buffer) chunk = { 0 };
    size_t room = PROCESS_STDERR_BYTES - buffer_get(&run->errors).len;
    Span span;

    buffer_init(&chunk, READ_CHUNK_BYTES);
    if (!take(&run->err, &chunk, error))
        return false;
    span = buffer_get(&chunk);
    if (span.len > 0)
        buffer_append(&run->errors, span_of(span.data, MIN(span.len, room)));
    return true;
}

static int
time_left_ms(const Run *run)
{
    int64_t left_us;

    if (run->deadline_us == 0)
        return -1;
    left_us = run->deadline_us - clock_monotonic_us();
    return left_us > 0 ? (int)((left_us + 999) / 1000) : 0;
}

static bool
set_timeout(const Run *run, GError **error)
{
    error_set(error, BASE_ERROR, BASE_ERROR_TIMEOUT, "'%s' did not end within %d ms", run->program,
              run->timeout_ms);
    return false;
}

static bool
run_pump(Run *run, GError **error)
{
    bool ended = false; /* then what is in the pipes is all: a daemon may hold them open for ever */

    while (run->out >= 0 || run->err >= 0) {
        struct pollfd fds[4] = {
            { .fd = run->out, .events = POLLIN },
            { .fd = run->err, .events = POLLIN },
            { .fd = cancel_fd(run->cancel), .events = POLLIN },
            { .fd = ended ? -1 : process_fd(run->process), .events = POLLIN },
        };
        int n = poll(fds, 4, ended ? 0 : time_left_ms(run));

        if (n < 0 && errno != EINTR) {
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot wait for '%s'", run->program);
            return false;
        }
        if (!cancel_check(run->cancel, error))
            return false;
        if (n == 0)
            return ended || set_timeout(run, error);
        if (n < 0)
            continue;
        ended = ended || fds[3].revents != 0;
        if (fds[0].revents != 0 && !take(&run->out, &run->output, error))
            return false;
        if (fds[1].revents != 0 && !take_errors(run, error))
            return false;
        if (!buffer_check(&run->output, run->program, error))
            return false;
    }
    return true;
}

/* stderr for messages: control characters but the newline masked. Owned. */
static char *
printable_lines(Buffer *buffer)
{
    Span span = buffer_get(buffer);
    g_autofree char *text = g_strndup(span.len == 0 ? "" : (const char *)span.data, span.len);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        char *masked = error_printable(*line);

        g_free(*line);
        *line = masked;
    }
    return g_strjoinv("\n", lines);
}

bool
process_run(const ProcessSpec *spec, Span input, size_t limit_output, int timeout_ms,
            Cancel *cancel, ProcessResult *result_out, GError **error)
{
    g_auto(Run) run = { .out = -1, .err = -1, .program = spec->argv[0], .cancel = cancel };
    ProcessExit end = { 0 };
    g_autoptr(GError) wait_error = NULL;

    buffer_init(&run.output, MAX(limit_output, 1));
    buffer_init(&run.errors, PROCESS_STDERR_BYTES);
    run.timeout_ms = timeout_ms;
    run.deadline_us = timeout_ms < 0 ? 0 : clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    if (!cancel_check(cancel, error) || !run_start(&run, spec, input, error) ||
        !run_pump(&run, error))
        return false;
    if (!process_wait(run.process, time_left_ms(&run), cancel, &end, &wait_error)) {
        if (error_kind(wait_error) == ERROR_KIND_TIMEOUT)
            return set_timeout(&run, error);
        g_propagate_error(error, g_steal_pointer(&wait_error));
        return false;
    }
    result_out->output = buffer_steal(&run.output);
    result_out->errors = printable_lines(&run.errors);
    result_out->exit = end;
    return true;
}
