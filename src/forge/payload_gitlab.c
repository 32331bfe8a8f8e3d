/* SPDX-License-Identifier: Apache-2.0
 * payload_gitlab: deliveries of GitLab. */
#include <inttypes.h>
#include <string.h>
#include "base/error.h"
#include "forge/payload_priv.h"
#include "base/banned.h"

#define NAME_MAX_BYTES 256

static bool
read_push(const json_t *body, ForgeEvent *event, GError **error)
{
    const json_t *commits = json_object_get(body, "commits");
    const json_t *total = json_object_get(body, "total_commits_count");
    size_t n = json_array_size(commits);
    const char *after = payload_text(body, "after");
    const char *checkout = payload_text(body, "checkout_sha"); /* an annotated tag's commit */
    bool tag = g_str_has_prefix(payload_text(body, "ref"), "refs/tags/");

    if (tag && checkout[0] != '\0' && !forge_commit_is_zero(after))
        after = checkout;
    if (!payload_set_push(event, payload_text(body, "ref"), payload_text(body, "before"), after,
                          error))
        return false;
    payload_set(&event->actor, payload_text(body, "user_username"), NAME_MAX_BYTES);
    if (n > 0)
        payload_set(&event->message, payload_text(json_array_get(commits, n - 1), "message"),
                    FORGE_TEXT_BYTES_MAX);
    payload_add_paths(event, commits,
                      json_is_integer(total) && (size_t)json_integer_value(total) == n &&
                          event->before[0] != '\0');
    return true;
}

static bool
read_merge_request(const json_t *body, ForgeEvent *event, GError **error)
{
    const json_t *request = json_object_get(body, "object_attributes");
    const json_t *number = json_object_get(request, "iid");
    const char *action = payload_text(request, "action");
    bool new_commits = strcmp(action, "update") == 0 && payload_text(request, "oldrev")[0] != '\0';

    if (!json_is_integer(number) || json_integer_value(number) < 1) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "the merge request has no number");
        return false;
    }
    g_free(event->ref);
    event->ref = g_strdup_printf("refs/merge-requests/%" PRId64 "/head",
                                 (int64_t)json_integer_value(number));
    payload_set(&event->actor, payload_text(body, "user.username"), NAME_MAX_BYTES);
    payload_set(&event->message, payload_text(request, "title"), FORGE_TEXT_BYTES_MAX);
    if (!payload_set_proposal(event, payload_text(request, "target_branch"),
                              payload_text(request, "last_commit.id"),
                              payload_text(request, "source.path_with_namespace"), error))
        return false;
    if (strcmp(action, "open") == 0 || strcmp(action, "reopen") == 0 || new_commits)
        event->kind = FORGE_EVENT_PROPOSAL;
    else if (strcmp(action, "close") == 0 || strcmp(action, "merge") == 0)
        event->kind = FORGE_EVENT_CLOSED;
    else
        payload_ignore(event, "a merge request had '%', which changes no code", action);
    return true;
}

bool
payload_read_gitlab(const ForgeDelivery *delivery, const char *kind, const json_t *body,
                    ForgeEvent *event, GError **error)
{
    const char *what = payload_text(body, "object_kind");

    (void)delivery;
    payload_set(&event->repository, payload_text(body, "project.path_with_namespace"),
                NAME_MAX_BYTES);
    if (strcmp(what, "push") == 0 || strcmp(what, "tag_push") == 0)
        return read_push(body, event, error);
    if (strcmp(what, "merge_request") == 0)
        return read_merge_request(body, event, error);
    payload_ignore(event, "a '%' starts nothing", kind);
    return true;
}
