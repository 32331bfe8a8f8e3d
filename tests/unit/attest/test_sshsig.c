/* SPDX-License-Identifier: Apache-2.0
 * test_sshsig: signatures made by OpenSSH: its own test data, and git tags and commits. */
#include "attest_fixture.h"
#include "../proof/vectors.h"
#include "attest/sshsig.h"
#include "base/banned.h"

#define BEGIN "-----BEGIN SSH SIGNATURE-----"

static char *
read_text(Vectors *v, const char *path)
{
    g_autoptr(GBytes) bytes = vectors_read(v, path);

    return g_strndup((const char *)span_of_bytes(bytes).data, g_bytes_get_size(bytes));
}

static void
signature_of_openssh_holds(void **state)
{
    Vectors *v = *state;

    vectors_open(v, "signatures/sshsig");
    g_autofree char *line = read_text(v, "ed25519.pub");
    g_autofree char *name_space = read_text(v, "namespace");
    g_autoptr(GBytes) key = ssh_key_blob_from_line(line, &v->error);
    g_autoptr(GBytes) armored = vectors_read(v, "ed25519.sig");
    g_autoptr(GBytes) blob = sshsig_dearmor(span_of_bytes(armored), &v->error);
    g_autoptr(GBytes) data = vectors_read(v, "signed-data");
    assert_no_gerror(v->error);

    Span message = span_of_bytes(data);
    vectors_case(v, "good",
                 sshsig_verify(span_of_bytes(blob), message, span_of_bytes(key), name_space, NULL));
    vectors_case(v, "other namespace",
                 !sshsig_verify(span_of_bytes(blob), message, span_of_bytes(key), "git", NULL));
    message.len--;
    vectors_case(
        v, "other message",
        !sshsig_verify(span_of_bytes(blob), message, span_of_bytes(key), name_space, NULL));
    vectors_done(v, 3);
}

static void
rsa_keys_are_unavailable(void **state)
{
    Vectors *v = *state;

    vectors_open(v, "signatures/sshsig");
    g_autofree char *line = read_text(v, "rsa.pub");
    assert_null(ssh_key_blob_from_line(line, &v->error));
    assert_gerror(v->error, BASE_ERROR, BASE_ERROR_UNAVAILABLE);
}

/* Whether one of the allowed signers made the armored signature at the end of @object, in git's
 * namespace. Commits carry it in a header; those are cut out by the caller. */
static bool
tag_is_signed(const char *object, char *const *keys)
{
    const char *armor = strstr(object, BEGIN);
    Span message = span_of(object, armor != NULL ? (size_t)(armor - object) : 0);
    g_autoptr(GBytes) blob = armor != NULL ? sshsig_dearmor(span_of_text(armor), NULL) : NULL;
    bool good = false;

    for (size_t i = 0; blob != NULL && keys[i] != NULL; i++) {
        const char *key_line = strstr(keys[i], " ");
        g_autoptr(GBytes) key =
            key_line != NULL ? ssh_key_blob_from_line(key_line + 1, NULL) : NULL;
        good = good || (key != NULL && sshsig_verify(span_of_bytes(blob), message,
                                                     span_of_bytes(key), "git", NULL));
    }
    return good;
}

static void
tags_signed_by_git_are_judged_as_named(void **state)
{
    static const char *const names[] = { "tag-ssh-ed25519.txt", "tag-ssh-ed25519.bad.txt",
                                         "tag-ssh-ecdsa.txt", "tag-ssh-ecdsa.bad.txt" };
    Vectors *v = *state;

    vectors_open(v, "signatures/made");
    g_autofree char *signers = read_text(v, "ssh-allowed_signers");
    g_auto(GStrv) keys = g_strsplit(signers, "\n", -1);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *object = read_text(v, names[i]);
        bool wanted = strstr(names[i], ".bad.") == NULL;
        vectors_case(v, names[i], tag_is_signed(object, keys) == wanted);
    }
    vectors_done(v, 4);
}

/* The made signature with the byte @i changed, or cut there, must not hold. */
static void
changed_blob_does_not_hold(void **state)
{
    Vectors *v = *state;

    vectors_open(v, "signatures/sshsig");
    g_autofree char *line = read_text(v, "ed25519.pub");
    g_autoptr(GBytes) key = ssh_key_blob_from_line(line, &v->error);
    g_autoptr(GBytes) armored = vectors_read(v, "ed25519.sig");
    g_autoptr(GBytes) blob = sshsig_dearmor(span_of_bytes(armored), &v->error);
    g_autoptr(GBytes) data = vectors_read(v, "signed-data");
    size_t len = g_bytes_get_size(blob);
    g_autofree uint8_t *copy = g_memdup2(span_of_bytes(blob).data, len);

    for (size_t i = 0; i < len; i++) {
        g_autofree char *name = g_strdup_printf("byte %zu", i);
        copy[i] ^= 1;
        bool flipped = sshsig_verify(span_of(copy, len), span_of_bytes(data), span_of_bytes(key),
                                     "unittest", NULL);
        copy[i] ^= 1;
        bool cut = sshsig_verify(span_of(copy, i), span_of_bytes(data), span_of_bytes(key),
                                 "unittest", NULL);
        vectors_case(v, name, !flipped && !cut);
    }
    vectors_done(v, 100);
}

static void
text_without_armor_is_refused(void **state)
{
    Fixture *f = *state;

    assert_null(sshsig_dearmor(span_of_text("U1NIU0lH"), &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

#define VECTOR_TEST(name) cmocka_unit_test_setup_teardown(name, vectors_setup, vectors_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        VECTOR_TEST(signature_of_openssh_holds),
        VECTOR_TEST(rsa_keys_are_unavailable),
        VECTOR_TEST(tags_signed_by_git_are_judged_as_named),
        VECTOR_TEST(changed_blob_does_not_hold),
        TEST(text_without_armor_is_refused),
    };

    return cmocka_run_group_tests_name("sshsig", tests, NULL, NULL);
}
