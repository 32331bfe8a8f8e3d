/* SPDX-License-Identifier: Apache-2.0
 * job_record: the end of an attempt, written in one transaction. */
#include "service/job_report.h"
#include "service/run_priv.h"
#include "base/banned.h"

typedef struct EndOfJob {
    ActiveRun *run;
    const ActiveJob *job;
    unsigned attempt;
    const JobResult *result;
} EndOfJob;

static bool
write_steps(DbConn *conn, const EndOfJob *end, GError **error)
{
    for (guint i = 0; i < end->result->steps->len; i++) {
        const JobStepResult *step = &g_array_index(end->result->steps, JobStepResult, i);

        if (step->log_start > 0 &&
            !db_exec(conn, QUERY_LOG_STEP_INSERT,
                     DB_PARAMS(DB_INT(end->run->record.id.v), DB_INT((int64_t)end->job->position),
                               DB_INT(end->attempt), DB_INT((int64_t)i + 1),
                               DB_INT((int64_t)step->log_start)),
                     error))
            return false;
        if (step->exit_code < 0)
            continue;
        if (!db_exec(conn, QUERY_STEP_INSERT,
                     DB_PARAMS(DB_INT(end->run->record.id.v), DB_INT((int64_t)end->job->position),
                               DB_INT(end->attempt), DB_INT(i),
                               DB_TEXT(end->job->plan->job->steps[i].name), DB_INT(step->exit_code),
                               DB_INT(step->wall_us)),
                     error))
            return false;
    }
    return true;
}

static bool
write_artifacts(DbConn *conn, const EndOfJob *end, GError **error)
{
    for (guint i = 0; i < end->result->artifacts->len; i++) {
        const JobArtifact *artifact = end->result->artifacts->pdata[i];
        char digest[DIGEST_STRING_SIZE];

        digest_to_string(&artifact->digest, digest);
        if (!db_exec(conn, QUERY_ARTIFACT_INSERT,
                     DB_PARAMS(DB_INT(end->run->record.id.v), DB_INT((int64_t)end->job->position),
                               DB_TEXT(artifact->path), DB_TEXT(digest),
                               DB_INT((int64_t)artifact->size_bytes), DB_INT(artifact->executable)),
                     error))
            return false;
    }
    return true;
}

static bool
write_outputs(DbConn *conn, const EndOfJob *end, GError **error)
{
    GHashTableIter iter;
    void *name = NULL;
    void *value = NULL;

    if (end->result->outputs == NULL)
        return true;
    g_hash_table_iter_init(&iter, end->result->outputs);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (!db_exec(conn, QUERY_OUTPUT_INSERT,
                     DB_PARAMS(DB_INT(end->run->record.id.v), DB_INT((int64_t)end->job->position),
                               DB_TEXT(name), DB_TEXT(value)),
                     error))
            return false;
    }
    return true;
}

static bool
write_end(DbConn *conn, void *input, GError **error)
{
    const EndOfJob *end = input;
    const JobResult *result = end->result;
    char log[DIGEST_STRING_SIZE];

    digest_to_string(&result->log, log);
    if (!db_exec(conn, QUERY_JOB_END,
                 DB_PARAMS(DB_INT(end->run->record.id.v), DB_INT((int64_t)end->job->position),
                           DB_INT(end->attempt), DB_TEXT(job_state_name(result->state)),
                           DB_TEXT(result->reason != NULL ? result->reason : ""),
                           result->state == JOB_PASSED || result->failed_step >= 0
                               ? DB_INT(result->exit_code)
                               : DB_NULL,
                           result->failed_step >= 0 ? DB_INT(result->failed_step) : DB_NULL,
                           result->has_log ? DB_TEXT(log) : DB_NULL, DB_INT(result->ended_us)),
                 error) ||
        !write_steps(conn, end, error) ||
        !job_report_write(conn, end->run->record.id, end->job->position, end->attempt, result,
                          error))
        return false;
    if (result->state != JOB_PASSED)
        return true;
    return write_artifacts(conn, end, error) && write_outputs(conn, end, error);
}

bool
job_record_end(ActiveRun *run, const ActiveJob *job, unsigned attempt, const JobResult *result,
               GError **error)
{
    EndOfJob end = { .run = run, .job = job, .attempt = attempt, .result = result };

    return db_write(run->engine->db, DB_LANE_ACKNOWLEDGED, write_end, &end, error);
}
