/* SPDX-License-Identifier: Apache-2.0
 * Fifty at once: of those who saw the same head exactly one wins and the others learn by whom;
 * people who approve do not get into each other's way; nothing void is ever logged. */
#include "testing.h"
#include "lane_world.h"
#include "sys/thread.h"

#define N_RACERS 50
#define RELEASE  "release:acme/cli@1.0.0"

typedef struct Racer {
    LaneWorld *world;
    Step step;
    bool won;
    LaneAnswer answer;
    GError *error;
} Racer;

static int
setup(void **state)
{
    LaneWorld *world = lane_world_new(2);

    *state = world;
    return lane_world_open(world) ? 0 : -1;
}

static int
teardown(void **state)
{
    lane_world_free(*state);
    return 0;
}

static void
go(LaneWorld *world, StepKind kind, unsigned person)
{
    Step step = { .kind = kind, .object = RELEASE, .person = person };
    bool ok = lane_world_step(world, &step, NULL, &world->error);

    assert_no_gerror(world->error);
    assert_true(ok);
}

static void
to_request(LaneWorld *world)
{
    go(world, STEP_CLAIM, 0);
    go(world, STEP_PROVENANCE, 0);
    go(world, STEP_SEAL, 0);
    go(world, STEP_REQUEST, 0);
}

static void
race(void *data)
{
    Racer *racer = data;

    racer->won = lane_world_step(racer->world, &racer->step, &racer->answer, &racer->error);
}

static unsigned
run_all(Racer *racers)
{
    Thread *threads[N_RACERS];
    g_autoptr(GError) error = NULL;
    unsigned n_won = 0;

    for (unsigned i = 0; i < N_RACERS; i++) {
        threads[i] = thread_start("racer", race, &racers[i], &error);
        assert_no_gerror(error);
    }
    for (unsigned i = 0; i < N_RACERS; i++) {
        thread_join(threads[i]);
        n_won += racers[i].won ? 1 : 0;
    }
    return n_won;
}

static Digest
head_of(LaneWorld *world)
{
    g_auto(EngineView) view = { 0 };
    Digest head = { 0 };
    bool found = false;

    assert_true(engine_view_open(world->engine, &view, &world->error));
    assert_true(fact_view_head(view.view, RELEASE, &found, &head, &world->error));
    assert_true(found);
    return head;
}

static void
assert_nothing_void(LaneWorld *world)
{
    g_autoptr(GPtrArray) voids = lane_world_rows(world, FACT_TABLE_VOID);

    assert_int_equal(voids->len, 0);
}

/* Whoever lost was told S of the fact that now is the head, and leaves its error behind. */
static void
check_losers(Racer *racers, const Digest *winner)
{
    g_autofree char *s = digest_dup_string(winner);

    for (unsigned i = 0; i < N_RACERS; i++) {
        if (racers[i].won)
            continue;
        bool conflict = g_error_matches(racers[i].error, LANE_ERROR, LANE_ERROR_CONFLICT);
        bool named = strstr(racers[i].error->message, s) != NULL;
        if (!conflict || !named)
            fail_msg("racer %u: %s", i, racers[i].error->message);
        g_clear_error(&racers[i].error);
    }
}

static void
of_fifty_who_saw_the_same_head_one_wins(void **state)
{
    static const StepKind kinds[] = { STEP_REQUEST, STEP_REJECT, STEP_INTENT };
    LaneWorld *world = *state;
    Racer racers[N_RACERS] = { 0 };

    to_request(world);
    go(world, STEP_APPROVE, 0);
    go(world, STEP_APPROVE, 1);
    Digest seen = head_of(world);
    for (unsigned i = 0; i < N_RACERS; i++) {
        racers[i].world = world;
        racers[i].step = (Step){ .kind = kinds[i % G_N_ELEMENTS(kinds)],
                                 .object = RELEASE,
                                 .n_people = 2,
                                 .expect = &seen };
    }
    assert_int_equal(run_all(racers), 1);
    Digest winner = head_of(world);
    check_losers(racers, &winner);
    assert_nothing_void(world);
}

static void
fifty_claims_of_one_name_give_one(void **state)
{
    LaneWorld *world = *state;
    Racer racers[N_RACERS] = { 0 };

    for (unsigned i = 0; i < N_RACERS; i++) {
        racers[i].world = world;
        racers[i].step = (Step){ .kind = STEP_CLAIM, .object = RELEASE };
    }
    assert_int_equal(run_all(racers), 1);
    Digest winner = head_of(world);
    check_losers(racers, &winner);
    assert_nothing_void(world);
}

static void
fifty_people_approve_at_once(void **state)
{
    LaneWorld *world = *state;
    Racer racers[N_RACERS] = { 0 };

    to_request(world);
    for (unsigned i = 0; i < N_RACERS; i++) {
        racers[i].world = world;
        racers[i].step = (Step){ .kind = STEP_APPROVE, .object = RELEASE, .person = i };
    }
    assert_int_equal(run_all(racers), N_RACERS);
    assert_nothing_void(world);
    go(world, STEP_INTENT, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(of_fifty_who_saw_the_same_head_one_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(fifty_claims_of_one_name_give_one, setup, teardown),
        cmocka_unit_test_setup_teardown(fifty_people_approve_at_once, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
