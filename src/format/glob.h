/* SPDX-License-Identifier: Apache-2.0
 * glob: file name patterns over relative paths. `*` and `?` stay within one part, `**` as a whole
 * part stands for any number of parts (also none), `[a-z]` and `[!a-z]` are sets of bytes, `\`
 * takes the next byte as it is. A leading dot is nothing special. Matching is by bytes, bounded by
 * pattern × path length. Pure. */
#pragma once
#include <stdbool.h>
#include "base/attributes.h"
#include "base/error.h"
#include "base/span.h"

#define GLOB_MAX_BYTES 1024

/** Refuses what can never match or would leave the root: empty, over GLOB_MAX_BYTES, absolute, a
 * "." or
 * ".." or empty part, "**" beside other text, an unfinished set or escape. Errors: INVALID (says
 * the column, from 1). */
bool glob_check(const char *pattern, GError **error) MUST_CHECK;
/** Whether @path (relative, parts joined by one '/') matches a pattern that glob_check accepts. */
bool glob_match(const char *pattern, const char *path);
/** Whether something below the folder @path could match: to skip whole folders while walking. */
bool glob_match_below(const char *pattern, const char *path);
/** Whether the whole of @text matches, where no byte but two is special: `*` is any text, `?` any
 * byte. For names that are no paths. */
bool glob_match_text(Span pattern, Span text);
