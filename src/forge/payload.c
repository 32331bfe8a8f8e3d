/* SPDX-License-Identifier: Apache-2.0
 * payload: what deliveries of all forges have in common, and the plain git hook. */
#include "forge/payload.h"
#include <assert.h>
#include <string.h>
#include "base/error.h"
#include "base/limits.h"
#include "forge/payload_priv.h"
#include "base/banned.h"

#define DELIVERY_ID_MAX 128
#define NAME_MAX_BYTES  256
#define FORM_PREFIX     "payload="

const char *
payload_text(const json_t *object, const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, ".", -1);
    const json_t *value = object;

    for (size_t i = 0; parts[i] != NULL && value != NULL; i++)
        value = json_object_get(value, parts[i]);
    return json_is_string(value) ? json_string_value(value) : "";
}

void
payload_set(char **out, const char *text, size_t max)
{
    size_t len = strlen(text);

    if (len > max) {
        len = max;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
            len--;
    }
    char *copy = g_strndup(text, len); /* @text may be *@out */

    g_free(*out);
    *out = copy;
}

void
payload_ignore(ForgeEvent *event, const char *format, const char *what)
{
    g_autofree char *shown = error_printable(what);
    g_auto(GStrv) parts = g_strsplit(format, "%", 2);

    event->kind = FORGE_EVENT_IGNORED;
    g_free(event->reason);
    event->reason = g_strconcat(parts[0], shown, parts[1], NULL);
    if (strlen(event->reason) > NAME_MAX_BYTES)
        payload_set(&event->reason, event->reason, NAME_MAX_BYTES);
}

static bool
invalid(GError **error, const char *what)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s", what);
    return false;
}

bool
payload_set_push(ForgeEvent *event, const char *ref, const char *before, const char *after,
                 GError **error)
{
    bool tag = g_str_has_prefix(ref, "refs/tags/");

    if (!forge_ref_is_valid(ref))
        return invalid(error, "the push names no valid ref");
    if (!forge_commit_is_full(after) || (before[0] != '\0' && !forge_commit_is_full(before)))
        return invalid(error, "the push names no full commit ids");
    payload_set(&event->ref, ref, FORGE_TEXT_BYTES_MAX);
    if (!tag && !g_str_has_prefix(ref, "refs/heads/")) {
        payload_ignore(event, "a push to '%', which is neither branch nor tag", ref);
        return true;
    }
    payload_set(&event->before, forge_commit_is_zero(before) ? "" : before, FORGE_TEXT_BYTES_MAX);
    if (forge_commit_is_zero(after)) {
        event->kind = FORGE_EVENT_DELETE;
        return true;
    }
    payload_set(&event->commit, after, FORGE_TEXT_BYTES_MAX);
    event->kind = tag ? FORGE_EVENT_TAG : FORGE_EVENT_PUSH;
    return true;
}

void
payload_add_paths(ForgeEvent *event, const json_t *commits, bool complete)
{
    static const char *const lists[] = { "added", "modified", "removed" };
    size_t i = 0, j = 0;
    const json_t *commit = NULL, *path = NULL;

    event->paths_known = complete && json_array_size(commits) > 0;
    json_array_foreach ((json_t *)commits, i, commit) {
        for (size_t list = 0; list < G_N_ELEMENTS(lists); list++) {
            json_t *paths = json_object_get(commit, lists[list]);

            json_array_foreach (paths, j, path) {
                if (event->paths->len >= FORGE_PATHS_MAX)
                    event->paths_known = false;
                else if (json_is_string(path))
                    g_ptr_array_add(event->paths, g_strdup(json_string_value(path)));
            }
        }
    }
}

bool
payload_set_proposal(ForgeEvent *event, const char *base_branch, const char *head,
                     const char *head_source, GError **error)
{
    g_autofree char *base = g_strconcat("refs/heads/", base_branch, NULL);

    if (!forge_commit_is_full(head) || forge_commit_is_zero(head))
        return invalid(error, "the proposal names no full commit id");
    if (base_branch[0] == '\0' || !forge_ref_is_valid(base))
        return invalid(error, "the proposal names no valid target branch");
    payload_set(&event->base_ref, base, FORGE_TEXT_BYTES_MAX);
    payload_set(&event->commit, head, FORGE_TEXT_BYTES_MAX);
    payload_set(&event->head_source, head_source, NAME_MAX_BYTES);
    event->outside = head_source[0] == '\0' || strcmp(head_source, event->repository) != 0;
    return true;
}

static const char *
first_header(const ForgeDelivery *delivery, const char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        const char *value = delivery->header(delivery->data, names[i]);

        if (value != NULL)
            return value;
    }
    return NULL;
}

const char *
forge_delivery_id(const ForgeDelivery *delivery)
{
    static const char *const names[FORGE_N_TYPES][5] = {
        [FORGE_GIT] = { "X-Slipway-Delivery" },
        [FORGE_GITHUB] = { "X-GitHub-Delivery" },
        [FORGE_GITEA] = { "X-Forgejo-Delivery", "X-Gitea-Delivery", "X-GitHub-Delivery" },
        [FORGE_GITLAB] = { "Idempotency-Key", "X-Gitlab-Event-UUID" },
    };
    const char *id = first_header(delivery, names[delivery->type]);

    if (id == NULL || id[0] == '\0' || strlen(id) > DELIVERY_ID_MAX)
        return NULL;
    for (const char *c = id; *c != '\0'; c++) {
        if (!g_ascii_isgraph(*c))
            return NULL;
    }
    return id;
}

/* {ref, before, after, actor, message}: what `slipway project hook --print` sends. */
static bool
read_git(const char *kind, const json_t *body, ForgeEvent *event, GError **error)
{
    if (strcmp(kind, "ping") == 0) {
        event->kind = FORGE_EVENT_PING;
        return true;
    }
    payload_set(&event->actor, payload_text(body, "actor"), NAME_MAX_BYTES);
    payload_set(&event->message, payload_text(body, "message"), FORGE_TEXT_BYTES_MAX);
    return payload_set_push(event, payload_text(body, "ref"), payload_text(body, "before"),
                            payload_text(body, "after"), error);
}

/* GitHub can be told to send a form with the JSON in one field; the signature is over the form. */
static json_t *
parse_body(const ForgeDelivery *delivery, GError **error)
{
    const char *type = delivery->header(delivery->data, "Content-Type");
    Span body = delivery->body;
    g_autofree char *json = NULL;

    if (type != NULL && g_ascii_strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0) {
        size_t skip = strlen(FORM_PREFIX);
        g_autofree char *text = g_strndup((const char *)body.data, body.len);

        if (!g_str_has_prefix(text, FORM_PREFIX)) {
            (void)invalid(error, "the form has no field 'payload'");
            return NULL;
        }
        text[skip + strcspn(text + skip, "&")] = '\0';
        g_strdelimit(text, "+", ' ');
        json = g_uri_unescape_string(text + skip, NULL);
        if (json == NULL) {
            (void)invalid(error, "the form's field 'payload' is not percent-encoded text");
            return NULL;
        }
        body = span_of_text(json);
    }
    return json_parse(body, LIMIT_JSON_BYTES, error);
}

bool
forge_payload_read(const ForgeDelivery *delivery, ForgeEvent *event, GError **error)
{
    static const char *const names[FORGE_N_TYPES][4] = {
        [FORGE_GIT] = { "X-Slipway-Event" },
        [FORGE_GITHUB] = { "X-GitHub-Event" },
        [FORGE_GITEA] = { "X-Forgejo-Event", "X-Gitea-Event", "X-GitHub-Event" },
        [FORGE_GITLAB] = { "X-Gitlab-Event" },
    };
    const char *kind = first_header(delivery, names[delivery->type]);
    g_autoptr(json_t) body = NULL;

    assert(delivery->type > FORGE_NONE && delivery->type < FORGE_N_TYPES);
    forge_event_init(event);
    if (kind == NULL && delivery->type != FORGE_GIT)
        return invalid(error, "the delivery does not say which event it is");
    body = parse_body(delivery, error);
    if (body == NULL)
        return false;
    if (!json_is_object(body))
        return invalid(error, "the payload is not a JSON object");
    switch (delivery->type) {
    case FORGE_GITHUB:
    case FORGE_GITEA:
        return payload_read_github(delivery, kind, body, event, error);
    case FORGE_GITLAB:
        return payload_read_gitlab(delivery, kind, body, event, error);
    default:
        return read_git(kind != NULL ? kind : "push", body, event, error);
    }
}
