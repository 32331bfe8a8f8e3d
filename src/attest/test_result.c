/* SPDX-License-Identifier: Apache-2.0
 * test_result: see test_result.h. */
#include "attest/test_result.h"
#include "base/banned.h"

static json_t *
name_array(const char *const *names)
{
    json_t *array = json_array();

    for (size_t i = 0; names[i] != NULL; i++)
        json_array_append_new(array, json_string(names[i]));
    return array;
}

Statement *
test_result_build(const TestResultInput *input)
{
    char hex[DIGEST_HEX_SIZE];

    digest_to_hex(&input->pipeline, hex);
    return statement_new(PREDICATE_TYPE_TEST_RESULT,
                         json_pack("{s:s, s:[{s:s, s:{s:s}}], s:o, s:o}", "result",
                                   input->failed[0] == NULL ? "PASSED" : "FAILED", "configuration",
                                   "name", input->pipeline_name, "digest", "sha256", hex,
                                   "passedTests", name_array(input->passed), "failedTests",
                                   name_array(input->failed)));
}
