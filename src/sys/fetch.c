/* SPDX-License-Identifier: Apache-2.0
 * fetch: the engine's end of slipway-fetch: the request as JSON on its stdin, the answer's head as
 * JSON on its stdout, the body on descriptor 3. */
#include "sys/fetch.h"
#include <sys/mman.h>
#include "base/encoding.h"
#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "sys/paths.h"
#include "sys/process.h"
#include "base/banned.h"

#define BODY_FD         3
#define MAX_HEAD_BYTES  (64u << 10)
#define MAX_SHOWN_BYTES 300u /* of a refusal's body, in a message */

void
fetch_answer_clear(FetchAnswer *answer)
{
    g_clear_pointer(&answer->content_type, g_free);
}

static char *
encode_request(const FetchRequest *request)
{
    g_autoptr(json_t) json = json_object();
    json_t *headers = json_array();
    const char *method = request->method != NULL ? request->method
                         : request->body.len > 0 ? "POST"
                                                 : "GET";

    for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++)
        json_array_append_new(headers, json_string(request->headers[i]));
    json_object_set_new(json, "method", json_string(method));
    json_object_set_new(json, "url", json_string(request->url));
    json_object_set_new(json, "headers", headers);
    json_object_set_new(json, "limit", json_integer((json_int_t)request->limit_bytes));
    json_object_set_new(json, "timeoutMs", json_integer(FETCH_TIMEOUT_MS));
    if (request->body.len > 0) {
        g_autofree char *body = base64_encode(request->body);

        json_object_set_new(json, "body", json_string(body));
    }
    return json_dumps(json, JSON_COMPACT);
}

static bool
read_head(const json_t *head, const char *url, FetchAnswer *out, GError **error)
{
    const char *message = json_string_value(json_object_get(head, "error"));
    const char *type = json_string_value(json_object_get(head, "contentType"));

    if (message != NULL) {
        const char *kind = json_string_value(json_object_get(head, "kind"));
        int code = g_strcmp0(kind, "limit") == 0     ? BASE_ERROR_LIMIT
                   : g_strcmp0(kind, "timeout") == 0 ? BASE_ERROR_TIMEOUT
                   : g_strcmp0(kind, "invalid") == 0 ? BASE_ERROR_INVALID
                                                     : BASE_ERROR_UNAVAILABLE;

        error_set(error, BASE_ERROR, code, "cannot fetch '%s': %s", url, message);
        return false;
    }
    out->status = (int)json_integer_value(json_object_get(head, "status"));
    out->content_type = g_strdup(type);
    return true;
}

bool
fetch(const FetchRequest *request, Cancel *cancel, FetchAnswer *answer_out, GError **error)
{
    g_autofree char *program = paths_find_helper("slipway-fetch", error);
    g_auto(ProcessResult) result = { 0 };
    g_autoptr(json_t) head = NULL;
    char *text = NULL;
    bool ran = false;

    if (program == NULL)
        return false;
    const char *const argv[] = { program, NULL };
    const char *const env[] = { "LC_ALL=C.UTF-8", NULL };
    const ProcessFd fds[] = { { .from = request->out_fd, .to = BODY_FD } };
    const ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = argv, .env = env, .fds = fds,
                               .n_fds = 1 };
    text = encode_request(request);
    ran = process_run(&spec, span_of_text(text), MAX_HEAD_BYTES, -1, cancel, &result, error);
    free(text);
    if (!ran)
        return false;
    head = json_parse(span_of_bytes(result.output), MAX_HEAD_BYTES, NULL);
    if (head == NULL) {
        g_autofree char *how = process_exit_text(&result.exit);

        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "cannot fetch '%s': slipway-fetch %s: %s", request->url, how, result.errors);
        return false;
    }
    return read_head(head, request->url, answer_out, error);
}

GBytes *
fetch_bytes(const FetchRequest *request, Cancel *cancel, GError **error)
{
    AUTO_FD int fd = memfd_create("fetch", MFD_CLOEXEC);
    FetchRequest with_fd = *request;
    g_auto(FetchAnswer) answer = { 0 };
    g_autoptr(GBytes) body = NULL;

    if (fd < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot make a file in memory");
        return NULL;
    }
    with_fd.out_fd = fd;
    if (!fetch(&with_fd, cancel, &answer, error))
        return NULL;
    if (lseek(fd, 0, SEEK_SET) != 0 ||
        (body = fd_read_all(fd, (size_t)request->limit_bytes, error)) == NULL)
        return NULL;
    if (answer.status / 100 == 2)
        return g_steal_pointer(&body);
    Span shown = span_of_bytes(body);
    g_autofree char *head = g_strndup((const char *)shown.data, MIN(shown.len, MAX_SHOWN_BYTES));
    g_autofree char *printable = error_printable(head != NULL ? head : "");
    error_set(error, BASE_ERROR,
              answer.status == 404 || answer.status == 410 ? BASE_ERROR_NOT_FOUND
                                                           : BASE_ERROR_UNAVAILABLE,
              "'%s' answered %d: %s", request->url, answer.status, printable);
    return NULL;
}
