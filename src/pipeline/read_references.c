/* SPDX-License-Identifier: Apache-2.0
 * read_references: every ${…} in env values and artifact globs must mean something, before anything
 * runs. */
#include <string.h>
#include "pipeline/reader_priv.h"
#include "pipeline/scope_priv.h"
#include "pipeline/substitute.h"
#include "sys/suggest.h"
#include "base/banned.h"

typedef struct {
    Reader *reader;
    const PipelineJob *job;
    const YamlNode *node; /* the text that is looked at */
    bool outputs;         /* ${needs.…} may stand here */
} Place;

/* "needs.build.version" in @place. */
static void
check_output(const Place *place, const char *name, size_t offset)
{
    const Pipeline *pipeline = &place->reader->whole->pipeline;
    g_autofree char *job_name = NULL;
    g_autofree char *output = NULL;

    if (!place->outputs || !scope_split_output(name, &job_name, &output)) {
        reader_fail_inside(place->reader, place->node, offset, "'${%s}' cannot be used here%s",
                           name,
                           place->outputs ? ": write '${needs.JOB.OUTPUT}'"
                                          : ": artifacts are fixed before the run");
        return;
    }
    const PipelineJob *needed = NULL;

    for (size_t i = 0; i < place->job->n_needs; i++) {
        const PipelineJob *job = &pipeline->jobs[place->job->needs[i]];

        needed = strcmp(job->name, job_name) == 0 ? job : needed;
    }
    if (needed == NULL)
        reader_fail_inside(place->reader, place->node, offset,
                           "'${%s}': '%s' is not in 'needs' of job '%s'", name, job_name,
                           place->job->name);
    else if (needed->has_matrix)
        reader_fail_inside(place->reader, place->node, offset,
                           "'${%s}': job '%s' has a matrix, so it has many outputs", name,
                           job_name);
    else if (!g_strv_contains(needed->outputs, output))
        reader_fail_inside(place->reader, place->node, offset,
                           "'${%s}': job '%s' has no output '%s'", name, job_name, output);
}

static bool
visit(const char *name, size_t offset, void *data)
{
    const Place *place = data;
    const Pipeline *pipeline = &place->reader->whole->pipeline;

    if (g_str_has_prefix(name, "needs.")) {
        check_output(place, name, offset);
        return true;
    }
    if (scope_has(pipeline, place->job, name))
        return true;
    g_autoptr(GPtrArray) names = scope_names(pipeline, place->job);
    g_autofree char *suggestion =
        reader_suggestion(name, (const char *const *)names->pdata, names->len);

    reader_fail_inside(place->reader, place->node, offset, "'${%s}' means nothing here%s", name,
                       suggestion);
    return true;
}

static void
check_text(Place *place, const YamlNode *node)
{
    size_t offset = 0;
    g_autoptr(GError) local = NULL;

    place->node = node;
    if (node != NULL && yaml_node_kind(node) == YAML_SCALAR &&
        !substitute_scan(yaml_node_text(node), visit, place, &offset, &local))
        reader_fail_inside(place->reader, node, offset, "%s", local->message);
}

/* All values of a map or items of a list; anything else was refused before. */
static void
check_all(Place *place, const YamlNode *node)
{
    if (node == NULL || yaml_node_kind(node) == YAML_SCALAR)
        return;
    for (size_t i = 0; i < yaml_node_length(node); i++)
        check_text(place, yaml_node_at(node, i));
}

void
read_references(Reader *reader)
{
    for (size_t i = 0; i < reader->whole->pipeline.n_jobs; i++) {
        const YamlNode *node = reader->jobs[i].node;
        const YamlNode *steps = yaml_node_find(node, "steps");
        Place env = { .reader = reader, .job = reader->jobs[i].job, .outputs = true };
        Place artifacts = { .reader = reader, .job = reader->jobs[i].job };

        check_all(&env, yaml_node_find(node, "env"));
        check_all(&artifacts, yaml_node_find(node, "artifacts"));
        for (size_t k = 0;
             steps != NULL && yaml_node_kind(steps) == YAML_LIST && k < yaml_node_length(steps);
             k++)
            check_all(&env, yaml_node_find(yaml_node_at(steps, k), "env"));
    }
}
