/* SPDX-License-Identifier: Apache-2.0
 * Each limit on what comes from outside: one more than it is refused, for that reason, and soon. What has a limit of its own in a bundle is in test_sigstore. */
#include <fcntl.h>
#include <openssl/ct.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <time.h>
#include "attest/decision.h"
#include "attest/dsse_keys.h"
#include "attest/facts_line.h"
#include "attest/intoto.h"
#include "attest/predicate.h"
#include "attest/slsa_gcb.h"
#include "attest/sshsig_key.h"
#include "attest/sshsig_signers.h"
#include "attest/tuf.h"
#include "attest/vsa.h"
#include "base/encoding.h"
#include "base/files.h"
#include "base/limits.h"
#include "proof/cosignature.h"
#include "proof/minisign.h"
#include "proof/rfc3161.h"
#include "proof/sct.h"
#include "proof/tlog_policy.h"
#include "proof/tlog_proof.h"
#include "testing.h"
#include "verify/attestation.h"
#include "verify/sigstore_image.h"
#include "base/banned.h"

#define MAX_SECONDS 5.0 /* of processor time for one refusal, a sanitizer's share included */
#define SPKI_ED25519                                                                               \
    "302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

typedef struct {
    GPtrArray *kept; /* owned; of GBytes */
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->kept = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    g_ptr_array_unref(f->kept);
    g_free(f);
    return 0;
}

static Span
keep_text(Fixture *f, char *text)
{
    g_ptr_array_add(f->kept, g_bytes_new_take(text, strlen(text)));
    return span_of_bytes(f->kept->pdata[f->kept->len - 1]);
}

static Span
letters(Fixture *f, size_t n)
{
    return keep_text(f, g_strnfill(n, 'x'));
}

/* @before, then @each @n times with commas between, then @after. */
static Span
list(Fixture *f, const char *before, const char *each, size_t n, const char *after)
{
    GString *text = g_string_new(before);

    for (size_t i = 0; i < n; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? "," : "", each);
    g_string_append(text, after);
    return keep_text(f, g_string_free(text, FALSE));
}

/* As list, each with its number in place of "%zu". */
static Span
numbered(Fixture *f, const char *before, const char *each, size_t n, const char *after)
{
    GString *text = g_string_new(before);
    g_auto(GStrv) parts = g_strsplit(each, "#", -1);

    for (size_t i = 0; i < n; i++) {
        g_autofree char *number = g_strdup_printf("%zu", i);
        g_autofree char *one = g_strjoinv(number, parts);
        g_string_append_printf(text, "%s%s", i > 0 ? "," : "", one);
    }
    g_string_append(text, after);
    return keep_text(f, g_string_free(text, FALSE));
}

typedef struct {
    const char *limit;
    const char *says;                          /* the message */
    bool (*reads)(Fixture *f, GError **error); /* of one more than the limit */
} Row;

/* ---- proof ---- */

static bool
reads_note(Fixture *f, GError **error)
{
    g_autoptr(Note) note = note_parse(letters(f, LIMIT_CHECKPOINT_BYTES + 1), error);
    return note != NULL;
}

static bool
reads_policy(Fixture *f, GError **error)
{
    g_autoptr(TlogPolicy) policy = tlog_policy_parse(letters(f, TLOG_POLICY_MAX_BYTES + 1), error);
    return policy != NULL;
}

/* Groups of one member each, the group before it, above one witness. */
static bool
reads_policy_lines(Fixture *f, GError **error)
{
    g_autoptr(GBytes) spki = hex_decode(SPKI_ED25519, error);
    g_autoptr(PublicKey) key = public_key_from_spki(span_of_bytes(spki), error);
    g_autoptr(Cosigner) cosigner = cosigner_new("w.example", key, error);
    g_autofree char *vkey = cosigner_vkey(cosigner);
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "witness g0 %s\n", vkey);
    for (unsigned i = 1; i <= TLOG_POLICY_MAX_LINES; i++)
        g_string_append_printf(text, "group g%u any g%u\n", i, i - 1);
    g_string_append(text, "quorum none\n");
    g_autoptr(TlogPolicy) policy =
        tlog_policy_parse(keep_text(f, g_string_free(text, FALSE)), error);
    return policy != NULL;
}

static bool
reads_proof_file(Fixture *f, GError **error)
{
    g_autoptr(TlogProofFile) file = tlog_proof_parse(letters(f, TLOG_PROOF_MAX_BYTES + 1), error);
    return file != NULL;
}

static bool
reads_proof_hashes(Fixture *f, GError **error)
{
    static const char hash[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    GString *text = g_string_new("c2sp.org/tlog-proof@v1\nindex 0\n");

    for (unsigned i = 0; i <= LIMIT_PROOF_HASHES; i++)
        g_string_append(text, hash);
    g_string_append(text, "\na\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"
                          "\xe2\x80\x94 a AAAAAAAA\n");
    g_autoptr(TlogProofFile) file =
        tlog_proof_parse(keep_text(f, g_string_free(text, FALSE)), error);
    return file != NULL;
}

static bool
reads_minisign_key(Fixture *f, GError **error)
{
    g_autoptr(MinisignKey) key = minisign_key_parse(letters(f, MINISIGN_MAX_KEY_BYTES + 1), error);
    return key != NULL;
}

static bool
reads_minisign(Fixture *f, GError **error)
{
    g_autoptr(Minisign) minisign = minisign_parse(letters(f, MINISIGN_MAX_BYTES + 1), error);
    return minisign != NULL;
}

/* Four right lines, the second comment far too long. */
static bool
reads_minisign_head(Fixture *f, GError **error)
{
    uint8_t raw[74] = { 'E', 'D' };
    g_autofree char *first = base64_encode(span_of(raw, 74));
    g_autofree char *second = base64_encode(span_of(raw, 64));
    g_autofree char *comment = g_strnfill(MINISIGN_MAX_HEAD_BYTES, 'c');
    g_autoptr(Minisign) minisign = minisign_parse(
        keep_text(f, g_strdup_printf("untrusted comment: x\n%s\ntrusted comment: %s\n%s\n", first,
                                     comment, second)),
        error);
    return minisign != NULL;
}

static bool
reads_certificate(Fixture *f, GError **error)
{
    g_autoptr(X509Cert) cert = x509_cert_parse(letters(f, LIMIT_CERTIFICATE_BYTES + 1), error);
    return cert != NULL;
}

static bool
reads_chain(Fixture *f, GError **error)
{
    g_autoptr(GPtrArray) ders = g_ptr_array_new();

    (void)letters(f, 1);
    for (unsigned i = 0; i <= LIMIT_CHAIN_CERTIFICATES; i++)
        g_ptr_array_add(ders, f->kept->pdata[0]);
    g_autoptr(X509Chain) chain = x509_chain_new(ders, error);
    return chain != NULL;
}

/* A certificate that signs itself and carries @n timestamps of a log nobody knows. */
static Span
certificate_with_scts(Fixture *f, int n)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x509 = X509_new();
    STACK_OF(SCT) *scts = sk_SCT_new_null();
    uint8_t *der = NULL;

    for (int i = 0; i < n; i++) {
        SCT *sct = SCT_new();
        uint8_t id[32] = { (uint8_t)i };
        uint8_t signature[8] = { 0x30, 6, 2, 1, 1, 2, 1, 1 };
        assert_int_equal(SCT_set_version(sct, SCT_VERSION_V1), 1);
        assert_int_equal(SCT_set1_log_id(sct, id, sizeof id), 1);
        assert_int_equal(SCT_set_signature_nid(sct, NID_ecdsa_with_SHA256), 1);
        assert_int_equal(SCT_set1_signature(sct, signature, sizeof signature), 1);
        sk_SCT_push(scts, sct);
    }
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), 0);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, key);
    assert_int_equal(X509_add1_ext_i2d(x509, NID_ct_precert_scts, scts, 0, 0), 1);
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    int len = i2d_X509(x509, &der);
    g_ptr_array_add(f->kept, g_bytes_new(der, (size_t)len));
    OPENSSL_free(der);
    SCT_LIST_free(scts);
    X509_free(x509);
    EVP_PKEY_free(key);
    return span_of_bytes(f->kept->pdata[f->kept->len - 1]);
}

static bool
reads_scts(Fixture *f, GError **error)
{
    size_t n = 0;
    g_autoptr(X509Cert) most =
        x509_cert_parse(certificate_with_scts(f, LIMIT_CERTIFICATE_SCTS), error);
    g_autoptr(X509Cert) more =
        x509_cert_parse(certificate_with_scts(f, LIMIT_CERTIFICATE_SCTS + 1), error);

    assert_true(sct_verify(most, most, NULL, 0, &n, error));
    return sct_verify(more, more, NULL, 0, &n, error);
}

static bool
reads_response(Fixture *f, GError **error)
{
    g_autoptr(Rfc3161) stamp = rfc3161_parse(letters(f, LIMIT_TIMESTAMP_BYTES + 1), error);
    return stamp != NULL;
}

static bool
reads_foreign_key(Fixture *f, GError **error)
{
    g_autoptr(ForeignKey) key = foreign_key_parse(letters(f, FOREIGN_KEY_MAX_BYTES + 1), error);
    return key != NULL;
}

/* A modulus of @bits: odd, and no more is looked at. */
static Span
modulus(Fixture *f, size_t bits)
{
    uint8_t *bytes = g_malloc(bits / 8);

    memset(bytes, 0xff, bits / 8);
    g_ptr_array_add(f->kept, g_bytes_new_take(bytes, bits / 8));
    return span_of_bytes(f->kept->pdata[f->kept->len - 1]);
}

static bool
reads_rsa(Fixture *f, GError **error)
{
    const uint8_t e[] = { 1, 0, 1 };
    g_autoptr(ForeignKey) most =
        foreign_key_from_rsa(modulus(f, FOREIGN_KEY_RSA_MAX_BITS), span_of(e, 3), error);
    assert_non_null(most);
    g_autoptr(ForeignKey) more =
        foreign_key_from_rsa(modulus(f, FOREIGN_KEY_RSA_MAX_BITS + 8), span_of(e, 3), error);
    return more != NULL;
}

static bool
reads_pem(Fixture *f, GError **error)
{
    g_autoptr(X509Key) key = x509_key_from_pem(letters(f, LIMIT_KEY_FILE_BYTES + 1), error);
    return key != NULL;
}

/* ---- attest ---- */

#define ENVELOPE "{\"payload\":\"e30=\",\"payloadType\":\"t\",\"signatures\":["

static bool
reads_signatures(Fixture *f, GError **error)
{
    Span most = list(f, ENVELOPE, "{\"keyid\":\"\",\"sig\":\"AAAA\"}", 100, "]}");
    Span more = list(f, ENVELOPE, "{\"keyid\":\"\",\"sig\":\"AAAA\"}", 101, "]}");
    g_autoptr(DsseEnvelope) read = dsse_parse(most, error);

    assert_non_null(read);
    g_autoptr(DsseEnvelope) envelope = dsse_parse(more, error);
    return envelope != NULL;
}

/* The most signatures by the most keys, none of which holds: slow is what it must not be. */
static bool
reads_by_keys(Fixture *f, size_t n_keys, GError **error)
{
    Span text = list(f, ENVELOPE, "{\"keyid\":\"\",\"sig\":\"AAAA\"}", 100, "]}");
    g_autoptr(DsseEnvelope) envelope = dsse_parse(text, error);
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)dsse_key_free);
    g_autoptr(GBytes) spki = hex_decode(SPKI_ED25519, NULL);

    assert_non_null(envelope);
    for (size_t i = 0; i < n_keys; i++) {
        g_autoptr(ForeignKey) key = foreign_key_from_spki(span_of_bytes(spki), error);
        g_ptr_array_add(keys, dsse_key_new(NULL, key));
    }
    return dsse_verify_threshold(envelope, keys, 1, DSSE_KEYS_DEFAULT, NULL, error);
}

static bool
reads_by_most_keys(Fixture *f, GError **error)
{
    return reads_by_keys(f, DSSE_KEYS_MAX, error);
}

static bool
reads_by_more_keys(Fixture *f, GError **error)
{
    return reads_by_keys(f, DSSE_KEYS_MAX + 1, error);
}

#define STATEMENT                                                                                  \
    "{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicate\":{},\"predicateType\":\"p\","     \
    "\"subject\":["
static bool
reads_subjects(Fixture *f, GError **error)
{
    /* Above 8 MiB the length would be refused: these are as short as they can be. */
    Span more = list(f, STATEMENT, "{\"name\":\"n\",\"digest\":{\"sha1\":\"aa\"}}",
                     STATEMENT_MAX_SUBJECTS + 1, "]}");
    g_autoptr(Statement) statement = statement_parse_foreign(more, error);

    return statement != NULL;
}

static bool
reads_statement(Fixture *f, GError **error)
{
    g_autoptr(Statement) statement =
        statement_parse_foreign(letters(f, LIMIT_STATEMENT_BYTES + 1), error);
    return statement != NULL;
}

static bool
reads_payload(Fixture *f, GError **error)
{
    g_autoptr(IntotoPayload) payload = intoto_parse(letters(f, LIMIT_STATEMENT_BYTES + 1), error);
    return payload != NULL;
}

static bool
reads_deep_payload(Fixture *f, GError **error)
{
    g_autoptr(IntotoPayload) payload =
        intoto_parse(keep_text(f, g_strnfill(LIMIT_JSON_DEPTH + 1, '[')), error);
    return payload != NULL;
}

static bool
reads_levels(Fixture *f, GError **error)
{
    Span text = list(f,
                     "{\"verifier\":{\"id\":\"v\"},\"timeVerified\":\"2026-01-01T00:00:00Z\","
                     "\"resourceUri\":\"r\",\"policy\":{\"uri\":\"p\"},\"verificationResult\":"
                     "\"PASSED\",\"verifiedLevels\":[",
                     "\"SLSA_BUILD_LEVEL_1\"", VSA_MAX_LEVELS + 1, "]}");
    json_t *predicate = json_parse(text, text.len, error);
    g_autoptr(Statement) statement =
        statement_new("https://slsa.dev/verification_summary/v1", predicate);
    VsaView view;

    return vsa_read(statement, &view, error);
}

static bool
reads_provenances(Fixture *f, GError **error)
{
    Span text = list(f,
                     "{\"image_summary\":{\"digest\":\"sha256:"
                     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"},"
                     "\"provenance_summary\":{\"provenance\":[",
                     "{}", SLSA_GCB_MAX + 1, "]}}");
    g_autoptr(json_t) document = json_parse(text, text.len, error);
    Digest image;
    g_autoptr(GPtrArray) found = slsa_gcb_read(document, &image, error);

    return found != NULL;
}

static bool
reads_ssh_key(Fixture *f, GError **error)
{
    g_autoptr(SshKey) key = ssh_key_parse(letters(f, SSH_KEY_MAX_BYTES + 1), error);
    return key != NULL;
}

static bool
reads_ssh_signers(Fixture *f, GError **error)
{
    g_autoptr(SshSigners) signers = ssh_signers_parse(letters(f, SSH_SIGNERS_MAX_BYTES + 1), error);
    return signers != NULL;
}

static bool
reads_ssh_signer_lines(Fixture *f, GError **error)
{
    static const char line[] =
        "a ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8C"
        "GmjjxwcR\n";
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i <= SSH_SIGNERS_MAX; i++)
        g_string_append(text, line);
    g_autoptr(SshSigners) signers =
        ssh_signers_parse(keep_text(f, g_string_free(text, FALSE)), error);
    return signers != NULL;
}

static bool
reads_decision(Fixture *f, GError **error)
{
    g_autoptr(Decision) decision = decision_parse(letters(f, DECISION_MAX_BYTES + 1), error);
    return decision != NULL;
}

static bool
reads_facts(Fixture *f, GError **error)
{
    g_autoptr(FactsLine) line = facts_line_parse(letters(f, 2 * LIMIT_STATEMENT_BYTES + 1), error);
    return line != NULL;
}

static bool
reads_attestations(Fixture *f, GError **error)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new();
    const AttestationQuestion question = {
        .subject = "x", .algorithm = "sha256", .value = "00", .keys = keys, .threshold = 1
    };
    uint8_t *zeros = g_malloc0(ATTESTATION_MAX_BYTES + 1);

    g_ptr_array_add(f->kept, g_bytes_new_take(zeros, ATTESTATION_MAX_BYTES + 1));
    g_autoptr(VerifyReport) report =
        attestation_verify(span_of(zeros, ATTESTATION_MAX_BYTES + 1), &question);
    const VerifyCheck *check = report->checks->pdata[0];
    error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "%s", check->text);
    return verify_report_result(report) == VERIFY_OK;
}

static bool
reads_attestation_lines(Fixture *f, GError **error)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new();
    const AttestationQuestion question = {
        .subject = "x", .algorithm = "sha256", .value = "00", .keys = keys, .threshold = 1
    };
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i <= ATTESTATION_MAX; i++)
        g_string_append(text, ENVELOPE "{\"keyid\":\"\",\"sig\":\"AAAA\"}]}\n");
    g_autoptr(VerifyReport) report =
        attestation_verify(keep_text(f, g_string_free(text, FALSE)), &question);
    for (guint i = 0; i < report->checks->len; i++) {
        const VerifyCheck *check = report->checks->pdata[i];
        if (i + 1 == report->checks->len)
            error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "%s", check->text);
    }
    return verify_report_result(report) == VERIFY_OK;
}

static bool
reads_image_index(Fixture *f, GError **error)
{
    g_auto(TempDir) dir = { 0 };
    Span index = list(f, "{\"manifests\":[", "{}", SIGSTORE_IMAGE_MAX_MANIFESTS + 1, "]}");

    assert_true(temp_dir_make(&dir, "slipway-test-", error));
    AUTO_FD int fd = dir_open(AT_FDCWD, dir.path, error);
    assert_true(file_write_new(fd, "index.json", index, 0600, error));
    g_autoptr(SigstoreImage) image = sigstore_image_load(fd, "a", error);
    return image != NULL;
}

/* ---- TUF ---- */

#define TUF_ROOT                                                                                   \
    "\"signed\":{\"_type\":\"root\",\"spec_version\":\"1.0\",\"version\":1,"                       \
    "\"expires\":\"2126-01-01T00:00:00Z\",\"roles\":{"                                             \
    "\"root\":{\"keyids\":[],\"threshold\":1},\"timestamp\":{\"keyids\":[],\"threshold\":1},"      \
    "\"snapshot\":{\"keyids\":[],\"threshold\":1},\"targets\":{\"keyids\":[],\"threshold\":1}}"

static bool
reads_root(Fixture *f, GError **error)
{
    g_autoptr(TufSet) set = tuf_set_new(letters(f, TUF_MAX_ROOT_BYTES + 1), 0, error);
    return set != NULL;
}

static bool
reads_root_signatures(Fixture *f, GError **error)
{
    Span text = numbered(f, "{\"signatures\":[", "{\"keyid\":\"#\",\"sig\":\"\"}",
                         TUF_MAX_SIGNATURES + 1, "]," TUF_ROOT ",\"keys\":{}}}");
    g_autoptr(TufSet) set = tuf_set_new(text, 0, error);
    return set != NULL;
}

static bool
reads_root_keys(Fixture *f, GError **error)
{
    Span text = numbered(f, "{\"signatures\":[]," TUF_ROOT ",\"keys\":{",
                         "\"#\":{\"keytype\":\"k\",\"scheme\":\"s\",\"keyval\":{}}",
                         TUF_MAX_KEYS + 1, "}}}");
    g_autoptr(TufSet) set = tuf_set_new(text, 0, error);
    return set != NULL;
}

static const Row rows[] = {
    { "LIMIT_CHECKPOINT_BYTES", "limit", reads_note },
    { "TLOG_POLICY_MAX_BYTES", "limit", reads_policy },
    { "TLOG_POLICY_MAX_LINES", "too many", reads_policy_lines },
    { "TLOG_PROOF_MAX_BYTES", "limit", reads_proof_file },
    { "LIMIT_PROOF_HASHES", "too many", reads_proof_hashes },
    { "MINISIGN_MAX_KEY_BYTES", "limit", reads_minisign_key },
    { "MINISIGN_MAX_BYTES", "limit", reads_minisign },
    { "MINISIGN_MAX_HEAD_BYTES", "too long", reads_minisign_head },
    { "LIMIT_CERTIFICATE_BYTES", "limit", reads_certificate },
    { "LIMIT_CHAIN_CERTIFICATES", "wanted 1 to 8", reads_chain },
    { "LIMIT_CERTIFICATE_SCTS", "more than 16", reads_scts },
    { "LIMIT_TIMESTAMP_BYTES", "longer than", reads_response },
    { "FOREIGN_KEY_MAX_BYTES", "limit", reads_foreign_key },
    { "FOREIGN_KEY_RSA_MAX_BITS", "16384 bits", reads_rsa },
    { "LIMIT_KEY_FILE_BYTES", "limit", reads_pem },
    { "DSSE_MAX_SIGNATURES", "wanted 1 to 100", reads_signatures },
    { "the most signatures and keys", "signed by 0", reads_by_most_keys },
    { "DSSE_KEYS_MAX", "limits are", reads_by_more_keys },
    { "STATEMENT_MAX_SUBJECTS", "too many", reads_subjects },
    { "LIMIT_STATEMENT_BYTES", "longer than the allowed", reads_statement },
    { "LIMIT_STATEMENT_BYTES of a payload", "longer than the allowed", reads_payload },
    { "LIMIT_JSON_DEPTH", "deep", reads_deep_payload },
    { "VSA_MAX_LEVELS", "levels", reads_levels },
    { "SLSA_GCB_MAX", "limit", reads_provenances },
    { "SSH_KEY_MAX_BYTES", "limit", reads_ssh_key },
    { "SSH_SIGNERS_MAX_BYTES", "limit", reads_ssh_signers },
    { "SSH_SIGNERS_MAX", "10000", reads_ssh_signer_lines },
    { "DECISION_MAX_BYTES", "longer than the allowed", reads_decision },
    { "2 * LIMIT_STATEMENT_BYTES of a line of facts", "longer than the allowed", reads_facts },
    { "ATTESTATION_MAX_BYTES", "too large", reads_attestations },
    { "ATTESTATION_MAX", "further ones were not", reads_attestation_lines },
    { "SIGSTORE_IMAGE_MAX_MANIFESTS", "more than 1024", reads_image_index },
    { "TUF_MAX_ROOT_BYTES", "longer than the allowed", reads_root },
    { "TUF_MAX_SIGNATURES", "at most", reads_root_signatures },
    { "TUF_MAX_KEYS", "at most", reads_root_keys },
};

static double
processor_seconds(void)
{
    struct timespec time = { 0 };

    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time), 0);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void
one_more_than_each_limit_is_refused_soon(void **state)
{
    Fixture *f = *state;
    unsigned n_wrong = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        double before = processor_seconds();
        bool ok = rows[i].reads(f, &error);
        double took = processor_seconds() - before;

        test_case("%s: %.3f s, %s", rows[i].limit, took, error != NULL ? error->message : "");
        g_ptr_array_set_size(f->kept, 0);
        assert_false(ok);
        assert_non_null(error);
        if (strstr(error->message, rows[i].says) == NULL)
            print_message("# FAILED: wanted it to say '%s'\n", rows[i].says);
        n_wrong += strstr(error->message, rows[i].says) == NULL;
        assert_true(took < MAX_SECONDS);
    }
    ERR_clear_error();
    assert_int_equal(n_wrong, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_more_than_each_limit_is_refused_soon, setup, teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
