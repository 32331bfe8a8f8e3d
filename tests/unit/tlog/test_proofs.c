/* SPDX-License-Identifier: Apache-2.0
 * test_proofs: proofs made from tiles hold under the verifier of src/proof. */
#include "log_fixture.h"
#include "base/banned.h"

static MerkleHead
head_at(LogFixture *f, uint64_t size)
{
    MerkleHead head = { .size = size };
    bool ok = tlog_root(f->tlog, size, &head.root, &f->error);

    assert_no_gerror(f->error);
    assert_true(ok);
    return head;
}

static void
check_inclusion(LogFixture *f, uint64_t index, uint64_t size)
{
    MerkleHead head = head_at(f, size);
    Digest leaf = log_fixture_leaf_hash(index);
    TlogProof proof;
    bool ok = tlog_prove_inclusion(f->tlog, index, size, &proof, &f->error) &&
              merkle_verify_inclusion(&leaf, index, &head, (MerkleProof){ proof.hashes, proof.n },
                                      &f->error);

    if (!ok)
        test_case("index %" PRIu64 " in size %" PRIu64 "\n", index, size);
    assert_no_gerror(f->error);
    assert_true(ok);
}

static void
check_consistency(LogFixture *f, uint64_t old_size, uint64_t new_size)
{
    MerkleHead older = head_at(f, old_size);
    MerkleHead newer = head_at(f, new_size);
    TlogProof proof;
    bool ok = tlog_prove_consistency(f->tlog, old_size, new_size, &proof, &f->error) &&
              merkle_verify_consistency(&older, &newer, (MerkleProof){ proof.hashes, proof.n },
                                        &f->error);

    if (!ok)
        test_case("sizes %" PRIu64 " to %" PRIu64 "\n", old_size, new_size);
    assert_no_gerror(f->error);
    assert_true(ok);
}

static void
every_entry_of_every_small_tree_is_proved(void **state)
{
    LogFixture *f = *state;

    log_fixture_create(f);
    log_fixture_append(f, 70, 70);
    for (uint64_t size = 1; size <= 70; size++)
        for (uint64_t index = 0; index < size; index++)
            check_inclusion(f, index, size);
}

static void
every_pair_of_small_trees_is_consistent(void **state)
{
    LogFixture *f = *state;

    log_fixture_create(f);
    log_fixture_append(f, 70, 70);
    for (uint64_t newer = 1; newer <= 70; newer++)
        for (uint64_t older = 1; older <= newer; older++)
            check_consistency(f, older, newer);
}

static void
proofs_hold_across_tile_boundaries(void **state)
{
    LogFixture *f = *state;
    static const uint64_t sizes[] = { 255,   256,   257,   511,   512,   65535, 65536,
                                      65537, 65791, 65792, 66048, 69000, 70000 };

    log_fixture_create(f);
    log_fixture_append(f, 70000, 4096);
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        for (uint64_t index = 0; index < sizes[i]; index += 1 + sizes[i] / 97)
            check_inclusion(f, index, sizes[i]);
        check_inclusion(f, sizes[i] - 1, sizes[i]);
        for (size_t j = i; j < G_N_ELEMENTS(sizes); j++)
            check_consistency(f, sizes[i], sizes[j]);
    }
}

static void
a_proof_made_while_the_log_grows_still_holds(void **state)
{
    LogFixture *f = *state;

    log_fixture_create(f);
    for (int round = 0; round < 40; round++) {
        log_fixture_append(f, 13, 13);
        check_inclusion(f, (uint64_t)round * 13, tlog_get_size(f->tlog));
        check_consistency(f, (uint64_t)round * 13 + 1, tlog_get_size(f->tlog));
    }
}

static void
a_proof_for_an_index_outside_the_tree_is_not_found(void **state)
{
    LogFixture *f = *state;
    TlogProof proof;

    log_fixture_create(f);
    log_fixture_append(f, 5, 5);
    assert_false(tlog_prove_inclusion(f->tlog, 4, 4, &proof, &f->error));

    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_NOT_FOUND);
}

static void
a_proof_of_a_size_the_log_has_not_reached_is_not_found(void **state)
{
    LogFixture *f = *state;
    TlogProof proof;

    log_fixture_create(f);
    log_fixture_append(f, 5, 5);
    assert_false(tlog_prove_consistency(f->tlog, 1, 6, &proof, &f->error));

    assert_gerror(f->error, TLOG_ERROR, TLOG_ERROR_NOT_FOUND);
}

#define LOG_TEST(name)                                                                             \
    cmocka_unit_test_setup_teardown(name, log_fixture_setup, log_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(every_entry_of_every_small_tree_is_proved),
        LOG_TEST(every_pair_of_small_trees_is_consistent),
        LOG_TEST(proofs_hold_across_tile_boundaries),
        LOG_TEST(a_proof_made_while_the_log_grows_still_holds),
        LOG_TEST(a_proof_for_an_index_outside_the_tree_is_not_found),
        LOG_TEST(a_proof_of_a_size_the_log_has_not_reached_is_not_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
