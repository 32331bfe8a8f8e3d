/* SPDX-License-Identifier: Apache-2.0
 * testing: the cmocka header in the order it wants, and assertions that print both values. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h> /* must come after the four above */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

/** Fails unless @error is set with @wanted_domain and @wanted; prints what came instead. */
#define assert_gerror(error, wanted_domain, wanted)                                                \
    do {                                                                                           \
        if ((error) == NULL)                                                                       \
            fail_msg("wanted %s, got no error", #wanted);                                          \
        else if ((error)->domain != (wanted_domain) || (error)->code != (int)(wanted))             \
            fail_msg("wanted %s, got %s/%d: %s", #wanted, g_quark_to_string((error)->domain),      \
                     (error)->code, (error)->message);                                             \
    } while (0)

/** Fails if @error is set and prints it. */
#define assert_no_gerror(error)                                                                    \
    do {                                                                                           \
        if ((error) != NULL)                                                                       \
            fail_msg("unexpected error %s/%d: %s", g_quark_to_string((error)->domain),             \
                     (error)->code, (error)->message);                                             \
    } while (0)

/** The case label of a table test, printed before its assertions so that a failure names it: a TAP
 * comment. The format is a literal without a newline. */
#define test_case(...)                                                                             \
    do {                                                                                           \
        print_message("# " __VA_ARGS__);                                                           \
        print_message("\n");                                                                       \
    } while (0)

/** Skips the test if @have is false, saying what it lacks; where that thing must be there
 * ($SLIPWAY_REQUIRE, set by .ci/run) it fails instead. @thing: a word: "vectors", "bwrap",
 * "userns", "netns", "tmpfs", "cgroup". */
static inline void
test_needs(const char *thing, bool have)
{
    if (have)
        return;
    const char *required = getenv("SLIPWAY_REQUIRE");
    g_auto(GStrv) things = g_strsplit(required != NULL ? required : "", ",", -1);

    if (g_strv_contains((const char *const *)things, thing))
        fail_msg("'%s' must be here, but is not", thing);
    print_message("# skip: needs %s\n", thing);
    skip();
}
