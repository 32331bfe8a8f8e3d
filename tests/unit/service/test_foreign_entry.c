/* SPDX-License-Identifier: Apache-2.0
 * test_foreign_entry: what others ask us to log: believed only if each signature holds, and logged
 * in the one form that Rekor v2 has. */
#include "testing.h"
#include "attest/dsse.h"
#include "attest/leaf.h"
#include "base/encoding.h"
#include "base/json.h"
#include "keys/memory_signer.h"
#include "service/foreign_entry.h"
#include "base/banned.h"

#define MESSAGE "an artifact"
#define PAYLOAD "{\"_type\":\"x\"}"

typedef struct {
    Signer *p256, *ed25519;
    ForeignEntry entry;
    GError *error;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->p256 = memory_signer_generate(PUBLIC_KEY_P256, NULL);
    f->ed25519 = memory_signer_generate(PUBLIC_KEY_ED25519, NULL);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    signer_free(f->p256);
    signer_free(f->ed25519);
    foreign_entry_clear(&f->entry);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static json_t *
b64(Span span)
{
    g_autofree char *text = base64_encode(span);

    return json_string(text);
}

static json_t *
verifier(Signer *signer, const char *details)
{
    return json_pack("{s:s, s:{s:o}}", "keyDetails", details, "publicKey", "rawBytes",
                     b64(public_key_spki(signer_public_key(signer))));
}

/* @digest: what the request says was signed. */
static json_t *
hashedrekord(Signer *signer, const char *details, const Digest *digest, GBytes **signature_out)
{
    g_autoptr(GBytes) signature = NULL;

    if (!signer_sign(signer, span_of_text(MESSAGE), &signature, NULL))
        return NULL;
    json_t *request =
        json_pack("{s:{s:o, s:{s:o, s:o}}}", "hashedRekordRequestV002", "digest",
                  b64(span_of(digest->bytes, DIGEST_SIZE)), "signature", "content",
                  b64(span_of_bytes(signature)), "verifier", verifier(signer, details));
    if (signature_out != NULL)
        *signature_out = g_steal_pointer(&signature);
    return request;
}

static json_t *
dsse(Signer *signer, const char *details, const char *sent)
{
    g_autoptr(GBytes) pae = dsse_pae(DSSE_TYPE_INTOTO, span_of_text(PAYLOAD));
    g_autoptr(GBytes) signature = NULL;

    if (!signer_sign(signer, span_of_bytes(pae), &signature, NULL))
        return NULL;
    return json_pack("{s:{s:{s:o, s:s, s:[{s:o, s:s}]}, s:[o]}}", "dsseRequestV002", "envelope",
                     "payload", b64(span_of_text(sent)), "payloadType", DSSE_TYPE_INTOTO,
                     "signatures", "sig", b64(span_of_bytes(signature)), "keyid", "", "verifiers",
                     verifier(signer, details));
}

/* @request: taken. */
static bool
parse(Fixture *f, json_t *request)
{
    char *text = json_dumps(request, JSON_COMPACT);
    bool ok = foreign_entry_parse(span_of_text(text), &f->entry, &f->error);

    free(text);
    json_decref(request);
    return ok;
}

static void
a_hashedrekord_is_the_leaf_we_would_write_ourselves(void **state)
{
    Fixture *f = *state;
    Digest digest = digest_of(span_of_text(MESSAGE));
    g_autoptr(GBytes) signature = NULL;

    bool ok = parse(f, hashedrekord(f->p256, "PKIX_ECDSA_P256_SHA_256", &digest, &signature));
    assert_no_gerror(f->error);
    assert_true(ok);
    g_autoptr(GBytes) wanted =
        leaf_build(&digest, span_of_bytes(signature), public_key_spki(signer_public_key(f->p256)));
    assert_true(g_bytes_equal(f->entry.leaf, wanted));
    assert_string_equal(f->entry.kind, "hashedrekord");
}

static void
a_dsse_envelope_is_logged_by_its_payloads_hash(void **state)
{
    Fixture *f = *state;
    Digest payload = digest_of(span_of_text(PAYLOAD));
    g_autofree char *hash = base64_encode(span_of(payload.bytes, DIGEST_SIZE));

    bool ok = parse(f, dsse(f->ed25519, "PKIX_ED25519", PAYLOAD));
    assert_no_gerror(f->error);
    assert_true(ok);
    g_autofree char *text =
        g_strndup(g_bytes_get_data(f->entry.leaf, NULL), g_bytes_get_size(f->entry.leaf));
    assert_non_null(strstr(text, hash));
    assert_true(g_str_has_prefix(text, "{\"apiVersion\":\"0.0.2\",\"kind\":\"dsse\","));
}

static void
who_signed_is_found_in_the_leaf(void **state)
{
    Fixture *f = *state;
    Digest digest = digest_of(span_of_text(MESSAGE));
    Digest wanted = public_key_keyid(signer_public_key(f->p256));
    Digest found[FOREIGN_MAX_SIGNATURES];

    assert_true(parse(f, hashedrekord(f->p256, "PKIX_ECDSA_P256_SHA_256", &digest, NULL)));
    assert_int_equal(foreign_entry_signers(span_of_bytes(f->entry.leaf), found), 1);
    assert_true(digest_equal(&found[0], &wanted));
    assert_int_equal(foreign_entry_signers(span_of_text("not JSON"), found), 0);
    assert_int_equal(foreign_entry_signers(span_of_text("{\"spec\":{}}"), found), 0);
}

static void
what_does_not_hold_is_refused(void **state)
{
    Fixture *f = *state;
    Digest digest = digest_of(span_of_text(MESSAGE));
    Digest other = digest_of(span_of_text("another"));
    json_t *const cases[] = {
        hashedrekord(f->p256, "PKIX_ECDSA_P256_SHA_256", &other, NULL),
        hashedrekord(f->p256, "PKIX_ECDSA_P384_SHA_384", &digest, NULL),
        hashedrekord(f->p256, "PKIX_RSA_PKCS1V15_2048_SHA256", &digest, NULL),
        hashedrekord(f->p256, "PKIX_ED25519_PH", &digest, NULL),
        hashedrekord(f->ed25519, "PKIX_ED25519", &digest, NULL),
        dsse(f->p256, "PKIX_ECDSA_P256_SHA_256", PAYLOAD " "),
        dsse(f->p256, "PKIX_ED25519", PAYLOAD),
        json_pack("{}"),
        json_pack("[]"),
        json_pack("{s:{}}", "hashedRekordRequestV002"),
        json_pack("{s:s}", "dsseRequestV002", "x"),
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("%zu", i);
        assert_false(parse(f, cases[i]));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
        assert_null(f->entry.leaf);
        g_clear_error(&f->error);
    }
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_hashedrekord_is_the_leaf_we_would_write_ourselves),
        CASE(a_dsse_envelope_is_logged_by_its_payloads_hash),
        CASE(who_signed_is_found_in_the_leaf),
        CASE(what_does_not_hold_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
