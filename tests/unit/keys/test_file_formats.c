/* SPDX-License-Identifier: Apache-2.0
 * test_file_formats: what other people's tools read, for the first key of RFC 8032 (names computed
 * apart from this program), and what each format refuses. tests/interop/keys has the tools. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "testing.h"
#include "base/encoding.h"
#include "base/files.h"
#include "keys/memory_signer.h"
#include "keys/minisign.h"
#include "keys/openpgp.h"
#include "keys/ssh_wire.h"
#include "keys/sshsig_sign.h"
#include "base/banned.h"

#define SEED         "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
#define FINGERPRINT  "6BA900248D02E023FA608875CF2D8FB97A0C941A"
#define MINISIGN_ID  "60BB29DA8FFDE306"
#define MINISIGN_KEY "RWQG4/2P2im7YNdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"
#define SSH_LINE     "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"
#define SSH_PRINT    "SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8"
#define MADE_AT      1700000000

typedef struct {
    Signer *signer;   /* owned */
    Signer *other;    /* owned */
    GBytes *bytes[4]; /* owned */
    PublicKey *key;   /* owned */
    char *text[2];    /* owned */
    int fd;           /* owned */
    GError *error;    /* owned */
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->bytes[0] = hex_decode(SEED, NULL);
    f->signer = memory_signer_ed25519_from_seed(span_of_bytes(f->bytes[0]), NULL);
    f->fd = -1;
    *state = f;
    return f->signer != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    signer_free(f->signer);
    signer_free(f->other);
    for (size_t i = 0; i < G_N_ELEMENTS(f->bytes); i++)
        g_clear_pointer(&f->bytes[i], g_bytes_unref);
    for (size_t i = 0; i < G_N_ELEMENTS(f->text); i++)
        g_free(f->text[i]);
    public_key_unref(f->key);
    fd_clear(&f->fd);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static void
openpgp_fingerprint_follows_from_the_key(void **state)
{
    Fixture *f = *state;

    f->text[0] = openpgp_fingerprint(signer_public_key(f->signer), &f->error);
    assert_no_gerror(f->error);
    assert_string_equal(f->text[0], FINGERPRINT);
}

static void
openpgp_signature_is_a_function_of_key_content_and_time(void **state)
{
    Fixture *f = *state;

    f->fd = memfd_create("content", MFD_CLOEXEC);
    assert_true(fd_write_all(f->fd, span_of_text("content"), &f->error));
    f->text[0] = openpgp_sign_fd(f->signer, f->fd, MADE_AT, &f->error);
    f->text[1] = openpgp_sign_fd(f->signer, f->fd, MADE_AT, &f->error);
    assert_no_gerror(f->error);
    assert_string_equal(f->text[0], f->text[1]);
    g_clear_pointer(&f->text[1], g_free);
    f->text[1] = openpgp_sign_fd(f->signer, f->fd, MADE_AT + 1, &f->error);
    assert_string_not_equal(f->text[0], f->text[1]);
}

static void
openpgp_refuses_times_before_its_keys(void **state)
{
    Fixture *f = *state;

    f->text[0] = openpgp_clearsign(f->signer, "text\n", OPENPGP_KEY_CREATED_S - 1, &f->error);
    assert_null(f->text[0]);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
clear_signed_text_without_a_last_newline_is_refused(void **state)
{
    Fixture *f = *state;

    f->text[0] = openpgp_clearsign(f->signer, "text", MADE_AT, &f->error);
    assert_null(f->text[0]);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
clear_signing_does_not_see_white_space_at_ends_of_lines(void **state)
{
    Fixture *f = *state;

    f->text[0] = openpgp_clearsign(f->signer, "a\nb\n", MADE_AT, &f->error);
    f->text[1] = openpgp_clearsign(f->signer, "a \t\nb\n", MADE_AT, &f->error);
    assert_no_gerror(f->error);
    assert_string_equal(strstr(f->text[0], "-----BEGIN PGP SIGNATURE"),
                        strstr(f->text[1], "-----BEGIN PGP SIGNATURE"));
}

static void
user_id_of_two_lines_is_refused(void **state)
{
    Fixture *f = *state;

    f->text[0] = openpgp_certificate(f->signer, "a\nb", &f->error);
    assert_null(f->text[0]);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
formats_of_ed25519_refuse_another_kind_of_key(void **state)
{
    Fixture *f = *state;
    ContentHash hash = { .len = CONTENT_HASH_MAX };

    f->other = memory_signer_generate(PUBLIC_KEY_P256, &f->error);
    assert_no_gerror(f->error);
    f->text[0] = minisign_sign(f->other, &hash, "comment", &f->error);
    assert_null(f->text[0]);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNAVAILABLE);
    g_clear_error(&f->error);
    f->text[0] = openpgp_clearsign(f->other, "text\n", MADE_AT, &f->error);
    assert_null(f->text[0]);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNAVAILABLE);
}

static void
minisign_key_is_written_as_minisign_reads_it(void **state)
{
    Fixture *f = *state;

    f->text[0] = minisign_public_key(signer_public_key(f->signer), &f->error);
    assert_no_gerror(f->error);
    assert_string_equal(f->text[0], "untrusted comment: minisign public key " MINISIGN_ID
                                    "\n" MINISIGN_KEY "\n");
}

static void
minisign_refuses_a_comment_of_two_lines(void **state)
{
    Fixture *f = *state;
    ContentHash hash = { .len = CONTENT_HASH_MAX };

    f->text[0] = minisign_sign(f->signer, &hash, "a\nb", &f->error);
    assert_null(f->text[0]);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
ssh_line_and_fingerprint_are_as_ssh_keygen_shows_them(void **state)
{
    Fixture *f = *state;

    f->bytes[1] = ssh_wire_blob(signer_public_key(f->signer), &f->error);
    assert_no_gerror(f->error);
    f->text[0] = ssh_wire_public_line(span_of_bytes(f->bytes[1]));
    f->text[1] = ssh_wire_fingerprint(span_of_bytes(f->bytes[1]));
    assert_string_equal(f->text[0], SSH_LINE);
    assert_string_equal(f->text[1], SSH_PRINT);
}

static void
check_ssh(Fixture *f, PublicKeyKind kind)
{
    test_case("%s", public_key_kind_name(kind));
    f->other = memory_signer_generate(kind, &f->error);
    f->bytes[1] = ssh_wire_blob(signer_public_key(f->other), &f->error);
    f->key = ssh_wire_key(span_of_bytes(f->bytes[1]), &f->error);
    assert_no_gerror(f->error);
    assert_true(public_key_equal(f->key, signer_public_key(f->other)));
    f->text[0] = ssh_wire_fingerprint(span_of_bytes(f->bytes[1]));
    f->text[1] = public_key_fingerprint(f->key);
    assert_string_equal(f->text[0], f->text[1]);
    g_clear_pointer(&f->text[0], g_free);
    g_clear_pointer(&f->text[1], g_free);
    if (kind == PUBLIC_KEY_RSA)
        return;
    assert_true(signer_sign(f->other, span_of_text("m"), &f->bytes[2], &f->error));
    g_autoptr(GBytes) blob = ssh_wire_signature(f->key, span_of_bytes(f->bytes[2]), &f->error);
    f->bytes[3] =
        blob != NULL ? ssh_wire_raw_signature(f->key, span_of_bytes(blob), &f->error) : NULL;
    assert_no_gerror(f->error);
    bool same = g_bytes_equal(f->bytes[2], f->bytes[3]);
    assert_true(same);
}

static void
ssh_keys_and_signatures_come_back_as_they_were(void **state)
{
    Fixture *f = *state;

    for (PublicKeyKind kind = PUBLIC_KEY_NONE + 1; kind < PUBLIC_KEY_N_KINDS; kind++) {
        check_ssh(f, kind);
        g_clear_pointer(&f->other, signer_free);
        g_clear_pointer(&f->key, public_key_unref);
        for (size_t i = 1; i < G_N_ELEMENTS(f->bytes); i++)
            g_clear_pointer(&f->bytes[i], g_bytes_unref);
    }
}

static void
every_shorter_ssh_key_is_refused(void **state)
{
    Fixture *f = *state;

    f->bytes[1] = ssh_wire_blob(signer_public_key(f->signer), &f->error);
    Span blob = span_of_bytes(f->bytes[1]);
    for (size_t len = 0; len < blob.len; len++) {
        f->key = ssh_wire_key(span_of(blob.data, len), &f->error);
        assert_null(f->key);
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
        g_clear_error(&f->error);
    }
}

static void
rsa_signature_of_ours_is_refused_for_ssh(void **state)
{
    Fixture *f = *state;
    ContentHash hash = { .len = CONTENT_HASH_MAX };

    f->other = memory_signer_generate(PUBLIC_KEY_RSA, &f->error);
    f->text[0] = sshsig_sign(f->other, "file", &hash, &f->error);
    assert_null(f->text[0]);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNAVAILABLE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(openpgp_fingerprint_follows_from_the_key, setup, teardown),
        cmocka_unit_test_setup_teardown(openpgp_signature_is_a_function_of_key_content_and_time,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(openpgp_refuses_times_before_its_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(clear_signed_text_without_a_last_newline_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(clear_signing_does_not_see_white_space_at_ends_of_lines,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(user_id_of_two_lines_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(formats_of_ed25519_refuse_another_kind_of_key, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(minisign_key_is_written_as_minisign_reads_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(minisign_refuses_a_comment_of_two_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(ssh_line_and_fingerprint_are_as_ssh_keygen_shows_them,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(ssh_keys_and_signatures_come_back_as_they_were, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(every_shorter_ssh_key_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(rsa_signature_of_ours_is_refused_for_ssh, setup, teardown),
    };

    return cmocka_run_group_tests_name("file_formats", tests, NULL, NULL);
}
