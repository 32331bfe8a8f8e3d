/* SPDX-License-Identifier: Apache-2.0
 * slsa: a reader per version of the predicate, all filling the same struct. */
#include "attest/slsa.h"
#include "base/banned.h"

#define HEADS "refs/heads/"
#define TAGS  "refs/tags/"

static const char *const types[SLSA_N_VERSIONS] = {
    [SLSA_NONE] = "",
    [SLSA_V0_1] = "https://slsa.dev/provenance/v0.1",
    [SLSA_V0_2] = "https://slsa.dev/provenance/v0.2",
    [SLSA_V1] = "https://slsa.dev/provenance/v1",
};

static SlsaVersion
version_of(const char *predicate_type)
{
    for (SlsaVersion version = SLSA_V0_1; version < SLSA_N_VERSIONS; version++) {
        if (strcmp(predicate_type, types[version]) == 0)
            return version;
    }
    return SLSA_NONE;
}

bool
slsa_is_provenance(const char *predicate_type)
{
    return version_of(predicate_type) != SLSA_NONE;
}

static bool
invalid(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot read SLSA provenance: %s", why);
    return false;
}

/* The text at object.key.key…, or NULL. @path: names with dots. */
static const char *
text_at(const json_t *object, const char *path)
{
    g_auto(GStrv) names = g_strsplit(path, ".", -1);

    for (size_t i = 0; names[i] != NULL; i++)
        object = json_object_get(object, names[i]);
    return json_string_value(object);
}

static void
set_text(char **out, const char *text)
{
    if (*out == NULL && text != NULL && *text != '\0')
        *out = g_strdup(text);
}

static void
set_ref(SlsaProvenance *self, const char *ref)
{
    set_text(&self->ref, ref);
    if (ref != NULL && g_str_has_prefix(ref, HEADS))
        set_text(&self->branch, ref + strlen(HEADS));
    if (ref != NULL && g_str_has_prefix(ref, TAGS))
        set_text(&self->tag, ref + strlen(TAGS));
}

/* "git+https://host/path@refs/heads/main", "https://host/path/commit/HEX", "…#digest". */
static void
set_source(SlsaProvenance *self, const char *uri)
{
    const char *at = uri != NULL ? strstr(uri, "@refs/") : NULL;
    const char *commit = uri != NULL ? strstr(uri, "/commit/") : NULL;
    const char *hash = uri != NULL ? strchr(uri, '#') : NULL;
    const char *end = at != NULL ? at : commit != NULL ? commit : hash;

    if (uri == NULL)
        return;
    g_autofree char *source = end != NULL ? g_strndup(uri, (size_t)(end - uri)) : g_strdup(uri);
    set_text(&self->source, source);
    if (at != NULL)
        set_ref(self, at + 1);
    if (commit != NULL)
        set_text(&self->commit, commit + strlen("/commit/"));
}

static void
set_digest(SlsaProvenance *self, const json_t *digest)
{
    set_text(&self->commit, text_at(digest, "gitCommit"));
    set_text(&self->commit, text_at(digest, "sha1"));
}

static void
set_inputs(SlsaProvenance *self, json_t *inputs)
{
    if (self->inputs == NULL && json_is_object(inputs) && json_object_size(inputs) > 0)
        self->inputs = json_incref(inputs);
}

static bool
read_v0_1(SlsaProvenance *self, const json_t *predicate, GError **error)
{
    const json_t *recipe = json_need_object(predicate, "recipe", "predicate", error);
    const json_t *material = json_array_get(json_object_get(predicate, "materials"), 0);

    if (recipe == NULL)
        return false;
    set_text(&self->build_type, text_at(recipe, "type"));
    set_text(&self->workflow, text_at(recipe, "entryPoint"));
    set_source(self, text_at(material, "uri"));
    set_digest(self, json_object_get(material, "digest"));
    const json_t *substitutions =
        json_object_get(json_object_get(recipe, "arguments"), "substitutions");
    set_text(&self->branch, text_at(substitutions, "BRANCH_NAME"));
    set_text(&self->tag, text_at(substitutions, "TAG_NAME"));
    if (self->build_type == NULL)
        return invalid(error, "predicate.recipe.type is missing");
    return true;
}

/* What slsa-github-generator tells of the event: the branch a tag was pushed from, the inputs of a
 * workflow started by hand. */
static bool
read_github_event(SlsaProvenance *self, const json_t *environment, GError **error)
{
    const json_t *event = json_object_get(environment, "github_event_payload");
    const char *ref = text_at(environment, "github_ref");
    const char *base = text_at(event, "base_ref");

    if (ref != NULL && self->ref != NULL && strcmp(ref, self->ref) != 0)
        return invalid(error, "its source is of another ref than its event");
    if (ref != NULL)
        set_ref(self, ref);
    if (self->tag != NULL && base != NULL && g_str_has_prefix(base, HEADS))
        set_text(&self->branch, base + strlen(HEADS));
    if (self->tag != NULL)
        set_text(&self->branch, text_at(event, "release.target_commitish"));
    set_inputs(self, json_object_get(event, "inputs"));
    return true;
}

static bool
read_v0_2(SlsaProvenance *self, const json_t *predicate, GError **error)
{
    const json_t *invocation = json_object_get(predicate, "invocation");
    const json_t *config = json_object_get(invocation, "configSource");
    const json_t *material = json_array_get(json_object_get(predicate, "materials"), 0);
    const char *uri = text_at(config, "uri"), *material_uri = text_at(material, "uri");

    if (text_at(predicate, "buildType") == NULL)
        return invalid(error, "predicate.buildType is missing");
    if (uri != NULL && material_uri != NULL && strcmp(uri, material_uri) != 0)
        return invalid(error, "its first material is not its source");
    set_text(&self->build_type, text_at(predicate, "buildType"));
    set_source(self, uri != NULL ? uri : material_uri);
    set_digest(self, json_object_get(config, "digest"));
    set_digest(self, json_object_get(material, "digest"));
    set_text(&self->workflow, text_at(config, "entryPoint"));
    if (!read_github_event(self, json_object_get(invocation, "environment"), error))
        return false;
    set_inputs(self, json_object_get(invocation, "parameters"));
    return true;
}

/* The dependency that is the source: the first git one. */
static const json_t *
find_git_dependency(const json_t *list)
{
    size_t i;
    const json_t *item;

    json_array_foreach (list, i, item) {
        const char *uri = text_at(item, "uri");
        const json_t *digest = json_object_get(item, "digest");
        if (uri != NULL && (g_str_has_prefix(uri, "git+") || text_at(digest, "gitCommit") != NULL))
            return item;
    }
    return NULL;
}

/* Where builders put repository, ref and path: each under a name of its own. */
static void
read_external(SlsaProvenance *self, const json_t *external)
{
    static const char *const places[] = { "workflow", "buildConfigSource", "source" };

    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        const json_t *place = json_object_get(external, places[i]);
        set_source(self, text_at(place, "repository"));
        set_source(self, text_at(place, "uri"));
        set_ref(self, text_at(place, "ref"));
        set_text(&self->workflow, text_at(place, "path"));
    }
    set_source(self, json_string_value(json_object_get(external, "source")));
    set_source(self, text_at(external, "repository"));
    set_ref(self, text_at(external, "ref"));
    set_inputs(self, json_object_get(external, "inputs"));
}

static bool
read_v1(SlsaProvenance *self, const json_t *predicate, GError **error)
{
    const json_t *definition = json_need_object(predicate, "buildDefinition", "predicate", error);
    const json_t *external = definition != NULL ? json_need_object(definition, "externalParameters",
                                                                   "buildDefinition", error)
                                                : NULL;
    const char *type = external != NULL
                           ? json_need_string(definition, "buildType", "buildDefinition", error)
                           : NULL;

    if (type == NULL)
        return false;
    set_text(&self->build_type, type);
    read_external(self, external);

    const json_t *substitutions =
        json_object_get(json_object_get(definition, "internalParameters"), "systemSubstitutions");
    set_text(&self->branch, text_at(substitutions, "BRANCH_NAME"));
    set_text(&self->tag, text_at(substitutions, "TAG_NAME"));

    const json_t *dependency =
        find_git_dependency(json_object_get(definition, "resolvedDependencies"));
    g_autoptr(SlsaProvenance) resolved = g_new0(SlsaProvenance, 1);
    set_source(resolved, text_at(dependency, "uri"));
    if (self->ref != NULL && resolved->ref != NULL && strcmp(self->ref, resolved->ref) != 0)
        return invalid(error, "its source is of another ref than its parameters");
    set_source(self, text_at(dependency, "uri"));
    set_digest(self, json_object_get(dependency, "digest"));
    return true;
}

SlsaProvenance *
slsa_read(const Statement *statement, GError **error)
{
    g_autoptr(SlsaProvenance) self = g_new0(SlsaProvenance, 1);
    const json_t *predicate = statement->predicate;
    bool ok = false;

    self->version = version_of(statement->predicate_type);
    set_text(&self->builder_id,
             text_at(predicate, self->version == SLSA_V1 ? "runDetails.builder.id" : "builder.id"));
    if (self->version == SLSA_NONE) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "'%s' is no SLSA provenance we read",
                  statement->predicate_type);
        return NULL;
    }
    if (self->builder_id == NULL) {
        (void)invalid(error, "the builder's id is missing");
        return NULL;
    }
    ok = self->version == SLSA_V1     ? read_v1(self, predicate, error)
         : self->version == SLSA_V0_2 ? read_v0_2(self, predicate, error)
                                      : read_v0_1(self, predicate, error);
    return ok ? g_steal_pointer(&self) : NULL;
}

void
slsa_free(SlsaProvenance *provenance)
{
    if (provenance == NULL)
        return;
    g_free(provenance->builder_id);
    g_free(provenance->build_type);
    g_free(provenance->source);
    g_free(provenance->commit);
    g_free(provenance->ref);
    g_free(provenance->branch);
    g_free(provenance->tag);
    g_free(provenance->workflow);
    json_decref(provenance->inputs);
    g_free(provenance);
}
