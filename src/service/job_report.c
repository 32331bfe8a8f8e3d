/* SPDX-License-Identifier: Apache-2.0
 * job_report: see job_report.h. */
#include "service/job_report.h"
#include <string.h>
#include "base/files.h"
#include "base/json.h"
#include "joblog/junit.h"
#include "service/run_report.h"
#include "base/banned.h"

#define SUMMARY_NAME ".slipway-summary.md"
#define TESTS_FOLDER ".slipway-tests/"
#define TESTS_GLOB   ".slipway-tests/**/*.xml"

bool
job_report_is_one(const char *path)
{
    return strcmp(path, SUMMARY_NAME) == 0 || g_str_has_prefix(path, TESTS_FOLDER);
}

/* The content of one file without secrets. Owned. */
static GBytes *
read_masked(Machine *machine, const Mask *mask, const char *path, size_t limit, GError **error)
{
    AUTO_FD int fd = machine_open_output(machine, path, error);
    g_autoptr(GBytes) bytes = fd < 0 ? NULL : fd_read_all(fd, limit, error);
    Buffer out = { 0 };

    if (bytes == NULL || mask == NULL)
        return g_steal_pointer(&bytes);
    buffer_init(&out, limit + 1);
    mask_apply(mask, span_of_bytes(bytes), span_of_bytes(bytes).len, &out);
    Span masked = buffer_get(&out);
    GBytes *result = g_bytes_new(masked.data, masked.len);

    buffer_clear(&out);
    return result;
}

/* The reports of one kind, or an empty list. */
static GPtrArray *
list_reports(Machine *machine, const char *glob, GError **error)
{
    const char *const globs[] = { glob, NULL };
    MachineCollectLimits limits = { .max_files = JOB_REPORT_MAX_FILES };
    g_autoptr(GError) local = NULL;
    GPtrArray *files = machine_collect(machine, globs, &limits, &local);

    if (files != NULL || error_kind(local) == ERROR_KIND_NOT_FOUND)
        return files != NULL ? files : g_ptr_array_new();
    g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
}

static bool
keep_summary(Engine *engine, Machine *machine, const Mask *mask, JobResult *result, GError **error)
{
    g_autoptr(GPtrArray) files = list_reports(machine, SUMMARY_NAME, error);
    g_autoptr(GBytes) text = NULL;

    if (files == NULL || files->len == 0)
        return files != NULL;
    text = read_masked(machine, mask, SUMMARY_NAME, JOB_REPORT_SUMMARY_BYTES, error);
    if (text == NULL ||
        !store_put_bytes(engine->store, span_of_bytes(text), &result->summary, error))
        return false;
    result->has_summary = true;
    return true;
}

/* What can be read of one file. One that a crash cut short does not take the others with it; the first
 * such is named beside the results. */
static void
add_tests(Machine *machine, const Mask *mask, const MachineFile *file, json_t *results,
          GError **first)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) xml = read_masked(machine, mask, file->path, JUNIT_MAX_BYTES, &local);
    g_autofree char *why = NULL;

    if (xml != NULL && junit_add(results, span_of_bytes(xml), &local))
        return;
    error_prefix(&local, "cannot read '%s'", file->path);
    if (*first != NULL)
        return;
    why = g_utf8_make_valid(local->message, -1);
    json_object_set_new(results, "unread", json_string(why));
    g_propagate_error(first, g_steal_pointer(&local));
}

static bool
keep_tests(Engine *engine, Machine *machine, const Mask *mask, JobResult *result, GError **error)
{
    g_autoptr(GPtrArray) files = list_reports(machine, TESTS_GLOB, error);
    g_autoptr(json_t) results = json_object();
    g_autofree char *text = NULL;
    g_autoptr(GError) first = NULL;

    if (files == NULL || files->len == 0)
        return files != NULL;
    for (guint i = 0; i < files->len; i++)
        add_tests(machine, mask, files->pdata[i], results, &first);
    text = json_dumps(results, JSON_COMPACT);
    if (!store_put_bytes(engine->store, span_of_text(text), &result->tests, error))
        return false;
    result->has_tests = true;
    if (first == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&first));
    return false;
}

bool
job_report_collect(Engine *engine, Machine *machine, const Mask *mask, JobResult *result,
                   GError **error)
{
    bool ok = keep_summary(engine, machine, mask, result, error);

    return keep_tests(engine, machine, mask, result, ok ? error : NULL) && ok;
}

static bool
write_one(DbConn *conn, const DbValue *key, const char *kind, const Digest *digest, GError **error)
{
    char name[DIGEST_STRING_SIZE];

    digest_to_string(digest, name);
    return db_exec(conn, QUERY_REPORT_INSERT,
                   DB_PARAMS(key[0], key[1], key[2], DB_TEXT(kind), DB_TEXT(name)), error);
}

bool
job_report_write(DbConn *conn, RunId run, size_t position, unsigned attempt,
                 const JobResult *result, GError **error)
{
    const DbValue key[] = { DB_INT(run.v), DB_INT((int64_t)position), DB_INT(attempt) };

    return (!result->has_summary || write_one(conn, key, "summary", &result->summary, error)) &&
           (!result->has_tests || write_one(conn, key, "tests", &result->tests, error));
}

static bool
read_blob(Engine *engine, const char *name, GBytes **out, GError **error)
{
    Digest digest;
    AUTO_FD int fd = -1;

    if (!digest_from_string(name, &digest, error))
        return false;
    fd = store_open_blob(engine->store, &digest, NULL, error);
    *out = fd < 0 ? NULL : fd_read_all(fd, 2 * JUNIT_MAX_BYTES, error);
    return *out != NULL;
}

json_t *
run_report_list(Engine *engine, DbConn *conn, RunId run, bool tests, GError **error)
{
    g_autoptr(DbRows) rows =
        db_select(conn, QUERY_REPORT_LIST,
                  DB_PARAMS(DB_INT(run.v), DB_TEXT(tests ? "tests" : "summary")), error);
    g_autoptr(json_t) list = json_array();
    bool has_row = rows != NULL;

    while (has_row) {
        g_autoptr(GBytes) blob = NULL;

        if (!db_rows_next(rows, &has_row, error))
            return NULL;
        if (!has_row)
            break;
        if (!read_blob(engine, db_rows_text(rows, 3), &blob, error))
            return NULL;
        Span span = span_of_bytes(blob);
        g_autofree char *text = g_utf8_make_valid((const char *)span.data, (gssize)span.len);
        json_t *value = tests ? json_parse(span, 2 * JUNIT_MAX_BYTES, error) : json_string(text);

        if (value == NULL)
            return NULL;
        json_array_append_new(
            list, json_pack("{s:I, s:I, s:s, s:o}", "position", (json_int_t)db_rows_int(rows, 0),
                            "attempt", (json_int_t)db_rows_int(rows, 1), "job",
                            db_rows_text(rows, 2), tests ? "tests" : "summary", value));
    }
    return rows == NULL ? NULL : g_steal_pointer(&list);
}
