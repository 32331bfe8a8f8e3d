/* SPDX-License-Identifier: Apache-2.0
 * forge: names and the mapping table of states. */
#include "forge/forge.h"
#include <assert.h>
#include <string.h>
#include <glib.h>
#include "base/banned.h"

static const char *const type_names[FORGE_N_TYPES] = {
    [FORGE_GIT] = "git",
    [FORGE_GITHUB] = "github",
    [FORGE_GITEA] = "gitea",
    [FORGE_GITLAB] = "gitlab",
};

const char *
forge_type_name(ForgeType type)
{
    assert(type > FORGE_NONE && type < FORGE_N_TYPES);
    return type_names[type];
}

ForgeType
forge_type_from_string(const char *name)
{
    for (int type = FORGE_NONE + 1; type < FORGE_N_TYPES; type++) {
        if (g_strcmp0(name, type_names[type]) == 0)
            return (ForgeType)type;
    }
    return g_strcmp0(name, "forgejo") == 0 ? FORGE_GITEA : FORGE_NONE;
}

const char *
forge_default_api(ForgeType type)
{
    return type == FORGE_GITHUB   ? "https://api.github.com"
           : type == FORGE_GITLAB ? "https://gitlab.com/api/v4"
                                  : NULL;
}

/* GitHub: error, failure, pending, success. Gitea adds warning, which we never mean. GitLab: pending,
 * running, success, failed, canceled. */
/* clang-format off */
static const char *const words[FORGE_N_TYPES][FORGE_N_STATES] = {
    /*                  queued     running    passed     failed     error      cancelled */
    [FORGE_GITHUB] = { NULL, "pending", "pending", "success", "failure", "error",  "error" },
    [FORGE_GITEA]  = { NULL, "pending", "pending", "success", "failure", "error",  "error" },
    [FORGE_GITLAB] = { NULL, "pending", "running", "success", "failed",  "failed", "canceled" },
};
/* clang-format on */

const char *
forge_state_word(ForgeType type, ForgeState state)
{
    assert(type > FORGE_NONE && type < FORGE_N_TYPES);
    assert(state > FORGE_STATE_NONE && state < FORGE_N_STATES);
    return words[type][state];
}
