/* SPDX-License-Identifier: Apache-2.0
 * test_signature: GitHub's published signatures hold, everything else does not. */
#include <fcntl.h>
#include "base/files.h"
#include "base/json.h"
#include "forge/signature.h"
#include "testing.h"

#define VECTOR_MAX  (16u << 20)
#define SPEC_SECRET "It's a Secret to Everybody"
#define SPEC_BODY   "Hello, World!"
#define SPEC_MAC    "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

typedef struct {
    const char *name;
    const char *value;
} Header;

static const char *
header(const void *data, const char *name)
{
    const Header *only = data;

    return g_ascii_strcasecmp(name, only->name) == 0 ? only->value : NULL;
}

static bool
holds(ForgeType type, const char *name, const char *value, const char *first, const char *second)
{
    Header only = { name, value };
    ForgeDelivery delivery = { type, header, &only, span_of_text(SPEC_BODY) };
    Span secrets[] = { span_of_text(first), span_of_text(second) };

    return forge_signature_holds(&delivery, secrets, 2);
}

static void
the_specification_s_example_holds_under_either_secret(void **state)
{
    (void)state;
    assert_true(holds(FORGE_GITHUB, "X-Hub-Signature-256", "sha256=" SPEC_MAC, SPEC_SECRET, ""));
    assert_true(holds(FORGE_GITHUB, "X-Hub-Signature-256", "sha256=" SPEC_MAC, "new", SPEC_SECRET));
    assert_true(holds(FORGE_GITEA, "X-Gitea-Signature", SPEC_MAC, SPEC_SECRET, ""));
    assert_true(holds(FORGE_GITEA, "X-Forgejo-Signature", SPEC_MAC, SPEC_SECRET, ""));
    assert_true(holds(FORGE_GIT, "X-Slipway-Signature-256", "sha256=" SPEC_MAC, SPEC_SECRET, ""));
    assert_true(holds(FORGE_GITLAB, "X-Gitlab-Token", SPEC_SECRET, "new", SPEC_SECRET));
}

static void
what_was_signed_otherwise_does_not_hold(void **state)
{
    static const struct {
        const char *label;
        ForgeType type;
        const char *name, *value;
    } cases[] = {
        { "no signature", FORGE_GITHUB, "X-Other", "" },
        { "SHA-1", FORGE_GITHUB, "X-Hub-Signature",
          "sha1=7ca4a51c2d8b5c0e6d1d9d3ec0a8d7e7f8c6bb40" },
        { "SHA-1 under the other name", FORGE_GITHUB, "X-Hub-Signature-256",
          "sha1=7ca4a51c2d8b5c0e6d1d9d3ec0a8d7e7f8c6bb40" },
        { "no prefix", FORGE_GITHUB, "X-Hub-Signature-256", SPEC_MAC },
        { "capitals", FORGE_GITHUB, "X-Hub-Signature-256",
          "sha256=757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17" },
        { "one digit less", FORGE_GITHUB, "X-Hub-Signature-256",
          "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1" },
        { "cut to nothing", FORGE_GITHUB, "X-Hub-Signature-256", "sha256=" },
        { "last digit", FORGE_GITHUB, "X-Hub-Signature-256",
          "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e16" },
        { "a token where a signature is due", FORGE_GITHUB, "X-Gitlab-Token", SPEC_SECRET },
        { "a signature where a token is due", FORGE_GITLAB, "X-Hub-Signature-256",
          "sha256=" SPEC_MAC },
        { "an empty token", FORGE_GITLAB, "X-Gitlab-Token", "" },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("%s", cases[i].label);
        assert_false(holds(cases[i].type, cases[i].name, cases[i].value, SPEC_SECRET, ""));
    }
}

static void
without_a_secret_nothing_holds(void **state)
{
    (void)state;
    assert_false(holds(FORGE_GITLAB, "X-Gitlab-Token", "", "", ""));
    assert_false(holds(FORGE_GITHUB, "X-Hub-Signature-256", "sha256=" SPEC_MAC, "", ""));
}

static unsigned
count_failures(const json_t *index, const char *dir, unsigned *n_out)
{
    const char *secret = json_string_value(json_object_get(index, "secret"));
    const char *name = NULL;
    json_t *file = NULL;
    unsigned n_failed = 0;

    json_object_foreach (json_object_get(index, "files"), name, file) {
        g_autofree char *path = g_strdup_printf("%s/%s", dir, name);
        g_autoptr(GBytes) raw = file_read(AT_FDCWD, path, VECTOR_MAX, NULL);
        Header only = { "X-Hub-Signature-256",
                        json_string_value(json_object_get(file, "x_hub_signature_256")) };
        ForgeDelivery delivery = { FORGE_GITHUB, header, &only, { 0 } };
        Span secrets = span_of_text(secret);

        if (raw != NULL)
            delivery.body = span_of_bytes(raw);
        if (raw == NULL || !forge_signature_holds(&delivery, &secrets, 1)) {
            print_message("# %s does not hold\n", name);
            n_failed++;
        }
        (*n_out)++;
    }
    return n_failed;
}

static void
every_published_signature_holds(void **state)
{
    const char *root = getenv("VECTORS");
    g_autofree char *dir = g_strdup_printf("%s/webhooks", root != NULL ? root : "");
    g_autofree char *path = g_strdup_printf("%s/signatures.json", dir);
    g_autoptr(GBytes) text = file_read(AT_FDCWD, path, VECTOR_MAX, NULL);
    unsigned n = 0, n_failed = 0;

    (void)state;
    test_needs("vectors", text != NULL);
    json_t *index = json_parse(span_of_bytes(text), VECTOR_MAX, NULL);
    n_failed = count_failures(index, dir, &n);
    json_decref(index);
    print_message("# %u signatures\n", n);
    assert_int_equal(n_failed, 0);
    assert_true(n > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_specification_s_example_holds_under_either_secret),
        cmocka_unit_test(what_was_signed_otherwise_does_not_hold),
        cmocka_unit_test(without_a_secret_nothing_holds),
        cmocka_unit_test(every_published_signature_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
