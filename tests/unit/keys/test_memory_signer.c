/* SPDX-License-Identifier: Apache-2.0
 * test_memory_signer: keys in memory; RFC 8032's first key signs as published. */
#include "testing.h"
#include "base/encoding.h"
#include "keys/memory_signer.h"
#include "base/banned.h"

typedef struct {
    Signer *signer;    /* owned */
    Secret *secret;    /* owned */
    GBytes *signature; /* owned */
    GBytes *bytes;     /* owned */
    GError *error;     /* owned */
} Fixture;

static int
setup(void **state)
{
    *state = g_new0(Fixture, 1);
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    signer_free(f->signer);
    secret_free(f->secret);
    g_clear_pointer(&f->signature, g_bytes_unref);
    g_clear_pointer(&f->bytes, g_bytes_unref);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static void
seed_of_rfc_8032_signs_as_published(void **state)
{
    Fixture *f = *state;

    f->bytes = hex_decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", NULL);
    f->signer = memory_signer_ed25519_from_seed(span_of_bytes(f->bytes), &f->error);
    assert_no_gerror(f->error);
    assert_true(signer_sign(f->signer, span_of(NULL, 0), &f->signature, &f->error));
    g_autofree char *hex = hex_encode(span_of_bytes(f->signature));
    assert_string_equal(hex, "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb88"
                             "21590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
}

static void
signer_signs_again_and_again(void **state)
{
    Fixture *f = *state;

    for (PublicKeyKind kind = PUBLIC_KEY_P256; kind < PUBLIC_KEY_N_KINDS; kind++) {
        test_case("%s", public_key_kind_name(kind));
        signer_free(f->signer);
        f->signer = memory_signer_generate(kind, &f->error);
        for (int i = 0; i < 3; i++) {
            char text[2] = { (char)('a' + i), '\0' };
            g_clear_pointer(&f->signature, g_bytes_unref);
            assert_true(signer_sign(f->signer, span_of_text(text), &f->signature, &f->error));
            assert_true(public_key_verify(signer_public_key(f->signer), span_of_text(text),
                                          span_of_bytes(f->signature), &f->error));
        }
    }
}

static void
exported_key_is_the_same_key(void **state)
{
    Fixture *f = *state;

    f->signer = memory_signer_generate(PUBLIC_KEY_P256, &f->error);
    f->secret = memory_signer_export(f->signer, &f->error);
    assert_no_gerror(f->error);
    g_autoptr(Signer) again = memory_signer_from_pkcs8(secret_get(f->secret), &f->error);
    bool same =
        again != NULL && public_key_equal(signer_public_key(again), signer_public_key(f->signer));
    assert_true(same);
}

static void
seed_of_another_length_is_refused(void **state)
{
    Fixture *f = *state;

    f->signer = memory_signer_ed25519_from_seed(span_of_text("short"), &f->error);
    assert_null(f->signer);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
kinds_outside_of_logs_are_no_keys_of_facts(void **state)
{
    Fixture *f = *state;

    for (PublicKeyKind kind = PUBLIC_KEY_P384; kind < PUBLIC_KEY_N_KINDS; kind++) {
        test_case("%s", public_key_kind_name(kind));
        signer_free(f->signer);
        f->signer = memory_signer_generate(kind, &f->error);
        PublicKey *key =
            public_key_from_spki(public_key_spki(signer_public_key(f->signer)), &f->error);
        bool is_key = key != NULL;
        public_key_unref(key);
        assert_false(is_key);
        g_clear_error(&f->error);
    }
}

static void
signature_over_another_message_is_refused(void **state)
{
    Fixture *f = *state;

    for (PublicKeyKind kind = PUBLIC_KEY_P256; kind < PUBLIC_KEY_N_KINDS; kind++) {
        test_case("%s", public_key_kind_name(kind));
        signer_free(f->signer);
        g_clear_pointer(&f->signature, g_bytes_unref);
        f->signer = memory_signer_generate(kind, &f->error);
        assert_true(signer_sign(f->signer, span_of_text("a"), &f->signature, &f->error));
        assert_false(public_key_verify(signer_public_key(f->signer), span_of_text("b"),
                                       span_of_bytes(f->signature), &f->error));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
        g_clear_error(&f->error);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(seed_of_rfc_8032_signs_as_published, setup, teardown),
        cmocka_unit_test_setup_teardown(signer_signs_again_and_again, setup, teardown),
        cmocka_unit_test_setup_teardown(exported_key_is_the_same_key, setup, teardown),
        cmocka_unit_test_setup_teardown(seed_of_another_length_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(kinds_outside_of_logs_are_no_keys_of_facts, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(signature_over_another_message_is_refused, setup, teardown),
    };

    return cmocka_run_group_tests_name("memory_signer", tests, NULL, NULL);
}
