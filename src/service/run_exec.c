/* SPDX-License-Identifier: Apache-2.0
 * run_exec: executing a run: workers take jobs whose needs are met until every job has ended. */
#include <string.h>
#include "base/log.h"
#include "service/engine_thread.h"
#include "service/outbox.h"
#include "service/preview.h"
#include "service/queue.h"
#include "service/run.h"
#include "service/run_priv.h"
#include "base/banned.h"

/* ---- the scheduler's view, all with run->lock held
 * ------------------------------------------------ */

static bool
needs_met(const ActiveRun *run, const ActiveJob *job)
{
    for (size_t i = 0; i < job->plan->n_needs; i++) {
        if (run->jobs[job->plan->needs[i]].state != JOB_PASSED)
            return false;
    }
    return true;
}

/* A job that can never run because a needed one did not pass. */
static const ActiveJob *
failed_need(const ActiveRun *run, const ActiveJob *job)
{
    for (size_t i = 0; i < job->plan->n_needs; i++) {
        const ActiveJob *needed = &run->jobs[job->plan->needs[i]];

        if (job_state_is_final(needed->state) && needed->state != JOB_PASSED)
            return needed;
    }
    return NULL;
}

/* Ends waiting jobs that will never run. Needs come before those who need them, so one pass does.
 */
static void
settle_waiting(ActiveRun *run)
{
    bool cancelled = cancel_is_set(run->cancel);

    for (size_t i = 0; i < run->n_jobs; i++) {
        ActiveJob *job = &run->jobs[i];
        const ActiveJob *needed = NULL;

        if (job->state != JOB_WAITING)
            continue;
        needed = failed_need(run, job);
        if (!cancelled && needed == NULL)
            continue;
        job->state = cancelled ? JOB_CANCELLED : JOB_SKIPPED;
        job->result.reason =
            cancelled ? g_strdup("cancelled")
                      : g_strdup_printf("needs '%s', which did not pass", needed->plan->id);
        run_touch(run);
    }
}

/* The next job to run, now marked running; NULL when there is none at the moment. @more_out:
 * whether waiting can help. */
static ActiveJob *
take_job(ActiveRun *run, bool *more_out)
{
    bool more = false;

    settle_waiting(run);
    for (size_t i = 0; i < run->n_jobs; i++) {
        ActiveJob *job = &run->jobs[i];

        if (job->state == JOB_WAITING && needs_met(run, job)) {
            job->state = JOB_RUNNING;
            job->started_us = clock_monotonic_us();
            run_touch(run);
            return job;
        }
        more = more || job->state == JOB_WAITING;
    }
    *more_out = more;
    return NULL;
}

/* ---- one job, with its attempts
 * ------------------------------------------------------------------ */

static bool
may_retry(const ActiveJob *job, const JobResult *result, unsigned attempt)
{
    const PipelineJob *spec = job->plan->job;

    if (result->state != JOB_FAILED || attempt > spec->retry_max)
        return false;
    for (size_t i = 0; i < spec->n_retry_exit_codes; i++) {
        if (spec->retry_exit_codes[i] == result->exit_code)
            return true;
    }
    return false;
}

typedef struct StartRow {
    ActiveRun *run;
    ActiveJob *job;
    unsigned attempt;
    int64_t now_us;
    char *isolation; /* static text */
} StartRow;

static bool
write_start(DbConn *conn, void *input, GError **error)
{
    const StartRow *row = input;

    if (row->attempt > 1 &&
        !db_exec(conn, QUERY_JOB_INSERT,
                 DB_PARAMS(DB_INT(row->run->record.id.v), DB_INT((int64_t)row->job->position),
                           DB_INT(row->attempt), DB_TEXT(row->job->plan->id),
                           DB_TEXT(row->job->executor), DB_TEXT(job_state_name(JOB_WAITING)),
                           DB_TEXT("")),
                 error))
        return false;
    return db_exec(conn, QUERY_JOB_START,
                   DB_PARAMS(DB_INT(row->run->record.id.v), DB_INT((int64_t)row->job->position),
                             DB_INT(row->attempt), DB_TEXT(row->isolation), DB_INT(row->now_us)),
                   error);
}

static void
start_row_free(void *data)
{
    StartRow *row = data;

    run_unref(row->run);
    g_free(row);
}

/* Nobody waits for progress: a lost start row is made good by the end row. */
static void
record_start(ActiveRun *run, ActiveJob *job, unsigned attempt)
{
    StartRow *row = g_new0(StartRow, 1);
    g_autoptr(GError) local = NULL;

    row->run = run_ref(run);
    row->job = job;
    row->attempt = attempt;
    row->now_us = clock_now_us(run->engine->clock);
    row->isolation = strcmp(job->executor, "host") == 0 ? (char *)"none" : (char *)"isolated";
    if (!db_write_async(run->engine->db, DB_LANE_CONTROL, write_start, row, start_row_free,
                        &local)) {
        start_row_free(row);
        error_ignore(false, &local, "the end of the attempt is written anyway");
    }
}

static void
run_job(ActiveRun *run, ActiveJob *job)
{
    JobResult result = { 0 };
    g_autoptr(GError) error = NULL;

    for (unsigned attempt = 1;; attempt++) {
        {
            MUTEX_GUARD(&run->lock);

            job->attempt = attempt;
            job->step = -1;
            run_touch(run);
        }
        record_start(run, job, attempt);
        job_attempt(run, job, attempt, &result);
        if (!job_record_end(run, job, attempt, &result, &error)) {
            result.state = JOB_ERROR;
            g_free(result.reason);
            result.reason = g_strdup(error->message);
        } else if (may_retry(job, &result, attempt) && !cancel_is_set(run->cancel)) {
            job_result_clear(&result);
            continue;
        }
        break;
    }
    MUTEX_GUARD(&run->lock);
    job->result = result;
    job->state = result.state;
    job->ended_us = clock_monotonic_us();
    run_touch(run);
}

static void
worker_thread(void *data)
{
    ActiveRun *run = data;

    for (;;) {
        ActiveJob *job = NULL;
        bool more = false;

        {
            MUTEX_GUARD(&run->lock);

            while ((job = take_job(run, &more)) == NULL && more)
                cond_wait(&run->changed, &run->lock);
        }
        if (job == NULL)
            return;
        run_job(run, job);
    }
}

static bool
work(ActiveRun *run, GError **error)
{
    size_t n_workers = MIN(run->parallel, run->n_jobs);
    g_autofree Thread **workers = g_new0(Thread *, n_workers + 1);
    bool ok = true;

    for (size_t i = 1; i < n_workers && ok; i++) { /* this thread is the first worker */
        workers[i] = thread_start("worker", worker_thread, run, error);
        ok = workers[i] != NULL;
    }
    worker_thread(run);
    for (size_t i = 1; i < n_workers; i++)
        thread_join(workers[i]);
    return ok;
}

/* ---- the end
 * ------------------------------------------------------------------------------------- */

static RunEvent
judge(const ActiveRun *run, const char **reason_out)
{
    RunEvent event = RUN_EVENT_PASS;

    for (size_t i = 0; i < run->n_jobs; i++) {
        const ActiveJob *job = &run->jobs[i];

        if (job->state == JOB_CANCELLED) {
            *reason_out = "cancelled";
            return RUN_EVENT_CANCEL;
        }
        if (job->state == JOB_ERROR && event != RUN_EVENT_BREAK) {
            event = RUN_EVENT_BREAK;
            *reason_out = job->result.reason;
        }
        if (job->state == JOB_FAILED && event == RUN_EVENT_PASS) {
            event = RUN_EVENT_FAIL;
            *reason_out = job->result.reason;
        }
    }
    return event;
}

typedef struct RunEnd {
    ActiveRun *run;
    RunState state;
    const char *reason;
    int64_t now_us;
} RunEnd;

/* Jobs that never ran get their end here, in the transaction that ends the run. */
static bool
write_run_end(DbConn *conn, void *input, GError **error)
{
    const RunEnd *end = input;
    int64_t id = end->run->record.id.v;
    g_autofree char *why = NULL; /* who asked for it, and why */
    bool stopped = false;

    for (size_t i = 0; i < end->run->n_jobs; i++) {
        const ActiveJob *job = &end->run->jobs[i];

        if (job->attempt > 0 || job->plan->skipped)
            continue;
        if (!db_exec(conn, QUERY_JOB_END,
                     DB_PARAMS(DB_INT(id), DB_INT((int64_t)i), DB_INT(1),
                               DB_TEXT(job_state_name(job->state)),
                               DB_TEXT(job->result.reason != NULL ? job->result.reason : ""),
                               DB_NULL, DB_NULL, DB_NULL, DB_INT(end->now_us)),
                     error))
            return false;
    }
    if (end->state == RUN_CANCELLED &&
        !db_select_text(conn, QUERY_QUEUE_STOP_REASON, DB_PARAMS(DB_INT(id)), &stopped, &why,
                        error))
        return false;
    return run_record_change(conn, end->run->record.id, end->state, why != NULL ? why : end->reason,
                             end->now_us, error);
}

static bool
write_run_start(DbConn *conn, void *input, GError **error)
{
    const ActiveRun *run = input;

    return run_record_change(conn, run->record.id, RUN_RUNNING, "",
                             clock_now_us(run->engine->clock), error);
}

static void
set_state(ActiveRun *run, RunState state)
{
    MUTEX_GUARD(&run->lock);

    run->state = state;
    run_touch(run);
}

static void
forget_active(ActiveRun *run)
{
    MUTEX_GUARD(&run->engine->lock);

    g_ptr_array_remove(run->engine->runs, run);
}

static bool
end_run(ActiveRun *run, RunEvent event, const char *reason, GError **error)
{
    RunEnd end = {
        .run = run,
        .state = run_state_next(RUN_RUNNING, event),
        .reason = reason,
        .now_us = clock_now_us(run->engine->clock),
    };
    bool ok = db_write(run->engine->db, DB_LANE_ACKNOWLEDGED, write_run_end, &end, error);

    set_state(run, end.state);
    forget_active(run);
    queue_wake(run->engine);
    return ok;
}

bool
run_end_early(ActiveRun *run, RunEvent event, const char *reason, GError **error)
{
    run->state = RUN_RUNNING; /* no job has a row yet, or every one ends with it */
    return end_run(run, event, reason, error);
}

/* A preview is a courtesy: without it the run has passed all the same. */
static void
make_preview(ActiveRun *run)
{
    g_autoptr(GError) local = NULL;

    if (!preview_make(run, &local))
        log_event(LOG_WARNING, "a preview was not made, going on", "SLIPWAY_PROJECT",
                  run->record.project, "SLIPWAY_CAUSE", local->message, NULL);
}

bool
run_execute(ActiveRun *run, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *kept = NULL;
    const char *reason = "";
    RunEvent event = RUN_EVENT_BREAK;

    run->started_us = clock_monotonic_us();
    if (!db_write(run->engine->db, DB_LANE_CONTROL, write_run_start, run, &local))
        return end_run(run, RUN_EVENT_BREAK, local->message, error);
    outbox_wake(run->engine);
    set_state(run, RUN_RUNNING);
    if (work(run, &local))
        event = judge(run, &reason);
    if (local == NULL && event == RUN_EVENT_PASS && run->record.release != NULL &&
        !run_attest(run, &local))
        event = RUN_EVENT_BREAK;
    if (local != NULL)
        reason = kept = g_strdup(local->message);
    if (event == RUN_EVENT_PASS)
        make_preview(run);
    return end_run(run, event, reason, error);
}

static void
run_thread(void *data)
{
    g_autoptr(ActiveRun) run = data;
    g_autoptr(GError) local = NULL;

    error_ignore(run_execute(run, &local), &local, "the next start ends the run as error");
}

bool
run_start(ActiveRun *run, GError **error)
{
    if (engine_thread_start(run->engine, "run", run_thread, run_ref(run), error))
        return true;
    run_unref(run);
    return false;
}
