/* SPDX-License-Identifier: Apache-2.0
 * child_priv: one running git whose output is read in pieces; for src/git only. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "git/command_priv.h"
#include "sys/process.h"

#define GIT_CHILD_READ_BYTES (64u << 10)
#define GIT_RECORD_BYTES     4224u /* a line or entry; a path of 4000 bytes fits */

typedef struct GitChild {
    GitCommand command; /* filled in by the caller before git_child_start */
    Process *process;   /* owned */
    Cancel *cancel;     /* borrowed */
    int input;          /* owned; what it reads, or -1 */
    int output;         /* owned; what it writes */
    size_t start;       /* of what is not taken yet in data */
    size_t end;
    uint8_t data[GIT_CHILD_READ_BYTES];
} GitChild;

/** @cancel: borrowed. Before anything else. */
void git_child_init(GitChild *child, Cancel *cancel);
/** Kills it if it runs. */
void git_child_clear(GitChild *child);
/** Starts child->command. @has_input: with a pipe to write to. */
bool git_child_start(GitChild *child, bool has_input, GError **error) MUST_CHECK;
/** Closes its input and waits for its end. Errors: CORRUPT when it failed. */
bool git_child_finish(GitChild *child, const char *what, GError **error) MUST_CHECK;
/** One record up to @mark, which is not kept. *@line_out is owned; NULL at the end. */
bool git_child_record(GitChild *child, char mark, char **line_out, GError **error) MUST_CHECK;
/** Hands the next @size bytes to @fd, or into @memory when it is not NULL; with neither (-1) they
 * are dropped.
 */
bool git_child_copy(GitChild *child, uint64_t size, int fd, uint8_t *memory,
                    GError **error) MUST_CHECK;
