/* SPDX-License-Identifier: Apache-2.0
 * The fold in the database: equal to the fold in memory, and to itself after a rebuild, over random
 * sequences with refusals, forged entries and every kind of fact. */
#include "testing.h"
#include <fcntl.h>
#include "base/files.h"
#include "log_fixture.h"
#include "service/apply.h"
#include "service/rebuild.h"

#define N_SEQUENCES 2 /* REBUILD_SEQUENCES asks for more */
#define N_STEPS     25
#define DUMP_LIMIT  (64u << 20)

typedef struct {
    TempDir dir;
    Db *db;
    Tlog *tlog;
    Store *store;
    LogFixture *log;
    unsigned n_appended;     /* of the log fixture's entries, in tlog */
    bool seen[FACT_N_KINDS]; /* admitted in some sequence */
    GError *error;
} Fixture;

static const char *const releases[] = { "release:acme/cli@1.0.0", "release:acme/cli@1.1.0",
                                        "release:acme/lib@0.1.0" };

static void
open_parts(Fixture *f)
{
    g_autofree char *db_path = NULL;
    g_autofree char *log_path = NULL;
    g_autofree char *store_path = NULL;

    assert_true(temp_dir_make(&f->dir, "slipway-rebuild", &f->error));
    db_path = g_build_filename(f->dir.path, "slipway.db", NULL);
    log_path = g_build_filename(f->dir.path, "log", NULL);
    store_path = g_build_filename(f->dir.path, "blobs", NULL);
    DbOptions options = { .url = db_path, .flags = DB_FLAG_NO_SYNC };
    f->db = db_open(&options, &f->error);
    assert_no_gerror(f->error);
    f->tlog = tlog_create(log_path, FIXTURE_ORIGIN, &f->error);
    assert_no_gerror(f->error);
    f->store = store_create(store_path, &f->error);
    assert_no_gerror(f->error);
    f->log = log_fixture_new_with_people(1);
    f->n_appended = 0;
}

static void
close_parts(Fixture *f)
{
    g_clear_pointer(&f->db, db_free);
    g_clear_pointer(&f->tlog, tlog_free);
    g_clear_pointer(&f->store, store_free);
    g_clear_pointer(&f->log, log_fixture_free);
    temp_dir_clear(&f->dir);
}

static int
setup(void **state)
{
    *state = g_new0(Fixture, 1);
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    close_parts(f);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static bool
decide_generic(LogFixture *log, FactKind kind, const char *object, json_t *body, bool proofs)
{
    FactCommand command = log_fixture_command(log, object);
    g_autoptr(json_t) pairs =
        proofs ? log_fixture_people_proofs(log, kind, &command, body, 1) : NULL;

    command.proofs = pairs;
    return log_fixture_append(
        log, fact_decide(log_fixture_view(log), kind, &command, body, &log->error), NULL);
}

static bool
withdraw(LogFixture *log, const char *object)
{
    g_autoptr(json_t) body = json_pack("{s:s, s:s, s:s, s:n, s:s, s:n, s:n}", "scope", "release",
                                       "target", object, "effect", "withdrawn", "fromIndex",
                                       "reason", "defective", "detailsDigest", "replacement");

    return decide_generic(log, FACT_REVOCATION, object, body, true);
}

static bool
qualify(LogFixture *log, const char *object)
{
    g_autoptr(json_t) body =
        fact_rejection_body(log_fixture_view(log), object, "qualified", &log->error);

    return decide_generic(log, FACT_QUALIFICATION, object, body, true);
}

static bool
bare(LogFixture *log, FactKind kind, const char *object)
{
    g_autoptr(json_t) body = json_object();

    return decide_generic(log, kind, object, body, false);
}

/* An entry by a stolen engine key: a claim of another log, an old claim anew, or no statement. */
static void
forge(LogFixture *log, GRand *random)
{
    unsigned index = (unsigned)g_rand_int_range(random, 0, (int)log->paes->len);
    g_autoptr(Fact) old =
        fact_parse(index, span_of_bytes(g_ptr_array_index(log->leaves, index)),
                   span_of_bytes(g_ptr_array_index(log->paes, index)), FACT_PARSE_TRUSTED, NULL);

    if (old->payload != NULL && g_rand_boolean(random))
        (void)log_fixture_force(log, span_of_bytes(old->payload),
                                g_rand_boolean(random) ? log->engine : log->host_builder);
    else
        (void)log_fixture_force(log, span_of_text("{}"), log->engine);
}

static bool
is_open(LogFixture *log, const char *object)
{
    g_auto(FactRelease) release = { 0 };

    return fact_view_release(log_fixture_view(log), object, &release, NULL) &&
           release.state == RELEASE_SEALED && release.has_request;
}

static void
random_step(LogFixture *log, GRand *random)
{
    const char *object = releases[g_rand_int_range(random, 0, G_N_ELEMENTS(releases))];
    bool done = false;

    switch (g_rand_int_range(random, 0, 16)) {
    case 0:
        done = log_fixture_claim(log, object);
        break;
    case 1:
        done = log_fixture_provenance(log, object, log->builder);
        break;
    case 2:
    case 3:
        done = log_fixture_seal(log, object);
        break;
    case 4:
    case 5:
        done = log_fixture_request(log, object);
        break;
    case 6:
    case 7:
        done = is_open(log, object) &&
               log_fixture_approve(log, object,
                                   (FixturePerson)g_rand_int_range(random, 0, FIXTURE_N_PEOPLE));
        break;
    case 8:
        done = log_fixture_intent(log, object);
        break;
    case 9:
        done = log_fixture_publication(log, object, "site",
                                       g_rand_boolean(random) ? PUBLICATION_CONFIRMED
                                                              : PUBLICATION_UNKNOWN);
        break;
    case 10:
        done = log_fixture_publication(log, object, NULL, PUBLICATION_FAILED);
        break;
    case 11:
        done = g_rand_int_range(random, 0, 4) == 0 && log_fixture_reject(log, object, 1);
        break;
    case 12:
        done = log_fixture_roster(log, 1, g_rand_boolean(random));
        break;
    case 13:
        done = withdraw(log, object);
        break;
    case 14:
        done = log_fixture_to_intent(log, object, 1);
        break;
    default:
        forge(log, random);
        break;
    }
    (void)done; /* refusals are part of the sequence */
}

/* One of each kind, so that no row of the apply table is left out. */
static void
every_kind(LogFixture *log)
{
    static const char object[] = "release:acme/all@1.0.0";

    assert_true(log_fixture_to_intent(log, object, 1));
    assert_true(log_fixture_publication(log, object, "site", PUBLICATION_CONFIRMED));
    assert_true(bare(log, FACT_PROMOTION, "env:acme/prod"));
    assert_true(bare(log, FACT_CHANNEL, "channel:acme/latest"));
    assert_true(bare(log, FACT_DEPLOYMENT, "env:acme/prod"));
    assert_true(qualify(log, object));
    assert_true(withdraw(log, object));
    assert_true(log_fixture_claim(log, "release:acme/all@2.0.0"));
    assert_true(log_fixture_reject(log, "release:acme/all@2.0.0", 1));
}

/* Brings what the log fixture has beyond tlog into it. */
static void
append_rest(Fixture *f)
{
    for (; f->n_appended < f->log->leaves->len; f->n_appended++) {
        TlogEntry entry = {
            .leaf = span_of_bytes(g_ptr_array_index(f->log->leaves, f->n_appended)),
            .pae = span_of_bytes(g_ptr_array_index(f->log->paes, f->n_appended)),
        };
        bool ok = tlog_append(f->tlog, &entry, 1, NULL, &f->error);
        assert_no_gerror(f->error);
        assert_true(ok);
    }
}

static char *
dump(Fixture *f)
{
    g_autofree char *path = g_build_filename(f->dir.path, "dump", NULL);
    AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    g_autoptr(DbReader) reader = db_reader_acquire(f->db, &f->error);

    assert_no_gerror(f->error);
    bool ok = db_dump_tables(reader, "fact_", fd, &f->error);
    assert_no_gerror(f->error);
    assert_true(ok);
    char *text = file_read_text(AT_FDCWD, path, DUMP_LIMIT, &f->error);
    assert_no_gerror(f->error);
    return text;
}

static bool
same_value(const FactValue *a, const FactValue *b)
{
    return a->kind == b->kind && a->number == b->number && g_strcmp0(a->text, b->text) == 0;
}

/* Every row in memory is that row in the database. */
static void
compare_with_memory(Fixture *f)
{
    g_autoptr(DbReader) reader = db_reader_acquire(f->db, &f->error);
    g_autoptr(ApplyView) view = apply_view_new(reader, FIXTURE_ORIGIN);

    for (int t = 0; t < FACT_N_TABLES; t++) {
        const FactTableSpec *spec = fact_table_spec((FactTable)t);
        g_autoptr(GPtrArray) rows = NULL;
        assert_true(fact_view_scan(log_fixture_view(f->log), (FactTable)t, NULL, &rows, &f->error));
        for (unsigned i = 0; i < rows->len; i++) {
            const FactValue *wanted = fact_row_values(g_ptr_array_index(rows, i));
            g_autoptr(FactRow) row = NULL;
            assert_true(fact_view_find(apply_view(view), (FactTable)t, wanted, &row, &f->error));
            if (row == NULL)
                fail_msg("%s: row %u is not in the database", spec->name, i);
            for (unsigned c = 0; c < spec->n_columns; c++) {
                if (!same_value(&wanted[c], &fact_row_values(row)[c]))
                    fail_msg("%s: row %u differs in column %u", spec->name, i, c);
            }
        }
    }
}

static void
note_kinds(Fixture *f)
{
    g_autoptr(GPtrArray) rows = NULL;

    assert_true(
        fact_view_scan(log_fixture_view(f->log), FACT_TABLE_STATEMENT, NULL, &rows, &f->error));
    for (unsigned i = 0; i < rows->len; i++)
        f->seen[fact_kind_from_name(
            fact_row_text(g_ptr_array_index(rows, i), FACT_STATEMENT_KIND))] = true;
}

static void
one_sequence(Fixture *f, unsigned seed)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    int64_t applied = 0;

    test_case("seed %u\n", seed);
    open_parts(f);
    for (unsigned i = 0; i < N_STEPS; i++) {
        random_step(f->log, random);
        if (g_rand_int_range(random, 0, 8) == 0) { /* as after a start: catch up with the journal */
            append_rest(f);
            assert_true(rebuild_catch_up(f->db, f->tlog, f->store, NULL, &f->error));
        }
    }
    every_kind(f->log);
    append_rest(f);
    bool ok = rebuild_catch_up(f->db, f->tlog, f->store, &applied, &f->error);
    assert_no_gerror(f->error);
    assert_true(ok);
    compare_with_memory(f);
    note_kinds(f);
    g_autofree char *before = dump(f);
    ok = rebuild_facts(f->db, f->tlog, f->store, &f->error);
    assert_no_gerror(f->error);
    assert_true(ok);
    g_autofree char *after = dump(f);
    assert_true(strlen(before) > 1000);
    assert_string_equal(before, after);
    close_parts(f);
}

static void
rebuilt_fold_equals_the_live_one(void **state)
{
    Fixture *f = *state;

    const char *asked = getenv("REBUILD_SEQUENCES");
    unsigned n = asked != NULL ? (unsigned)g_ascii_strtoull(asked, NULL, 10) : N_SEQUENCES;

    for (unsigned seed = 1; seed <= n; seed++)
        one_sequence(f, seed);
    for (int kind = FACT_ROOT; kind <= FACT_EVIDENCE; kind++) {
        if (!f->seen[kind])
            fail_msg("no sequence had an admitted %s", fact_kind_name((FactKind)kind));
    }
}

static void
unknown_type_stops_the_fold_before_it(void **state)
{
    Fixture *f = *state;
    const char *text = "{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicate\":{},"
                       "\"predicateType\":\"urn:slipway:teleport:v9\",\"subject\":[{\"digest\":"
                       "{\"sha256\":\"00000000000000000000000000000000000000000000000000000000000"
                       "00000\"},\"name\":\"x\"}]}";
    int64_t through = 0;

    open_parts(f);
    assert_int_equal(log_fixture_force(f->log, span_of_text(text), f->log->engine), FACT_HALT);
    append_rest(f);
    assert_false(rebuild_catch_up(f->db, f->tlog, f->store, NULL, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNAVAILABLE);
    g_clear_error(&f->error);
    g_autoptr(DbReader) reader = db_reader_acquire(f->db, &f->error);
    assert_true(apply_through(reader, FIXTURE_ORIGIN, &through, &f->error));
    assert_int_equal(through, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rebuilt_fold_equals_the_live_one, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_type_stops_the_fold_before_it, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
