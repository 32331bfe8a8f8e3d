/* SPDX-License-Identifier: Apache-2.0
 * event: the one form of all deliveries, as a struct and as JSON. */
#include "forge/event.h"
#include <assert.h>
#include <string.h>
#include "base/error.h"
#include "base/json.h"
#include "base/banned.h"

#define REF_BYTES_MAX 1024

static const char *const kind_names[FORGE_N_EVENTS] = {
    [FORGE_EVENT_PING] = "ping",         [FORGE_EVENT_PUSH] = "push",
    [FORGE_EVENT_TAG] = "tag",           [FORGE_EVENT_DELETE] = "delete",
    [FORGE_EVENT_PROPOSAL] = "proposal", [FORGE_EVENT_CLOSED] = "closed",
    [FORGE_EVENT_IGNORED] = "ignored",
};

void
forge_event_init(ForgeEvent *event)
{
    *event = (ForgeEvent){
        .kind = FORGE_EVENT_IGNORED,
        .repository = g_strdup(""),
        .ref = g_strdup(""),
        .commit = g_strdup(""),
        .before = g_strdup(""),
        .base_ref = g_strdup(""),
        .head_source = g_strdup(""),
        .actor = g_strdup(""),
        .message = g_strdup(""),
        .reason = g_strdup(""),
        .paths = g_ptr_array_new_with_free_func(g_free),
    };
}

void
forge_event_clear(ForgeEvent *event)
{
    g_free(event->repository);
    g_free(event->ref);
    g_free(event->commit);
    g_free(event->before);
    g_free(event->base_ref);
    g_free(event->head_source);
    g_free(event->actor);
    g_free(event->message);
    g_free(event->reason);
    g_clear_pointer(&event->paths, g_ptr_array_unref);
    memset(event, 0, sizeof *event);
}

const char *
forge_event_name(ForgeEventKind kind)
{
    assert(kind > FORGE_EVENT_NONE && kind < FORGE_N_EVENTS);
    return kind_names[kind];
}

static ForgeEventKind
kind_from_string(const char *name)
{
    for (int kind = FORGE_EVENT_NONE + 1; kind < FORGE_N_EVENTS; kind++) {
        if (strcmp(name, kind_names[kind]) == 0)
            return (ForgeEventKind)kind;
    }
    return FORGE_EVENT_NONE;
}

typedef struct {
    const char *key;
    size_t offset;
} TextField;

static const TextField text_fields[] = {
    { "repository", offsetof(ForgeEvent, repository) },
    { "ref", offsetof(ForgeEvent, ref) },
    { "commit", offsetof(ForgeEvent, commit) },
    { "before", offsetof(ForgeEvent, before) },
    { "baseRef", offsetof(ForgeEvent, base_ref) },
    { "headSource", offsetof(ForgeEvent, head_source) },
    { "actor", offsetof(ForgeEvent, actor) },
    { "message", offsetof(ForgeEvent, message) },
    { "reason", offsetof(ForgeEvent, reason) },
};

static char **
text_at(ForgeEvent *event, const TextField *field)
{
    return (char **)(void *)((char *)event + field->offset);
}

json_t *
forge_event_to_json(const ForgeEvent *event)
{
    json_t *object = json_object();
    json_t *paths = json_array();

    json_object_set_new(object, "kind", json_string(forge_event_name(event->kind)));
    for (size_t i = 0; i < G_N_ELEMENTS(text_fields); i++)
        json_object_set_new(object, text_fields[i].key,
                            json_string(*text_at((ForgeEvent *)event, &text_fields[i])));
    for (guint i = 0; i < event->paths->len; i++)
        json_array_append_new(paths, json_string(event->paths->pdata[i]));
    json_object_set_new(object, "paths", paths);
    json_object_set_new(object, "pathsKnown", json_boolean(event->paths_known));
    json_object_set_new(object, "outside", json_boolean(event->outside));
    return object;
}

bool
forge_event_from_json(const json_t *json, ForgeEvent *event, GError **error)
{
    const char *kind = json_need_string(json, "kind", "event", error);
    json_t *paths = kind != NULL ? json_need_array(json, "paths", "event", error) : NULL;
    size_t i = 0;
    json_t *path = NULL;

    forge_event_init(event);
    if (paths == NULL)
        return false;
    event->kind = kind_from_string(kind);
    if (event->kind == FORGE_EVENT_NONE) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "'%s' is not a kind of event", kind);
        return false;
    }
    for (size_t field = 0; field < G_N_ELEMENTS(text_fields); field++) {
        const char *text = json_need_string(json, text_fields[field].key, "event", error);

        if (text == NULL)
            return false;
        g_free(*text_at(event, &text_fields[field]));
        *text_at(event, &text_fields[field]) = g_strdup(text);
    }
    json_array_foreach (paths, i, path) {
        if (json_is_string(path))
            g_ptr_array_add(event->paths, g_strdup(json_string_value(path)));
    }
    event->paths_known = json_is_true(json_object_get(json, "pathsKnown"));
    event->outside = json_is_true(json_object_get(json, "outside"));
    return true;
}

bool
forge_message_skips(const char *message)
{
    static const char *const marks[] = {
        "[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]", "***no_ci***",
    };
    g_autofree char *lower = g_ascii_strdown(message, -1);
    const char *trailer = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
        if (strstr(lower, marks[i]) != NULL)
            return true;
    }
    trailer = strstr(lower, "\nskip-checks:");
    if (trailer == NULL)
        return false;
    trailer += strlen("\nskip-checks:");
    trailer += strspn(trailer, " ");
    return g_str_has_prefix(trailer, "true");
}

bool
forge_commit_is_full(const char *text)
{
    size_t len = strlen(text);

    return (len == 40 || len == 64) && strspn(text, "0123456789abcdef") == len;
}

bool
forge_commit_is_zero(const char *commit)
{
    return commit[0] != '\0' && strspn(commit, "0") == strlen(commit);
}

bool
forge_ref_is_valid(const char *ref)
{
    size_t len = strlen(ref);

    if (!g_str_has_prefix(ref, "refs/") || len > REF_BYTES_MAX || ref[len - 1] == '/' ||
        ref[len - 1] == '.' || strstr(ref, "..") != NULL || strstr(ref, "//") != NULL ||
        strstr(ref, "/.") != NULL || strstr(ref, "@{") != NULL || g_str_has_suffix(ref, ".lock"))
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)ref[i];

        if (c <= 0x20 || c == 0x7f || strchr("~^:?*[\\", c) != NULL)
            return false;
    }
    return true;
}
