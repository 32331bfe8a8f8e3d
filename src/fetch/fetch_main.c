/* SPDX-License-Identifier: Apache-2.0
 * fetch_main: the program slipway-fetch: one HTTP request read from stdin, its body to descriptor
 * 3, its head to stdout (see sys/fetch.c). Linking libcurl costs a process milliseconds and
 * megabytes, so it is done here and nowhere else. */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include "base/encoding.h"
#include "base/files.h"
#include "base/json.h"
#include "base/banned.h"

#define BODY_FD           3
#define MAX_REQUEST_BYTES (12u << 20) /* base64 of FETCH_MAX_REQUEST_BYTES and some */
#define MAX_REDIRECTS     5L
#define MIN_BYTES_PER_S   512L /* less over the whole timeout is a trickle: slow retrieval */

typedef struct Transfer {
    uint64_t limit_bytes;
    uint64_t n_bytes;
    bool over; /* the body is longer than the limit */
    bool lost; /* it could not be written */
} Transfer;

static size_t
take_body(char *data, size_t size, size_t count, void *user)
{
    Transfer *transfer = user;
    size_t len = size * count;
    g_autoptr(GError) local = NULL;

    transfer->over = transfer->limit_bytes - transfer->n_bytes < len;
    if (transfer->over)
        return 0;
    transfer->lost = !fd_write_all(BODY_FD, span_of(data, len), &local);
    transfer->n_bytes += len;
    return transfer->lost ? 0 : len;
}

static int
answer(json_t *head)
{
    char *text = json_dumps(head, JSON_COMPACT);

    puts(text);
    free(text);
    json_decref(head);
    return 0;
}

static int
answer_error(const char *kind, const char *message)
{
    return answer(json_pack("{s:s, s:s}", "kind", kind, "error", message));
}

static const char *
kind_of(CURLcode code, const Transfer *transfer)
{
    if (transfer->over)
        return "limit";
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return "timeout";
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return "invalid";
    default:
        return "unavailable";
    }
}

static void
set_options(CURL *curl, const json_t *request, struct curl_slist *headers, Transfer *transfer)
{
    curl_easy_setopt(curl, CURLOPT_URL, json_string_value(json_object_get(request, "url")));
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, MAX_REDIRECTS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "slipway");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, MIN_BYTES_PER_S);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
                     (long)(json_integer_value(json_object_get(request, "timeoutMs")) / 1000));
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)json_integer_value(json_object_get(request, "timeoutMs")));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
}

static int
perform(CURL *curl, const json_t *request)
{
    Transfer transfer = {
        .limit_bytes = (uint64_t)json_integer_value(json_object_get(request, "limit")),
    };
    const json_t *list = json_object_get(request, "headers");
    const char *encoded = json_string_value(json_object_get(request, "body"));
    g_autoptr(GBytes) body = encoded != NULL ? base64_decode(encoded, NULL) : NULL;
    struct curl_slist *headers = NULL;
    char reason[CURL_ERROR_SIZE] = "";
    char *type = NULL;
    long status = 0;
    CURLcode code = CURLE_OK;

    for (size_t i = 0; i < json_array_size(list); i++)
        headers = curl_slist_append(headers, json_string_value(json_array_get(list, i)));
    set_options(curl, request, headers, &transfer);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
    if (body != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)g_bytes_get_size(body));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, g_bytes_get_data(body, NULL));
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST,
                     json_string_value(json_object_get(request, "method")));
    code = curl_easy_perform(curl);
    curl_slist_free_all(headers);
    if (code != CURLE_OK)
        return answer_error(kind_of(code, &transfer),
                            transfer.over    ? "the answer is longer than asked for"
                            : transfer.lost  ? "the answer could not be written"
                            : reason[0] != 0 ? reason
                                             : curl_easy_strerror(code));
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    return answer(json_pack("{s:i, s:s?}", "status", (int)status, "contentType", type));
}

int
main(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) text = fd_read_all(STDIN_FILENO, MAX_REQUEST_BYTES, &error);
    g_autoptr(json_t) request =
        text != NULL ? json_parse(span_of_bytes(text), MAX_REQUEST_BYTES, &error) : NULL;
    CURL *curl = NULL;
    int result = 0;

    if (request == NULL || !json_is_string(json_object_get(request, "url")))
        return answer_error("invalid", error != NULL ? error->message : "no URL");
    curl_global_init(CURL_GLOBAL_DEFAULT);
    curl = curl_easy_init();
    result = curl != NULL ? perform(curl, request) : answer_error("unavailable", "no libcurl");
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    return result;
}
