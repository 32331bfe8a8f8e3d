/* SPDX-License-Identifier: Apache-2.0
 * job_lease: the machine a job leases, by the labels its file names. */
#include <string.h>
#include "base/encoding.h"
#include "service/run_priv.h"
#include "base/banned.h"

#define MAX_LABEL_BYTES 1024

/* What the label says at the run's commit: its text, or that of a file, trimmed. Owned reference. */
static json_t *
label_value(ActiveRun *run, const PipelineLabel *label, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;
    g_autofree char *text = NULL;

    if (label->value != NULL)
        return json_string(label->value);
    {
        MUTEX_GUARD(&run->git_lock);

        bytes = git_read_file(run->mirror, run->record.commit, label->file, MAX_LABEL_BYTES, error);
    }
    if (bytes == NULL) {
        error_prefix(error, "label '%s'", label->name);
        return NULL;
    }
    Span span = span_of_bytes(bytes);
    if (!utf8_is_valid(span)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "label '%s': '%s' is not text",
                  label->name, label->file);
        return NULL;
    }
    text = g_strstrip(g_strndup((const char *)span.data, span.len));
    return json_string(text);
}

static json_t *
labels_of(ActiveRun *run, const PipelineJob *job, GError **error)
{
    g_autoptr(json_t) labels = json_object();

    for (size_t i = 0; i < job->n_labels; i++) {
        json_t *value = label_value(run, &job->labels[i], error);

        if (value == NULL)
            return NULL;
        json_object_set_new(labels, job->labels[i].name, value);
    }
    return g_steal_pointer(&labels);
}

bool
job_lease(ActiveRun *run, const ActiveJob *job, PoolLease *out, GError **error)
{
    g_autoptr(json_t) labels = NULL;

    if (strcmp(job->executor, "vm") != 0 && strcmp(job->executor, "command") != 0)
        return true;
    labels = labels_of(run, job->plan->job, error);
    return labels != NULL && pool_lease(run->engine, job->executor, labels, run->record.id,
                                        (int64_t)job->position, run->cancel, out, error);
}

void
job_give_back(ActiveRun *run, PoolLease *lease)
{
    g_autoptr(GError) local = NULL;

    if (lease->pool != NULL)
        error_ignore(pool_give_back(run->engine, lease, run->record.id, &local), &local,
                     "the lease is stale once the run has ended: the next one takes it over");
    pool_lease_clear(lease);
}
