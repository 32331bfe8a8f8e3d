/* SPDX-License-Identifier: Apache-2.0
 * read: slipway.yaml as a whole, with everything in it but the jobs.
 *
 * 1. Every part is read even when another one is broken, so that all errors are told at once.
 * 2. What a later part refers to is read before it, wherever it stands in the file. */
#include <string.h>
#include "pipeline/condition.h"
#include "pipeline/pipeline.h"
#include "pipeline/reader_priv.h"
#include "sys/suggest.h"
#include "base/banned.h"

#define FORMAT_VERSION 1

static void
take_stream_tag(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/+@-";
    PipelineStream *stream = object;
    const char *text = NULL;

    if (!read_text(reader, value, "'tag'", &text))
        return;
    const char *hole = strstr(text, "{version}");

    if (hole == NULL || strstr(hole + 1, "{version}") != NULL) {
        reader_fail(reader, value, "'tag' of %s must hold '{version}' once", where);
        return;
    }
    const char *after = hole + strlen("{version}");
    size_t before_ok = strspn(text, allowed);

    if (before_ok != (size_t)(hole - text) || after[strspn(after, allowed)] != '\0' ||
        text[0] == '-' || text[0] == '/' || strstr(text, "..") != NULL ||
        strstr(text, "//") != NULL) {
        reader_fail(reader, value,
                    "'tag' '%s' of %s does not make a tag name: letters, digits and '._/+@-' "
                    "around '{version}'",
                    text, where);
        return;
    }
    stream->tag = reader_dup(reader, text);
}

static void
take_stream_scheme(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    const char *names[] = { "", pipeline_scheme_name(PIPELINE_SCHEME_SEMVER),
                            pipeline_scheme_name(PIPELINE_SCHEME_CALVER),
                            pipeline_scheme_name(PIPELINE_SCHEME_TIMESTAMP) };
    int choice = 0;

    (void)where;
    if (read_choice(reader, value, "'scheme'", names, G_N_ELEMENTS(names), &choice))
        ((PipelineStream *)object)->scheme = (PipelineScheme)choice;
}

static void
take_stream_assets(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    (void)where;
    ((PipelineStream *)object)->assets = read_list(reader, value, "'assets'", read_glob, 0);
}

static bool
read_requirement(Reader *reader, const YamlNode *node, const char *what, const char **out)
{
    const char *names[] = { "",
                            pipeline_require_name(PIPELINE_REQUIRE_PROVENANCE),
                            pipeline_require_name(PIPELINE_REQUIRE_TEST_RESULT),
                            pipeline_require_name(PIPELINE_REQUIRE_VULNS),
                            pipeline_require_name(PIPELINE_REQUIRE_SPDX),
                            pipeline_require_name(PIPELINE_REQUIRE_CYCLONEDX) };
    int choice = 0;

    if (!read_choice(reader, node, what, names, G_N_ELEMENTS(names), &choice))
        return false;
    *out = names[choice];
    return true;
}

static void
take_stream_require(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    PipelineStream *stream = object;
    const char *const *names =
        read_list(reader, value, "'require'", read_requirement, READ_LIST_MAY_BE_EMPTY);

    (void)where;
    stream->require = 0;
    for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
        for (unsigned bit = PIPELINE_REQUIRE_PROVENANCE; bit <= PIPELINE_REQUIRE_CYCLONEDX;
             bit <<= 1) {
            if (strcmp(names[i], pipeline_require_name((PipelineRequire)bit)) == 0)
                stream->require |= bit;
        }
    }
}

static bool
read_signature(Reader *reader, const YamlNode *node, const char *what, const char **out)
{
    const char *names[] = { "", pipeline_sign_name(PIPELINE_SIGN_OPENPGP),
                            pipeline_sign_name(PIPELINE_SIGN_CHECKSUM),
                            pipeline_sign_name(PIPELINE_SIGN_SSHSIG),
                            pipeline_sign_name(PIPELINE_SIGN_MINISIGN) };
    int choice = 0;

    if (!read_choice(reader, node, what, names, G_N_ELEMENTS(names), &choice))
        return false;
    *out = names[choice];
    return true;
}

static void
take_stream_signatures(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    PipelineStream *stream = object;
    const char *const *names =
        read_list(reader, value, "'signatures'", read_signature, READ_LIST_MAY_BE_EMPTY);

    (void)where;
    for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
        for (unsigned bit = PIPELINE_SIGN_OPENPGP; bit <= PIPELINE_SIGN_MINISIGN; bit <<= 1) {
            if (strcmp(names[i], pipeline_sign_name((PipelineSign)bit)) == 0)
                stream->signatures |= bit;
        }
    }
}

static void
take_stream_approvals(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    int64_t approvals = 0;

    (void)where;
    if (read_integer(reader, value, "'approvals'", 0, PIPELINE_MAX_APPROVALS, &approvals))
        ((PipelineStream *)object)->approvals = (unsigned)approvals;
}

static void
take_stream_notes(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    const char *path = NULL;

    (void)where;
    if (read_path(reader, value, "'notes'", &path))
        ((PipelineStream *)object)->notes = reader_dup(reader, path);
}

static bool
read_target_name(Reader *reader, const YamlNode *node, const char *what, const char **out)
{
    const Pipeline *pipeline = &reader->whole->pipeline;

    if (!read_text(reader, node, what, out))
        return false;
    if (pipeline_find_target(pipeline, *out) != NULL)
        return true;
    g_autofree const char **names = g_new0(const char *, pipeline->n_targets + 1);

    for (size_t i = 0; i < pipeline->n_targets; i++)
        names[i] = pipeline->targets[i].name;
    g_autofree char *suggestion = reader_suggestion(*out, names, pipeline->n_targets);

    reader_fail(reader, node, "there is no target '%s'%s", *out, suggestion);
    return false;
}

static void
take_stream_targets(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    (void)where;
    ((PipelineStream *)object)->targets =
        read_list(reader, value, "'targets'", read_target_name, READ_LIST_MAY_BE_EMPTY);
}

/* Without 'targets' a stream goes to all of them. */
static const char *const *
all_targets(Reader *reader)
{
    const Pipeline *pipeline = &reader->whole->pipeline;
    const char **names = reader_alloc(reader, pipeline->n_targets + 1, sizeof *names);

    for (size_t i = 0; i < pipeline->n_targets; i++)
        names[i] = pipeline->targets[i].name;
    return names;
}

static void
refuse_same_tags(Reader *reader, const YamlNode *node, const PipelineStream *streams, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (streams[i].tag == NULL || streams[k].tag == NULL ||
                strcmp(streams[i].tag, streams[k].tag) != 0)
                continue;
            reader_fail(reader, yaml_node_key_at(node, i),
                        "streams '%s' and '%s' have the same tag '%s'", streams[k].name,
                        streams[i].name, streams[i].tag);
            break;
        }
    }
}

void
read_streams(Reader *reader, const YamlNode *node)
{
    static const ReaderField fields[] = {
        { "tag", true, take_stream_tag },
        { "scheme", false, take_stream_scheme },
        { "assets", true, take_stream_assets },
        { "require", false, take_stream_require },
        { "signatures", false, take_stream_signatures },
        { "approvals", false, take_stream_approvals },
        { "notes", false, take_stream_notes },
        { "targets", false, take_stream_targets },
    };

    if (!read_named_map(reader, node, "'streams'", PIPELINE_MAX_NAMED))
        return;
    size_t n = yaml_node_length(node);
    PipelineStream *streams = reader_alloc(reader, n, sizeof *streams);
    const char *const *everywhere = all_targets(reader);

    for (size_t i = 0; i < n; i++) {
        const YamlNode *key = yaml_node_key_at(node, i);
        const char *name = NULL;
        g_autofree char *where = g_strdup_printf("stream '%s'", yaml_node_text(key));

        streams[i].scheme = PIPELINE_SCHEME_SEMVER;
        streams[i].require = PIPELINE_REQUIRE_PROVENANCE;
        streams[i].targets = everywhere;
        (void)read_name(reader, key, "a stream's name", &name);
        streams[i].name = reader_dup(reader, yaml_node_text(key));
        (void)read_fields(reader, yaml_node_at(node, i), key, where, fields, G_N_ELEMENTS(fields),
                          &streams[i]);
    }
    reader->whole->pipeline.streams = streams;
    reader->whole->pipeline.n_streams = n;
    refuse_same_tags(reader, node, streams, n);
}

static void
take_target_type(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    const char *names[] = { "", pipeline_target_type_name(PIPELINE_TARGET_DIRECTORY) };
    int choice = 0;

    (void)where;
    if (read_choice(reader, value, "'type'", names, G_N_ELEMENTS(names), &choice))
        ((PipelineTarget *)object)->type = (PipelineTargetType)choice;
}

void
read_targets(Reader *reader, const YamlNode *node)
{
    static const ReaderField fields[] = { { "type", true, take_target_type } };

    if (!read_named_map(reader, node, "'targets'", PIPELINE_MAX_NAMED))
        return;
    size_t n = yaml_node_length(node);
    PipelineTarget *targets = reader_alloc(reader, n, sizeof *targets);

    for (size_t i = 0; i < n; i++) {
        const YamlNode *key = yaml_node_key_at(node, i);
        const char *name = NULL;
        g_autofree char *where = g_strdup_printf("target '%s'", yaml_node_text(key));

        (void)read_name(reader, key, "a target's name", &name);
        targets[i].name = reader_dup(reader, yaml_node_text(key));
        (void)read_fields(reader, yaml_node_at(node, i), key, where, fields, G_N_ELEMENTS(fields),
                          &targets[i]);
    }
    reader->whole->pipeline.targets = targets;
    reader->whole->pipeline.n_targets = n;
}

static void
take_project(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    const char *name = NULL;

    (void)where;
    (void)object;
    if (read_name(reader, value, "'project'", &name))
        reader->whole->pipeline.project = reader_dup(reader, name);
}

/* The version decides how everything else is read, so it stands first and alone can stop the
 * reading. */
static bool
check_version(Reader *reader, const YamlNode *root)
{
    const YamlNode *value = yaml_node_find(root, "slipway");
    int64_t version = 0;

    if (value == NULL) {
        diagnostics_add(reader->diagnostics, (TextPosition){ 1, 1 },
                        "the first line must be 'slipway: %d'", FORMAT_VERSION);
        return true;
    }
    if (!yaml_node_int(value, &version) || version != FORMAT_VERSION) {
        reader_fail(reader, value, "this program reads version %d of the format, not '%s'",
                    FORMAT_VERSION,
                    yaml_node_kind(value) == YAML_SCALAR ? yaml_node_text(value)
                                                         : yaml_node_kind_name(value));
        return false;
    }
    if (strcmp(yaml_node_text(yaml_node_key_at(root, 0)), "slipway") != 0)
        reader_fail(reader, yaml_node_key_at(root, 0), "the first key must be 'slipway'");
    return true;
}

static void
read_parts(Reader *reader, const YamlNode *root)
{
    static const ReaderField fields[] = {
        { "slipway", false, NULL }, /* check_version */
        { "project", true, take_project }, { "on", false, NULL },      { "schedules", false, NULL },
        { "inputs", false, NULL },         { "streams", false, NULL }, { "targets", false, NULL },
        { "previews", false, NULL },       { "jobs", true, NULL },
    };
    static const struct {
        const char *key;
        void (*read)(Reader *reader, const YamlNode *node);
    } parts[] = {
        { "targets", read_targets }, { "streams", read_streams },     { "inputs", read_inputs },
        { "on", read_on },           { "schedules", read_schedules }, { "previews", read_previews },
        { "jobs", read_jobs }
    };

    (void)read_fields(reader, root, root, "the file", fields, G_N_ELEMENTS(fields), NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        const YamlNode *node = yaml_node_find(root, parts[i].key);

        if (node != NULL)
            parts[i].read(reader, node);
    }
    read_graph(reader);
    read_references(reader);
}

static PipelineWhole *
whole_new(Span text)
{
    static const char *const none[] = { NULL };
    PipelineWhole *whole = g_new0(PipelineWhole, 1);

    whole->owned = g_ptr_array_new_with_free_func(g_free);
    whole->whens = g_ptr_array_new_with_free_func((GDestroyNotify)condition_free);
    whole->pipeline.digest = digest_of(text);
    whole->pipeline.on =
        (PipelineOn){ .branches = none, .tags = none, .paths = none, .release_projects = none };
    whole->pipeline.preview_assets = none;
    whole->pipeline.preview_keep_ms = PIPELINE_DEFAULT_PREVIEW_MS;
    return whole;
}

void
pipeline_free(Pipeline *pipeline)
{
    PipelineWhole *whole = (PipelineWhole *)pipeline;

    if (whole == NULL)
        return;
    g_ptr_array_unref(whole->owned);
    g_ptr_array_unref(whole->whens);
    g_free(whole);
}

Pipeline *
pipeline_parse(Span text, Diagnostics *diagnostics)
{
    g_autoptr(YamlDocument) document = yaml_parse(text, diagnostics);

    if (document == NULL)
        return NULL;
    const YamlNode *root = yaml_document_root(document);
    g_autoptr(Pipeline) pipeline = &whole_new(text)->pipeline;
    g_autofree char *copy = g_strndup((const char *)text.data, text.len);
    Reader reader = { .diagnostics = diagnostics,
                      .text = copy,
                      .whole = (PipelineWhole *)pipeline };

    if (yaml_node_kind(root) != YAML_MAP)
        reader_fail(&reader, root, "the file must be a map, not %s", yaml_node_kind_name(root));
    else if (check_version(&reader, root))
        read_parts(&reader, root);
    g_free(reader.jobs);
    return diagnostics_count(diagnostics) == 0 ? g_steal_pointer(&pipeline) : NULL;
}
