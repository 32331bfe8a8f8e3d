/* SPDX-License-Identifier: Apache-2.0
 * scope: see scope_priv.h. */
#include "pipeline/scope_priv.h"
#include <string.h>
#include "base/banned.h"

static const char *const plain_names[] = { "event",  "ref",     "branch", "tag",
                                           "commit", "project", "stream", "version" };

const char *
scope_cell_value(const PipelineCell *cell, const char *name)
{
    for (size_t i = 0; i < cell->n_values; i++) {
        if (strcmp(cell->values[i].name, name) == 0)
            return cell->values[i].value;
    }
    return NULL;
}

/* Whether every cell has it: a name that only some have is an error wherever it is used. */
static bool
matrix_has(const PipelineJob *job, const char *name)
{
    if (job->has_matrix && job->cells[0].n_values == 0)
        return true; /* the matrix is broken and was told: do not tell each use too */
    for (size_t i = 0; i < job->n_cells; i++) {
        if (scope_cell_value(&job->cells[i], name) == NULL)
            return false;
    }
    return job->n_cells > 0;
}

bool
scope_has(const Pipeline *pipeline, const PipelineJob *job, const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(plain_names); i++) {
        if (strcmp(plain_names[i], name) == 0)
            return true;
    }
    if (g_str_has_prefix(name, "matrix."))
        return matrix_has(job, name + strlen("matrix."));
    for (size_t i = 0; g_str_has_prefix(name, "inputs.") && i < pipeline->n_inputs; i++) {
        if (strcmp(pipeline->inputs[i].name, name + strlen("inputs.")) == 0)
            return true;
    }
    return false;
}

GPtrArray *
scope_names(const Pipeline *pipeline, const PipelineJob *job)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

    for (size_t i = 0; i < G_N_ELEMENTS(plain_names); i++)
        g_ptr_array_add(names, g_strdup(plain_names[i]));
    for (size_t i = 0; job->n_cells > 0 && i < job->cells[0].n_values; i++) {
        if (matrix_has(job, job->cells[0].values[i].name))
            g_ptr_array_add(names, g_strconcat("matrix.", job->cells[0].values[i].name, NULL));
    }
    for (size_t i = 0; i < pipeline->n_inputs; i++)
        g_ptr_array_add(names, g_strconcat("inputs.", pipeline->inputs[i].name, NULL));
    return names;
}

bool
scope_split_output(const char *name, char **job_out, char **output_out)
{
    const char *dot = strrchr(name, '.');

    if (!g_str_has_prefix(name, "needs.") || dot < name + strlen("needs.") || dot[1] == '\0')
        return false;
    *job_out = g_strndup(name + strlen("needs."), (size_t)(dot - name) - strlen("needs."));
    *output_out = g_strdup(dot + 1);
    return true;
}
