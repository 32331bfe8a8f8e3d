/* SPDX-License-Identifier: Apache-2.0
 * status: requests for GitHub, Gitea, Forgejo and GitLab.
 *
 *   GitHub  POST /repos/{owner}/{name}/statuses/{sha}            (REST API 2022-11-28)
 *   Gitea   POST /repos/{owner}/{name}/statuses/{sha}            (api/v1)
 *   GitLab  POST /projects/{owner%2Fname}/statuses/{sha}         (api/v4) */
#include "forge/status.h"
#include <assert.h>
#include <jansson.h>
#include <string.h>
#include "base/error.h"
#include "base/json.h"
#include "forge/event.h"
#include "base/banned.h"

#define DESCRIPTION_CHARS 140 /* GitHub's limit is the smallest */
#define CONTEXT_BYTES_MAX 255
#define WAIT_MAX_S        3600 /* a forge that says more is asked again after an hour */

const char *
forge_auth_name(ForgeAuth auth)
{
    static const char *const names[] = {
        [FORGE_AUTH_NONE] = "none",
        [FORGE_AUTH_BEARER] = "bearer",
        [FORGE_AUTH_TOKEN] = "token",
        [FORGE_AUTH_PRIVATE_TOKEN] = "private-token",
    };

    assert((size_t)auth < G_N_ELEMENTS(names));
    return names[auth];
}

void
forge_request_clear(ForgeRequest *request)
{
    g_clear_pointer(&request->url, g_free);
    g_clear_pointer(&request->body, g_free);
}

/* Every part is a name, not a path. */
static bool
repository_is_valid(const char *repository, ForgeType type)
{
    g_auto(GStrv) parts = g_strsplit(repository, "/", -1);
    guint n = g_strv_length(parts);

    if (n < 2 || (n > 2 && type != FORGE_GITLAB))
        return false;
    for (guint i = 0; i < n; i++) {
        if (parts[i][0] == '\0' || strcmp(parts[i], ".") == 0 || strcmp(parts[i], "..") == 0 ||
            strspn(parts[i], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") !=
                strlen(parts[i]))
            return false;
    }
    return true;
}

static char *
status_url(const ForgeStatus *status, const char *api)
{
    size_t len = strlen(api);
    g_autofree char *base = g_strndup(api, api[len - 1] == '/' ? len - 1 : len);
    g_autofree char *escaped = NULL;

    if (status->type != FORGE_GITLAB)
        return g_strdup_printf("%s/repos/%s/statuses/%s", base, status->repository, status->commit);
    escaped = g_uri_escape_string(status->repository, NULL, FALSE);
    return g_strdup_printf("%s/projects/%s/statuses/%s", base, escaped, status->commit);
}

static char *
cut(const char *text)
{
    return g_utf8_strlen(text, -1) <= DESCRIPTION_CHARS
               ? g_strdup(text)
               : g_utf8_substring(text, 0, DESCRIPTION_CHARS);
}

static json_t *
status_body(const ForgeStatus *status)
{
    bool gitlab = status->type == FORGE_GITLAB;
    json_t *body = json_object();
    g_autofree char *description = cut(status->description);
    const char *ref = status->ref != NULL ? status->ref : "";

    json_object_set_new(body, "state", json_string(forge_state_word(status->type, status->state)));
    json_object_set_new(body, gitlab ? "name" : "context", json_string(status->context));
    json_object_set_new(body, "description", json_string(description));
    if (status->target_url != NULL)
        json_object_set_new(body, "target_url", json_string(status->target_url));
    if (gitlab && g_str_has_prefix(ref, "refs/heads/"))
        json_object_set_new(body, "ref", json_string(ref + strlen("refs/heads/")));
    else if (gitlab && g_str_has_prefix(ref, "refs/tags/"))
        json_object_set_new(body, "ref", json_string(ref + strlen("refs/tags/")));
    return body;
}

bool
forge_status_request(const ForgeStatus *status, ForgeRequest *out, GError **error)
{
    const char *api = status->api_url != NULL && status->api_url[0] != '\0'
                          ? status->api_url
                          : forge_default_api(status->type);
    g_autoptr(json_t) body = NULL;
    g_autofree char *text = NULL;

    if (status->type == FORGE_GIT || api == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s",
                  status->type == FORGE_GIT ? "a plain git repository takes no statuses"
                                            : "the address of the forge's API is not set");
        return false;
    }
    if (!repository_is_valid(status->repository, status->type) ||
        !forge_commit_is_full(status->commit) || strlen(status->context) > CONTEXT_BYTES_MAX) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot set a status of '%s' at '%s': expected 'owner/name' and a full commit id",
                  status->repository, status->commit);
        return false;
    }
    body = status_body(status);
    text = json_canonical(body, NULL, error);
    if (text == NULL)
        return false;
    out->url = status_url(status, api);
    out->body = g_steal_pointer(&text);
    out->accept = status->type == FORGE_GITHUB ? "application/vnd.github+json" : "application/json";
    out->auth = status->type == FORGE_GITHUB   ? FORGE_AUTH_BEARER
                : status->type == FORGE_GITLAB ? FORGE_AUTH_PRIVATE_TOKEN
                                               : FORGE_AUTH_TOKEN;
    return true;
}

/* Seconds the forge wants to be left alone. */
static int64_t
wanted_wait(const ForgeAnswer *answer, int64_t now_s)
{
    int64_t wait = 0;

    if (answer->retry_after_s > 0)
        wait = answer->retry_after_s;
    else if (answer->rate_remaining == 0 && answer->rate_reset_s > now_s)
        wait = answer->rate_reset_s - now_s;
    return CLAMP(wait, 0, WAIT_MAX_S);
}

/* GitLab's way to say that a status told twice is there already. */
static bool
is_repeat(const ForgeAnswer *answer)
{
    return answer->status == 400 && answer->body != NULL &&
           strstr(answer->body, "Cannot transition status via") != NULL;
}

ForgeOutcome
forge_answer_outcome(const ForgeAnswer *answer, int64_t now_s, int64_t *wait_s_out)
{
    unsigned status = answer->status;

    *wait_s_out = wanted_wait(answer, now_s);
    if ((status >= 200 && status < 300) || is_repeat(answer))
        return FORGE_OUTCOME_DONE;
    /* GitHub says 403 for a used-up budget; a 403 without such a word is a wrong token. */
    if (status == 403 && *wait_s_out > 0)
        return FORGE_OUTCOME_RETRY;
    if (status == 0 || status == 408 || status == 425 || status == 429 || status >= 500)
        return FORGE_OUTCOME_RETRY;
    /* A token that is being changed, a commit that the forge's own replica does not know yet. */
    if (status == 401 || status == 403 || status == 404 || status == 409)
        return FORGE_OUTCOME_RETRY;
    return FORGE_OUTCOME_REFUSED;
}
