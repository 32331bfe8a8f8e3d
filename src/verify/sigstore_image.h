/* SPDX-License-Identifier: Apache-2.0
 * sigstore_image: an image in an OCI layout (image-spec 1.1) and what Sigstore has about it: bundles that
 * refer to it by their subject or by the tag that older registries need (cosign's BUNDLE_SPEC.md), and
 * what cosign wrote before bundles (SIGNATURE_SPEC.md). */
#pragma once
#include <glib.h>
#include "base/digest.h"
#include "base/error.h"
#include "verify/sigstore.h"

#define SIGSTORE_IMAGE_MAX_MANIFESTS      1024       /* of one index */
#define SIGSTORE_IMAGE_MAX_MANIFEST_BYTES (4u << 20) /* the least a registry takes, 4 MiB */
#define SIGSTORE_IMAGE_MAX_PROOFS         64         /* about one image */

typedef struct SigstoreImageProof { /* one of the two: a bundle, or a layer of cosign's */
    GBytes *bundle;                 /* owned; a Sigstore bundle, or NULL */
    GBytes *layer;                  /* owned; what it is over */
    char *media_type;               /* owned; of the layer */
    json_t *annotations;            /* owned; of the layer */
} SigstoreImageProof;

typedef struct SigstoreImage {
    Digest digest;     /* of the manifest or index that the reference means */
    GPtrArray *proofs; /* owned; of SigstoreImageProof; may be empty */
} SigstoreImage;

/** @reference: "sha256:…", or a name that index.json gives (org.opencontainers.image.ref.name).
 * @layout_fd: the folder with index.json; borrowed. Every blob read has the digest it is called by.
 * Returns: owned. Errors: NOT_FOUND (no such reference), INVALID (not a layout, a name for two images),
 * CORRUPT (a blob has other bytes), LIMIT, IO. */
SigstoreImage *sigstore_image_load(int layout_fd, const char *reference, GError **error) MUST_CHECK;
void sigstore_image_free(SigstoreImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SigstoreImage, sigstore_image_free)
/** Judges one of @image's proofs as sigstore_verify does, and that it is about @image. Owned. */
VerifyReport *sigstore_image_verify(const SigstoreImage *image, const SigstoreImageProof *proof,
                                    const SigstoreTrust *trust, const SigstorePolicy *policy,
                                    int64_t now_us);
