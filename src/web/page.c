/* SPDX-License-Identifier: Apache-2.0
 * page: see page.h. */
#include "web/page.h"
#include <string.h>
#include "base/clock.h"
#include "base/json.h"
#include "web/template.h"
#include "web/web_files.h"
#include "base/banned.h"

static const EmbeddedFile *
find_file(const char *name)
{
    for (size_t i = 0; i < web_files_count; i++) {
        if (strcmp(web_files[i].name, name) == 0)
            return &web_files[i];
    }
    return NULL;
}

static const char *
find_template(const char *name)
{
    g_autofree char *path = g_strdup_printf("templates/%s.html", name);
    const EmbeddedFile *file = find_file(path);

    return file != NULL ? (const char *)file->data : NULL;
}

static void
set_at(json_t *frame, PageAt at)
{
    static const char *const names[] = {
        [PAGE_AT_RUNS] = "at_runs",         [PAGE_AT_QUEUE] = "at_queue",
        [PAGE_AT_PROJECTS] = "at_projects", [PAGE_AT_POOLS] = "at_pools",
        [PAGE_AT_RELEASES] = "at_releases", [PAGE_AT_LOG] = "at_log",
    };

    if (at != PAGE_AT_NONE)
        json_object_set_new(frame, names[at], json_true());
}

/* What every template may name. Owned. */
static json_t *
common(const WebRequest *request)
{
    return json_pack("{s:s?, s:s?, s:s, s:s}", "viewer", web_viewer(request), "csrf",
                     web_csrf(request), "path", web_path(request), "base", web_base_url(request));
}

static bool
render(const WebRequest *request, const PageSpec *spec, json_t *content, GString *out,
       GError **error)
{
    g_autoptr(GString) body = g_string_new(NULL);
    g_autoptr(json_t) frame = common(request);
    g_autoptr(json_t) shared = common(request);

    json_object_update_missing(content, shared);
    if (!template_render(find_template, spec->template, content, body, error))
        return false;
    json_object_set_new(frame, "title", json_string(spec->title));
    json_object_set_new(frame, "version", json_string(SLIPWAY_VERSION));
    json_object_set_new(frame, "body", json_stringn(body->str, body->len));
    if (spec->events != NULL)
        json_object_set_new(frame, "events", json_string(spec->events));
    set_at(frame, spec->at);
    return template_render(find_template, "layout", frame, out, error);
}

bool
page_answer(const WebRequest *request, const PageSpec *spec, json_t *content, WebAnswer *answer,
            GError **error)
{
    g_autoptr(json_t) owned = content;
    g_autoptr(GString) text = g_string_new(NULL);

    if (!render(request, spec, owned, text, error))
        return false;
    web_answer_bytes(answer, spec->status != 0 ? spec->status : 200, "text/html; charset=utf-8",
                     g_string_free_to_bytes(g_steal_pointer(&text)));
    web_answer_header(answer, "Cache-Control", "no-store");
    return true;
}

json_t *
page_call(const WebRequest *request, const char *operation, json_t *args, GError **error)
{
    g_autoptr(json_t) owned = args;
    ApiContext context = web_context(request);
    json_t *result = NULL;

    return api_call(&context, operation, owned, &result, error) ? result : NULL;
}

void
page_answer_attachment(WebAnswer *answer, int fd, uint64_t size, const char *path)
{
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *disposition = NULL;

    (void)g_strcanon(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+~-",
                     '_');
    disposition = g_strdup_printf("attachment; filename=\"%s\"", name);
    answer->status = 200;
    answer->type = "application/octet-stream";
    answer->fd = fd;
    answer->size = size;
    web_answer_header(answer, "Content-Disposition", disposition);
    web_answer_header(answer, "Content-Security-Policy", "sandbox; default-src 'none'");
}

const char *
page_query(const WebRequest *request, const char *name)
{
    const char *value = web_query(request, name);

    return value != NULL ? value : "";
}

bool
page_may(const WebRequest *request, const char *operation)
{
    return web_csrf(request) != NULL && web_role(request) >= api_find(operation)->role;
}

/* ---- values ------------------------------------------------------------------------------------ */

json_t *
page_duration(int64_t us)
{
    int64_t seconds = us / 1000000;

    if (us <= 0)
        return json_string("");
    if (us < 1000000)
        return json_sprintf("%lld ms", (long long)(us + 999) / 1000);
    if (us < 10000000)
        return json_sprintf("%lld.%lld s", (long long)seconds, (long long)(us / 100000 % 10));
    if (seconds < 60)
        return json_sprintf("%lld s", (long long)seconds);
    if (seconds < 3600)
        return json_sprintf("%lldm %02llds", (long long)seconds / 60, (long long)seconds % 60);
    return json_sprintf("%lldh %02lldm", (long long)seconds / 3600, (long long)seconds / 60 % 60);
}

json_t *
page_size(int64_t bytes)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 1024 && unit + 1 < G_N_ELEMENTS(units)) {
        value /= 1024;
        unit++;
    }
    return json_sprintf(unit == 0 || value >= 100 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

json_t *
page_ago(int64_t at_us)
{
    int64_t seconds = (clock_now_us(&clock_system) - at_us) / 1000000;
    int64_t size = seconds < 0 ? -seconds : seconds;
    g_autofree char *iso = NULL;
    g_autofree char *text = NULL;

    if (size < 5)
        return json_string("just now");
    if (size >= 30 * 86400) {
        iso = clock_format_seconds(at_us);
        return json_stringn(iso, 10);
    }
    text = size < 60      ? g_strdup_printf("%lld s", (long long)size)
           : size < 3600  ? g_strdup_printf("%lld min", (long long)size / 60)
           : size < 86400 ? g_strdup_printf("%lld h", (long long)size / 3600)
                          : g_strdup_printf("%lld d", (long long)size / 86400);
    return seconds < 0 ? json_sprintf("in %s", text) : json_sprintf("%s ago", text);
}

void
page_add_time(json_t *object, const char *key, const char *name)
{
    int64_t at = json_integer_value(json_object_get(object, key));
    g_autofree char *text = at > 0 ? clock_format_seconds(at) : NULL;
    g_autofree char *ago = g_strdup_printf("%.*sAgo", (int)strlen(name) - 3, name);

    if (text != NULL) {
        json_object_set_new(object, name, json_string(text));
        json_object_set_new(object, ago, page_ago(at));
    }
}

const char *
page_ref(const char *ref)
{
    static const char *const prefixes[] = { "refs/heads/", "refs/tags/", "refs/" };

    for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        if (g_str_has_prefix(ref, prefixes[i]))
            return ref + strlen(prefixes[i]);
    }
    return ref;
}

static int64_t
took_us(const json_t *run)
{
    int64_t start = json_integer_value(json_object_get(run, "startedAt"));
    int64_t end = json_integer_value(json_object_get(run, "endedAt"));

    if (start == 0)
        return 0;
    return MAX((end > 0 ? end : clock_now_us(&clock_system)) - start, 1);
}

void
page_dress_run(json_t *run)
{
    const char *commit = json_string_value(json_object_get(run, "commit"));
    const char *ref = json_string_value(json_object_get(run, "ref"));
    const char *release = json_string_value(json_object_get(run, "release"));

    if (release != NULL)
        json_object_set_new(run, "releaseShort",
                            json_string(g_str_has_prefix(release, "release:")
                                            ? release + strlen("release:")
                                            : release));
    json_object_set_new(run, "refShort", json_string(ref != NULL ? page_ref(ref) : ""));
    json_object_set_new(
        run, "commitShort",
        json_stringn(commit, commit != NULL ? MIN(strlen(commit), PAGE_SHORT_COMMIT) : 0));
    if (g_strcmp0(json_string_value(json_object_get(run, "why")),
                  json_string_value(json_object_get(run, "event"))) != 0)
        json_object_set(run, "asked", json_object_get(run, "why"));
    json_object_set_new(run, "took", page_duration(took_us(run)));
    page_add_time(run, "createdAt", "createdIso");
    page_add_time(run, "since", "sinceIso");
}

/* ---- files ------------------------------------------------------------------------------------- */

static const char *
type_of(const char *name)
{
    return g_str_has_suffix(name, ".css")   ? "text/css; charset=utf-8"
           : g_str_has_suffix(name, ".js")  ? "text/javascript; charset=utf-8"
           : g_str_has_suffix(name, ".svg") ? "image/svg+xml"
                                            : "application/octet-stream";
}

bool
page_static(const WebRequest *request, WebAnswer *answer, GError **error)
{
    g_autofree char *path = g_strdup_printf("static/%s", web_param(request, "file"));
    const EmbeddedFile *file = find_file(path);
    g_autofree char *tag = NULL;

    if (file == NULL) {
        error_set(error, WEB_ERROR, WEB_ERROR_NO_PAGE, "there is no file '%s'",
                  web_param(request, "file"));
        return false;
    }
    tag = g_strdup_printf("\"%.32s\"", file->sha256);
    web_answer_bytes(answer, 200, type_of(file->name), g_bytes_new_static(file->data, file->len));
    web_answer_header(answer, "ETag", tag);
    web_answer_header(answer, "Cache-Control", "max-age=300");
    return true;
}

/* ---- errors ------------------------------------------------------------------------------------ */

void
page_problem(const WebRequest *request, const WebProblem *problem, WebAnswer *answer)
{
    const PageSpec spec = { .template = "problem",
                            .title = problem->code,
                            .status = problem->status };
    g_autofree char *heading = g_strdelimit(g_strdup(problem->code), "-", ' ');
    json_t *content = json_pack("{s:i, s:s, s:s, s:s?}", "status", (int)problem->status, "heading",
                                heading, "message", problem->message, "hint", problem->hint);
    g_autoptr(GError) local = NULL;

    if (content == NULL || !page_answer(request, &spec, content, answer, &local))
        web_answer_text(answer, problem->status, "text/plain; charset=utf-8", problem->message);
}
