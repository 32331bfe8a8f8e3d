/* SPDX-License-Identifier: Apache-2.0
 * Images in an OCI layout, and what Sigstore has about them. */
#include "verify/sigstore_image.h"
#include <fcntl.h>
#include <sys/stat.h>
#include "base/files.h"
#include "attest/sigstore_classic.h"
#include "base/json.h"
#include "base/limits.h"
#include "testing.h"
#include "base/banned.h"

#define NOW_US      INT64_C(1800000000000000) /* January 2027 */
#define BUNDLE_TYPE "application/vnd.dev.sigstore.bundle.v0.3+json"

typedef struct {
    TempDir dir;
    int fd;
    GError *error;
    SigstoreImage *image;
    char image_digest[DIGEST_STRING_SIZE];
} Fixture;

static void
put_file(const Fixture *f, const char *path, const char *text)
{
    AUTO_FD int fd = openat(f->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd_write_all(fd, span_of_text(text), NULL));
}

static void
put_blob(const Fixture *f, const char *text, char digest_out[DIGEST_STRING_SIZE])
{
    Digest digest = digest_of(span_of_text(text));

    digest_to_string(&digest, digest_out);
    g_autofree char *path = g_strconcat("blobs/sha256/", digest_out + strlen("sha256:"), NULL);
    put_file(f, path, text);
}

/* A manifest whose layer is the bundle "{}" about @subject. */
static void
put_bundle(const Fixture *f, const char *subject, char digest_out[DIGEST_STRING_SIZE])
{
    char layer[DIGEST_STRING_SIZE];

    put_blob(f, "{}", layer);
    g_autofree char *text =
        g_strdup_printf("{\"artifactType\":\"%s\",\"subject\":{\"digest\":\"%s\"},"
                        "\"layers\":[{\"mediaType\":\"%s\",\"digest\":\"%s\"}]}",
                        BUNDLE_TYPE, subject, BUNDLE_TYPE, layer);
    put_blob(f, text, digest_out);
}

/* index.json with the image "app:1" and one more descriptor. */
static void
put_index(const Fixture *f, const char *other_digest, const char *other_name)
{
    g_autofree char *text = g_strdup_printf(
        "{\"manifests\":[{\"digest\":\"%s\",\"annotations\":{\"org.opencontainers.image.ref.name\":"
        "\"app:1\"}},{\"digest\":\"%s\",\"annotations\":{\"org.opencontainers.image.ref.name\":"
        "\"%s\"}}]}",
        f->image_digest, other_digest, other_name);
    put_file(f, "index.json", text);
}

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    *state = f;
    if (!temp_dir_make(&f->dir, "sigstore-image-", NULL))
        return -1;
    f->fd = dir_open(AT_FDCWD, f->dir.path, NULL);
    if (!dir_create_all(f->fd, "blobs/sha256", 0700, NULL))
        return -1;
    put_blob(f, "{\"layers\":[]}", f->image_digest);
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    sigstore_image_free(f->image);
    g_clear_error(&f->error);
    fd_clear(&f->fd);
    temp_dir_clear(&f->dir);
    g_free(f);
    return 0;
}

static void
finds_bundles_by_their_subject(void **state)
{
    Fixture *f = *state;
    char bundle[DIGEST_STRING_SIZE];

    put_bundle(f, f->image_digest, bundle);
    put_index(f, bundle, "other");
    f->image = sigstore_image_load(f->fd, "app:1", &f->error);
    assert_no_gerror(f->error);
    assert_int_equal(f->image->proofs->len, 1);
}

static void
finds_bundles_by_the_tag_of_older_registries(void **state)
{
    Fixture *f = *state;
    char bundle[DIGEST_STRING_SIZE];
    char index[DIGEST_STRING_SIZE];

    put_bundle(f, f->image_digest, bundle);
    g_autofree char *text = g_strdup_printf("{\"manifests\":[{\"digest\":\"%s\"}]}", bundle);
    put_blob(f, text, index);
    g_autofree char *tag = g_strconcat("sha256-", f->image_digest + strlen("sha256:"), NULL);
    put_index(f, index, tag);
    f->image = sigstore_image_load(f->fd, f->image_digest, &f->error);
    assert_no_gerror(f->error);
    assert_int_equal(f->image->proofs->len, 1);
}

static void
passes_over_bundles_of_other_images(void **state)
{
    Fixture *f = *state;
    char bundle[DIGEST_STRING_SIZE];
    Digest other = digest_of(span_of_text("other"));
    char subject[DIGEST_STRING_SIZE];

    digest_to_string(&other, subject);
    put_bundle(f, subject, bundle);
    put_index(f, bundle, "other");
    f->image = sigstore_image_load(f->fd, "app:1", &f->error);
    assert_no_gerror(f->error);
    assert_int_equal(f->image->proofs->len, 0);
}

static void
refuses_a_blob_with_other_bytes(void **state)
{
    Fixture *f = *state;
    char bundle[DIGEST_STRING_SIZE];

    put_bundle(f, f->image_digest, bundle);
    put_index(f, bundle, "other");
    g_autofree char *path = g_strconcat("blobs/sha256/", bundle + strlen("sha256:"), NULL);
    put_file(f, path, "{}");
    f->image = sigstore_image_load(f->fd, "app:1", &f->error);
    assert_null(f->image);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_CORRUPT);
}

static void
refuses_a_name_that_means_two_images(void **state)
{
    Fixture *f = *state;
    char bundle[DIGEST_STRING_SIZE];

    put_bundle(f, f->image_digest, bundle);
    put_index(f, bundle, "app:1");
    f->image = sigstore_image_load(f->fd, "app:1", &f->error);
    assert_null(f->image);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
refuses_a_name_that_is_not_there(void **state)
{
    Fixture *f = *state;

    put_index(f, f->image_digest, "app:1");
    f->image = sigstore_image_load(f->fd, "app:2", &f->error);
    assert_null(f->image);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

static GBytes *
read_data(const char *name)
{
    g_autofree char *path = g_build_filename(SIGSTORE_DATA, name, NULL);

    return file_read(AT_FDCWD, path, LIMIT_JSON_BYTES, NULL);
}

/* Puts what cosign wrote before bundles (sigstore/make.py) at the image's tag ".sig". */
static void
put_classic(const Fixture *f)
{
    g_autoptr(GBytes) text = read_data("classic.json");
    g_autoptr(json_t) classic = json_parse(span_of_bytes(text), LIMIT_JSON_BYTES, NULL);
    g_autoptr(json_t) manifest = json_object();
    json_t *layers = json_array();
    json_t *layer = json_object();
    char digest[DIGEST_STRING_SIZE];

    put_blob(f, json_string_value(json_object_get(classic, "layer")), digest);
    json_object_set_new(layer, "mediaType", json_string(SIGSTORE_CLASSIC_SIGNATURE));
    json_object_set_new(layer, "digest", json_string(digest));
    json_object_set(layer, "annotations", json_object_get(classic, "annotations"));
    json_array_append_new(layers, layer);
    json_object_set_new(manifest, "layers", layers);
    g_autofree char *written = json_dumps(manifest, 0);
    put_blob(f, written, digest);
    g_autofree char *tag =
        g_strconcat("sha256-", f->image_digest + strlen("sha256:"), ".sig", NULL);
    put_index(f, digest, tag);
}

static VerifyResult
judge(const Fixture *f)
{
    g_autoptr(GBytes) root = read_data("root.json");
    g_autoptr(SigstoreTrust) trust = sigstore_trust_parse(span_of_bytes(root), NULL);
    const SigstorePolicy policy = { SIGSTORE_POLICY_INIT, .identity_pattern = ".*",
                                    .issuer_pattern = ".*" };
    g_autoptr(VerifyReport) report =
        sigstore_image_verify(f->image, f->image->proofs->pdata[0], trust, &policy, NOW_US);

    return verify_report_result(report);
}

static void
judges_what_cosign_wrote_before_bundles(void **state)
{
    Fixture *f = *state;

    put_classic(f);
    f->image = sigstore_image_load(f->fd, "app:1", &f->error);
    assert_no_gerror(f->error);
    assert_int_equal(f->image->proofs->len, 1);
    assert_int_equal(judge(f), VERIFY_OK);
}

static void
refuses_a_signature_over_the_name_of_another_image(void **state)
{
    Fixture *f = *state;

    put_blob(f, "{\"layers\":[{}]}", f->image_digest); /* not what was signed */
    put_classic(f);
    f->image = sigstore_image_load(f->fd, "app:1", &f->error);
    assert_no_gerror(f->error);
    assert_int_equal(f->image->proofs->len, 1);
    assert_int_equal(judge(f), VERIFY_NOT_AUTHENTIC);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_bundles_by_their_subject, setup, teardown),
        cmocka_unit_test_setup_teardown(finds_bundles_by_the_tag_of_older_registries, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(passes_over_bundles_of_other_images, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_a_blob_with_other_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_a_name_that_means_two_images, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_a_name_that_is_not_there, setup, teardown),
        cmocka_unit_test_setup_teardown(judges_what_cosign_wrote_before_bundles, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_a_signature_over_the_name_of_another_image, setup,
                                        teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
