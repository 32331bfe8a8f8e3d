/* SPDX-License-Identifier: Apache-2.0
 * test_test_result: what a Test Result statement says. */
#include "attest/test_result.h"
#include "testing.h"
#include "base/banned.h"

static char *
result_of(const char *const *failed)
{
    static const char *const passed[] = { "build", "test (os=linux)", NULL };
    g_autoptr(Statement) statement = test_result_build(&(TestResultInput){
        .pipeline_name = "slipway.yaml",
        .pipeline = digest_of(span_of_text("x")),
        .passed = passed,
        .failed = failed,
    });

    assert_string_equal(statement->predicate_type, PREDICATE_TYPE_TEST_RESULT);
    return json_canonical(statement->predicate, NULL, NULL);
}

static void
passed_when_no_test_failed(void **state)
{
    static const char *const none[] = { NULL };
    g_autofree char *text = result_of(none);

    (void)state;
    assert_non_null(strstr(text, "\"result\":\"PASSED\""));
    assert_non_null(strstr(text, "\"passedTests\":[\"build\",\"test (os=linux)\"]"));
    assert_non_null(
        strstr(text, "\"configuration\":[{\"digest\":{\"sha256\":\"2d711642b726b04401627ca9"
                     "fbac32f5c8530fb1903cc4db02258717921a4881\"},\"name\":\"slipway.yaml\"}]"));
}

static void
failed_when_one_did(void **state)
{
    static const char *const one[] = { "lint", NULL };
    g_autofree char *text = result_of(one);

    (void)state;
    assert_non_null(strstr(text, "\"result\":\"FAILED\""));
    assert_non_null(strstr(text, "\"failedTests\":[\"lint\"]"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passed_when_no_test_failed),
        cmocka_unit_test(failed_when_one_did),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
