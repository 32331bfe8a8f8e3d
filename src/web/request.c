/* SPDX-License-Identifier: Apache-2.0
 * request: one request's parts, and the answers handlers make. */
#include <string.h>
#include "base/encoding.h"
#include "base/files.h"
#include "base/json.h"
#include "web/stream.h"
#include "web/web_priv.h"
#include "base/banned.h"

G_DEFINE_QUARK(slipway - web - error, web_error)

#define MAX_PAIRS 256 /* query parameters or form fields */

static void
pair_clear(void *data)
{
    WebPair *pair = data;

    g_free(pair->name);
    g_free(pair->value);
}

static GArray *
pairs_new(void)
{
    GArray *pairs = g_array_new(FALSE, FALSE, sizeof(WebPair));

    g_array_set_clear_func(pairs, pair_clear);
    return pairs;
}

void
web_pairs_add(GArray *pairs, const char *name, const char *value)
{
    WebPair pair = { .name = g_strdup(name), .value = g_strdup(value) };

    g_array_append_val(pairs, pair);
}

WebRequest *
web_request_new(const char *method, const char *path)
{
    WebRequest *request = g_new0(WebRequest, 1);

    request->method = g_strdup(method);
    request->raw_path = g_strdup(path);
    request->path = g_strdup(path);
    request->headers = pairs_new();
    request->query = pairs_new();
    request->form = pairs_new();
    request->params = pairs_new();
    request->body = g_byte_array_new();
    request->base_url = "";
    request->role = API_ROLE_ANYONE;
    request->actor = g_strdup("anyone");
    return request;
}

void
web_request_free(WebRequest *request)
{
    if (request == NULL)
        return;
    g_free(request->method);
    g_free(request->raw_path);
    g_free(request->path);
    g_free(request->peer);
    g_array_unref(request->headers);
    g_array_unref(request->query);
    g_array_unref(request->form);
    g_array_unref(request->params);
    g_byte_array_unref(request->body);
    g_free(request->viewer);
    g_free(request->actor);
    g_free(request->csrf);
    g_free(request->scope);
    g_free(request);
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = g_ascii_tolower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *
web_decode(const char *text, size_t length, bool plus)
{
    g_autoptr(GString) out = g_string_sized_new(length);

    for (size_t i = 0; i < length; i++) {
        char c = text[i];

        if (c == '%') {
            int high = i + 2 < length ? hex_value(text[i + 1]) : -1;
            int low = i + 2 < length ? hex_value(text[i + 2]) : -1;

            if (high < 0 || low < 0 || (high == 0 && low == 0))
                return NULL;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        } else if (c == '\0') {
            return NULL;
        }
        g_string_append_c(out, c);
    }
    if (!g_utf8_validate(out->str, (gssize)out->len, NULL))
        return NULL;
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static bool
parse_pair(GArray *pairs, const char *text, size_t length)
{
    const char *equals = memchr(text, '=', length);
    size_t name_length = equals != NULL ? (size_t)(equals - text) : length;
    g_autofree char *name = web_decode(text, name_length, true);
    g_autofree char *value =
        equals != NULL ? web_decode(equals + 1, length - name_length - 1, true) : g_strdup("");

    if (name == NULL || value == NULL)
        return false;
    web_pairs_add(pairs, name, value);
    return true;
}

bool
web_pairs_parse(GArray *pairs, const char *text, size_t length, GError **error)
{
    size_t start = 0;

    while (start < length) {
        const char *end = memchr(text + start, '&', length - start);
        size_t stop = end != NULL ? (size_t)(end - text) : length;

        if (stop > start && pairs->len >= MAX_PAIRS) {
            error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "more than %d parameters", MAX_PAIRS);
            return false;
        }
        if (stop > start && !parse_pair(pairs, text + start, stop - start)) {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                      "a parameter is not percent-encoded UTF-8");
            return false;
        }
        start = stop + 1;
    }
    return true;
}

static const char *
find(const GArray *pairs, const char *name)
{
    for (guint i = 0; i < pairs->len; i++) {
        const WebPair *pair = &g_array_index(pairs, WebPair, i);

        if (strcmp(pair->name, name) == 0)
            return pair->value;
    }
    return NULL;
}

const char *
web_param(const WebRequest *request, const char *name)
{
    return find(request->params, name);
}

const char *
web_query(const WebRequest *request, const char *name)
{
    return find(request->query, name);
}

const char *
web_header(const WebRequest *request, const char *name)
{
    for (guint i = 0; i < request->headers->len; i++) {
        const WebPair *pair = &g_array_index(request->headers, WebPair, i);

        if (g_ascii_strcasecmp(pair->name, name) == 0)
            return pair->value;
    }
    return NULL;
}

const char *
web_form(const WebRequest *request, const char *name)
{
    return find(request->form, name);
}

const char *
web_method(const WebRequest *request)
{
    return request->method;
}

const char *
web_path(const WebRequest *request)
{
    return request->path;
}

const char *
web_peer(const WebRequest *request)
{
    return request->peer != NULL ? request->peer : "";
}

Span
web_body(const WebRequest *request)
{
    return (Span){ .data = request->body->data, .len = request->body->len };
}

struct Engine *
web_engine(const WebRequest *request)
{
    return request->engine;
}

const char *
web_base_url(const WebRequest *request)
{
    return request->base_url;
}

ApiContext
web_context(const WebRequest *request)
{
    return (ApiContext){ .engine = request->engine,
                         .role = request->role,
                         .actor = request->actor,
                         .remote = true,
                         .cancel = request->cancel };
}

ApiRole
web_role(const WebRequest *request)
{
    return request->role;
}

const char *
web_viewer(const WebRequest *request)
{
    return request->viewer;
}

const char *
web_csrf(const WebRequest *request)
{
    return request->csrf;
}

bool
web_wants_html(const WebRequest *request)
{
    const char *accept = web_header(request, "Accept");

    return accept != NULL && strstr(accept, "text/html") != NULL &&
           !g_str_has_prefix(request->path, "/api/");
}

static void
visit_pairs(const GArray *pairs, WebVisit visit, void *data)
{
    for (guint i = 0; i < pairs->len; i++) {
        const WebPair *pair = &g_array_index(pairs, WebPair, i);

        visit(data, pair->name, pair->value);
    }
}

void
web_each_query(const WebRequest *request, WebVisit visit, void *data)
{
    visit_pairs(request->query, visit, data);
}

void
web_each_form(const WebRequest *request, WebVisit visit, void *data)
{
    visit_pairs(request->form, visit, data);
}

void
web_answer_clear(WebAnswer *answer)
{
    g_clear_pointer(&answer->body, g_bytes_unref);
    fd_clear(&answer->fd);
    g_clear_pointer(&answer->headers, g_ptr_array_unref);
    g_clear_pointer(&answer->stream, web_stream_unref);
}

void
web_answer_bytes(WebAnswer *answer, unsigned status, const char *type, GBytes *body)
{
    g_clear_pointer(&answer->body, g_bytes_unref);
    fd_clear(&answer->fd);
    answer->status = status;
    answer->type = type;
    answer->body = body;
}

void
web_answer_text(WebAnswer *answer, unsigned status, const char *type, const char *text)
{
    web_answer_bytes(answer, status, type, g_bytes_new(text, strlen(text)));
}

void
web_answer_json(WebAnswer *answer, unsigned status, json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_PRESERVE_ORDER);

    json_decref(value);
    if (text == NULL)
        text = strdup("null");
    web_answer_bytes(answer, status, "application/json",
                     g_bytes_new_with_free_func(text, strlen(text), free, text));
}

void
web_answer_header(WebAnswer *answer, const char *name, const char *value)
{
    if (answer->headers == NULL)
        answer->headers = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(answer->headers, g_strdup_printf("%s: %s", name, value));
}

void
web_answer_redirect(WebAnswer *answer, const char *path)
{
    bool ours = path[0] == '/' && path[1] != '/' && path[1] != '\\';

    web_answer_text(answer, 303, "text/plain; charset=utf-8", "");
    for (const char *at = path; ours && *at != '\0'; at++)
        ours = (unsigned char)*at > 0x20 && (unsigned char)*at < 0x7f && *at != '\\';
    web_answer_header(answer, "Location", ours ? path : "/");
}
