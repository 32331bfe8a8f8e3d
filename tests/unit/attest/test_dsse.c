/* SPDX-License-Identifier: Apache-2.0
 * test_dsse: signed bytes, envelopes, the published vector. */
#include "attest_fixture.h"
#include "../proof/vectors.h"
#include "attest/dsse.h"
#include "base/banned.h"

static DsseEnvelope *
parse(Fixture *f, const char *text)
{
    return keep(f, dsse_parse(span_of_text(text), &f->error), (GDestroyNotify)dsse_free);
}

static DsseEnvelope *
signed_envelope(Fixture *f, const char *payload)
{
    GBytes *pae = keep_bytes(f, dsse_pae(DSSE_TYPE_INTOTO, span_of_text(payload)));
    GBytes *sig = sign(f, f->p256, span_of_bytes(pae));

    return keep(f,
                dsse_new(DSSE_TYPE_INTOTO, span_of_text(payload), signer_public_key(f->p256),
                         span_of_bytes(sig)),
                (GDestroyNotify)dsse_free);
}

static void
pae_splits_into_its_parts(void **state)
{
    Fixture *f = *state;
    GBytes *pae = keep_bytes(f, dsse_pae("type", span_of_text("two words")));
    Span type, payload;

    assert_true(dsse_pae_split(span_of_bytes(pae), &type, &payload, &f->error));
    assert_int_equal(type.len, 4);
    assert_memory_equal(payload.data, "two words", payload.len);
}

static void
malformed_pae_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "DSSEv1 ",
        "DSSEv2 4 type 1 x",
        "DSSEv1 04 type 1 x",
        "DSSEv1 4 type 1 xy",
        "DSSEv1 4 type 2 x",
        "DSSEv1 99999999999999999999 type 1 x",
        "DSSEv1 4 type1 x",
        "DSSEv1 4 type  1 x",
    };
    Fixture *f = *state;
    Span type, payload;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("'%s'", cases[i]);
        g_clear_error(&f->error);
        assert_false(dsse_pae_split(span_of_text(cases[i]), &type, &payload, &f->error));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

static void
envelope_reads_back_and_verifies(void **state)
{
    Fixture *f = *state;
    char *text = keep_text(f, dsse_format(signed_envelope(f, "{}")));
    DsseEnvelope *read = parse(f, text);

    assert_no_gerror(f->error);
    assert_true(dsse_verify(read, signer_public_key(f->p256), &f->error));
}

static void
envelope_carries_the_keyid(void **state)
{
    Fixture *f = *state;
    g_autofree char *keyid = public_key_fingerprint(signer_public_key(f->p256));
    const DsseSignature *signature = signed_envelope(f, "{}")->signatures->pdata[0];

    assert_string_equal(signature->keyid, keyid);
}

static void
envelope_with_hex_of_the_keyid_holds_too(void **state)
{
    Fixture *f = *state;
    DsseEnvelope *envelope = signed_envelope(f, "{}");
    DsseSignature *signature = envelope->signatures->pdata[0];
    Digest keyid = public_key_keyid(signer_public_key(f->p256));
    char hex[DIGEST_HEX_SIZE];

    digest_to_hex(&keyid, hex);
    g_free(signature->keyid);
    signature->keyid = g_strdup(hex);
    assert_true(dsse_verify(envelope, signer_public_key(f->p256), &f->error));
    signature->keyid[0] = 'x';
    assert_false(dsse_verify(envelope, signer_public_key(f->p256), &f->error));
}

static void
envelope_with_another_payload_is_untrusted(void **state)
{
    Fixture *f = *state;
    DsseEnvelope *envelope = signed_envelope(f, "{}");

    g_bytes_unref(envelope->payload);
    envelope->payload = g_bytes_new_static("[]", 2);
    assert_false(dsse_verify(envelope, signer_public_key(f->p256), &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
}

static void
envelope_by_another_key_is_untrusted(void **state)
{
    Fixture *f = *state;

    assert_false(dsse_verify(signed_envelope(f, "{}"), signer_public_key(f->ed25519), &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
}

static void
url_safe_base64_is_read(void **state)
{
    Fixture *f = *state;
    DsseEnvelope *envelope =
        parse(f, "{\"payload\":\"-_-_\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AA\"}]}");

    assert_no_gerror(f->error);
    assert_int_equal(g_bytes_get_size(envelope->payload), 3);
}

static void
envelope_is_canonical_json(void **state)
{
    Fixture *f = *state;
    DsseEnvelope *envelope = signed_envelope(f, "{}");
    json_t *json = keep_json(f, dsse_to_json(envelope));

    assert_string_equal(keep_text(f, dsse_format(envelope)),
                        keep_text(f, json_canonical(json, NULL, &f->error)));
    g_free(envelope->payload_type); /* what needs an escape is escaped alike */
    envelope->payload_type = g_strdup("a \"type\"\\\n\t\x01");
    json = keep_json(f, dsse_to_json(envelope));
    assert_string_equal(keep_text(f, dsse_format(envelope)),
                        keep_text(f, json_canonical(json, NULL, &f->error)));
}

/* Canonical text is read by comparing, the same indented by the JSON reader. */
static void
both_ways_to_read_agree(void **state)
{
    Fixture *f = *state;
    DsseEnvelope *envelope = signed_envelope(f, "{}");
    json_t *json = keep_json(f, dsse_to_json(envelope));
    json_t *signatures = json_object_get(json, "signatures");

    json_array_append(signatures, json_array_get(signatures, 0)); /* two, for good measure */
    DsseEnvelope *a = parse(f, keep_text(f, json_canonical(json, NULL, &f->error)));
    DsseEnvelope *b = parse(f, keep_text(f, json_pretty(json)));
    assert_no_gerror(f->error);
    assert_true(g_bytes_equal(a->payload, b->payload));
    assert_string_equal(a->payload_type, b->payload_type);
    assert_int_equal(a->signatures->len, 2);
    assert_int_equal(b->signatures->len, 2);
    const DsseSignature *one = a->signatures->pdata[1], *other = b->signatures->pdata[1];
    assert_string_equal(one->keyid, other->keyid);
    assert_true(g_bytes_equal(one->sig, other->sig));
}

static void
malformed_envelope_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "[]",
        "{}",
        "{\"payload\":\"AA==\",\"payloadType\":\"t\",\"signatures\":[]}",
        "{\"payload\":\"!\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AA==\"}]}",
        "{\"payload\":\"AA==\",\"payloadType\":1,\"signatures\":[{\"sig\":\"AA==\"}]}",
        "{\"payload\":\"AA==\",\"payloadType\":\"\",\"signatures\":[{\"sig\":\"AA\",\"keyid\":1}]}",
        "{\"payload\":\"AA==\",\"payloadType\":\"t\",\"signatures\":[1]}",
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("%s", cases[i]);
        g_clear_error(&f->error);
        assert_null(parse(f, cases[i]));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

/* A 32-byte big-endian number from decimal digits. */
static void
bytes_of_decimal(const char *decimal, uint8_t out[32])
{
    memset(out, 0, 32);
    for (const char *at = decimal; *at != '\0'; at++) {
        unsigned carry = (unsigned)(*at - '0');
        for (size_t i = 32; i-- > 0;) {
            carry += out[i] * 10u;
            out[i] = (uint8_t)carry;
            carry >>= 8;
        }
    }
}

/* The vector's signature is r||s; ours are DER. */
static GBytes *
der_of_raw(Span raw)
{
    GByteArray *der = g_byte_array_new();
    const uint8_t zero = 0;

    g_byte_array_append(der, (const uint8_t *)"\x30\x00", 2);
    for (size_t half = 0; half < 2; half++) {
        const uint8_t *number = raw.data + 32 * half;
        uint8_t head[2] = { 0x02, (uint8_t)(32 + (number[0] >> 7)) };
        g_byte_array_append(der, head, 2);
        if (head[1] == 33)
            g_byte_array_append(der, &zero, 1);
        g_byte_array_append(der, number, 32);
    }
    der->data[1] = (uint8_t)(der->len - 2);
    return g_byte_array_free_to_bytes(der);
}

static void
published_envelope_verifies(void **state)
{
    Vectors *v = *state;
    uint8_t point[65] = { 0x04 };

    vectors_open(v, "dsse");
    const json_t *example = vectors_read_json(v, "spec-example.json");
    const json_t *key_json = json_object_get(example, "key");
    bytes_of_decimal(vectors_text(key_json, "x_dec"), point + 1);
    bytes_of_decimal(vectors_text(key_json, "y_dec"), point + 33);
    g_autoptr(PublicKey) key = public_key_p256_from_point(span_of(point, sizeof point), &v->error);
    g_autoptr(DsseEnvelope) envelope =
        dsse_from_json(json_object_get(example, "envelope"), &v->error);
    assert_no_gerror(v->error);

    DsseSignature *signature = envelope->signatures->pdata[0];
    GBytes *der = der_of_raw(span_of_bytes(signature->sig));
    g_bytes_unref(signature->sig);
    signature->sig = der;
    g_autoptr(GBytes) pae = dsse_pae(envelope->payload_type, span_of_bytes(envelope->payload));
    Span wanted = span_of_text(vectors_text(example, "pae"));
    vectors_case(v, "pae",
                 g_bytes_get_size(pae) == wanted.len &&
                     memcmp(span_of_bytes(pae).data, wanted.data, wanted.len) == 0);
    vectors_case(v, "signature", dsse_verify(envelope, key, NULL));
    vectors_done(v, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pae_splits_into_its_parts),
        TEST(malformed_pae_is_refused),
        TEST(envelope_reads_back_and_verifies),
        TEST(envelope_carries_the_keyid),
        TEST(envelope_with_hex_of_the_keyid_holds_too),
        TEST(envelope_with_another_payload_is_untrusted),
        TEST(envelope_by_another_key_is_untrusted),
        TEST(url_safe_base64_is_read),
        TEST(envelope_is_canonical_json),
        TEST(both_ways_to_read_agree),
        TEST(malformed_envelope_is_refused),
        cmocka_unit_test_setup_teardown(published_envelope_verifies, vectors_setup,
                                        vectors_teardown),
    };

    return cmocka_run_group_tests_name("dsse", tests, NULL, NULL);
}
