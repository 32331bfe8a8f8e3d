/* SPDX-License-Identifier: Apache-2.0
 * test_sshsig_signers: which signatures an allowed-signers file allows. */
#include "attest_fixture.h"
#include "../proof/vectors.h"
#include "sshsig_made.h"
#include "attest/sshsig.h"
#include "attest/sshsig_signers.h"
#include "base/banned.h"

#define Y2026 1767225600000000 /* microseconds */
#define KEY   "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG+5bEW9oB02vszpKyFRm5CfhbE7BiYNSM1tUnF6+9PE"

typedef struct {
    const char *line, *identity;
    bool wanted;
} Case;

static GBytes *
blob_of(Fixture *f, const char *key_line)
{
    g_auto(GStrv) words = g_strsplit(key_line, " ", -1);

    return keep_bytes(f, base64_decode(words[1], NULL));
}

static bool
allowed(Fixture *f, const char *file, const SshSignersQuestion *question)
{
    SshSigners *signers =
        keep(f, ssh_signers_parse(span_of_text(file), &f->error), (GDestroyNotify)ssh_signers_free);
    const char *who = NULL;

    assert_no_gerror(f->error);
    return ssh_signers_allow(signers, question, &who, NULL);
}

static void
lines_allow_what_they_say(void **state)
{
    static const Case cases[] = {
        { "a@x.test " KEY, "a@x.test", true },
        { "a@x.test " KEY " a comment", NULL, true },
        { "# nobody\n\n  a@x.test " KEY, "a@x.test", true },
        { "b@x.test " KEY, "a@x.test", false },
        { "*@x.test " KEY, "a@x.test", true },
        { "?@x.test,c@x.test " KEY, "c@x.test", true },
        { "*@x.test,!a@x.test " KEY, "a@x.test", false },
        { "\"a@x.test,b@x.test\" " KEY, "b@x.test", true },
        { "a@x.test namespaces=\"file\" " KEY, NULL, true },
        { "a@x.test namespaces=\"git,fi*\" " KEY, NULL, true },
        { "a@x.test namespaces=\"git\" " KEY, NULL, false },
        { "a@x.test NAMESPACES=file " KEY, NULL, true },
        { "a@x.test cert-authority " KEY, NULL, false },
        { "a@x.test valid-after=\"20250101Z\" " KEY, NULL, true },
        { "a@x.test valid-after=\"20260601Z\" " KEY, NULL, false },
        { "a@x.test valid-before=\"20260601Z\",valid-after=\"202501010000Z\" " KEY, NULL, true },
        { "a@x.test valid-before=\"20250601000000Z\" " KEY, NULL, false },
        { "a@x.test ssh-dss AAAAB3NzaC1kc3M=\nb@x.test " KEY, "b@x.test", true },
        { "", NULL, false },
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        SshSignersQuestion question = { span_of_bytes(blob_of(f, KEY)), span_of_text("file"),
                                        cases[i].identity, Y2026 };
        test_case("case %zu", i);
        assert_int_equal(allowed(f, cases[i].line, &question), cases[i].wanted);
    }
}

static const SshsigMade *
find_made(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(made); i++) {
        if (strcmp(made[i].name, name) == 0)
            return &made[i];
    }
    return NULL;
}

static void
certificates_need_their_authority_a_name_and_a_time(void **state)
{
    static const struct {
        const char *before, *identity;
        int64_t now_us;
        bool wanted;
    } cases[] = {
        { "*@example.test cert-authority ", "alice@example.test", Y2026, true },
        { "*@example.test cert-authority ", NULL, Y2026, true },
        { "*@example.test ", "alice@example.test", Y2026, false },
        { "*@example.test cert-authority ", "carol@example.test", Y2026, false },
        { "carol@example.test cert-authority ", NULL, Y2026, false },
        { "*@example.test cert-authority ", NULL, Y2026 * 2, false },
        { "*@example.test cert-authority ", NULL, 0, false },
        { "*@example.test cert-authority,namespaces=\"git\" ", NULL, Y2026, false },
    };
    Fixture *f = *state;
    GBytes *key = blob_of(f, find_made("certificate")->key);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *line = g_strconcat(cases[i].before, made_authority, NULL);
        SshSignersQuestion question = { span_of_bytes(key), span_of_text("file"), cases[i].identity,
                                        cases[i].now_us };
        test_case("case %zu", i);
        assert_int_equal(allowed(f, line, &question), cases[i].wanted);
    }
}

static void
malformed_lines_are_refused(void **state)
{
    static const char *const cases[] = {
        "a@x.test",
        "a@x.test " KEY "\n" KEY,
        "\"a@x.test " KEY,
        "a@x.test unknown-option " KEY,
        "a@x.test namespaces " KEY,
        "a@x.test namespaces=\"\" " KEY,
        "a@x.test valid-after=\"2026\" " KEY,
        "a@x.test valid-after=\"20261399Z\" " KEY,
        "a@x.test ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIG+5bEW9oB02vszpKyFRm5CfhbE7BiYNSM1tUnF6+9PE",
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("case %zu", i);
        assert_null(ssh_signers_parse(span_of_text(cases[i]), &f->error));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
        g_clear_error(&f->error);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_allow_what_they_say),
        TEST(certificates_need_their_authority_a_name_and_a_time),
        TEST(malformed_lines_are_refused),
    };

    return cmocka_run_group_tests_name("sshsig_signers", tests, NULL, NULL);
}
