/* SPDX-License-Identifier: Apache-2.0
 * test_provenance: SLSA provenance v1 of a job. */
#include <fcntl.h>
#include "attest_fixture.h"
#include "attest/provenance.h"
#include "base/files.h"
#include "base/banned.h"

#define COMMIT "a811fd3c608f573deda1adc334db54b52402533c"
#define TREE   "b811fd3c608f573deda1adc334db54b52402533c"

static ProvenanceInput
example(Fixture *f)
{
    return (ProvenanceInput){
        .event = "tag",
        .ref = "refs/tags/v1.0",
        .repository = "git+https://git.example/acme/cli",
        .job = "build",
        .cell = json_of(f, "{'os':'linux'}"),
        .pipeline = digest_of(span_of_text("pipeline")),
        .engine = digest_of(span_of_text("engine")),
        .engine_version = "0.1.0",
        .config = digest_of(span_of_text("config")),
        .has_roster = true,
        .roster = digest_of(span_of_text("roster")),
        .executor = "sandbox",
        .isolation = "isolated",
        .has_packages = true,
        .packages = digest_of(span_of_text("packages")),
        .network = "none",
        .commit = COMMIT,
        .tree = TREE,
        .origin = ORIGIN,
        .invocation_id = "run/1/job/build/1",
        .started_us = 1766077479000000,
        .finished_us = 1766077480500000,
    };
}

static Statement *
build(Fixture *f, const ProvenanceInput *input)
{
    return keep(f, provenance_build(input, &f->error), (GDestroyNotify)statement_free);
}

static const json_t *
definition_of(const Statement *statement)
{
    return json_object_get(statement->predicate, "buildDefinition");
}

static void
provenance_says_what_a_verifier_asks(void **state)
{
    Fixture *f = *state;
    ProvenanceInput input = example(f);
    Statement *statement = build(f, &input);
    ProvenanceView view;

    assert_no_gerror(f->error);
    assert_true(provenance_read(statement, &view, &f->error));
    assert_string_equal(view.build_type, PROVENANCE_BUILD_TYPE);
    assert_string_equal(view.builder_id, ORIGIN "/builder/sandbox/isolated");
    assert_string_equal(view.repository, "git+https://git.example/acme/cli");
    assert_string_equal(view.commit, COMMIT);
    assert_string_equal(view.isolation, "isolated");
}

static void
values_of_the_tenant_are_labelled(void **state)
{
    Fixture *f = *state;
    ProvenanceInput input = example(f);
    const json_t *internal = json_object_get(definition_of(build(f, &input)), "internalParameters");
    const json_t *labels = json_object_get(internal, "tenantSupplied");

    assert_true(json_array_size(labels) >= 3);
    assert_string_equal(json_string_value(json_array_get(labels, 0)), "/subject/name");
}

static void
further_dependencies_follow_the_source(void **state)
{
    Fixture *f = *state;
    ProvenanceInput input = example(f);

    input.dependencies = json_of(f, "[{'name':'input.bin','digest':{'sha256':'00'}}]");
    const json_t *list = json_object_get(definition_of(build(f, &input)), "resolvedDependencies");
    const json_t *last = json_array_get(list, json_array_size(list) - 1);
    assert_string_equal(json_string_value(json_object_get(last, "name")), "input.bin");
}

/* The required members of @group in the published schema are exactly those we write. */
static void
check_group(const json_t *schema, const json_t *definition, const char *group)
{
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *described = json_object_get(properties, group);
    const json_t *required = json_object_get(described, "required");
    const json_t *written = json_object_get(definition, group);

    test_case("%s", group);
    assert_int_equal(json_array_size(required), json_object_size(written));
    for (size_t i = 0; i < json_array_size(required); i++)
        assert_non_null(json_object_get(written, json_string_value(json_array_get(required, i))));
}

static void
published_schema_has_the_members_we_write(void **state)
{
    Fixture *f = *state;
    ProvenanceInput input = example(f);
    const json_t *definition = definition_of(build(f, &input));
    char *path = keep_text(
        f, g_build_filename(getenv("SLIPWAY_SOURCE"), "schema", "provenance-job-v1.json", NULL));
    GBytes *text = keep_bytes(f, file_read(AT_FDCWD, path, 1u << 20, &f->error));
    assert_no_gerror(f->error);
    const json_t *schema = keep_json(f, json_parse(span_of_bytes(text), 1u << 20, &f->error));

    assert_no_gerror(f->error);
    check_group(schema, definition, "externalParameters");
    check_group(schema, definition, "internalParameters");
}

static void
incomplete_provenance_is_not_written(void **state)
{
    static const char *const names[] = { "event", "commit", "tree", "times", "isolation", "job" };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        test_case("%s", names[i]);
        g_clear_error(&f->error);
        ProvenanceInput input = example(f);
        if (i == 0)
            input.event = "";
        else if (i == 1)
            input.commit = "main";
        else if (i == 2)
            input.tree = "";
        else if (i == 3)
            input.finished_us = input.started_us - 1;
        else if (i == 4)
            input.isolation = "Not a name";
        else
            input.job = "";
        assert_null(build(f, &input));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

static void
builder_must_name_the_isolation_it_claims(void **state)
{
    Fixture *f = *state;
    ProvenanceInput input = example(f);
    Statement *statement = build(f, &input);
    json_t *builder =
        json_object_get(json_object_get(statement->predicate, "runDetails"), "builder");
    ProvenanceView view;

    json_object_set_new(builder, "id", json_string(ORIGIN "/builder/host/none"));
    assert_false(provenance_read(statement, &view, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
other_build_types_are_read_as_far_as_slsa_goes(void **state)
{
    Fixture *f = *state;
    json_t *predicate = json_of(f, "{'buildDefinition':{'buildType':'https://x',"
                                   "'externalParameters':{},'resolvedDependencies':["
                                   "{'digest':{'gitCommit':'" COMMIT "'}}]},"
                                   "'runDetails':{'builder':{'id':'https://b'}}}");
    Statement *statement = keep(f, statement_new(PREDICATE_TYPE_PROVENANCE, json_incref(predicate)),
                                (GDestroyNotify)statement_free);
    ProvenanceView view;

    assert_true(provenance_read(statement, &view, &f->error));
    assert_string_equal(view.builder_id, "https://b");
    assert_string_equal(view.commit, COMMIT);
    assert_null(view.repository);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(provenance_says_what_a_verifier_asks),
        TEST(values_of_the_tenant_are_labelled),
        TEST(further_dependencies_follow_the_source),
        TEST(published_schema_has_the_members_we_write),
        TEST(incomplete_provenance_is_not_written),
        TEST(builder_must_name_the_isolation_it_claims),
        TEST(other_build_types_are_read_as_far_as_slsa_goes),
    };

    return cmocka_run_group_tests_name("provenance", tests, NULL, NULL);
}
