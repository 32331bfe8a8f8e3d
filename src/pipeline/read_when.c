/* SPDX-License-Identifier: Apache-2.0
 * read_when: both forms of "when": a map of lists that must all fit, and an expression. */
#include <string.h>
#include "pipeline/condition.h"
#include "pipeline/plan.h"
#include "pipeline/reader_priv.h"
#include "pipeline/scope_priv.h"
#include "sys/suggest.h"
#include "base/banned.h"

bool
read_condition_glob(Reader *reader, const YamlNode *node, const char *what, const char **out)
{
    g_autoptr(GError) local = NULL;

    if (!read_text(reader, node, what, out))
        return false;
    if (condition_check_glob(*out, &local))
        return true;
    reader_fail(reader, node, "%s: %s", what, local->message);
    return false;
}

static bool
read_event(Reader *reader, const YamlNode *node, const char *what, const char **out)
{
    const char *names[PLAN_N_EVENTS];
    int choice = 0;

    for (int i = 0; i < PLAN_N_EVENTS; i++)
        names[i] = plan_event_name((PlanEventKind)i);
    if (!read_choice(reader, node, what, names, G_N_ELEMENTS(names), &choice))
        return false;
    *out = names[choice];
    return true;
}

static void
take_event(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    Condition **when = object;
    const char *const *events = read_list(reader, value, "'event'", read_event, READ_LIST_OR_TEXT);

    (void)where;
    if (events != NULL)
        *when = condition_and(*when, condition_new_in("event", events));
}

static void
take_globs(Reader *reader, const YamlNode *value, const char *name, Condition **when)
{
    g_autofree char *what = g_strdup_printf("'%s'", name);
    const char *const *globs =
        read_list(reader, value, what, read_condition_glob, READ_LIST_OR_TEXT);

    if (globs != NULL)
        *when = condition_and(*when, condition_new_match(name, globs));
}

static void
take_branch(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    (void)where;
    take_globs(reader, value, "branch", object);
}

static void
take_tag(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    (void)where;
    take_globs(reader, value, "tag", object);
}

static void
take_paths(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    Condition **when = object;
    const char *const *globs =
        read_list(reader, value, "'paths'", read_condition_glob, READ_LIST_OR_TEXT);

    (void)where;
    if (globs != NULL)
        *when = condition_and(*when, condition_new_changed(globs));
}

static Condition *
read_map(Reader *reader, const YamlNode *node, const char *where)
{
    static const ReaderField fields[] = {
        { "event", false, take_event },
        { "branch", false, take_branch },
        { "tag", false, take_tag },
        { "paths", false, take_paths },
    };
    Condition *when = NULL;

    if (yaml_node_length(node) == 0)
        reader_fail(reader, node, "%s must have 1 to %zu members, not 0", where,
                    G_N_ELEMENTS(fields));
    (void)read_fields(reader, node, node, where, fields, G_N_ELEMENTS(fields), &when);
    return when;
}

typedef struct {
    const Reader *reader;
    const PipelineJob *job;
} NameScope;

static bool
has_name(const char *name, void *data)
{
    const NameScope *scope = data;

    return scope_has(&scope->reader->whole->pipeline, scope->job, name);
}

static const char *
nearest(const char *name, void *data)
{
    const NameScope *scope = data;
    g_autoptr(GPtrArray) names = scope_names(&scope->reader->whole->pipeline, scope->job);

    /* The list owns its strings: hand out one that outlives it. */
    const char *near = suggest_nearest(name, (const char *const *)names->pdata, names->len);

    return near == NULL ? NULL : reader_dup((Reader *)scope->reader, near);
}

static Condition *
read_expression(Reader *reader, const YamlNode *node, const char *where, const PipelineJob *job)
{
    NameScope data = { .reader = reader, .job = job };
    ConditionScope scope = { .has_name = has_name, .nearest = nearest, .data = &data };
    const char *text = NULL;
    size_t offset = 0;
    g_autoptr(GError) local = NULL;

    if (!read_text(reader, node, where, &text))
        return NULL;
    Condition *when = condition_parse(text, &scope, &offset, &local);

    if (when == NULL)
        reader_fail_inside(reader, node, offset, "%s: %s", where, local->message);
    return when;
}

void
read_when(Reader *reader, const YamlNode *node, PipelineJob *job)
{
    g_autofree char *where = g_strdup_printf("'when' of job '%s'", job->name);
    Condition *when = NULL;

    if (yaml_node_kind(node) == YAML_LIST)
        reader_fail(reader, node, "%s must be a map or an expression, not a list", where);
    else if (yaml_node_kind(node) == YAML_MAP)
        when = read_map(reader, node, where);
    else
        when = read_expression(reader, node, where, job);
    if (when != NULL)
        g_ptr_array_add(reader->whole->whens, when);
    job->when = when;
}
