/* SPDX-License-Identifier: Apache-2.0
 * contract: what every executor promises, run over each driver that runs jobs on this machine. A
 * driver that cannot run here is skipped by name, with its reason. */
#include "contract.h"
#include <stdlib.h>
#include "base/banned.h"

#define MAX_SUITES 4

/* Without words on the command line; "vm" needs a hypervisor (tests/system/vm). */
static const char *const usual_drivers[] = { "sandbox", "host", "command", NULL };

static const Promise *const tables[] = { promises_contract, promises_hostile, promises_limits,
                                         promises_network };

/* Stands for every promise of a driver that cannot run here. */
static void
driver_is_unavailable(void **state)
{
    const Suite *suite = *state;

    print_message("# %s\n", suite->why);
    test_needs("bwrap", false);
}

/* It has no root file systems, and `open` and `allow` are the pool's program's; `none` is among what a hostile job tries. */
static bool
is_not_the_commands(const Promise *promise)
{
    static const char *const names[] = { "a_root_file_system_is_the_whole_system",
                                         "a_trial_tells_why_it_failed", NULL };

    for (const Promise *p = promises_network; p->name != NULL; p++)
        if (p == promise)
            return true;
    return g_strv_contains(names, promise->name);
}

/* The machine is the job's own: what it does in there is not the host's business. */
static bool
is_not_the_vms(const Promise *promise)
{
    static const char *const names[] = {
        "a_root_file_system_is_the_whole_system", /* it has one */
        "a_trial_tells_why_it_failed",
        "sees_no_other_process",                /* those of its machine */
        "leaves_no_setuid_file_of_the_engines", /* nothing comes to the host but files by collect */
        "makes_no_refused_call",                /* there is nobody to trace but itself */
        "types_into_no_terminal",               /* there is none */
        NULL,
    };

    for (const Promise *p = promises_network; p->name != NULL; p++)
        if (p == promise)
            return true;
    return g_strv_contains(names, promise->name);
}

static void
add_promise(GArray *tests, GPtrArray *names, Suite *suite, const Promise *promise)
{
    char *name = g_strdup_printf("%s_%s", suite->driver, promise->name);
    struct CMUnitTest test = { .name = name,
                               .test_func = promise->test,
                               .setup_func = fixture_setup,
                               .teardown_func = fixture_teardown,
                               .initial_state = suite };

    if (suite->unavailable)
        test = (struct CMUnitTest){ .name = name,
                                    .test_func = driver_is_unavailable,
                                    .initial_state = suite };
    g_ptr_array_add(names, name);
    if (strcmp(suite->driver, "command") == 0 && is_not_the_commands(promise))
        print_message("# command does not promise %s: the pool's program does\n", promise->name);
    else if (strcmp(suite->driver, "vm") == 0 && is_not_the_vms(promise))
        print_message("# vm does not promise %s: the machine is the job's own\n", promise->name);
    else if (strcmp(suite->driver, "host") == 0 && promise->not_on_host != NULL)
        print_message("# host does not promise %s: %s\n", promise->name, promise->not_on_host);
    else
        g_array_append_val(tests, test);
}

static void
suite_open(Suite *suite, const char *driver)
{
    g_autoptr(GError) error = NULL;
    ExecutorConfig config = { .launcher = suite->launcher, .flags = EXECUTOR_TRIAL };

    suite->driver = driver;
    suite->executor = executor_open(driver, &config, &error);
    suite->unavailable = suite->executor == NULL;
    suite->why = error == NULL ? NULL : g_strdup(error->message);
    if (strcmp(driver, "vm") == 0)
        suite->settings = json_loads(getenv("CONTRACT_VM_SETTINGS"), 0, NULL);
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) tests = g_array_new(FALSE, FALSE, sizeof(struct CMUnitTest));
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    Launcher *launcher = launcher_start(&error);
    const char *const *drivers = argc > 1 ? (const char *const *)argv + 1 : usual_drivers;
    Suite suites[MAX_SUITES] = { 0 };
    size_t n_suites = MIN(g_strv_length((char **)drivers), MAX_SUITES);

    if (launcher == NULL) {
        print_error("%s\n", error->message);
        return 1;
    }
    setenv("CONTRACT_ENGINE_SECRET", SECRET, 1); /* nothing of our environment reaches a job */
    for (size_t i = 0; i < n_suites; i++) {
        suites[i].launcher = launcher;
        suite_open(&suites[i], drivers[i]);
        for (size_t t = 0; t < G_N_ELEMENTS(tables); t++)
            for (const Promise *promise = tables[t]; promise->name != NULL; promise++)
                add_promise(tests, names, &suites[i], promise);
    }
    int failed =
        _cmocka_run_group_tests("executor-contract", (const struct CMUnitTest *)(void *)tests->data,
                                tests->len, NULL, NULL);

    for (size_t i = 0; i < n_suites; i++) {
        executor_free(suites[i].executor);
        json_decref(suites[i].settings);
        g_free(suites[i].why);
    }
    launcher_free(launcher);
    return failed;
}
