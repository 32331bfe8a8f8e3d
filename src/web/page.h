/* SPDX-License-Identifier: Apache-2.0
 * page: what the pages share: a template filled from JSON within the layout, and values made ready
 * to be shown. All data comes from operations, called as the viewer. */
#pragma once
#include "web/web.h"

#define PAGE_SHORT_COMMIT 10
#define PAGE_SHORT_DIGEST 19 /* "sha256:" and twelve digits */

typedef enum {
    PAGE_AT_NONE,
    PAGE_AT_RUNS,
    PAGE_AT_QUEUE,
    PAGE_AT_PROJECTS,
    PAGE_AT_POOLS,
    PAGE_AT_RELEASES,
    PAGE_AT_LOG
} PageAt;

typedef struct PageSpec {
    const char *template; /* "run": web/templates/run.html */
    const char *title;
    PageAt at;
    const char *events; /* address of live events, or NULL */
    unsigned status;    /* 0: 200 */
} PageSpec;

/** Answers with the page. @content: stolen; an object. Errors: INTERNAL (a mistake in a template). */
bool page_answer(const WebRequest *request, const PageSpec *spec, json_t *content,
                 WebAnswer *answer, GError **error) MUST_CHECK;
/** Calls an operation as the viewer. @args: stolen. Returns: owned, or NULL. */
json_t *page_call(const WebRequest *request, const char *operation, json_t *args,
                  GError **error) MUST_CHECK;

/** Answers with a file of strangers: as an attachment, never shown as a page of ours. @fd: stolen.
 * @path: its last part is the name that is proposed. */
void page_answer_attachment(WebAnswer *answer, int fd, uint64_t size, const char *path);

/** ?name=… of the address, or "". Borrowed. */
const char *page_query(const WebRequest *request, const char *name);
/** Whether the viewer may do @operation by a form: logged in, and of its role. */
bool page_may(const WebRequest *request, const char *operation);

/** Adds what a list or page of runs shows beside a run.list element's own members: refShort,
 * commitShort, releaseShort, took, createdIso, createdAgo. */
void page_dress_run(json_t *run);
/** "40 ms", "1.2 s", "3m 04s", "" for nothing. Owned reference. */
json_t *page_duration(int64_t us);
/** "12 KiB". Owned reference. */
json_t *page_size(int64_t bytes);
/** "3 min ago", "in 2 h", and the day when it is over a month away. Owned reference. */
json_t *page_ago(int64_t at_us);
/** object[key] as "2026-11-20T12:34:56Z" in @name, which ends with "Iso", and as page_ago has it in the
 * name that ends with "Ago" instead; nothing when absent. */
void page_add_time(json_t *object, const char *key, const char *name);
/** refs/heads/main → main. Borrowed. */
const char *page_ref(const char *ref);

/* Handlers, mounted by page_routes.c. */
bool page_runs(const WebRequest *request, WebAnswer *answer, GError **error);
/** {runs, older}: one page of runs that fit; "": any. Owned. */
json_t *page_load_runs(const WebRequest *request, const char *project, const char *ref,
                       const char *state, GError **error) MUST_CHECK;
bool page_projects(const WebRequest *request, WebAnswer *answer, GError **error);
bool page_project(const WebRequest *request, WebAnswer *answer, GError **error);
bool page_run(const WebRequest *request, WebAnswer *answer, GError **error);
bool page_artifact(const WebRequest *request, WebAnswer *answer, GError **error);
bool page_preview_file(const WebRequest *request, WebAnswer *answer, GError **error);
bool page_run_config(const WebRequest *request, WebAnswer *answer, GError **error);
bool page_queue(const WebRequest *request, WebAnswer *answer, GError **error);
bool page_pools(const WebRequest *request, WebAnswer *answer, GError **error);
bool page_releases(const WebRequest *request, WebAnswer *answer, GError **error);
bool page_release(const WebRequest *request, WebAnswer *answer, GError **error);
bool page_log(const WebRequest *request, WebAnswer *answer, GError **error);
bool page_entry(const WebRequest *request, WebAnswer *answer, GError **error);
/** The statement of an entry of the log, by its index or digest. Owned. Errors: NOT_FOUND. */
json_t *page_load_statement(const WebRequest *request, const char *entry,
                            GError **error) MUST_CHECK;
/** Adds the witnesses of our log with what each has seen, and whether a quorum is wanted. */
void page_add_witnesses(const WebRequest *request, json_t *content);
bool page_login(const WebRequest *request, WebAnswer *answer, GError **error);
bool page_static(const WebRequest *request, WebAnswer *answer, GError **error);
bool page_badge_svg(const WebRequest *request, WebAnswer *answer, GError **error);
bool page_badge_json(const WebRequest *request, WebAnswer *answer, GError **error);

/** Adds what jobs left for people: summaries (as HTML) and tests. */
void page_add_reports(const WebRequest *request, const char *run, json_t *content);
/** Adds the preview that @run made, if there is one. */
void page_add_preview(const WebRequest *request, const char *run, json_t *content);
/** The log of one job for the run page: {name, position, lines, next, count, error, cut}. @job: an
 * element of the page's jobs. Owned. */
json_t *page_job_log(const WebRequest *request, const char *run, const json_t *job,
                     GError **error) MUST_CHECK;
