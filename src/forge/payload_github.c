/* SPDX-License-Identifier: Apache-2.0
 * payload_github: deliveries of GitHub, and of Gitea and Forgejo, which took over its form. */
#include <inttypes.h>
#include <string.h>
#include "base/error.h"
#include "forge/payload_priv.h"
#include "base/banned.h"

#define NAME_MAX_BYTES     256
#define GITHUB_COMMITS_MAX 2048 /* GitHub lists no more commits in a push */

static void
set_common(const json_t *body, ForgeEvent *event)
{
    const char *actor = payload_text(body, "sender.login");

    payload_set(&event->repository, payload_text(body, "repository.full_name"), NAME_MAX_BYTES);
    payload_set(&event->actor, actor[0] != '\0' ? actor : payload_text(body, "pusher.name"),
                NAME_MAX_BYTES);
}

static bool
read_push(const json_t *body, ForgeEvent *event, GError **error)
{
    const json_t *commits = json_object_get(body, "commits");
    const json_t *total = json_object_get(body, "total_commits"); /* Gitea */
    size_t n = json_array_size(commits);
    bool complete = n < GITHUB_COMMITS_MAX && !json_is_true(json_object_get(body, "forced")) &&
                    (!json_is_integer(total) || (size_t)json_integer_value(total) == n);
    const char *message = payload_text(body, "head_commit.message");

    const char *head = payload_text(body, "head_commit.id");

    if (!payload_set_push(event, payload_text(body, "ref"), payload_text(body, "before"),
                          payload_text(body, "after"), error))
        return false;
    if (event->kind == FORGE_EVENT_TAG && forge_commit_is_full(head))
        payload_set(&event->commit, head, FORGE_TEXT_BYTES_MAX); /* not the tag object */
    if (message[0] == '\0' && n > 0)
        message = payload_text(json_array_get(commits, n - 1), "message");
    payload_set(&event->message, message, FORGE_TEXT_BYTES_MAX);
    /* A new branch or a force push: these commits are not all that differs. */
    payload_add_paths(event, commits, complete && event->before[0] != '\0');
    return true;
}

/* {ref: "feature", ref_type: "branch"}; GitHub sends a push with zeros as well. */
static bool
read_delete(const json_t *body, ForgeEvent *event, GError **error)
{
    bool tag = strcmp(payload_text(body, "ref_type"), "tag") == 0;
    const char *name = payload_text(body, "ref");
    g_autofree char *ref = g_strconcat(tag ? "refs/tags/" : "refs/heads/", name, NULL);

    if (name[0] == '\0' || !forge_ref_is_valid(ref)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "the deletion names no valid ref");
        return false;
    }
    payload_set(&event->ref, ref, FORGE_TEXT_BYTES_MAX);
    event->kind = FORGE_EVENT_DELETE;
    return true;
}

static bool
read_pull_request(const json_t *body, ForgeEvent *event, GError **error)
{
    static const char *const starts[] = { "opened",       "reopened",         "synchronize",
                                          "synchronized", "ready_for_review", NULL };
    const char *action = payload_text(body, "action");
    const json_t *request = json_object_get(body, "pull_request");
    const json_t *number = json_object_get(request, "number");

    if (!json_is_integer(number) || json_integer_value(number) < 1) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "the pull request has no number");
        return false;
    }
    g_free(event->ref);
    event->ref = g_strdup_printf("refs/pull/%" PRId64 "/head", (int64_t)json_integer_value(number));
    payload_set(&event->message, payload_text(request, "title"), FORGE_TEXT_BYTES_MAX);
    if (!payload_set_proposal(event, payload_text(request, "base.ref"),
                              payload_text(request, "head.sha"),
                              payload_text(request, "head.repo.full_name"), error))
        return false;
    if (strcmp(action, "closed") == 0)
        event->kind = FORGE_EVENT_CLOSED;
    else if (g_strv_contains(starts, action))
        event->kind = FORGE_EVENT_PROPOSAL;
    else
        payload_ignore(event, "a pull request was '%', which changes no code", action);
    return true;
}

bool
payload_read_github(const ForgeDelivery *delivery, const char *kind, const json_t *body,
                    ForgeEvent *event, GError **error)
{
    (void)delivery;
    set_common(body, event);
    if (strcmp(kind, "ping") == 0) {
        event->kind = FORGE_EVENT_PING;
        return true;
    }
    if (strcmp(kind, "push") == 0)
        return read_push(body, event, error);
    if (strcmp(kind, "delete") == 0)
        return read_delete(body, event, error);
    if (strcmp(kind, "pull_request") == 0 || strcmp(kind, "pull_request_sync") == 0)
        return read_pull_request(body, event, error);
    if (strcmp(kind, "create") == 0)
        payload_ignore(event, "a '%' event: the push that comes with it counts", kind);
    else
        payload_ignore(event, "a '%' event starts nothing", kind);
    return true;
}
