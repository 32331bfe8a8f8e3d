/* SPDX-License-Identifier: Apache-2.0
 * test_tuf_build: what we write is what our own client believes, and nothing else is signed. */
#include "attest/tuf_build.h"
#include "attest_fixture.h"
#include "base/banned.h"

#define NOW     INT64_C(1790000000000000)
#define DAY     (INT64_C(24) * 3600 * 1000000)
#define EXPIRES (NOW + 7 * DAY)
#define CONTENT "content"

typedef struct { /* a small repository; everything owned by the fixture */
    GBytes *root, *targets, *extra, *snapshot, *timestamp;
} Files;

static json_t *
keys_of(Fixture *f, Signer *signer)
{
    json_t *array = keep_json(f, json_array());

    json_array_append_new(array, tuf_build_key(signer_public_key(signer), &f->error));
    assert_no_gerror(f->error);
    return array;
}

static GBytes *
signed_file(Fixture *f, json_t *metadata, const char *role, Signer *signer)
{
    json_t *envelope = keep_json(f, tuf_build_envelope(metadata));
    GBytes *message = keep_bytes(f, tuf_canonical(metadata, &f->error));
    GBytes *signature = sign(f, signer, span_of_bytes(message));
    char *keyid = keep_text(f, tuf_keyid(json_array_get(keys_of(f, signer), 0), &f->error));

    tuf_build_add_signature(envelope, keyid, span_of_bytes(signature));
    GBytes *file = keep_bytes(f, tuf_build_file(envelope, role, &f->error));
    assert_no_gerror(f->error);
    return file;
}

static json_t *
root_of(Fixture *f, int64_t version, Signer *offline)
{
    json_t *ours = keys_of(f, offline);
    json_t *online = keys_of(f, f->p256);
    const TufSigners by_type[TUF_N_TYPES] = { [TUF_TYPE_ROOT] = { ours, 1 },
                                              [TUF_TYPE_TIMESTAMP] = { online, 1 },
                                              [TUF_TYPE_SNAPSHOT] = { online, 1 },
                                              [TUF_TYPE_TARGETS] = { ours, 1 } };
    json_t *root = keep_json(f, tuf_build_root(version, EXPIRES, by_type, &f->error));

    assert_no_gerror(f->error);
    return root;
}

/* Targets that delegate "more/…" to "extra", whose key is the P-256 one. */
static Files
repository(Fixture *f)
{
    Files files = { 0 };
    Digest digest = digest_of(span_of_text(CONTENT));
    json_t *targets = keep_json(f, tuf_build_targets(3, EXPIRES));
    json_t *extra = keep_json(f, tuf_build_targets(1, EXPIRES));
    json_t *paths = keep_json(f, json_pack("[s]", "more/*"));
    json_t *meta = keep_json(f, json_object());
    json_t *above = keep_json(f, json_object());
    const TufDelegation delegation = { .name = "extra",
                                       .signers = { keys_of(f, f->p256), 1 },
                                       .paths = paths };

    assert_true(tuf_build_add_target(targets, "a", strlen(CONTENT), &digest, &f->error));
    assert_true(tuf_build_add_target(extra, "more/b", strlen(CONTENT), &digest, &f->error));
    assert_true(tuf_build_delegate(targets, &delegation, &f->error));
    files.root = signed_file(f, root_of(f, 1, f->ed25519), "root", f->ed25519);
    files.targets = signed_file(f, targets, "targets", f->ed25519);
    files.extra = signed_file(f, extra, "extra", f->p256);
    tuf_build_add_meta(meta, "targets", 3, span_of_bytes(files.targets));
    tuf_build_add_meta(meta, "extra", 1, span_of_bytes(files.extra));
    files.snapshot =
        signed_file(f, keep_json(f, tuf_build_online(TUF_TYPE_SNAPSHOT, 9, EXPIRES, meta)),
                    "snapshot", f->p256);
    tuf_build_add_meta(above, "snapshot", 9, span_of_bytes(files.snapshot));
    files.timestamp =
        signed_file(f, keep_json(f, tuf_build_online(TUF_TYPE_TIMESTAMP, 9, EXPIRES, above)),
                    "timestamp", f->p256);
    return files;
}

static void
free_set(void *set)
{
    tuf_set_free(set);
}

static void
a_client_believes_the_whole_repository(void **state)
{
    Fixture *f = *state;
    Files files = repository(f);
    g_auto(TufTarget) found = { 0 };

    TufSet *set = keep(f, tuf_set_new(span_of_bytes(files.root), NOW, &f->error), free_set);
    assert_no_gerror(f->error);
    bool ok =
        tuf_set_update_timestamp(set, span_of_bytes(files.timestamp), &f->error) &&
        tuf_set_update_snapshot(set, span_of_bytes(files.snapshot), 0, &f->error) &&
        tuf_set_update_targets(set, "targets", "root", span_of_bytes(files.targets), &f->error) &&
        tuf_set_update_targets(set, "extra", "targets", span_of_bytes(files.extra), &f->error);

    assert_no_gerror(f->error);
    assert_true(ok);
    assert_true(tuf_set_consistent(set));
    assert_true(tuf_set_target(set, "extra", "more/b", &found));
    assert_int_equal(found.length, strlen(CONTENT));
}

static void
signatures_are_checked_against_who_delegates(void **state)
{
    Fixture *f = *state;
    Files files = repository(f);

    assert_true(tuf_build_check(span_of_bytes(files.root), "targets", span_of_bytes(files.targets),
                                &f->error));
    assert_true(tuf_build_check(span_of_bytes(files.targets), "extra", span_of_bytes(files.extra),
                                &f->error));
    assert_false(tuf_build_check(span_of_bytes(files.root), "targets", span_of_bytes(files.extra),
                                 &f->error));
    assert_gerror(f->error, TUF_ERROR, TUF_ERROR_SIGNATURES);
    g_clear_error(&f->error);
    assert_false(tuf_build_check(span_of_bytes(files.targets), "other", span_of_bytes(files.extra),
                                 &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

static void
a_rotated_root_is_checked_with_both_keys(void **state)
{
    Fixture *f = *state;
    Files files = repository(f);
    json_t *next = root_of(f, 2, f->p256);
    GBytes *by_new = signed_file(f, next, "root", f->p256);

    assert_true(tuf_build_check(span_of_bytes(by_new), "root", span_of_bytes(by_new), &f->error));
    assert_false(
        tuf_build_check(span_of_bytes(files.root), "root", span_of_bytes(by_new), &f->error));
    assert_gerror(f->error, TUF_ERROR, TUF_ERROR_SIGNATURES);
}

static void
a_signature_again_takes_the_place_of_the_first(void **state)
{
    Fixture *f = *state;
    json_t *envelope = keep_json(f, tuf_build_envelope(root_of(f, 1, f->ed25519)));

    tuf_build_add_signature(envelope, "k", span_of_text("one"));
    tuf_build_add_signature(envelope, "k", span_of_text("two"));

    json_t *signatures = json_object_get(envelope, "signatures");
    assert_int_equal(json_array_size(signatures), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(signatures, 0), "sig")),
                        "74776f");
}

static void
a_threshold_nobody_can_meet_is_refused(void **state)
{
    Fixture *f = *state;
    json_t *keys = keys_of(f, f->p256);
    TufSigners by_type[TUF_N_TYPES] = { 0 };

    for (TufType type = TUF_TYPE_ROOT; type < TUF_N_TYPES; type++)
        by_type[type] = (TufSigners){ keys, 1 };
    by_type[TUF_TYPE_TARGETS].threshold = 2;
    assert_null(tuf_build_root(1, EXPIRES, by_type, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
paths_that_could_leave_the_folder_are_refused(void **state)
{
    static const char *const paths[] = { "",      "/a",  "a/",   "a//b", "../a", "a/../b",
                                         ".hide", "a b", "a\\b", "a\nb", "a%2fb" };
    Fixture *f = *state;
    json_t *targets = keep_json(f, tuf_build_targets(1, EXPIRES));
    Digest digest = digest_of(span_of_text(CONTENT));

    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        test_case("'%s'", paths[i]);
        g_clear_error(&f->error);
        assert_false(tuf_build_add_target(targets, paths[i], 1, &digest, &f->error));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

static void
a_new_delegation_replaces_the_old_and_its_keys(void **state)
{
    Fixture *f = *state;
    json_t *targets = keep_json(f, tuf_build_targets(1, EXPIRES));
    json_t *paths = keep_json(f, json_pack("[s]", "*"));
    TufDelegation delegation = { .name = "x",
                                 .signers = { keys_of(f, f->p256), 1 },
                                 .paths = paths };

    assert_true(tuf_build_delegate(targets, &delegation, &f->error));
    delegation.signers.keys = keys_of(f, f->ed25519);
    assert_true(tuf_build_delegate(targets, &delegation, &f->error));

    json_t *delegations = json_object_get(targets, "delegations");
    assert_int_equal(json_array_size(json_object_get(delegations, "roles")), 1);
    assert_int_equal(json_object_size(json_object_get(delegations, "keys")), 1);
}

static void
an_online_key_signs_canonical_timestamps_and_snapshots_only(void **state)
{
    Fixture *f = *state;
    json_t *meta = keep_json(f, json_object());
    json_t *root = root_of(f, 1, f->ed25519);
    json_t *targets = keep_json(f, tuf_build_targets(1, EXPIRES));

    tuf_build_add_meta(meta, "snapshot", 1, span_of_text("x"));
    json_t *timestamp = keep_json(f, tuf_build_online(TUF_TYPE_TIMESTAMP, 1, EXPIRES, meta));
    json_t *snapshot = keep_json(f, tuf_build_online(TUF_TYPE_SNAPSHOT, 1, EXPIRES, meta));
    const struct {
        const char *label;
        json_t *metadata;
        bool allowed;
    } rows[] = { { "timestamp", timestamp, true },
                 { "snapshot", snapshot, true },
                 { "root", root, false },
                 { "targets", targets, false } };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        test_case("%s", rows[i].label);
        g_clear_error(&f->error);
        GBytes *payload = keep_bytes(f, tuf_canonical(rows[i].metadata, &f->error));
        assert_int_equal(tuf_build_check_online(span_of_bytes(payload), &f->error),
                         rows[i].allowed);
    }
}

static void
a_payload_that_is_not_canonical_is_not_signed(void **state)
{
    Fixture *f = *state;
    json_t *meta = keep_json(f, json_object());

    tuf_build_add_meta(meta, "snapshot", 1, span_of_text("x"));
    json_t *timestamp = keep_json(f, tuf_build_online(TUF_TYPE_TIMESTAMP, 1, EXPIRES, meta));
    GBytes *bytes = keep_bytes(f, tuf_canonical(timestamp, &f->error));
    char *text = keep_text(f, g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes)));
    char *spaced = keep_text(f, g_strconcat(text, " ", NULL));
    char *doubled = keep_text(f, g_strconcat(text, ",\"signed2\":", text, NULL));

    assert_false(tuf_build_check_online(span_of_text(spaced), &f->error));
    assert_gerror(f->error, TUF_ERROR, TUF_ERROR_METADATA);
    g_clear_error(&f->error);
    assert_false(tuf_build_check_online(span_of_text(doubled), &f->error));
    assert_gerror(f->error, TUF_ERROR, TUF_ERROR_METADATA);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_client_believes_the_whole_repository),
        TEST(signatures_are_checked_against_who_delegates),
        TEST(a_rotated_root_is_checked_with_both_keys),
        TEST(a_signature_again_takes_the_place_of_the_first),
        TEST(a_threshold_nobody_can_meet_is_refused),
        TEST(paths_that_could_leave_the_folder_are_refused),
        TEST(a_new_delegation_replaces_the_old_and_its_keys),
        TEST(an_online_key_signs_canonical_timestamps_and_snapshots_only),
        TEST(a_payload_that_is_not_canonical_is_not_signed),
    };

    return cmocka_run_group_tests_name("tuf_build", tests, NULL, NULL);
}
