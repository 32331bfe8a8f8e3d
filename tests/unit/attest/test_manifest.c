/* SPDX-License-Identifier: Apache-2.0
 * test_manifest: the body of a seal. */
#include "attest_fixture.h"
#include "attest/manifest.h"
#include "attest/statement.h"
#include "base/banned.h"

static Manifest *
new_manifest(Fixture *f)
{
    return keep(f, manifest_new(), (GDestroyNotify)manifest_free);
}

static Manifest *
example(Fixture *f)
{
    Manifest *manifest = new_manifest(f);
    Digest digest = digest_of(span_of_text("x"));
    const char *const assets[] = { "b.tar.gz", NULL };

    manifest_add_asset(manifest, "b.tar.gz", 10, &digest);
    manifest_add_asset(manifest, "a.tar.gz", 20, &digest);
    manifest_add_evidence(manifest, PREDICATE_TYPE_TEST_RESULT, assets);
    manifest_add_evidence(manifest, PREDICATE_TYPE_PROVENANCE, NULL);
    manifest_add_derived(manifest, "SHA256SUMS", DERIVED_SHA256SUMS, NULL);
    manifest_add_derived(manifest, "a.tar.gz.sigstore.json", DERIVED_SIGSTORE_BUNDLE, "a.tar.gz");
    manifest->has_notes = true;
    manifest->notes = digest;
    return manifest;
}

static void
body_is_sorted_and_reads_back(void **state)
{
    Fixture *f = *state;
    json_t *body = keep_json(f, manifest_build(example(f), &f->error));

    assert_no_gerror(f->error);
    Manifest *read = keep(f, manifest_parse(body, &f->error), (GDestroyNotify)manifest_free);
    assert_no_gerror(f->error);
    assert_string_equal(((ManifestAsset *)read->assets->pdata[0])->name, "a.tar.gz");
    assert_int_equal(manifest_find_asset(read, "b.tar.gz")->size_bytes, 10);
    assert_null(manifest_find_asset(read, "c"));
    assert_true(json_equal(keep_json(f, manifest_build(read, &f->error)), body));
}

static void
manifests_that_make_no_sense_are_refused(void **state)
{
    static const char *const names[] = { "no assets",
                                         "a doubled asset",
                                         "names in two cases",
                                         "a derived file named as an asset",
                                         "evidence of no asset",
                                         "a derived file of no asset",
                                         "a negative size",
                                         "a path" };
    Fixture *f = *state;
    Digest digest = digest_of(span_of_text("x"));
    const char *const unknown[] = { "unknown", NULL };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        Manifest *m = i == 0 ? new_manifest(f) : example(f);
        test_case("%s", names[i]);
        g_clear_error(&f->error);
        if (i == 1)
            manifest_add_asset(m, "a.tar.gz", 1, &digest);
        else if (i == 2)
            manifest_add_asset(m, "A.tar.gz", 1, &digest);
        else if (i == 3)
            manifest_add_derived(m, "a.tar.gz", DERIVED_INDEX, NULL);
        else if (i == 4)
            manifest_add_evidence(m, "t", unknown);
        else if (i == 5)
            manifest_add_derived(m, "x.sig", DERIVED_SSHSIG, "unknown");
        else if (i == 6)
            manifest_add_asset(m, "c", -1, &digest);
        else if (i == 7)
            manifest_add_asset(m, "c/d", 1, &digest);
        assert_null(manifest_build(m, &f->error));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

static void
body_out_of_order_is_refused(void **state)
{
    Fixture *f = *state;
    json_t *body = keep_json(f, manifest_build(example(f), &f->error));
    json_t *assets = json_object_get(body, "assets");
    json_t *first = keep_json(f, json_incref(json_array_get(assets, 0)));

    json_array_remove(assets, 0);
    json_array_append(assets, first);
    assert_null(manifest_parse(body, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
body_with_another_member_is_refused(void **state)
{
    Fixture *f = *state;
    json_t *body = keep_json(f, manifest_build(example(f), &f->error));

    json_object_set_new(body, "more", json_null());
    assert_null(manifest_parse(body, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
file_names_follow_their_grammar(void **state)
{
    static const char *const good[] = { "a", "greeter-1.0.tar.gz", "with space", "\xc3\xa9" };
    static const char *const bad[] = { "", ".slipway", "..", "-rf", "a/b", "a\\b", "a\nb", "\xff" };
    (void)state;

    for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
        assert_true(asset_name_is_valid(good[i]));
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        test_case("case %zu", i);
        assert_false(asset_name_is_valid(bad[i]));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(body_is_sorted_and_reads_back),
        TEST(manifests_that_make_no_sense_are_refused),
        TEST(body_out_of_order_is_refused),
        TEST(body_with_another_member_is_refused),
        cmocka_unit_test(file_names_follow_their_grammar),
    };

    return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
