/* SPDX-License-Identifier: Apache-2.0
 * first_error: the line of a failed step that most likely says why: what compilers, test runners
 * and shells write when something goes wrong. Pure. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/span.h"
#include "joblog/joblog.h"

typedef enum { /* the higher, the surer */
               FIRST_ERROR_NONE,
               FIRST_ERROR_LAST, /* nothing better: the last line of the step */
               FIRST_ERROR_WORD, /* a line that speaks of failure */
               FIRST_ERROR_SURE, /* the form in which a known tool tells an error */
} FirstErrorRank;

/** How much one line looks like an error; control sequences do not count. */
FirstErrorRank first_error_rank(Span text);

typedef struct FirstError { /* zeros at the beginning; ends with first_error_clear */
    FirstErrorRank rank;
    uint64_t offset; /* of the record in the file */
    uint64_t line;   /* from 0, over the whole log */
    uint32_t step;
    char *text; /* owned; valid UTF-8, without control sequences */
} FirstError;
void first_error_clear(FirstError *found);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FirstError, first_error_clear)
/** Looks at the next line; lines of other steps than @step (0: any) and remarks do not count. */
void first_error_take(FirstError *found, const JobLogLine *line, uint64_t offset, uint64_t number,
                      uint32_t step);
/** @text without escape sequences and control characters, as valid UTF-8. Owned. */
char *first_error_plain(Span text);
