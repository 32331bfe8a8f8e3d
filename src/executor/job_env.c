/* SPDX-License-Identifier: Apache-2.0
 * job_env: see job_env.h and docs/job-environment.md; a test compares the two. */
#include "executor/job_env.h"
#include <inttypes.h>
#include <string.h>
#include "base/clock.h"
#include "base/banned.h"

#define MAX_NAME_BYTES    256
#define MAX_MESSAGE_BYTES 8192 /* the kernel takes 128 KiB a variable; nobody wants that */
#define SHORT_COMMIT      8
#define US_PER_S          1000000

/* Set by the machine, last, with its own folders. */
static const char *const kept_names[] = { "SLIPWAY_SRC",   "SLIPWAY_OUT",        "SLIPWAY_IN",
                                          "CI_WORKSPACE",  "CI_PROJECT_DIR",     "GITHUB_WORKSPACE",
                                          "OUTPUT",        "GITHUB_OUTPUT",      "STEP_SUMMARY",
                                          "SLIPWAY_TESTS", "GITHUB_STEP_SUMMARY" };

typedef struct {
    GPtrArray *pairs; /* of owned "NAME=VALUE" */
} EnvList;

/* @names: separated by spaces. Absent values are left out. */
static void
set(EnvList *list, const char *names, const char *value)
{
    g_auto(GStrv) split = g_strsplit(names, " ", -1);

    for (char **name = split; value != NULL && *name != NULL; name++)
        g_ptr_array_add(list->pairs, g_strconcat(*name, "=", value, NULL));
}

static void
set_number(EnvList *list, const char *names, int64_t number)
{
    g_autofree char *text = g_strdup_printf("%" PRId64, number);

    set(list, names, text);
}

static void
set_commit(EnvList *list, const JobEnvFacts *facts)
{
    g_autofree char *brief = facts->commit == NULL ? NULL : g_strndup(facts->commit, SHORT_COMMIT);
    g_autofree char *time = clock_format_seconds(facts->commit_time_s * US_PER_S);
    const char *message = facts->commit_message;
    g_autofree char *whole = message == NULL ? NULL : g_strndup(message, MAX_MESSAGE_BYTES);
    g_autofree char *title = whole == NULL ? NULL : g_strndup(whole, strcspn(whole, "\n"));

    set(list, "CI_COMMIT_SHA GITHUB_SHA", facts->commit);
    set(list, "CI_COMMIT_SHORT_SHA", brief);
    set(list, "CI_PREV_COMMIT_SHA CI_COMMIT_BEFORE_SHA", facts->parent_commit);
    set_number(list, "SOURCE_DATE_EPOCH", facts->commit_time_s);
    set(list, "CI_COMMIT_TIMESTAMP", time);
    set(list, "CI_COMMIT_MESSAGE", whole);
    set(list, "CI_COMMIT_TITLE", title);
    set(list, "CI_COMMIT_AUTHOR", facts->commit_author);
}

static void
set_ref(EnvList *list, const JobEnvFacts *facts)
{
    const char *name = facts->tag != NULL ? facts->tag : facts->branch;
    const char *type = facts->tag != NULL ? "tag" : facts->branch != NULL ? "branch" : NULL;

    set(list, "CI_COMMIT_REF GITHUB_REF", facts->ref);
    set(list, "CI_COMMIT_BRANCH", facts->branch);
    set(list, "CI_COMMIT_TAG", facts->tag);
    set(list, "CI_COMMIT_REF_NAME GITHUB_REF_NAME", name);
    set(list, "GITHUB_REF_TYPE", type);
}

static int
compare_pairs(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;

    return strcmp(*left, *right);
}

static char **
finish(EnvList *list)
{
    g_ptr_array_sort(list->pairs, compare_pairs);
    g_ptr_array_add(list->pairs, NULL);
    return (char **)g_ptr_array_free(list->pairs, FALSE);
}

char **
job_env_build(const JobEnvFacts *facts)
{
    EnvList list = { .pairs = g_ptr_array_new() };

    set(&list, "CI SLIPWAY", "true");
    set(&list, "CI_SYSTEM_NAME", "slipway");
    set(&list, "CI_SYSTEM_VERSION", SLIPWAY_VERSION);
    set(&list, "SLIPWAY_EXECUTOR", facts->executor);
    set(&list, "TZ", "UTC");
    set(&list, "LC_ALL", "C.UTF-8");
    set(&list, "CI_REPO_NAME CI_PROJECT_NAME GITHUB_REPOSITORY", facts->project);
    set(&list, "CI_REPO_URL CI_PROJECT_URL", facts->repository_url);
    set(&list, "CI_REPO_DEFAULT_BRANCH CI_DEFAULT_BRANCH", facts->default_branch);
    set_commit(&list, facts);
    set_ref(&list, facts);
    set(&list, "CI_PIPELINE_EVENT CI_PIPELINE_SOURCE GITHUB_EVENT_NAME", facts->event);
    set(&list, "SLIPWAY_REASON", facts->reason);
    set_number(&list, "CI_PIPELINE_NUMBER CI_PIPELINE_IID GITHUB_RUN_NUMBER", facts->run_number);
    set(&list, "CI_JOB_NAME CI_WORKFLOW_NAME GITHUB_JOB", facts->job);
    return finish(&list);
}

char **
job_env_with_step(const char *const *env, const char *step_name, unsigned step_number)
{
    g_autofree char *name = g_strconcat("CI_STEP_NAME=", step_name, NULL);
    g_autofree char *number = g_strdup_printf("CI_STEP_NUMBER=%u", step_number);
    const char *const step[] = { name, number, NULL };

    return job_env_merge(env, step);
}

static void
put_all(GHashTable *table, const char *const *pairs)
{
    for (const char *const *pair = pairs; pair != NULL && *pair != NULL; pair++) {
        char *name = g_strndup(*pair, strcspn(*pair, "="));
        g_hash_table_replace(table, name, (char *)*pair);
    }
}

char **
job_env_merge(const char *const *base, const char *const *over)
{
    g_autoptr(GHashTable) table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    EnvList list = { .pairs = g_ptr_array_new() };
    GHashTableIter iter;
    void *pair = NULL;

    put_all(table, base);
    put_all(table, over);
    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, NULL, &pair))
        g_ptr_array_add(list.pairs, g_strdup(pair));
    return finish(&list);
}

bool
job_env_check_name(const char *name, GError **error)
{
    size_t len = strnlen(name, MAX_NAME_BYTES + 1);
    bool ok = len >= 1 && len <= MAX_NAME_BYTES && !g_ascii_isdigit(name[0]);

    for (size_t i = 0; ok && i < len; i++)
        ok = g_ascii_isalnum(name[i]) || name[i] == '_';
    if (!ok) {
        g_autofree char *printable = error_printable(name);
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot use variable '%s': a name is letters, digits and '_', at most %d bytes",
                  printable, MAX_NAME_BYTES);
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(kept_names); i++) {
        if (strcmp(kept_names[i], name) != 0)
            continue;
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot use variable '%s': the machine sets it", name);
        return false;
    }
    return true;
}
