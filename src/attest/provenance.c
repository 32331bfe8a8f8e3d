/* SPDX-License-Identifier: Apache-2.0
 * provenance: SLSA provenance v1, buildType job/v1. What the build's tenant could choose is named
 * in internalParameters.tenantSupplied; all else is the engine's own observation. */
#include "attest/provenance.h"
#include "attest/object_name.h"
#include "base/clock.h"
#include "base/banned.h"

#define PIPELINE_PATH "slipway.yaml"

/* JSON pointers into the statement; docs/predicates.md explains each. */
static const char *const tenant_supplied[] = {
    "/subject/name",
    "/predicate/buildDefinition/externalParameters/cell",
    "/predicate/buildDefinition/externalParameters/inputs",
    "/predicate/buildDefinition/externalParameters/job",
    "/predicate/buildDefinition/externalParameters/ref",
};

char *
provenance_builder_id(const char *origin, const char *executor, const char *isolation)
{
    return g_strdup_printf("%s/builder/%s/%s", origin, executor, isolation);
}

static json_t *
digest_or_null(bool has, const Digest *digest)
{
    return has ? json_digest(digest) : json_null();
}

/* A copy, so that the statement shares nothing with the caller; {} for NULL. */
static json_t *
object_copy(const json_t *object)
{
    return object != NULL ? json_deep_copy(object) : json_object();
}

static json_t *
external_parameters(const ProvenanceInput *input)
{
    json_t *object = json_object();
    json_t *pipeline = json_object();

    json_object_set_new(pipeline, "path", json_string(PIPELINE_PATH));
    json_object_set_new(pipeline, "digest", json_digest(&input->pipeline));
    json_object_set_new(object, "event", json_string(input->event));
    json_object_set_new(object, "ref", json_string(input->ref));
    json_object_set_new(object, "repository", json_string(input->repository));
    json_object_set_new(object, "pipeline", pipeline);
    json_object_set_new(object, "job", json_string(input->job));
    json_object_set_new(object, "cell", object_copy(input->cell));
    json_object_set_new(object, "inputs", object_copy(input->inputs));
    return object;
}

static json_t *
internal_parameters(const ProvenanceInput *input)
{
    json_t *object = json_object();
    json_t *engine = json_object();
    json_t *labels = json_array();

    for (size_t i = 0; i < G_N_ELEMENTS(tenant_supplied); i++)
        json_array_append_new(labels, json_string(tenant_supplied[i]));
    json_object_set_new(engine, "digest", json_digest(&input->engine));
    json_object_set_new(engine, "version", json_string(input->engine_version));
    json_object_set_new(object, "engine", engine);
    json_object_set_new(object, "config", json_digest(&input->config));
    json_object_set_new(object, "roster", digest_or_null(input->has_roster, &input->roster));
    json_object_set_new(object, "executor", json_string(input->executor));
    json_object_set_new(object, "isolation", json_string(input->isolation));
    json_object_set_new(object, "network", json_string(input->network));
    json_object_set_new(object, "rootFs", digest_or_null(input->has_root_fs, &input->root_fs));
    json_object_set_new(object, "packages", digest_or_null(input->has_packages, &input->packages));
    json_object_set_new(object, "tenantSupplied", labels);
    return object;
}

/* A ResourceDescriptor named @name with a SHA-256. */
static json_t *
descriptor(const char *name, const Digest *digest)
{
    json_t *object = json_object();
    json_t *set = json_object();
    char hex[DIGEST_HEX_SIZE];

    digest_to_hex(digest, hex);
    json_object_set_new(set, "sha256", json_string(hex));
    json_object_set_new(object, "name", json_string(name));
    json_object_set_new(object, "digest", set);
    return object;
}

static json_t *
dependencies(const ProvenanceInput *input)
{
    json_t *list = json_array();
    json_t *source = json_object();
    json_t *digest = json_object();
    g_autofree char *uri = g_strconcat(input->repository, "@", input->ref, NULL);

    json_object_set_new(digest, "gitCommit", json_string(input->commit));
    json_object_set_new(digest, "gitTree", json_string(input->tree));
    json_object_set_new(source, "uri", json_string(uri));
    json_object_set_new(source, "digest", digest);
    json_array_append_new(list, source);
    json_array_append_new(list, descriptor(PIPELINE_PATH, &input->pipeline));
    if (input->has_root_fs)
        json_array_append_new(list, descriptor("root file system", &input->root_fs));
    if (input->has_packages)
        json_array_append_new(list, descriptor("package list", &input->packages));
    for (size_t i = 0; i < json_array_size(input->dependencies); i++)
        json_array_append_new(list, json_deep_copy(json_array_get(input->dependencies, i)));
    return list;
}

static json_t *
run_details(const ProvenanceInput *input)
{
    g_autofree char *id = provenance_builder_id(input->origin, input->executor, input->isolation);
    g_autofree char *started = clock_format_us(input->started_us);
    g_autofree char *finished = clock_format_us(input->finished_us);
    json_t *object = json_object();
    json_t *builder = json_object();
    json_t *version = json_object();
    json_t *metadata = json_object();

    json_object_set_new(version, "slipway", json_string(input->engine_version));
    json_object_set_new(builder, "id", json_string(id));
    json_object_set_new(builder, "version", version);
    json_object_set_new(metadata, "invocationId", json_string(input->invocation_id));
    json_object_set_new(metadata, "startedOn", json_string(started));
    json_object_set_new(metadata, "finishedOn", json_string(finished));
    json_object_set_new(object, "builder", builder);
    json_object_set_new(object, "metadata", metadata);
    return object;
}

Statement *
provenance_build(const ProvenanceInput *input, GError **error)
{
    json_t *predicate = json_object();
    json_t *definition = json_object();
    ProvenanceView view;

    json_object_set_new(definition, "buildType", json_string(PROVENANCE_BUILD_TYPE));
    json_object_set_new(definition, "externalParameters", external_parameters(input));
    json_object_set_new(definition, "internalParameters", internal_parameters(input));
    json_object_set_new(definition, "resolvedDependencies", dependencies(input));
    json_object_set_new(predicate, "buildDefinition", definition);
    json_object_set_new(predicate, "runDetails", run_details(input));

    /* The reader's rules are the writer's. */
    g_autoptr(Statement) statement = statement_new(PREDICATE_TYPE_PROVENANCE, predicate);
    if (!provenance_read(statement, &view, error)) {
        error_prefix(error, "cannot write provenance");
        return NULL;
    }
    return g_steal_pointer(&statement);
}

static bool
invalid(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s", why);
    return false;
}

static bool
is_hex_id(const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;

    return (len == 40 || len == 64) && strspn(text, "0123456789abcdef") == len;
}

/* A member that must be text with something in it. */
static const char *
need_text(const json_t *object, const char *key, const char *where, GError **error)
{
    const char *text = json_need_string(object, key, where, error);

    if (text != NULL && *text == '\0') {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s.%s is empty", where, key);
        return NULL;
    }
    return text;
}

static bool
read_external(const json_t *object, ProvenanceView *out, GError **error)
{
    static const char *const where = "externalParameters";
    static const char *const members[] = { "event", "ref",  "repository", "pipeline",
                                           "job",   "cell", "inputs",     NULL };
    static const char *const in_pipeline[] = { "path", "digest", NULL };
    const json_t *pipeline = NULL;
    Digest digest;

    return json_only_keys(object, members, where, error) &&
           need_text(object, "event", where, error) != NULL &&
           (out->ref = need_text(object, "ref", where, error)) != NULL &&
           (out->repository = need_text(object, "repository", where, error)) != NULL &&
           need_text(object, "job", where, error) != NULL &&
           json_need_object(object, "cell", where, error) != NULL &&
           json_need_object(object, "inputs", where, error) != NULL &&
           (pipeline = json_need_object(object, "pipeline", where, error)) != NULL &&
           json_only_keys(pipeline, in_pipeline, "pipeline", error) &&
           need_text(pipeline, "path", "pipeline", error) != NULL &&
           json_need_digest(pipeline, "digest", "pipeline", &digest, error);
}

/* The labels are part of the buildType: all of them, in their order. */
static bool
check_labels(const json_t *labels, GError **error)
{
    bool ok = json_array_size(labels) == G_N_ELEMENTS(tenant_supplied);

    for (size_t i = 0; ok && i < G_N_ELEMENTS(tenant_supplied); i++)
        ok = g_strcmp0(json_string_value(json_array_get(labels, i)), tenant_supplied[i]) == 0;
    return ok || invalid(error, "internalParameters.tenantSupplied is not this buildType's");
}

static bool
read_internal(const json_t *object, ProvenanceView *out, const char **executor_out, GError **error)
{
    static const char *const where = "internalParameters";
    static const char *const members[] = { "engine",         "config",    "roster", "executor",
                                           "network",        "isolation", "rootFs", "packages",
                                           "tenantSupplied", NULL };
    static const char *const in_engine[] = { "digest", "version", NULL };
    const json_t *engine = NULL;
    Digest digest;
    bool present;

    return json_only_keys(object, members, where, error) &&
           (engine = json_need_object(object, "engine", where, error)) != NULL &&
           json_only_keys(engine, in_engine, "engine", error) &&
           json_need_digest(engine, "digest", "engine", &digest, error) &&
           need_text(engine, "version", "engine", error) != NULL &&
           json_need_digest(object, "config", where, &digest, error) &&
           json_need_digest_or_null(object, "roster", where, &present, &digest, error) &&
           (*executor_out = need_text(object, "executor", where, error)) != NULL &&
           (out->isolation = need_text(object, "isolation", where, error)) != NULL &&
           need_text(object, "network", where, error) != NULL &&
           json_need_digest_or_null(object, "rootFs", where, &present, &digest, error) &&
           json_need_digest_or_null(object, "packages", where, &present, &digest, error) &&
           json_need_array(object, "tenantSupplied", where, error) != NULL &&
           check_labels(json_object_get(object, "tenantSupplied"), error);
}

/* The commit of the first dependency that has one. */
static const char *
find_commit(const json_t *definition)
{
    const json_t *list = json_object_get(definition, "resolvedDependencies");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *digest = json_object_get(json_array_get(list, i), "digest");
        const char *commit = json_string_value(json_object_get(digest, "gitCommit"));
        if (commit != NULL)
            return commit;
    }
    return NULL;
}

static bool
check_source(const json_t *definition, const ProvenanceView *view, GError **error)
{
    const json_t *list =
        json_need_array(definition, "resolvedDependencies", "buildDefinition", error);
    const json_t *digest = json_object_get(json_array_get(list, 0), "digest");

    if (list == NULL)
        return false;
    if (!is_hex_id(view->commit) ||
        !is_hex_id(json_string_value(json_object_get(digest, "gitCommit"))) ||
        !is_hex_id(json_string_value(json_object_get(digest, "gitTree"))))
        return invalid(error, "resolvedDependencies does not begin with a git commit and tree");
    return true;
}

static bool
check_metadata(const json_t *details, GError **error)
{
    const json_t *metadata = json_need_object(details, "metadata", "runDetails", error);
    const char *started = NULL, *finished = NULL;
    int64_t start, end;

    if (metadata == NULL || need_text(metadata, "invocationId", "metadata", error) == NULL ||
        (started = json_need_string(metadata, "startedOn", "metadata", error)) == NULL ||
        (finished = json_need_string(metadata, "finishedOn", "metadata", error)) == NULL)
        return false;
    if (!clock_parse(started, &start) || !clock_parse(finished, &end) || end < start)
        return invalid(error, "metadata.startedOn and finishedOn are not times in order");
    return true;
}

/* What buildType job/v1 adds to SLSA's own rules. */
static bool
read_ours(const json_t *definition, const json_t *details, ProvenanceView *out, GError **error)
{
    const json_t *external = json_object_get(definition, "externalParameters");
    const json_t *internal =
        json_need_object(definition, "internalParameters", "buildDefinition", error);
    const char *executor = NULL;

    if (internal == NULL || !read_external(external, out, error) ||
        !read_internal(internal, out, &executor, error) || !check_source(definition, out, error) ||
        !check_metadata(details, error))
        return false;

    g_autofree char *tail = g_strdup_printf("/builder/%s/%s", executor, out->isolation);
    if (!object_part_is_valid(executor) || !object_part_is_valid(out->isolation) ||
        !g_str_has_suffix(out->builder_id, tail))
        return invalid(error, "builder.id does not name the executor and isolation");
    return true;
}

bool
provenance_read(const Statement *statement, ProvenanceView *out, GError **error)
{
    const json_t *definition = NULL, *details = NULL, *builder = NULL;
    ProvenanceView view = { 0 };

    if (strcmp(statement->predicate_type, PREDICATE_TYPE_PROVENANCE) != 0)
        return invalid(error, "the statement is not SLSA provenance v1");
    if ((definition = json_need_object(statement->predicate, "buildDefinition", "provenance",
                                       error)) == NULL ||
        (details = json_need_object(statement->predicate, "runDetails", "provenance", error)) ==
            NULL ||
        (view.build_type = need_text(definition, "buildType", "buildDefinition", error)) == NULL ||
        json_need_object(definition, "externalParameters", "buildDefinition", error) == NULL ||
        (builder = json_need_object(details, "builder", "runDetails", error)) == NULL ||
        (view.builder_id = need_text(builder, "id", "builder", error)) == NULL)
        return false;
    view.commit = find_commit(definition);
    if (strcmp(view.build_type, PROVENANCE_BUILD_TYPE) == 0 &&
        !read_ours(definition, details, &view, error))
        return false;
    *out = view;
    return true;
}
