/* SPDX-License-Identifier: Apache-2.0
 * test_notice: what people are told, and that nothing a stranger named can reach a header. */
#include "base/encoding.h"
#include "base/json.h"
#include "notify/notice.h"
#include "testing.h"

static const Notice failed = { .project = "web",
                               .number = 7,
                               .state = "failed",
                               .ref = "refs/heads/main",
                               .commit = "aaaa",
                               .reason = "job 'test' failed",
                               .url = "https://ci/projects/web/runs/7",
                               .at_us = 1763690096123456,
                               .id = "run-7-failed" };
static const char *const team[] = { "a@example.org", "b@example.org", NULL };

static void
a_webhook_says_all_of_it(void **state)
{
    g_autofree char *body = notice_body(NOTICE_WEBHOOK, &failed, NULL, NULL, NULL);

    (void)state;
    assert_string_equal(
        body, "{\"at\":\"2025-11-21T01:54:56.123456Z\",\"commit\":\"aaaa\",\"event\":\"run\","
              "\"fixed\":false,\"id\":\"run-7-failed\",\"number\":7,\"project\":\"web\","
              "\"reason\":\"job 'test' failed\",\"ref\":\"refs/heads/main\",\"state\":\"failed\","
              "\"url\":\"https://ci/projects/web/runs/7\"}");
}

static void
slack_cannot_be_made_to_mention_or_link(void **state)
{
    Notice notice = failed;
    g_autofree char *body = NULL;

    (void)state;
    notice.reason = "<!channel> & <https://evil|here>";
    body = notice_body(NOTICE_SLACK, &notice, NULL, NULL, NULL);
    assert_string_equal(body,
                        "{\"text\":\"web 7 failed on main: &lt;!channel&gt; &amp; "
                        "&lt;https://evil|here&gt;\\n<https://ci/projects/web/runs/7|open the "
                        "run>\"}");
}

static void
a_mail_s_headers_hold_no_byte_of_a_stranger(void **state)
{
    Notice notice = failed;
    g_autofree char *body = NULL;

    (void)state;
    notice.ref = "refs/heads/x\r\nBcc: everybody@example.org";
    body = notice_body(NOTICE_MAIL, &notice, "ci@example.org", team, NULL);
    assert_non_null(body);
    assert_null(strstr(body, "Bcc"));
    assert_non_null(strstr(body, "To: a@example.org,\r\n b@example.org\r\n"));
    for (const char *line = body; line != NULL && *line != '\0';) {
        const char *end = strstr(line, "\r\n");

        assert_non_null(end);
        assert_true(end - line <= 78);
        line = end + 2;
    }
}

static void
fixed_is_said_instead_of_passed(void **state)
{
    Notice notice = failed;
    g_autofree char *body = NULL;

    (void)state;
    notice.state = "passed";
    notice.fixed = true;
    notice.reason = "";
    notice.url = "";
    body = notice_body(NOTICE_SLACK, &notice, NULL, NULL, NULL);
    assert_string_equal(body, "{\"text\":\"web 7 fixed on main\"}");
}

static void
addresses_that_could_break_a_header_are_refused(void **state)
{
    static const char *const wrong[] = { "",      "a",         "@b",    "a@",      "a@b@c",
                                         "a b@c", "a@b\r\nX:", "<a@b>", "a@b,c@d", "a\"@b" };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        test_case("address %zu", i);
        assert_false(notice_address_is_valid(wrong[i]));
    }
    assert_true(notice_address_is_valid("o'neil+ci@example.org"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_webhook_says_all_of_it),
        cmocka_unit_test(slack_cannot_be_made_to_mention_or_link),
        cmocka_unit_test(a_mail_s_headers_hold_no_byte_of_a_stranger),
        cmocka_unit_test(fixed_is_said_instead_of_passed),
        cmocka_unit_test(addresses_that_could_break_a_header_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
