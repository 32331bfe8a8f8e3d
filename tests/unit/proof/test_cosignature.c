/* SPDX-License-Identifier: Apache-2.0
 * test_cosignature: cosignatures, the policies that count them, and proofs in a file. */
#include "testing.h"
#include "base/encoding.h"
#include "keys/memory_signer.h"
#include "proof/checkpoint.h"
#include "proof/tlog_proof.h"
#include "base/banned.h"

#define ORIGIN     "log.example/main"
#define N_WITNESS  3
#define N_LEAVES   5
#define SOME_TIME  1700000000ll
#define MLDSA_VKEY "w9.example+01020304+BgAA"

typedef struct {
    Signer *log;
    Signer *witness[N_WITNESS];
    char *vkey[N_WITNESS];
    char *log_vkey;
    Digest leaves[N_LEAVES];
    MerkleHead head;
    char *text; /* of the checkpoint */
    GString *note;
    GError *error;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    MerkleFrontier tree;
    g_autoptr(NoteVerifier) verifier = NULL;

    f->log = memory_signer_generate(PUBLIC_KEY_ED25519, NULL);
    verifier = note_verifier_new(ORIGIN, signer_public_key(f->log), NULL);
    f->log_vkey = note_verifier_vkey(verifier);
    merkle_frontier_init(&tree);
    for (unsigned i = 0; i < N_LEAVES; i++) {
        f->leaves[i] = merkle_leaf_hash(span_of(&i, sizeof i));
        merkle_frontier_append(&tree, &f->leaves[i]);
    }
    f->head = (MerkleHead){ .size = N_LEAVES, .root = merkle_frontier_root(&tree) };
    f->text = checkpoint_format(ORIGIN, &f->head, NULL);
    g_autoptr(GBytes) note = note_sign(span_of_text(f->text), ORIGIN, f->log, NULL);
    f->note = g_string_new_len(g_bytes_get_data(note, NULL), (gssize)g_bytes_get_size(note));
    for (unsigned i = 0; i < N_WITNESS; i++) {
        g_autofree char *name = g_strdup_printf("w%u.example", i);
        f->witness[i] = memory_signer_generate(PUBLIC_KEY_ED25519, NULL);
        g_autoptr(Cosigner) cosigner = cosigner_new(name, signer_public_key(f->witness[i]), NULL);
        f->vkey[i] = cosigner_vkey(cosigner);
    }
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    signer_free(f->log);
    for (unsigned i = 0; i < N_WITNESS; i++) {
        signer_free(f->witness[i]);
        g_free(f->vkey[i]);
    }
    g_free(f->log_vkey);
    g_free(f->text);
    g_string_free(f->note, TRUE);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

/* Adds the line of witness @i over @text at @time_s. */
static void
cosign(Fixture *f, unsigned i, const char *text, int64_t time_s)
{
    g_autofree char *name = g_strdup_printf("w%u.example", i);
    g_autofree char *line =
        cosignature_sign(span_of_text(text), name, time_s, f->witness[i], &f->error);

    assert_no_gerror(f->error);
    g_string_append(f->note, line);
}

static bool
verify(Fixture *f, unsigned i, int64_t *time_out)
{
    g_autoptr(Note) note = note_parse(span_of(f->note->str, f->note->len), &f->error);
    g_autoptr(Cosigner) cosigner = cosigner_parse(f->vkey[i], &f->error);

    return note != NULL && cosigner != NULL &&
           cosignature_verify(note, cosigner, time_out, &f->error);
}

static void
a_cosignature_holds_and_says_its_time(void **state)
{
    Fixture *f = *state;
    int64_t time_s = 0;

    cosign(f, 0, f->text, SOME_TIME);
    cosign(f, 0, f->text, SOME_TIME + 60);
    bool ok = verify(f, 0, &time_s);

    assert_no_gerror(f->error);
    assert_true(ok);
    assert_int_equal(time_s, SOME_TIME + 60);
}

static void
a_cosignature_of_other_text_is_untrusted(void **state)
{
    Fixture *f = *state;

    cosign(f, 0, ORIGIN "\n6\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", SOME_TIME);

    assert_false(verify(f, 0, NULL));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
}

static void
a_cosignature_at_another_time_is_untrusted(void **state)
{
    Fixture *f = *state;

    cosign(f, 0, f->text, SOME_TIME);
    /* The last four bytes of the line are base64 of the signature's end; the time is at its front. */
    char *line = strrchr(f->note->str, ' ') + 1;
    g_autofree char *base64 = g_strndup(line, strlen(line) - 1);
    g_autoptr(GBytes) bytes = base64_decode(base64, NULL);
    g_autofree uint8_t *copy = g_memdup2(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    copy[11] ^= 1; /* four bytes of key id, eight of time */
    g_autofree char *changed = base64_encode(span_of(copy, g_bytes_get_size(bytes)));
    memcpy(line, changed, strlen(changed));

    assert_false(verify(f, 0, NULL));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
}

static void
a_missing_cosignature_is_not_found(void **state)
{
    Fixture *f = *state;

    cosign(f, 1, f->text, SOME_TIME);

    assert_false(verify(f, 0, NULL));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

static void
a_log_key_is_no_witness_key(void **state)
{
    Fixture *f = *state;
    Cosigner *cosigner = cosigner_parse(f->log_vkey, &f->error);

    assert_null(cosigner);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

/* ---- policies ---- */

/* @format: has {0}, {1}, {2} for the witnesses' keys and {L} for the log's. Owned. */
static char *
policy_text(Fixture *f, const char *format)
{
    g_autoptr(GString) text = g_string_new(format);

    g_string_replace(text, "{0}", f->vkey[0], 0);
    g_string_replace(text, "{1}", f->vkey[1], 0);
    g_string_replace(text, "{2}", f->vkey[2], 0);
    g_string_replace(text, "{L}", f->log_vkey, 0);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

#define THREE "witness a {0}\nwitness b {1}\nwitness c {2}\n"

static void
policies_count_as_they_say(void **state)
{
    Fixture *f = *state;
    static const struct {
        const char *label, *format;
        unsigned cosigned; /* bits */
        int code;          /* 0: holds */
    } cases[] = {
        { "none", "quorum none\n", 0, 0 },
        { "one there", "witness a {0}\nquorum a\n", 1, 0 },
        { "one missing", "witness a {0}\nquorum a\n", 2, BASE_ERROR_DENIED },
        { "2 of 3", THREE "group g 2 a b c\nquorum g\n", 5, 0 },
        { "1 for 2 of 3", THREE "group g 2 a b c\nquorum g\n", 4, BASE_ERROR_DENIED },
        { "any", THREE "group g any a b c\nquorum g\n", 2, 0 },
        { "all", THREE "group g all a b c\nquorum g\n", 7, 0 },
        { "not all", THREE "group g all a b c\nquorum g\n", 3, BASE_ERROR_DENIED },
        { "nested", THREE "group g any a b\ngroup h all g c\nquorum h\n", 6, 0 },
        { "nested, one side", THREE "group g any a b\ngroup h all g c\nquorum h\n", 3,
          BASE_ERROR_DENIED },
        { "the log is listed", "log {L}\nwitness a {0} https://w.example\nquorum a\n", 1, 0 },
        { "another log",
          "log other.example/log+9ed1af9f+AVhmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZm\nquorum "
          "none\n",
          0, BASE_ERROR_UNTRUSTED },
        { "a kind we cannot check", "witness a " MLDSA_VKEY "\nquorum a\n", 0,
          BASE_ERROR_UNAVAILABLE },
        { "it is not needed",
          "witness a {0}\nwitness x " MLDSA_VKEY "\ngroup g any a x\nquorum g\n", 1, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = policy_text(f, cases[i].format);
        g_autoptr(GString) bare = g_string_new_len(f->note->str, (gssize)f->note->len);
        size_t n = 0;

        test_case("%s", cases[i].label);
        for (unsigned w = 0; w < N_WITNESS; w++) {
            if ((cases[i].cosigned >> w) & 1)
                cosign(f, w, f->text, SOME_TIME);
        }
        g_autoptr(Note) note = note_parse(span_of(f->note->str, f->note->len), &f->error);
        g_autoptr(TlogPolicy) policy = tlog_policy_parse(span_of_text(text), &f->error);
        assert_no_gerror(f->error);
        bool ok = tlog_policy_check(policy, note, &n, &f->error);
        if (cases[i].code == 0)
            assert_no_gerror(f->error);
        else
            assert_gerror(f->error, BASE_ERROR, cases[i].code);
        assert_int_equal(ok, cases[i].code == 0);
        g_clear_error(&f->error);
        g_string_assign(f->note, bare->str);
    }
}

static void
a_bad_cosignature_of_a_known_witness_is_untrusted(void **state)
{
    Fixture *f = *state;
    g_autofree char *text = policy_text(f, THREE "group g any a b c\nquorum g\n");

    cosign(f, 0, f->text, SOME_TIME);
    cosign(f, 1, ORIGIN "\n6\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", SOME_TIME);
    g_autoptr(Note) note = note_parse(span_of(f->note->str, f->note->len), NULL);
    g_autoptr(TlogPolicy) policy = tlog_policy_parse(span_of_text(text), NULL);

    assert_false(tlog_policy_check(policy, note, NULL, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
}

static void
malformed_policies_are_refused(void **state)
{
    Fixture *f = *state;
    static const char *const cases[] = {
        "",
        "witness a {0}\n",
        "quorum none\nquorum none\n",
        "quorum a\nwitness a {0}\n",
        "witness a {0}\nwitness b {0}\nquorum none\n",
        "witness a {0}\nwitness a {1}\nquorum none\n",
        "witness none {0}\nquorum none\n",
        "witness a {L}\nquorum none\n",
        "log {0}\nquorum none\n",
        "log {L}\nlog {L}\nquorum none\n",
        "witness a {0}\ngroup g 2 a\nquorum g\n",
        "witness a {0}\ngroup g 0 a\nquorum g\n",
        "witness a {0}\ngroup g any\nquorum g\n",
        "witness a {0}\ngroup g any a a\nquorum g\n",
        "witness a {0}\ngroup g any a\ngroup h any a\nquorum h\n",
        "witness a {0}\ngroup g any g\nquorum g\n",
        "witness a {0}\ngroup g any none\nquorum g\n",
        "witness a {0} url more\nquorum none\n",
        "quorum none more\n",
        "other\nquorum none\n",
        "quorum none\r\n",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = policy_text(f, cases[i]);
        TlogPolicy *policy = tlog_policy_parse(span_of_text(text), &f->error);

        test_case("%zu", i);
        assert_null(policy);
        if (error_kind(f->error) != ERROR_KIND_UNAVAILABLE)
            assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
        g_clear_error(&f->error);
    }
}

static void
blanks_and_comments_are_passed_over(void **state)
{
    Fixture *f = *state;
    g_autofree char *text = policy_text(
        f, "# ours\n\n \twitness\t a   {0}\thttps://w.example/x \n  # more\n quorum  a");
    g_autoptr(TlogPolicy) policy = tlog_policy_parse(span_of_text(text), &f->error);

    assert_no_gerror(f->error);
    assert_int_equal(tlog_policy_n_witnesses(policy), 1);
    assert_string_equal(tlog_policy_witness(policy, 0)->url, "https://w.example/x");
    assert_true(tlog_policy_has_quorum(policy));
}

/* ---- proofs in a file ---- */

static char *
proof_text(Fixture *f, Span extra)
{
    Digest path[3];
    MerkleProof proof = { .hashes = path, .n_hashes = 1 };

    /* Of the last of five: its sibling is the tree of the first four. */
    MerkleFrontier four;
    merkle_frontier_init(&four);
    for (unsigned i = 0; i < 4; i++)
        merkle_frontier_append(&four, &f->leaves[i]);
    path[0] = merkle_frontier_root(&four);
    return tlog_proof_format(extra, 4, proof, span_of(f->note->str, f->note->len));
}

static void
a_proof_file_holds(void **state)
{
    Fixture *f = *state;
    g_autofree char *text = policy_text(f, "log {L}\nwitness a {0}\nquorum a\n");
    g_autoptr(TlogPolicy) policy = tlog_policy_parse(span_of_text(text), &f->error);

    cosign(f, 0, f->text, SOME_TIME);
    g_autofree char *written = proof_text(f, span_of_text("extra"));
    g_autoptr(TlogProofFile) file = tlog_proof_parse(span_of_text(written), &f->error);
    assert_no_gerror(f->error);
    g_autofree char *again = tlog_proof_format(span_of_bytes(file->extra), file->index,
                                               (MerkleProof){ file->hashes, file->n_hashes },
                                               span_of_bytes(file->checkpoint));
    assert_string_equal(again, written);
    bool ok = tlog_proof_verify(file, &f->leaves[4], policy, &f->error);
    assert_no_gerror(f->error);
    assert_true(ok);
    assert_false(tlog_proof_verify(file, &f->leaves[3], policy, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
}

static void
a_proof_without_the_quorum_is_denied(void **state)
{
    Fixture *f = *state;
    g_autofree char *text = policy_text(f, "log {L}\nwitness a {0}\nquorum a\n");
    g_autoptr(TlogPolicy) policy = tlog_policy_parse(span_of_text(text), NULL);
    g_autofree char *written = proof_text(f, span_of(NULL, 0));
    g_autoptr(TlogProofFile) file = tlog_proof_parse(span_of_text(written), NULL);

    assert_false(tlog_proof_verify(file, &f->leaves[4], policy, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_DENIED);
}

static void
malformed_proof_files_are_refused(void **state)
{
    Fixture *f = *state;
    static const char *const cases[] = {
        "",
        "c2sp.org/tlog-proof@v2\nindex 0\n\nx\n",
        "c2sp.org/tlog-proof@v1\n\nx\n",
        "c2sp.org/tlog-proof@v1\nindex 01\n\nx\n",
        "c2sp.org/tlog-proof@v1\nindex -1\n\nx\n",
        "c2sp.org/tlog-proof@v1\nindex \v1\n\nx\n",
        "c2sp.org/tlog-proof@v1\nindex 9223372036854775808\n\nx\n",
        "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nx\n",
        "c2sp.org/tlog-proof@v1\nextra !\nindex 0\n\nx\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        TlogProofFile *file = tlog_proof_parse(span_of_text(cases[i]), &f->error);

        test_case("%zu", i);
        assert_null(file);
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
        g_clear_error(&f->error);
    }
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_cosignature_holds_and_says_its_time),
        CASE(a_cosignature_of_other_text_is_untrusted),
        CASE(a_cosignature_at_another_time_is_untrusted),
        CASE(a_missing_cosignature_is_not_found),
        CASE(a_log_key_is_no_witness_key),
        CASE(policies_count_as_they_say),
        CASE(a_bad_cosignature_of_a_known_witness_is_untrusted),
        CASE(malformed_policies_are_refused),
        CASE(blanks_and_comments_are_passed_over),
        CASE(a_proof_file_holds),
        CASE(a_proof_without_the_quorum_is_denied),
        CASE(malformed_proof_files_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
