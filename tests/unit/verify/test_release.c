/* SPDX-License-Identifier: Apache-2.0
 * The release verifier over a release in memory: each way to tamper names its check and exit code.
 */
#include "testing.h"
#include "release_fixture.h"

#define OTHER_RELEASE "release:acme/cli@2.0.0"

typedef struct {
    LogFixture *log;
    ReleaseFixture *release;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->log = log_fixture_new_with_people(2);
    if (!log_fixture_to_intent(f->log, FIXTURE_RELEASE, 2))
        return -1;
    f->release = release_fixture_new(f->log, FIXTURE_RELEASE);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    release_fixture_free(f->release);
    log_fixture_free(f->log);
    g_free(f);
    return 0;
}

static void
expect(Fixture *f, VerifyResult wanted, const char *check)
{
    VerifyResult result = release_fixture_verify(f->release);

    if (result != wanted || (check != NULL && !release_fixture_found(f->release, check, wanted))) {
        g_autofree char *text = verify_report_text(f->release->report);
        fail_msg("wanted %d by check '%s', got %d:\n%s", wanted, check != NULL ? check : "any",
                 result, text);
    }
}

static void
untouched_release_is_good(void **state)
{
    expect(*state, VERIFY_OK, NULL);
}

static void
flipped_byte_in_a_file_is_found(void **state)
{
    static const struct {
        const char *path, *check;
    } rows[] = {
        { "greeter", "digest" },
        { "notes.txt", "digest" },
        { "SHA256SUMS", "derived" },
        { "index.json", "derived" },
        { "greeter.sigstore.json", "derived" },
        { "greeter.intoto.jsonl", "derived" },
        { ".slipway/checkpoint", "checkpoint" },
        { ".slipway/status.json", "status" },
        { ".slipway/facts.jsonl", NULL },
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        test_case("flip %s\n", rows[i].path);
        release_fixture_flip(f->release, rows[i].path);
        expect(f, VERIFY_NOT_AUTHENTIC, rows[i].check);
        release_fixture_flip(f->release, rows[i].path);
    }
    expect(f, VERIFY_OK, NULL);
}

/* DSSE readers pass over members they do not know; a verifier of whole releases must not. */
static void
renamed_member_of_an_envelope_is_found(void **state)
{
    static const struct {
        const char *path, *check;
    } rows[] = {
        { "greeter.sigstore.json", "derived" },
        { "greeter.intoto.jsonl", "derived" },
        { ".slipway/status.json", "status" },
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        test_case("rename keyid in %s\n", rows[i].path);
        GBytes *bytes = g_hash_table_lookup(f->release->files, rows[i].path);
        g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
        strstr(text, "\"keyid\"")[4] = 'j';
        release_fixture_put(f->release, rows[i].path, span_of_text(text));
        expect(f, VERIFY_NOT_AUTHENTIC, rows[i].check);
        strstr(text, "\"keyjd\"")[4] = 'i';
        release_fixture_put(f->release, rows[i].path, span_of_text(text));
    }
    expect(f, VERIFY_OK, NULL);
}

static void
removed_file_is_incomplete(void **state)
{
    static const char *const paths[] = {
        "greeter",
        "notes.txt",
        "SHA256SUMS",
        "index.json",
        "greeter.sigstore.json",
        "greeter.intoto.jsonl",
        ".slipway/checkpoint",
        ".slipway/status.json",
        ".slipway/facts.jsonl",
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        test_case("remove %s\n", paths[i]);
        g_autoptr(GBytes) kept = g_bytes_ref(g_hash_table_lookup(f->release->files, paths[i]));
        g_hash_table_remove(f->release->files, paths[i]);
        VerifyResult result = release_fixture_verify(f->release);
        assert_true(release_fixture_found(f->release, "files", VERIFY_INCOMPLETE));
        /* A bundle without the checkpoint beside it proves nothing either. */
        if (strcmp(paths[i], ".slipway/checkpoint") != 0)
            assert_int_equal(result, VERIFY_INCOMPLETE);
        release_fixture_put(f->release, paths[i], span_of_bytes(kept));
    }
    expect(f, VERIFY_OK, NULL);
}

static void
changed_fact_is_found(void **state)
{
    static const struct {
        FactKind kind;
        LineChange change;
        const char *check;
    } rows[] = {
        { FACT_ROOT, LINE_FLIP_PAE, "signature" },
        { FACT_ROSTER, LINE_FLIP_PAE, "signature" },
        { FACT_CLAIM, LINE_FLIP_PAE, "signature" },
        { FACT_EVIDENCE, LINE_FLIP_PAE, "signature" },
        { FACT_SEAL, LINE_FLIP_PAE, "signature" },
        { FACT_REQUEST, LINE_FLIP_PAE, "signature" },
        { FACT_APPROVAL, LINE_FLIP_PAE, "signature" },
        { FACT_PUBLISH_INTENT, LINE_FLIP_PAE, "signature" },
        { FACT_SEAL, LINE_FLIP_LEAF, "signature" },
        { FACT_EVIDENCE, LINE_FLIP_LEAF, "signature" },
        { FACT_ROOT, LINE_FLIP_PROOF, "inclusion" },
        { FACT_SEAL, LINE_FLIP_PROOF, "inclusion" },
        { FACT_EVIDENCE, LINE_FLIP_PROOF, "inclusion" },
        { FACT_APPROVAL, LINE_FLIP_PROOF, "inclusion" },
    };
    Fixture *f = *state;
    GBytes *text = g_hash_table_lookup(f->release->files, ".slipway/facts.jsonl");
    g_autoptr(GBytes) kept = g_bytes_ref(text);

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        test_case("change %d of %s\n", rows[i].change, fact_kind_name(rows[i].kind));
        release_fixture_change_line(f->release, rows[i].kind, rows[i].change);
        expect(f, VERIFY_NOT_AUTHENTIC, rows[i].check);
        release_fixture_put(f->release, ".slipway/facts.jsonl", span_of_bytes(kept));
    }
}

static void
removed_fact_is_incomplete(void **state)
{
    static const struct {
        FactKind kind;
        const char *check;
    } rows[] = {
        { FACT_ROOT, "root" },
        { FACT_ROSTER, "references" },
        { FACT_CLAIM, "references" },
        { FACT_SEAL, "references" },
        { FACT_REQUEST, "references" },
        { FACT_APPROVAL, "references" },
        { FACT_PUBLISH_INTENT, "chain" },
    };
    Fixture *f = *state;
    GBytes *text = g_hash_table_lookup(f->release->files, ".slipway/facts.jsonl");
    g_autoptr(GBytes) kept = g_bytes_ref(text);

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        test_case("remove %s\n", fact_kind_name(rows[i].kind));
        release_fixture_change_line(f->release, rows[i].kind, LINE_REMOVE);
        expect(f, VERIFY_INCOMPLETE, rows[i].check);
        release_fixture_put(f->release, ".slipway/facts.jsonl", span_of_bytes(kept));
    }
}

static void
file_of_another_release_is_found(void **state)
{
    static const struct {
        const char *path, *check;
    } rows[] = {
        { "greeter", "digest" },
        { "SHA256SUMS", "derived" },
        { "index.json", "derived" },
        { "greeter.sigstore.json", "derived" },
        { "greeter.intoto.jsonl", "derived" },
        { ".slipway/facts.jsonl", "digest" },
        { ".slipway/checkpoint", "inclusion" },
        { ".slipway/status.json", "status" },
    };
    Fixture *f = *state;

    assert_true(log_fixture_to_intent(f->log, OTHER_RELEASE, 2));
    ReleaseFixture *other = release_fixture_new(f->log, OTHER_RELEASE);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        test_case("swap %s\n", rows[i].path);
        g_autoptr(GBytes) kept = g_bytes_ref(g_hash_table_lookup(f->release->files, rows[i].path));
        release_fixture_put(f->release, rows[i].path,
                            span_of_bytes(g_hash_table_lookup(other->files, rows[i].path)));
        expect(f, VERIFY_NOT_AUTHENTIC, rows[i].check);
        release_fixture_put(f->release, rows[i].path, span_of_bytes(kept));
    }
    release_fixture_free(other);
    expect(f, VERIFY_OK, NULL);
}

static void
extra_file_is_incomplete(void **state)
{
    Fixture *f = *state;

    release_fixture_put(f->release, "README", span_of_text("hello"));
    expect(f, VERIFY_INCOMPLETE, "complete");
}

static void
old_status_is_stale(void **state)
{
    Fixture *f = *state;

    f->release->trust->max_age_s = 60;
    expect(f, VERIFY_STALE, "freshness");
    f->release->trust->max_age_s = 7200;
    expect(f, VERIFY_OK, NULL);
}

static void
expired_status_is_stale_within_max_age(void **state)
{
    Fixture *f = *state;

    f->release->trust->max_age_s = 1000000;
    f->release->now_us += 48 * FIXTURE_HOUR;
    expect(f, VERIFY_STALE, "freshness");
}

static void
rejected_release_is_revoked(void **state)
{
    Fixture *f = *state;

    assert_true(log_fixture_reject(f->log, FIXTURE_RELEASE, 2));
    release_fixture_refresh(f->release, f->log, FIXTURE_RELEASE);
    expect(f, VERIFY_REVOKED, "revoked");
}

static void
findings_follow_precedence(void **state)
{
    Fixture *f = *state;

    f->release->trust->max_age_s = 60;                                /* stale */
    release_fixture_put(f->release, "README", span_of_text("hello")); /* incomplete */
    expect(f, VERIFY_INCOMPLETE, "complete");
    assert_true(release_fixture_found(f->release, "freshness", VERIFY_STALE));
    release_fixture_flip(f->release, "greeter");
    expect(f, VERIFY_NOT_AUTHENTIC, "digest");
}

static TrustAccept *
rule(Fixture *f)
{
    return g_ptr_array_index(f->release->trust->accept, 0);
}

static void
trust_asks_for_more_approvals(void **state)
{
    Fixture *f = *state;

    rule(f)->approvals = 3;
    expect(f, VERIFY_POLICY, "approvals");
}

static void
trust_accepts_other_approvers_only(void **state)
{
    Fixture *f = *state;

    rule(f)->approvers = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(rule(f)->approvers, g_strnfill(64, '0'));
    expect(f, VERIFY_POLICY, "approvals");
}

static void
trust_accepts_other_builders_only(void **state)
{
    Fixture *f = *state;

    g_ptr_array_set_size(rule(f)->builders, 0);
    g_ptr_array_add(rule(f)->builders, g_strdup("*/vm/isolated"));
    expect(f, VERIFY_POLICY, "provenance");
}

static void
trust_accepts_other_sources_only(void **state)
{
    Fixture *f = *state;

    g_ptr_array_set_size(rule(f)->source, 0);
    g_ptr_array_add(rule(f)->source, g_strdup("git+https://elsewhere.example/cli"));
    expect(f, VERIFY_POLICY, "provenance");
}

static void
trust_without_a_rule_refuses(void **state)
{
    Fixture *f = *state;

    g_ptr_array_set_size(f->release->trust->accept, 0);
    expect(f, VERIFY_POLICY, "trust");
}

static void
another_root_is_not_authentic(void **state)
{
    Fixture *f = *state;

    f->release->trust->root.bytes[0] ^= 1;
    expect(f, VERIFY_NOT_AUTHENTIC, "root");
}

/* A thief of the engine key writes the publish-intent the lane refused. */
static void
stolen_engine_key_cannot_publish_without_approvals(void **state)
{
    Fixture *f = *state;
    g_autoptr(GError) error = NULL;

    assert_false(log_fixture_to_intent(f->log, OTHER_RELEASE, 1));
    g_autoptr(Fact) good =
        fact_parse(10, span_of_bytes(g_ptr_array_index(f->log->leaves, 8)),
                   span_of_bytes(g_ptr_array_index(f->log->paes, 8)), FACT_PARSE_CHECKED, &error);
    assert_no_gerror(error);
    assert_int_equal(good->kind, FACT_PUBLISH_INTENT);
    FactCommand command = log_fixture_command(f->log, OTHER_RELEASE);
    g_auto(FactRelease) release = { 0 };
    assert_true(fact_view_release(log_fixture_view(f->log), OTHER_RELEASE, &release, &error));
    g_autoptr(json_t) statement = json_deep_copy(good->statement->predicate);
    g_autoptr(Predicate) predicate = predicate_parse(PREDICATE_PUBLISH_INTENT, statement, &error);
    assert_no_gerror(error);
    g_free(predicate->object);
    g_free(predicate->command);
    predicate->object = g_strdup(OTHER_RELEASE);
    predicate->command = g_strdup(command.command);
    predicate->at_us = f->log->clock_us;
    predicate->previous = release.request;
    json_object_set_new(predicate->body, "manifest", json_digest(&release.seal));
    json_object_set_new(predicate->body, "request", json_digest(&release.request));
    json_object_set_new(predicate->body, "approvals", json_array());
    g_autoptr(json_t) evidence = NULL;
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(GBytes) asset = log_fixture_asset(OTHER_RELEASE, "greeter");
    Digest digest = digest_of(span_of_bytes(asset));
    g_autofree char *digest_text = digest_dup_string(&digest);
    assert_true(
        fact_view_scan(log_fixture_view(f->log), FACT_TABLE_SUBJECT, digest_text, &rows, &error));
    evidence = json_array();
    json_array_append_new(
        evidence, json_string(fact_row_text(g_ptr_array_index(rows, 0), FACT_SUBJECT_STATEMENT)));
    json_object_set(predicate->body, "evidence", evidence);
    g_autoptr(Statement) forged = predicate_statement(predicate);
    assert_true(fact_add_subjects(forged, predicate, &error));
    g_autoptr(GBytes) payload = statement_payload(forged, &error);
    assert_no_gerror(error);
    assert_int_equal(log_fixture_force(f->log, span_of_bytes(payload), f->log->engine), FACT_VOID);
    assert_int_equal(f->log->verdict->rule, FACT_RULE_APPROVALS);
    ReleaseFixture *other = release_fixture_new(f->log, OTHER_RELEASE);
    VerifyResult result = release_fixture_verify(other);
    bool policy = release_fixture_found(other, "approvals", VERIFY_POLICY);
    bool listed = release_fixture_found(other, "void", VERIFY_NOT_AUTHENTIC);
    release_fixture_free(other);
    assert_int_equal(result, VERIFY_NOT_AUTHENTIC); /* status.json lists it as void */
    assert_true(policy);
    assert_true(listed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(untouched_release_is_good, setup, teardown),
        cmocka_unit_test_setup_teardown(flipped_byte_in_a_file_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(renamed_member_of_an_envelope_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(removed_file_is_incomplete, setup, teardown),
        cmocka_unit_test_setup_teardown(changed_fact_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(removed_fact_is_incomplete, setup, teardown),
        cmocka_unit_test_setup_teardown(file_of_another_release_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(extra_file_is_incomplete, setup, teardown),
        cmocka_unit_test_setup_teardown(old_status_is_stale, setup, teardown),
        cmocka_unit_test_setup_teardown(expired_status_is_stale_within_max_age, setup, teardown),
        cmocka_unit_test_setup_teardown(rejected_release_is_revoked, setup, teardown),
        cmocka_unit_test_setup_teardown(findings_follow_precedence, setup, teardown),
        cmocka_unit_test_setup_teardown(trust_asks_for_more_approvals, setup, teardown),
        cmocka_unit_test_setup_teardown(trust_accepts_other_approvers_only, setup, teardown),
        cmocka_unit_test_setup_teardown(trust_accepts_other_builders_only, setup, teardown),
        cmocka_unit_test_setup_teardown(trust_accepts_other_sources_only, setup, teardown),
        cmocka_unit_test_setup_teardown(trust_without_a_rule_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(another_root_is_not_authentic, setup, teardown),
        cmocka_unit_test_setup_teardown(stolen_engine_key_cannot_publish_without_approvals, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
