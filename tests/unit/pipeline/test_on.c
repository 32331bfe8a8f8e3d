/* SPDX-License-Identifier: Apache-2.0
 * test_on: which pushes the filters of "on" let through. */
#include "testing.h"
#include "pipeline/pipeline.h"
#include "base/banned.h"

static const char *const none[] = { NULL };

static void
without_filters_everything_counts(void **state)
{
    const PipelineOn on = { none, none, none, false };

    (void)state;
    assert_true(pipeline_on_accepts(&on, "any", NULL, NULL));
    assert_true(pipeline_on_accepts(&on, NULL, "v1", NULL));
}

static void
the_last_glob_that_fits_decides(void **state)
{
    static const char *const branches[] = { "release/**", "!release/old", "main", NULL };
    static const char *const all_but[] = { "!wip/*", NULL };
    const PipelineOn some = { branches, none, none, false };
    const PipelineOn but = { all_but, none, none, false };

    (void)state;
    assert_true(pipeline_on_accepts(&some, "main", NULL, NULL));
    assert_true(pipeline_on_accepts(&some, "release/1", NULL, NULL));
    assert_false(pipeline_on_accepts(&some, "release/old", NULL, NULL));
    assert_false(pipeline_on_accepts(&some, "dev", NULL, NULL));
    assert_true(pipeline_on_accepts(&some, NULL, "v1", NULL));
    assert_true(pipeline_on_accepts(&but, "dev", NULL, NULL));
    assert_false(pipeline_on_accepts(&but, "wip/x", NULL, NULL));
}

static void
one_changed_path_is_enough_and_unknown_ones_hold(void **state)
{
    static const char *const paths[] = { "src/**", "!**/*.md", NULL };
    static const char *const code[] = { "README.md", "src/a.c", NULL };
    static const char *const words[] = { "README.md", "src/a.md", NULL };
    const PipelineOn on = { none, none, paths, false };

    (void)state;
    assert_true(pipeline_on_accepts(&on, "main", NULL, code));
    assert_false(pipeline_on_accepts(&on, "main", NULL, words));
    assert_true(pipeline_on_accepts(&on, "main", NULL, NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_filters_everything_counts),
        cmocka_unit_test(the_last_glob_that_fits_decides),
        cmocka_unit_test(one_changed_path_is_enough_and_unknown_ones_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
