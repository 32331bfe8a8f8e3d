/* SPDX-License-Identifier: Apache-2.0
 * manifest: lists of one seal, in one order, checked when written and when read. */
#include "attest/manifest.h"
#include <assert.h>
#include "base/encoding.h"
#include "base/limits.h"
#include "base/banned.h"

#define WHERE        "manifest"
#define MAX_NAME     255
#define MAX_EVIDENCE 64

static const char *const generators[DERIVED_N_GENERATORS] = {
    [DERIVED_NONE] = "",
    [DERIVED_SHA256SUMS] = "sha256sums",
    [DERIVED_INDEX] = "index",
    [DERIVED_SIGSTORE_BUNDLE] = "sigstore-bundle",
    [DERIVED_INTOTO_JSONL] = "intoto-jsonl",
    [DERIVED_OPENPGP] = "openpgp",
    [DERIVED_SSHSIG] = "sshsig",
    [DERIVED_MINISIGN] = "minisign",
};

const char *
derived_generator_name(DerivedGenerator generator)
{
    assert(generator < DERIVED_N_GENERATORS);
    return generators[generator];
}

DerivedGenerator
derived_generator_from_name(const char *name)
{
    for (DerivedGenerator g = DERIVED_NONE + 1; g < DERIVED_N_GENERATORS; g++) {
        if (strcmp(generators[g], name) == 0)
            return g;
    }
    return DERIVED_NONE;
}

bool
asset_name_is_valid(const char *name)
{
    size_t len = strlen(name);

    if (len < 1 || len > MAX_NAME || name[0] == '.' || name[0] == '-' ||
        !utf8_is_valid(span_of(name, len)))
        return false;
    for (const char *at = name; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c < 0x20 || c == 0x7f || c == '/' || c == '\\')
            return false;
    }
    return true;
}

static void
asset_free(void *data)
{
    ManifestAsset *asset = data;

    g_free(asset->name);
    g_free(asset);
}

static void
evidence_free(void *data)
{
    ManifestEvidence *evidence = data;

    g_free(evidence->predicate_type);
    g_clear_pointer(&evidence->assets, g_ptr_array_unref);
    g_free(evidence);
}

static void
derived_free(void *data)
{
    ManifestDerived *derived = data;

    g_free(derived->name);
    g_free(derived->of);
    g_free(derived);
}

Manifest *
manifest_new(void)
{
    Manifest *manifest = g_new0(Manifest, 1);

    manifest->assets = g_ptr_array_new_with_free_func(asset_free);
    manifest->evidence = g_ptr_array_new_with_free_func(evidence_free);
    manifest->derived = g_ptr_array_new_with_free_func(derived_free);
    return manifest;
}

void
manifest_add_asset(Manifest *manifest, const char *name, int64_t size_bytes, const Digest *digest)
{
    ManifestAsset *asset = g_new0(ManifestAsset, 1);

    asset->name = g_strdup(name);
    asset->size_bytes = size_bytes;
    asset->digest = *digest;
    g_ptr_array_add(manifest->assets, asset);
}

void
manifest_add_evidence(Manifest *manifest, const char *predicate_type, const char *const *assets)
{
    ManifestEvidence *evidence = g_new0(ManifestEvidence, 1);

    evidence->predicate_type = g_strdup(predicate_type);
    if (assets != NULL) {
        evidence->assets = g_ptr_array_new_with_free_func(g_free);
        for (size_t i = 0; assets[i] != NULL; i++)
            g_ptr_array_add(evidence->assets, g_strdup(assets[i]));
    }
    g_ptr_array_add(manifest->evidence, evidence);
}

void
manifest_add_derived(Manifest *manifest, const char *name, DerivedGenerator generator,
                     const char *of)
{
    ManifestDerived *derived = g_new0(ManifestDerived, 1);

    derived->name = g_strdup(name);
    derived->generator = generator;
    derived->of = g_strdup(of);
    g_ptr_array_add(manifest->derived, derived);
}

static int
compare_assets(const void *a, const void *b)
{
    const ManifestAsset *const *left = a, *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

static int
compare_derived(const void *a, const void *b)
{
    const ManifestDerived *const *left = a, *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
compare_evidence(const void *a, const void *b)
{
    const ManifestEvidence *const *left = a, *const *right = b;

    return strcmp((*left)->predicate_type, (*right)->predicate_type);
}

static void
sort_lists(Manifest *manifest)
{
    g_ptr_array_sort(manifest->assets, compare_assets);
    g_ptr_array_sort(manifest->derived, compare_derived);
    g_ptr_array_sort(manifest->evidence, compare_evidence);
    for (size_t i = 0; i < manifest->evidence->len; i++) {
        ManifestEvidence *evidence = manifest->evidence->pdata[i];
        if (evidence->assets != NULL)
            g_ptr_array_sort(evidence->assets, compare_names);
    }
}

static bool
invalid(GError **error, const char *what, const char *name)
{
    g_autofree char *shown = error_printable(name);

    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, WHERE ": %s '%s'", what, shown);
    return false;
}

/* Remembers a file name in lower case: names that differ only in case meet on some file systems.
 * ASCII only, so that every verifier, whatever its tables, comes to the same verdict. */
static bool
note_name(GHashTable *names, const char *name, GError **error)
{
    if (!asset_name_is_valid(name))
        return invalid(error, "not a file name", name);

    char *key = g_ascii_strdown(name, -1);
    if (!g_hash_table_add(names, key))
        return invalid(error, "two files are named", name);
    return true;
}

static bool
check_assets(const Manifest *manifest, GHashTable *names, GError **error)
{
    if (manifest->assets->len == 0 || manifest->assets->len > LIMIT_RELEASE_FILES)
        return invalid(error, "wanted 1 to 100000 members in", "assets");
    for (size_t i = 0; i < manifest->assets->len; i++) {
        const ManifestAsset *asset = manifest->assets->pdata[i];
        if (!note_name(names, asset->name, error))
            return false;
        if (asset->size_bytes < 0 || (uint64_t)asset->size_bytes > LIMIT_ARTIFACT_BYTES)
            return invalid(error, "the size is out of range of", asset->name);
        if (i > 0 &&
            compare_assets(&manifest->assets->pdata[i - 1], &manifest->assets->pdata[i]) >= 0)
            return invalid(error, "out of order is asset", asset->name);
    }
    return true;
}

static bool
check_derived(const Manifest *manifest, GHashTable *names, GError **error)
{
    if (manifest->derived->len > LIMIT_RELEASE_FILES)
        return invalid(error, "too many members in", "derived");
    for (size_t i = 0; i < manifest->derived->len; i++) {
        const ManifestDerived *derived = manifest->derived->pdata[i];
        if (!note_name(names, derived->name, error))
            return false;
        if (derived->generator == DERIVED_NONE)
            return invalid(error, "no known generator makes", derived->name);
        if (derived->of != NULL && manifest_find_asset(manifest, derived->of) == NULL)
            return invalid(error, "derived from no asset is", derived->name);
        if (i > 0 &&
            compare_derived(&manifest->derived->pdata[i - 1], &manifest->derived->pdata[i]) >= 0)
            return invalid(error, "out of order is derived file", derived->name);
    }
    return true;
}

static bool
check_evidence(const Manifest *manifest, GError **error)
{
    if (manifest->evidence->len > MAX_EVIDENCE)
        return invalid(error, "too many members in", "evidence");
    for (size_t i = 0; i < manifest->evidence->len; i++) {
        const ManifestEvidence *evidence = manifest->evidence->pdata[i];
        const char *type = evidence->predicate_type;
        if (*type == '\0')
            return invalid(error, "no predicate type in", "evidence");
        if (i > 0 &&
            compare_evidence(&manifest->evidence->pdata[i - 1], &manifest->evidence->pdata[i]) >= 0)
            return invalid(error, "doubled or out of order is evidence", type);
        for (size_t j = 0; evidence->assets != NULL && j < evidence->assets->len; j++) {
            const char *name = evidence->assets->pdata[j];
            if (manifest_find_asset(manifest, name) == NULL)
                return invalid(error, "evidence is wanted of the unknown asset", name);
            if (j > 0 && strcmp(evidence->assets->pdata[j - 1], name) >= 0)
                return invalid(error, "doubled or out of order is evidence of", name);
        }
    }
    return true;
}

static bool
check_manifest(const Manifest *manifest, GError **error)
{
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    return check_assets(manifest, names, error) && check_derived(manifest, names, error) &&
           check_evidence(manifest, error);
}

static json_t *
digest_or_null(bool has, const Digest *digest)
{
    return has ? json_digest(digest) : json_null();
}

static json_t *
assets_to_json(const Manifest *manifest)
{
    json_t *list = json_array();

    for (size_t i = 0; i < manifest->assets->len; i++) {
        const ManifestAsset *asset = manifest->assets->pdata[i];
        json_t *item = json_object();
        json_object_set_new(item, "name", json_string(asset->name));
        json_object_set_new(item, "size", json_integer(asset->size_bytes));
        json_object_set_new(item, "digest", json_digest(&asset->digest));
        json_array_append_new(list, item);
    }
    return list;
}

static json_t *
evidence_to_json(const Manifest *manifest)
{
    json_t *list = json_array();

    for (size_t i = 0; i < manifest->evidence->len; i++) {
        const ManifestEvidence *evidence = manifest->evidence->pdata[i];
        json_t *item = json_object();
        json_t *assets = evidence->assets != NULL ? json_array() : json_null();
        for (size_t j = 0; evidence->assets != NULL && j < evidence->assets->len; j++)
            json_array_append_new(assets, json_string(evidence->assets->pdata[j]));
        json_object_set_new(item, "predicateType", json_string(evidence->predicate_type));
        json_object_set_new(item, "assets", assets);
        json_array_append_new(list, item);
    }
    return list;
}

static json_t *
derived_to_json(const Manifest *manifest)
{
    json_t *list = json_array();

    for (size_t i = 0; i < manifest->derived->len; i++) {
        const ManifestDerived *derived = manifest->derived->pdata[i];
        json_t *item = json_object();
        json_object_set_new(item, "name", json_string(derived->name));
        json_object_set_new(item, "generator",
                            json_string(derived_generator_name(derived->generator)));
        json_object_set_new(item, "of", json_string_or_null(derived->of));
        json_array_append_new(list, item);
    }
    return list;
}

json_t *
manifest_build(Manifest *manifest, GError **error)
{
    sort_lists(manifest);
    if (!check_manifest(manifest, error)) {
        error_prefix(error, "cannot write seal");
        return NULL;
    }

    json_t *body = json_object();
    json_object_set_new(body, "assets", assets_to_json(manifest));
    json_object_set_new(body, "derived", derived_to_json(manifest));
    json_object_set_new(body, "evidence", evidence_to_json(manifest));
    json_object_set_new(body, "from", digest_or_null(manifest->has_from, &manifest->from));
    json_object_set_new(body, "notes", digest_or_null(manifest->has_notes, &manifest->notes));
    return body;
}

static bool
read_assets(Manifest *manifest, const json_t *body, GError **error)
{
    static const char *const members[] = { "name", "size", "digest", NULL };
    const json_t *list = json_need_array(body, "assets", WHERE, error);

    if (list == NULL)
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *name;
        int64_t size;
        Digest digest;
        if (!json_only_keys(item, members, "asset", error) ||
            (name = json_need_string(item, "name", "asset", error)) == NULL ||
            !json_need_uint(item, "size", "asset", &size, error) ||
            !json_need_digest(item, "digest", "asset", &digest, error))
            return false;
        manifest_add_asset(manifest, name, size, &digest);
    }
    return true;
}

static bool
read_evidence(Manifest *manifest, const json_t *body, GError **error)
{
    static const char *const members[] = { "predicateType", "assets", NULL };
    const json_t *list = json_need_array(body, "evidence", WHERE, error);

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const json_t *assets = json_object_get(item, "assets");
        g_autoptr(GPtrArray) names = g_ptr_array_new();
        const char *type;
        if (!json_only_keys(item, members, "evidence", error) ||
            (type = json_need_string(item, "predicateType", "evidence", error)) == NULL)
            return false;
        if (!json_is_null(assets) && !json_is_array(assets))
            return invalid(error, "neither an array nor null is evidence", "assets");
        for (size_t j = 0; j < json_array_size(assets); j++) {
            const char *name = json_string_value(json_array_get(assets, j));
            if (name == NULL)
                return invalid(error, "not a name in evidence", "assets");
            g_ptr_array_add(names, (char *)name);
        }
        g_ptr_array_add(names, NULL);
        manifest_add_evidence(manifest, type,
                              json_is_null(assets) ? NULL : (const char *const *)names->pdata);
    }
    return list != NULL;
}

static bool
read_derived(Manifest *manifest, const json_t *body, GError **error)
{
    static const char *const members[] = { "name", "generator", "of", NULL };
    const json_t *list = json_need_array(body, "derived", WHERE, error);

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *name, *generator, *of;
        if (!json_only_keys(item, members, "derived", error) ||
            (name = json_need_string(item, "name", "derived", error)) == NULL ||
            (generator = json_need_string(item, "generator", "derived", error)) == NULL ||
            !json_need_string_or_null(item, "of", "derived", &of, error))
            return false;
        manifest_add_derived(manifest, name, derived_generator_from_name(generator), of);
    }
    return list != NULL;
}

Manifest *
manifest_parse(const json_t *body, GError **error)
{
    static const char *const members[] = { "assets", "derived", "evidence", "from", "notes", NULL };
    g_autoptr(Manifest) manifest = manifest_new();

    if (!json_only_keys(body, members, WHERE, error) || !read_assets(manifest, body, error) ||
        !read_derived(manifest, body, error) || !read_evidence(manifest, body, error) ||
        !json_need_digest_or_null(body, "from", WHERE, &manifest->has_from, &manifest->from,
                                  error) ||
        !json_need_digest_or_null(body, "notes", WHERE, &manifest->has_notes, &manifest->notes,
                                  error) ||
        !check_manifest(manifest, error)) {
        error_prefix(error, "cannot read seal");
        return NULL;
    }
    return g_steal_pointer(&manifest);
}

const ManifestAsset *
manifest_find_asset(const Manifest *manifest, const char *name)
{
    size_t low = 0, high = manifest->assets->len; /* sorted by name: check_assets */

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const ManifestAsset *asset = manifest->assets->pdata[middle];
        int order = strcmp(name, asset->name);
        if (order == 0)
            return asset;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

void
manifest_free(Manifest *manifest)
{
    if (manifest == NULL)
        return;
    g_clear_pointer(&manifest->assets, g_ptr_array_unref);
    g_clear_pointer(&manifest->evidence, g_ptr_array_unref);
    g_clear_pointer(&manifest->derived, g_ptr_array_unref);
    g_free(manifest);
}
