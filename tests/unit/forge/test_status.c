/* SPDX-License-Identifier: Apache-2.0
 * test_status: requests as each forge wants them, answers as each forge means them. */
#include "base/error.h"
#include "base/json.h"
#include "forge/status.h"
#include "testing.h"

#define A40 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void
each_forge_gets_its_own_request(void **state)
{
    static const struct {
        ForgeType type;
        const char *api, *url, *body;
        ForgeAuth auth;
    } cases[] = {
        { FORGE_GITHUB, "", "https://api.github.com/repos/o/r/statuses/" A40,
          "{\"context\":\"slipway/r\",\"description\":\"d\",\"state\":\"pending\",\"target_url\":"
          "\"https://ci/1\"}",
          FORGE_AUTH_BEARER },
        { FORGE_GITEA, "https://git.example/api/v1/",
          "https://git.example/api/v1/repos/o/r/statuses/" A40,
          "{\"context\":\"slipway/r\",\"description\":\"d\",\"state\":\"pending\",\"target_url\":"
          "\"https://ci/1\"}",
          FORGE_AUTH_TOKEN },
        { FORGE_GITLAB, NULL, "https://gitlab.com/api/v4/projects/o%2Fr/statuses/" A40,
          "{\"description\":\"d\",\"name\":\"slipway/r\",\"ref\":\"main\",\"state\":\"running\","
          "\"target_url\":\"https://ci/1\"}",
          FORGE_AUTH_PRIVATE_TOKEN },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        ForgeStatus status = { .type = cases[i].type,
                               .api_url = cases[i].api,
                               .repository = "o/r",
                               .commit = A40,
                               .state = FORGE_STATE_RUNNING,
                               .context = "slipway/r",
                               .description = "d",
                               .target_url = "https://ci/1",
                               .ref = "refs/heads/main" };
        g_auto(ForgeRequest) request = { 0 };

        test_case("%s", forge_type_name(cases[i].type));
        assert_true(forge_status_request(&status, &request, NULL));
        assert_string_equal(request.url, cases[i].url);
        assert_string_equal(request.body, cases[i].body);
        assert_int_equal(request.auth, cases[i].auth);
    }
}

static void
a_repository_that_is_a_path_is_refused(void **state)
{
    static const char *const names[] = {
        "r", "o/r/x", "../r", "o/..", "o/r?x", "o//r", "", "o/r#"
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        ForgeStatus status = { .type = FORGE_GITHUB,
                               .repository = names[i],
                               .commit = A40,
                               .state = FORGE_STATE_PASSED,
                               .context = "c",
                               .description = "" };
        ForgeRequest request = { 0 };

        test_case("'%s'", names[i]);
        assert_false(forge_status_request(&status, &request, NULL));
        assert_null(request.url);
    }
}

static void
every_state_has_a_word_on_every_forge(void **state)
{
    (void)state;
    for (int type = FORGE_GITHUB; type < FORGE_N_TYPES; type++) {
        for (int s = FORGE_STATE_NONE + 1; s < FORGE_N_STATES; s++)
            assert_non_null(forge_state_word((ForgeType)type, (ForgeState)s));
    }
    assert_null(forge_state_word(FORGE_GIT, FORGE_STATE_PASSED));
}

static void
an_answer_says_done_wait_or_never(void **state)
{
    static const struct {
        const char *label;
        ForgeAnswer answer;
        ForgeOutcome outcome;
        int64_t wait_s;
    } cases[] = {
        { "created", { 201, -1, 42, 2000, NULL }, FORGE_OUTCOME_DONE, 0 },
        { "created with the last of the budget",
          { 201, -1, 0, 1060, NULL },
          FORGE_OUTCOME_DONE,
          60 },
        { "nothing came", { 0, -1, -1, -1, NULL }, FORGE_OUTCOME_RETRY, 0 },
        { "500", { 500, -1, -1, -1, NULL }, FORGE_OUTCOME_RETRY, 0 },
        { "503 with Retry-After", { 503, 17, -1, -1, NULL }, FORGE_OUTCOME_RETRY, 17 },
        { "429", { 429, 30, -1, -1, NULL }, FORGE_OUTCOME_RETRY, 30 },
        { "403 without budget", { 403, -1, 0, 1300, NULL }, FORGE_OUTCOME_RETRY, 300 },
        { "a wait without sense", { 429, 999999, -1, -1, NULL }, FORGE_OUTCOME_RETRY, 3600 },
        { "a reset that has passed", { 403, -1, 0, 900, NULL }, FORGE_OUTCOME_RETRY, 0 },
        { "a wrong token, which may be put right",
          { 401, -1, -1, -1, NULL },
          FORGE_OUTCOME_RETRY,
          0 },
        { "422", { 422, -1, -1, -1, NULL }, FORGE_OUTCOME_REFUSED, 0 },
        { "GitLab: told twice",
          { 400, -1, -1, -1, "{\"message\":\"Cannot transition status via :run from :running\"}" },
          FORGE_OUTCOME_DONE,
          0 },
        { "another 400", { 400, -1, -1, -1, "{}" }, FORGE_OUTCOME_REFUSED, 0 },
        { "a redirect", { 301, -1, -1, -1, NULL }, FORGE_OUTCOME_REFUSED, 0 },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        int64_t wait_s = -1;

        test_case("%s", cases[i].label);
        assert_int_equal(forge_answer_outcome(&cases[i].answer, 1000, &wait_s), cases[i].outcome);
        assert_int_equal(wait_s, cases[i].wait_s);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_forge_gets_its_own_request),
        cmocka_unit_test(a_repository_that_is_a_path_is_refused),
        cmocka_unit_test(every_state_has_a_word_on_every_forge),
        cmocka_unit_test(an_answer_says_done_wait_or_never),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
