/* SPDX-License-Identifier: Apache-2.0
 * Signatures of other people's formats beside a release's files: what publishing writes holds, and nothing
 * that differs from it in a bit. The signatures are made by src/keys; gpg, ssh-keygen and minisign judge
 * them in tests/system/signatures. */
#include <sys/mman.h>
#include <unistd.h>
#include "testing.h"
#include "base/files.h"
#include "format/derived.h"
#include "keys/memory_signer.h"
#include "keys/minisign.h"
#include "keys/openpgp.h"
#include "keys/sshsig_sign.h"
#include "verify/file_signature_priv.h"
#include "base/banned.h"

#define MADE_AT_S 1700000000
#define NAME      "tool"
#define CONTENT   "- what is\nsigned \n"

typedef struct {
    VerifySource source; /* first: its one file is CONTENT */
    Verification v;
    Fact intent;
    Predicate predicate;
    Signer *signer; /* owned; its key is the root's format key */
    Signer *other;  /* owned; in no root */
    int fd;         /* owned; of CONTENT */
    char *text;     /* owned */
    GError *error;  /* owned */
} Fixture;

static bool
hash_content(VerifySource *source, const char *path, const char *algorithm, Span tail,
             FileHash *hash_out, GError **error)
{
    (void)source;
    assert_string_equal(path, NAME);
    return bytes_hash(algorithm, span_of_text(CONTENT), tail, hash_out, error);
}

static const VerifySourceDriver driver = { .hash = hash_content };

static FactRoot *
root_with(KeyRole role, const Signer *signer)
{
    g_autoptr(json_t) root_keys = json_array();
    g_autoptr(json_t) keys = json_array();
    Span spki = public_key_spki(signer_public_key(signer));

    json_array_append_new(root_keys, fact_person_key_json("root-1", PROOF_NATIVE, spki));
    json_array_append_new(keys, fact_root_key_json(role, spki, NULL));
    g_autoptr(json_t) body = fact_root_body("log.example/test", root_keys, 1, keys);
    return fact_root_parse_admitted(body, NULL);
}

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    Digest digest = digest_of(span_of_text(CONTENT));

    *state = f;
    f->source.driver = &driver;
    f->signer = memory_signer_generate(PUBLIC_KEY_ED25519, &f->error);
    f->other = memory_signer_generate(PUBLIC_KEY_ED25519, &f->error);
    f->fd = memfd_create("content", MFD_CLOEXEC);
    f->predicate.at_us = MADE_AT_S * INT64_C(1000000) + 999999;
    f->intent.predicate = &f->predicate;
    f->v.source = &f->source;
    f->v.intent = &f->intent;
    f->v.manifest = manifest_new();
    f->v.report = verify_report_new();
    manifest_add_asset(f->v.manifest, NAME, (int64_t)strlen(CONTENT), &digest);
    f->v.root = root_with(KEY_ROLE_FORMAT, f->signer);
    return f->error == NULL && f->v.root != NULL &&
                   fd_write_all(f->fd, span_of_text(CONTENT), &f->error)
               ? 0
               : -1;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    signer_free(f->signer);
    signer_free(f->other);
    manifest_free(f->v.manifest);
    verify_report_free(f->v.report);
    fact_root_free(f->v.root);
    fd_clear(&f->fd);
    g_free(f->text);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static char *
make(Fixture *f, Signer *signer, const ManifestDerived *derived, const char *name_space)
{
    const ManifestAsset *asset = f->v.manifest->assets->pdata[0];
    DerivedAsset listed = { .name = NAME, .digest = asset->digest };
    g_autofree char *list = derived_checksum_list(&listed, 1);
    g_autofree char *comment = minisign_file_comment(MADE_AT_S, NAME);
    ContentHash hash;
    bool is_minisign = derived->generator == DERIVED_MINISIGN;

    if (derived->generator == DERIVED_OPENPGP)
        return derived->of != NULL ? openpgp_sign_fd(signer, f->fd, MADE_AT_S, &f->error)
                                   : openpgp_clearsign(signer, list, MADE_AT_S, &f->error);
    if (!content_hash_fd(is_minisign ? MINISIGN_HASH : SSHSIG_HASH, f->fd, span_of(NULL, 0), &hash,
                         &f->error))
        return NULL;
    return is_minisign ? minisign_sign(signer, &hash, comment, &f->error)
                       : sshsig_sign(signer, name_space, &hash, &f->error);
}

/* The verdict about @text alone. */
static VerifyResult
judge(Fixture *f, const ManifestDerived *derived, Span text)
{
    g_clear_pointer(&f->v.report, verify_report_free);
    f->v.report = verify_report_new();
    bool ok = verify_file_signature(&f->v, derived, text, &f->error);

    assert_no_gerror(f->error);
    assert_true(ok);
    assert_int_equal(f->v.report->checks->len, 1);
    return verify_report_result(f->v.report);
}

static const ManifestDerived rows[] = {
    { (char *)"tool.asc", DERIVED_OPENPGP, (char *)NAME },
    { (char *)"CHECKSUM.asc", DERIVED_OPENPGP, NULL },
    { (char *)"tool.sig", DERIVED_SSHSIG, (char *)NAME },
    { (char *)"tool.minisig", DERIVED_MINISIGN, (char *)NAME },
};

static void
what_publishing_writes_holds(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        test_case("%s\n", rows[i].name);
        g_clear_pointer(&f->text, g_free);
        f->text = make(f, f->signer, &rows[i], "file");
        assert_no_gerror(f->error);
        assert_int_equal(judge(f, &rows[i], span_of_text(f->text)), VERIFY_OK);
    }
}

static void
no_byte_may_differ(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_clear_pointer(&f->text, g_free);
        f->text = make(f, f->signer, &rows[i], "file");
        assert_no_gerror(f->error);
        for (size_t at = 0, len = strlen(f->text); at < len; at++) {
            for (int bit = 1; bit <= 32; bit <<= 5) {
                f->text[at] = (char)(f->text[at] ^ bit);
                if (judge(f, &rows[i], span_of(f->text, len)) == VERIFY_OK)
                    fail_msg("%s: accepted with byte %zu changed by %d:\n%s", rows[i].name, at, bit,
                             f->text);
                f->text[at] = (char)(f->text[at] ^ bit);
            }
        }
    }
}

static void
no_byte_may_be_missing_or_too_many(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_clear_pointer(&f->text, g_free);
        f->text = make(f, f->signer, &rows[i], "file");
        assert_no_gerror(f->error);
        size_t len = strlen(f->text);
        g_autofree char *longer = g_strconcat(f->text, "\n", NULL);
        g_autofree char *before = g_strconcat("\n", f->text, NULL);

        for (size_t n = 0; n < len; n++)
            assert_int_equal(judge(f, &rows[i], span_of(f->text, n)), VERIFY_NOT_AUTHENTIC);
        assert_int_equal(judge(f, &rows[i], span_of_text(longer)), VERIFY_NOT_AUTHENTIC);
        assert_int_equal(judge(f, &rows[i], span_of_text(before)), VERIFY_NOT_AUTHENTIC);
        assert_int_equal(judge(f, &rows[i], span_of(f->text, len + 1)), VERIFY_NOT_AUTHENTIC);
    }
}

static void
a_key_of_no_root_is_refused(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        test_case("%s\n", rows[i].name);
        g_clear_pointer(&f->text, g_free);
        f->text = make(f, f->other, &rows[i], "file");
        assert_no_gerror(f->error);
        assert_int_equal(judge(f, &rows[i], span_of_text(f->text)), VERIFY_NOT_AUTHENTIC);
    }
}

static void
a_key_of_another_role_is_refused(void **state)
{
    Fixture *f = *state;

    fact_root_free(f->v.root);
    f->v.root = root_with(KEY_ROLE_LOG, f->signer);
    assert_non_null(f->v.root);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        test_case("%s\n", rows[i].name);
        g_clear_pointer(&f->text, g_free);
        f->text = make(f, f->signer, &rows[i], "file");
        assert_no_gerror(f->error);
        assert_int_equal(judge(f, &rows[i], span_of_text(f->text)), VERIFY_NOT_AUTHENTIC);
    }
}

static void
another_time_is_refused_where_it_is_signed(void **state)
{
    Fixture *f = *state;

    f->predicate.at_us += 1000000;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        test_case("%s\n", rows[i].name);
        g_clear_pointer(&f->text, g_free);
        f->text = make(f, f->signer, &rows[i], "file");
        assert_no_gerror(f->error);
        assert_int_equal(judge(f, &rows[i], span_of_text(f->text)),
                         rows[i].generator == DERIVED_SSHSIG ? VERIFY_OK : VERIFY_NOT_AUTHENTIC);
    }
}

static void
another_namespace_is_refused(void **state)
{
    Fixture *f = *state;

    f->text = make(f, f->signer, &rows[2], "git");
    assert_no_gerror(f->error);
    assert_int_equal(judge(f, &rows[2], span_of_text(f->text)), VERIFY_NOT_AUTHENTIC);
}

static void
formats_over_one_file_need_one(void **state)
{
    Fixture *f = *state;

    for (size_t i = 2; i < G_N_ELEMENTS(rows); i++) {
        ManifestDerived whole = rows[i];

        test_case("%s\n", rows[i].name);
        whole.of = NULL;
        g_clear_pointer(&f->text, g_free);
        f->text = make(f, f->signer, &rows[i], "file");
        assert_no_gerror(f->error);
        assert_int_equal(judge(f, &whole, span_of_text(f->text)), VERIFY_NOT_AUTHENTIC);
    }
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(what_publishing_writes_holds),
        FILE_TEST(no_byte_may_differ),
        FILE_TEST(no_byte_may_be_missing_or_too_many),
        FILE_TEST(a_key_of_no_root_is_refused),
        FILE_TEST(a_key_of_another_role_is_refused),
        FILE_TEST(another_time_is_refused_where_it_is_signed),
        FILE_TEST(another_namespace_is_refused),
        FILE_TEST(formats_over_one_file_need_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
