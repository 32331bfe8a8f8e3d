/* SPDX-License-Identifier: Apache-2.0
 * rules: filters in the order in which they say no. */
#include "forge/rules.h"
#include <string.h>
#include "format/glob.h"
#include "base/banned.h"

/* The last pattern that matches decides; a list of refusals only begins with everything. */
static bool
list_takes(const char *const *list, const char *name)
{
    bool taken = false;

    if (list == NULL || list[0] == NULL)
        return true;
    taken = list[0][0] == '!';
    for (size_t i = 0; list[i] != NULL; i++) {
        bool refuses = list[i][0] == '!';

        if (glob_match(list[i] + (refuses ? 1 : 0), name))
            taken = !refuses;
    }
    return taken;
}

static bool
any_path_taken(const char *const *list, const GPtrArray *paths)
{
    for (guint i = 0; i < paths->len; i++) {
        if (list_takes(list, paths->pdata[i]))
            return true;
    }
    return false;
}

static ForgeVerdict
ignore(char **reason_out, char *reason)
{
    *reason_out = reason;
    return FORGE_VERDICT_IGNORE;
}

static ForgeVerdict
decide_push(const ForgeFilter *filter, const ForgeEvent *event, char **reason_out)
{
    const char *branch = event->ref + strlen("refs/heads/");

    if (!list_takes(filter->branches, branch))
        return ignore(reason_out, g_strdup_printf("branch '%s' is filtered out", branch));
    if (!filter->ignore_skip_marks && forge_message_skips(event->message))
        return ignore(reason_out, g_strdup("the commit message asks to skip it"));
    if (filter->paths != NULL && filter->paths[0] != NULL && event->paths_known &&
        !any_path_taken(filter->paths, event->paths))
        return ignore(reason_out, g_strdup("no changed path is one of interest"));
    *reason_out = g_strdup("push");
    return FORGE_VERDICT_RUN;
}

static ForgeVerdict
decide_tag(const ForgeFilter *filter, const ForgeEvent *event, char **reason_out)
{
    const char *tag = event->ref + strlen("refs/tags/");

    if (!list_takes(filter->tags, tag))
        return ignore(reason_out, g_strdup_printf("tag '%s' is filtered out", tag));
    *reason_out = g_strdup("tag");
    return FORGE_VERDICT_RUN;
}

static ForgeVerdict
decide_proposal(const ForgeFilter *filter, const ForgeEvent *event, char **reason_out)
{
    const char *base = event->base_ref + strlen("refs/heads/");

    if (filter->proposals == FORGE_PROPOSALS_NONE)
        return ignore(reason_out, g_strdup("this project runs no proposals"));
    if (!list_takes(filter->branches, base))
        return ignore(reason_out, g_strdup_printf("target branch '%s' is filtered out", base));
    if (event->outside && filter->proposals != FORGE_PROPOSALS_HELD)
        return ignore(reason_out, g_strdup("this project runs no proposals from outside"));
    if (!filter->ignore_skip_marks && forge_message_skips(event->message))
        return ignore(reason_out, g_strdup("the proposal asks to skip it"));
    *reason_out =
        g_strdup(event->outside ? "proposal from outside: waits for a maintainer" : "proposal");
    return event->outside ? FORGE_VERDICT_HOLD : FORGE_VERDICT_RUN;
}

ForgeVerdict
forge_rules_decide(const ForgeFilter *filter, const ForgeEvent *event, char **reason_out)
{
    if (event->kind != FORGE_EVENT_PING && filter->repository != NULL &&
        filter->repository[0] != '\0' && event->repository[0] != '\0' &&
        g_ascii_strcasecmp(filter->repository, event->repository) != 0)
        return ignore(reason_out, g_strdup("it is about another repository"));
    switch (event->kind) {
    case FORGE_EVENT_PUSH:
        return decide_push(filter, event, reason_out);
    case FORGE_EVENT_TAG:
        return decide_tag(filter, event, reason_out);
    case FORGE_EVENT_PROPOSAL:
        return decide_proposal(filter, event, reason_out);
    case FORGE_EVENT_DELETE:
        *reason_out = g_strdup("the ref was deleted");
        return FORGE_VERDICT_CANCEL;
    case FORGE_EVENT_CLOSED:
        *reason_out = g_strdup("the proposal was closed");
        return FORGE_VERDICT_CANCEL;
    case FORGE_EVENT_PING:
        return ignore(reason_out, g_strdup("ping"));
    default:
        return ignore(reason_out, g_strdup(event->reason));
    }
}
