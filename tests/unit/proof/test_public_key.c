/* SPDX-License-Identifier: Apache-2.0
 * test_public_key: encodings taken and refused, names, published signatures. */
#include "vectors.h"
#include "proof/public_key.h"
#include "base/banned.h"

/* RFC 8032 section 7.1, tests 1 to 3. */
static const struct {
    const char *key, *message, *signature;
} rfc8032[] = {
    { "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
      "b4"
      "6bd25bf5f0595bbe24655141438e7a100b" },
    { "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
      "1d"
      "8c387b2eaeb4302aeeb00d291612bb0c00" },
    { "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
      "c6"
      "594a7c15e9716ed28dc027beceea1ec40a" },
};

/* A P-256 key (the curve's base point) in four encodings; only the first is ours. */
#define P256_X    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
#define P256_Y    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
#define P256_HEAD "3059301306072a8648ce3d020106082a8648ce3d030107034200"
#define P256_SPKI P256_HEAD "04" P256_X P256_Y
#define P256_COMPRESSED                                                                            \
    "3039301306072a8648ce3d020106082a8648ce3d030107032200"                                         \
    "03" P256_X
#define P256_OFF_CURVE P256_HEAD "04" P256_X P256_X
#define P256_TRAILING  P256_SPKI "00"
#define RSA_SPKI                                                                                   \
    "305c300d06092a864886f70d0101010500034b003048024100c0a7d6a2f1bb0d7f6d3fbd4bd3e0c7eda0e7aee3b8" \
    "c5"                                                                                           \
    "bd1cd2b0a1b5ad33d7c9e8a37c5a4aa87f7d67d7cd8e7c1f8f0e8c3d1e3c9b1f6f1c0a7a3b4e6a51f3e502030100" \
    "01"

typedef struct {
    GBytes *bytes[3]; /* owned */
    PublicKey *key;   /* owned */
    char *text;       /* owned */
    GError *error;    /* owned */
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

    for (size_t i = 0; i < G_N_ELEMENTS(f->bytes); i++)
        g_clear_pointer(&f->bytes[i], g_bytes_unref);
    public_key_unref(f->key);
    g_free(f->text);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static Span
unhex(Fixture *f, size_t slot, const char *hex)
{
    g_clear_pointer(&f->bytes[slot], g_bytes_unref);
    f->bytes[slot] = hex_decode(hex, &f->error);
    assert_no_gerror(f->error);
    return span_of_bytes(f->bytes[slot]);
}

static void
ed25519_takes_the_signatures_of_rfc_8032(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(rfc8032); i++) {
        test_case("test %zu", i + 1);
        public_key_unref(f->key);
        f->key = public_key_ed25519_from_raw(unhex(f, 0, rfc8032[i].key), &f->error);
        assert_no_gerror(f->error);
        Span message = unhex(f, 1, rfc8032[i].message);
        Span signature = unhex(f, 2, rfc8032[i].signature);
        assert_true(public_key_verify(f->key, message, signature, &f->error));
    }
}

static void
ed25519_refuses_a_signature_over_another_message(void **state)
{
    Fixture *f = *state;

    f->key = public_key_ed25519_from_raw(unhex(f, 0, rfc8032[1].key), &f->error);
    Span signature = unhex(f, 2, rfc8032[1].signature);
    assert_false(public_key_verify(f->key, span_of_text("s"), signature, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
}

static void
p256_key_is_named_by_the_digest_of_its_spki(void **state)
{
    Fixture *f = *state;
    Span spki = unhex(f, 0, P256_SPKI);
    Digest wanted = digest_of(spki), keyid;

    f->key = public_key_from_spki(spki, &f->error);
    assert_no_gerror(f->error);
    keyid = public_key_keyid(f->key);
    assert_int_equal(public_key_kind(f->key), PUBLIC_KEY_P256);
    assert_memory_equal(&keyid, &wanted, sizeof keyid);
}

static void
p256_key_reads_back_from_its_point(void **state)
{
    Fixture *f = *state;
    Span spki = unhex(f, 0, P256_SPKI);

    f->key = public_key_p256_from_point(unhex(f, 1, "04" P256_X P256_Y), &f->error);
    assert_no_gerror(f->error);
    assert_int_equal(public_key_spki(f->key).len, PUBLIC_KEY_P256_SPKI_SIZE);
    assert_memory_equal(public_key_spki(f->key).data, spki.data, spki.len);
}

static void
spki_in_any_other_encoding_is_refused(void **state)
{
    static const struct {
        const char *name, *hex;
        int code;
    } cases[] = {
        { "compressed point", P256_COMPRESSED, BASE_ERROR_INVALID },
        { "hybrid point", P256_HEAD "07" P256_X P256_Y, BASE_ERROR_INVALID },
        { "point off the curve", P256_OFF_CURVE, BASE_ERROR_INVALID },
        { "a byte after the end", P256_TRAILING, BASE_ERROR_INVALID },
        { "nothing", "", BASE_ERROR_INVALID },
        { "RSA", RSA_SPKI, BASE_ERROR_UNAVAILABLE },
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("%s", cases[i].name);
        g_clear_error(&f->error);
        f->key = public_key_from_spki(unhex(f, 0, cases[i].hex), &f->error);
        assert_null(f->key);
        assert_gerror(f->error, BASE_ERROR, cases[i].code);
    }
}

static void
pem_reads_back_what_it_wrote(void **state)
{
    Fixture *f = *state;
    Span spki = unhex(f, 0, P256_SPKI);

    f->key = public_key_from_spki(spki, &f->error);
    f->text = public_key_to_pem(f->key);
    public_key_unref(f->key);
    f->key = public_key_from_pem(span_of_text(f->text), &f->error);
    assert_no_gerror(f->error);
    assert_memory_equal(public_key_spki(f->key).data, spki.data, spki.len);
}

static void
pem_with_anything_around_it_is_refused(void **state)
{
    Fixture *f = *state;

    f->key = public_key_from_spki(unhex(f, 0, P256_SPKI), &f->error);
    g_autofree char *pem = public_key_to_pem(f->key);
    public_key_unref(f->key);
    f->text = g_strconcat(pem, "x", NULL);
    f->key = public_key_from_pem(span_of_text(f->text), &f->error);
    assert_null(f->key);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static GBytes *
take_hex(const json_t *object, const char *key)
{
    return hex_decode(vectors_text(object, key), NULL);
}

/* Whether a wycheproof signature is judged as the file says; "acceptable" may go either way. */
static bool
judged_as_wanted(const PublicKey *key, const json_t *item)
{
    g_autoptr(GBytes) message = take_hex(item, "msg");
    g_autoptr(GBytes) signature = take_hex(item, "sig");
    const char *wanted = vectors_text(item, "result");
    bool good = key != NULL &&
                public_key_verify(key, span_of_bytes(message), span_of_bytes(signature), NULL);

    return strcmp(wanted, "acceptable") == 0 || good == (strcmp(wanted, "valid") == 0);
}

static void
run_wycheproof(Vectors *v, const char *file, unsigned minimum)
{
    vectors_open(v, "signatures/wycheproof");
    const json_t *groups = json_object_get(vectors_read_json(v, file), "testGroups");

    for (size_t i = 0; i < json_array_size(groups); i++) {
        const json_t *group = json_array_get(groups, i);
        const json_t *tests = json_object_get(group, "tests");
        g_autoptr(GBytes) der = take_hex(group, "publicKeyDer");
        g_autoptr(PublicKey) key = public_key_from_spki(span_of_bytes(der), NULL);
        for (size_t j = 0; j < json_array_size(tests); j++) {
            const json_t *item = json_array_get(tests, j);
            g_autofree char *name = g_strdup_printf(
                "tcId %d: %s", (int)json_integer_value(json_object_get(item, "tcId")),
                vectors_text(item, "comment"));
            vectors_case(v, name, judged_as_wanted(key, item));
        }
    }
    vectors_done(v, minimum);
}

static void
ed25519_judges_as_wycheproof(void **state)
{
    run_wycheproof(*state, "ed25519_test.json", 60);
}

static void
p256_judges_as_wycheproof(void **state)
{
    run_wycheproof(*state, "ecdsa_secp256r1_sha256_test.json", 200);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ed25519_takes_the_signatures_of_rfc_8032, setup, teardown),
        cmocka_unit_test_setup_teardown(ed25519_refuses_a_signature_over_another_message, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(p256_key_is_named_by_the_digest_of_its_spki, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(p256_key_reads_back_from_its_point, setup, teardown),
        cmocka_unit_test_setup_teardown(spki_in_any_other_encoding_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(pem_reads_back_what_it_wrote, setup, teardown),
        cmocka_unit_test_setup_teardown(pem_with_anything_around_it_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(ed25519_judges_as_wycheproof, vectors_setup,
                                        vectors_teardown),
        cmocka_unit_test_setup_teardown(p256_judges_as_wycheproof, vectors_setup, vectors_teardown),
    };

    return cmocka_run_group_tests_name("public_key", tests, NULL, NULL);
}
