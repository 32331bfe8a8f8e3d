/* SPDX-License-Identifier: Apache-2.0
 * group: lines that fold a log, as GitHub, GitLab and Buildkite write them. Read when a log is
 * shown; nothing in the file is changed. Pure. */
#pragma once
#include <stdbool.h>
#include "base/attributes.h"
#include "base/span.h"

#define GROUP_MAX_LEVEL  8
#define GROUP_NAME_BYTES 256 /* a longer name is cut where shown */

typedef enum {
    GROUP_NONE,    /* a line like others */
    GROUP_OPEN,    /* "::group::NAME", "section_start:TIME:ID\r\e[0KNAME" */
    GROUP_CLOSE,   /* "::endgroup::", "section_end:TIME:ID\r\e[0K" */
    GROUP_SECTION, /* "--- NAME", "+++ NAME", "~~~ NAME": ends the section before */
} GroupKind;

typedef struct GroupMark {
    GroupKind kind;
    Span name;      /* borrowed from the line, at most GROUP_NAME_BYTES; empty for GROUP_CLOSE */
    bool collapsed; /* folded until somebody opens it */
} GroupMark;

/** What the text of one line says. */
GroupMark group_mark_of(Span text);

typedef struct GroupState { /* zeros at the beginning of each step */
    unsigned level;         /* of the next line */
    bool in_section;        /* one of the levels is a section's */
} GroupState;
/** The level at which the line that is @mark is shown: 0 is outside of every group. */
unsigned group_state_take(GroupState *state, const GroupMark *mark);
