/* SPDX-License-Identifier: Apache-2.0
 * junit: test results as JUnit and its relatives write them (the XML of Ant's junit task). Bounded:
 * no document type, no entities of its own, no nesting deeper than results need. */
#pragma once
#include <jansson.h>
#include "base/attributes.h"
#include "base/error.h"
#include "base/span.h"

#define JUNIT_MAX_BYTES  (16u << 20)
#define JUNIT_MAX_CASES  50000
#define JUNIT_MAX_LISTED 1000 /* cases that are told one by one: those that did not pass */
#define JUNIT_TEXT_BYTES 4096 /* of a name, a message, the text of a failure */

/**
 * Adds what @xml says to @results, an object: {tests, passed, failed, skipped, seconds, cases: [{name,
 * class, suite, result: "failed"|"error"|"skipped", seconds, message, text}], more}. An empty object
 * is filled. Errors: INVALID (no JUnit XML, with its line), LIMIT. On error @results may hold a part.
 */
bool junit_add(json_t *results, Span xml, GError **error) MUST_CHECK;
