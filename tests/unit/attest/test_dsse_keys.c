/* SPDX-License-Identifier: Apache-2.0
 * test_dsse_keys: thresholds, key ids, and the ways signatures were written. */
#include "attest_fixture.h"
#include "../proof/vectors.h"
#include "attest/dsse_keys.h"
#include "base/banned.h"

#define TYPE "application/vnd.in-toto+json"

static ForeignKey *
key_of(Fixture *f, Signer *signer)
{
    ForeignKey *key = foreign_key_from_spki(public_key_spki(signer_public_key(signer)), &f->error);

    assert_no_gerror(f->error);
    return keep(f, key, (GDestroyNotify)foreign_key_unref);
}

static GPtrArray *
keys_new(Fixture *f)
{
    return keep(f, g_ptr_array_new_with_free_func((GDestroyNotify)dsse_key_free),
                (GDestroyNotify)g_ptr_array_unref);
}

/* Both keys of the fixture, without key ids. */
static GPtrArray *
both_keys(Fixture *f)
{
    GPtrArray *keys = keys_new(f);

    g_ptr_array_add(keys, dsse_key_new(NULL, key_of(f, f->p256)));
    g_ptr_array_add(keys, dsse_key_new(NULL, key_of(f, f->ed25519)));
    return keys;
}

static char *
signature_json(Fixture *f, Signer *signer, const char *keyid, Span message)
{
    g_autofree char *base64 = base64_encode(span_of_bytes(sign(f, signer, message)));

    return keep_text(f, keyid != NULL ? g_strdup_printf("{'keyid':'%s','sig':'%s'}", keyid, base64)
                                      : g_strdup_printf("{'sig':'%s'}", base64));
}

static DsseEnvelope *
envelope_of(Fixture *f, const char *signatures)
{
    g_autofree char *text = g_strdup_printf(
        "{'payload':'aGVsbG8=','payloadType':'" TYPE "','signatures':[%s]}", signatures);

    return keep(f, dsse_from_json(json_of(f, text), &f->error), (GDestroyNotify)dsse_free);
}

static GBytes *
pae(Fixture *f)
{
    return keep_bytes(f, dsse_pae(TYPE, span_of_text("hello")));
}

static bool
holds(Fixture *f, const char *signatures, const GPtrArray *keys, size_t threshold)
{
    DsseEnvelope *envelope = envelope_of(f, signatures);

    return dsse_verify_threshold(envelope, keys, threshold, DSSE_KEYS_DEFAULT, NULL, NULL);
}

static void
threshold_counts_keys(void **state)
{
    Fixture *f = *state;
    Span message = span_of_bytes(pae(f));
    char *a = signature_json(f, f->p256, "a", message),
         *b = signature_json(f, f->ed25519, NULL, message);
    char *both = keep_text(f, g_strconcat(a, ",", b, NULL));

    assert_true(holds(f, a, both_keys(f), 1));
    assert_true(holds(f, both, both_keys(f), 2));
    assert_false(holds(f, both, both_keys(f), 3));
    assert_false(holds(f, both, both_keys(f), 0));
    assert_false(holds(f, a, both_keys(f), 2));
}

static void
one_key_counts_once(void **state)
{
    Fixture *f = *state;
    Span message = span_of_bytes(pae(f));
    char *a = signature_json(f, f->p256, "a", message),
         *b = signature_json(f, f->p256, "b", message);
    char *twice = keep_text(f, g_strconcat(a, ",", b, NULL));
    GPtrArray *keys = keys_new(f);

    g_ptr_array_add(keys, dsse_key_new("a", key_of(f, f->p256)));
    g_ptr_array_add(keys, dsse_key_new("b", key_of(f, f->p256)));
    assert_true(holds(f, twice, keys, 1));
    assert_false(holds(f, twice, keys, 2));
}

static void
key_ids_are_hints_unless_a_key_demands_its_own(void **state)
{
    Fixture *f = *state;
    char *a = signature_json(f, f->p256, "somebody", span_of_bytes(pae(f)));
    GPtrArray *keys = keys_new(f);

    assert_true(holds(f, a, both_keys(f), 1));
    g_ptr_array_add(keys, dsse_key_new("else", key_of(f, f->p256)));
    assert_false(holds(f, a, keys, 1));
    g_ptr_array_add(keys, dsse_key_new("somebody", key_of(f, f->p256)));
    assert_true(holds(f, a, keys, 1));
}

/* A wrong signature under the same key id does not hide the right one. */
static void
duplicate_key_ids_are_all_tried(void **state)
{
    Fixture *f = *state;
    char *bad = signature_json(f, f->p256, "a", span_of_text("something else"));
    char *good = signature_json(f, f->p256, "a", span_of_bytes(pae(f)));
    GPtrArray *keys = keys_new(f);

    g_ptr_array_add(keys, dsse_key_new("a", key_of(f, f->ed25519)));
    g_ptr_array_add(keys, dsse_key_new("a", key_of(f, f->p256)));
    assert_true(holds(f, keep_text(f, g_strconcat(bad, ",", good, ",", bad, NULL)), keys, 1));
    assert_false(holds(f, keep_text(f, g_strconcat(bad, ",", bad, NULL)), keys, 1));
}

static void
signatures_in_hex_are_read(void **state)
{
    Fixture *f = *state;
    g_autofree char *hex = hex_encode(span_of_bytes(sign(f, f->ed25519, span_of_bytes(pae(f)))));
    char *signature = keep_text(f, g_strdup_printf("{'keyid':'','sig':'%s'}", hex));

    assert_true(holds(f, signature, both_keys(f), 1));
}

static void
bare_payloads_count_only_where_asked_for(void **state)
{
    Fixture *f = *state;
    DsseEnvelope *envelope = envelope_of(f, signature_json(f, f->p256, "a", span_of_text("hello")));

    assert_false(dsse_verify_threshold(envelope, both_keys(f), 1, DSSE_KEYS_DEFAULT, NULL, NULL));
    assert_true(
        dsse_verify_threshold(envelope, both_keys(f), 1, DSSE_KEYS_BARE_PAYLOAD, NULL, &f->error));
}

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

/* The specification's example, whose signature is r || s, as it stands. */
static void
published_envelope_verifies(void **state)
{
    Vectors *v = *state;
    uint8_t point[65] = { 0x04 };

    vectors_open(v, "dsse");
    const json_t *example = vectors_read_json(v, "spec-example.json");
    bytes_of_decimal(vectors_text(json_object_get(example, "key"), "x_dec"), point + 1);
    bytes_of_decimal(vectors_text(json_object_get(example, "key"), "y_dec"), point + 33);
    g_autoptr(ForeignKey) key =
        foreign_key_from_point(FOREIGN_KEY_P256, span_of(point, sizeof point), &v->error);
    g_autoptr(DsseEnvelope) envelope =
        dsse_from_json(json_object_get(example, "envelope"), &v->error);
    assert_no_gerror(v->error);
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)dsse_key_free);
    g_ptr_array_add(keys, dsse_key_new(NULL, key));

    vectors_case(v, "spec-example",
                 dsse_verify_threshold(envelope, keys, 1, DSSE_KEYS_DEFAULT, NULL, NULL));
    envelope->payload_type[0] ^= 1;
    vectors_case(v, "spec-example, another type",
                 !dsse_verify_threshold(envelope, keys, 1, DSSE_KEYS_DEFAULT, NULL, NULL));
    vectors_done(v, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(threshold_counts_keys),
        TEST(one_key_counts_once),
        TEST(key_ids_are_hints_unless_a_key_demands_its_own),
        TEST(duplicate_key_ids_are_all_tried),
        TEST(signatures_in_hex_are_read),
        TEST(bare_payloads_count_only_where_asked_for),
        cmocka_unit_test_setup_teardown(published_envelope_verifies, vectors_setup,
                                        vectors_teardown),
    };

    return cmocka_run_group_tests_name("dsse_keys", tests, NULL, NULL);
}
