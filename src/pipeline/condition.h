/* SPDX-License-Identifier: Apache-2.0
 * condition: small typed expressions that say when a job runs.
 *
 *   expression = all { "||" all }          all   = not { "&&" not }          not = "!" not | test
 *   test       = value [ ("==" | "!=") value | ("=~" | "!~") globs | "in" texts ]
 *   value      = NAME | TEXT | true | false | changed(GLOB, …) | "(" expression ")"
 *   globs      = GLOB | "[" GLOB { "," GLOB } "]"     texts = "[" TEXT { "," TEXT } "]"
 *
 * TEXT is 'like this' or "like this", without escapes. Types are text and truth; a mismatch is an
 * error of reading, never of running. A name without a value (branch, for a tag) equals "" and fits
 * no glob. In a list of globs "!glob" takes away again. changed() is unknown when nobody can say
 * what changed; unknown follows Kleene's rules, and a condition that ends unknown lets the job run.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/attributes.h"
#include "base/error.h"

#define CONDITION_MAX_BYTES 4096
#define CONDITION_MAX_DEPTH 32

typedef enum { CONDITION_FALSE, CONDITION_TRUE, CONDITION_UNKNOWN } ConditionResult;

typedef struct Condition Condition;

/** What names mean while reading. */
typedef struct ConditionScope {
    /** Whether @name ("event", "matrix.arch") exists; all names are text. */
    bool (*has_name)(const char *name, void *data);
    /** The nearest existing name for a hint, or NULL; borrowed. Optional. */
    const char *(*nearest)(const char *name, void *data);
    void *data;
} ConditionScope;

/** What names hold while running. */
typedef struct ConditionValues {
    const char *(*get)(const char *name, void *data); /* NULL: no value */
    void *data;
    const char *const *changed; /* NULL-terminated paths; NULL: nobody knows */
} ConditionValues;

/** Reads an expression. @offset_out: optional; on error the byte in @text it is about.
 * Returns: owned. Errors: INVALID, LIMIT. */
Condition *condition_parse(const char *text, const ConditionScope *scope, size_t *offset_out,
                           GError **error) MUST_CHECK;
/** @name fits one of @globs; a glob that begins with '!' takes away what it fits. Owned. Globs are
 * validated before. */
Condition *condition_new_match(const char *name, const char *const *globs);
/** Some changed path fits @globs, as condition_new_match. Owned. */
Condition *condition_new_changed(const char *const *globs);
/** @name is one of @texts. Owned. */
Condition *condition_new_in(const char *name, const char *const *texts);
/** Both must hold; takes both. Either may be NULL: then it is the other. */
Condition *condition_and(Condition *left, Condition *right);
/** Checks one glob of a list, with or without "!". Errors: INVALID. */
bool condition_check_glob(const char *glob, GError **error) MUST_CHECK;
/** Whether @text fits @globs: one without "!" (or there is none such), and none with "!". */
bool condition_fits(const char *text, const char *const *globs);
void condition_free(Condition *condition);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Condition, condition_free)

/** @why_out: optional; set when the result is CONDITION_FALSE: the part that decided and what it
 * saw, "event is 'push', not one of 'tag'". Owned. */
ConditionResult condition_eval(const Condition *condition, const ConditionValues *values,
                               char **why_out);
/** The whole condition in the expression form. Owned. */
char *condition_to_text(const Condition *condition);
