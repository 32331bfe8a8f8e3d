/* SPDX-License-Identifier: Apache-2.0
 * sigstore_image: an OCI layout is a folder: index.json, and blobs/sha256/HEX. */
#include "verify/sigstore_image.h"
#include <fcntl.h>
#include "attest/sigstore_classic.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "verify/verify_priv.h"
#include "base/banned.h"

#define REF_NAME    "org.opencontainers.image.ref.name"
#define BUNDLE_TYPE "application/vnd.dev.sigstore.bundle"

static bool
invalid(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot read OCI layout: %s", why);
    return false;
}

static GBytes *
read_beneath(int layout_fd, const char *path, size_t limit, GError **error)
{
    AUTO_FD int fd = open_beneath(layout_fd, path, O_RDONLY, 0, error);

    return fd >= 0 ? fd_read_all(fd, limit, error) : NULL;
}

/* A blob whose bytes are what its name says. */
static GBytes *
read_blob(int layout_fd, const Digest *digest, size_t limit, GError **error)
{
    char hex[DIGEST_HEX_SIZE];

    digest_to_hex(digest, hex);
    g_autofree char *path = g_build_filename("blobs", "sha256", hex, NULL);
    g_autoptr(GBytes) bytes = read_beneath(layout_fd, path, limit, error);
    if (bytes == NULL)
        return NULL;
    Digest own = digest_of(span_of_bytes(bytes));
    if (!digest_equal(&own, digest)) {
        error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT, "blob '%s' has other bytes", hex);
        return NULL;
    }
    return g_steal_pointer(&bytes);
}

static json_t *
read_manifest(int layout_fd, const Digest *digest, GError **error)
{
    g_autoptr(GBytes) bytes =
        read_blob(layout_fd, digest, SIGSTORE_IMAGE_MAX_MANIFEST_BYTES, error);

    return bytes != NULL
               ? json_parse(span_of_bytes(bytes), SIGSTORE_IMAGE_MAX_MANIFEST_BYTES, error)
               : NULL;
}

/* False for a descriptor without one of SHA-256. */
static bool
descriptor_digest(const json_t *descriptor, Digest *out)
{
    const char *text = json_string_value(json_object_get(descriptor, "digest"));

    return text != NULL && digest_from_string(text, out, NULL);
}

static const json_t *
manifests_of(const json_t *index, GError **error)
{
    const json_t *list = json_object_get(index, "manifests");

    if (!json_is_array(list)) {
        (void)invalid(error, "an index has no manifests");
        return NULL;
    }
    if (json_array_size(list) > SIGSTORE_IMAGE_MAX_MANIFESTS) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "an index has more than %d manifests",
                  SIGSTORE_IMAGE_MAX_MANIFESTS);
        return NULL;
    }
    return list;
}

static const char *
name_of(const json_t *descriptor)
{
    return json_string_value(json_object_get(json_object_get(descriptor, "annotations"), REF_NAME));
}

/* The digest that @name means, if @found_out. */
static bool
find_name(const json_t *list, const char *name, Digest *out, bool *found_out, GError **error)
{
    bool found = false;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *descriptor = json_array_get(list, i);
        Digest digest = { 0 };

        if (g_strcmp0(name_of(descriptor), name) != 0)
            continue;
        if (!descriptor_digest(descriptor, &digest))
            return invalid(error, "a named manifest has no SHA-256");
        if (found && !digest_equal(&digest, out))
            return invalid(error, "a name means two images");
        *out = digest;
        found = true;
    }
    *found_out = found;
    return true;
}

static bool
resolve(const json_t *list, const char *reference, Digest *out, GError **error)
{
    bool found = digest_from_string(reference, out, NULL);

    if (!found && !find_name(list, reference, out, &found, error))
        return false;
    if (!found)
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the layout has no image '%s'",
                  reference);
    return found;
}

static bool
is_bundle_type(const char *type)
{
    return type != NULL && g_str_has_prefix(type, BUNDLE_TYPE);
}

static void
free_proof(void *data)
{
    SigstoreImageProof *proof = data;

    g_clear_pointer(&proof->bundle, g_bytes_unref);
    g_clear_pointer(&proof->layer, g_bytes_unref);
    g_free(proof->media_type);
    json_decref(proof->annotations);
    g_free(proof);
}

/* Adds one layer of a manifest, if it is of a kind that we judge. */
static bool
add_layer(SigstoreImage *image, int layout_fd, const json_t *layer, bool is_classic, GError **error)
{
    const char *type = json_string_value(json_object_get(layer, "mediaType"));
    bool is_wanted = is_classic ? g_strcmp0(type, SIGSTORE_CLASSIC_SIGNATURE) == 0 ||
                                      g_strcmp0(type, SIGSTORE_CLASSIC_ATTESTATION) == 0
                                : is_bundle_type(type);
    Digest digest = { 0 };

    if (!is_wanted)
        return true;
    if (image->proofs->len == SIGSTORE_IMAGE_MAX_PROOFS) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "more than %d signatures of one image",
                  SIGSTORE_IMAGE_MAX_PROOFS);
        return false;
    }
    if (!descriptor_digest(layer, &digest))
        return invalid(error, "a layer has no SHA-256");
    GBytes *bytes = read_blob(layout_fd, &digest, LIMIT_BUNDLE_BYTES, error);
    if (bytes == NULL)
        return false;
    SigstoreImageProof *proof = g_new0(SigstoreImageProof, 1);
    g_ptr_array_add(image->proofs, proof);
    if (!is_classic) {
        proof->bundle = bytes;
        return true;
    }
    proof->layer = bytes;
    proof->media_type = g_strdup(type);
    proof->annotations = json_deep_copy(json_object_get(layer, "annotations"));
    return true;
}

/* Adds the bundles of @manifest, if its subject is the image. */
static bool
add_bundles(SigstoreImage *image, int layout_fd, const json_t *manifest, GError **error)
{
    const json_t *layers = json_object_get(manifest, "layers");
    Digest subject = { 0 };

    if (!descriptor_digest(json_object_get(manifest, "subject"), &subject) ||
        !digest_equal(&subject, &image->digest))
        return true;
    for (size_t i = 0; i < json_array_size(layers); i++) {
        if (!add_layer(image, layout_fd, json_array_get(layers, i), false, error))
            return false;
    }
    return true;
}

/* The tag of the image's digest, with what cosign puts behind it. Owned. */
static char *
tag_of(const SigstoreImage *image, const char *suffix)
{
    char hex[DIGEST_HEX_SIZE];

    digest_to_hex(&image->digest, hex);
    return g_strconcat("sha256-", hex, suffix, NULL);
}

/* cosign's signatures and attestations of before: manifests at tags of their own. */
static bool
add_classic(SigstoreImage *image, int layout_fd, const json_t *list, const char *suffix,
            GError **error)
{
    g_autofree char *tag = tag_of(image, suffix);
    Digest digest = { 0 };
    bool found = false;

    if (!find_name(list, tag, &digest, &found, error))
        return false;
    if (!found)
        return true;
    g_autoptr(json_t) manifest = read_manifest(layout_fd, &digest, error);
    const json_t *layers = json_object_get(manifest, "layers");
    for (size_t i = 0; i < json_array_size(layers); i++) {
        if (!add_layer(image, layout_fd, json_array_get(layers, i), true, error))
            return false;
    }
    return manifest != NULL;
}

/* Looks into each manifest of @list that may be a bundle's. One that is not in the layout is another
 * platform's that nobody copied. */
static bool
add_list(SigstoreImage *image, int layout_fd, const json_t *list, GHashTable *seen, GError **error)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *descriptor = json_array_get(list, i);
        g_autoptr(GError) local = NULL;
        Digest digest = { 0 };

        if (!descriptor_digest(descriptor, &digest) || digest_equal(&digest, &image->digest) ||
            g_hash_table_contains(seen, &digest))
            continue;
        g_hash_table_add(seen, g_memdup2(&digest, sizeof digest));
        g_autoptr(json_t) manifest = read_manifest(layout_fd, &digest, &local);
        if (manifest == NULL && error_kind(local) == ERROR_KIND_NOT_FOUND)
            continue;
        if (manifest == NULL) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
        if (!add_bundles(image, layout_fd, manifest, error))
            return false;
    }
    return true;
}

/* The index at the tag "sha256-HEX", which stands in for the referrers of a registry. */
static bool
add_tagged(SigstoreImage *image, int layout_fd, const json_t *list, GHashTable *seen,
           GError **error)
{
    g_autofree char *tag = tag_of(image, "");
    Digest digest = { 0 };
    bool found = false;

    if (!find_name(list, tag, &digest, &found, error))
        return false;
    if (!found)
        return true;
    g_autoptr(json_t) index = read_manifest(layout_fd, &digest, error);
    if (index == NULL)
        return false;
    if (json_object_get(index, "manifests") == NULL) /* a manifest itself: add_list has seen it */
        return true;
    const json_t *inner = manifests_of(index, error);
    return inner != NULL && add_list(image, layout_fd, inner, seen, error);
}

SigstoreImage *
sigstore_image_load(int layout_fd, const char *reference, GError **error)
{
    g_autoptr(GBytes) text =
        read_beneath(layout_fd, "index.json", SIGSTORE_IMAGE_MAX_MANIFEST_BYTES, error);
    g_autoptr(json_t) index =
        text != NULL ? json_parse(span_of_bytes(text), SIGSTORE_IMAGE_MAX_MANIFEST_BYTES, error)
                     : NULL;
    const json_t *list = index != NULL ? manifests_of(index, error) : NULL;
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(digest_hash, digest_hash_equal, g_free, NULL);
    g_autoptr(SigstoreImage) image = g_new0(SigstoreImage, 1);

    image->proofs = g_ptr_array_new_with_free_func(free_proof);
    if (list == NULL || !resolve(list, reference, &image->digest, error))
        return NULL;
    g_autoptr(json_t) manifest = read_manifest(layout_fd, &image->digest, error);
    if (manifest == NULL || !add_list(image, layout_fd, list, seen, error) ||
        !add_tagged(image, layout_fd, list, seen, error) ||
        !add_classic(image, layout_fd, list, ".sig", error) ||
        !add_classic(image, layout_fd, list, ".att", error))
        return NULL;
    return g_steal_pointer(&image);
}

void
sigstore_image_free(SigstoreImage *image)
{
    if (image == NULL)
        return;
    g_clear_pointer(&image->proofs, g_ptr_array_unref);
    g_free(image);
}

/* A layer that cosign signed: over its bytes, which name the image. */
static VerifyReport *
verify_signed_layer(const SigstoreImage *image, const SigstoreImageProof *proof,
                    const SigstoreBundle *bundle, const SigstoreTrust *trust,
                    const SigstorePolicy *policy, int64_t now_us)
{
    const SigstoreArtifact layer = { .sha256 = digest_of(span_of_bytes(proof->layer)), .fd = -1 };
    VerifyReport *report = sigstore_verify(bundle, &layer, trust, policy, now_us);
    g_autoptr(GError) error = NULL;
    char text[DIGEST_STRING_SIZE];

    digest_to_string(&image->digest, text);
    if (sigstore_classic_names(span_of_bytes(proof->layer), &image->digest, &error))
        verify_report_add(report, VERIFY_OK, "image", text, "is named by what was signed");
    else
        verify_report_add(report, VERIFY_NOT_AUTHENTIC, "image", text, "%s", error->message);
    return report;
}

VerifyReport *
sigstore_image_verify(const SigstoreImage *image, const SigstoreImageProof *proof,
                      const SigstoreTrust *trust, const SigstorePolicy *policy, int64_t now_us)
{
    const SigstoreArtifact artifact = { .sha256 = image->digest, .fd = -1 };
    g_autoptr(GError) error = NULL;

    if (proof->bundle != NULL)
        return sigstore_verify_bytes(span_of_bytes(proof->bundle), &artifact, trust, policy,
                                     now_us);
    g_autoptr(SigstoreBundle) bundle = sigstore_classic_read(
        proof->media_type, span_of_bytes(proof->layer), proof->annotations, &error);
    if (bundle != NULL && bundle->envelope != NULL)
        return sigstore_verify(bundle, &artifact, trust, policy, now_us);
    if (bundle != NULL)
        return verify_signed_layer(image, proof, bundle, trust, policy, now_us);
    VerifyReport *report = verify_report_new();
    verify_report_add(report, VERIFY_NOT_AUTHENTIC, "bundle", proof->media_type, "%s",
                      error->message);
    return report;
}
