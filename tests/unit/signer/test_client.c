/* SPDX-License-Identifier: Apache-2.0
 * test_client: client end and signer process together: keys, signatures, refusals, rollback. */
#include <dirent.h>
#include <signal.h>
#include <sys/mman.h>
#include "signer_fixture.h"
#include "proof/checkpoint.h"
#include "proof/merkle.h"
#include "signer/files.h"
#include "signer/timestamp_priv.h"
#include "base/banned.h"

static void
create(SignerFixture *f)
{
    f->keys = signer_create_keys(f->keys_dir, FIXTURE_ORIGIN, &f->error);
    assert_no_gerror(f->error);
}

static PublicKey *
key_of(const SignerFixture *f, SignerRole role)
{
    for (unsigned i = 0; i < f->keys->len; i++) {
        const SignerPublicKey *key = g_ptr_array_index(f->keys, i);
        g_autoptr(GError) local = NULL;

        if (key->role == role)
            return public_key_from_spki(span_of_bytes(key->spki), &local);
    }
    return NULL;
}

static void
restart(SignerFixture *f)
{
    signer_client_free(f->client);
    f->client = signer_client_new(f->keys_dir);
}

static char *
keys_file(const SignerFixture *f, const char *name)
{
    return g_build_filename(f->keys_dir, name, NULL);
}

/* The number of lines in refusals.jsonl that contain @text. */
static unsigned
count_refusals(const SignerFixture *f, const char *text)
{
    g_autofree char *path = keys_file(f, "refusals.jsonl");
    g_autofree char *content = NULL;
    unsigned n = 0;

    if (!g_file_get_contents(path, &content, NULL, NULL))
        return 0;
    g_auto(GStrv) lines = g_strsplit(content, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        n += strstr(*line, text) != NULL;
    return n;
}

/* A tree of leaves "0", "1", … of @size, and its proof from @old_size. */
typedef struct {
    MerkleHead head;
    Digest proof[MERKLE_PLAN_MAX_HASHES];
    size_t n_proof;
} Tree;

static Digest
leaf_hash(uint64_t index)
{
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, index);

    return merkle_leaf_hash(span_of_text(text));
}

static Digest
node_of(const MerkleNode *node)
{
    MerkleFrontier frontier;

    merkle_frontier_init(&frontier);
    for (uint64_t i = 0; i < (uint64_t)1 << node->level; i++) {
        Digest hash = leaf_hash((node->index << node->level) + i);

        merkle_frontier_append(&frontier, &hash);
    }
    return merkle_frontier_root(&frontier);
}

static Tree
tree_of(uint64_t size, uint64_t old_size)
{
    Tree tree = { .head.size = size, .head.root = merkle_empty_root() };
    Digest nodes[MERKLE_PLAN_MAX_NODES];
    MerklePlan plan;
    g_autoptr(GError) local = NULL;

    if (size > 0) {
        merkle_plan_root(size, &plan);
        for (size_t i = 0; i < plan.n_nodes; i++)
            nodes[i] = node_of(&plan.nodes[i]);
        merkle_plan_fold(&plan, nodes, &tree.head.root);
    }
    if (old_size == 0 || old_size == size)
        return tree;
    assert_true(merkle_plan_consistency(old_size, size, &plan, &local));
    for (size_t i = 0; i < plan.n_nodes; i++)
        nodes[i] = node_of(&plan.nodes[i]);
    merkle_plan_fold(&plan, nodes, tree.proof);
    tree.n_proof = plan.n_hashes;
    return tree;
}

static bool
sign_tree(SignerFixture *f, const Tree *tree)
{
    g_clear_error(&f->error);
    g_clear_pointer(&f->bytes, g_bytes_unref);
    f->bytes = signer_sign_checkpoint(f->client, tree->head.size, &tree->head.root, tree->proof,
                                      tree->n_proof, &f->error);
    return f->bytes != NULL;
}

static bool
sign_size(SignerFixture *f, uint64_t size, uint64_t old_size)
{
    Tree tree = tree_of(size, old_size);

    return sign_tree(f, &tree);
}

/* --- keys ----------------------------------------------------------------------------------- */

static void
create_makes_one_private_key_a_role(void **state)
{
    SignerFixture *f = *state;

    create(f);
    assert_int_equal(f->keys->len, SIGNER_N_ROLES - 1);
    for (SignerRole role = SIGNER_ROLE_ENGINE; role < SIGNER_N_ROLES; role++) {
        g_autofree char *name = g_strdup_printf("%s.pem", signer_role_name(role));
        g_autofree char *path = keys_file(f, name);
        struct stat info = { 0 };

        test_case("%s\n", name);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
}

static void
create_refuses_a_folder_with_keys(void **state)
{
    SignerFixture *f = *state;

    create(f);
    GPtrArray *again = signer_create_keys(f->keys_dir, FIXTURE_ORIGIN, &f->error);

    assert_null(again);
    assert_gerror(f->error, SIGNER_ERROR, SIGNER_ERROR_EXISTS);
}

static void
create_goes_on_after_a_crash_with_the_keys_it_had(void **state)
{
    SignerFixture *f = *state;

    create(f);
    g_autofree char *index = keys_file(f, "keys.json");
    g_autofree char *last = keys_file(f, "log.pem");
    Digest before = ((SignerPublicKey *)g_ptr_array_index(f->keys, 0))->keyid;
    assert_int_equal(unlink(index) | unlink(last), 0);
    g_clear_pointer(&f->keys, g_ptr_array_unref);
    create(f);
    Digest after = ((SignerPublicKey *)g_ptr_array_index(f->keys, 0))->keyid;

    assert_memory_equal(&before, &after, sizeof after);
}

static void
create_refuses_a_bad_origin(void **state)
{
    SignerFixture *f = *state;

    f->keys = signer_create_keys(f->keys_dir, "https://log.example/test", &f->error);

    assert_gerror(f->error, SIGNER_ERROR, SIGNER_ERROR_INVALID);
}

static void
builder_keys_have_the_ids_of_their_classes(void **state)
{
    SignerFixture *f = *state;

    create(f);
    for (unsigned i = 0; i < f->keys->len; i++) {
        const SignerPublicKey *key = g_ptr_array_index(f->keys, i);

        if (key->role == SIGNER_ROLE_BUILDER_SANDBOX)
            assert_string_equal(key->builder_id, FIXTURE_ORIGIN "/builder/sandbox/isolated");
        else if (key->role == SIGNER_ROLE_BUILDER_HOST)
            assert_string_equal(key->builder_id, FIXTURE_ORIGIN "/builder/host/none");
        else if (key->role == SIGNER_ROLE_BUILDER_VM)
            assert_string_equal(key->builder_id, FIXTURE_ORIGIN "/builder/vm/isolated");
        else if (key->role == SIGNER_ROLE_BUILDER_COMMAND)
            assert_string_equal(key->builder_id, FIXTURE_ORIGIN "/builder/command/none");
        else
            assert_null(key->builder_id);
    }
}

static void
only_the_timestamp_key_has_certificates(void **state)
{
    SignerFixture *f = *state;

    create(f);
    for (unsigned i = 0; i < f->keys->len; i++) {
        const SignerPublicKey *key = g_ptr_array_index(f->keys, i);

        if (key->role == SIGNER_ROLE_TIMESTAMP)
            assert_int_equal(key->certs->len, 2);
        else
            assert_null(key->certs);
    }
}

static void
a_message_is_stamped(void **state)
{
    SignerFixture *f = *state;

    create(f);
    f->bytes = signer_timestamp(f->client, span_of_text("a signature"), &f->error);

    assert_no_gerror(f->error);
    assert_non_null(f->bytes);
}

static void
what_is_no_request_gets_an_answer_that_grants_nothing(void **state)
{
    SignerFixture *f = *state;

    create(f);
    f->bytes = signer_answer_timestamp(f->client, span_of_text("no DER"), &f->error);

    assert_no_gerror(f->error);
    assert_false(timestamp_is_granted(span_of_bytes(f->bytes), &f->error));
}

static void
without_keys_signing_says_so(void **state)
{
    SignerFixture *f = *state;

    f->bytes = signer_fixture_foreign(PREDICATE_TYPE_SPDX);
    assert_false(signer_sign_statement(f->client, SIGNER_ROLE_ENGINE, span_of_bytes(f->bytes),
                                       &f->signature, &f->error));

    assert_int_equal(error_kind(f->error), ERROR_KIND_IO);
}

static void
a_key_others_can_read_is_not_used(void **state)
{
    SignerFixture *f = *state;

    create(f);
    g_autofree char *path = keys_file(f, "engine.pem");
    assert_int_equal(chmod(path, 0640), 0);
    f->bytes = signer_fixture_foreign(PREDICATE_TYPE_SPDX);
    assert_false(signer_sign_statement(f->client, SIGNER_ROLE_ENGINE, span_of_bytes(f->bytes),
                                       &f->signature, &f->error));

    assert_gerror(f->error, SIGNER_ERROR, SIGNER_ERROR_CORRUPT);
}

static void
a_key_that_was_exchanged_is_not_used(void **state)
{
    SignerFixture *f = *state;

    create(f);
    g_autofree char *engine = keys_file(f, "engine.pem");
    g_autofree char *status = keys_file(f, "status.pem");
    assert_int_equal(rename(status, engine), 0);
    f->bytes = signer_fixture_foreign(PREDICATE_TYPE_SPDX);
    assert_false(signer_sign_statement(f->client, SIGNER_ROLE_ENGINE, span_of_bytes(f->bytes),
                                       &f->signature, &f->error));

    assert_gerror(f->error, SIGNER_ERROR, SIGNER_ERROR_CORRUPT);
}

/* --- statements ----------------------------------------------------------------------------- */

static void
a_signature_holds_over_the_pae(void **state)
{
    SignerFixture *f = *state;

    create(f);
    f->bytes = signer_fixture_statement(PREDICATE_CLAIM, "release:p/s@1.0.0", FIXTURE_ORIGIN);
    bool ok = signer_sign_statement(f->client, SIGNER_ROLE_ENGINE, span_of_bytes(f->bytes),
                                    &f->signature, &f->error);
    assert_no_gerror(f->error);
    assert_true(ok);
    g_autoptr(PublicKey) key = key_of(f, SIGNER_ROLE_ENGINE);
    g_autoptr(GBytes) pae = dsse_pae(DSSE_TYPE_INTOTO, span_of_bytes(f->bytes));
    ok = public_key_verify(key, span_of_bytes(pae), span_of_bytes(f->signature.signature),
                           &f->error);

    assert_no_gerror(f->error);
    assert_true(ok);
}

static void
a_status_signature_holds_over_the_pae(void **state)
{
    SignerFixture *f = *state;

    create(f);
    f->bytes = signer_fixture_status(FIXTURE_ORIGIN);
    bool ok = signer_sign_status(f->client, span_of_bytes(f->bytes), &f->signature, &f->error);
    assert_no_gerror(f->error);
    assert_true(ok);
    g_autoptr(PublicKey) key = key_of(f, SIGNER_ROLE_STATUS);
    g_autoptr(GBytes) pae = dsse_pae(DSSE_TYPE_STATUS, span_of_bytes(f->bytes));
    ok = public_key_verify(key, span_of_bytes(pae), span_of_bytes(f->signature.signature),
                           &f->error);

    assert_no_gerror(f->error);
    assert_true(ok);
}

static void
a_type_outside_the_role_is_refused_and_recorded(void **state)
{
    SignerFixture *f = *state;

    create(f);
    f->bytes = signer_fixture_statement(PREDICATE_CLAIM, "release:p/s@1.0.0", FIXTURE_ORIGIN);
    assert_false(signer_sign_statement(f->client, SIGNER_ROLE_BUILDER_SANDBOX,
                                       span_of_bytes(f->bytes), &f->signature, &f->error));

    assert_gerror(f->error, SIGNER_ERROR, SIGNER_ERROR_DENIED);
    assert_int_equal(count_refusals(f, "\"role\":\"builder-sandbox\""), 1);
}

static void
refusals_are_one_a_line_also_after_a_torn_one(void **state)
{
    SignerFixture *f = *state;

    create(f);
    g_autofree char *path = keys_file(f, "refusals.jsonl");
    assert_true(g_file_set_contents(path, "{\"torn", -1, NULL));
    f->bytes = signer_fixture_foreign("https://evil.example/v1");
    for (int i = 0; i < 2; i++) {
        g_clear_error(&f->error);
        assert_false(signer_sign_statement(f->client, SIGNER_ROLE_ENGINE, span_of_bytes(f->bytes),
                                           &f->signature, &f->error));
    }

    assert_int_equal(count_refusals(f, "evil.example"), 2);
    assert_int_equal(count_refusals(f, "torn{"), 0);
}

static void
the_log_key_signs_no_statement(void **state)
{
    SignerFixture *f = *state;

    create(f);
    f->bytes = signer_fixture_foreign(PREDICATE_TYPE_SPDX);
    assert_false(signer_sign_statement(f->client, SIGNER_ROLE_LOG, span_of_bytes(f->bytes),
                                       &f->signature, &f->error));

    assert_gerror(f->error, SIGNER_ERROR, SIGNER_ERROR_DENIED);
}

/* --- the process ---------------------------------------------------------------------------- */

/* The signer among our children; 0 if none. */
static pid_t
find_signer(void)
{
    g_autofree char *path = g_strdup_printf("/proc/self/task/%d/children", getpid());
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return 0;
    return (pid_t)g_ascii_strtoll(text, NULL, 10);
}

static void
a_signer_that_was_killed_is_started_again(void **state)
{
    SignerFixture *f = *state;

    create(f);
    assert_true(sign_size(f, 1, 0));
    pid_t first = find_signer();
    assert_true(first > 0);
    assert_int_equal(kill(first, SIGKILL), 0);
    bool ok = sign_size(f, 2, 1);

    assert_no_gerror(f->error);
    assert_true(ok);
}

static void
no_process_runs_before_the_first_signature(void **state)
{
    SignerFixture *f = *state;
    SignerLogState log;

    create(f);
    bool ok = signer_load_log_state(f->client, &log, &f->error);

    assert_no_gerror(f->error);
    assert_true(ok);
    assert_int_equal(find_signer(), 0);
}

/* --- checkpoints ---------------------------------------------------------------------------- */

static void
a_checkpoint_verifies_under_the_log_key(void **state)
{
    SignerFixture *f = *state;

    create(f);
    assert_true(sign_size(f, 5, 0));
    g_autoptr(PublicKey) key = key_of(f, SIGNER_ROLE_LOG);
    g_autoptr(Checkpoint) checkpoint =
        checkpoint_verify(span_of_bytes(f->bytes), FIXTURE_ORIGIN, key, &f->error);

    assert_no_gerror(f->error);
    assert_int_equal(checkpoint->head.size, 5);
}

static void
a_growing_log_is_signed_again_and_again(void **state)
{
    SignerFixture *f = *state;
    SignerLogState log;

    create(f);
    for (uint64_t size = 0; size < 20; size++) {
        bool ok = sign_size(f, size + 1, size);

        assert_no_gerror(f->error);
        assert_true(ok);
    }
    assert_true(signer_load_log_state(f->client, &log, &f->error));
    assert_int_equal(log.number, 20);
    assert_int_equal(log.size, 20);
}

static void
the_same_head_is_signed_again_without_a_new_number(void **state)
{
    SignerFixture *f = *state;
    SignerLogState log;

    create(f);
    assert_true(sign_size(f, 3, 0));
    assert_true(sign_size(f, 3, 3));
    assert_true(signer_load_log_state(f->client, &log, &f->error));

    assert_int_equal(log.number, 1);
}

static void
a_smaller_log_is_refused_also_by_the_next_process(void **state)
{
    SignerFixture *f = *state;

    create(f);
    assert_true(sign_size(f, 7, 0));
    restart(f);
    assert_false(sign_size(f, 6, 0));

    assert_gerror(f->error, SIGNER_ERROR, SIGNER_ERROR_DENIED);
    assert_int_equal(count_refusals(f, "shrunk"), 1);
}

static void
another_history_of_the_same_size_is_refused(void **state)
{
    SignerFixture *f = *state;
    Tree other = tree_of(7, 0);

    create(f);
    assert_true(sign_size(f, 7, 0));
    other.head.root.bytes[0] ^= 1;
    assert_false(sign_tree(f, &other));

    assert_gerror(f->error, SIGNER_ERROR, SIGNER_ERROR_DENIED);
}

static void
a_longer_log_without_a_proof_is_refused(void **state)
{
    SignerFixture *f = *state;

    create(f);
    assert_true(sign_size(f, 7, 0));
    assert_false(sign_size(f, 9, 0));

    assert_gerror(f->error, SIGNER_ERROR, SIGNER_ERROR_DENIED);
}

static void
a_longer_log_with_another_beginning_is_refused(void **state)
{
    SignerFixture *f = *state;
    Tree other = tree_of(9, 7);

    create(f);
    assert_true(sign_size(f, 7, 0));
    other.proof[0].bytes[0] ^= 1;
    assert_false(sign_tree(f, &other));

    assert_gerror(f->error, SIGNER_ERROR, SIGNER_ERROR_DENIED);
}

static void
a_refused_head_does_not_become_the_last_one(void **state)
{
    SignerFixture *f = *state;

    create(f);
    assert_true(sign_size(f, 7, 0));
    assert_false(sign_size(f, 9, 0));
    bool ok = sign_size(f, 8, 7);

    assert_no_gerror(f->error);
    assert_true(ok);
}

static void
a_log_record_that_is_gone_stops_signing(void **state)
{
    SignerFixture *f = *state;

    create(f);
    assert_true(sign_size(f, 7, 0));
    restart(f);
    g_autofree char *path = keys_file(f, "log-state");
    assert_int_equal(unlink(path), 0);
    assert_false(sign_size(f, 3, 0));

    assert_gerror(f->error, SIGNER_ERROR, SIGNER_ERROR_NO_KEY);
}

/* --- signatures beside files ---------------------------------------------------------------- */

/* A file in memory with @text; owned by the caller. */
static int
file_of(const char *text)
{
    int fd = memfd_create("content", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    return fd;
}

#define LIST_LINE "0000000000000000000000000000000000000000000000000000000000000000  ./tool\n"

static void
a_file_is_signed_the_same_again_by_the_next_process(void **state)
{
    static const SignerFileFormat formats[] = { SIGNER_FILE_OPENPGP, SIGNER_FILE_CHECKSUM,
                                                SIGNER_FILE_SSHSIG, SIGNER_FILE_MINISIGN };
    SignerFixture *f = *state;

    create(f);
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        test_case("%s\n", signer_file_format_name(formats[i]));
        AUTO_FD int fd = file_of(LIST_LINE);
        g_autofree char *first =
            signer_sign_file(f->client, formats[i], fd, "tool", 1700000000, &f->error);
        assert_no_gerror(f->error);
        restart(f);
        g_autofree char *second =
            signer_sign_file(f->client, formats[i], fd, "tool", 1700000000, &f->error);
        assert_no_gerror(f->error);
        assert_string_equal(first, second);
    }
}

static void
only_lists_of_digests_are_clear_signed(void **state)
{
    static const char *const texts[] = { "", "I owe you a beer\n", LIST_LINE "and a beer\n",
                                         LIST_LINE "\n", "00  ./tool\n" };
    SignerFixture *f = *state;

    create(f);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        test_case("text %zu\n", i);
        AUTO_FD int fd = file_of(texts[i]);
        char *text = signer_sign_file(f->client, SIGNER_FILE_CHECKSUM, fd, "CHECKSUM.asc",
                                      1700000000, &f->error);

        assert_null(text);
        assert_gerror(f->error, SIGNER_ERROR, SIGNER_ERROR_DENIED);
        g_clear_error(&f->error);
    }
}

static void
a_name_that_is_no_file_is_not_signed(void **state)
{
    SignerFixture *f = *state;

    create(f);
    AUTO_FD int fd = file_of("content");
    assert_null(
        signer_sign_file(f->client, SIGNER_FILE_MINISIGN, fd, "a\nb", 1700000000, &f->error));
    assert_gerror(f->error, SIGNER_ERROR, SIGNER_ERROR_INVALID);
}

#define SIGNER_TEST(name)                                                                          \
    cmocka_unit_test_setup_teardown(name, signer_fixture_setup, signer_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SIGNER_TEST(create_makes_one_private_key_a_role),
        SIGNER_TEST(create_refuses_a_folder_with_keys),
        SIGNER_TEST(create_goes_on_after_a_crash_with_the_keys_it_had),
        SIGNER_TEST(create_refuses_a_bad_origin),
        SIGNER_TEST(builder_keys_have_the_ids_of_their_classes),
        SIGNER_TEST(only_the_timestamp_key_has_certificates),
        SIGNER_TEST(a_message_is_stamped),
        SIGNER_TEST(what_is_no_request_gets_an_answer_that_grants_nothing),
        SIGNER_TEST(without_keys_signing_says_so),
        SIGNER_TEST(a_key_others_can_read_is_not_used),
        SIGNER_TEST(a_key_that_was_exchanged_is_not_used),
        SIGNER_TEST(a_signature_holds_over_the_pae),
        SIGNER_TEST(a_status_signature_holds_over_the_pae),
        SIGNER_TEST(a_type_outside_the_role_is_refused_and_recorded),
        SIGNER_TEST(refusals_are_one_a_line_also_after_a_torn_one),
        SIGNER_TEST(the_log_key_signs_no_statement),
        SIGNER_TEST(a_signer_that_was_killed_is_started_again),
        SIGNER_TEST(no_process_runs_before_the_first_signature),
        SIGNER_TEST(a_checkpoint_verifies_under_the_log_key),
        SIGNER_TEST(a_growing_log_is_signed_again_and_again),
        SIGNER_TEST(the_same_head_is_signed_again_without_a_new_number),
        SIGNER_TEST(a_smaller_log_is_refused_also_by_the_next_process),
        SIGNER_TEST(another_history_of_the_same_size_is_refused),
        SIGNER_TEST(a_longer_log_without_a_proof_is_refused),
        SIGNER_TEST(a_longer_log_with_another_beginning_is_refused),
        SIGNER_TEST(a_refused_head_does_not_become_the_last_one),
        SIGNER_TEST(a_log_record_that_is_gone_stops_signing),
        SIGNER_TEST(a_file_is_signed_the_same_again_by_the_next_process),
        SIGNER_TEST(only_lists_of_digests_are_clear_signed),
        SIGNER_TEST(a_name_that_is_no_file_is_not_signed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
