/* SPDX-License-Identifier: Apache-2.0
 * pipeline_condition: what is shown of a condition reads back and gives the same answer. */
#include <stdint.h>
#include <stdlib.h>
#include "pipeline/condition.h"
#include "pipeline/substitute.h"
#include "base/span.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
has_name(const char *name, void *data)
{
    (void)data;
    return strcmp(name, "event") == 0 || strcmp(name, "branch") == 0 || strcmp(name, "tag") == 0;
}

static const char *
get(const char *name, void *data)
{
    (void)data;
    return strcmp(name, "event") == 0 ? "push" : strcmp(name, "branch") == 0 ? "main" : NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const changed[] = { "src/a.c", NULL };
    g_autofree char *text = g_strndup(size == 0 ? "" : (const char *)data, size);
    const ConditionScope scope = { .has_name = has_name };
    const ConditionValues values = { .get = get, .changed = changed };
    g_autofree char *replaced = substitute_text(text, get, NULL, SUBSTITUTE_KEEP, NULL);
    g_autofree char *why = NULL;
    size_t offset = 0;
    g_autoptr(Condition) condition = condition_parse(text, &scope, &offset, NULL);

    if (replaced != NULL && text[0] == '\0' && replaced[0] != '\0')
        abort(); /* something out of nothing */
    if (condition == NULL) {
        if (offset > strlen(text))
            abort();
        return 0;
    }
    g_autofree char *shown = condition_to_text(condition);
    g_autoptr(Condition) again = condition_parse(shown, &scope, NULL, NULL);
    ConditionResult result = condition_eval(condition, &values, &why);

    if (again == NULL) /* longer than what it came from: parentheses and brackets are added */
        return 0;
    if (condition_eval(again, &values, NULL) != result ||
        (why != NULL) != (result == CONDITION_FALSE))
        abort();
    return 0;
}
