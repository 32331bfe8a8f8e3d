/* SPDX-License-Identifier: Apache-2.0
 * files: every file of a release is an asset, a derived file, or one too many. */
#include <string.h>
#include "attest/bundle.h"
#include "attest/dsse.h"
#include "attest/leaf.h"
#include "base/limits.h"
#include "fact/body.h"
#include "format/derived.h"
#include "proof/rfc3161.h"
#include "verify/file_signature_priv.h"
#include "base/banned.h"

static bool
is_wanted(const Verification *v, const char *path)
{
    const char *const *only = v->options->only;

    return only == NULL || g_strv_contains(only, path);
}

/* A read that fails because of what the release is becomes a finding; else an error. */
static bool
take_finding(Verification *v, const char *path, GError **local, GError **error)
{
    if (error_kind(*local) == ERROR_KIND_IO) {
        g_propagate_error(error, g_steal_pointer(local));
        return false;
    }
    VerifyResult result =
        error_kind(*local) == ERROR_KIND_LIMIT ? VERIFY_NOT_AUTHENTIC : VERIFY_INCOMPLETE;
    verify_report_add(v->report, result, "files", path, "%s", (*local)->message);
    g_clear_error(local);
    return true;
}

static bool
check_asset(Verification *v, const ManifestAsset *asset, GError **error)
{
    Digest digest = { 0 };
    uint64_t size = 0;
    GError *local = NULL;

    if (!v->source->driver->digest(v->source, asset->name, &digest, &size, &local))
        return take_finding(v, asset->name, &local, error);
    if (!digest_equal(&digest, &asset->digest) || size != (uint64_t)asset->size_bytes)
        verify_report_add(v->report, VERIFY_NOT_AUTHENTIC, "digest", asset->name,
                          "its bytes are not those that were sealed");
    else
        verify_report_add(v->report, VERIFY_OK, "digest", asset->name, "as sealed");
    return true;
}

GArray *
verify_derived_assets(const Verification *v)
{
    GArray *assets = g_array_new(FALSE, FALSE, sizeof(DerivedAsset));

    for (unsigned i = 0; i < v->manifest->assets->len; i++) {
        const ManifestAsset *asset = g_ptr_array_index(v->manifest->assets, i);
        DerivedAsset derived = { .name = asset->name,
                                 .digest = asset->digest,
                                 .size_bytes = (uint64_t)asset->size_bytes };
        g_array_append_val(assets, derived);
    }
    return assets;
}

/* Compares with what the generator makes. NULL when equal, else why not. */
static char *
judge_generated(const Verification *v, DerivedGenerator generator, Span text)
{
    g_autoptr(GArray) assets = verify_derived_assets(v);
    const DerivedAsset *first = (const DerivedAsset *)(void *)assets->data;
    g_autoptr(GError) local = NULL;
    g_autofree char *wanted =
        generator == DERIVED_SHA256SUMS
            ? derived_sha256sums(first, assets->len)
            : derived_index(v->report->object, &v->seal->s, first, assets->len, &local);

    if (wanted == NULL)
        return g_strdup(local->message);
    if (text.len != strlen(wanted) || memcmp(text.data, wanted, text.len) != 0)
        return g_strdup("is not what the sealed assets give");
    return NULL;
}

static bool
same_bytes(Span a, Span b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* The shipped evidence with those signed bytes, or NULL. */
static const Fact *
find_evidence(const Verification *v, Span pae)
{
    char text[DIGEST_STRING_SIZE];
    Digest s = fact_name(pae);

    digest_to_string(&s, text);
    const Fact *fact = g_hash_table_lookup(v->by_s, text);
    return fact != NULL && fact->kind == FACT_EVIDENCE ? fact : NULL;
}

static bool
is_about(const Verification *v, const Fact *fact, const char *of)
{
    const ManifestAsset *asset = of != NULL ? manifest_find_asset(v->manifest, of) : NULL;

    return of == NULL ||
           (asset != NULL && statement_find_sha256(fact->statement, &asset->digest) != NULL);
}

static const FactsLine *
line_of(const Verification *v, const Fact *fact)
{
    for (unsigned i = 0; i < v->lines->len; i++) {
        const FactsLine *line = g_ptr_array_index(v->lines, i);
        if (line->index == fact->index)
            return line;
    }
    return NULL;
}

/* The bundle of a shipped fact with these time stamps as publishing makes it, or NULL. */
static char *
make_bundle(const Verification *v, const Fact *fact, const GPtrArray *timestamps)
{
    const FactsLine *line = line_of(v, fact);
    const RootKey *key = v->root != NULL ? fact_root_find_role(v->root, KEY_ROLE_LOG) : NULL;

    if (line == NULL || key == NULL || v->note == NULL || v->checkpoint == NULL)
        return NULL;
    g_autoptr(PublicKey) log_key = public_key_from_spki(span_of_bytes(key->spki), NULL);
    if (log_key == NULL)
        return NULL;
    Span stamps[BUNDLE_MAX_TIMESTAMPS];
    for (unsigned i = 0; i < timestamps->len; i++)
        stamps[i] = span_of_bytes(timestamps->pdata[i]);
    BundleParts parts = { .pae = span_of_bytes(fact->pae),
                          .leaf = span_of_bytes(fact->leaf),
                          .index = (uint64_t)fact->index,
                          .head = v->checkpoint->head,
                          .proof = { .hashes = line->hashes, .n_hashes = line->n_hashes },
                          .checkpoint = span_of_bytes(v->note),
                          .log_id = note_log_id(v->root->origin, log_key),
                          .timestamps = stamps,
                          .n_timestamps = timestamps->len };
    return bundle_build(&parts, NULL);
}

/* Whether an authority that the root names made the stamp. */
static bool
is_by_authority(const FactRoot *root, const Rfc3161 *stamp)
{
    for (unsigned i = 0; i < root->keys->len; i++) {
        const RootKey *key = g_ptr_array_index(root->keys, i);
        if (key->role != KEY_ROLE_TIMESTAMP || key->certs == NULL)
            continue;
        g_autoptr(X509Chain) chain = x509_chain_new(key->certs, NULL);
        if (chain != NULL && rfc3161_verify(stamp, chain, NULL))
            return true;
    }
    return false;
}

/* Why one of the time stamps is not over the fact's signature, or not by our authority; or NULL. */
static char *
judge_stamps(const Verification *v, const Fact *fact, const GPtrArray *timestamps)
{
    g_autoptr(Leaf) leaf = leaf_parse(span_of_bytes(fact->leaf), NULL);

    for (unsigned i = 0; leaf != NULL && i < timestamps->len; i++) {
        g_autoptr(GError) local = NULL;
        g_autoptr(Rfc3161) stamp =
            rfc3161_parse(span_of_bytes(g_ptr_array_index(timestamps, i)), &local);

        if (stamp == NULL || !rfc3161_covers(stamp, span_of_bytes(leaf->signature), &local))
            return g_strdup_printf("its time stamp does not hold: %s", local->message);
        if (!is_by_authority(v->root, stamp))
            return g_strdup("its time stamp is by no authority that the root names");
    }
    return NULL;
}

static char *
judge_bundle(const Verification *v, const char *of, Span text)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(Bundle) bundle = bundle_parse(text, &local);

    if (bundle == NULL)
        return g_strdup(local->message);
    g_autoptr(GBytes) pae = bundle_pae(bundle);
    const Fact *fact = find_evidence(v, span_of_bytes(pae));
    if (fact == NULL || !is_about(v, fact, of))
        return g_strdup("holds no shipped fact about its asset");
    g_autofree char *wanted = make_bundle(v, fact, bundle->timestamps);
    if (wanted == NULL)
        return g_strdup("nothing shipped proves its log entry");
    if (!same_bytes(text, span_of_text(wanted)))
        return g_strdup("is not the bundle of the shipped fact");
    return judge_stamps(v, fact, bundle->timestamps);
}

/* The envelope of a shipped fact as publishing makes it, or NULL. */
static char *
make_envelope(const Fact *fact)
{
    g_autoptr(Leaf) leaf = leaf_parse(span_of_bytes(fact->leaf), NULL);
    g_autoptr(PublicKey) key = public_key_from_spki(span_of_bytes(fact->spki), NULL);

    if (leaf == NULL || key == NULL)
        return NULL;
    g_autoptr(DsseEnvelope) envelope = dsse_new(DSSE_TYPE_INTOTO, span_of_bytes(fact->payload), key,
                                                span_of_bytes(leaf->signature));
    return dsse_format(envelope);
}

static char *
judge_envelope(const Verification *v, Span line, GHashTable *seen)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(DsseEnvelope) envelope = dsse_parse(line, &local);

    if (envelope == NULL)
        return g_strdup(local->message);
    g_autoptr(GBytes) pae = dsse_pae(envelope->payload_type, span_of_bytes(envelope->payload));
    const Fact *fact = find_evidence(v, span_of_bytes(pae));
    if (fact == NULL)
        return g_strdup("a line is no shipped fact");
    g_autofree char *wanted = make_envelope(fact);
    if (wanted == NULL || !same_bytes(line, span_of_text(wanted)))
        return g_strdup("a line is not the envelope of the shipped fact");
    g_hash_table_add(seen, (char *)fact->s_text);
    return NULL;
}

/* Each line is a shipped fact, and all shipped evidence about the asset is there. */
static char *
judge_intoto(const Verification *v, const char *of, Span text)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    const uint8_t *at = text.data;
    const uint8_t *end = text.data + text.len;

    while (at < end) {
        const uint8_t *line_end = memchr(at, '\n', (size_t)(end - at));
        if (line_end == NULL)
            return g_strdup("its last line is not whole");
        char *why = judge_envelope(v, span_of(at, (size_t)(line_end - at)), seen);
        if (why != NULL)
            return why;
        at = line_end + 1;
    }
    for (unsigned i = 0; i < v->facts->len; i++) {
        const Fact *fact = g_ptr_array_index(v->facts, i);
        if (fact->kind == FACT_EVIDENCE && is_about(v, fact, of) &&
            !g_hash_table_contains(seen, fact->s_text))
            return g_strdup("shipped evidence is missing in it");
    }
    return NULL;
}

static bool
check_derived(Verification *v, const ManifestDerived *derived, GError **error)
{
    GError *local = NULL;
    g_autofree char *why = NULL;
    g_autoptr(GBytes) text =
        v->source->driver->read(v->source, derived->name, LIMIT_FACTS_FILE_BYTES, &local);

    if (text == NULL)
        return take_finding(v, derived->name, &local, error);
    switch (derived->generator) {
    case DERIVED_SHA256SUMS:
    case DERIVED_INDEX:
        why = judge_generated(v, derived->generator, span_of_bytes(text));
        break;
    case DERIVED_SIGSTORE_BUNDLE:
        why = judge_bundle(v, derived->of, span_of_bytes(text));
        break;
    case DERIVED_INTOTO_JSONL:
        why = judge_intoto(v, derived->of, span_of_bytes(text));
        break;
    case DERIVED_OPENPGP:
    case DERIVED_SSHSIG:
    case DERIVED_MINISIGN:
        return verify_file_signature(v, derived, span_of_bytes(text), error);
    default:
        verify_report_add(v->report, VERIFY_UNSUPPORTED, "derived", derived->name,
                          "this program cannot check a file of generator '%s'",
                          derived_generator_name(derived->generator));
        return true;
    }
    verify_report_add(v->report, why != NULL ? VERIFY_NOT_AUTHENTIC : VERIFY_OK, "derived",
                      derived->name, "%s",
                      why != NULL ? why : "follows from what is sealed and shipped");
    return true;
}

static const ManifestDerived *
find_derived(const Manifest *manifest, const char *name)
{
    for (unsigned i = 0; i < manifest->derived->len; i++) {
        const ManifestDerived *derived = g_ptr_array_index(manifest->derived, i);
        if (strcmp(derived->name, name) == 0)
            return derived;
    }
    return NULL;
}

/* Release notes are sealed by digest and may be shipped under any name. */
static bool
is_notes(Verification *v, const char *path)
{
    Digest digest = { 0 };
    uint64_t size = 0;

    return v->manifest->has_notes &&
           v->source->driver->digest(v->source, path, &digest, &size, NULL) &&
           digest_equal(&digest, &v->manifest->notes);
}

static bool
is_known(Verification *v, const char *path)
{
    static const char *const own[] = { VERIFY_FACTS, VERIFY_CHECKPOINT, VERIFY_STATUS, NULL };

    return g_strv_contains(own, path) || manifest_find_asset(v->manifest, path) != NULL ||
           find_derived(v->manifest, path) != NULL || is_notes(v, path);
}

static bool
check_extra(Verification *v, GError **error)
{
    GError *local = NULL;
    g_autoptr(GPtrArray) paths = v->source->driver->list(v->source, &local);
    unsigned n = 0;

    if (paths == NULL)
        return take_finding(v, ".", &local, error);
    for (unsigned i = 0; i < paths->len; i++) {
        const char *path = g_ptr_array_index(paths, i);
        if (is_known(v, path))
            continue;
        verify_report_add(v->report, VERIFY_INCOMPLETE, "complete", path,
                          "is no part of the release");
        n++;
    }
    if (n == 0 && !verify_report_has(v->report, VERIFY_INCOMPLETE))
        verify_report_add(v->report, VERIFY_OK, "complete", v->report->object,
                          "%u files, none missing and none too many", paths->len);
    return true;
}

static void
check_named(Verification *v)
{
    for (const char *const *path = v->options->only; *path != NULL; path++) {
        if (manifest_find_asset(v->manifest, *path) == NULL &&
            find_derived(v->manifest, *path) == NULL)
            verify_report_add(v->report, VERIFY_INCOMPLETE, "complete", *path,
                              "is no part of the release");
    }
}

bool
verify_files(Verification *v, GError **error)
{
    if (v->manifest == NULL)
        return true;
    for (unsigned i = 0; i < v->manifest->assets->len; i++) {
        const ManifestAsset *asset = g_ptr_array_index(v->manifest->assets, i);
        if (is_wanted(v, asset->name) && !check_asset(v, asset, error))
            return false;
    }
    for (unsigned i = 0; i < v->manifest->derived->len; i++) {
        const ManifestDerived *derived = g_ptr_array_index(v->manifest->derived, i);
        if (is_wanted(v, derived->name) && !check_derived(v, derived, error))
            return false;
    }
    if (v->options->only == NULL)
        return check_extra(v, error);
    check_named(v);
    return true;
}
