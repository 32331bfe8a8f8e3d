/* SPDX-License-Identifier: Apache-2.0
 * Tests of pipeline/plan.h. */
#include "pipeline/plan.h"
#include <string.h>
#include "base/json.h"
#include "reading.h"
#include "base/banned.h"

#define HEAD "slipway: 1\nproject: p\n"

static const PlanEvent push = {
    .kind = PLAN_EVENT_PUSH,
    .ref = "refs/heads/main",
    .branch = "main",
    .commit = "0123456789012345678901234567890123456789",
};
static const PlanEvent tag = { .kind = PLAN_EVENT_TAG, .ref = "refs/tags/v1.2.3", .tag = "v1.2.3" };

static void
expand(Reading *r, const char *text, const PlanEvent *event)
{
    reading_parse_good(r, text);
    r->plan = plan_expand(r->pipeline, event, &r->error);
}

static const PlanJob *
find(const Reading *r, const char *id)
{
    for (size_t i = 0; i < r->plan->n_jobs; i++) {
        if (strcmp(r->plan->jobs[i].id, id) == 0)
            return &r->plan->jobs[i];
    }
    fail_msg("no job '%s' in the plan", id);
    return NULL;
}

static const char *
env_of(const PlanJob *job, const char *name)
{
    for (size_t i = 0; i < job->n_env; i++) {
        if (strcmp(job->env[i].name, name) == 0)
            return job->env[i].value;
    }
    return NULL;
}

static void
needs_point_backwards_at_every_cell(void **state)
{
    Reading *r = *state;

    expand(r,
           HEAD "jobs:\n  z: { needs: [a], matrix: { n: [1, 2] }, steps: [ { run: x } ] }\n"
                "  a: { matrix: { m: [x, y, z] }, steps: [ { run: x } ] }\n",
           &push);
    assert_no_gerror(r->error);

    assert_int_equal(r->plan->n_jobs, 5);
    const PlanJob *job = find(r, "z (n=2)");
    assert_int_equal(job->n_needs, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(job->needs[i], i);
        assert_string_equal(r->plan->jobs[job->needs[i]].job->name, "a");
    }
}

static void
skipping_spreads_to_those_who_need_it(void **state)
{
    Reading *r = *state;

    expand(r,
           HEAD "jobs:\n  a: { when: { event: tag }, steps: [ { run: x } ] }\n"
                "  b: { needs: [a], steps: [ { run: x } ] }\n"
                "  c: { needs: [b], steps: [ { run: x } ] }\n"
                "  d: { steps: [ { run: x } ] }\n",
           &push);
    assert_no_gerror(r->error);

    assert_int_equal(r->plan->n_skipped, 3);
    assert_string_equal(find(r, "a")->why, "event is 'push', not \"tag\"");
    assert_string_equal(find(r, "b")->why, "it needs 'a', which is skipped");
    assert_string_equal(find(r, "c")->why, "it needs 'b', which is skipped");
    assert_false(find(r, "d")->skipped);
    assert_null(find(r, "d")->why);
}

static void
a_skipped_cell_is_left_out_of_needs(void **state)
{
    Reading *r = *state;

    expand(
        r,
        HEAD
        "jobs:\n  a: { matrix: { m: [x, y] }, when: 'matrix.m == \"y\"', steps: [ { run: x } ] }\n"
        "  b: { needs: [a], steps: [ { run: x } ] }\n",
        &push);
    assert_no_gerror(r->error);

    assert_true(find(r, "a (m=x)")->skipped);
    assert_false(find(r, "b")->skipped);
    assert_int_equal(find(r, "b")->n_needs, 1);
    assert_string_equal(r->plan->jobs[find(r, "b")->needs[0]].id, "a (m=y)");
}

static void
path_conditions_hold_when_nobody_knows_what_changed(void **state)
{
    static const char text[] =
        HEAD "jobs:\n  a: { when: { paths: ['src/**'] }, steps: [ { run: x } ] }\n";
    static const char *const docs[] = { "docs/a.md", NULL };
    Reading *r = *state;
    PlanEvent known = push;

    known.changed = docs;
    expand(r, text, &push);
    assert_int_equal(r->plan->n_skipped, 0);
    expand(r, text, &known);
    assert_int_equal(r->plan->n_skipped, 1);
    assert_string_equal(find(r, "a")->why, "no changed file fits \"src/**\"");
}

static void
map_conditions_must_all_fit(void **state)
{
    static const struct {
        const char *when;
        bool on_push;
        bool on_tag;
    } cases[] = {
        { "{ event: push }", true, false },
        { "{ event: [push, tag] }", true, true },
        { "{ branch: main }", true, false },
        { "{ branch: [main, dev], event: push }", true, false },
        { "{ branch: main, event: tag }", false, false },
        { "{ branch: ['*', '!main'] }", false, false },
        { "{ branch: ['!dev'] }", true, false },
        { "{ tag: 'v*' }", false, true },
        { "{ tag: 'v2*' }", false, false },
        { "'event == \"tag\" || branch == \"main\"'", true, true },
        { "'version =~ \"1.*\"'", false, true },
        { "'stream == \"\"'", true, false },
    };
    Reading *r = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text =
            g_strdup_printf(HEAD "streams: { main: { tag: 'v{version}', assets: [a] } }\njobs:\n  "
                                 "a: { when: %s, steps: [ { run: x } ] }\n",
                            cases[i].when);

        test_case("%s", cases[i].when);
        expand(r, text, &push);
        assert_no_gerror(r->error);
        assert_int_equal(r->plan->n_skipped, !cases[i].on_push);
        expand(r, text, &tag);
        assert_no_gerror(r->error);
        assert_int_equal(r->plan->n_skipped, !cases[i].on_tag);
    }
}

static void
values_are_replaced_in_env_and_artifacts(void **state)
{
    Reading *r = *state;

    expand(r,
           HEAD "streams: { main: { tag: 'v{version}', assets: [a] } }\njobs:\n  a:\n"
                "    matrix: { arch: [amd64] }\n"
                "    env: { T: '${project}-${matrix.arch}-${tag}-${stream}', R: '${ref} $${ref}', "
                "B: '[${branch}]' }\n"
                "    steps: [ { run: 'echo ${matrix.arch}' } ]\n"
                "    artifacts: ['p-${version}-${matrix.arch}.tgz', '*.txt']\n",
           &tag);
    assert_no_gerror(r->error);
    const PlanJob *job = &r->plan->jobs[0];

    assert_string_equal(env_of(job, "MATRIX_ARCH"), "amd64");
    assert_string_equal(env_of(job, "T"), "p-amd64-v1.2.3-main");
    assert_string_equal(env_of(job, "R"), "refs/tags/v1.2.3 ${ref}");
    assert_string_equal(env_of(job, "B"), "[]");
    assert_string_equal(job->artifacts[0], "p-1.2.3-amd64.tgz");
    assert_string_equal(job->artifacts[1], "*.txt");
    assert_string_equal(job->job->steps[0].run, "echo ${matrix.arch}"); /* the shell's, not ours */
}

static void
outside_values_are_never_globs_or_templates(void **state)
{
    static const char text[] =
        HEAD "inputs: { name: {} }\njobs:\n  a:\n    env: { N: 'x${inputs.name}' }\n"
             "    steps: [ { run: x } ]\n    artifacts: ['out-${inputs.name}']\n";
    static const PipelinePair star[] = { { "name", "*[${project}" } };
    static const PipelinePair climb[] = { { "name", "/../../x" } };
    Reading *r = *state;
    PlanEvent event = push;

    event.inputs = star;
    event.n_inputs = 1;
    expand(r, text, &event);
    assert_no_gerror(r->error);
    assert_string_equal(r->plan->jobs[0].artifacts[0], "out-\\*\\[${project}");
    assert_string_equal(env_of(&r->plan->jobs[0], "N"), "x*[${project}");
    assert_true(plan_step_env(&r->plan->jobs[0], &r->plan->jobs[0].job->steps[0], NULL, NULL,
                              &r->env, &r->error));
    assert_true(g_strv_contains((const char *const *)r->env, "N=x*[${project}"));
    event.inputs = climb;
    expand(r, text, &event);
    assert_null(r->plan);
    assert_gerror(r->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
inputs_are_checked(void **state)
{
    static const char text[] =
        HEAD "inputs: { need: {}, level: { default: fast, choices: [fast, full] } }\n"
             "jobs: { a: { steps: [ { run: x } ] } }\n";
    static const struct {
        PlanEventKind kind;
        PipelinePair pairs[2];
        size_t n;
        const char *message; /* NULL: fine */
    } cases[] = {
        { PLAN_EVENT_PUSH, { { 0 } }, 0, NULL },
        { PLAN_EVENT_MANUAL, { { 0 } }, 0, "input 'need' is not given and has no default" },
        { PLAN_EVENT_MANUAL, { { "need", "" } }, 1, NULL },
        { PLAN_EVENT_MANUAL, { { "need", "x" }, { "level", "full" } }, 2, NULL },
        { PLAN_EVENT_MANUAL,
          { { "need", "x" }, { "level", "slow" } },
          2,
          "input 'level' cannot be 'slow'; it is one of 'fast', 'full'" },
        { PLAN_EVENT_MANUAL, { { "nede", "x" } }, 1, "there is no input 'nede'" },
    };
    Reading *r = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        PlanEvent event = { .kind = cases[i].kind,
                            .inputs = cases[i].pairs,
                            .n_inputs = cases[i].n };

        test_case("case %zu", i);
        expand(r, text, &event);
        if (cases[i].message == NULL) {
            assert_no_gerror(r->error);
            continue;
        }
        assert_gerror(r->error, BASE_ERROR, BASE_ERROR_INVALID);
        assert_string_equal(r->error->message, cases[i].message);
    }
}

static const char *
output_of(const char *job, const char *output, void *data)
{
    (void)data;
    return strcmp(job, "ver") == 0 && strcmp(output, "v") == 0 ? "1.0 ${tag}" : NULL;
}

static const char with_outputs[] = HEAD "jobs:\n  ver: { outputs: [v, w], steps: [ { run: x } ] }\n"
                                        "  use:\n    needs: [ver]\n    matrix: { m: [1] }\n"
                                        "    env: { V: 'v=${needs.ver.v}', S: job }\n"
                                        "    steps: [ { run: x, env: { S: 'step ${matrix.m}' } },"
                                        " { run: y, env: { W: '${needs.ver.w}' } } ]\n";

static void
step_env_has_outputs_and_the_step_wins(void **state)
{
    Reading *r = *state;

    expand(r, with_outputs, &push);
    assert_no_gerror(r->error);
    const PlanJob *job = find(r, "use (m=1)");
    bool ok = plan_step_env(job, &job->job->steps[0], output_of, NULL, &r->env, &r->error);
    assert_no_gerror(r->error);

    assert_true(ok);
    assert_int_equal(g_strv_length(r->env), 3);
    assert_string_equal(r->env[0], "MATRIX_M=1");
    assert_string_equal(r->env[1], "V=v=1.0 ${tag}");
    assert_string_equal(r->env[2], "S=step 1");
}

static void
step_env_says_which_output_is_missing(void **state)
{
    Reading *r = *state;

    expand(r, with_outputs, &push);
    const PlanJob *job = find(r, "use (m=1)");

    assert_false(plan_step_env(job, &job->job->steps[1], output_of, NULL, &r->env, &r->error));
    assert_gerror(r->error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    assert_string_equal(r->error->message, "variable 'W': '${needs.ver.w}' has no value");
}

static void
text_is_for_people(void **state)
{
    Reading *r = *state;

    expand(r,
           HEAD "jobs:\n  build: { matrix: { arch: [amd64, arm64] }, timeout: 90s, steps: [ { run: "
                "x }, { run: y } ] }\n"
                "  pack: { needs: [build], executor: host, steps: [ { run: x } ] }\n"
                "  ship: { needs: [pack], when: { event: tag }, steps: [ { run: x } ] }\n",
           &push);
    r->text = plan_to_text(r->plan);

    assert_string_equal(r->text,
                        "p, event push, branch main, commit 012345678901\n"
                        "  build (arch=amd64)  sandbox, network none, 2 steps, 1m30s\n"
                        "  build (arch=arm64)  sandbox, network none, 2 steps, 1m30s\n"
                        "  pack                host, network open, 1 step, 1h; needs build\n"
                        "  ship                skipped: event is 'push', not \"tag\"\n"
                        "4 jobs, 1 skipped\n");
}

static void
json_survives_a_branch_that_is_not_utf8(void **state)
{
    Reading *r = *state;
    PlanEvent event = push;

    event.branch = "bad\377name";
    expand(r, HEAD "jobs: { a: { env: { B: '${branch}' }, steps: [ { run: x } ] } }\n", &event);
    assert_no_gerror(r->error);
    g_autoptr(json_t) json = plan_to_json(r->plan);

    assert_string_equal(
        json_string_value(json_object_get(json_object_get(json, "event"), "branch")),
        "bad\357\277\275name");
    g_autofree char *canonical = json_canonical(json, NULL, &r->error);
    assert_no_gerror(r->error);
    assert_non_null(strstr(canonical, "name"));
}

/* 100 × 100 cells that need 1 × 1: the array of needs is shared, not copied ten thousand times. */
static void
ten_thousand_cells_share_their_needs(void **state)
{
    Reading *r = *state;
    g_autoptr(GString) text = g_string_new(
        HEAD "jobs:\n  a: { steps: [ { run: x } ] }\n  b: { needs: [a], matrix: { x: [");

    for (int axis = 0; axis < 2; axis++) {
        for (int i = 0; i < 100; i++)
            g_string_append_printf(text, "%sv%d", i == 0 ? "" : ", ", i);
        g_string_append(text, axis == 0 ? "], y: [" : "] }, steps: [ { run: x } ] }\n");
    }
    expand(r, text->str, &push);
    assert_no_gerror(r->error);

    assert_int_equal(r->plan->n_jobs, 10001);
    assert_ptr_equal(r->plan->jobs[1].needs, r->plan->jobs[10000].needs);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        READING_TEST(needs_point_backwards_at_every_cell),
        READING_TEST(skipping_spreads_to_those_who_need_it),
        READING_TEST(a_skipped_cell_is_left_out_of_needs),
        READING_TEST(path_conditions_hold_when_nobody_knows_what_changed),
        READING_TEST(map_conditions_must_all_fit),
        READING_TEST(values_are_replaced_in_env_and_artifacts),
        READING_TEST(outside_values_are_never_globs_or_templates),
        READING_TEST(inputs_are_checked),
        READING_TEST(step_env_has_outputs_and_the_step_wins),
        READING_TEST(step_env_says_which_output_is_missing),
        READING_TEST(text_is_for_people),
        READING_TEST(json_survives_a_branch_that_is_not_utf8),
        READING_TEST(ten_thousand_cells_share_their_needs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
