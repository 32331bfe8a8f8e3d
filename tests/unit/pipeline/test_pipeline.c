/* SPDX-License-Identifier: Apache-2.0
 * Tests of pipeline/pipeline.h. What the reader refuses, with exact messages, is in
 * tests/cli/pipeline. */
#include <jansson.h>
#include <stdlib.h>
#include "pipeline/pipeline.h"
#include "base/files.h"
#include "base/json.h"
#include "reading.h"
#include <fcntl.h>
#include "base/banned.h"

static const char whole[] =
    "slipway: 1\n"
    "project: greeter\n"
    "inputs: { level: { description: d, default: fast, choices: [fast, full] } }\n"
    "streams:\n"
    "  main: { tag: 'v{version}', assets: ['a-*.tgz', b], require: [provenance, test-result],"
    " approvals: 2, signatures: [checksum, minisign], notes: docs/NOTES.md, targets: [site] }\n"
    "  lib: { tag: 'lib/v{version}', scheme: calver, assets: ['**'] }\n"
    "targets: { site: { type: directory }, other: { type: directory } }\n"
    "jobs:\n"
    "  last: { needs: [build, first], steps: [ { run: x } ] }\n"
    "  build:\n"
    "    needs: [first]\n"
    "    root: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
    "    network: { allow: [example.org, 'example.org:443', '10.0.0.1', '[::1]:80'] }\n"
    "    env: { A: 1.20, B: true, C: '' }\n"
    "    timeout: 1h30m10s\n"
    "    retry: { exit-codes: [75, 1], max: 2 }\n"
    "    limits: { memory: 512MiB, processes: 256, file-size: 1GiB, output-size: 2GiB, cpu: 150% "
    "}\n"
    "    steps:\n"
    "      - run: |\n"
    "          make all\n"
    "          make more\n"
    "      - { name: two, run: [make, 'a b'], env: { D: d }, timeout: 2m, always: true }\n"
    "    artifacts: ['*.tgz']\n"
    "    outputs: [version]\n"
    "  first: { executor: host, steps: [ { run: x } ] }\n";

static void
parse_reads_every_field_of_a_job(void **state)
{
    Reading *r = *state;

    reading_parse_good(r, whole);
    const PipelineJob *job = pipeline_find_job(r->pipeline, "build");

    assert_non_null(job);
    assert_int_equal(job->executor, PIPELINE_EXECUTOR_SANDBOX);
    assert_true(job->has_root);
    assert_int_equal(job->root.bytes[0], 0xe3);
    assert_int_equal(job->network, PIPELINE_NETWORK_ALLOW);
    assert_string_equal(job->allow[3], "[::1]:80");
    assert_int_equal(job->n_env, 3);
    assert_string_equal(job->env[0].value, "1.20");
    assert_string_equal(job->env[1].value, "true");
    assert_string_equal(job->env[2].value, "");
    assert_int_equal(job->timeout_ms, 5410000);
    assert_int_equal(job->n_retry_exit_codes, 2);
    assert_int_equal(job->retry_exit_codes[0], 75);
    assert_int_equal(job->retry_max, 2);
    assert_int_equal(job->limits.memory_bytes, 512 << 20);
    assert_int_equal(job->limits.file_size_bytes, 1 << 30);
    assert_int_equal(job->limits.output_bytes, 2ll << 30);
    assert_int_equal(job->limits.processes, 256);
    assert_int_equal(job->limits.cpu_percent, 150);
    assert_string_equal(job->artifacts[0], "*.tgz");
    assert_string_equal(job->outputs[0], "version");
    assert_int_equal(job->line, 10);
    assert_int_equal(job->column, 3);
}

static void
parse_reads_steps(void **state)
{
    Reading *r = *state;

    reading_parse_good(r, whole);
    const PipelineJob *job = pipeline_find_job(r->pipeline, "build");

    assert_int_equal(job->n_steps, 2);
    assert_string_equal(job->steps[0].name, "make all");
    assert_string_equal(job->steps[0].run, "make all\nmake more\n");
    assert_null(job->steps[0].argv);
    assert_false(job->steps[0].always);
    assert_string_equal(job->steps[1].name, "two");
    assert_null(job->steps[1].run);
    assert_string_equal(job->steps[1].argv[1], "a b");
    assert_null(job->steps[1].argv[2]);
    assert_int_equal(job->steps[1].timeout_ms, 120000);
    assert_true(job->steps[1].always);
    assert_string_equal(job->steps[1].env[0].name, "D");
}

static void
parse_reads_streams_with_their_defaults(void **state)
{
    Reading *r = *state;

    reading_parse_good(r, whole);
    const PipelineStream *stream = pipeline_find_stream(r->pipeline, "main");
    const PipelineStream *lib = pipeline_find_stream(r->pipeline, "lib");

    assert_int_equal(stream->scheme, PIPELINE_SCHEME_SEMVER);
    assert_int_equal(stream->require, PIPELINE_REQUIRE_PROVENANCE | PIPELINE_REQUIRE_TEST_RESULT);
    assert_int_equal(stream->approvals, 2);
    assert_int_equal(stream->signatures, PIPELINE_SIGN_CHECKSUM | PIPELINE_SIGN_MINISIGN);
    assert_string_equal(stream->notes, "docs/NOTES.md");
    assert_string_equal(stream->targets[0], "site");
    assert_null(stream->targets[1]);
    assert_int_equal(lib->scheme, PIPELINE_SCHEME_CALVER);
    assert_int_equal(lib->require, PIPELINE_REQUIRE_PROVENANCE);
    assert_int_equal(lib->approvals, 0);
    assert_int_equal(lib->signatures, 0);
    assert_int_equal(g_strv_length((char **)lib->targets), 2); /* all */
}

static void
order_puts_needs_first_and_else_keeps_the_file(void **state)
{
    Reading *r = *state;

    reading_parse_good(r, whole);

    assert_int_equal(r->pipeline->n_jobs, 3);
    assert_string_equal(r->pipeline->jobs[r->pipeline->order[0]].name, "first");
    assert_string_equal(r->pipeline->jobs[r->pipeline->order[1]].name, "build");
    assert_string_equal(r->pipeline->jobs[r->pipeline->order[2]].name, "last");
    assert_int_equal(r->pipeline->jobs[0].n_needs, 2);
    assert_int_equal(r->pipeline->jobs[0].needs[0], 1);
}

static void
host_executor_has_open_network(void **state)
{
    Reading *r = *state;

    reading_parse_good(r, whole);

    assert_int_equal(pipeline_find_job(r->pipeline, "first")->network, PIPELINE_NETWORK_OPEN);
    assert_int_equal(pipeline_find_job(r->pipeline, "last")->network, PIPELINE_NETWORK_NONE);
}

static void
digest_is_that_of_the_bytes(void **state)
{
    Reading *r = *state;
    Digest wanted = digest_of(span_of_text(whole));

    reading_parse_good(r, whole);

    assert_true(digest_equal(&r->pipeline->digest, &wanted));
}

static void
tag_finds_its_stream_and_version(void **state)
{
    static const struct {
        const char *tag;
        const char *stream; /* NULL: none */
        const char *version;
    } cases[] = {
        { "v1.2.3", "main", "1.2.3" },
        { "v1.2.3-rc.1", "main", "1.2.3-rc.1" },
        { "lib/v2447.3", "lib", "2447.3" },
        { "v1.2", NULL, NULL },
        { "1.2.3", NULL, NULL },
        { "lib/v1.2.3", NULL, NULL },
        { "v", NULL, NULL },
        { "v01.2.3", NULL, NULL },
    };
    Reading *r = *state;

    reading_parse_good(r, whole);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *version = NULL;
        const PipelineStream *stream =
            pipeline_find_stream_of_tag(r->pipeline, cases[i].tag, &version);

        test_case("%s", cases[i].tag);
        if (cases[i].stream == NULL) {
            assert_null(stream);
            continue;
        }
        assert_non_null(stream);
        assert_string_equal(stream->name, cases[i].stream);
        assert_string_equal(version, cases[i].version);
    }
}

static void
matrix_multiplies_excludes_and_includes(void **state)
{
    static const char *const labels[] = {
        "a=1, b=x", "a=1, b=y, c=plus", "a=2, b=y, c=plus", "a=3, b=z, c=new", "a=9, d=only",
    };
    Reading *r = *state;

    reading_parse_good(
        r, "slipway: 1\nproject: p\njobs:\n  j:\n    matrix:\n"
           "      a: [1, 2]\n      b: [x, y]\n"
           "      exclude: [ { a: 2, b: x } ]\n"
           "      include: [ { b: y, c: plus }, { a: 3, b: z, c: new }, { a: 9, d: only } ]\n"
           "    steps: [ { run: x } ]\n");
    const PipelineJob *job = &r->pipeline->jobs[0];

    assert_int_equal(job->n_cells, G_N_ELEMENTS(labels));
    for (size_t i = 0; i < G_N_ELEMENTS(labels); i++)
        assert_string_equal(job->cells[i].label, labels[i]);
}

static void
semver_vectors_hold(void **state)
{
    const char *vectors = getenv("VECTORS");
    g_autofree char *path = g_build_filename(vectors == NULL ? "/nonexistent" : vectors, "semver",
                                             "semver-org.json", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = file_read(AT_FDCWD, path, 1u << 20, &error);
    json_t *item;
    size_t i;

    (void)state;
    if (bytes == NULL) { /* test_needs() jumps over the cleanups */
        g_clear_error(&error);
        g_free(g_steal_pointer(&path));
    }
    test_needs("vectors", bytes != NULL);
    g_autoptr(json_t) document = json_parse(span_of_bytes(bytes), 1u << 20, &error);
    assert_no_gerror(error);
    assert_true(json_array_size(json_object_get(document, "valid")) > 10);
    json_array_foreach (json_object_get(document, "valid"), i, item) {
        test_case("valid %s", json_string_value(item));
        assert_true(pipeline_version_is_valid(PIPELINE_SCHEME_SEMVER, json_string_value(item)));
    }
    json_array_foreach (json_object_get(document, "invalid"), i, item) {
        test_case("invalid %s", json_string_value(item));
        assert_false(pipeline_version_is_valid(PIPELINE_SCHEME_SEMVER, json_string_value(item)));
    }
}

static void
other_schemes_are_checked(void **state)
{
    static const struct {
        PipelineScheme scheme;
        const char *version;
        bool ok;
    } cases[] = {
        { PIPELINE_SCHEME_CALVER, "2447.0", true },
        { PIPELINE_SCHEME_CALVER, "2453.12-prerelease1", true },
        { PIPELINE_SCHEME_CALVER, "2454.0", false },
        { PIPELINE_SCHEME_CALVER, "2400.0", false },
        { PIPELINE_SCHEME_CALVER, "2447.01", false },
        { PIPELINE_SCHEME_CALVER, "2447", false },
        { PIPELINE_SCHEME_CALVER, "2447.", false },
        { PIPELINE_SCHEME_CALVER, "", false },
        { PIPELINE_SCHEME_TIMESTAMP, "20240229235959", true },
        { PIPELINE_SCHEME_TIMESTAMP, "20230229000000", false },
        { PIPELINE_SCHEME_TIMESTAMP, "20240101240000", false },
        { PIPELINE_SCHEME_TIMESTAMP, "2024010100000", false },
        { PIPELINE_SCHEME_NONE, "1.2.3", false },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("%s %s", pipeline_scheme_name(cases[i].scheme), cases[i].version);
        assert_int_equal(pipeline_version_is_valid(cases[i].scheme, cases[i].version), cases[i].ok);
    }
}

/* However a file is cut off, reading ends in a pipeline or in errors, not in a crash. */
static void
every_prefix_is_read_or_refused(void **state)
{
    Reading *r = *state;

    for (size_t len = 0; len < sizeof whole; len += 3) {
        g_autofree char *prefix = g_strndup(whole, len);

        reading_parse(r, prefix);
        assert_int_equal(r->pipeline == NULL, diagnostics_count(r->diagnostics) > 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        READING_TEST(parse_reads_every_field_of_a_job),
        READING_TEST(parse_reads_steps),
        READING_TEST(parse_reads_streams_with_their_defaults),
        READING_TEST(order_puts_needs_first_and_else_keeps_the_file),
        READING_TEST(host_executor_has_open_network),
        READING_TEST(digest_is_that_of_the_bytes),
        READING_TEST(tag_finds_its_stream_and_version),
        READING_TEST(matrix_multiplies_excludes_and_includes),
        READING_TEST(every_prefix_is_read_or_refused),
        cmocka_unit_test(semver_vectors_hold),
        cmocka_unit_test(other_schemes_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
