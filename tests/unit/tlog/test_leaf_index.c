/* SPDX-License-Identifier: Apache-2.0
 * test_leaf_index: every leaf is found where it is, the first of equal ones, and nothing else. */
#include "log_fixture.h"
#include "tlog/leaf_index.h"
#include "base/banned.h"

#define N_LEAVES 3000 /* more than the first table and a reading step hold */

static bool
find(LeafIndex *index, const Digest *hash, uint64_t *position, GError **error)
{
    bool found = false;
    bool ok = leaf_index_find(index, hash, &found, position, error);

    assert_true(ok);
    return found;
}

static void
leaves_are_found_after_a_start(void **state)
{
    LogFixture *f = *state;
    Digest absent = digest_of(span_of_text("absent"));
    uint64_t position = 0;

    log_fixture_create(f);
    log_fixture_append(f, N_LEAVES, 1000);
    g_autoptr(LeafIndex) index = leaf_index_build(f->tlog, &f->error);
    assert_no_gerror(f->error);
    for (uint64_t i = 0; i < N_LEAVES; i++) {
        Digest hash = { 0 };

        assert_true(tlog_leaf_hash(f->tlog, i, &hash, &f->error));
        assert_true(find(index, &hash, &position, &f->error));
        assert_int_equal(position, i);
    }
    assert_false(find(index, &absent, &position, &f->error));
}

static void
the_first_of_equal_leaves_counts(void **state)
{
    LogFixture *f = *state;
    TlogEntry same = { .leaf = span_of_text("same") };
    Digest hash = merkle_leaf_hash(same.leaf);
    uint64_t position = 0;
    uint64_t first = 0;

    log_fixture_create(f);
    log_fixture_append(f, 10, 10);
    g_autoptr(LeafIndex) index = leaf_index_build(f->tlog, &f->error);
    for (int i = 0; i < 2; i++) {
        assert_true(tlog_append(f->tlog, &same, 1, &first, &f->error));
        leaf_index_add(index, &hash, first);
    }

    assert_true(find(index, &hash, &position, &f->error));
    assert_int_equal(position, 10);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, log_fixture_setup, log_fixture_teardown)
    const struct CMUnitTest tests[] = {
        CASE(leaves_are_found_after_a_start),
        CASE(the_first_of_equal_leaves_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
