/* SPDX-License-Identifier: Apache-2.0
 * The verifier of Sigstore bundles over a Sigstore of our own (sigstore/make.py beside this file): what
 * holds, and that each thing which does not is found by the check it belongs to. */
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include "base/encoding.h"
#include "base/files.h"
#include "base/limits.h"
#include "testing.h"
#include "verify/sigstore.h"
#include "base/banned.h"

#define NOW_US   INT64_C(1800000000000000) /* January 2027 */
#define IDENTITY "https://example.org/workflow.yml@refs/heads/main"
#define ISSUER   "https://issuer.example.org"
#define ENTRY    "verificationMaterial/tlogEntries/0/"
#define PROOF    ENTRY "inclusionProof/"
#define HASH     "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\""

typedef struct {
    json_t *root;         /* owned */
    GError *error;        /* owned */
    VerifyReport *report; /* owned */
} Fixture;

static json_t *
load(const char *name)
{
    g_autofree char *path = g_build_filename(SIGSTORE_DATA, name, NULL);
    g_autoptr(GBytes) bytes = file_read(AT_FDCWD, path, LIMIT_JSON_BYTES, NULL);
    json_t *json = bytes != NULL ? json_parse(span_of_bytes(bytes), LIMIT_JSON_BYTES, NULL) : NULL;

    if (json == NULL)
        fail_msg("cannot read '%s'", path);
    return json;
}

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->root = load("root.json");
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    json_decref(f->root);
    g_clear_error(&f->error);
    verify_report_free(f->report);
    g_free(f);
    return 0;
}

/* Puts the JSON text @value at @path ("a/0/b"); NULL takes it away; "@NAME" takes the same path of
 * another bundle. */
static void
edit(json_t *json, const char *path, const char *value)
{
    g_auto(GStrv) words = g_strsplit(path, "/", -1);
    g_autofree char *quoted =
        value != NULL && *value != '@' ? g_strdup_printf("[%s]", value) : NULL;
    g_autoptr(json_t) list = quoted != NULL ? json_loads(quoted, 0, NULL) : NULL;
    g_autoptr(json_t) other = value != NULL && *value == '@' ? load(value + 1) : NULL;
    json_t *there = other;
    json_t *at = json;
    size_t last = g_strv_length(words) - 1;

    for (size_t i = 0; i <= last; i++) {
        size_t index = (size_t)g_ascii_strtoull(words[i], NULL, 10);
        there =
            json_is_array(there) ? json_array_get(there, index) : json_object_get(there, words[i]);
        if (i < last) {
            at = json_is_array(at) ? json_array_get(at, index) : json_object_get(at, words[i]);
            continue;
        }
        json_t *new_value = other != NULL  ? json_deep_copy(there)
                            : list != NULL ? json_incref(json_array_get(list, 0))
                                           : NULL;
        if (json_is_array(at) && new_value == NULL)
            json_array_remove(at, index);
        else if (json_is_array(at) && index >= json_array_size(at))
            json_array_append_new(at, new_value);
        else if (json_is_array(at))
            json_array_set_new(at, index, new_value);
        else if (new_value == NULL)
            json_object_del(at, words[i]);
        else
            json_object_set_new(at, words[i], new_value);
    }
}

static X509Key *
load_key(const char *name)
{
    g_autofree char *path = g_strdup_printf("%s/%s.pub", SIGSTORE_DATA, name);
    g_autoptr(GBytes) pem = file_read(AT_FDCWD, path, LIMIT_KEY_FILE_BYTES, NULL);

    return x509_key_from_pem(span_of_bytes(pem), NULL);
}

static SigstoreTrust *
trust_of(Fixture *f)
{
    g_autofree char *text = json_dumps(f->root, 0);

    g_clear_error(&f->error);
    return sigstore_trust_parse(span_of_text(text), &f->error);
}

/* Leaves the report in the fixture. */
static VerifyResult
verify(Fixture *f, const json_t *bundle, const SigstorePolicy *policy, bool has_file)
{
    g_autoptr(SigstoreTrust) trust = trust_of(f);
    g_autofree char *text = json_dumps(bundle, 0);
    AUTO_FD int fd = open(SIGSTORE_DATA "/artifact", O_RDONLY | O_CLOEXEC);
    g_autoptr(GBytes) content = fd_read_all(fd, LIMIT_JSON_BYTES, NULL);
    const SigstoreArtifact artifact = { .sha256 = digest_of(span_of_bytes(content)),
                                        .fd = has_file ? fd : -1 };

    verify_report_free(f->report);
    f->report = trust != NULL
                    ? sigstore_verify_bytes(span_of_text(text), &artifact, trust, policy, NOW_US)
                    : NULL;
    return trust != NULL ? verify_report_result(f->report) : VERIFY_USAGE;
}

static const SigstorePolicy by_certificate = { SIGSTORE_POLICY_INIT, .identity = IDENTITY,
                                               .issuer = ISSUER };

/* The name of the first check that did not hold. */
static const char *
failed_check(const Fixture *f)
{
    for (guint i = 0; f->report != NULL && i < f->report->checks->len; i++) {
        const VerifyCheck *check = f->report->checks->pdata[i];
        if (check->result != VERIFY_OK)
            return check->name;
    }
    return "none";
}

static void
explain(const Fixture *f)
{
    g_autofree char *text = f->report != NULL ? verify_report_text(f->report) : NULL;

    if (text != NULL)
        print_message("# %s", text);
}

static void
every_kind_of_bundle_holds(void **state)
{
    static const char *const names[] = { "message", "envelope", "dsse_v1", "dsse_v2",
                                         "ed25519", "p384",     "rsa" };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *file = g_strconcat(names[i], ".json", NULL);
        g_autoptr(json_t) bundle = load(file);
        g_autoptr(X509Key) key = i >= 4 ? load_key(names[i]) : NULL;
        const SigstorePolicy by_key = { SIGSTORE_POLICY_INIT, .key = key };

        test_case("%s", names[i]);
        VerifyResult result = verify(f, bundle, key != NULL ? &by_key : &by_certificate, true);
        if (result != VERIFY_OK)
            explain(f);
        assert_int_equal(result, VERIFY_OK);
    }
}

static void
a_digest_alone_is_not_enough_where_the_artifact_is_signed_otherwise(void **state)
{
    static const char *const names[] = { "ed25519", "p384" };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *file = g_strconcat(names[i], ".json", NULL);
        g_autoptr(json_t) bundle = load(file);
        g_autoptr(X509Key) key = load_key(names[i]);
        const SigstorePolicy by_key = { SIGSTORE_POLICY_INIT, .key = key };

        test_case("%s", names[i]);
        assert_int_equal(verify(f, bundle, &by_key, false), VERIFY_UNSUPPORTED);
    }
}

typedef struct {
    const char *label;
    const char *bundle;
    const char *path; /* "root:…" edits the trusted root */
    const char *value;
    const char *check; /* that finds it; NULL: the trusted root is refused */
} Row;

static void
run_rows(Fixture *f, const Row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const Row *row = &rows[i];
        g_autoptr(json_t) bundle = load(row->bundle);
        g_autoptr(json_t) root = json_deep_copy(f->root);
        json_t *kept = f->root;

        test_case("%s", row->label);
        f->root = root;
        if (g_str_has_prefix(row->path, "root:"))
            edit(root, row->path + strlen("root:"), row->value);
        else
            edit(bundle, row->path, row->value);
        VerifyResult result = verify(f, bundle, &by_certificate, true);
        f->root = kept;
        assert_int_not_equal(result, VERIFY_OK);
        if (row->check == NULL)
            assert_non_null(f->error);
        else
            assert_string_equal(failed_check(f), row->check);
    }
}

/* What other clients leave out comes first. */
static void
what_the_log_did_not_say_is_found(void **state)
{
    static const Row rows[] = {
        { "another root hash", "message.json", PROOF "rootHash", HASH, "log" },
        { "another tree size", "message.json", PROOF "treeSize", "\"3\"", "log" },
        { "a tree size with the same path", "message.json", PROOF "treeSize", "\"1\"", "log" },
        { "another outer index", "message.json", ENTRY "logIndex", "\"1\"", "log" },
        { "another index in the proof", "message.json", PROOF "logIndex", "\"1\"", "log" },
        { "another log", "message.json", ENTRY "logId/keyId", HASH, "log" },
        { "a known log that did not sign", "message.json", ENTRY "logId", "@dsse_v1.json", "log" },
        { "no hash", "message.json", PROOF "hashes", "[]", "log" },
        { "a hash too many", "message.json", PROOF "hashes/1", HASH, "log" },
        { "no checkpoint", "message.json", PROOF "checkpoint", NULL, "bundle" },
        { "another checkpoint", "message.json", PROOF "checkpoint", "@envelope.json", "log" },
        { "another proof and checkpoint", "message.json", ENTRY "inclusionProof", "@envelope.json",
          "log" },
        { "another entry", "message.json", "verificationMaterial/tlogEntries", "@envelope.json",
          "log" },
        { "no proof", "message.json", ENTRY "inclusionProof", NULL, "bundle" },
        { "another kind", "message.json", ENTRY "kindVersion/kind", "\"dsse\"", "log" },
        { "another version", "message.json", ENTRY "kindVersion/version", "\"0.0.1\"", "log" },
        { "an unknown version", "message.json", ENTRY "kindVersion/version", "\"9.0.0\"",
          "bundle" },
        { "another promised time", "dsse_v1.json", ENTRY "integratedTime", "\"1790000000\"",
          "log" },
        { "another promised index", "dsse_v1.json", ENTRY "logIndex", "\"5001\"", "log" },
        { "an index that nothing speaks of", "dsse_v1.json", ENTRY "inclusionPromise", NULL,
          "log" },
        { "the log's key is over", "message.json", "root:tlogs/1/publicKey/validFor/end",
          "\"2026-02-01T00:00:00Z\"", "log" },
        { "the log's key is not yet", "dsse_v1.json", "root:tlogs/0/publicKey/validFor/start",
          "\"2036-02-01T00:00:00Z\"", "log" },
        { "the log has another name", "message.json", "root:tlogs/1/baseUrl",
          "\"https://log.example.org/tw\"", "log" },
        { "the log has the name of its host", "message.json", "root:tlogs/1/baseUrl",
          "\"https://log.example.org\"", "log" },
        { "the log has another host", "message.json", "root:tlogs/1/baseUrl",
          "\"https://og.example.org/two\"", "log" },
        { "the log's key is called otherwise", "message.json", "root:tlogs/1/publicKey/keyDetails",
          "\"PKIX_ECDSA_P256_SHA_256\"", NULL },
        { "the log's key has no start", "message.json", "root:tlogs/1/publicKey/validFor/start",
          NULL, NULL },
    };

    run_rows(*state, rows, G_N_ELEMENTS(rows));
}

/* The log of message.json signs as "log.example.org/two", that of dsse_v1.json as "rekor.example.org". */
static void
a_log_is_known_by_its_url_without_port_and_path(void **state)
{
    static const struct {
        const char *bundle, *path, *url;
    } rows[] = {
        { "message.json", "tlogs/1/baseUrl", "\"https://log.example.org/two\"" },
        { "message.json", "tlogs/1/baseUrl", "\"https://log.example.org/two/\"" },
        { "message.json", "tlogs/1/baseUrl", "\"http://log.example.org:3003/two\"" },
        { "dsse_v1.json", "tlogs/0/baseUrl", "\"https://V1:3000\"" },
        { "dsse_v1.json", "tlogs/0/baseUrl", "\"https://V1/api/v1\"" },
        { "dsse_v1.json", "tlogs/0/baseUrl", "\"https://V1:3000/api/v1/\"" },
    };
    Fixture *f = *state;
    const char *own = json_string_value(
        json_object_get(json_array_get(json_object_get(f->root, "tlogs"), 0), "baseUrl"));
    g_autofree char *host = g_strdup(strstr(own, "://") + strlen("://"));

    assert_null(strpbrk(host, ":/"));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(json_t) bundle = load(rows[i].bundle);
        g_auto(GStrv) parts = g_strsplit(rows[i].url, "V1", 2);
        g_autofree char *url = g_strjoinv(host, parts);

        test_case("%s of %s", url, rows[i].bundle);
        edit(f->root, rows[i].path, url);
        VerifyResult result = verify(f, bundle, &by_certificate, true);
        if (result != VERIFY_OK)
            explain(f);
        assert_int_equal(result, VERIFY_OK);
    }
}

static void
trusted_roots_of_every_media_type_are_read(void **state)
{
    static const struct {
        const char *type;
        bool ok;
    } rows[] = {
        { "\"application/vnd.dev.sigstore.trustedroot+json;version=0.1\"", true },
        { "\"application/vnd.dev.sigstore.trustedroot.v0.1+json\"", true },
        { "\"application/vnd.dev.sigstore.trustedroot.v0.2+json\"", true },
        { "\"application/vnd.dev.sigstore.trustedroot.v9+json\"", false },
        { "\"application/vnd.dev.sigstore.bundle.v0.3+json\"", false },
        { NULL, false },
    };
    Fixture *f = *state;
    g_autoptr(json_t) bundle = load("message.json");

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        test_case("%s", rows[i].type != NULL ? rows[i].type : "none");
        edit(f->root, "mediaType", rows[i].type);
        assert_int_equal(verify(f, bundle, &by_certificate, true),
                         rows[i].ok ? VERIFY_OK : VERIFY_USAGE);
    }
}

static void
an_entry_twice_is_refused(void **state)
{
    Fixture *f = *state;
    g_autoptr(json_t) bundle = load("message.json");
    json_t *entries =
        json_object_get(json_object_get(bundle, "verificationMaterial"), "tlogEntries");

    json_array_append_new(entries, json_deep_copy(json_array_get(entries, 0)));
    assert_int_equal(verify(f, bundle, &by_certificate, true), VERIFY_NOT_AUTHENTIC);
    assert_string_equal(failed_check(f), "bundle");
}

static void
what_the_signer_did_not_do_is_found(void **state)
{
    static const Row rows[] = {
        { "another signature", "message.json", "messageSignature/signature",
          "\"MEQCIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\"", "timestamp" },
        { "another message digest", "message.json", "messageSignature/messageDigest/digest", HASH,
          "artifact" },
        { "another payload", "envelope.json", "dsseEnvelope/payload", "\"e30=\"", "log" },
        { "another payload type", "envelope.json", "dsseEnvelope/payloadType", "\"text/plain\"",
          "log" },
        { "another payload under dsse", "dsse_v2.json", "dsseEnvelope/payload", "\"e30=\"", "log" },
        { "two signatures", "envelope.json", "dsseEnvelope/signatures/1", "{\"sig\":\"AAAA\"}",
          "bundle" },
        { "no signature", "envelope.json", "dsseEnvelope/signatures", "[]", "bundle" },
        { "a message and an envelope", "envelope.json", "messageSignature", "@message.json",
          "bundle" },
        { "a certificate and a key", "message.json", "verificationMaterial/publicKey",
          "{\"hint\":\"a\"}", "bundle" },
        { "a chain in v0.3", "message.json", "verificationMaterial/x509CertificateChain",
          "{\"certificates\":[]}", "bundle" },
        { "no timestamp", "message.json", "verificationMaterial/timestampVerificationData", NULL,
          "time" },
        { "a timestamp over another signature", "message.json",
          "verificationMaterial/timestampVerificationData", "@envelope.json", "timestamp" },
        { "a timestamp that is none", "message.json",
          "verificationMaterial/timestampVerificationData/rfc3161Timestamps/1", "null", "bundle" },
        { "an unknown media type", "message.json", "mediaType",
          "\"application/vnd.dev.sigstore.bundle.v0.4+json\"", "bundle" },
        { "the authority of certificates is over", "message.json",
          "root:certificateAuthorities/0/validFor/end", "\"2026-02-01T00:00:00Z\"", "certificate" },
        { "the authority of timestamps is over", "message.json",
          "root:timestampAuthorities/0/validFor/end", "\"2026-02-01T00:00:00Z\"", "timestamp" },
        { "the authority of timestamps is unknown", "message.json", "root:timestampAuthorities",
          "[]", "timestamp" },
        { "a time-stamp authority issues no certificates", "message.json",
          "root:certificateAuthorities", "[]", "certificate" },
        { "the CT log is over", "message.json", "root:ctlogs/0/publicKey/validFor/end",
          "\"2026-02-01T00:00:00Z\"", "transparency" },
        { "the CT log is another", "message.json", "root:ctlogs/0/logId/keyId", HASH,
          "transparency" },
    };

    run_rows(*state, rows, G_N_ELEMENTS(rows));
}

static void
a_timestamp_twice_is_refused(void **state)
{
    Fixture *f = *state;
    g_autoptr(json_t) bundle = load("message.json");
    json_t *stamps =
        json_object_get(json_object_get(json_object_get(bundle, "verificationMaterial"),
                                        "timestampVerificationData"),
                        "rfc3161Timestamps");

    json_array_append_new(stamps, json_deep_copy(json_array_get(stamps, 0)));
    assert_int_equal(verify(f, bundle, &by_certificate, true), VERIFY_NOT_AUTHENTIC);
    assert_string_equal(failed_check(f), "bundle");
}

/* Base64 with one bit of byte @at changed. Owned. */
static char *
flipped(const char *text, size_t at)
{
    g_autoptr(GBytes) bytes = base64_decode(text, NULL);
    gsize len = 0;
    g_autofree uint8_t *data = g_bytes_unref_to_data(g_steal_pointer(&bytes), &len);

    data[at % len] ^= 1;
    return base64_encode(span_of(data, len));
}

/* Nobody signs the frame of a token: the same one in another frame is still the same. */
static void
a_timestamp_twice_in_two_frames_is_refused(void **state)
{
    Fixture *f = *state;
    g_autoptr(json_t) bundle = load("message.json");
    json_t *stamps =
        json_object_get(json_object_get(json_object_get(bundle, "verificationMaterial"),
                                        "timestampVerificationData"),
                        "rfc3161Timestamps");
    g_autofree char *kept =
        g_strdup(json_string_value(json_object_get(json_array_get(stamps, 0), "signedTimestamp")));
    size_t at = 0;

    for (; at < 2000; at++) { /* a byte that nothing depends on */
        g_autofree char *other = flipped(kept, at);
        json_object_set_new(json_array_get(stamps, 0), "signedTimestamp", json_string(other));
        if (verify(f, bundle, &by_certificate, true) == VERIFY_OK)
            break;
    }
    print_message("# byte %zu is free\n", at);
    assert_int_equal(verify(f, bundle, &by_certificate, true), VERIFY_OK);
    json_array_append_new(stamps, json_pack("{s:s}", "signedTimestamp", kept));
    assert_int_equal(verify(f, bundle, &by_certificate, true), VERIFY_NOT_AUTHENTIC);
    assert_string_equal(failed_check(f), "timestamp");
}

static void
only_who_was_demanded_is_accepted(void **state)
{
    static const struct {
        const char *label;
        SigstorePolicy policy;
        VerifyResult result;
    } rows[] = {
        { "another identity",
          { SIGSTORE_POLICY_INIT, .identity = "a", .issuer = ISSUER },
          VERIFY_POLICY },
        { "another issuer",
          { SIGSTORE_POLICY_INIT, .identity = IDENTITY, .issuer = "a" },
          VERIFY_POLICY },
        { "nobody", { SIGSTORE_POLICY_INIT, .issuer = ISSUER }, VERIFY_POLICY },
        { "no issuer", { SIGSTORE_POLICY_INIT, .identity = IDENTITY }, VERIFY_POLICY },
        { "a pattern",
          { SIGSTORE_POLICY_INIT, .identity_pattern = "https://example\\.org/.*",
            .issuer_pattern = "https://(issuer|other)\\.example\\.org" },
          VERIFY_OK },
        { "a pattern that fits a part",
          { SIGSTORE_POLICY_INIT, .identity_pattern = "example\\.org", .issuer = ISSUER },
          VERIFY_POLICY },
        { "a pattern that is none",
          { SIGSTORE_POLICY_INIT, .identity_pattern = "(", .issuer = ISSUER },
          VERIFY_USAGE },
        { "two logs",
          { .logs = 2, .timestamps = 1, .transparency = 1, .identity = IDENTITY, .issuer = ISSUER },
          VERIFY_POLICY },
        { "two times",
          { .logs = 1, .timestamps = 2, .transparency = 1, .identity = IDENTITY, .issuer = ISSUER },
          VERIFY_NOT_AUTHENTIC },
        { "two CT logs",
          { .logs = 1, .timestamps = 1, .transparency = 2, .identity = IDENTITY, .issuer = ISSUER },
          VERIFY_NOT_AUTHENTIC },
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(json_t) bundle = load("message.json");
        test_case("%s", rows[i].label);
        assert_int_equal(verify(f, bundle, &rows[i].policy, true), rows[i].result);
    }
}

static void
the_certificate_must_say_what_is_claimed(void **state)
{
    static const struct {
        SigstoreClaim claim;
        VerifyResult result;
    } rows[] = {
        { { "github-workflow-ref", "refs/heads/main" }, VERIFY_OK },
        { { "source-repository-uri", "https://example.org/app" }, VERIFY_OK },
        { { "source-repository-uri", "https://example.org/ap" }, VERIFY_POLICY },
        { { "source-repository-ref", "refs/heads/main" }, VERIFY_POLICY }, /* it does not say */
        { { "no-such-claim", "a" }, VERIFY_USAGE },
    };
    Fixture *f = *state;
    g_autoptr(json_t) bundle = load("message.json");

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const SigstorePolicy policy = { SIGSTORE_POLICY_INIT, .identity = IDENTITY,
                                        .issuer = ISSUER, .claims = &rows[i].claim, .n_claims = 1 };
        test_case("%s=%s", rows[i].claim.name, rows[i].claim.value);
        assert_int_equal(verify(f, bundle, &policy, true), rows[i].result);
    }
}

static TlogPolicy *
load_policy(const char *name)
{
    g_autofree char *path = g_build_filename(SIGSTORE_DATA, name, NULL);
    g_autoptr(GBytes) text = file_read(AT_FDCWD, path, TLOG_POLICY_MAX_BYTES, NULL);

    return tlog_policy_parse(span_of_bytes(text), NULL);
}

static void
witnesses_are_counted_where_they_are_demanded(void **state)
{
    Fixture *f = *state;
    g_autoptr(TlogPolicy) witnesses = load_policy("witness.policy");
    g_autoptr(json_t) bundle = load("message.json");
    json_t *checkpoint = json_object_get(
        json_object_get(
            json_array_get(
                json_object_get(json_object_get(bundle, "verificationMaterial"), "tlogEntries"), 0),
            "inclusionProof"),
        "checkpoint");
    const SigstorePolicy policy = { SIGSTORE_POLICY_INIT, .identity = IDENTITY, .issuer = ISSUER,
                                    .witnesses = witnesses };

    assert_non_null(witnesses);
    assert_int_equal(verify(f, bundle, &policy, true), VERIFY_OK);

    g_autofree char *note = g_strdup(json_string_value(json_object_get(checkpoint, "envelope")));
    *strstr(note, "\xe2\x80\x94 witness") = '\0'; /* the last line */
    json_object_set_new(checkpoint, "envelope", json_string(note));
    assert_int_equal(verify(f, bundle, &by_certificate, true), VERIFY_OK);
    assert_int_equal(verify(f, bundle, &policy, true), VERIFY_POLICY);
    assert_string_equal(failed_check(f), "witnesses");
}

static void
a_key_does_not_stand_for_a_certificate(void **state)
{
    Fixture *f = *state;
    g_autoptr(json_t) by_cert = load("message.json");
    g_autoptr(json_t) by_key = load("ed25519.json");
    g_autoptr(X509Key) key = load_key("ed25519");
    g_autoptr(X509Key) other = load_key("rsa");
    const SigstorePolicy policy = { SIGSTORE_POLICY_INIT, .key = key };
    const SigstorePolicy wrong = { SIGSTORE_POLICY_INIT, .key = other };

    assert_int_equal(verify(f, by_cert, &policy, true), VERIFY_POLICY);
    assert_int_equal(verify(f, by_key, &by_certificate, true), VERIFY_POLICY);
    assert_int_equal(verify(f, by_key, &wrong, true), VERIFY_NOT_AUTHENTIC);
}

static void
a_signature_of_the_future_is_refused(void **state)
{
    Fixture *f = *state;
    g_autoptr(SigstoreTrust) trust = trust_of(f);
    g_autoptr(json_t) bundle = load("message.json");
    g_autofree char *text = json_dumps(bundle, 0);
    const SigstoreArtifact artifact = { .fd = -1 };

    f->report = sigstore_verify_bytes(span_of_text(text), &artifact, trust, &by_certificate, 0);
    assert_int_equal(verify_report_result(f->report), VERIFY_NOT_AUTHENTIC);
}

/* Puts @n copies of the first member of the list at @path into it. */
static json_t *
with_many(const char *name, const char *path, size_t n)
{
    json_t *bundle = load(name);
    g_auto(GStrv) words = g_strsplit(path, "/", -1);
    json_t *list = bundle;

    for (size_t i = 0; words[i] != NULL; i++)
        list = json_is_array(list)
                   ? json_array_get(list, (size_t)g_ascii_strtoull(words[i], NULL, 10))
                   : json_object_get(list, words[i]);
    while (json_array_size(list) < n)
        json_array_append_new(list, json_deep_copy(json_array_get(list, 0)));
    return bundle;
}

static void
each_limit_is_named_and_holds(void **state)
{
    static const struct {
        const char *label;
        const char *path;
        size_t n;
    } rows[] = {
        { "log entries", "verificationMaterial/tlogEntries", LIMIT_BUNDLE_ENTRIES + 1 },
        { "timestamps", "verificationMaterial/timestampVerificationData/rfc3161Timestamps",
          LIMIT_BUNDLE_TIMESTAMPS + 1 },
        { "hashes of a proof", PROOF "hashes", LIMIT_PROOF_HASHES + 1 },
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(json_t) bundle = with_many("message.json", rows[i].path, rows[i].n);
        g_autofree char *text = json_dumps(bundle, 0);

        test_case("%s", rows[i].label);
        g_autoptr(SigstoreBundle) parsed = sigstore_bundle_parse(span_of_text(text), &f->error);
        assert_null(parsed);
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
        g_clear_error(&f->error);
    }
}

/* Base64 of @n bytes in quotes. Owned. */
static char *
base64_of(size_t n)
{
    g_autofree uint8_t *data = g_malloc(n);

    memset(data, 0x5a, n);
    g_autofree char *text = base64_encode(span_of(data, n));
    return g_strdup_printf("\"%s\"", text);
}

static void
each_length_in_a_bundle_is_limited(void **state)
{
    static const struct {
        const char *label, *bundle, *path;
        size_t limit;
    } rows[] = {
        { "a log entry", "message.json", ENTRY "canonicalizedBody", LIMIT_BUNDLE_BODY_BYTES },
        { "a promise", "dsse_v1.json", ENTRY "inclusionPromise/signedEntryTimestamp",
          LIMIT_BUNDLE_SIGNATURE_BYTES },
        { "a signature", "message.json", "messageSignature/signature",
          LIMIT_BUNDLE_SIGNATURE_BYTES },
        { "a timestamp", "message.json",
          "verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp",
          LIMIT_TIMESTAMP_BYTES },
        { "a certificate", "message.json", "verificationMaterial/certificate/rawBytes",
          LIMIT_CERTIFICATE_BYTES },
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        /* Megabytes are refused only: taking them says no more, and costs seconds. */
        for (size_t more = rows[i].limit > (1u << 20) ? 1 : 0; more <= 1; more++) {
            g_autoptr(json_t) bundle = load(rows[i].bundle);
            g_autofree char *value = base64_of(rows[i].limit + more);
            edit(bundle, rows[i].path, value);
            g_autofree char *text = json_dumps(bundle, 0);

            test_case("%s of %zu bytes", rows[i].label, rows[i].limit + more);
            g_autoptr(SigstoreBundle) parsed = sigstore_bundle_parse(span_of_text(text), &f->error);
            assert_true((parsed == NULL) == (more == 1));
            if (more == 1)
                assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
            g_clear_error(&f->error);
        }
    }
}

static void
each_list_in_a_trusted_root_is_limited(void **state)
{
    static const struct {
        const char *path;
        size_t limit;
    } rows[] = {
        { "tlogs", LIMIT_TRUSTED_ROOT_ITEMS },
        { "ctlogs", LIMIT_TRUSTED_ROOT_ITEMS },
        { "certificateAuthorities", LIMIT_TRUSTED_ROOT_ITEMS },
        { "timestampAuthorities", LIMIT_TRUSTED_ROOT_ITEMS },
        { "certificateAuthorities/0/certChain/certificates", LIMIT_CHAIN_CERTIFICATES },
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (size_t more = 0; more <= 1; more++) {
            g_autoptr(json_t) root = with_many("root.json", rows[i].path, rows[i].limit + more);
            g_autofree char *text = json_dumps(root, 0);

            test_case("%zu of %s", rows[i].limit + more, rows[i].path);
            g_autoptr(SigstoreTrust) trust = sigstore_trust_parse(span_of_text(text), &f->error);
            assert_true((trust == NULL) == (more == 1));
            if (more == 1)
                assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
            g_clear_error(&f->error);
        }
    }
    g_autofree char *spaces = g_strnfill(LIMIT_TRUSTED_ROOT_BYTES + 1, ' ');
    g_autoptr(SigstoreTrust) trust = sigstore_trust_parse(span_of_text(spaces), &f->error);
    assert_null(trust);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
}

#define SUBJECTS_ARTIFACT_BYTES (INT64_C(16) << 20)
#define SUBJECTS_MAX_SECONDS    4.0 /* of processor time; reading it for each of 400 takes minutes */

/* The statement names 400 files by their SHA-512, none of them this one. */
static void
many_subjects_read_the_artifact_once(void **state)
{
    Fixture *f = *state;
    AUTO_FD int fd = memfd_create("artifact", MFD_CLOEXEC);
    g_autoptr(json_t) bundle = load("engine/subjects.json");
    g_autofree char *text = json_dumps(bundle, 0);
    g_autoptr(X509Key) key = load_key("engine/engine");
    const SigstorePolicy policy = { SIGSTORE_POLICY_INIT, .key = key };
    const SigstoreArtifact artifact = { .fd = fd }; /* nobody asks for its SHA-256 */

    assert_int_equal(ftruncate(fd, SUBJECTS_ARTIFACT_BYTES), 0);
    json_decref(f->root);
    f->root = load("engine/root.json");
    g_autoptr(SigstoreTrust) trust = trust_of(f);
    clock_t before = clock();
    f->report = sigstore_verify_bytes(span_of_text(text), &artifact, trust, &policy, NOW_US);
    double took = (double)(clock() - before) / CLOCKS_PER_SEC;
    assert_string_equal(failed_check(f), "artifact");
    assert_true(took < SUBJECTS_MAX_SECONDS);
}

static void
depth_and_length_are_refused_before_parsing(void **state)
{
    Fixture *f = *state;
    g_autofree char *deep = g_strnfill(LIMIT_JSON_DEPTH + 1, '[');
    g_autofree char *own = g_malloc0((size_t)LIMIT_BUNDLE_BYTES + 1);

    g_autoptr(SigstoreBundle) first = sigstore_bundle_parse(span_of_text(deep), &f->error);
    assert_null(first);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
    g_clear_error(&f->error);
    g_autoptr(SigstoreBundle) second =
        sigstore_bundle_parse(span_of(own, (size_t)LIMIT_BUNDLE_BYTES + 1), &f->error);
    assert_null(second);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_kind_of_bundle_holds, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_digest_alone_is_not_enough_where_the_artifact_is_signed_otherwise, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_log_did_not_say_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_is_known_by_its_url_without_port_and_path, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(trusted_roots_of_every_media_type_are_read, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_entry_twice_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_signer_did_not_do_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_timestamp_twice_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_timestamp_twice_in_two_frames_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(only_who_was_demanded_is_accepted, setup, teardown),
        cmocka_unit_test_setup_teardown(the_certificate_must_say_what_is_claimed, setup, teardown),
        cmocka_unit_test_setup_teardown(witnesses_are_counted_where_they_are_demanded, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_key_does_not_stand_for_a_certificate, setup, teardown),
        cmocka_unit_test_setup_teardown(a_signature_of_the_future_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(each_limit_is_named_and_holds, setup, teardown),
        cmocka_unit_test_setup_teardown(each_length_in_a_bundle_is_limited, setup, teardown),
        cmocka_unit_test_setup_teardown(each_list_in_a_trusted_root_is_limited, setup, teardown),
        cmocka_unit_test_setup_teardown(many_subjects_read_the_artifact_once, setup, teardown),
        cmocka_unit_test_setup_teardown(depth_and_length_are_refused_before_parsing, setup,
                                        teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
