/* SPDX-License-Identifier: Apache-2.0
 * test_tuf_client: how far a client follows a repository in one go. */
#include <fcntl.h>
#include "../attest/attest_fixture.h"
#include "attest/tuf_build.h"
#include "base/files.h"
#include "verify/tuf_client.h"
#include "base/banned.h"

#define NOW     INT64_C(1790000000000000)
#define DAY     (INT64_C(24) * 3600 * 1000000)
#define N_ROOTS (TUF_MAX_ROOT_ROTATIONS + 3)

typedef struct {
    GPtrArray *roots; /* owned; of GBytes: version 1 and on */
    unsigned n_asked; /* for roots */
} Served;

/* Roots are there, nothing else is. */
static TufFetched
serve(void *data, TufPlace place, const char *path, uint64_t limit_bytes, int out_fd,
      GError **error)
{
    Served *served = data;
    guint64 version = g_ascii_strtoull(path, NULL, 10);

    (void)limit_bytes;
    if (place != TUF_PLACE_METADATA || !g_str_has_suffix(path, ".root.json") || version < 1 ||
        version > served->roots->len)
        return TUF_FETCH_ABSENT;
    served->n_asked++;
    return fd_write_all(out_fd, span_of_bytes(served->roots->pdata[version - 1]), error)
               ? TUF_FETCH_DONE
               : TUF_FETCH_FAILED;
}

static GBytes *
root_of(Fixture *f, int64_t version, json_t *keys, const char *keyid)
{
    const TufSigners signers = { keys, 1 };
    const TufSigners by_type[TUF_N_TYPES] = { [TUF_TYPE_ROOT] = signers,
                                              [TUF_TYPE_TIMESTAMP] = signers,
                                              [TUF_TYPE_SNAPSHOT] = signers,
                                              [TUF_TYPE_TARGETS] = signers };
    json_t *root = keep_json(f, tuf_build_root(version, NOW + DAY, by_type, &f->error));
    assert_no_gerror(f->error);
    json_t *envelope = keep_json(f, tuf_build_envelope(root));
    GBytes *message = keep_bytes(f, tuf_canonical(root, &f->error));

    tuf_build_add_signature(envelope, keyid,
                            span_of_bytes(sign(f, f->ed25519, span_of_bytes(message))));
    GBytes *file = keep_bytes(f, tuf_build_file(envelope, "root", &f->error));
    assert_no_gerror(f->error);
    return file;
}

static int64_t
kept_version(int dir_fd, Fixture *f)
{
    GBytes *bytes = keep_bytes(f, file_read(dir_fd, "root.json", TUF_MAX_ROOT_BYTES, &f->error));
    assert_no_gerror(f->error);
    TufSet *set =
        keep(f, tuf_set_new(span_of_bytes(bytes), NOW, &f->error), (GDestroyNotify)tuf_set_free);

    return tuf_set_version(set, "root");
}

static void
so_many_roots_are_followed_at_once_only(void **state)
{
    Fixture *f = *state;
    g_auto(TempDir) dir = { 0 };
    json_t *keys = keep_json(f, json_array());
    Served served = { .roots = g_ptr_array_new() };
    const TufSource source = { .data = &served, .fetch = serve };

    keep(f, served.roots, (GDestroyNotify)g_ptr_array_unref);
    json_array_append_new(keys, tuf_build_key(signer_public_key(f->ed25519), &f->error));
    char *keyid = keep_text(f, tuf_keyid(json_array_get(keys, 0), &f->error));
    for (int64_t version = 1; version <= N_ROOTS; version++)
        g_ptr_array_add(served.roots, root_of(f, version, keys, keyid));
    assert_true(temp_dir_make(&dir, "slipway-test-", &f->error));
    AUTO_FD int dir_fd = dir_open(AT_FDCWD, dir.path, &f->error);
    assert_true(tuf_client_init(dir_fd, span_of_bytes(served.roots->pdata[0]), &f->error));

    assert_null(tuf_client_refresh(dir_fd, &source, NOW, &f->error)); /* there is no timestamp */
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    g_clear_error(&f->error);
    assert_int_equal(served.n_asked, TUF_MAX_ROOT_ROTATIONS);
    assert_int_equal(kept_version(dir_fd, f), 1 + TUF_MAX_ROOT_ROTATIONS);
    assert_null(tuf_client_refresh(dir_fd, &source, NOW, &f->error));
    g_clear_error(&f->error);
    assert_int_equal(kept_version(dir_fd, f), N_ROOTS); /* the next time goes on from there */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(so_many_roots_are_followed_at_once_only, setup, teardown),
    };

    return cmocka_run_group_tests_name("tuf_client", tests, NULL, NULL);
}
