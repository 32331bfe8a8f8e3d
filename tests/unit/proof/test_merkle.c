/* SPDX-License-Identifier: Apache-2.0
 * test_merkle: trees of every size up to 70 against a plain recursive root, and the published
 * probes. */
#include "vectors.h"
#include "proof/merkle.h"
#include "base/banned.h"

#define MAX_LEAVES 70

typedef struct {
    Digest leaves[MAX_LEAVES];
    MerklePlan plan;
    Digest nodes[MERKLE_PLAN_MAX_NODES];
    Digest proof[MERKLE_PLAN_MAX_HASHES];
    GError *error; /* owned */
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    for (uint8_t i = 0; i < MAX_LEAVES; i++)
        f->leaves[i] = merkle_leaf_hash(span_of(&i, 1));
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

/* MTH of RFC 6962 section 2.1, word for word. */
static Digest
plain_root(const Digest *leaves, uint64_t n)
{
    uint64_t k = 1;

    if (n == 0)
        return merkle_empty_root();
    if (n == 1)
        return leaves[0];
    while (k * 2 < n)
        k *= 2;
    Digest left = plain_root(leaves, k), right = plain_root(leaves + k, n - k);
    return merkle_node_hash(&left, &right);
}

static MerkleHead
head_of(const Fixture *f, uint64_t size)
{
    return (MerkleHead){ .size = size, .root = plain_root(f->leaves, size) };
}

/* The planned nodes, computed, folded into f->proof. */
static MerkleProof
carry_out_plan(Fixture *f)
{
    for (size_t i = 0; i < f->plan.n_nodes; i++) {
        MerkleNode node = f->plan.nodes[i];
        f->nodes[i] = plain_root(f->leaves + (node.index << node.level), UINT64_C(1) << node.level);
    }
    merkle_plan_fold(&f->plan, f->nodes, f->proof);
    return (MerkleProof){ .hashes = f->proof, .n_hashes = f->plan.n_hashes };
}

static void
frontier_has_the_root_of_every_size(void **state)
{
    Fixture *f = *state;
    MerkleFrontier frontier;

    merkle_frontier_init(&frontier);
    for (uint64_t size = 0; size <= MAX_LEAVES; size++) {
        Digest wanted = plain_root(f->leaves, size), got = merkle_frontier_root(&frontier);
        assert_memory_equal(&got, &wanted, sizeof got);
        if (size < MAX_LEAVES)
            merkle_frontier_append(&frontier, &f->leaves[size]);
    }
}

static void
planned_root_is_the_root(void **state)
{
    Fixture *f = *state;

    for (uint64_t size = 1; size <= MAX_LEAVES; size++) {
        Digest wanted = plain_root(f->leaves, size);
        merkle_plan_root(size, &f->plan);
        MerkleProof proof = carry_out_plan(f);
        assert_int_equal(proof.n_hashes, 1);
        assert_memory_equal(&proof.hashes[0], &wanted, sizeof wanted);
    }
}

static void
planned_inclusion_of_every_leaf_holds(void **state)
{
    Fixture *f = *state;

    for (uint64_t size = 1; size <= MAX_LEAVES; size++) {
        MerkleHead head = head_of(f, size);
        for (uint64_t i = 0; i < size; i++) {
            assert_true(merkle_plan_inclusion(i, size, &f->plan, &f->error));
            MerkleProof proof = carry_out_plan(f);
            bool ok = merkle_verify_inclusion(&f->leaves[i], i, &head, proof, &f->error);
            assert_no_gerror(f->error);
            assert_true(ok);
        }
    }
}

static void
planned_consistency_of_every_pair_holds(void **state)
{
    Fixture *f = *state;

    for (uint64_t newer = 1; newer <= MAX_LEAVES; newer++) {
        MerkleHead new_head = head_of(f, newer);
        for (uint64_t older = 1; older <= newer; older++) {
            MerkleHead old_head = head_of(f, older);
            assert_true(merkle_plan_consistency(older, newer, &f->plan, &f->error));
            MerkleProof proof = carry_out_plan(f);
            bool ok = merkle_verify_consistency(&old_head, &new_head, proof, &f->error);
            assert_no_gerror(f->error);
            assert_true(ok);
        }
    }
}

static void
inclusion_with_any_hash_changed_does_not_hold(void **state)
{
    Fixture *f = *state;
    MerkleHead head = head_of(f, 70);

    assert_true(merkle_plan_inclusion(37, 70, &f->plan, &f->error));
    MerkleProof proof = carry_out_plan(f);
    for (size_t i = 0; i < proof.n_hashes; i++) {
        g_clear_error(&f->error);
        f->proof[i].bytes[31] ^= 1;
        assert_false(merkle_verify_inclusion(&f->leaves[37], 37, &head, proof, &f->error));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
        f->proof[i].bytes[31] ^= 1;
    }
}

static void
plan_of_the_largest_tree_fits(void **state)
{
    Fixture *f = *state;

    assert_true(merkle_plan_inclusion(0, UINT64_MAX, &f->plan, &f->error));
    assert_true(merkle_plan_inclusion(UINT64_MAX - 1, UINT64_MAX, &f->plan, &f->error));
    assert_true(merkle_plan_consistency(UINT64_MAX / 3, UINT64_MAX, &f->plan, &f->error));
    assert_true(f->plan.n_nodes <= MERKLE_PLAN_MAX_NODES);
}

static void
plan_outside_the_tree_is_refused(void **state)
{
    Fixture *f = *state;

    assert_false(merkle_plan_inclusion(7, 7, &f->plan, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
hashing_many_is_hashing_each(void **state)
{
    Fixture *f = *state;
    Span leaves[MAX_LEAVES];
    uint8_t texts[MAX_LEAVES];
    Digest many[MAX_LEAVES];

    for (uint8_t i = 0; i < MAX_LEAVES; i++) {
        texts[i] = i;
        leaves[i] = span_of(&texts[i], 1);
    }
    merkle_leaf_hashes(leaves, MAX_LEAVES, many);
    assert_memory_equal(many, f->leaves, sizeof many);

    merkle_node_hashes(many, MAX_LEAVES / 2, many); /* in place */
    for (size_t i = 0; i < MAX_LEAVES / 2; i++) {
        Digest wanted = merkle_node_hash(&f->leaves[2 * i], &f->leaves[2 * i + 1]);
        assert_memory_equal(&many[i], &wanted, sizeof wanted);
    }
}

static void
completed_levels_count_trailing_ones(void **state)
{
    (void)state;
    assert_int_equal(merkle_completed_levels(0), 0);
    assert_int_equal(merkle_completed_levels(1), 1);
    assert_int_equal(merkle_completed_levels(2), 0);
    assert_int_equal(merkle_completed_levels(7), 3);
}

/* One probe: its numbers and hashes; false in `readable` when a hash is not 32 bytes. */
typedef struct {
    bool readable;
    Digest root1, root2, leaf;
    Digest hashes[MERKLE_PLAN_MAX_HASHES];
    MerkleProof proof;
} Probe;

static bool
read_hash(const json_t *value, Digest *out)
{
    const char *text = json_string_value(value);
    g_autoptr(GBytes) bytes = text != NULL ? base64_decode(text, NULL) : NULL;

    if (bytes == NULL || g_bytes_get_size(bytes) != DIGEST_SIZE)
        return false;
    memcpy(out->bytes, span_of_bytes(bytes).data, DIGEST_SIZE);
    return true;
}

static uint64_t
number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    assert_true(json_is_number(value));
    if (json_is_integer(value))
        return (uint64_t)json_integer_value(value);
    return json_real_value(value) < 0x1p64 ? (uint64_t)json_real_value(value) : UINT64_MAX;
}

static Probe
read_probe(const json_t *object, bool is_inclusion)
{
    const json_t *list = json_object_get(object, "proof");
    Probe probe = { .proof.n_hashes = json_array_size(list) };

    assert_true(probe.proof.n_hashes <= MERKLE_PLAN_MAX_HASHES);
    if (is_inclusion)
        probe.readable = read_hash(json_object_get(object, "root"), &probe.root2) &&
                         read_hash(json_object_get(object, "leafHash"), &probe.leaf);
    else
        probe.readable = read_hash(json_object_get(object, "root1"), &probe.root1);
    if (!is_inclusion && !read_hash(json_object_get(object, "root2"), &probe.root2))
        memset(&probe.root2, 0xee, sizeof probe.root2); /* no hash: a root nothing leads to */
    for (size_t i = 0; i < probe.proof.n_hashes; i++)
        probe.readable = read_hash(json_array_get(list, i), &probe.hashes[i]) && probe.readable;
    return probe;
}

static bool
probe_holds(const char *topic, const json_t *object)
{
    bool is_inclusion = strstr(topic, "inclusion") != NULL;
    Probe p = read_probe(object, is_inclusion);
    MerkleSubtree tree = { .root = is_inclusion ? p.root2 : p.root1 };
    MerkleHead head = { .root = p.root2 };

    p.proof.hashes = p.hashes;
    if (!p.readable)
        return false;
    if (g_str_has_prefix(topic, "subtree")) {
        tree.range.start = number(object, "start");
        tree.range.end = number(object, "end");
    }
    if (strcmp(topic, "inclusion") == 0) {
        head.size = number(object, "treeSize");
        return merkle_verify_inclusion(&p.leaf, number(object, "leafIdx"), &head, p.proof, NULL);
    }
    if (strcmp(topic, "subtreeinclusion") == 0)
        return merkle_verify_subtree_inclusion(&p.leaf, number(object, "leafIdx"), &tree, p.proof,
                                               NULL);
    if (strcmp(topic, "subtreeconsistency") == 0) {
        head.size = number(object, "size");
        return merkle_verify_subtree_consistency(&tree, &head, p.proof, NULL);
    }
    MerkleHead older = { .size = number(object, "size1"), .root = p.root1 };
    head.size = number(object, "size2");
    return merkle_verify_consistency(&older, &head, p.proof, NULL);
}

static void
published_probes_are_judged_as_wanted(void **state)
{
    static const char *const topics[] = { "inclusion", "consistency", "subtreeinclusion",
                                          "subtreeconsistency" };
    Vectors *v = *state;

    vectors_open(v, "merkle");
    for (size_t i = 0; i < G_N_ELEMENTS(topics); i++) {
        g_ptr_array_set_size(v->paths, 0);
        vectors_list(v, topics[i], ".json");
        for (guint j = 0; j < v->paths->len; j++) {
            const json_t *object = vectors_read_json(v, v->paths->pdata[j]);
            bool want_error = json_is_true(json_object_get(object, "wantErr"));
            vectors_case(v, v->paths->pdata[j], probe_holds(topics[i], object) != want_error);
        }
    }
    vectors_done(v, 250);
}

static void
reference_tree_of_certificate_transparency_is_ours(void **state)
{
    Vectors *v = *state;
    MerkleFrontier frontier;

    vectors_open(v, "merkle");
    const json_t *tree = vectors_read_json(v, "rfc6962-tree.json");
    const json_t *leaves = json_object_get(tree, "leaf_inputs_hex");
    const json_t *roots = json_object_get(tree, "root_hashes_hex_by_tree_size");

    merkle_frontier_init(&frontier);
    for (size_t i = 0; i < json_array_size(roots); i++) {
        char hex[DIGEST_HEX_SIZE];
        g_autofree char *name = g_strdup_printf("size %zu", i);
        Digest root = merkle_frontier_root(&frontier);
        digest_to_hex(&root, hex);
        vectors_case(v, name, strcmp(hex, json_string_value(json_array_get(roots, i))) == 0);
        if (i == json_array_size(leaves))
            break;
        g_autoptr(GBytes) leaf = hex_decode(json_string_value(json_array_get(leaves, i)), NULL);
        Digest hash = merkle_leaf_hash(span_of_bytes(leaf));
        merkle_frontier_append(&frontier, &hash);
    }
    vectors_done(v, 9);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(frontier_has_the_root_of_every_size, setup, teardown),
        cmocka_unit_test_setup_teardown(planned_root_is_the_root, setup, teardown),
        cmocka_unit_test_setup_teardown(planned_inclusion_of_every_leaf_holds, setup, teardown),
        cmocka_unit_test_setup_teardown(planned_consistency_of_every_pair_holds, setup, teardown),
        cmocka_unit_test_setup_teardown(inclusion_with_any_hash_changed_does_not_hold, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(plan_of_the_largest_tree_fits, setup, teardown),
        cmocka_unit_test_setup_teardown(plan_outside_the_tree_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(hashing_many_is_hashing_each, setup, teardown),
        cmocka_unit_test(completed_levels_count_trailing_ones),
        cmocka_unit_test_setup_teardown(published_probes_are_judged_as_wanted, vectors_setup,
                                        vectors_teardown),
        cmocka_unit_test_setup_teardown(reference_tree_of_certificate_transparency_is_ours,
                                        vectors_setup, vectors_teardown),
    };

    return cmocka_run_group_tests_name("merkle", tests, NULL, NULL);
}
