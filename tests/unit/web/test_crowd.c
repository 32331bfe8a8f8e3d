/* SPDX-License-Identifier: Apache-2.0
 * Which connection goes when there are too many. */
#include "testing.h"
#include "web/crowd.h"
#include "base/banned.h"

static void
nobody_goes_while_there_is_room(void **state)
{
    g_autoptr(Crowd) crowd = crowd_new(2);
    int victim = 0;
    CrowdPeer *a = crowd_enter(crowd, 10, &victim);
    CrowdPeer *b = NULL;

    (void)state;
    assert_int_equal(victim, -1);
    b = crowd_enter(crowd, 11, &victim);
    assert_int_equal(victim, -1);
    crowd_leave(crowd, a);
    crowd_leave(crowd, b);
}

static void
the_one_that_was_waited_for_longest_goes_once(void **state)
{
    g_autoptr(Crowd) crowd = crowd_new(2);
    int victim = 0;
    CrowdPeer *peers[4];

    (void)state;
    peers[0] = crowd_enter(crowd, 10, &victim);
    peers[1] = crowd_enter(crowd, 11, &victim);
    crowd_busy(crowd, peers[0]);
    crowd_idle(crowd, peers[0]); /* answered: its turn began after that of 11 */
    peers[2] = crowd_enter(crowd, 12, &victim);
    assert_int_equal(victim, 11);
    peers[3] = crowd_enter(crowd, 13, &victim); /* 11 has not left yet */
    assert_int_equal(victim, 10);
    for (int i = 0; i < 4; i++)
        crowd_leave(crowd, peers[i]);
}

static void
whose_request_is_complete_stays(void **state)
{
    g_autoptr(Crowd) crowd = crowd_new(1);
    int victim = 0;
    CrowdPeer *a = crowd_enter(crowd, 10, &victim);
    CrowdPeer *b = NULL;

    (void)state;
    crowd_busy(crowd, a);
    b = crowd_enter(crowd, 11, &victim);
    assert_int_equal(victim, -1);
    crowd_leave(crowd, b);
    crowd_leave(crowd, a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_goes_while_there_is_room),
        cmocka_unit_test(the_one_that_was_waited_for_longest_goes_once),
        cmocka_unit_test(whose_request_is_complete_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
