/* SPDX-License-Identifier: Apache-2.0
 * condition: building, answering and showing conditions; condition_read.c reads them. */
#include "pipeline/condition.h"
#include <string.h>
#include "format/glob.h"
#include "pipeline/condition_priv.h"
#include "base/banned.h"

static void
node_free(void *data)
{
    condition_free(data);
}

Condition *
condition_node_new(NodeKind kind)
{
    Condition *node = g_new0(Condition, 1);

    node->kind = kind;
    node->children = g_ptr_array_new_with_free_func(node_free);
    return node;
}

void
condition_node_add(Condition *node, Condition *child)
{
    g_ptr_array_add(node->children, child);
}

void
condition_free(Condition *condition)
{
    if (condition == NULL)
        return;
    g_free(condition->text);
    g_clear_pointer(&condition->list, g_ptr_array_unref);
    g_clear_pointer(&condition->children, g_ptr_array_unref);
    g_free(condition);
}

static GPtrArray *
copy_list(const char *const *texts)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(g_free);

    for (size_t i = 0; texts[i] != NULL; i++)
        g_ptr_array_add(list, g_strdup(texts[i]));
    g_ptr_array_add(list, NULL);
    return list;
}

static Condition *
new_over_name(NodeKind kind, const char *name, const char *const *texts)
{
    Condition *node = condition_node_new(kind);
    Condition *child = condition_node_new(NODE_NAME);

    child->text = g_strdup(name);
    condition_node_add(node, child);
    node->list = copy_list(texts);
    return node;
}

Condition *
condition_new_match(const char *name, const char *const *globs)
{
    return new_over_name(NODE_FITS, name, globs);
}

Condition *
condition_new_in(const char *name, const char *const *texts)
{
    return new_over_name(NODE_IN, name, texts);
}

Condition *
condition_new_changed(const char *const *globs)
{
    Condition *node = condition_node_new(NODE_CHANGED);

    node->list = copy_list(globs);
    return node;
}

Condition *
condition_and(Condition *left, Condition *right)
{
    if (left == NULL || right == NULL)
        return left == NULL ? right : left;
    if (left->kind == NODE_ALL) {
        condition_node_add(left, right);
        return left;
    }
    Condition *node = condition_node_new(NODE_ALL);

    condition_node_add(node, left);
    condition_node_add(node, right);
    return node;
}

bool
condition_check_glob(const char *glob, GError **error)
{
    return glob_check(glob[0] == '!' ? glob + 1 : glob, error);
}

bool
condition_fits(const char *text, const char *const *globs)
{
    bool any_positive = false;
    bool fits = false;

    if (text[0] == '\0')
        return false;
    for (size_t i = 0; globs[i] != NULL; i++) {
        if (globs[i][0] == '!') {
            if (glob_match(globs[i] + 1, text))
                return false;
            continue;
        }
        any_positive = true;
        fits = fits || glob_match(globs[i], text);
    }
    return fits || !any_positive;
}

static const char *
text_of(const Condition *node, const ConditionValues *values)
{
    const char *value =
        node->kind == NODE_TEXT ? node->text : values->get(node->text, values->data);

    return value == NULL ? "" : value;
}

static ConditionResult
truth(bool value)
{
    return value ? CONDITION_TRUE : CONDITION_FALSE;
}

static ConditionResult
invert(ConditionResult result)
{
    return result == CONDITION_UNKNOWN ? result : truth(result == CONDITION_FALSE);
}

static bool
list_has(const GPtrArray *list, const char *text)
{
    for (guint i = 0; i + 1 < list->len; i++) {
        if (strcmp(g_ptr_array_index(list, i), text) == 0)
            return true;
    }
    return false;
}

static ConditionResult
eval_changed(const Condition *node, const ConditionValues *values)
{
    if (values->changed == NULL)
        return CONDITION_UNKNOWN;
    for (size_t i = 0; values->changed[i] != NULL; i++) {
        if (condition_fits(values->changed[i], (const char *const *)node->list->pdata))
            return CONDITION_TRUE;
    }
    return CONDITION_FALSE;
}

static ConditionResult eval(const Condition *node, const ConditionValues *values);

/* ALL ends at the first FALSE, ANY at the first TRUE; else an UNKNOWN among them decides. */
static ConditionResult
eval_many(const Condition *node, const ConditionValues *values, ConditionResult end)
{
    ConditionResult result = invert(end);

    for (guint i = 0; i < node->children->len; i++) {
        ConditionResult one = eval(condition_child(node, i), values);

        if (one == end)
            return end;
        if (one == CONDITION_UNKNOWN)
            result = CONDITION_UNKNOWN;
    }
    return result;
}

/* Depth is bounded by CONDITION_MAX_DEPTH. */
static ConditionResult
eval(const Condition *node, const ConditionValues *values)
{
    bool same;

    switch (node->kind) {
    case NODE_ALL:
        return eval_many(node, values, CONDITION_FALSE);
    case NODE_ANY:
        return eval_many(node, values, CONDITION_TRUE);
    case NODE_NOT:
        return invert(eval(condition_child(node, 0), values));
    case NODE_SAME:
        same = strcmp(text_of(condition_child(node, 0), values),
                      text_of(condition_child(node, 1), values)) == 0;
        return truth(same != node->negated);
    case NODE_FITS:
        same = condition_fits(text_of(condition_child(node, 0), values),
                              (const char *const *)node->list->pdata);
        return truth(same != node->negated);
    case NODE_IN:
        return truth(list_has(node->list, text_of(condition_child(node, 0), values)));
    case NODE_CHANGED:
        return eval_changed(node, values);
    case NODE_TRUE:
        return CONDITION_TRUE;
    case NODE_FALSE:
        return CONDITION_FALSE;
    case NODE_NONE:
    case NODE_NAME:
    case NODE_TEXT:
        break;
    }
    g_assert_not_reached();
}

static void show(const Condition *node, bool inner, GString *out);

static void
show_list(const GPtrArray *list, GString *out)
{
    for (guint i = 0; i + 1 < list->len; i++) {
        const char *text = g_ptr_array_index(list, i);
        char quote = strchr(text, '"') == NULL ? '"' : '\'';

        g_string_append_printf(out, "%s%c%s%c", i == 0 ? "" : ", ", quote, text, quote);
    }
}

static void
show_many(const Condition *node, bool inner, const char *joint, GString *out)
{
    g_string_append(out, inner ? "(" : "");
    for (guint i = 0; i < node->children->len; i++) {
        g_string_append(out, i == 0 ? "" : joint);
        show(condition_child(node, i), true, out);
    }
    g_string_append(out, inner ? ")" : "");
}

static void
show_test(const Condition *node, const char *operator, GString * out)
{
    show(condition_child(node, 0), true, out);
    g_string_append(out, operator);
    g_string_append_c(out, '[');
    show_list(node->list, out);
    g_string_append_c(out, ']');
}

/* @inner: inside something that needs parentheses around && and ||. */
static void
show(const Condition *node, bool inner, GString *out)
{
    switch (node->kind) {
    case NODE_ALL:
        show_many(node, inner, " && ", out);
        break;
    case NODE_ANY:
        show_many(node, inner, " || ", out);
        break;
    case NODE_NOT:
        g_string_append(out, "!(");
        show(condition_child(node, 0), false, out);
        g_string_append_c(out, ')');
        break;
    case NODE_SAME:
        show(condition_child(node, 0), true, out);
        g_string_append(out, node->negated ? " != " : " == ");
        show(condition_child(node, 1), true, out);
        break;
    case NODE_FITS:
        show_test(node, node->negated ? " !~ " : " =~ ", out);
        break;
    case NODE_IN:
        show_test(node, " in ", out);
        break;
    case NODE_CHANGED:
        g_string_append(out, "changed(");
        show_list(node->list, out);
        g_string_append_c(out, ')');
        break;
    case NODE_TEXT:
        g_string_append_printf(out, strchr(node->text, '"') == NULL ? "\"%s\"" : "'%s'",
                               node->text);
        break;
    case NODE_NAME:
        g_string_append(out, node->text);
        break;
    case NODE_TRUE:
    case NODE_FALSE:
        g_string_append(out, node->kind == NODE_TRUE ? "true" : "false");
        break;
    case NODE_NONE:
        break;
    }
}

char *
condition_to_text(const Condition *condition)
{
    GString *out = g_string_new(NULL);

    show(condition, false, out);
    return g_string_free(out, FALSE);
}

/* "event is 'push'", "there is no tag", or "'text'". */
static void
explain_value(const Condition *node, const ConditionValues *values, GString *out)
{
    const char *value = text_of(node, values);

    if (node->kind == NODE_TEXT)
        g_string_append_printf(out, "'%s' is given", value);
    else if (value[0] == '\0')
        g_string_append_printf(out, "there is no %s", node->text);
    else
        g_string_append_printf(out, "%s is '%s'", node->text, value);
}

/* Why a test over one value came out false. */
static void
explain_test(const Condition *node, const ConditionValues *values, GString *out)
{
    explain_value(condition_child(node, 0), values, out);
    if (text_of(condition_child(node, 0), values)[0] == '\0' || node->negated)
        return;
    g_string_append(out, node->kind == NODE_IN ? ", not " : ", which does not fit ");
    if (node->list->len > 2)
        g_string_append(out, node->kind == NODE_IN ? "one of " : "");
    show_list(node->list, out);
}

static void
explain(const Condition *node, const ConditionValues *values, GString *out)
{
    switch (node->kind) {
    case NODE_ALL:
        for (guint i = 0; i < node->children->len; i++) {
            if (eval(condition_child(node, i), values) == CONDITION_FALSE) {
                explain(condition_child(node, i), values, out);
                return;
            }
        }
        return;
    case NODE_ANY:
        for (guint i = 0; i < node->children->len; i++) {
            g_string_append(out, i == 0 ? "" : ", and ");
            explain(condition_child(node, i), values, out);
        }
        return;
    case NODE_SAME:
        explain_value(condition_child(node, 0), values, out);
        if (!node->negated) {
            g_string_append(out, ", not ");
            show(condition_child(node, 1), true, out);
        }
        return;
    case NODE_FITS:
    case NODE_IN:
        explain_test(node, values, out);
        return;
    case NODE_CHANGED:
        g_string_append(out, "no changed file fits ");
        show_list(node->list, out);
        return;
    default:
        g_string_append(out, "it says ");
        show(node, false, out);
        return;
    }
}

ConditionResult
condition_eval(const Condition *condition, const ConditionValues *values, char **why_out)
{
    ConditionResult result = eval(condition, values);

    if (result == CONDITION_FALSE && why_out != NULL) {
        GString *why = g_string_new(NULL);

        explain(condition, values, why);
        *why_out = g_string_free(why, FALSE);
    }
    return result;
}
