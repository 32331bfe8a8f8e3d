/* SPDX-License-Identifier: Apache-2.0
 * test_log: what reaches stderr. */
#include <fcntl.h>
#include <unistd.h>
#include "testing.h"
#include "base/files.h"
#include "base/log.h"
#include "base/banned.h"

typedef struct {
    int saved;  /* owned: the real stderr */
    int reader; /* owned */
    char *text; /* owned */
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    int ends[2];

    *state = f;
    f->saved = dup(STDERR_FILENO);
    if (pipe2(ends, O_CLOEXEC) != 0 || dup2(ends[1], STDERR_FILENO) < 0)
        return -1;
    close(ends[1]);
    f->reader = ends[0];
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    fd_clear(&f->reader);
    fd_clear(&f->saved);
    g_free(f->text);
    g_free(f);
    return 0;
}

/* Puts stderr back and reads what was written to it. */
static const char *
written(Fixture *f)
{
    dup2(f->saved, STDERR_FILENO);
    g_autoptr(GBytes) bytes = fd_read_all(f->reader, 4096, NULL);
    Span span = bytes != NULL ? span_of_bytes(bytes) : span_of("?", 1);

    f->text = g_strndup(span.len > 0 ? (const char *)span.data : "", span.len);
    return f->text;
}

static void
a_line_has_level_message_and_fields(void **state)
{
    log_event(LOG_NOTICE, "run ended", "SLIPWAY_RUN", "7", "STATE", "passed", NULL);
    assert_string_equal(written(*state),
                        "slipway: notice: run ended SLIPWAY_RUN='7' STATE='passed'\n");
}

static void
values_cannot_forge_a_line(void **state)
{
    log_event(LOG_ERROR, "refused", "NAME", "x\nslipway: error: forged\033[2J", NULL);
    assert_string_equal(written(*state),
                        "slipway: error: refused NAME='x\\x0Aslipway: error: forged\\x1B[2J'\n");
}

static void
levels_below_the_threshold_are_dropped(void **state)
{
    log_event(LOG_INFO, "one request", NULL);
    assert_string_equal(written(*state), "");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_line_has_level_message_and_fields),
        T(values_cannot_forge_a_line),
        T(levels_below_the_threshold_are_dropped),
    };

    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
