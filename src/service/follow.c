/* SPDX-License-Identifier: Apache-2.0
 * follow: see follow.h. Only names pass from the release to the runs that follow it. */
#include "service/follow.h"
#include <string.h>
#include "base/json.h"
#include "format/glob.h"
#include "service/queue.h"
#include "base/banned.h"

#define RELEASE_PREFIX "release:"

/* ---- what a file wants to hear of -------------------------------------------------------------- */

static bool
has_text_input(const Pipeline *pipeline, const char *name)
{
    for (size_t i = 0; i < pipeline->n_inputs; i++) {
        if (strcmp(pipeline->inputs[i].name, name) == 0)
            return pipeline->inputs[i].type == PIPELINE_INPUT_STRING;
    }
    return false;
}

bool
follow_take(DbConn *conn, const char *ref, const Pipeline *pipeline, GError **error)
{
    g_autofree char *projects = g_strjoinv("\n", (char **)pipeline->on.release_projects);
    bool release = has_text_input(pipeline, "release");
    bool artifact = has_text_input(pipeline, "artifact");
    g_autofree char *inputs = g_strconcat(release ? "release" : "", release && artifact ? " " : "",
                                          artifact ? "artifact" : "", NULL);

    return db_exec(conn, QUERY_FOLLOW_SET,
                   DB_PARAMS(DB_TEXT(pipeline->project), DB_TEXT(ref),
                             DB_INT(pipeline->on.releases), DB_TEXT(projects), DB_TEXT(inputs)),
                   error);
}

/* {@input: @value}, if @inputs names it. */
static json_t *
inputs_of(const char *inputs, const char *input, const char *value)
{
    g_auto(GStrv) names = g_strsplit(inputs, " ", -1);

    return g_strv_contains((const char *const *)names, input) ? json_pack("{s:s}", input, value)
                                                              : NULL;
}

bool
follow_target(DbConn *conn, const char *project, const char *input, const char *value,
              char **ref_out, json_t **inputs_out, GError **error)
{
    g_autoptr(DbRows) rows = db_select(conn, QUERY_FOLLOW_OF, DB_PARAMS(DB_TEXT(project)), error);
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    *ref_out = has_row ? g_strdup(db_rows_text(rows, 0)) : NULL;
    *inputs_out = has_row ? inputs_of(db_rows_text(rows, 1), input, value) : NULL;
    return true;
}

/* ---- a release changed ------------------------------------------------------------------------- */

typedef struct Follower {
    char *project, *ref, *inputs; /* owned */
} Follower;

static void
follower_free(void *data)
{
    Follower *follower = data;

    g_free(follower->project);
    g_free(follower->ref);
    g_free(follower->inputs);
    g_free(follower);
}

/* Whether one who follows @projects (empty: its own alone) hears of @released. */
static bool
hears_of(const char *follower, const char *projects, const char *released)
{
    g_auto(GStrv) globs = NULL;
    bool hears = false;

    if (projects[0] == '\0')
        return strcmp(follower, released) == 0;
    globs = g_strsplit(projects, "\n", -1);
    hears = globs[0][0] == '!';
    for (size_t i = 0; globs[i] != NULL; i++) {
        bool refuses = globs[i][0] == '!';

        if (glob_match(globs[i] + (refuses ? 1 : 0), released))
            hears = !refuses;
    }
    return hears;
}

/* Those who follow @bit of releases of @released. Owned. */
static GPtrArray *
load_followers(DbConn *conn, unsigned bit, const char *released, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(follower_free);
    g_autoptr(DbRows) rows = db_select(conn, QUERY_FOLLOW_LIST, DB_NO_PARAMS, error);
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        if (((unsigned)db_rows_int(rows, 2) & bit) != 0 &&
            hears_of(db_rows_text(rows, 0), db_rows_text(rows, 3), released)) {
            Follower *follower = g_new0(Follower, 1);

            follower->project = g_strdup(db_rows_text(rows, 0));
            follower->ref = g_strdup(db_rows_text(rows, 1));
            follower->inputs = g_strdup(db_rows_text(rows, 4));
            g_ptr_array_add(list, follower);
        }
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&list);
}

static bool
queue_follower(DbConn *conn, const Follower *follower, const char *statement, const char *release,
               const char *what, int64_t now_us, GError **error)
{
    g_autofree char *why = g_strdup_printf("%s was %s", release, what);
    g_autoptr(json_t) inputs = inputs_of(follower->inputs, "release", release);
    RunId run = { 0 };
    QueueRequest request = {
        .project = follower->project,
        .trigger = RUN_TRIGGER_RELEASE,
        .ref = follower->ref,
        .actor = "",
        .reason = why,
        .inputs = inputs,
    };

    if (!db_exec(conn, QUERY_FOLLOWED_ADD,
                 DB_PARAMS(DB_TEXT(statement), DB_TEXT(follower->project)), error))
        return false;
    return db_changes(conn) == 0 || queue_add(conn, &request, now_us, &run, error);
}

/* What the statement made of the release: a PipelineReleases bit, 0: nothing one can follow. */
static bool
load_change(DbConn *conn, const char *statement, const char *object, unsigned *bit_out,
            GError **error)
{
    g_autoptr(DbRows) rows =
        db_select(conn, QUERY_FOLLOW_RELEASE_STATE, DB_PARAMS(DB_TEXT(object)), error);
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    *bit_out = 0;
    if (!has_row || strcmp(db_rows_text(rows, 1), statement) != 0)
        return true;
    if (strcmp(db_rows_text(rows, 0), "published") == 0)
        *bit_out = PIPELINE_RELEASES_PUBLISHED;
    else if (strcmp(db_rows_text(rows, 0), "revoked") == 0)
        *bit_out = PIPELINE_RELEASES_REVOKED;
    return true;
}

bool
follow_release(DbConn *conn, const char *statement, const char *object, int64_t now_us,
               GError **error)
{
    const char *release = object + strlen(RELEASE_PREFIX);
    g_autofree char *project = NULL;
    g_autoptr(GPtrArray) followers = NULL;
    unsigned bit = 0;

    if (!g_str_has_prefix(object, RELEASE_PREFIX))
        return true;
    if (!load_change(conn, statement, object, &bit, error))
        return false;
    if (bit == 0)
        return true;
    project = g_strndup(release, strcspn(release, "/"));
    followers = load_followers(conn, bit, project, error);
    for (guint i = 0; followers != NULL && i < followers->len; i++) {
        if (!queue_follower(conn, followers->pdata[i], statement, release,
                            bit == PIPELINE_RELEASES_REVOKED ? "revoked" : "published", now_us,
                            error))
            return false;
    }
    return followers != NULL;
}
