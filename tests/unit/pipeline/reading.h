/* SPDX-License-Identifier: Apache-2.0
 * reading: a fixture around one parsed file. */
#pragma once
#include "pipeline/plan.h"
#include "testing.h"

typedef struct {
    Diagnostics *diagnostics;
    Pipeline *pipeline;
    Plan *plan;
    GError *error;
    char *text;
    char **env;
} Reading;

static inline int
reading_setup(void **state)
{
    *state = g_new0(Reading, 1);
    return 0;
}

static inline void
reading_reset(Reading *r)
{
    g_clear_pointer(&r->plan, plan_free);
    g_clear_pointer(&r->pipeline, pipeline_free);
    g_clear_pointer(&r->diagnostics, diagnostics_free);
    g_clear_error(&r->error);
    g_clear_pointer(&r->text, g_free);
    g_clear_pointer(&r->env, g_strfreev);
}

static inline int
reading_teardown(void **state)
{
    reading_reset(*state);
    g_free(*state);
    return 0;
}

static inline void
reading_parse(Reading *r, const char *text)
{
    reading_reset(r);
    r->diagnostics = diagnostics_new("slipway.yaml", span_of_text(text));
    r->pipeline = pipeline_parse(span_of_text(text), r->diagnostics);
}

/* As reading_parse, of a file that must be good. */
static inline void
reading_parse_good(Reading *r, const char *text)
{
    reading_parse(r, text);
    if (r->pipeline == NULL) {
        r->text = diagnostics_text(r->diagnostics);
        fail_msg("%s", r->text);
    }
}

#define READING_TEST(name) cmocka_unit_test_setup_teardown(name, reading_setup, reading_teardown)
