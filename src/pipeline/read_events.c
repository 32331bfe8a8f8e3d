/* SPDX-License-Identifier: Apache-2.0
 * read_events: what starts a run and what it is given: inputs, "on", schedules, and the labels a
 * job's machine must have. */
#include <string.h>
#include "base/limits.h"
#include "pipeline/reader_priv.h"
#include "base/banned.h"

#define LABEL_BYTES 256

/* ---- inputs */

static void
take_input_type(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    const char *names[] = { "", pipeline_input_type_name(PIPELINE_INPUT_STRING),
                            pipeline_input_type_name(PIPELINE_INPUT_INT),
                            pipeline_input_type_name(PIPELINE_INPUT_BOOL),
                            pipeline_input_type_name(PIPELINE_INPUT_CHOICE) };
    int choice = 0;

    (void)where;
    if (read_choice(reader, value, "'type'", names, G_N_ELEMENTS(names), &choice))
        ((PipelineInput *)object)->type = (PipelineInputType)choice;
}

static void
take_input_description(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    const char *text = NULL;

    (void)where;
    if (read_text(reader, value, "'description'", &text))
        ((PipelineInput *)object)->description = reader_dup(reader, text);
}

static void
take_input_default(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    const char *text = NULL;

    (void)where;
    if (read_text(reader, value, "'default'", &text))
        ((PipelineInput *)object)->fallback = reader_dup(reader, text);
}

static void
take_input_choices(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    const char *const *choices = read_list(reader, value, "'choices'", read_text, 0);

    (void)where;
    if (choices != NULL)
        ((PipelineInput *)object)->choices = choices;
}

/* The type where only choices are given, and what does not go together. */
static void
settle_input(Reader *reader, const YamlNode *key, const YamlNode *node, const char *where,
             PipelineInput *input)
{
    const YamlNode *choices = yaml_node_find(node, "choices");

    if (input->type == PIPELINE_INPUT_NONE)
        input->type = choices != NULL ? PIPELINE_INPUT_CHOICE : PIPELINE_INPUT_STRING;
    if (input->type == PIPELINE_INPUT_CHOICE && choices == NULL) {
        reader_fail(reader, key, "%s of type 'choice' needs 'choices'", where);
        return;
    }
    if (input->type != PIPELINE_INPUT_CHOICE && choices != NULL) {
        reader_fail(reader, choices, "%s of type '%s' has no choices", where,
                    pipeline_input_type_name(input->type));
        return;
    }
    if (input->fallback == NULL || (choices != NULL && input->choices[0] == NULL) ||
        pipeline_input_accepts(input, input->fallback))
        return;
    if (input->type == PIPELINE_INPUT_CHOICE)
        reader_fail(reader, yaml_node_find(node, "default"),
                    "the default '%s' of %s is not among its choices", input->fallback, where);
    else
        reader_fail(reader, yaml_node_find(node, "default"), "the default '%s' of %s is no %s",
                    input->fallback, where, pipeline_input_type_name(input->type));
}

void
read_inputs(Reader *reader, const YamlNode *node)
{
    static const ReaderField fields[] = {
        { "type", false, take_input_type },
        { "description", false, take_input_description },
        { "default", false, take_input_default },
        { "choices", false, take_input_choices },
    };

    if (!read_named_map(reader, node, "'inputs'", PIPELINE_MAX_NAMED))
        return;
    size_t n = yaml_node_length(node);
    PipelineInput *inputs = reader_alloc(reader, n, sizeof *inputs);

    for (size_t i = 0; i < n; i++) {
        const YamlNode *key = yaml_node_key_at(node, i);
        g_autofree char *where = g_strdup_printf("input '%s'", yaml_node_text(key));

        (void)read_lower_name(reader, key, "an input's name");
        inputs[i].name = reader_dup(reader, yaml_node_text(key));
        inputs[i].choices = reader_alloc(reader, 1, sizeof(char *));
        (void)read_fields(reader, yaml_node_at(node, i), key, where, fields, G_N_ELEMENTS(fields),
                          &inputs[i]);
        if (yaml_node_kind(yaml_node_at(node, i)) == YAML_MAP)
            settle_input(reader, key, yaml_node_at(node, i), where, &inputs[i]);
    }
    reader->whole->pipeline.inputs = inputs;
    reader->whole->pipeline.n_inputs = n;
}

/* ---- on */

static void
take_globs(Reader *reader, const YamlNode *value, const char *what, const char *const **out)
{
    const char *const *globs =
        read_list(reader, value, what, read_condition_glob, READ_LIST_OR_TEXT);

    if (globs != NULL)
        *out = globs;
}

static void
take_on_branches(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    (void)where;
    take_globs(reader, value, "'branches'", &((PipelineOn *)object)->branches);
}

static void
take_on_tags(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    (void)where;
    take_globs(reader, value, "'tags'", &((PipelineOn *)object)->tags);
}

static void
take_on_paths(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    (void)where;
    take_globs(reader, value, "'paths'", &((PipelineOn *)object)->paths);
}

static void
take_on_skip(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    bool skip = true;

    (void)where;
    if (read_bool(reader, value, "'skip'", &skip))
        ((PipelineOn *)object)->ignore_skip_marks = !skip;
}

static bool
read_release_event(Reader *reader, const YamlNode *node, const char *what, const char **out)
{
    static const char *const names[] = { "", "published", "revoked" };
    int choice = 0;

    if (!read_choice(reader, node, what, (const char **)names, G_N_ELEMENTS(names), &choice))
        return false;
    *out = names[choice];
    return true;
}

static void
take_release_events(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    PipelineOn *on = object;
    const char *const *events =
        read_list(reader, value, "'events'", read_release_event, READ_LIST_OR_TEXT);

    (void)where;
    for (size_t i = 0; events != NULL && events[i] != NULL; i++)
        on->releases |= strcmp(events[i], "published") == 0 ? PIPELINE_RELEASES_PUBLISHED
                                                            : PIPELINE_RELEASES_REVOKED;
}

static void
take_release_projects(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    (void)where;
    take_globs(reader, value, "'projects'", &((PipelineOn *)object)->release_projects);
}

/* A list of events of its own releases, or a map that names other projects. */
static void
take_on_release(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    static const ReaderField fields[] = {
        { "events", true, take_release_events },
        { "projects", false, take_release_projects },
    };

    (void)where;
    if (yaml_node_kind(value) == YAML_MAP)
        (void)read_fields(reader, value, value, "'release'", fields, G_N_ELEMENTS(fields), object);
    else
        take_release_events(reader, value, "'release'", object);
}

void
read_on(Reader *reader, const YamlNode *node)
{
    static const ReaderField fields[] = {
        { "branches", false, take_on_branches }, { "tags", false, take_on_tags },
        { "paths", false, take_on_paths },       { "skip", false, take_on_skip },
        { "release", false, take_on_release },
    };

    if (yaml_node_kind(node) != YAML_MAP) {
        reader_fail(
            reader, node,
            "'on' holds filters: branches, tags, paths, skip, release; for which events a job "
            "runs stands in its 'when'");
        return;
    }
    if (read_named_map(reader, node, "'on'", G_N_ELEMENTS(fields)))
        (void)read_fields(reader, node, node, "'on'", fields, G_N_ELEMENTS(fields),
                          &reader->whole->pipeline.on);
}

/* ---- previews */

static void
take_preview_assets(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    (void)where;
    take_globs(reader, value, "'assets'", &((Pipeline *)object)->preview_assets);
}

static void
take_preview_keep(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    int64_t keep_ms = 0;

    (void)where;
    if (read_duration(reader, value, "'keep'", &keep_ms))
        ((Pipeline *)object)->preview_keep_ms = keep_ms;
}

void
read_previews(Reader *reader, const YamlNode *node)
{
    static const ReaderField fields[] = {
        { "assets", true, take_preview_assets },
        { "keep", false, take_preview_keep },
    };

    (void)read_fields(reader, node, node, "'previews'", fields, G_N_ELEMENTS(fields),
                      &reader->whole->pipeline);
}

/* ---- schedules */

static void
take_cron(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    PipelineSchedule *schedule = object;
    const char *text = NULL;
    g_autoptr(GError) local = NULL;

    (void)where;
    if (!read_text(reader, value, "'cron'", &text))
        return;
    if (!cron_parse(text, &schedule->when, &local))
        reader_fail(reader, value, "'cron': %s", local->message);
    else
        schedule->cron = reader_dup(reader, text);
}

static void
take_reason(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    const char *text = NULL;

    (void)where;
    if (!read_text(reader, value, "'reason'", &text))
        return;
    if (text[0] == '\0' || strlen(text) > LABEL_BYTES || strchr(text, '\n') != NULL)
        reader_fail(reader, value, "'reason' must be one line of 1 to %d bytes", LABEL_BYTES);
    else
        ((PipelineSchedule *)object)->reason = reader_dup(reader, text);
}

static void
take_branch(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    const char *text = NULL;

    (void)where;
    if (read_path(reader, value, "'branch'", &text))
        ((PipelineSchedule *)object)->branch = reader_dup(reader, text);
}

static const PipelineInput *
find_input(const Pipeline *pipeline, const char *name)
{
    for (size_t i = 0; i < pipeline->n_inputs; i++) {
        if (strcmp(pipeline->inputs[i].name, name) == 0)
            return &pipeline->inputs[i];
    }
    return NULL;
}

static void
take_schedule_inputs(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    PipelineSchedule *schedule = object;

    (void)where;
    if (!read_named_map(reader, value, "'inputs'", PIPELINE_MAX_NAMED))
        return;
    size_t n = yaml_node_length(value);
    PipelinePair *pairs = reader_alloc(reader, n, sizeof *pairs);

    for (size_t i = 0; i < n; i++) {
        const YamlNode *key = yaml_node_key_at(value, i);
        const PipelineInput *input = find_input(&reader->whole->pipeline, yaml_node_text(key));
        const char *text = NULL;

        pairs[i].name = reader_dup(reader, yaml_node_text(key));
        pairs[i].value = "";
        if (input == NULL)
            reader_fail(reader, key, "there is no input '%s'", yaml_node_text(key));
        else if (read_text(reader, yaml_node_at(value, i), "an input", &text)) {
            pairs[i].value = reader_dup(reader, text);
            if (input->type != PIPELINE_INPUT_NONE && !pipeline_input_accepts(input, text))
                reader_fail(reader, yaml_node_at(value, i), "input '%s' cannot be '%s'",
                            input->name, text);
        }
    }
    schedule->inputs = pairs;
    schedule->n_inputs = n;
}

/* Nobody is there to be asked when a schedule comes due. */
static void
check_given(Reader *reader, const YamlNode *node, const char *where,
            const PipelineSchedule *schedule)
{
    const Pipeline *pipeline = &reader->whole->pipeline;

    for (size_t i = 0; i < pipeline->n_inputs; i++) {
        const PipelineInput *input = &pipeline->inputs[i];
        bool given = input->fallback != NULL;

        for (size_t k = 0; k < schedule->n_inputs && !given; k++)
            given = strcmp(schedule->inputs[k].name, input->name) == 0;
        if (!given)
            reader_fail(reader, node, "%s must give input '%s', which has no default", where,
                        input->name);
    }
}

void
read_schedules(Reader *reader, const YamlNode *node)
{
    static const ReaderField fields[] = {
        { "cron", true, take_cron },
        { "reason", false, take_reason },
        { "branch", false, take_branch },
        { "inputs", false, take_schedule_inputs },
    };

    if (yaml_node_kind(node) != YAML_LIST || yaml_node_length(node) == 0 ||
        yaml_node_length(node) > PIPELINE_MAX_SCHEDULES) {
        reader_fail(reader, node, "'schedules' must be a list of 1 to %d items",
                    PIPELINE_MAX_SCHEDULES);
        return;
    }
    size_t n = yaml_node_length(node);
    PipelineSchedule *schedules = reader_alloc(reader, n, sizeof *schedules);

    for (size_t i = 0; i < n; i++) {
        const YamlNode *item = yaml_node_at(node, i);
        g_autofree char *where = g_strdup_printf("schedule %zu", i + 1);

        schedules[i].reason = "schedule";
        if (read_fields(reader, item, item, where, fields, G_N_ELEMENTS(fields), &schedules[i]))
            check_given(reader, item, where, &schedules[i]);
    }
    reader->whole->pipeline.schedules = schedules;
    reader->whole->pipeline.n_schedules = n;
}

/* ---- labels */

static void
take_label_file(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    const char *path = NULL;

    (void)where;
    if (read_path(reader, value, "'file'", &path))
        ((PipelineLabel *)object)->file = reader_dup(reader, path);
}

static void
read_label(Reader *reader, const YamlNode *node, PipelineLabel *label)
{
    static const ReaderField fields[] = { { "file", true, take_label_file } };
    g_autofree char *where = g_strdup_printf("label '%s'", label->name);
    const char *text = NULL;

    if (yaml_node_kind(node) == YAML_MAP) {
        (void)read_fields(reader, node, node, where, fields, G_N_ELEMENTS(fields), label);
        return;
    }
    if (!read_text(reader, node, where, &text))
        return;
    if (text[0] == '\0' || strlen(text) > LABEL_BYTES || strchr(text, '\n') != NULL)
        reader_fail(reader, node, "%s must be one line of 1 to %d bytes", where, LABEL_BYTES);
    else
        label->value = reader_dup(reader, text);
}

void
read_labels(Reader *reader, const YamlNode *node, const char *where, PipelineJob *job)
{
    g_autofree char *what = g_strdup_printf("'labels' of %s", where);

    if (!read_named_map(reader, node, what, PIPELINE_MAX_LABELS))
        return;
    size_t n = yaml_node_length(node);
    PipelineLabel *labels = reader_alloc(reader, n, sizeof *labels);

    for (size_t i = 0; i < n; i++) {
        const char *name = NULL;

        (void)read_name(reader, yaml_node_key_at(node, i), "a label's name", &name);
        labels[i].name = reader_dup(reader, yaml_node_text(yaml_node_key_at(node, i)));
        read_label(reader, yaml_node_at(node, i), &labels[i]);
    }
    job->labels = labels;
    job->n_labels = n;
}
