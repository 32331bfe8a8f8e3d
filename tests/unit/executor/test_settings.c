/* SPDX-License-Identifier: Apache-2.0
 * Which settings a pool may have: what is misspelt is said when the pool is made, not when a job
 * fails, or, worse, never. */
#include "testing.h"
#include "base/json.h"
#include "executor/executor.h"
#include "base/banned.h"

#define VM "'uri': 'qemu:///system', 'key-file': '/k'"

static const struct {
    const char *driver, *settings; /* ' for " */
    const char *why;               /* in the message; NULL: good */
} cases[] = {
    { "vm", "{" VM "}", NULL },
    { "vm", "{" VM ", 'snapshot': 'ready', 'host-key': 'SHA256:x', 'job-user': 'job'}", NULL },
    { "vm", "{'uri': 'test:///default', 'access': 'agent'}", NULL },
    { "vm", "{" VM ", 'hostkey': 'SHA256:x'}", "did you mean 'host-key'" },
    { "vm", "{" VM ", 'quux': 1}", "no 'quux'" },
    { "vm", "{'key-file': '/k'}", "no 'uri'" },
    { "vm", "{" VM ", 'access': 'telnet'}", "'access'" },
    { "vm", "{'uri': 'qemu:///system'}", "'key-file'" },
    { "vm", "{" VM ", 'ready-timeout': 'soon'}", "ready-timeout" },
    { "vm", "{" VM ", 'refresh-schedule': '@daily'}", "needs 'refresh-update'" },
    { "command", "{'program': '/etc/slipway/machine', 'anything': 'else'}", NULL },
    { "command", "{'program': 'machine'}", "absolute path" },
    { "command", "{}", "'program'" },
    { "sandbox", "{}", "has no pools" },
    { "nothing", "{}", "has no pools" },
};

static void
settings_are_judged_when_the_pool_is_made(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdelimit(g_strdup(cases[i].settings), "'", '"');
        g_autoptr(json_t) settings = json_loads(text, 0, NULL);
        g_autoptr(GError) error = NULL;
        bool ok = executor_check_settings(cases[i].driver, settings, &error);

        assert_non_null(settings);
        if (ok != (cases[i].why == NULL) || (!ok && strstr(error->message, cases[i].why) == NULL))
            fail_msg("%s %s: %s", cases[i].driver, text, ok ? "good" : error->message);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_judged_when_the_pool_is_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
