/* SPDX-License-Identifier: Apache-2.0
 * child: see child_priv.h. */
#include "git/child_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "base/files.h"
#include "base/banned.h"

#define PIPE_BYTES (1 << 20)

void
git_child_init(GitChild *child, Cancel *cancel)
{
    child->input = child->output = -1;
    child->cancel = cancel;
}

void
git_child_clear(GitChild *child)
{
    fd_clear(&child->input);
    fd_clear(&child->output);
    g_clear_pointer(&child->process, process_free);
    git_command_clear(&child->command);
}

/* Starts @child->command with pipes. */
bool
git_child_start(GitChild *child, bool has_input, GError **error)
{
    ProcessSpec spec = git_command_spec(&child->command);
    int out[2] = { -1, -1 };
    int in[2] = { -1, -1 };

    if (pipe2(out, O_CLOEXEC) != 0 || (has_input && pipe2(in, O_CLOEXEC) != 0)) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot make a pipe to git");
        fd_clear(&out[0]);
        fd_clear(&out[1]);
        return false;
    }
    spec.stdin_fd = in[0];
    spec.stdout_fd = out[1];
    (void)fcntl(out[0], F_SETPIPE_SZ,
                PIPE_BYTES); /* fewer changes between the two; as it is if refused */
    child->process = process_spawn(&spec, error);
    fd_clear(&out[1]);
    fd_clear(&in[0]);
    child->output = out[0];
    child->input = in[1];
    return child->process != NULL;
}

bool
git_child_finish(GitChild *child, const char *what, GError **error)
{
    ProcessExit end = { 0 };

    fd_clear(&child->input);
    if (!process_wait(child->process, GIT_TIMEOUT_MS, child->cancel, &end, error))
        return false;
    if (end.exit_code != 0) {
        g_autofree char *text = process_exit_text(&end);

        error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT, "git %s %s", what, text);
        return false;
    }
    return true;
}

/* Reads more; *@eof_out when there is none. */
static bool
fill(GitChild *child, bool *eof_out, GError **error)
{
    if (child->start == child->end)
        child->start = child->end = 0;
    if (!cancel_check(child->cancel, error))
        return false;
    ssize_t n = TEMP_FAILURE_RETRY(
        read(child->output, child->data + child->end, GIT_CHILD_READ_BYTES - child->end));

    if (n < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read from git");
        return false;
    }
    *eof_out = n == 0;
    child->end += (size_t)n;
    return true;
}

/* One record up to @mark, which is not kept. *@line_out is owned; NULL at the end. */
bool
git_child_record(GitChild *child, char mark, char **line_out, GError **error)
{
    size_t seen = 0;

    for (;;) {
        const uint8_t *start = child->data + child->start;
        const uint8_t *found = memchr(start + seen, mark, child->end - child->start - seen);
        bool eof = false;

        if (found != NULL) {
            *line_out = g_strndup((const char *)start, (size_t)(found - start));
            child->start += (size_t)(found - start) + 1;
            return true;
        }
        seen = child->end - child->start;
        if (seen > GIT_RECORD_BYTES) {
            error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "an entry is longer than %u bytes",
                      GIT_RECORD_BYTES);
            return false;
        }
        if (child->start > 0) {
            memmove(child->data, start, seen);
            child->start = 0;
            child->end = seen;
        }
        if (!fill(child, &eof, error))
            return false;
        if (eof && seen > 0) {
            error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                      "git ended in the middle of an answer");
            return false;
        }
        if (eof) {
            *line_out = NULL;
            return true;
        }
    }
}

/* Hands the next @size bytes to @fd, or into @memory when it is not NULL. */
bool
git_child_copy(GitChild *child, uint64_t size, int fd, uint8_t *memory, GError **error)
{
    while (size > 0) {
        bool eof = false;

        if (child->start == child->end) {
            if (!fill(child, &eof, error))
                return false;
            if (eof) {
                error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                          "git ended in the middle of an object");
                return false;
            }
        }
        size_t n = (size_t)MIN((uint64_t)(child->end - child->start), size);
        const uint8_t *from = child->data + child->start;

        for (size_t done = 0; fd >= 0 && done < n;) {
            ssize_t wrote = TEMP_FAILURE_RETRY(write(fd, from + done, n - done));

            if (wrote < 0) {
                error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot write");
                return false;
            }
            done += (size_t)wrote;
        }
        if (memory != NULL) {
            memcpy(memory, from, n);
            memory += n;
        }
        child->start += n;
        size -= n;
    }
    return true;
}
