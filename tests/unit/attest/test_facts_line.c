/* SPDX-License-Identifier: Apache-2.0
 * test_facts_line: lines of .slipway/facts.jsonl. */
#include "attest_fixture.h"
#include "attest/facts_line.h"
#include "base/banned.h"

static char *
line_at(Fixture *f, int64_t index)
{
    static const Digest hashes[2] = { { { 1 } }, { { 2 } } };
    MerkleProof proof = { .hashes = hashes, .n_hashes = 2 };

    return keep_text(f, facts_line_build(index, span_of_text("leaf"), span_of_text("pae"), proof));
}

static GPtrArray *
parse_file(Fixture *f, const char *text)
{
    return keep(f, facts_file_parse(span_of_text(text), &f->error),
                (GDestroyNotify)g_ptr_array_unref);
}

static void
line_reads_back(void **state)
{
    Fixture *f = *state;
    FactsLine *line = keep(f, facts_line_parse(span_of_text(line_at(f, 5)), &f->error),
                           (GDestroyNotify)facts_line_free);

    assert_no_gerror(f->error);
    assert_int_equal(line->index, 5);
    assert_int_equal(line->n_hashes, 2);
    assert_int_equal(line->hashes[1].bytes[0], 2);
    assert_memory_equal(span_of_bytes(line->leaf).data, "leaf", 4);
}

static void
lines_of_rising_index_are_a_file(void **state)
{
    Fixture *f = *state;
    GPtrArray *lines = parse_file(f, keep_text(f, g_strconcat(line_at(f, 0), line_at(f, 3), NULL)));

    assert_no_gerror(f->error);
    assert_int_equal(lines->len, 2);
}

static void
broken_files_are_refused(void **state)
{
    Fixture *f = *state;
    const char *const cases[] = {
        keep_text(f, g_strconcat(line_at(f, 3), line_at(f, 3), NULL)),
        keep_text(f, g_strndup(line_at(f, 3), strlen(line_at(f, 3)) - 1)),
        keep_text(f, g_strconcat(line_at(f, 3), "\n", NULL)),
        keep_text(f, g_strconcat(" ", line_at(f, 3), NULL)),
        "{\"index\":1,\"leaf\":\"!\",\"pae\":\"\",\"proof\":[]}\n",
        "{\"index\":1,\"leaf\":\"\",\"pae\":\"\",\"proof\":[\"AA==\"]}\n",
        "{\"index\":-1,\"leaf\":\"\",\"pae\":\"\",\"proof\":[]}\n",
        "{\"index\":1,\"leaf\":\"\",\"more\":1,\"pae\":\"\",\"proof\":[]}\n",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("case %zu", i);
        g_clear_error(&f->error);
        assert_null(parse_file(f, cases[i]));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(line_reads_back),
        TEST(lines_of_rising_index_are_a_file),
        TEST(broken_files_are_refused),
    };

    return cmocka_run_group_tests_name("facts_line", tests, NULL, NULL);
}
