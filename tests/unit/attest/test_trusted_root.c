/* SPDX-License-Identifier: Apache-2.0
 * test_trusted_root: the file for Sigstore clients; tests/interop/sigstore lets one use it. */
#include "attest_fixture.h"
#include "attest/trusted_root.h"
#include "base/encoding.h"
#include "proof/note.h"
#include "base/banned.h"

static void
log_is_named_with_its_id_and_key(void **state)
{
    Fixture *f = *state;
    const PublicKey *key = signer_public_key(f->ed25519);
    TrustedRootLog log = { .origin = ORIGIN, .key = key, .start_us = 1577836800000000 };
    char *text = keep_text(f, trusted_root_build(&log, 1, &f->error));

    assert_no_gerror(f->error);
    json_t *root = keep_json(f, json_parse(span_of_text(text), 1u << 16, &f->error));
    json_t *entry = json_array_get(json_object_get(root, "tlogs"), 0);
    json_t *public_key = json_object_get(entry, "publicKey");
    Digest id = note_log_id(ORIGIN, key);
    char *id64 = keep_text(f, base64_encode(span_of(id.bytes, DIGEST_SIZE)));
    assert_string_equal(json_string_value(json_object_get(entry, "baseUrl")), "https://" ORIGIN);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(entry, "logId"), "keyId")), id64);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(public_key, "validFor"), "start")),
        "2020-01-01T00:00:00Z");
}

static void
root_without_a_usable_log_is_not_written(void **state)
{
    Fixture *f = *state;
    const TrustedRootLog logs[] = {
        { .origin = "nowhere", .key = signer_public_key(f->ed25519) },
        { .origin = ORIGIN, .key = signer_public_key(f->p256) },
    };

    for (size_t n = 0; n < 3; n++) {
        test_case("case %zu", n);
        g_clear_error(&f->error);
        assert_null(trusted_root_build(n == 0 ? logs : &logs[n - 1], n == 0 ? 0 : 1, &f->error));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

static void
earlier_keys_and_authorities_have_their_times(void **state)
{
    Fixture *f = *state;
    const PublicKey *key = signer_public_key(f->ed25519);
    GPtrArray *certs = keep(f, g_ptr_array_new(), (GDestroyNotify)g_ptr_array_unref);
    const TrustedRootLog log = { .origin = ORIGIN,
                                 .key = key,
                                 .start_us = 1577836800000000,
                                 .end_us = 1577836800000000 + 1000000 };
    const TrustedRootAuthority authority = { .uri = "https://stamp.example",
                                             .name = "Example",
                                             .certs = certs,
                                             .start_us = 1577836800000000 };

    g_ptr_array_add(certs, keep_bytes(f, g_bytes_new("leaf", 4)));
    g_ptr_array_add(certs, keep_bytes(f, g_bytes_new("authority", 9)));
    char *text = keep_text(f, trusted_root_build_with(&log, 1, &authority, 1, &f->error));
    assert_no_gerror(f->error);
    json_t *root = keep_json(f, json_parse(span_of_text(text), 1u << 16, &f->error));
    json_t *times = json_object_get(
        json_object_get(json_array_get(json_object_get(root, "tlogs"), 0), "publicKey"),
        "validFor");
    json_t *stamper = json_array_get(json_object_get(root, "timestampAuthorities"), 0);
    json_t *chain = json_object_get(json_object_get(stamper, "certChain"), "certificates");

    assert_string_equal(json_string_value(json_object_get(times, "end")), "2020-01-01T00:00:01Z");
    assert_string_equal(json_string_value(json_object_get(stamper, "uri")),
                        "https://stamp.example");
    assert_int_equal(json_array_size(chain), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(chain, 0), "rawBytes")),
                        "bGVhZg==");
    assert_null(json_object_get(json_object_get(stamper, "validFor"), "end"));
}

static void
signing_config_names_only_what_there_is(void **state)
{
    Fixture *f = *state;
    const SigningConfig rows[] = {
        { .operator= "o", .start_us = 0 },
        { .operator= "o", .log_url = "https://a.example", .start_us = 1577836800000000 },
        { .operator= "o", .authority_url = "https://a.example", .start_us = 1577836800000000 },
    };
    static const size_t n_logs[] = { 0, 1, 0 };
    static const size_t n_stampers[] = { 0, 0, 1 };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        test_case("row %zu", i);
        char *text = keep_text(f, signing_config_build(&rows[i]));
        json_t *config = keep_json(f, json_parse(span_of_text(text), 1u << 16, &f->error));
        json_t *stampers = json_object_get(config, "tsaUrls");

        assert_int_equal(json_array_size(json_object_get(config, "rekorTlogUrls")), n_logs[i]);
        assert_int_equal(json_array_size(stampers), n_stampers[i]);
        if (n_stampers[i] > 0)
            assert_string_equal(
                json_string_value(json_object_get(json_array_get(stampers, 0), "url")),
                "https://a.example/api/v1/timestamp");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(log_is_named_with_its_id_and_key),
        TEST(root_without_a_usable_log_is_not_written),
        TEST(earlier_keys_and_authorities_have_their_times),
        TEST(signing_config_names_only_what_there_is),
    };

    return cmocka_run_group_tests_name("trusted_root", tests, NULL, NULL);
}
