/* SPDX-License-Identifier: Apache-2.0
 * glob: see glob.h. Both loops (over parts, over bytes of a part) remember only the last star: what
 * a later star can match, the earlier one need not try again, so nothing grows exponentially. */
#include "format/glob.h"
#include <stdint.h>
#include <string.h>
#include "base/banned.h"

typedef struct {
    const char *text; /* borrowed */
    size_t len;
} Part;

static Part
part_at(const char *text)
{
    return (Part){ .text = text, .len = strcspn(text, "/") };
}

/* The part after @part, or one with a NULL text behind the last. */
static Part
part_next(Part part)
{
    const char *end = part.text + part.len;

    return *end == '/' ? part_at(end + 1) : (Part){ 0 };
}

static bool
part_is_globstar(Part part)
{
    return part.len == 2 && part.text[0] == '*' && part.text[1] == '*';
}

/* Steps over the set that begins at @set ("[…"). Returns its length, 0 if it has no end.
 * @matches_out: whether @byte is in it. */
static size_t
set_scan(const char *set, size_t len, unsigned char byte, bool *matches_out)
{
    size_t at = 1;
    bool negated = at < len && (set[at] == '!' || set[at] == '^');
    bool found = false;

    at += negated;
    for (size_t first = at; at < len; at++) {
        if (set[at] == ']' && at > first) {
            *matches_out = found != negated;
            return at + 1;
        }
        if (set[at] == '\\' && ++at == len)
            return 0;
        unsigned char low = (unsigned char)set[at];
        unsigned char high = low;
        if (at + 2 < len && set[at + 1] == '-' && set[at + 2] != ']') {
            at += 2;
            if (set[at] == '\\' && ++at == len)
                return 0;
            high = (unsigned char)set[at];
        }
        found = found || (low <= byte && byte <= high);
    }
    return 0;
}

/* Whether the token at @pattern takes @byte; its length goes to @used_out. Never called for a star.
 */
static bool
token_takes(const char *pattern, size_t len, unsigned char byte, size_t *used_out)
{
    bool matches = false;

    *used_out = 1;
    switch (pattern[0]) {
    case '?':
        return true;
    case '[':
        *used_out = set_scan(pattern, len, byte, &matches);
        return *used_out > 0 && matches;
    case '\\':
        *used_out = 2;
        return len > 1 && (unsigned char)pattern[1] == byte;
    default:
        return (unsigned char)pattern[0] == byte;
    }
}

static bool
part_matches(Part pattern, Part name)
{
    size_t p = 0;
    size_t n = 0;
    size_t star = SIZE_MAX; /* just behind the last star */
    size_t star_n = 0;      /* where that star's text ends so far */

    while (n < name.len) {
        size_t used = 0;
        if (p < pattern.len && pattern.text[p] == '*') {
            star = ++p;
            star_n = n;
        } else if (p < pattern.len && token_takes(pattern.text + p, pattern.len - p,
                                                  (unsigned char)name.text[n], &used)) {
            p += used;
            n++;
        } else if (star != SIZE_MAX) {
            p = star;
            n = ++star_n;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.text[p] == '*')
        p++;
    return p == pattern.len;
}

bool
glob_match(const char *pattern, const char *path)
{
    Part p = part_at(pattern);
    Part n = part_at(path);
    Part star = { 0 };   /* the pattern part behind the last "**" */
    Part star_n = { 0 }; /* the first path part that "**" does not stand for */
    bool starred = false;

    while (n.text != NULL) {
        if (p.text != NULL && part_is_globstar(p)) {
            p = part_next(p);
            starred = true;
            star = p;
            star_n = n;
        } else if (p.text != NULL && part_matches(p, n)) {
            p = part_next(p);
            n = part_next(n);
        } else if (starred) {
            star_n = part_next(star_n);
            p = star;
            n = star_n;
        } else {
            return false;
        }
    }
    while (p.text != NULL && part_is_globstar(p))
        p = part_next(p);
    return p.text == NULL;
}

bool
glob_match_below(const char *pattern, const char *path)
{
    Part p = part_at(pattern);

    for (Part n = part_at(path); n.text != NULL; n = part_next(n)) {
        if (p.text == NULL)
            return false;
        if (part_is_globstar(p))
            return true;
        if (!part_matches(p, n))
            return false;
        p = part_next(p);
    }
    return p.text != NULL;
}

static bool
refuse(const char *pattern, const char *at, const char *why, GError **error)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot use glob '%s': %s at column %zu",
              pattern, why, (size_t)(at - pattern) + 1);
    return false;
}

/* Refuses an unfinished set or escape, and "**" beside other text. */
static bool
check_part(const char *pattern, Part part, GError **error)
{
    bool ignored = false;

    if (part.len == 0)
        return refuse(pattern, part.text, "empty part", error);
    if ((part.len == 1 && part.text[0] == '.') ||
        (part.len == 2 && part.text[0] == '.' && part.text[1] == '.'))
        return refuse(pattern, part.text, "'.' or '..'", error);
    for (size_t i = 0; i < part.len; i++) {
        const char *at = part.text + i;
        if (*at == '\\' && ++i == part.len)
            return refuse(pattern, at, "unfinished '\\'", error);
        if (*at == '*' && i + 1 < part.len && at[1] == '*' && !part_is_globstar(part))
            return refuse(pattern, at, "'**' beside other text", error);
        if (*at != '[')
            continue;
        size_t used = set_scan(at, part.len - i, 0, &ignored);
        if (used == 0)
            return refuse(pattern, at, "'[' without ']'", error);
        i += used - 1;
    }
    return true;
}

bool
glob_check(const char *pattern, GError **error)
{
    size_t len = strnlen(pattern, GLOB_MAX_BYTES + 1);

    if (len > GLOB_MAX_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot use glob: longer than %d bytes",
                  GLOB_MAX_BYTES);
        return false;
    }
    for (Part part = part_at(pattern); part.text != NULL; part = part_next(part))
        if (!check_part(pattern, part, error))
            return false;
    return true;
}

bool
glob_match_text(Span pattern, Span text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;

    while (t < text.len) {
        if (p < pattern.len && pattern.data[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.len && (pattern.data[p] == '?' || pattern.data[p] == text.data[t])) {
            p++;
            t++;
        } else if (star != SIZE_MAX) { /* the star takes one byte more */
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.data[p] == '*')
        p++;
    return p == pattern.len;
}
