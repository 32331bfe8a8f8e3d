/* SPDX-License-Identifier: Apache-2.0
 * run_reuse: a restart of what failed takes over the jobs that passed: their artifacts, outputs,
 * reports and logs, by digest.
 *
 * 1. Only under the same file at the same commit, so that the job would do the same again.
 * 2. A job is taken over only if all it needs is, and every blob it left is still there.
 * 3. Nothing of it enters a release: queue_restart refuses runs that build one. */
#include <string.h>
#include "service/run_priv.h"
#include "base/banned.h"

typedef struct Passed { /* the last attempt of a job of the earlier run */
    unsigned attempt;
    bool passed;
    char *name; /* owned */
} Passed;

static void
passed_clear(void *data)
{
    g_free(((Passed *)data)->name);
}

/* By position in the plan. Owned. */
static GArray *
load_passed(DbConn *conn, const ActiveRun *run, GError **error)
{
    g_autoptr(GArray) list = g_array_sized_new(FALSE, TRUE, sizeof(Passed), (guint)run->n_jobs);
    g_autoptr(DbRows) rows =
        db_select(conn, QUERY_JOB_LIST, DB_PARAMS(DB_INT(run->reuse.v)), error);
    bool has_row = false;

    g_array_set_clear_func(list, passed_clear);
    g_array_set_size(list, (guint)run->n_jobs);
    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        int64_t position = db_rows_int(rows, 0);

        if (position >= 0 && (size_t)position < run->n_jobs) {
            Passed *one = &g_array_index(list, Passed, position);

            passed_clear(one);
            *one = (Passed){
                .attempt = (unsigned)db_rows_int(rows, 1),
                .passed = job_state_from_string(db_rows_text(rows, 5)) == JOB_PASSED,
                .name = g_strdup(db_rows_text(rows, 2)),
            };
        }
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&list);
}

static void
artifact_free(void *data)
{
    JobArtifact *artifact = data;

    g_free(artifact->path);
    g_free(artifact);
}

/* @all_there_out: false when one of its blobs is gone. */
static bool
load_artifacts(DbConn *conn, const ActiveRun *run, size_t position, GPtrArray *out,
               bool *all_there_out, GError **error)
{
    g_autoptr(DbRows) rows =
        db_select(conn, QUERY_ARTIFACT_LIST, DB_PARAMS(DB_INT(run->reuse.v)), error);
    bool has_row = false;

    *all_there_out = true;
    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    while (has_row) {
        if ((size_t)db_rows_int(rows, 0) == position) {
            JobArtifact *artifact = g_new0(JobArtifact, 1);

            g_ptr_array_add(out, artifact);
            artifact->path = g_strdup(db_rows_text(rows, 1));
            artifact->size_bytes = (uint64_t)db_rows_int(rows, 3);
            artifact->executable = db_rows_int(rows, 4) != 0;
            if (!digest_from_string(db_rows_text(rows, 2), &artifact->digest, error))
                return false;
            if (!store_has(run->engine->store, &artifact->digest))
                *all_there_out = false;
        }
        if (!db_rows_next(rows, &has_row, error))
            return false;
    }
    return true;
}

static bool
load_outputs(DbConn *conn, const ActiveRun *run, size_t position, GHashTable *out, GError **error)
{
    g_autoptr(DbRows) rows =
        db_select(conn, QUERY_OUTPUT_LIST, DB_PARAMS(DB_INT(run->reuse.v)), error);
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    while (has_row) {
        if ((size_t)db_rows_int(rows, 0) == position)
            g_hash_table_insert(out, g_strdup(db_rows_text(rows, 1)),
                                g_strdup(db_rows_text(rows, 2)));
        if (!db_rows_next(rows, &has_row, error))
            return false;
    }
    return true;
}

static bool
needs_are_reused(const ActiveRun *run, const ActiveJob *job)
{
    for (size_t i = 0; i < job->plan->n_needs; i++) {
        if (run->jobs[job->plan->needs[i]].reused == 0)
            return false;
    }
    return true;
}

static bool
take_over(DbConn *conn, ActiveRun *run, ActiveJob *job, const Passed *earlier, GError **error)
{
    g_auto(JobResult) result = { .state = JOB_PASSED, .failed_step = -1 };
    bool all_there = false;

    if (!earlier->passed || job->state != JOB_WAITING ||
        strcmp(earlier->name, job->plan->id) != 0 || !needs_are_reused(run, job))
        return true;
    result.artifacts = g_ptr_array_new_with_free_func(artifact_free);
    result.outputs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    if (!load_artifacts(conn, run, job->position, result.artifacts, &all_there, error) ||
        !load_outputs(conn, run, job->position, result.outputs, error))
        return false;
    if (!all_there)
        return true;
    job->result = result;
    result = (JobResult){ 0 };
    job->state = JOB_PASSED;
    job->attempt = 1;
    job->reused = earlier->attempt;
    return true;
}

static bool
check_same_file(const RunRecord *earlier, const RunRecord *now, GError **error)
{
    if (strcmp(earlier->pipeline, now->pipeline) == 0 && strcmp(earlier->commit, now->commit) == 0)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_CONFLICT,
              "the slipway.yaml that rules is not that of run %" G_GINT64_FORMAT
              " any more: restart it whole",
              earlier->number);
    return false;
}

bool
run_reuse_jobs(ActiveRun *run, GError **error)
{
    g_autoptr(DbReader) reader = NULL;
    g_auto(RunRecord) earlier = { 0 };
    g_autoptr(GArray) passed = NULL;

    if (run->reuse.v == 0)
        return true;
    reader = db_reader_acquire(run->engine->db, error);
    if (reader == NULL || !run_record_load(reader, run->reuse, &earlier, error) ||
        !check_same_file(&earlier, &run->record, error))
        return false;
    passed = load_passed(reader, run, error);
    if (passed == NULL)
        return false;
    for (size_t i = 0; i < run->n_jobs; i++) { /* needed jobs come first */
        if (!take_over(reader, run, &run->jobs[i], &g_array_index(passed, Passed, i), error))
            return false;
    }
    return true;
}

bool
run_insert_reused(ActiveRun *run, const ActiveJob *job, DbConn *conn, GError **error)
{
    static const QueryId of_attempt[] = { QUERY_JOB_REUSE, QUERY_STEP_REUSE, QUERY_LOG_STEP_REUSE,
                                          QUERY_REPORT_REUSE };
    static const QueryId of_job[] = { QUERY_ARTIFACT_REUSE, QUERY_OUTPUT_REUSE };
    DbValue id = DB_INT(run->record.id.v), earlier = DB_INT(run->reuse.v);
    DbValue position = DB_INT((int64_t)job->position);

    for (size_t i = 0; i < G_N_ELEMENTS(of_attempt); i++) {
        if (!db_exec(conn, of_attempt[i], DB_PARAMS(id, earlier, position, DB_INT(job->reused)),
                     error))
            return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(of_job); i++) {
        if (!db_exec(conn, of_job[i], DB_PARAMS(id, earlier, position), error))
            return false;
    }
    return true;
}
