/* SPDX-License-Identifier: Apache-2.0
 * test_joblog: lines, caps, marks and masking on their way to the file, and reading it back. */
#include "testing.h"
#include <fcntl.h>
#include <unistd.h>
#include "base/files.h"
#include "joblog/joblog.h"
#include "sys/thread.h"
#include "base/banned.h"

typedef struct {
    TempDir dir;
    char *path;
    Mask *mask;
    JobLog *log;
    JobLogReader *reader;
    GString *seen;
    Thread *thread;
    int fd;
    int ends[2];
    GError *error;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    *state = f;
    f->fd = -1;
    f->ends[0] = f->ends[1] = -1;
    f->mask = mask_new();
    f->seen = g_string_new(NULL);
    if (!temp_dir_make(&f->dir, "joblog", &f->error))
        return -1;
    f->path = g_strdup_printf("%s/log", f->dir.path);
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    joblog_free(f->log);
    mask_free(f->mask);
    joblog_reader_free(f->reader);
    fd_clear(&f->fd);
    fd_clear(&f->ends[0]);
    fd_clear(&f->ends[1]);
    temp_dir_clear(&f->dir);
    g_string_free(f->seen, TRUE);
    g_clear_error(&f->error);
    g_free(f->path);
    g_free(f);
    return 0;
}

static void
open_log(Fixture *f, size_t line_bytes, uint64_t step_bytes)
{
    JobLogOptions options = { .mask = f->mask, .line_bytes = line_bytes, .step_bytes = step_bytes };

    f->log = joblog_create(f->path, &options, &f->error);
    assert_no_gerror(f->error);
    assert_non_null(f->log);
}

static void
feed(Fixture *f, const char *text)
{
    bool ok = joblog_feed(f->log, span_of_text(text), &f->error);

    assert_no_gerror(f->error);
    assert_true(ok);
}

static void
finish(Fixture *f)
{
    f->fd = joblog_finish(f->log, &f->error);
    assert_no_gerror(f->error);
    assert_true(f->fd >= 0);
}

/* Everything a reader gives from where it stands, as "STEP KIND TEXT;". */
static const char *
read_on(Fixture *f)
{
    static const char letters[] = "?opcm";
    JobLogLine line = { 0 };
    JobLogRead result = JOBLOG_READ_LINE;

    g_string_truncate(f->seen, 0);
    while ((result = joblog_reader_next(f->reader, &line, &f->error)) == JOBLOG_READ_LINE)
        g_string_append_printf(f->seen, "%u %c %.*s;", line.step, letters[line.kind],
                               (int)line.text.len, (const char *)line.text.data);
    assert_no_gerror(f->error);
    assert_int_equal(result, JOBLOG_READ_END);
    return f->seen->str;
}

static const char *
read_all(Fixture *f)
{
    f->reader = joblog_reader_new(f->fd, 0);
    return read_on(f);
}

static void
feed_puts_a_line_together_across_reads(void **state)
{
    Fixture *f = *state;

    open_log(f, 0, 0);
    feed(f, "he");
    feed(f, "llo\nwor");
    feed(f, "");
    feed(f, "ld\n\n");
    finish(f);
    assert_string_equal(read_all(f), "0 o hello;0 o world;0 o ;");
}

static void
feed_keeps_control_sequences_and_odd_bytes(void **state)
{
    Fixture *f = *state;
    JobLogLine line = { 0 };

    open_log(f, 0, 0);
    assert_true(joblog_feed(f->log, span_of("\033[31mred\033[0m \0\xff\r\n", 17), &f->error));
    finish(f);
    f->reader = joblog_reader_new(f->fd, 0);
    assert_int_equal(joblog_reader_next(f->reader, &line, &f->error), JOBLOG_READ_LINE);
    assert_int_equal(line.text.len, 16);
    assert_memory_equal(line.text.data, "\033[31mred\033[0m \0\xff\r", 16);
}

static void
a_whole_line_is_readable_before_the_step_ends(void **state)
{
    Fixture *f = *state;

    open_log(f, 0, 0);
    feed(f, "one\ntw");
    f->fd = open(f->path, O_RDONLY | O_CLOEXEC);
    assert_string_equal(read_all(f), "0 o one;");
    feed(f, "o\n");
    assert_string_equal(read_on(f), "0 o two;");
}

static void
a_reader_goes_on_from_an_offset(void **state)
{
    Fixture *f = *state;

    open_log(f, 0, 0);
    feed(f, "one\n");
    f->fd = open(f->path, O_RDONLY | O_CLOEXEC);
    read_all(f);
    uint64_t offset = joblog_reader_get_offset(f->reader);
    joblog_reader_free(f->reader);
    feed(f, "two\n");
    f->reader = joblog_reader_new(f->fd, offset);
    assert_string_equal(read_on(f), "0 o two;");
}

static void
an_unfinished_line_ends_with_its_step(void **state)
{
    Fixture *f = *state;

    open_log(f, 0, 0);
    assert_true(joblog_begin_step(f->log, 1, &f->error));
    feed(f, "prompt> ");
    assert_true(joblog_begin_step(f->log, 2, &f->error));
    feed(f, "next\n");
    finish(f);
    assert_string_equal(read_all(f), "1 p prompt> ;2 o next;");
}

static void
a_line_over_the_cap_is_cut_and_says_so(void **state)
{
    Fixture *f = *state;

    open_log(f, 4, 0);
    feed(f, "abc");
    feed(f, "defgh");
    feed(f, "i\nok\n");
    finish(f);
    assert_string_equal(
        read_all(f), "0 c abcd;0 m the line above is cut at 4 bytes, 5 more are dropped;0 o ok;");
}

static void
output_over_the_step_cap_is_cut_and_says_so(void **state)
{
    Fixture *f = *state;

    open_log(f, 0, 8);
    assert_true(joblog_begin_step(f->log, 1, &f->error));
    feed(f, "12345\n6789\nmore\n");
    assert_true(joblog_begin_step(f->log, 2, &f->error));
    feed(f, "fresh\n");
    finish(f);
    assert_string_equal(read_all(f), "1 o 12345;1 m output is cut here: the step's log is full;"
                                     "1 m output of this step is cut at 8 bytes, 10 more are "
                                     "dropped;2 o fresh;");
}

static void
a_secret_split_over_two_reads_is_hidden(void **state)
{
    Fixture *f = *state;

    assert_true(mask_add(f->mask, span_of_text("hunter22"), &f->error));
    open_log(f, 0, 0);
    feed(f, "key=hun");
    feed(f, "ter22!\n");
    finish(f);
    assert_string_equal(read_all(f), "0 o key=***!;");
}

static void
a_secret_across_the_line_cap_is_hidden(void **state)
{
    Fixture *f = *state;

    assert_true(mask_add(f->mask, span_of_text("hunter22"), &f->error));
    open_log(f, 8, 0);
    feed(f, "key=hunter22\n");
    finish(f);
    assert_null(strstr(read_all(f), "hunt"));
}

static void
a_mark_stays_one_line(void **state)
{
    Fixture *f = *state;

    open_log(f, 0, 0);
    assert_true(joblog_mark(f->log, "first\nsecond", &f->error));
    finish(f);
    assert_string_equal(read_all(f), "0 m first second;");
}

static void
create_refuses_an_existing_file(void **state)
{
    Fixture *f = *state;

    open_log(f, 0, 0);
    JobLog *second = joblog_create(f->path, NULL, &f->error);
    assert_null(second);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_EXISTS);
}

static void
write_to_pipe(void *data)
{
    Fixture *f = data;

    for (int i = 0; i < 1000; i++) {
        g_autofree char *line = g_strdup_printf("line %d\n", i);
        if (write(f->ends[1], line, strlen(line)) < 0)
            break;
    }
    fd_clear(&f->ends[1]);
}

static void
pump_reads_a_pipe_to_its_end(void **state)
{
    Fixture *f = *state;

    open_log(f, 0, 0);
    assert_int_equal(pipe(f->ends), 0);
    f->thread = thread_start("writer", write_to_pipe, f, &f->error);
    bool ok = joblog_pump(f->log, f->ends[0], NULL, NULL, &f->error);
    thread_join(f->thread);
    finish(f);
    assert_true(ok);
    assert_non_null(strstr(read_all(f), "0 o line 998;0 o line 999;"));
}

static void
parse_refuses_what_the_writer_never_writes(void **state)
{
    static const char *const bad[] = { "",
                                       "1",
                                       "1 2 3 o",
                                       "1 2 3 x text",
                                       "1 2 3 otext",
                                       "-1 2 3 o t",
                                       "1 2 99999999999 o t",
                                       "11111111111111111111 2 3 o t",
                                       " 1 2 3 o t" };
    Fixture *f = *state;
    JobLogLine line = { 0 };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        test_case("'%s'\n", bad[i]);
        bool ok = joblog_line_parse(span_of_text(bad[i]), &line, &f->error);
        assert_false(ok);
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_CORRUPT);
        g_clear_error(&f->error);
    }
    assert_true(joblog_line_parse(span_of_text("1 2 3 o "), &line, &f->error));
    assert_int_equal(line.text.len, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(feed_puts_a_line_together_across_reads),
        CASE(feed_keeps_control_sequences_and_odd_bytes),
        CASE(a_whole_line_is_readable_before_the_step_ends),
        CASE(a_reader_goes_on_from_an_offset),
        CASE(an_unfinished_line_ends_with_its_step),
        CASE(a_line_over_the_cap_is_cut_and_says_so),
        CASE(output_over_the_step_cap_is_cut_and_says_so),
        CASE(a_secret_split_over_two_reads_is_hidden),
        CASE(a_secret_across_the_line_cap_is_hidden),
        CASE(a_mark_stays_one_line),
        CASE(create_refuses_an_existing_file),
        CASE(pump_reads_a_pipe_to_its_end),
        CASE(parse_refuses_what_the_writer_never_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
