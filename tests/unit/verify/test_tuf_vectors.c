/* SPDX-License-Identifier: Apache-2.0
 * The recorded cases of tuf-conformance (vectors/tuf, FORMAT.md there): each is a row of client
 * calls with the repository served to it. */
#include <fcntl.h>
#include "base/clock.h"
#include "base/digest.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "testing.h"
#include "verify/tuf_client.h"
#include "base/banned.h"

typedef struct {
    char *root; /* owned: VECTORS/tuf, or NULL */
    TempDir dir;
    int metadata_fd;
    int targets_fd;
    const json_t *files; /* borrowed: path to blob */
    GPtrArray *failures; /* owned, of owned texts */
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    const char *vectors = getenv("VECTORS");

    f->root = vectors != NULL ? g_build_filename(vectors, "tuf", NULL) : NULL;
    f->metadata_fd = f->targets_fd = -1;
    f->failures = g_ptr_array_new_with_free_func(g_free);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    fd_clear(&f->metadata_fd);
    fd_clear(&f->targets_fd);
    temp_dir_clear(&f->dir);
    g_ptr_array_unref(f->failures);
    g_free(f->root);
    g_free(f);
    return 0;
}

static GBytes *
read_blob(const Fixture *f, const char *hash, GError **error)
{
    g_autofree char *path = g_build_filename(f->root, "blobs", hash, NULL);

    return file_read(AT_FDCWD, path, LIMIT_JSON_BYTES, error);
}

static TufFetched
serve(void *data, TufPlace place, const char *path, uint64_t limit_bytes, int out_fd,
      GError **error)
{
    const Fixture *f = data;
    g_autofree char *name =
        g_strconcat(place == TUF_PLACE_METADATA ? "metadata/" : "targets/", path, NULL);
    const char *hash = json_string_value(json_object_get(f->files, name));
    g_autoptr(GBytes) bytes = NULL;

    if (hash == NULL)
        return TUF_FETCH_ABSENT;
    bytes = read_blob(f, hash, error);
    if (bytes == NULL)
        return TUF_FETCH_FAILED;
    if (g_bytes_get_size(bytes) > limit_bytes) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "'%s' is too long", name);
        return TUF_FETCH_FAILED;
    }
    return fd_write_all(out_fd, span_of_bytes(bytes), error) ? TUF_FETCH_DONE : TUF_FETCH_FAILED;
}

static bool
do_init(Fixture *f, const json_t *step, GError **error)
{
    g_autoptr(GBytes) root =
        read_blob(f, json_string_value(json_object_get(step, "trusted_root")), error);

    return root != NULL && tuf_client_init(f->metadata_fd, span_of_bytes(root), error);
}

static bool
do_update(Fixture *f, const json_t *step, int64_t now_us, GError **error)
{
    TufSource source = { .data = f, .fetch = serve };
    g_autoptr(TufClient) client = NULL;
    const json_t *names = json_object_get(step, "target_names");

    f->files = json_object_get(step, "files");
    client = tuf_client_refresh(f->metadata_fd, &source, now_us, error);
    for (size_t i = 0; client != NULL && i < json_array_size(names); i++) {
        g_auto(TufTarget) target = { 0 };

        if (!tuf_client_find(client, json_string_value(json_array_get(names, i)), &target, error) ||
            !tuf_client_download(client, &target, f->targets_fd, error))
            return false;
    }
    return client != NULL;
}

/* What the folder holds now; -1: nothing. */
static json_int_t
kept_version(const Fixture *f, const char *role)
{
    g_autofree char *name = g_strconcat(role, ".json", NULL);
    g_autoptr(GBytes) bytes = file_read(f->metadata_fd, name, LIMIT_JSON_BYTES, NULL);
    g_autoptr(json_t) json =
        bytes != NULL ? json_parse(span_of_bytes(bytes), LIMIT_JSON_BYTES, NULL) : NULL;

    return json == NULL
               ? -1
               : json_integer_value(json_object_get(json_object_get(json, "signed"), "version"));
}

static int
compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *
downloaded(const Fixture *f)
{
    g_autoptr(GPtrArray) names = dir_list(f->targets_fd, ".", 100, NULL);
    g_autoptr(GPtrArray) hashes = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; names != NULL && i < names->len; i++) {
        g_autoptr(GBytes) bytes = file_read(f->targets_fd, names->pdata[i], LIMIT_JSON_BYTES, NULL);
        Digest digest = digest_of(span_of_bytes(bytes));
        char hex[DIGEST_HEX_SIZE];

        digest_to_hex(&digest, hex);
        g_ptr_array_add(hashes, g_strdup(hex));
    }
    g_ptr_array_sort(hashes, compare_text);
    g_ptr_array_add(hashes, NULL);
    return g_strjoinv(" ", (char **)hashes->pdata);
}

static void
fail_case(Fixture *f, const char *name, size_t step, const char *text)
{
    g_ptr_array_add(f->failures, g_strdup_printf("%s, step %zu: %s", name, step, text));
    print_message("# FAILED %s, step %zu: %s\n", name, step, text);
}

static void
check_after(Fixture *f, const char *name, size_t index, const json_t *step)
{
    const json_t *versions = json_object_get(step, "trusted_versions");
    const json_t *wanted = json_object_get(step, "downloaded");
    g_autofree char *have = downloaded(f);
    g_autoptr(GString) want = g_string_new(NULL);
    const char *role = NULL;
    json_t *version = NULL;

    json_object_foreach ((json_t *)versions, role, version) {
        json_int_t want_version = json_is_null(version) ? -1 : json_integer_value(version);
        g_autofree char *text =
            g_strdup_printf("'%s' is at %" JSON_INTEGER_FORMAT ", wanted %" JSON_INTEGER_FORMAT,
                            role, kept_version(f, role), want_version);

        if (kept_version(f, role) != want_version)
            fail_case(f, name, index, text);
    }
    for (size_t i = 0; i < json_array_size(wanted); i++)
        g_string_append_printf(want, "%s%s", i > 0 ? " " : "",
                               json_string_value(json_array_get(wanted, i)));
    if (strcmp(want->str, have) != 0)
        fail_case(f, name, index, "other targets than recorded");
}

static void
replay_step(Fixture *f, const char *name, size_t index, const json_t *step)
{
    const char *op = json_string_value(json_object_get(step, "op"));
    bool want = json_integer_value(json_object_get(step, "want_exit")) == 0;
    g_autoptr(GError) error = NULL;
    int64_t now_us = 0;
    bool ok =
        clock_parse(json_string_value(json_object_get(step, "at")), &now_us) &&
        (strcmp(op, "init") == 0 ? do_init(f, step, &error) : do_update(f, step, now_us, &error));

    if (ok != want)
        fail_case(f, name, index, error != NULL ? error->message : "accepted, wanted a refusal");
    check_after(f, name, index, step);
}

static void
replay_case(Fixture *f, const char *name)
{
    g_autofree char *path = g_build_filename(f->root, "cases", name, NULL);
    g_autoptr(GBytes) text = file_read(AT_FDCWD, path, LIMIT_JSON_BYTES, NULL);
    g_autoptr(json_t) test = json_parse(span_of_bytes(text), LIMIT_JSON_BYTES, NULL);
    const json_t *steps = json_object_get(test, "steps");

    assert_true(temp_dir_make(&f->dir, "tuf-vectors", NULL));
    AUTO_FD int dir_fd = dir_open(AT_FDCWD, f->dir.path, NULL);
    assert_true(dir_create_all(dir_fd, "metadata", 0700, NULL));
    assert_true(dir_create_all(dir_fd, "targets", 0700, NULL));
    f->metadata_fd = dir_open(dir_fd, "metadata", NULL);
    f->targets_fd = dir_open(dir_fd, "targets", NULL);
    for (size_t i = 0; i < json_array_size(steps); i++)
        replay_step(f, name, i, json_array_get(steps, i));
    fd_clear(&f->metadata_fd);
    fd_clear(&f->targets_fd);
    temp_dir_clear(&f->dir);
}

static void
recorded_cases_go_as_recorded(void **state)
{
    Fixture *f = *state;

    test_needs("vectors", f->root != NULL);
    g_autofree char *folder = g_build_filename(f->root, "cases", NULL);
    g_autoptr(GPtrArray) names = dir_list(AT_FDCWD, folder, 1000, NULL);

    assert_non_null(names);
    assert_true(names->len > 0);
    for (guint i = 0; i < names->len; i++)
        replay_case(f, names->pdata[i]);
    print_message("# %u cases\n", names->len);
    assert_int_equal(f->failures->len, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(recorded_cases_go_as_recorded, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
