/* SPDX-License-Identifier: Apache-2.0
 * test_statement: in-toto statements made and read, published ones among them. */
#include "attest_fixture.h"
#include "../proof/vectors.h"
#include "attest/dsse.h"
#include "attest/statement.h"
#include "base/banned.h"

static Statement *
parse(Fixture *f, const char *quoted)
{
    char *text = keep_text(f, g_strdelimit(g_strdup(quoted), "'", '"'));

    return keep(f, statement_parse(span_of_text(text), &f->error), (GDestroyNotify)statement_free);
}

static void
payload_is_canonical_and_reads_back(void **state)
{
    Fixture *f = *state;
    Statement *statement = keep(f, statement_new("https://example.com/t", json_object()),
                                (GDestroyNotify)statement_free);
    Digest digest = digest_of(span_of_text("x"));

    statement_add_subject_sha256(statement, "x.txt", &digest);
    GBytes *payload = keep_bytes(f, statement_payload(statement, &f->error));
    assert_no_gerror(f->error);
    assert_true(statement_is_canonical(span_of_bytes(payload)));

    Statement *read =
        keep(f, statement_parse(span_of_bytes(payload), &f->error), (GDestroyNotify)statement_free);
    assert_no_gerror(f->error);
    assert_string_equal(statement_find_sha256(read, &digest)->name, "x.txt");
}

static void
subjects_are_found_among_many(void **state)
{
    Fixture *f = *state;
    Statement *statement =
        keep(f, statement_new("t", json_object()), (GDestroyNotify)statement_free);

    for (uint8_t i = 0; i < 100; i++) {
        char name[4] = { (char)('0' + i / 10), (char)('0' + i % 10), '\0' };
        Digest digest = digest_of(span_of(&i, 1));
        assert_null(statement_find_sha256(statement, &digest));
        statement_add_subject_sha256(statement, name, &digest);
        statement_add_subject_sha256(statement, "again", &digest);
    }
    for (uint8_t i = 0; i < 100; i++) {
        Digest digest = digest_of(span_of(&i, 1));
        const StatementSubject *found = statement_find_sha256(statement, &digest);
        assert_non_null(found);
        assert_int_equal(found->name[1], '0' + i % 10);
    }
}

static void
statement_without_subject_is_not_written(void **state)
{
    Fixture *f = *state;
    Statement *statement =
        keep(f, statement_new("t", json_object()), (GDestroyNotify)statement_free);

    assert_null(statement_payload(statement, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
fact_is_named_by_its_pae(void **state)
{
    Fixture *f = *state;
    Statement *statement =
        keep(f, statement_new("t", json_object()), (GDestroyNotify)statement_free);
    Digest name, wanted;

    statement_add_subject(statement, "source", "gitCommit", "00");
    GBytes *pae = keep_bytes(f, statement_pae(statement, &name, &f->error));
    assert_no_gerror(f->error);
    wanted = digest_of(span_of_bytes(pae));
    assert_memory_equal(&name, &wanted, sizeof name);
}

#define HEAD "{'_type':'https://in-toto.io/Statement/v1','predicateType':'t','predicate':{},"

static void
malformed_statement_is_refused(void **state)
{
    static const char *const cases[] = {
        "[]",
        HEAD "'subject':[]}",
        HEAD "'subject':[{'name':'x'}]}",
        HEAD "'subject':[{'name':'x','digest':{}}]}",
        HEAD "'subject':[{'name':1,'digest':{'sha256':'00'}}]}",
        HEAD "'subject':[{'name':'x','digest':{'sha256':1}}]}",
        "{'_type':'https://in-toto.io/Statement/v0.1','predicateType':'t','predicate':{},"
        "'subject':[{'digest':{'sha256':'00'}}]}",
        "{'_type':'https://in-toto.io/Statement/v1','predicateType':'','predicate':{},"
        "'subject':[{'digest':{'sha256':'00'}}]}",
        "{'_type':'https://in-toto.io/Statement/v1','predicateType':'t','predicate':[],"
        "'subject':[{'digest':{'sha256':'00'}}]}",
        "{'_type':'https://in-toto.io/Statement/v1','predicateType':'urn:slipway:seal:v1',"
        "'predicate':{},'subject':[{'digest':{'sha256':'00'}}],'extra':1}",
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("%s", cases[i]);
        g_clear_error(&f->error);
        assert_null(parse(f, cases[i]));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

static void
unknown_members_of_foreign_statements_are_passed_over(void **state)
{
    Fixture *f = *state;

    assert_non_null(parse(f, HEAD "'extra':1,'subject':[{'digest':{'sha256':'00'},'x':1}]}"));
}

static void
published_provenance_envelopes_are_read(void **state)
{
    Vectors *v = *state;

    vectors_open(v, "intoto-slsa");
    vectors_list(v, ".", ".intoto.jsonl");
    for (guint i = 0; i < v->paths->len; i++) {
        const json_t *object = vectors_read_json(v, v->paths->pdata[i]);
        const json_t *inner = json_object_get(object, "dsseEnvelope"); /* some are bundles */
        g_autoptr(DsseEnvelope) envelope =
            dsse_from_json(inner != NULL ? inner : object, &v->error);
        bool ok = envelope != NULL && strcmp(envelope->payload_type, DSSE_TYPE_INTOTO) == 0 &&
                  envelope->signatures->len >= 1;
        if (v->error != NULL)
            print_message("# %s\n", v->error->message);
        g_clear_error(&v->error);
        vectors_case(v, v->paths->pdata[i], ok);
    }
    vectors_done(v, 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(payload_is_canonical_and_reads_back),
        TEST(subjects_are_found_among_many),
        TEST(statement_without_subject_is_not_written),
        TEST(fact_is_named_by_its_pae),
        TEST(malformed_statement_is_refused),
        TEST(unknown_members_of_foreign_statements_are_passed_over),
        cmocka_unit_test_setup_teardown(published_provenance_envelopes_are_read, vectors_setup,
                                        vectors_teardown),
    };

    return cmocka_run_group_tests_name("statement", tests, NULL, NULL);
}
