/* SPDX-License-Identifier: Apache-2.0
 * test_result: in-toto Test Result v0.1 (in-toto/attestation, spec/predicates/test-result.md): which
 * tests were run on the subjects, and how they ended. */
#pragma once
#include "attest/statement.h"

typedef struct TestResultInput { /* all borrowed */
    const char *pipeline_name;   /* of the file that says what the tests are */
    Digest pipeline;             /* SHA-256 of it */
    const char *const *passed;   /* names of tests; NULL-terminated */
    const char *const *failed;   /* NULL-terminated; any: the result is FAILED */
} TestResultInput;

/** Without subjects yet. Returns: owned. */
Statement *test_result_build(const TestResultInput *input);
