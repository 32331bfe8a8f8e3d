/* SPDX-License-Identifier: Apache-2.0
 * test_detached: signatures by other people's tools over files, judged from paths. */
#include "../proof/vectors.h"
#include "verify/detached.h"
#include "base/banned.h"

#define Y2026 1767225600000000 /* microseconds */

typedef struct {
    const char *name, *file, *signature, *key, *signers, *identity;
    VerifyResult wanted;
} Case;

static const Case cases[] = {
    { "minisign", "made/minisign/a.bin", "made/minisign/a.bin.minisig", "made/minisign/k.pub", NULL,
      NULL, VERIFY_OK },
    { "minisign legacy", "made/minisign/a.bin", "made/minisign/a.bin.legacy.minisig",
      "made/minisign/k.pub", NULL, NULL, VERIFY_OK },
    { "minisign, comment changed", "made/minisign/a.bin",
      "made/minisign/a.bin.bad-comment.bad.minisig", "made/minisign/k.pub", NULL, NULL,
      VERIFY_NOT_AUTHENTIC },
    { "minisign, another file", "made/minisign/a.bad.bin", "made/minisign/a.bin.minisig",
      "made/minisign/k.pub", NULL, NULL, VERIFY_NOT_AUTHENTIC },
    { "signify", "signify/orders.txt", "signify/orders.txt.sig", "signify/regresskey.pub", NULL,
      NULL, VERIFY_OK },
    { "signify embedded", "made/signify/SHA256.sig", NULL, "made/signify/k.pub", NULL, NULL,
      VERIFY_OK },
    { "signify embedded, another key", "made/signify/SHA256.sig", NULL, "signify/regresskey.pub",
      NULL, NULL, VERIFY_NOT_AUTHENTIC },
    { "ssh by key", "made/sshsig/a.bin", "made/sshsig/a.bin.sig", "made/sshsig/k.pub", NULL, NULL,
      VERIFY_OK },
    { "ssh by another key", "made/sshsig/a.bin", "made/sshsig/a.bin.sig", "sshsig/ed25519.pub",
      NULL, NULL, VERIFY_NOT_AUTHENTIC },
    { "ssh by allowed signer", "made/sshsig/a.bin", "made/sshsig/a.bin.sig", NULL,
      "made/ssh-allowed_signers", "bot-s@example.test", VERIFY_OK },
    { "ssh by anybody allowed", "made/sshsig/a.bin", "made/sshsig/a.bin.sig", NULL,
      "made/ssh-allowed_signers", NULL, VERIFY_OK },
    { "ssh by another signer", "made/sshsig/a.bin", "made/sshsig/a.bin.sig", NULL,
      "made/ssh-allowed_signers", "eve@example.test", VERIFY_NOT_AUTHENTIC },
    { "ssh, another file", "made/minisign/a.bad.bin", "made/sshsig/a.bin.sig", "made/sshsig/k.pub",
      NULL, NULL, VERIFY_NOT_AUTHENTIC },
    { "ssh, another namespace", "sshsig/signed-data", "sshsig/rsa.sig", "sshsig/rsa.pub", NULL,
      NULL, VERIFY_NOT_AUTHENTIC },
    { "timestamp", "rfc3161/sigstore.mock/payload", "rfc3161/sigstore.mock/response-expired.tsr",
      "rfc3161/sigstore.mock/ts_chain.pem", NULL, NULL, VERIFY_OK },
    { "timestamp, another file", "made/gpg/a.bin", "rfc3161/sigstore.mock/response-expired.tsr",
      "rfc3161/sigstore.mock/ts_chain.pem", NULL, NULL, VERIFY_NOT_AUTHENTIC },
    { "timestamp, another authority", "rfc3161/sigstore.mock/payload",
      "rfc3161/sigstore.mock/response-expired.tsr", "rfc3161/test_tsa/ts_chain.pem", NULL, NULL,
      VERIFY_NOT_AUTHENTIC },
    { "openpgp", "made/gpg/a.bin", "made/gpg/a.bin.rsa.asc", NULL, NULL, NULL, VERIFY_UNSUPPORTED },
    { "openpgp binary", "made/gpg/a.bin", "made/gpg/a.bin.ed25519.sig", NULL, NULL, NULL,
      VERIFY_UNSUPPORTED },
    { "openpgp clear-signed", "made/gpg/a.clear.asc", NULL, NULL, NULL, NULL, VERIFY_UNSUPPORTED },
};

static VerifyReport *
verify(Vectors *v, const Case *c)
{
    g_autofree char *file = g_build_filename(v->folder, c->file, NULL);
    g_autofree char *signature =
        c->signature != NULL ? g_build_filename(v->folder, c->signature, NULL) : NULL;
    g_autofree char *key = c->key != NULL ? g_build_filename(v->folder, c->key, NULL) : NULL;
    g_autofree char *signers =
        c->signers != NULL ? g_build_filename(v->folder, c->signers, NULL) : NULL;
    bool is_stamp = c->signature != NULL && g_str_has_suffix(c->signature, ".tsr");
    DetachedPaths paths = { .file = file,
                            .signature = signature,
                            .tsa_chain = is_stamp ? key : NULL, /* the column does for both */
                            .key = key,
                            .allowed_signers = signers,
                            .identity = c->identity };

    return detached_verify(&paths, Y2026, &v->error);
}

static void
files_are_judged_as_named(void **state)
{
    Vectors *v = *state;

    vectors_open(v, "signatures");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(VerifyReport) report = verify(v, &cases[i]);
        test_case("%s", cases[i].name);
        assert_no_gerror(v->error);
        g_autofree char *text = verify_report_text(report);
        if (verify_report_result(report) != cases[i].wanted)
            print_message("# %s\n", text);
        vectors_case(v, cases[i].name, verify_report_result(report) == cases[i].wanted);
    }
    vectors_done(v, G_N_ELEMENTS(cases));
}

static void
what_is_needed_is_named(void **state)
{
    static const Case lacking[] = {
        { "no key", "made/minisign/a.bin", "made/minisign/a.bin.minisig", NULL, NULL, NULL, 0 },
        { "no signer", "made/sshsig/a.bin", "made/sshsig/a.bin.sig", NULL, NULL, NULL, 0 },
        { "no signature", "made/gpg/a.bin", NULL, "made/minisign/k.pub", NULL, NULL, 0 },
        { "no chain", "made/gpg/a.bin", "made/rfc3161/sha256.tsr", NULL, NULL, NULL, 0 },
        { "no file", "made/minisign/a.bin.minisig", NULL, "made/minisign/k.pub", NULL, NULL, 0 },
    };
    Vectors *v = *state;

    vectors_open(v, "signatures");
    for (size_t i = 0; i < G_N_ELEMENTS(lacking); i++) {
        test_case("%s", lacking[i].name);
        assert_null(verify(v, &lacking[i]));
        assert_gerror(v->error, BASE_ERROR, BASE_ERROR_DENIED);
        g_clear_error(&v->error);
    }
}

static void
formats_are_told_by_their_first_bytes(void **state)
{
    static const struct {
        const char *path;
        DetachedFormat wanted;
    } files[] = {
        { "made/gpg/a.bin.rsa.asc", DETACHED_OPENPGP },
        { "made/gpg/a.bin.ed25519.sig", DETACHED_OPENPGP },
        { "made/gpg/a.clear.asc", DETACHED_CLEARSIGNED },
        { "made/sshsig/a.bin.sig", DETACHED_SSHSIG },
        { "made/minisign/a.bin.minisig", DETACHED_MINISIGN },
        { "made/rfc3161/sha256.tsr", DETACHED_RFC3161 },
        { "made/rfc3161/sha512.tsr", DETACHED_RFC3161 },
        { "rfc3161/test_tsa/response.tsr", DETACHED_RFC3161 },
        { "rfc3161/sigstore.mock/response-expired.tsr", DETACHED_RFC3161 },
    };
    Vectors *v = *state;

    vectors_open(v, "signatures");
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autoptr(GBytes) bytes = vectors_read(v, files[i].path);
        vectors_case(v, files[i].path, detached_format(span_of_bytes(bytes)) == files[i].wanted);
    }
    vectors_case(v, "dsse", detached_format(span_of_text("{\"payload\":\"\"}")) == DETACHED_DSSE);
    vectors_case(v, "bundle",
                 detached_format(span_of_text("{ \"mediaType\":\"x\"}")) == DETACHED_BUNDLE);
    vectors_case(v, "signature alone", detached_format(span_of_text("MEUC")) == DETACHED_RAW);
    vectors_case(v, "nothing", detached_format(span_of_text("")) == DETACHED_RAW);
    vectors_done(v, 13);
}

#define GOOD  "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG ABCD A <a@x.test>\n"
#define VALID "[GNUPG:] VALIDSIG 00112233 2026-01-01 1767225600 0 4 0 1 8 00 00112233\n"

static void
words_of_gpgv_become_findings(void **state)
{
    static const struct {
        const char *status;
        bool exited_with_0;
        VerifyResult wanted;
    } said[] = {
        { GOOD VALID, true, VERIFY_OK },
        { GOOD VALID, false, VERIFY_NOT_AUTHENTIC },
        { GOOD, true, VERIFY_NOT_AUTHENTIC },
        { VALID, true, VERIFY_NOT_AUTHENTIC },
        { "", true, VERIFY_NOT_AUTHENTIC },
        { "[GNUPG:] NODATA 4\n", false, VERIFY_NOT_AUTHENTIC },
        { "[GNUPG:] BADSIG ABCD A\n", false, VERIFY_NOT_AUTHENTIC },
        { GOOD VALID "[GNUPG:] BADSIG ABCD A\n", false, VERIFY_NOT_AUTHENTIC },
        { GOOD VALID "[GNUPG:] ERRSIG ABCD 1 8 00 1 9\n", false, VERIFY_NOT_AUTHENTIC },
        { GOOD VALID "[GNUPG:] REVKEYSIG ABCD A\n" VALID, false, VERIFY_REVOKED },
        { GOOD VALID "[GNUPG:] EXPKEYSIG ABCD A\n" VALID, true, VERIFY_STALE },
        { "GOODSIG ABCD A\nVALIDSIG 00\n", true, VERIFY_NOT_AUTHENTIC },
        { "[GNUPG:] GOODSIGN ABCD\n" VALID, true, VERIFY_NOT_AUTHENTIC },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(said); i++) {
        g_autoptr(VerifyReport) report =
            detached_pgp_report(span_of_text(said[i].status), "x", said[i].exited_with_0);
        test_case("case %zu", i);
        assert_int_equal(verify_report_result(report), said[i].wanted);
    }
}

static void
clear_signed_text_is_compared_as_signed(void **state)
{
    static const struct {
        const char *text, *file;
        bool equal;
    } texts[] = {
        { "a\nb", "a\nb\n", true },
        { "a\nb\n", "a  \r\nb\t\n", true },
        { "a\nb\n", "a\nb\n\n", false },
        { "a\nb\n", "a\n b\n", false },
        { "a\n", "", false },
        { "", "", true },
        { "a\nb", "ab", false },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        test_case("case %zu", i);
        assert_int_equal(
            detached_text_equal(span_of_text(texts[i].text), span_of_text(texts[i].file)),
            texts[i].equal);
    }
}

static void
armor_of_keys_is_taken_off(void **state)
{
    Vectors *v = *state;

    vectors_open(v, "signatures/made");
    g_autoptr(GBytes) armored = vectors_read(v, "gpg-rsa.pub.asc");
    g_autoptr(GBytes) binary = detached_pgp_dearmor(span_of_bytes(armored), &v->error);
    assert_no_gerror(v->error);
    assert_int_equal(*(const uint8_t *)g_bytes_get_data(binary, NULL) & 0xbf, 0x99 & 0xbf);
    g_autoptr(GBytes) again = detached_pgp_dearmor(span_of_bytes(binary), &v->error);
    assert_true(g_bytes_equal(binary, again));
    assert_null(detached_pgp_dearmor(span_of_text("-----BEGIN PGP X-----\nAAAA\n"), &v->error));
    assert_gerror(v->error, BASE_ERROR, BASE_ERROR_INVALID);
}

#define VECTOR_TEST(name) cmocka_unit_test_setup_teardown(name, vectors_setup, vectors_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        VECTOR_TEST(files_are_judged_as_named),
        VECTOR_TEST(what_is_needed_is_named),
        VECTOR_TEST(formats_are_told_by_their_first_bytes),
        cmocka_unit_test(words_of_gpgv_become_findings),
        cmocka_unit_test(clear_signed_text_is_compared_as_signed),
        VECTOR_TEST(armor_of_keys_is_taken_off),
    };

    return cmocka_run_group_tests_name("detached", tests, NULL, NULL);
}
