/* SPDX-License-Identifier: Apache-2.0
 * Who comes next: each case gives rows in the order of arrival and wants ids in the order of
 * taking, a letter for why each waits: n(ext), h(eld), f(ull), p(roject). */
#include "service/queue_order.h"
#include "testing.h"
#include "base/banned.h"

#define MAX_ROWS 8

typedef struct {
    const char *label;
    QueueRow rows[MAX_ROWS];
    QueueLoad loads[2];
    QueueLimits limits;
    const char *wanted; /* "2n 1f" */
} Case;

static const Case cases[] = {
    { "nothing waits", { { 0 } }, { { 0 } }, { 2, 2 }, "" },
    { "first come, first served",
      { { 1, "a", 0, false }, { 2, "a", 0, false }, { 3, "a", 0, false } },
      { { 0 } },
      { 2, 2 },
      "1n 2n 3p" },
    { "projects take turns",
      { { 1, "a", 0, false }, { 2, "a", 0, false }, { 3, "b", 0, false }, { 4, "a", 0, false } },
      { { 0 } },
      { 2, 2 },
      "1n 3n 2f 4p" },
    { "who runs already comes later",
      { { 1, "a", 0, false }, { 2, "b", 0, false } },
      { { "a", 1 } },
      { 2, 2 },
      "2n 1f" },
    { "priority comes first",
      { { 1, "a", 0, false }, { 2, "a", 5, false }, { 3, "b", -1, false } },
      { { 0 } },
      { 1, 1 },
      "2n 1p 3f" },
    { "a project's own limit",
      { { 1, "a", 0, false }, { 2, "a", 0, false }, { 3, "b", 0, false } },
      { { "a", 1 } },
      { 4, 1 },
      "3n 1p 2p" },
    { "what is held takes no place",
      { { 1, "a", 0, true }, { 2, "a", 0, false }, { 3, "b", 0, false } },
      { { 0 } },
      { 2, 1 },
      "2n 3n 1h" },
    { "everything busy", { { 1, "a", 0, false } }, { { "b", 2 } }, { 2, 2 }, "1f" },
};

static size_t
count_rows(const Case *one)
{
    size_t n = 0;

    while (n < MAX_ROWS && one->rows[n].project != NULL)
        n++;
    return n;
}

static void
runs_are_taken_in_this_order(void **state)
{
    static const char letters[] = { 'n', 'h', 'f', 'p' };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Case *one = &cases[i];
        size_t order[MAX_ROWS], n = count_rows(one);
        QueueWait wait[MAX_ROWS];
        char text[64] = "";

        test_case("%s", one->label);
        queue_order(one->rows, n, one->loads, one->loads[0].project != NULL ? 1 : 0, &one->limits,
                    order, wait);
        for (size_t k = 0; k < n; k++)
            g_snprintf(text + strlen(text), sizeof text - strlen(text), "%s%d%c", k > 0 ? " " : "",
                       (int)one->rows[order[k]].id, letters[wait[k]]);
        assert_string_equal(text, one->wanted);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(runs_are_taken_in_this_order) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
