/* SPDX-License-Identifier: Apache-2.0
 * test_slsa: published provenance of GitHub and Google Cloud Build, tampered and not, and what may
 * be asked of it. */
#include <openssl/pem.h>
#include <openssl/x509.h>
#include "attest_fixture.h"
#include "../proof/vectors.h"
#include "attest/intoto.h"
#include "attest/slsa.h"
#include "attest/slsa_gcb.h"
#include "base/banned.h"

#define GENERATOR "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/"
#define EXAMPLE   "github.com/slsa-framework/example-package"

typedef struct {
    const char *file;
    SlsaRule rule;
    const char *wanted;
    bool met;
} Rule;

#define V14     "gha_generic/v1.10.0/binary-linux-amd64-push-v14.intoto.jsonl"
#define V14_2   "gha_generic/v1.2.2/binary-linux-amd64-push-v14.2.intoto.jsonl"
#define V14_2B  "gha_generic/v2.1.0/binary-linux-amd64-push-v14.2.intoto.jsonl"
#define BY_HAND "gha_generic/v1.10.0/binary-linux-amd64-workflow_dispatch.intoto.jsonl"
#define BY_GO   "binary-linux-amd64-e2e-builder-repo.intoto.jsonl"
#define MULTI   "binary-linux-amd64-multi-subject-first.intoto.jsonl"

static const Rule rules[] = {
    { V14, SLSA_RULE_SOURCE, EXAMPLE, true },
    { V14, SLSA_RULE_SOURCE, "git+https://" EXAMPLE ".git", true },
    { V14, SLSA_RULE_SOURCE, "github.com/slsa-framework/example", false },
    { V14, SLSA_RULE_SOURCE, "github.com/slsa-framework/example-packages", false },
    { V14, SLSA_RULE_TAG, "v14", true },
    { V14, SLSA_RULE_TAG, "v14.2", false },
    { V14, SLSA_RULE_BRANCH, "main", true }, /* the branch the tag was pushed from */
    { V14, SLSA_RULE_BRANCH, "dev", false },
    { V14, SLSA_RULE_VERSIONED_TAG, "v14", true },
    { V14, SLSA_RULE_VERSIONED_TAG, "v14.0.0", false }, /* the tag does not say so much */
    { V14, SLSA_RULE_VERSIONED_TAG, "v15", false },
    { V14, SLSA_RULE_BUILDER, GENERATOR "generator_generic_slsa3.yml", true },
    { V14, SLSA_RULE_BUILDER, GENERATOR "generator_generic_slsa3.yml@refs/tags/v1.10.0", true },
    { V14, SLSA_RULE_BUILDER, GENERATOR "generator_generic_slsa3.yml@refs/tags/v1.9.0", false },
    { V14, SLSA_RULE_BUILDER, GENERATOR "builder_go_slsa3.yml", false },
    { V14, SLSA_RULE_BUILDER, GENERATOR "generator_generic_slsa3", false },
    { V14, SLSA_RULE_COMMIT, "d37a7f740ee7404914456f24dcd90e865a0509e8", true },
    { V14, SLSA_RULE_WORKFLOW,
      ".github/workflows/verifier-e2e.all.workflow_dispatch.main.all.slsa3.yml", true },
    { V14_2, SLSA_RULE_TAG, "refs/tags/v14.2", true },
    { V14_2, SLSA_RULE_TAG, "v14", false },
    { V14_2, SLSA_RULE_VERSIONED_TAG, "v14", true },
    { V14_2, SLSA_RULE_VERSIONED_TAG, "v14.2", true },
    { V14_2, SLSA_RULE_VERSIONED_TAG, "v14.1", false },
    { V14_2, SLSA_RULE_VERSIONED_TAG, "14.2", false },
    { V14_2B, SLSA_RULE_VERSIONED_TAG, "v14.2", true },
    { V14_2B, SLSA_RULE_SOURCE, "https://" EXAMPLE "/", true },
    { BY_HAND, SLSA_RULE_BRANCH, "refs/heads/main", true },
    { BY_HAND, SLSA_RULE_TAG, "v14", false },
    { BY_HAND, SLSA_RULE_VERSIONED_TAG, "v14", false },
    { BY_HAND, SLSA_RULE_INPUT, "nothing=here", false },
    { BY_GO, SLSA_RULE_BUILDER, GENERATOR "builder_go_slsa3.yml", true },
    { BY_GO, SLSA_RULE_BUILD_TYPE, "https://github.com/slsa-framework/slsa-github-generator/go@v1",
      true },
    { BY_GO, SLSA_RULE_BRANCH, "main", true },
    { MULTI, SLSA_RULE_SOURCE, EXAMPLE, true },
};

static const json_t *
envelope_json(Vectors *v, const char *path)
{
    const json_t *object = vectors_read_json(v, path);
    const json_t *inner = json_object_get(object, "dsseEnvelope");

    return inner != NULL ? inner : object;
}

/* The certificate beside the signature, or in the bundle; its chain is another's question. */
static ForeignKey *
key_of_certificate(Vectors *v, const json_t *envelope)
{
    const json_t *first = json_array_get(json_object_get(envelope, "signatures"), 0);
    const char *pem = json_string_value(json_object_get(first, "cert"));
    const json_t *material = json_object_get(v->json, "verificationMaterial");
    const char *raw =
        json_string_value(json_object_get(json_object_get(material, "certificate"), "rawBytes"));
    g_autoptr(GBytes) der = raw != NULL ? base64_decode(raw, NULL) : NULL;
    Span span = der != NULL ? span_of_bytes(der) : span_of_text(pem);
    BIO *bio = BIO_new_mem_buf(span.data, (int)span.len);
    X509 *cert = der != NULL ? d2i_X509_bio(bio, NULL) : PEM_read_bio_X509(bio, NULL, NULL, NULL);
    unsigned char *spki = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki);
    ForeignKey *key = foreign_key_from_spki(span_of(spki, (size_t)len), &v->error);

    OPENSSL_free(spki);
    X509_free(cert);
    BIO_free(bio);
    assert_no_gerror(v->error);
    return key;
}

static bool
signed_by(const DsseEnvelope *envelope, const ForeignKey *key)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)dsse_key_free);

    g_ptr_array_add(keys, dsse_key_new(NULL, key));
    return dsse_verify_threshold(envelope, keys, 1, DSSE_KEYS_DEFAULT, NULL, NULL);
}

/* Every envelope is read, is signed by its certificate, and is not with a byte changed. */
static void
published_provenance_is_signed_and_read(void **state)
{
    Vectors *v = *state;

    vectors_open(v, "intoto-slsa");
    vectors_list(v, ".", ".intoto.jsonl");
    for (guint i = 0; i < v->paths->len; i++) {
        const char *path = v->paths->pdata[i];
        const json_t *json = envelope_json(v, path);
        g_autoptr(DsseEnvelope) envelope = dsse_from_json(json, &v->error);
        assert_no_gerror(v->error);
        g_autoptr(IntotoPayload) payload =
            intoto_parse(span_of_bytes(envelope->payload), &v->error);
        assert_no_gerror(v->error);
        g_autoptr(SlsaProvenance) provenance = slsa_read(payload->statement, &v->error);
        assert_no_gerror(v->error);
        g_autoptr(ForeignKey) key = key_of_certificate(v, json);
        vectors_case(v, path, signed_by(envelope, key) && provenance->source != NULL);
        GBytes *changed =
            g_bytes_new_from_bytes(envelope->payload, 0, g_bytes_get_size(envelope->payload) - 1);
        g_bytes_unref(envelope->payload);
        envelope->payload = changed;
        vectors_case(v, path, !signed_by(envelope, key));
    }
    vectors_done(v, 14);
}

static SlsaProvenance *
read_file(Vectors *v, const char *path)
{
    g_autoptr(DsseEnvelope) envelope = dsse_from_json(envelope_json(v, path), &v->error);
    assert_no_gerror(v->error);
    g_autoptr(IntotoPayload) payload = intoto_parse(span_of_bytes(envelope->payload), &v->error);
    assert_no_gerror(v->error);
    SlsaProvenance *provenance = slsa_read(payload->statement, &v->error);
    assert_no_gerror(v->error);
    return provenance;
}

static void
published_provenance_meets_rules(void **state)
{
    Vectors *v = *state;

    vectors_open(v, "intoto-slsa");
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        g_autoptr(SlsaProvenance) provenance = read_file(v, rules[i].file);
        g_autofree char *name = g_strdup_printf("%s: %s %s", rules[i].file,
                                                slsa_rule_name(rules[i].rule), rules[i].wanted);
        bool met = slsa_check(provenance, rules[i].rule, rules[i].wanted, &v->error);
        if (v->error != NULL)
            print_message("# %s: %s\n", name, v->error->message);
        g_clear_error(&v->error);
        vectors_case(v, name, met == rules[i].met);
    }
    vectors_done(v, G_N_ELEMENTS(rules));
}

/* The public key of Cloud Build in us-west2 (slsa-verifier, Apache-2.0, publishes them all). */
static const char us_west2[] = "-----BEGIN PUBLIC KEY-----\n"
                               "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEw/gdczl7qDD4ww9B6WmJ6++/hQ5S\n"
                               "mdw/1RBcwNNQE9qN0O+DilRE9/AjH7OvJUhNznOzEzH7mFq5mNdmUjYlXg==\n"
                               "-----END PUBLIC KEY-----\n";

static const struct {
    const char *name;
    bool good;
} images[] = {
    { "gcloud-container-github.json", true },
    { "gcloud-container-multiple-signatures-2ndvalid.json", true },
    { "gcloud-container-empty-keyid.json", false },
    { "gcloud-container-no-keyid.json", false },
    { "gcloud-container-empty-signature-region.json", false },
    { "gcloud-container-invalid-signature-region.json", false },
    { "gcloud-container-mismatch-metadata-urisha256.json", false },
    { "gcloud-container-mismatch-payload-digest.json", false },
    { "gcloud-container-mismatch-text-digest.json", false },
    { "gcloud-container-mismatch-text-steps.json", false },
};

static bool
image_is_good(Vectors *v, const char *path, const GPtrArray *keys, const Digest *wanted)
{
    Digest image = { 0 };
    const json_t *document = vectors_read_json(v, path);
    g_autoptr(GPtrArray) list = slsa_gcb_read(document, &image, &v->error);
    assert_no_gerror(v->error);

    assert_true(slsa_gcb_is_one(document));
    return list->len == 1 && digest_equal(&image, wanted) &&
           slsa_gcb_verify(list->pdata[0], keys, wanted, NULL);
}

static Digest
read_digest(Vectors *v, const char *path)
{
    g_autoptr(GBytes) text = vectors_read(v, path);
    g_autofree char *word = g_strndup(g_bytes_get_data(text, NULL), g_bytes_get_size(text));
    Digest digest = { 0 };

    assert_true(digest_from_string(g_strstrip(word), &digest, &v->error));
    return digest;
}

static void
images_of_cloud_build_are_judged_as_named(void **state)
{
    Vectors *v = *state;

    vectors_open(v, "intoto-slsa/gcb_container/v0.3");
    g_autoptr(ForeignKey) key = foreign_key_parse(span_of_text(us_west2), &v->error);
    g_autofree char *keyid = slsa_gcb_keyid("us-west2");
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)dsse_key_free);
    g_ptr_array_add(keys, dsse_key_new(keyid, key));
    Digest wanted = read_digest(v, "gcloud-container-github.digest");
    Digest other = read_digest(v, "gcloud-container-github-tag.digest");
    for (size_t i = 0; i < G_N_ELEMENTS(images); i++)
        vectors_case(v, images[i].name,
                     image_is_good(v, images[i].name, keys, &wanted) == images[i].good);
    vectors_case(v, "another image", !image_is_good(v, images[0].name, keys, &other));
    vectors_list(v, ".", ".json"); /* no case of the folder is left out */
    assert_int_equal(v->paths->len, G_N_ELEMENTS(images));
    vectors_done(v, G_N_ELEMENTS(images));
}

static void
cloud_build_provenance_meets_rules(void **state)
{
    static const Rule asked[] = {
        { "", SLSA_RULE_SOURCE, "github.com/laurentsimon/gcb-tests", true },
        { "", SLSA_RULE_SOURCE, "github.com/laurentsimon/gcb-test", false },
        { "", SLSA_RULE_TAG, "v39", true },
        { "", SLSA_RULE_BRANCH, "main", false },
        { "", SLSA_RULE_BUILDER, "https://cloudbuild.googleapis.com/GoogleHostedWorker", true },
        { "", SLSA_RULE_BUILDER, "https://cloudbuild.googleapis.com/GoogleHostedWorker@v0.2",
          false },
        { "", SLSA_RULE_COMMIT, "01ce393d04eb6df2a7b2b3e95d4126e687afb7ae", true },
    };
    Vectors *v = *state;
    Digest image;

    vectors_open(v, "intoto-slsa/gcb_container/v0.3");
    g_autoptr(GPtrArray) list =
        slsa_gcb_read(vectors_read_json(v, "gcloud-container-github.json"), &image, &v->error);
    assert_no_gerror(v->error);
    const SlsaGcb *first = list->pdata[0];
    g_autoptr(IntotoPayload) payload =
        intoto_parse(span_of_bytes(first->envelope->payload), &v->error);
    assert_no_gerror(v->error);
    g_autoptr(SlsaProvenance) provenance = slsa_read(payload->statement, &v->error);
    assert_no_gerror(v->error);
    for (size_t i = 0; i < G_N_ELEMENTS(asked); i++)
        vectors_case(v, asked[i].wanted,
                     slsa_check(provenance, asked[i].rule, asked[i].wanted, NULL) == asked[i].met);
    vectors_done(v, G_N_ELEMENTS(asked));
}

static void
statements_of_another_version_are_refused(void **state)
{
    Vectors *v = *state;

    vectors_open(v, "intoto-slsa/gcb-v0.1/testdata");
    g_autoptr(GBytes) text = vectors_read(v, "gcloud-container-invalid-intotoheader.json");
    assert_null(intoto_parse(span_of_bytes(text), &v->error));
    assert_gerror(v->error, BASE_ERROR, BASE_ERROR_INVALID);
}

/* Cloud Build's parameters in provenance v1: built from a branch, by no tag. */
static void
cloud_build_v1_tells_the_branch(void **state)
{
    Vectors *v = *state;

    vectors_open(v, "intoto-slsa/gcb-v1.0/testdata");
    json_t *internal = json_incref((json_t *)vectors_read_json(v, "internalParameters.json"));
    g_autoptr(Statement) statement = statement_new(
        "https://slsa.dev/provenance/v1",
        json_pack("{s:{s:s, s:{}, s:o}, s:{s:{s:s}}}", "buildDefinition", "buildType", "t",
                  "externalParameters", "internalParameters", internal, "runDetails", "builder",
                  "id", "https://cloudbuild.googleapis.com/GoogleHostedWorker"));
    g_autoptr(SlsaProvenance) provenance = slsa_read(statement, &v->error);
    assert_no_gerror(v->error);
    vectors_case(v, "branch", slsa_check(provenance, SLSA_RULE_BRANCH, "main", NULL));
    vectors_case(v, "no tag", !slsa_check(provenance, SLSA_RULE_TAG, "main", NULL));
    vectors_done(v, 2);
}

static SlsaProvenance *
read_quoted(Fixture *f, const char *type, const char *predicate)
{
    Statement *statement = keep(f, statement_new(type, json_incref(json_of(f, predicate))),
                                (GDestroyNotify)statement_free);

    return keep(f, slsa_read(statement, &f->error), (GDestroyNotify)slsa_free);
}

#define V1   "https://slsa.dev/provenance/v1"
#define V0_2 "https://slsa.dev/provenance/v0.2"

static void
provenance_v1_is_read(void **state)
{
    Fixture *f = *state;
    SlsaProvenance *self = read_quoted(
        f, V1,
        "{'buildDefinition':{'buildType':'https://actions.github.io/buildtypes/workflow/v1',"
        "'externalParameters':{'workflow':{'ref':'refs/tags/v1.2.3-rc.1','path':'.github/w.yml',"
        "'repository':'https://github.com/acme/cli'},'inputs':{'level':3,'who':'x'}},"
        "'resolvedDependencies':[{'uri':'https://img'},{'uri':"
        "'git+https://github.com/acme/cli@refs/tags/v1.2.3-rc.1','digest':{'gitCommit':'ab'}}]},"
        "'runDetails':{'builder':{'id':'https://github.com/actions/runner/github-hosted'}}}");

    assert_no_gerror(f->error);
    assert_true(slsa_check(self, SLSA_RULE_SOURCE, "github.com/acme/cli", &f->error));
    assert_true(slsa_check(self, SLSA_RULE_TAG, "v1.2.3-rc.1", &f->error));
    assert_true(slsa_check(self, SLSA_RULE_COMMIT, "ab", &f->error));
    assert_true(slsa_check(self, SLSA_RULE_WORKFLOW, ".github/w.yml", &f->error));
    assert_true(slsa_check(self, SLSA_RULE_INPUT, "who=x", &f->error));
    assert_true(slsa_check(self, SLSA_RULE_INPUT, "level=3", &f->error));
    assert_false(slsa_check(self, SLSA_RULE_INPUT, "level=4", NULL));
    assert_true(slsa_check(self, SLSA_RULE_VERSIONED_TAG, "v1.2.3-rc.1", &f->error));
    assert_false(slsa_check(self, SLSA_RULE_VERSIONED_TAG, "v1.2.3", NULL));
    assert_false(slsa_check(self, SLSA_RULE_VERSIONED_TAG, "v1.2", NULL)); /* a pre-release */
}

static void
contradictions_are_refused(void **state)
{
    static const char *const cases[][2] = {
        { V1, "{'buildDefinition':{'buildType':'t','externalParameters':{'workflow':{'ref':"
              "'refs/tags/v1'}},'resolvedDependencies':[{'uri':'git+https://x/y@refs/tags/v2',"
              "'digest':{'gitCommit':'ab'}}]},'runDetails':{'builder':{'id':'b'}}}" },
        { V1, "{'buildDefinition':{'buildType':'t','externalParameters':{}}}" },
        { V1, "{'buildDefinition':{'externalParameters':{}},'runDetails':{'builder':{'id':'b'}}}" },
        { V0_2, "{'buildType':'t','builder':{'id':'b'},'invocation':{'configSource':{'uri':'a'}},"
                "'materials':[{'uri':'b'}]}" },
        { V0_2, "{'buildType':'t','builder':{'id':'b'},'invocation':{'configSource':{'uri':"
                "'git+https://x@refs/heads/a'},'environment':{'github_ref':'refs/heads/b'}}}" },
        { V0_2, "{'buildType':'t'}" },
        { V0_2, "{'builder':{'id':'b'}}" },
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("case %zu", i);
        assert_null(read_quoted(f, cases[i][0], cases[i][1]));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
        g_clear_error(&f->error);
    }
}

#define VECTOR_TEST(name) cmocka_unit_test_setup_teardown(name, vectors_setup, vectors_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        VECTOR_TEST(published_provenance_is_signed_and_read),
        VECTOR_TEST(published_provenance_meets_rules),
        VECTOR_TEST(images_of_cloud_build_are_judged_as_named),
        VECTOR_TEST(cloud_build_provenance_meets_rules),
        VECTOR_TEST(statements_of_another_version_are_refused),
        VECTOR_TEST(cloud_build_v1_tells_the_branch),
        TEST(provenance_v1_is_read),
        TEST(contradictions_are_refused),
    };

    return cmocka_run_group_tests_name("slsa", tests, NULL, NULL);
}
