/* SPDX-License-Identifier: Apache-2.0
 * condition: small typed expressions that say when a job runs.
 *
 *   expression = and { "||" and }          and   = not { "&&" not }
 *   not        = "!" not | comparison      comparison = value [ ("==" | "!=" | "=~" | "!~") value |
 * "in" list ] value      = NAME | "text" | 'text' | true | false | changed("glob", …) | "("
 * expression ")" list       = "[" "text" { "," "text" } "]"
 *
 * "=~" matches a glob. Types are text and truth; a mismatch is an error of reading, never of
 * running. A name without a value (branch, for a tag) is "" as text. changed() is unknown when
 * nobody can say what changed; unknown follows Kleene's rules, and a condition that ends unknown
 * lets the job run. */
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

typedef enum { CONDITION_ALL, CONDITION_ANY } ConditionJoin;

/** Reads an expression. @offset_out: optional; on error the byte in @text it is about.
 * Returns: owned. Errors: INVALID, LIMIT. */
Condition *condition_parse(const char *text, const ConditionScope *scope, size_t *offset_out,
                           GError **error) MUST_CHECK;
/** @name fits one of @globs; a glob that begins with '!' takes away what it fits. Owned. Globs are
 * validated before. */
Condition *condition_new_match(const char *name, const char *const *globs);
/** Some changed path fits @globs, as condition_new_match. Owned. */
Condition *condition_new_changed(const char *const *globs);
/** Joins two; takes both. Either may be NULL: then the other. */
Condition *condition_join(ConditionJoin join, Condition *left, Condition *right);
void condition_free(Condition *condition);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Condition, condition_free)

/** @why_out: optional; set when the result is CONDITION_FALSE: the part that decided and what it
 * saw, "event is 'push', not one of 'tag'". Owned. */
ConditionResult condition_eval(const Condition *condition, const ConditionValues *values,
                               char **why_out);
/** The whole condition in the expression form. Owned. */
char *condition_to_text(const Condition *condition);
