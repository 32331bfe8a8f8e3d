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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(log_is_named_with_its_id_and_key),
        TEST(root_without_a_usable_log_is_not_written),
    };

    return cmocka_run_group_tests_name("trusted_root", tests, NULL, NULL);
}
