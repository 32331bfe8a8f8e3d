/* SPDX-License-Identifier: Apache-2.0
 * Random commands of four concurrent clients against a real folder, the engine killed in half of
 * the sequences, void entries forged with the engine key: after each, what was acknowledged counts,
 * nothing but the forgeries is void, and the fold rebuilt from the journal is the fold that was
 * there, while nothing is sent or planned anew. usage: test_rebuild [SEQUENCES [FIRST_SEED]] */
#include "testing.h"
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lane_world.h"
#include "sys/thread.h"
#include "service/admin.h"

#define N_CLIENTS      4
#define STEPS          24 /* of each client */
#define KILL_WITHIN_US 200000

static const char *const releases[] = { "release:acme/cli@1.0.0", "release:acme/cli@1.1.0",
                                        "release:acme/lib@0.1.0" };

typedef struct Client {
    LaneWorld *world;
    unsigned seed;
    int acknowledged; /* fd: S of each fact that was answered, one write each */
} Client;

static Step
random_step(GRand *random)
{
    /* Steps that lead on are likelier than those that end a release. */
    static const StepKind kinds[] = {
        STEP_CLAIM,   STEP_CLAIM,  STEP_PROVENANCE, STEP_PROVENANCE, STEP_SEAL,
        STEP_SEAL,    STEP_SEAL,   STEP_REQUEST,    STEP_REQUEST,    STEP_APPROVE,
        STEP_APPROVE, STEP_INTENT, STEP_INTENT,     STEP_CONFIRM,    STEP_FAIL_SELF_VERIFICATION,
        STEP_REJECT,  STEP_RETAG,
    };

    return (Step){ .kind = kinds[g_rand_int_range(random, 0, G_N_ELEMENTS(kinds))],
                   .object = releases[g_rand_int_range(random, 0, G_N_ELEMENTS(releases))],
                   .person = (unsigned)g_rand_int_range(random, 0, 3),
                   .n_people = (unsigned)g_rand_int_range(random, 0, 2) };
}

static void
run_client(void *data)
{
    Client *client = data;
    g_autoptr(GRand) random = g_rand_new_with_seed(client->seed);

    for (unsigned i = 0; i < STEPS; i++) {
        g_autoptr(GError) error = NULL;
        Step step = random_step(random);
        LaneAnswer answer = { 0 };
        if (!lane_world_step(client->world, &step, &answer, &error))
            continue; /* refusals are part of it */
        char text[DIGEST_STRING_SIZE];
        digest_to_string(&answer.statement, text);
        text[DIGEST_STRING_SIZE - 1] = '\n';
        if (write(client->acknowledged, text, sizeof text) != (ssize_t)sizeof text)
            _exit(3);
    }
}

/* The engine's life in a process of its own. */
static void
live(LaneWorld *world, unsigned seed, int acknowledged)
{
    Client clients[N_CLIENTS];
    Thread *threads[N_CLIENTS];
    g_autoptr(GError) error = NULL;

    lane_world_open(world);
    for (unsigned i = 0; i < N_CLIENTS; i++) {
        clients[i] = (Client){ world, seed * N_CLIENTS + i, acknowledged };
        threads[i] = thread_start("client", run_client, &clients[i], &error);
        if (threads[i] == NULL)
            _exit(4);
    }
    for (unsigned i = 0; i < N_CLIENTS; i++)
        thread_join(threads[i]);
    lane_world_close(world);
}

typedef struct Totals { /* so that a run which tested nothing shows */
    unsigned n_killed, n_acknowledged, n_forged;
} Totals;

static void
live_and_perhaps_die(LaneWorld *world, GRand *random, unsigned seed, const char *acknowledged_path,
                     Totals *totals)
{
    int fd = open(acknowledged_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    int status = 0;
    bool die = g_rand_boolean(random);
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        setpgid(0, 0);
        live(world, seed, fd);
        _exit(0);
    }
    close(fd);
    if (die) {
        usleep((useconds_t)g_rand_int_range(random, 10000, KILL_WITHIN_US));
        kill(pid, SIGKILL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    totals->n_killed += WIFSIGNALED(status) ? 1 : 0;
    if (!die || WIFEXITED(status))
        assert_int_equal(status, 0);
}

static void
check_acknowledged(LaneWorld *world, const char *path, Totals *totals)
{
    g_autofree char *text = file_read_text(AT_FDCWD, path, 1 << 20, &world->error);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_auto(EngineView) view = { 0 };

    assert_true(engine_view_open(world->engine, &view, &world->error));
    for (char **line = lines; *line != NULL && **line != '\0'; line++) {
        g_autoptr(FactRow) row = NULL;
        assert_true(
            fact_view_find_text(view.view, FACT_TABLE_STATEMENT, *line, &row, &world->error));
        if (row == NULL)
            fail_msg("'%s' was acknowledged and is not there", *line);
        totals->n_acknowledged++;
    }
}

static void
check_rebuild(LaneWorld *world)
{
    g_autoptr(json_t) result = NULL;
    g_autofree char *facts = lane_world_dump(world, "fact_");
    g_autofree char *work = lane_world_dump(world, "work_publication");
    g_autofree char *effects = lane_world_dump(world, "work_effects");

    assert_true(admin_rebuild(world->engine, &result, &world->error));
    g_autofree char *facts_after = lane_world_dump(world, "fact_");
    g_autofree char *work_after = lane_world_dump(world, "work_publication");
    g_autofree char *effects_after = lane_world_dump(world, "work_effects");
    assert_true(strlen(facts) > 1000);
    assert_string_equal(facts, facts_after);
    assert_string_equal(work, work_after);
    assert_string_equal(effects, effects_after);
}

static void
one_sequence(LaneWorld *world, const char *base, unsigned seed, Totals *totals)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    g_autofree char *acknowledged = g_build_filename(world->dir.path, "acknowledged", NULL);
    unsigned n_forged = (unsigned)g_rand_int_range(random, 0, 3);

    lane_world_copy(world, base);
    live_and_perhaps_die(world, random, seed, acknowledged, totals);
    totals->n_forged += n_forged;
    lane_world_forge(world, random, n_forged);
    lane_world_open(world);
    g_autoptr(GPtrArray) voids = lane_world_rows(world, FACT_TABLE_VOID);
    assert_int_equal(voids->len, n_forged);
    check_acknowledged(world, acknowledged, totals);
    check_rebuild(world);
    lane_world_close(world);
}

static unsigned n_sequences = 25;
static unsigned first_seed = 1;

static void
rebuilt_fold_is_the_one_that_was_there(void **state)
{
    LaneWorld *world = lane_world_new(1);
    g_autofree char *base = g_build_filename(world->dir.path, "base", NULL);
    Totals totals = { 0 };

    (void)state;
    if (rename(world->home, base) != 0)
        fail_msg("cannot keep the folder to start from");
    for (unsigned i = 0; i < n_sequences; i++) {
        test_case("seed %u\n", first_seed + i);
        one_sequence(world, base, first_seed + i, &totals);
    }
    lane_world_free(world);
    print_message("%u sequences: %u facts acknowledged, %u engines killed, %u entries forged\n",
                  n_sequences, totals.n_acknowledged, totals.n_killed, totals.n_forged);
    assert_true(n_sequences < 10 ||
                (totals.n_acknowledged > 0 && totals.n_killed > 0 && totals.n_forged > 0));
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rebuilt_fold_is_the_one_that_was_there),
    };

    if (argc > 1)
        n_sequences = (unsigned)strtoul(argv[1], NULL, 10);
    if (argc > 2)
        first_seed = (unsigned)strtoul(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
