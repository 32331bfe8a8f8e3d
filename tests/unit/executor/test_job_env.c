/* SPDX-License-Identifier: Apache-2.0
 * test_job_env: the variables of a step are the documented ones, and the machine has the last word.
 */
#include "testing.h"
#include <fcntl.h>
#include <stdlib.h>
#include "base/files.h"
#include "executor/job_env.h"
#include "executor/step.h"
#include "base/banned.h"

#define DOC_BYTES (256u << 10)

typedef struct {
    char **env;
    char **more;
    char *doc;
    GError *error;
} Fixture;

static const JobEnvFacts tag_facts = {
    .project = "acme",
    .repository_url = "https://example.org/acme.git",
    .default_branch = "main",
    .commit = "0123456789abcdef0123456789abcdef01234567",
    .parent_commit = "89abcdef0123456789abcdef0123456789abcdef",
    .commit_time_s = 1795177296,
    .commit_message = "Fix it\n\nBecause.\n",
    .commit_author = "A <a@example.org>",
    .ref = "refs/tags/v1.0",
    .tag = "v1.0",
    .event = "tag",
    .reason = "a release",
    .run_number = 7,
    .job = "build",
    .executor = "sandbox",
};

static const StepFolders folders = { "/src", "/out", "/in", "/tmp" };

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

    g_strfreev(f->env);
    g_strfreev(f->more);
    g_free(f->doc);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static void
assert_value(char **env, const char *name, const char *value)
{
    const char *found = g_environ_getenv(env, name);

    if (found == NULL)
        fail_msg("%s is not set", name);
    assert_string_equal(found, value);
}

static void
a_tag_has_all_three_names_of_things(void **state)
{
    Fixture *f = *state;

    f->env = job_env_build(&tag_facts);
    assert_value(f->env, "CI", "true");
    assert_value(f->env, "GITHUB_SHA", tag_facts.commit);
    assert_value(f->env, "CI_COMMIT_SHORT_SHA", "01234567");
    assert_value(f->env, "SOURCE_DATE_EPOCH", "1795177296");
    assert_value(f->env, "CI_COMMIT_TIMESTAMP", "2026-11-20T12:21:36Z");
    assert_value(f->env, "CI_COMMIT_TITLE", "Fix it");
    assert_value(f->env, "CI_COMMIT_TAG", "v1.0");
    assert_value(f->env, "GITHUB_REF_TYPE", "tag");
    assert_null(g_environ_getenv(f->env, "CI_COMMIT_BRANCH"));
}

static void
an_absent_fact_sets_nothing(void **state)
{
    Fixture *f = *state;
    const JobEnvFacts facts = { .project = "acme" };

    f->env = job_env_build(&facts);
    assert_null(g_environ_getenv(f->env, "CI_COMMIT_SHA"));
    assert_null(g_environ_getenv(f->env, "GITHUB_REF_TYPE"));
    assert_value(f->env, "CI_REPO_NAME", "acme");
}

static void
a_long_message_is_cut(void **state)
{
    Fixture *f = *state;
    g_autofree char *message = g_strnfill(1u << 20, 'x');
    const JobEnvFacts facts = { .commit_message = message };

    f->env = job_env_build(&facts);
    assert_int_equal(strlen(g_environ_getenv(f->env, "CI_COMMIT_MESSAGE")), 8192);
}

static void
later_lists_win(void **state)
{
    Fixture *f = *state;
    const char *const base[] = { "A=1", "B=2", "EMPTY=", NULL };
    const char *const over[] = { "B=3=4", "C=5", NULL };

    f->env = job_env_merge(base, over);
    assert_int_equal(g_strv_length(f->env), 4);
    assert_string_equal(f->env[0], "A=1");
    assert_string_equal(f->env[1], "B=3=4");
    assert_string_equal(f->env[2], "C=5");
    assert_string_equal(f->env[3], "EMPTY=");
}

static void
a_job_cannot_move_what_the_machine_sets(void **state)
{
    Fixture *f = *state;
    const char *const given[] = { "OUTPUT=/etc/passwd", "SLIPWAY_OUT=/", "PATH=/opt/bin", NULL };

    f->env = step_env(&folders, given);
    assert_value(f->env, "OUTPUT", "/tmp/.slipway/output");
    assert_value(f->env, "SLIPWAY_OUT", "/out");
    assert_value(f->env, "PATH", "/opt/bin");
}

static void
check_name_refuses_what_is_no_variable(void **state)
{
    static const char *const bad[] = { "",    "1A",       "A-B",    "A B",
                                       "A=B", "\xc3\xa4", "OUTPUT", "SLIPWAY_SRC" };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        test_case("'%s'\n", bad[i]);
        assert_false(job_env_check_name(bad[i], &f->error));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
        g_clear_error(&f->error);
    }
    assert_true(job_env_check_name("_a9", NULL));
}

/* Whether the table of variables has the name. */
static bool
is_documented(const Fixture *f, const char *pair)
{
    g_autofree char *name = g_strndup(pair, strcspn(pair, "="));
    g_autofree char *quoted = g_strdup_printf("`%s`", name);

    return strstr(f->doc, quoted) != NULL;
}

static void
every_variable_is_documented_and_every_documented_one_set(void **state)
{
    Fixture *f = *state;
    const char *source = getenv("SLIPWAY_SOURCE");
    JobEnvFacts branch_facts = tag_facts;

    if (source == NULL)
        skip();
    branch_facts.branch = "main";
    g_autofree char *path = g_strconcat(source, "/docs/job-environment.md", NULL);
    f->doc = file_read_text(AT_FDCWD, path, DOC_BYTES, &f->error);
    assert_no_gerror(f->error);
    g_auto(GStrv) env = job_env_build(&branch_facts);
    g_auto(GStrv) with_step = job_env_with_step((const char *const *)env, "compile", 1);
    f->env = step_env(&folders, (const char *const *)with_step);
    for (char **pair = f->env; *pair != NULL; pair++)
        if (!is_documented(f, *pair))
            fail_msg("not documented: %s", *pair);

    g_auto(GStrv) lines = g_strsplit(strstr(f->doc, "## Variables"), "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) cells = g_strsplit(*line, "|", -1);
        if (g_strv_length(cells) < 3)
            continue;
        g_auto(GStrv) names = g_strsplit(cells[1], "`", -1);
        for (size_t i = 1; names[0] != NULL && names[i] != NULL; i += 2)
            if (g_environ_getenv(f->env, names[i]) == NULL)
                fail_msg("documented, but not set: %s", names[i]);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_tag_has_all_three_names_of_things),
        CASE(an_absent_fact_sets_nothing),
        CASE(a_long_message_is_cut),
        CASE(later_lists_win),
        CASE(a_job_cannot_move_what_the_machine_sets),
        CASE(check_name_refuses_what_is_no_variable),
        CASE(every_variable_is_documented_and_every_documented_one_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
