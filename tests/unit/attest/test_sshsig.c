/* SPDX-License-Identifier: Apache-2.0
 * test_sshsig: signatures made by OpenSSH: its own test data, and git tags and commits. */
#include "attest_fixture.h"
#include "../proof/vectors.h"
#include "sshsig_made.h"
#include "attest/sshsig.h"
#include "base/banned.h"

#define BEGIN "-----BEGIN SSH SIGNATURE-----"

static char *
read_text(Vectors *v, const char *path)
{
    g_autoptr(GBytes) bytes = vectors_read(v, path);

    return g_strndup((const char *)span_of_bytes(bytes).data, g_bytes_get_size(bytes));
}

typedef struct {
    const char *name, *folder, *key, *signature, *message, *name_space;
    bool wanted;
} Case;

static const Case cases[] = {
    { "ed25519", "sshsig", "ed25519.pub", "ed25519.sig", "signed-data", "unittest", true },
    { "ed25519, other namespace", "sshsig", "ed25519.pub", "ed25519.sig", "signed-data", "git",
      false },
    { "ed25519, other message", "sshsig", "ed25519.pub", "ed25519.sig", "namespace", "unittest",
      false },
    { "ed25519, key of another", "sshsig", "rsa.pub", "ed25519.sig", "signed-data", "unittest",
      false },
    { "rsa", "sshsig", "rsa.pub", "rsa.sig", "signed-data", "unittest", true },
    { "rsa, other namespace", "sshsig", "rsa.pub", "rsa.sig", "signed-data", "git", false },
    { "rsa, other message", "sshsig", "rsa.pub", "rsa.sig", "namespace", "unittest", false },
    { "made", "made/sshsig", "k.pub", "a.bin.sig", "a.bin", "file", true },
    { "made, other message", "made/sshsig", "k.pub", "a.bin.sig", "k.pub", "file", false },
};

static void
signatures_of_openssh_are_judged_as_named(void **state)
{
    Vectors *v = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Case *c = &cases[i];
        g_autofree char *topic = g_build_filename("signatures", c->folder, NULL);
        vectors_open(v, topic);
        g_autofree char *line = read_text(v, c->key);
        g_autoptr(GBytes) key = ssh_key_blob_from_line(line, &v->error);
        g_autoptr(GBytes) armored = vectors_read(v, c->signature);
        g_autoptr(GBytes) blob = sshsig_dearmor(span_of_bytes(armored), &v->error);
        g_autoptr(GBytes) data = vectors_read(v, c->message);
        assert_no_gerror(v->error);
        vectors_case(v, c->name,
                     sshsig_verify(span_of_bytes(blob), span_of_bytes(data), span_of_bytes(key),
                                   c->name_space, NULL) == c->wanted);
    }
    vectors_done(v, G_N_ELEMENTS(cases));
}

/* What ssh-keygen accepts we accept, but for hardware keys that nobody touched. */
static void
keys_of_every_type_are_judged(void **state)
{
    Vectors *v = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(made); i++) {
        bool wanted = strstr(made[i].name, ", not touched") == NULL &&
                      strstr(made[i].name, ", another challenge") == NULL;
        g_auto(GStrv) words = g_strsplit(made[i].key, " ", -1);
        g_autoptr(GBytes) key = base64_decode(words[1], &v->error);
        g_autoptr(GBytes) blob = sshsig_dearmor(span_of_text(made[i].signature), &v->error);
        assert_no_gerror(v->error);
        size_t len = g_bytes_get_size(blob);
        g_autofree uint8_t *copy = g_memdup2(span_of_bytes(blob).data, len);
        vectors_case(v, made[i].name,
                     sshsig_verify(span_of(copy, len), span_of_text("hello\n"), span_of_bytes(key),
                                   "file", NULL) == wanted);
        for (size_t at = 0; at < len; at++) {
            g_autofree char *name = g_strdup_printf("%s: byte %zu", made[i].name, at);
            copy[at] ^= 1;
            vectors_case(v, name,
                         !sshsig_verify(span_of(copy, len), span_of_text("hello\n"),
                                        span_of_bytes(key), "file", NULL));
            copy[at] ^= 1;
        }
    }
    vectors_done(v, 3000);
}

static void
a_certificate_is_not_a_key(void **state)
{
    Vectors *v = *state;
    const SshsigMade *last = &made[G_N_ELEMENTS(made) - 1];

    assert_string_equal(last->name, "certificate");
    assert_null(ssh_key_blob_from_line(last->key, &v->error));
    assert_gerror(v->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
type_before_a_key_is_that_of_its_bytes(void **state)
{
    Vectors *v = *state;
    g_autofree char *line = g_strdup(made[0].key);

    line[0] = 'S';
    assert_null(ssh_key_blob_from_line(line, &v->error));
    assert_gerror(v->error, BASE_ERROR, BASE_ERROR_INVALID);
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

/* git puts the signature of a commit into a header, each further line of it behind a blank. */
static void
commits_signed_by_git_are_judged_as_named(void **state)
{
    Vectors *v = *state;

    vectors_open(v, "signatures/made");
    g_autofree char *signers = read_text(v, "ssh-allowed_signers");
    g_auto(GStrv) keys = g_strsplit(signers, "\n", -1);
    g_autofree char *object = read_text(v, "commit-ssh-ed25519.txt");
    g_auto(GStrv) lines = g_strsplit(object, "\n", -1);
    g_autoptr(GString) rest = g_string_new(NULL);
    g_autoptr(GString) armor = g_string_new(NULL);
    bool inside = false;
    for (size_t i = 0; lines[i] != NULL; i++) {
        bool begins = g_str_has_prefix(lines[i], "gpgsig ");
        inside = begins || (inside && lines[i][0] == ' ');
        const char *line = begins ? lines[i] + strlen("gpgsig ") : lines[i] + (inside ? 1 : 0);
        g_string_append_printf(inside ? armor : rest, "%s%s", line,
                               inside || lines[i + 1] != NULL ? "\n" : "");
    }
    g_autofree char *as_tag = g_strconcat(rest->str, armor->str, NULL);
    vectors_case(v, "commit-ssh-ed25519.txt", tag_is_signed(as_tag, keys));
    as_tag[0] ^= 1;
    vectors_case(v, "commit-ssh-ed25519.txt, a byte changed", !tag_is_signed(as_tag, keys));
    vectors_done(v, 2);
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
        VECTOR_TEST(signatures_of_openssh_are_judged_as_named),
        VECTOR_TEST(keys_of_every_type_are_judged),
        VECTOR_TEST(a_certificate_is_not_a_key),
        VECTOR_TEST(type_before_a_key_is_that_of_its_bytes),
        VECTOR_TEST(tags_signed_by_git_are_judged_as_named),
        VECTOR_TEST(commits_signed_by_git_are_judged_as_named),
        VECTOR_TEST(changed_blob_does_not_hold),
        TEST(text_without_armor_is_refused),
    };

    return cmocka_run_group_tests_name("sshsig", tests, NULL, NULL);
}
