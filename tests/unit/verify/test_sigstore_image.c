/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/sigstore_image.h"
#include <fcntl.h>
#include <sys/stat.h>
#include "base/files.h"
#include "base/json.h"
#include "testing.h"
#include "base/banned.h"

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
    assert_int_equal(f->image->bundles->len, 1);
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
    assert_int_equal(f->image->bundles->len, 1);
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
    assert_int_equal(f->image->bundles->len, 0);
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
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
