/* SPDX-License-Identifier: Apache-2.0
 * test_key_file: private keys in files. */
#include <fcntl.h>
#include <sys/stat.h>
#include "testing.h"
#include "base/files.h"
#include "base/limits.h"
#include "keys/key_file.h"
#include "keys/memory_signer.h"
#include "base/banned.h"

typedef struct {
    TempDir dir;        /* owned */
    int dirfd;          /* owned */
    Signer *signers[2]; /* owned */
    GBytes *signature;  /* owned */
    GError *error;      /* owned */
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    if (!temp_dir_make(&f->dir, "keys", NULL))
        return -1;
    f->dirfd = dir_open(AT_FDCWD, f->dir.path, NULL);
    *state = f;
    return f->dirfd >= 0 ? 0 : -1;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(f->signers); i++)
        signer_free(f->signers[i]);
    g_clear_pointer(&f->signature, g_bytes_unref);
    g_clear_error(&f->error);
    fd_clear(&f->dirfd);
    temp_dir_clear(&f->dir);
    g_free(f);
    return 0;
}

static void
generate(Fixture *f, PublicKeyKind kind)
{
    f->signers[0] = key_file_generate(f->dirfd, "key.pem", kind, &f->error);
    assert_no_gerror(f->error);
}

static void
load(Fixture *f)
{
    f->signers[1] = key_file_load(f->dirfd, "key.pem", &f->error);
}

/* The kept key signs what the public half of the made one verifies. */
static void
check_round_trip(Fixture *f, PublicKeyKind kind)
{
    generate(f, kind);
    load(f);
    assert_no_gerror(f->error);
    assert_true(signer_sign(f->signers[1], span_of_text("x"), &f->signature, &f->error));
    assert_true(public_key_verify(signer_public_key(f->signers[0]), span_of_text("x"),
                                  span_of_bytes(f->signature), &f->error));
}

static void
kept_p256_key_signs_as_the_made_one(void **state)
{
    check_round_trip(*state, PUBLIC_KEY_P256);
}

static void
kept_ed25519_key_signs_as_the_made_one(void **state)
{
    check_round_trip(*state, PUBLIC_KEY_ED25519);
}

static void
file_is_for_its_owner_only(void **state)
{
    Fixture *f = *state;
    struct stat st;

    generate(f, PUBLIC_KEY_ED25519);
    assert_int_equal(fstatat(f->dirfd, "key.pem", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void
key_that_is_there_is_not_replaced(void **state)
{
    Fixture *f = *state;

    generate(f, PUBLIC_KEY_ED25519);
    f->signers[1] = key_file_generate(f->dirfd, "key.pem", PUBLIC_KEY_ED25519, &f->error);
    assert_null(f->signers[1]);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_EXISTS);
}

static void
file_others_may_read_is_refused_with_the_remedy(void **state)
{
    static const mode_t modes[] = { 0640, 0604, 0620, 0601 };
    Fixture *f = *state;

    generate(f, PUBLIC_KEY_ED25519);
    for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
        test_case("mode %04o", (unsigned)modes[i]);
        g_clear_error(&f->error);
        assert_int_equal(fchmodat(f->dirfd, "key.pem", modes[i], 0), 0);
        load(f);
        assert_null(f->signers[1]);
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_DENIED);
        assert_non_null(strstr(f->error->message, "chmod 600"));
    }
}

static void
absent_file_is_not_found(void **state)
{
    Fixture *f = *state;

    load(f);
    assert_null(f->signers[1]);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

static void
folder_is_no_key(void **state)
{
    Fixture *f = *state;

    assert_int_equal(mkdirat(f->dirfd, "key.pem", 0700), 0);
    load(f);
    assert_null(f->signers[1]);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_DENIED);
}

static void
other_content_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "no PEM",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("case %zu", i);
        g_clear_error(&f->error);
        assert_true(
            file_write_atomic(f->dirfd, "key.pem", span_of_text(cases[i]), 0600, &f->error));
        load(f);
        assert_null(f->signers[1]);
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

static void
file_over_the_limit_is_refused(void **state)
{
    Fixture *f = *state;
    g_autofree char *large = g_strnfill(LIMIT_KEY_FILE_BYTES + 1, 'x');

    assert_true(file_write_atomic(f->dirfd, "key.pem", span_of_text(large), 0600, &f->error));
    load(f);
    assert_null(f->signers[1]);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
}

/* An encrypted key in the folder, its passphrase in a file of @mode. */
static char *
make_sealed(Fixture *f, const char *said, mode_t mode)
{
    g_autoptr(Secret) passphrase = secret_new(span_of_text("secret"));

    f->signers[0] =
        key_file_generate_sealed(f->dirfd, "key.pem", PUBLIC_KEY_ED25519, passphrase, &f->error);
    if (f->error == NULL &&
        !file_write_new(f->dirfd, "passphrase", span_of_text(said), mode, &f->error))
        return NULL;
    return g_build_filename(f->dir.path, "passphrase", NULL);
}

static void
load_sealed(Fixture *f, const char *said, mode_t mode)
{
    g_autofree char *path = make_sealed(f, said, mode);
    PassphraseSource source = { .file = path };

    if (f->error == NULL)
        f->signers[1] = key_file_load_with(f->dirfd, "key.pem", &source, &f->error);
}

static void
encrypted_key_opens_with_its_passphrase(void **state)
{
    Fixture *f = *state;

    load_sealed(f, "secret\nnot this\n", 0600);
    assert_no_gerror(f->error);
    assert_true(
        public_key_equal(signer_public_key(f->signers[0]), signer_public_key(f->signers[1])));
}

static void
encrypted_key_refuses_another_passphrase(void **state)
{
    Fixture *f = *state;

    load_sealed(f, "secreT", 0600);
    assert_null(f->signers[1]);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
}

static void
encrypted_key_without_a_passphrase_is_not_opened(void **state)
{
    Fixture *f = *state;
    g_autofree char *path = make_sealed(f, "secret", 0600);
    (void)path;

    load(f);
    assert_null(f->signers[1]);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

static void
passphrase_that_others_may_read_is_refused(void **state)
{
    Fixture *f = *state;

    load_sealed(f, "secret", 0640);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_DENIED);
}

static void
empty_passphrase_is_refused(void **state)
{
    Fixture *f = *state;

    load_sealed(f, "\n", 0600);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(kept_p256_key_signs_as_the_made_one),
        TEST(kept_ed25519_key_signs_as_the_made_one),
        TEST(file_is_for_its_owner_only),
        TEST(key_that_is_there_is_not_replaced),
        TEST(file_others_may_read_is_refused_with_the_remedy),
        TEST(absent_file_is_not_found),
        TEST(folder_is_no_key),
        TEST(other_content_is_refused),
        TEST(file_over_the_limit_is_refused),
        cmocka_unit_test_setup_teardown(encrypted_key_opens_with_its_passphrase, setup, teardown),
        cmocka_unit_test_setup_teardown(encrypted_key_refuses_another_passphrase, setup, teardown),
        cmocka_unit_test_setup_teardown(encrypted_key_without_a_passphrase_is_not_opened, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(passphrase_that_others_may_read_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(empty_passphrase_is_refused, setup, teardown),
    };

    return cmocka_run_group_tests_name("key_file", tests, NULL, NULL);
}
