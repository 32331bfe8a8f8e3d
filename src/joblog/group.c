/* SPDX-License-Identifier: Apache-2.0
 * group: see group.h. GitHub: workflow commands; GitLab: custom collapsible sections of job logs;
 * Buildkite: managing log output. */
#include "joblog/group.h"
#include <string.h>
#include "base/banned.h"

#define CLEAR_LINE "\x1b[0K"

static bool
skip(Span *text, const char *prefix)
{
    size_t len = strlen(prefix);

    if (text->len < len || memcmp(text->data, prefix, len) != 0)
        return false;
    *text = span_of(text->data + len, text->len - len);
    return true;
}

static Span
trim(Span text)
{
    while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\r'))
        text.len--;
    while (text.len > 0 && text.data[0] == ' ')
        text = span_of(text.data + 1, text.len - 1);
    if (text.len > GROUP_NAME_BYTES) {
        text.len = GROUP_NAME_BYTES;
        while (text.len > 0 && (text.data[text.len] & 0xc0) == 0x80) /* not inside a character */
            text.len--;
    }
    return text;
}

/* "TIME:ID[options]\r\e[0KNAME" behind "section_start:"; the end has no name. */
static GroupMark
gitlab_mark(Span text, bool start)
{
    GroupMark mark = { .kind = start ? GROUP_OPEN : GROUP_CLOSE };
    size_t digits = 0;

    while (digits < text.len && text.data[digits] >= '0' && text.data[digits] <= '9')
        digits++;
    if (digits == 0 || digits == text.len || text.data[digits] != ':')
        return (GroupMark){ 0 };
    text = span_of(text.data + digits + 1, text.len - digits - 1);
    const uint8_t *end = text.len == 0 ? NULL : memchr(text.data, '\r', text.len);
    Span id = end == NULL ? text : span_of(text.data, (size_t)(end - text.data));

    if (id.len == 0)
        return (GroupMark){ 0 };
    mark.collapsed = id.data != NULL &&
                     memmem(id.data, id.len, "collapsed=true", strlen("collapsed=true")) != NULL;
    const uint8_t *options = memchr(id.data, '[', id.len);
    Span name = end == NULL
                    ? span_of(id.data, options == NULL ? id.len : (size_t)(options - id.data))
                    : span_of(end + 1, (size_t)(text.data + text.len - end - 1));

    (void)skip(&name, CLEAR_LINE);
    mark.name = start ? trim(name) : (Span){ 0 };
    return mark;
}

/* "--- a/file" and "+++ b/file\tTIME" are a difference between files, not sections. */
static bool
is_diff(Span name)
{
    static const char *const starts[] = { "a/", "b/", "/", "./", "../" };

    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        Span rest = name;

        if (skip(&rest, starts[i]))
            return true;
    }
    return name.len > 0 && memchr(name.data, '\t', name.len) != NULL;
}

static GroupMark
section_mark(Span text)
{
    GroupMark mark = { .kind = GROUP_SECTION };

    if (skip(&text, "--- ") || skip(&text, "~~~ "))
        mark.collapsed = true;
    else if (!skip(&text, "+++ "))
        return (GroupMark){ 0 };
    mark.name = trim(text);
    return mark.name.len == 0 || is_diff(mark.name) || mark.name.data[0] == '-' ? (GroupMark){ 0 }
                                                                                : mark;
}

GroupMark
group_mark_of(Span text)
{
    Span rest = text;

    if (skip(&rest, "::group::") || skip(&rest, "##[group]"))
        return (GroupMark){ .kind = GROUP_OPEN, .name = trim(rest), .collapsed = true };
    if (skip(&rest, "::endgroup::") || skip(&rest, "##[endgroup]"))
        return (GroupMark){ .kind = GROUP_CLOSE };
    (void)skip(&rest, CLEAR_LINE);
    if (skip(&rest, "section_start:"))
        return gitlab_mark(rest, true);
    if (skip(&rest, "section_end:"))
        return gitlab_mark(rest, false);
    return section_mark(text);
}

unsigned
group_state_take(GroupState *state, const GroupMark *mark)
{
    unsigned level = state->level;

    switch (mark->kind) {
    case GROUP_NONE:
        break;
    case GROUP_OPEN:
        if (state->level < GROUP_MAX_LEVEL)
            state->level++;
        break;
    case GROUP_CLOSE:
        if (state->level > (state->in_section ? 1u : 0u))
            state->level--;
        return state->level;
    case GROUP_SECTION:
        state->level = 1;
        state->in_section = true;
        return 0;
    }
    return level;
}
