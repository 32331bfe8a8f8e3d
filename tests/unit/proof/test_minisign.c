/* SPDX-License-Identifier: Apache-2.0
 * test_minisign: files by minisign 0.11 and signify 31, as they are and with a byte changed. */
#include "vectors.h"
#include "proof/file_hash.h"
#include "proof/minisign.h"
#include "base/banned.h"

typedef struct {
    const char *name, *key, *signature, *message;
    bool wanted;
} Case;

static const Case cases[] = {
    { "minisign", "made/minisign/k.pub", "made/minisign/a.bin.minisig", "made/minisign/a.bin",
      true },
    { "minisign legacy", "made/minisign/k.pub", "made/minisign/a.bin.legacy.minisig",
      "made/minisign/a.bin", true },
    { "minisign, another message", "made/minisign/k.pub", "made/minisign/a.bin.minisig",
      "made/minisign/a.bad.bin", false },
    { "minisign legacy, another message", "made/minisign/k.pub",
      "made/minisign/a.bin.legacy.minisig", "made/minisign/a.bad.bin", false },
    { "minisign, trusted comment changed", "made/minisign/k.pub",
      "made/minisign/a.bin.bad-comment.bad.minisig", "made/minisign/a.bin", false },
    { "minisign, another key", "made/signify/k.pub", "made/minisign/a.bin.minisig",
      "made/minisign/a.bin", false },
    { "signify", "made/signify/k.pub", "made/signify/a.bin.sig", "made/signify/a.bin", true },
    { "signify, another message", "made/signify/k.pub", "made/signify/a.bin.sig",
      "made/minisign/a.bad.bin", false },
    { "signify embedded", "made/signify/k.pub", "made/signify/SHA256.sig", NULL, true },
    { "signify orders", "signify/regresskey.pub", "signify/orders.txt.sig", "signify/orders.txt",
      true },
    { "signify, another key", "made/signify/k.pub", "signify/orders.txt.sig", "signify/orders.txt",
      false },
};

/* Whether the signature holds over @message, or over what it carries. */
static bool
holds(Span key_text, Span signature_text, GBytes *message)
{
    g_autoptr(MinisignKey) key = minisign_key_parse(key_text, NULL);
    g_autoptr(Minisign) minisign = minisign_parse(signature_text, NULL);
    FILE *file = NULL;
    FileHash hash = { 0 };

    if (key == NULL || minisign == NULL)
        return false;
    GBytes *bytes = message != NULL ? message : minisign->message;
    if (bytes == NULL || (message != NULL && minisign->message != NULL))
        return false;
    if (minisign->kind == MINISIGN_WHOLE)
        return minisign_verify(minisign, key, span_of_bytes(bytes), NULL);
    file = tmpfile();
    bool ok = file != NULL && fd_write_all(fileno(file), span_of_bytes(bytes), NULL) &&
              file_hash(fileno(file), MINISIGN_HASH, &hash, NULL) &&
              minisign_verify(minisign, key, file_hash_span(&hash), NULL);
    if (file != NULL)
        fclose(file);
    return ok;
}

static void
files_are_judged_as_named(void **state)
{
    Vectors *v = *state;

    vectors_open(v, "signatures");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Case *c = &cases[i];
        g_autoptr(GBytes) key = vectors_read(v, c->key);
        g_autoptr(GBytes) signature = vectors_read(v, c->signature);
        g_autoptr(GBytes) message = c->message != NULL ? vectors_read(v, c->message) : NULL;
        vectors_case(v, c->name,
                     holds(span_of_bytes(key), span_of_bytes(signature), message) == c->wanted);
    }
    vectors_done(v, G_N_ELEMENTS(cases));
}

/* Each byte after the untrusted comment, which nobody signs, changed alone. */
static void
changed_file_does_not_hold(void **state)
{
    static const char *const names[] = { "made/minisign/a.bin.minisig",
                                         "made/minisign/a.bin.legacy.minisig",
                                         "made/signify/SHA256.sig" };
    Vectors *v = *state;

    vectors_open(v, "signatures");
    for (size_t n = 0; n < G_N_ELEMENTS(names); n++) {
        bool embedded = g_str_has_suffix(names[n], "SHA256.sig");
        g_autoptr(GBytes) key =
            vectors_read(v, embedded ? "made/signify/k.pub" : "made/minisign/k.pub");
        g_autoptr(GBytes) signature = vectors_read(v, names[n]);
        g_autoptr(GBytes) message = embedded ? NULL : vectors_read(v, "made/minisign/a.bin");
        size_t len = g_bytes_get_size(signature);
        g_autofree uint8_t *copy = g_memdup2(g_bytes_get_data(signature, NULL), len);
        size_t start = (size_t)((uint8_t *)memchr(copy, '\n', len) - copy) + 1;
        for (size_t i = start; i < len; i++) {
            g_autofree char *name = g_strdup_printf("%s: byte %zu", names[n], i);
            copy[i] ^= 1;
            vectors_case(v, name, !holds(span_of_bytes(key), span_of(copy, len), message));
            copy[i] ^= 1;
        }
    }
    vectors_done(v, 400);
}

#define SIG                                                                                        \
    "RWRef+BxUQ3WeS9KIxfsaRcaujMW1MR4246dJN2ofSwyIzQ8j7N55iLGJmPewDjk3Ew/"                         \
    "XvfqrzIRH9BSwFRg1n6ZdjzJbIyG3wE="

static void
malformed_text_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "untrusted comment: x",
        "untrusted comment: x\n",
        "untrusted comment: x\nAAAA\n",
        "comment: x\n" SIG "\n",
        "untrusted comment: x\n " SIG "\n",
        "untrusted comment: x\n" SIG "\ntrusted comment: y\n",
        "untrusted comment: x\n" SIG "\ntrusted comment: y\nAAAA\n",
    };
    Vectors *v = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(Minisign) minisign = minisign_parse(span_of_text(texts[i]), &v->error);
        g_autoptr(MinisignKey) key = minisign_key_parse(span_of_text(texts[i]), NULL);
        test_case("case %zu", i);
        assert_null(minisign);
        assert_null(key);
        assert_gerror(v->error, BASE_ERROR, BASE_ERROR_INVALID);
        g_clear_error(&v->error);
    }
}

static void
prehashed_signature_needs_its_trusted_comment(void **state)
{
    Vectors *v = *state;

    vectors_open(v, "signatures/made/minisign");
    g_autoptr(GBytes) bytes = vectors_read(v, "a.bin.minisig");
    Span span = span_of_bytes(bytes);
    const char *text = g_bytes_get_data(bytes, NULL);
    span.len = (size_t)(g_strstr_len(text, (gssize)span.len, "trusted comment: file") - text);
    assert_null(minisign_parse(span, &v->error));
    assert_gerror(v->error, BASE_ERROR, BASE_ERROR_INVALID);
}

#define VECTOR_TEST(name) cmocka_unit_test_setup_teardown(name, vectors_setup, vectors_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        VECTOR_TEST(files_are_judged_as_named),
        VECTOR_TEST(changed_file_does_not_hold),
        VECTOR_TEST(malformed_text_is_refused),
        VECTOR_TEST(prehashed_signature_needs_its_trusted_comment),
    };

    return cmocka_run_group_tests_name("minisign", tests, NULL, NULL);
}
