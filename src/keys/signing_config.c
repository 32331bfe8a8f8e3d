/* SPDX-License-Identifier: Apache-2.0
 * signing_config: services that are valid now, the highest API first. */
#include "keys/signing_config.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/banned.h"

#define MEDIA_TYPE   "application/vnd.dev.sigstore.signingconfig.v0.2+json"
#define WHERE        "signing configuration"
#define MAX_SERVICES 64
#define LAST_FULCIO  1
#define LAST_REKOR   2
#define LAST_TSA     1

static void
service_free(void *data)
{
    SigningService *service = data;

    g_free(service->url);
    g_free(service);
}

void
signing_config_free(SigningConfig *config)
{
    if (config == NULL)
        return;
    g_clear_pointer(&config->authorities, g_ptr_array_unref);
    g_clear_pointer(&config->logs, g_ptr_array_unref);
    g_clear_pointer(&config->stampers, g_ptr_array_unref);
    g_free(config);
}

static void
add_service(GPtrArray *list, const char *url, int64_t major)
{
    SigningService *service = g_new0(SigningService, 1);
    size_t len = strlen(url);

    while (len > 0 && url[len - 1] == '/')
        len--;
    service->url = g_strndup(url, len);
    service->major = major;
    g_ptr_array_add(list, service);
}

static SigningConfig *
config_new(void)
{
    SigningConfig *config = g_new0(SigningConfig, 1);

    config->authorities = g_ptr_array_new_with_free_func(service_free);
    config->logs = g_ptr_array_new_with_free_func(service_free);
    config->stampers = g_ptr_array_new_with_free_func(service_free);
    return config;
}

SigningConfig *
signing_config_public(bool staging)
{
    SigningConfig *config = config_new();

    add_service(config->authorities,
                staging ? "https://fulcio.sigstage.dev" : "https://fulcio.sigstore.dev", 1);
    add_service(config->logs, staging ? "https://rekor.sigstage.dev" : "https://rekor.sigstore.dev",
                1);
    add_service(config->stampers,
                staging ? "https://timestamp.sigstage.dev/api/v1/timestamp"
                        : "https://timestamp.sigstore.dev/api/v1/timestamp",
                1);
    return config;
}

/* Whether @service's validFor holds @now_us; its end is included. */
static bool
is_valid(const json_t *service, int64_t now_us)
{
    const json_t *valid = json_object_get(service, "validFor");
    const char *start = json_string_value(json_object_get(valid, "start"));
    const char *end = json_string_value(json_object_get(valid, "end"));
    int64_t from = 0, to = INT64_MAX;

    if ((start != NULL && !clock_parse(start, &from)) || (end != NULL && !clock_parse(end, &to)))
        return false;
    return from <= now_us && now_us <= to;
}

static int
by_major(const void *a, const void *b)
{
    const SigningService *x = *(const SigningService *const *)a;
    const SigningService *y = *(const SigningService *const *)b;

    return (x->major < y->major) - (x->major > y->major); /* GLib's sort is stable */
}

/* The usable services of the list @key, the highest API first. */
static bool
read_services(const json_t *config, const char *key, int64_t last_major, int64_t now_us,
              GPtrArray *out, GError **error)
{
    const json_t *list = json_object_get(config, key);

    if (list == NULL)
        return true;
    if (!json_is_array(list) || json_array_size(list) > MAX_SERVICES) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, WHERE ".%s is no list of at most %d", key,
                  MAX_SERVICES);
        return false;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *service = json_array_get(list, i);
        const char *url = json_need_string(service, "url", key, error);
        int64_t major = 0;
        if (url == NULL || !json_need_uint(service, "majorApiVersion", key, &major, error))
            return false;
        if (major >= 1 && major <= last_major && is_valid(service, now_us))
            add_service(out, url, major);
    }
    g_ptr_array_sort(out, by_major);
    return true;
}

/* Keeps as many of @list as the selector @key says, all of one API. */
static bool
select_services(const json_t *config, const char *key, GPtrArray *list, GError **error)
{
    const json_t *rule = json_object_get(config, key);
    const char *selector = json_string_value(json_object_get(rule, "selector"));
    json_int_t count = json_integer_value(json_object_get(rule, "count"));
    guint n = 0;

    while (n < list->len &&
           ((SigningService *)list->pdata[n])->major == ((SigningService *)list->pdata[0])->major)
        n++;
    if (g_strcmp0(selector, "EXACT") == 0 && (count < 1 || (guint)count > n)) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  WHERE ".%s wants %lld services, %u can be used", key, (long long)count, n);
        return false;
    }
    if (g_strcmp0(selector, "EXACT") == 0)
        n = (guint)count;
    else if (g_strcmp0(selector, "ALL") != 0)
        n = MIN(n, 1);
    g_ptr_array_set_size(list, (gint)n);
    return true;
}

static bool
check_whole(const SigningConfig *config, GError **error)
{
    const char *why = NULL;

    if (config->authorities->len == 0)
        why = "no certificate authority";
    else if (config->logs->len == 0)
        why = "no log";
    else if (((SigningService *)config->logs->pdata[0])->major > 1 && config->stampers->len == 0)
        why = "no time-stamp authority, and its log gives no times";
    if (why != NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "the " WHERE " has %s that can be used now", why);
    return why == NULL;
}

SigningConfig *
signing_config_parse(Span text, int64_t now_us, GError **error)
{
    g_autoptr(json_t) json = json_parse(text, LIMIT_JSON_BYTES, error);
    g_autoptr(SigningConfig) config = config_new();
    const char *type = json != NULL ? json_need_string(json, "mediaType", WHERE, error) : NULL;

    if (type == NULL)
        return NULL;
    if (strcmp(type, MEDIA_TYPE) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  WHERE ".mediaType is not '" MEDIA_TYPE "'");
        return NULL;
    }
    if (!read_services(json, "caUrls", LAST_FULCIO, now_us, config->authorities, error) ||
        !read_services(json, "rekorTlogUrls", LAST_REKOR, now_us, config->logs, error) ||
        !read_services(json, "tsaUrls", LAST_TSA, now_us, config->stampers, error) ||
        !select_services(json, "rekorTlogConfig", config->logs, error) ||
        !select_services(json, "tsaConfig", config->stampers, error) || !check_whole(config, error))
        return NULL;
    return g_steal_pointer(&config);
}
