/* SPDX-License-Identifier: Apache-2.0
 * Races: many clients of one engine at once. Of commands that saw the same head exactly one becomes
 * the next fact; the others hear its name; nothing void is logged; what does not collide all
 * counts.
 */
#include "testing.h"
#include <string.h>
#include "base/json.h"
#include "engine_fixture.h"
#include "service/authority.h"
#include "service/publication.h"
#include "sys/thread.h"

#define RELEASE   FIXTURE_RELEASE
#define N_CLIENTS 50

typedef struct Client {
    EngineFixture *fixture;
    unsigned number;
    Digest seen; /* the head all of them saw */
    const json_t *proposal;
    json_t *proofs; /* borrowed */
    bool ok;
    GError *error; /* owned */
} Client;

typedef struct Race {
    EngineFixture *fixture;
    Client clients[N_CLIENTS];
    Thread *threads[N_CLIENTS];
} Race;

static int
setup(void **state)
{
    Race *race = g_new0(Race, 1);

    race->fixture = engine_fixture_new(N_CLIENTS, N_CLIENTS);
    *state = race;
    return 0;
}

static int
teardown(void **state)
{
    Race *race = *state;

    for (unsigned i = 0; i < N_CLIENTS; i++)
        g_clear_error(&race->clients[i].error);
    engine_fixture_free(race->fixture);
    g_free(race);
    return 0;
}

static void
run(Race *race, void (*work)(void *), const json_t *proposal, json_t *proofs)
{
    g_autoptr(GError) error = NULL;
    Digest head = engine_fixture_head(race->fixture, RELEASE);

    for (unsigned i = 0; i < N_CLIENTS; i++) {
        g_clear_error(&race->clients[i].error);
        race->clients[i] = (Client){ .fixture = race->fixture,
                                     .number = i,
                                     .seen = head,
                                     .proposal = proposal,
                                     .proofs = proofs };
        race->threads[i] = thread_start("client", work, &race->clients[i], &error);
        assert_no_gerror(error);
    }
    for (unsigned i = 0; i < N_CLIENTS; i++)
        thread_join(race->threads[i]);
}

static unsigned
n_winners(const Race *race)
{
    unsigned n = 0;

    for (unsigned i = 0; i < N_CLIENTS; i++)
        n += race->clients[i].ok;
    return n;
}

/* Every loser's error is a conflict that names @winner. */
static void
assert_losers_name(const Race *race, const Digest *winner)
{
    g_autofree char *name = digest_dup_string(winner);

    for (unsigned i = 0; i < N_CLIENTS; i++) {
        const Client *client = &race->clients[i];

        if (client->ok)
            continue;
        test_case("client %u: %s", i, client->error->message);
        assert_int_equal(error_kind(client->error), ERROR_KIND_CONFLICT);
        assert_non_null(strstr(client->error->message, name));
    }
}

static void
approve(void *data)
{
    Client *client = data;

    client->ok = engine_fixture_approve(client->fixture, RELEASE, client->number, &client->error);
}

/* A third each asks to publish, publishes, or applies a rejection. */
static void
collide(void *data)
{
    static const char *const targets[] = { "site", NULL };
    Client *client = data;
    ReleaseCommand command = { .expect = &client->seen };
    g_autoptr(json_t) result = NULL;
    Engine *engine = client->fixture->engine;

    switch (client->number % 3) {
    case 0:
        client->ok = release_request(engine, RELEASE, targets, 3600ll * 1000000, &command, &result,
                                     &client->error);
        return;
    case 1:
        client->ok = release_publish_intent(engine, RELEASE, &command, &result, &client->error);
        return;
    default:
        client->ok = authority_apply(engine, client->proposal, client->proofs, NULL, &result,
                                     &client->error);
    }
}

/* What all people have to say about it. Owned. */
static json_t *
sign_rejection(EngineFixture *fixture, const json_t *proposal)
{
    json_t *proofs = json_array();

    for (guint i = 0; i < fixture->people->len; i++) {
        g_autofree char *name = g_strdup_printf("person-%u", i);
        g_autoptr(json_t) one = engine_fixture_proofs(proposal, name, fixture->people->pdata[i]);

        json_array_extend(proofs, one);
    }
    return proofs;
}

/* A proposal to reject, for all people to sign. Owned. */
static json_t *
propose_rejection(EngineFixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    json_t *proposal = NULL;

    for (guint i = 0; i < fixture->people->len; i++)
        g_ptr_array_add(names, g_strdup_printf("person-%u", i));
    g_ptr_array_add(names, NULL);
    assert_true(authority_propose_rejection(fixture->engine, RELEASE, "defective",
                                            (const char *const *)names->pdata, &proposal, &error));
    return proposal;
}

static void
approvals_of_fifty_people_all_count(void **state)
{
    Race *race = *state;
    EngineFixture *f = race->fixture;
    g_autoptr(json_t) shown = NULL;

    assert_true(engine_fixture_seal(f, RELEASE));
    assert_true(engine_fixture_request(f, RELEASE));
    uint64_t size = engine_fixture_size(f);

    run(race, approve, NULL, NULL);

    for (unsigned i = 0; i < N_CLIENTS; i++) {
        test_case("client %u", i);
        assert_no_gerror(race->clients[i].error);
    }
    assert_int_equal(engine_fixture_size(f), size + N_CLIENTS);
    assert_int_equal(engine_fixture_n_void(f), 0);
    assert_true(release_approvals(f->engine, RELEASE, &shown, &f->error));
    assert_int_equal(json_integer_value(json_object_get(shown, "counted")), N_CLIENTS);
}

static void
claim(void *data)
{
    Client *client = data;
    g_autofree char *object = g_strdup_printf("release:acme/cli@2.0.%u", client->number);

    client->ok = release_claim(client->fixture->engine, object, FIXTURE_COMMIT, FIXTURE_COMMIT,
                               &client->error);
}

static void
commands_that_wait_share_a_batch(void **state)
{
    Race *race = *state;
    EngineFixture *f = race->fixture;

    assert_true(engine_fixture_claim(f, RELEASE));
    uint64_t size = engine_fixture_size(f);
    uint64_t signed_before = engine_fixture_n_checkpoints(f);

    run(race, claim, NULL, NULL);

    uint64_t n_batches = engine_fixture_n_checkpoints(f) - signed_before;
    print_message("# %d claims in %d batches of one fdatasync\n", N_CLIENTS, (int)n_batches);
    assert_int_equal(n_winners(race), N_CLIENTS);
    assert_int_equal(engine_fixture_size(f), size + N_CLIENTS);
    assert_in_range(n_batches, 1, N_CLIENTS / 2);
}

static void
of_fifty_that_saw_the_same_head_one_wins(void **state)
{
    Race *race = *state;
    EngineFixture *f = race->fixture;

    assert_true(engine_fixture_seal(f, RELEASE));
    assert_true(engine_fixture_request(f, RELEASE));
    for (unsigned round = 0; round < 3; round++) {
        run(race, approve, NULL, NULL); /* so that publishing could win too */
        g_autoptr(json_t) proposal = propose_rejection(f);
        g_autoptr(json_t) proofs = sign_rejection(f, proposal);
        uint64_t size = engine_fixture_size(f);

        test_case("round %u", round);
        run(race, collide, proposal, proofs);

        Digest head = engine_fixture_head(f, RELEASE);
        assert_int_equal(n_winners(race), 1);
        assert_int_equal(engine_fixture_size(f), size + 1);
        assert_losers_name(race, &head);
        assert_int_equal(engine_fixture_n_void(f), 0);
        if (race->clients[0].ok == false) /* rejected or publishing: the end of this release */
            break;
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(approvals_of_fifty_people_all_count, setup, teardown),
        cmocka_unit_test_setup_teardown(of_fifty_that_saw_the_same_head_one_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(commands_that_wait_share_a_batch, setup, teardown),
    };

    return cmocka_run_group_tests_name("races", tests, NULL, NULL);
}
