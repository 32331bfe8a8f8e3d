/* SPDX-License-Identifier: Apache-2.0
 * release_vsa: a release's verification summary. Everything in it is taken from the log, the time
 * too, so that asking again gives the same statement. */
#include "attest/manifest.h"
#include "attest/provenance.h"
#include "attest/vsa.h"
#include "base/json.h"
#include "base/limits.h"
#include "fact/body.h"
#include "fact/gate.h"
#include "service/engine_view.h"
#include "service/factlog.h"
#include "service/release.h"
#include "base/banned.h"

#define RESOURCE_PREFIX "urn:slipway:"
#define POLICY_PREFIX   "urn:slipway:roster:"

typedef enum {          /* what the worst-built asset reaches (slsa.dev/spec/v1.0/levels) */
               LEVEL_0, /* an asset without provenance */
               LEVEL_1, /* built where a job could have reached the keys */
               LEVEL_3, /* built in isolation, provenance signed out of the job's reach */
} Level;

typedef struct {
    const char *object;    /* borrowed */
    EngineView view;       /* owned */
    Manifest *manifest;    /* owned */
    json_t *seal, *intent; /* owned; predicates */
    IntentBody body;       /* borrowed from intent */
    char origin[129];
} Summary;

static void
summary_clear(Summary *self)
{
    engine_view_clear(&self->view);
    manifest_free(self->manifest);
    json_decref(self->seal);
    json_decref(self->intent);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Summary, summary_clear)

static bool
load_predicate(Summary *self, const Digest *s, FactKind kind, json_t **out, GError **error)
{
    if (!fact_view_predicate(self->view.view, s, kind, out, NULL, error))
        return false;
    if (*out == NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT, "'%s' names what the log does not hold",
                  self->object);
    return *out != NULL;
}

static bool
load(Summary *self, GError **error)
{
    g_auto(FactRelease) release = { 0 };
    FactLogState log = { 0 };

    if (!fact_view_release(self->view.view, self->object, &release, error) ||
        !fact_view_log(self->view.view, &log, error))
        return false;
    memcpy(self->origin, log.origin, sizeof self->origin);
    if (!release.has_intent) {
        error_set(error, BASE_ERROR,
                  release.state == RELEASE_NONE ? BASE_ERROR_NOT_FOUND : BASE_ERROR_DENIED,
                  "'%s' was not approved for publication: there is nothing to summarize",
                  self->object);
        return false;
    }
    if (!load_predicate(self, &release.seal, FACT_SEAL, &self->seal, error) ||
        !load_predicate(self, &release.intent, FACT_PUBLISH_INTENT, &self->intent, error) ||
        !fact_body_intent(json_object_get(self->intent, "body"), &self->body, error))
        return false;
    self->manifest = manifest_parse(json_object_get(self->seal, "body"), error);
    return self->manifest != NULL;
}

/* Whether the intent counted the statement @s. */
static bool
is_counted(const Summary *self, const char *s)
{
    size_t i;
    const json_t *item;

    json_array_foreach (self->body.evidence, i, item) {
        if (strcmp(json_string_value(item), s) == 0)
            return true;
    }
    return false;
}

/* How the provenance @s was built, if the intent counted it. */
static bool
level_of_provenance(Summary *self, const char *s, Level *level, GError **error)
{
    g_autoptr(FactRow) row = NULL;

    if (!is_counted(self, s))
        return true;
    if (!fact_view_find_text(self->view.view, FACT_TABLE_STATEMENT, s, &row, error))
        return false;
    const char *text = row != NULL ? fact_row_text(row, FACT_STATEMENT_PREDICATE) : NULL;
    g_autoptr(json_t) predicate =
        text != NULL ? json_parse(span_of_text(text), LIMIT_JSON_BYTES, NULL) : NULL;
    const char *builder = json_string_value(json_object_get(predicate, "builderId"));
    if (builder != NULL)
        *level = MAX(*level, fact_builder_is_unisolated(builder) ? LEVEL_1 : LEVEL_3);
    return true;
}

/* The best provenance of each asset, the worst of all assets. */
static bool
level_of(Summary *self, Level *out, GError **error)
{
    *out = LEVEL_3;
    for (unsigned i = 0; i < self->manifest->assets->len; i++) {
        const ManifestAsset *asset = g_ptr_array_index(self->manifest->assets, i);
        g_autoptr(GPtrArray) rows = NULL;
        char text[DIGEST_STRING_SIZE];
        Level level = LEVEL_0;
        digest_to_string(&asset->digest, text);
        if (!fact_view_scan(self->view.view, FACT_TABLE_SUBJECT, text, &rows, error))
            return false;
        for (unsigned j = 0; j < rows->len; j++) {
            const FactRow *row = g_ptr_array_index(rows, j);
            bool is_provenance =
                strcmp(fact_row_text(row, FACT_SUBJECT_TYPE), PREDICATE_TYPE_PROVENANCE) == 0;
            if (is_provenance &&
                !level_of_provenance(self, fact_row_text(row, FACT_SUBJECT_STATEMENT), &level,
                                     error))
                return false;
        }
        *out = MIN(*out, level);
    }
    return true;
}

/* [{digest: {sha256}}] of what the intent counted. */
static json_t *
inputs_of(const Summary *self)
{
    json_t *list = json_array();
    size_t i;
    const json_t *item;

    json_array_foreach (self->body.evidence, i, item)
        json_array_append_new(list, json_pack("{s:{s:s}}", "digest", "sha256",
                                              json_string_value(item) + strlen("sha256:")));
    return list;
}

static GBytes *
payload_of(Summary *self, Level level, GError **error)
{
    static const char *const names[] = { "SLSA_BUILD_LEVEL_0", "SLSA_BUILD_LEVEL_1",
                                         "SLSA_BUILD_LEVEL_3" };
    const char *const levels[] = { names[level], NULL };
    g_autofree char *verifier = vsa_engine_id(self->origin);
    g_autofree char *resource = g_strconcat(RESOURCE_PREFIX, self->object, NULL);
    g_autofree char *project = fact_dup_project(self->object);
    g_autofree char *policy = g_strconcat(POLICY_PREFIX, project, NULL);
    g_autoptr(json_t) inputs = inputs_of(self);
    const json_t *policies = json_object_get(self->intent, "policy");
    VsaInput input = { .verifier = verifier,
                       .verified_us = json_integer_value(json_object_get(self->intent, "at")),
                       .resource = resource,
                       .policy_uri = policy,
                       .inputs = inputs,
                       .levels = levels };

    if (!json_need_digest(policies, "roster", "policy", &input.policy, error))
        return NULL;
    g_autoptr(Statement) statement = vsa_build(&input, error);
    if (statement == NULL)
        return NULL;
    for (unsigned i = 0; i < self->manifest->assets->len; i++) {
        const ManifestAsset *asset = g_ptr_array_index(self->manifest->assets, i);
        statement_add_subject_sha256(statement, asset->name, &asset->digest);
    }
    return statement_payload(statement, error);
}

/* The envelope of the logged statement, out of its bundle. */
static bool
add_envelope(Engine *engine, json_t *result, GError **error)
{
    const char *s = json_string_value(json_object_get(result, "statement"));
    g_autoptr(json_t) proof = NULL;

    if (!factlog_prove(engine, s, &proof, error))
        return false;
    const char *text = json_need_string(proof, "bundle", "proof", error);
    g_autoptr(json_t) bundle =
        text != NULL ? json_parse(span_of_text(text), LIMIT_JSON_BYTES, error) : NULL;
    json_t *envelope =
        bundle != NULL ? json_need_object(bundle, "dsseEnvelope", "bundle", error) : NULL;
    if (envelope == NULL)
        return false;
    json_object_set(result, "envelope", envelope);
    json_object_set(result, "bundle", bundle);
    return true;
}

bool
release_vsa(Engine *engine, const char *object, json_t **result_out, GError **error)
{
    g_autoptr(GBytes) payload = NULL;
    g_autoptr(json_t) result = NULL;
    Level level = LEVEL_0;

    {
        g_auto(Summary) self = { .object = object };
        if (!engine_view_open(engine, &self.view, error) || !load(&self, error) ||
            !level_of(&self, &level, error))
            return false;
        payload = payload_of(&self, level, error);
    }
    if (payload == NULL || !factlog_append(engine, span_of_bytes(payload), &result, error) ||
        !add_envelope(engine, result, error))
        return false;
    json_object_set_new(result, "release", json_string(object + strlen("release:")));
    *result_out = g_steal_pointer(&result);
    return true;
}
