/* SPDX-License-Identifier: Apache-2.0
 * run_attest: what a passed run of a release leaves: provenance in the log, and a draft. */
#include <fcntl.h>
#include <string.h>
#include "attest/manifest.h"
#include "attest/object_name.h"
#include "attest/provenance.h"
#include "attest/test_result.h"
#include "base/files.h"
#include "format/glob.h"
#include "service/engine_view.h"
#include "service/run_priv.h"
#include "sys/paths.h"
#include "base/banned.h"

#define PACKAGE_LIST       "/var/lib/dpkg/status" /* what the sandbox's system consists of */
#define LIMIT_PACKAGE_LIST (256u << 20)

/* ---- digests of what built it
 * --------------------------------------------------------------------- */

/* SHA-256 of a file; zero when there is none. */
static Digest
file_digest(const char *path)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    g_autoptr(DigestStream) stream = digest_stream_new();
    g_autofree uint8_t *block = g_malloc(1 << 16);
    ssize_t n = 0;

    if (fd < 0)
        return (Digest){ 0 };
    while ((n = read(fd, block, 1 << 16)) > 0)
        digest_stream_update(stream, span_of(block, (size_t)n));
    return digest_stream_finish(stream);
}

static Digest
engine_digest(void)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *self = paths_self(&local);

    return self != NULL ? file_digest(self) : (Digest){ 0 };
}

/* The engine's settings that a build can feel: its own configuration file, or the empty one. */
static Digest
config_digest(const Engine *engine)
{
    g_autofree char *path = g_strdup_printf("%s/config.yaml", engine->home);
    Digest digest = file_digest(path);

    return digest_is_zero(&digest) ? digest_of(span_of_text("")) : digest;
}

static char *
repository_uri(const char *source)
{
    if (source[0] == '/')
        return g_strdup_printf("git+file://%s", source);
    return g_strdup_printf("git+%s", source);
}

/* ---- provenance
 * ----------------------------------------------------------------------------------- */

static json_t *
cell_object(const PlanJob *plan)
{
    json_t *object = json_object();

    for (size_t i = 0; i < plan->cell->n_values; i++)
        json_object_set_new(object, plan->cell->values[i].name,
                            json_string(plan->cell->values[i].value));
    return object;
}

/* The artifacts of needed jobs, as ResourceDescriptors. */
static json_t *
dependency_array(const ActiveRun *run, const ActiveJob *job)
{
    json_t *array = json_array();

    for (size_t i = 0; i < job->plan->n_needs; i++) {
        const ActiveJob *needed = &run->jobs[job->plan->needs[i]];

        for (guint k = 0; needed->result.artifacts != NULL && k < needed->result.artifacts->len;
             k++) {
            const JobArtifact *artifact = needed->result.artifacts->pdata[k];
            char hex[DIGEST_HEX_SIZE];

            digest_to_hex(&artifact->digest, hex);
            json_array_append_new(
                array, json_pack("{s:o, s:{s:s}}", "name",
                                 json_sprintf("%s/%s", needed->plan->job->name, artifact->path),
                                 "digest", "sha256", hex));
        }
    }
    return array;
}

static bool
find_roster(ActiveRun *run, bool *has_out, Digest *roster_out, GError **error)
{
    g_auto(EngineView) view = { 0 };
    g_autoptr(FactRoster) roster = NULL;

    if (!engine_view_open(run->engine, &view, error) ||
        !fact_view_roster(view.view, run->record.project, &roster, roster_out, error))
        return false;
    *has_out = roster != NULL;
    return true;
}

/* The provenance of one job over all its artifacts. Owned. */
static Statement *
job_provenance(ActiveRun *run, const ActiveJob *job, GError **error)
{
    Executor *executor = engine_get_executor(run->engine, job->executor, error);
    g_autofree char *repository = repository_uri(run->source);
    g_autofree char *invocation =
        g_strdup_printf("run/%s/%" G_GINT64_FORMAT "/job/%s/%u", run->record.project,
                        run->record.number, job->plan->id, job->attempt);
    g_autoptr(json_t) cell = job->plan->job->has_matrix ? cell_object(job->plan) : NULL;
    g_autoptr(json_t) dependencies = dependency_array(run, job);
    g_autoptr(Statement) statement = NULL;
    ProvenanceInput input = {
        .event = run->record.event,
        .ref = run->record.ref,
        .repository = repository,
        .job = job->plan->job->name,
        .inputs = run->inputs,
        .cell = cell,
        .pipeline = run->pipeline->digest,
        .engine = engine_digest(),
        .engine_version = SLIPWAY_VERSION,
        .config = config_digest(run->engine),
        .executor = job->executor,
        .packages = file_digest(PACKAGE_LIST),
        .network = pipeline_network_name(job->plan->job->network),
        .commit = run->record.commit,
        .tree = run->record.tree,
        .dependencies = dependencies,
        .origin = run->engine->origin,
        .invocation_id = invocation,
        .started_us = job->result.started_us,
        .finished_us = job->result.ended_us,
    };

    if (executor == NULL || !find_roster(run, &input.has_roster, &input.roster, error))
        return NULL;
    input.isolation = executor_isolation_name(executor_get_isolation(executor));
    input.has_packages = !digest_is_zero(&input.packages);
    input.has_root_fs = job->plan->job->has_root;
    input.root_fs = job->plan->job->root;
    statement = provenance_build(&input, error);
    if (statement == NULL)
        return NULL;
    for (guint i = 0; i < job->result.artifacts->len; i++) {
        const JobArtifact *artifact = job->result.artifacts->pdata[i];

        statement_add_subject_sha256(statement, artifact->path, &artifact->digest);
    }
    return g_steal_pointer(&statement);
}

static FactDecision *
decide_evidence(FactView *view, const FactCommand *command, void *input, GError **error)
{
    return fact_decide_evidence(view, command, span_of_bytes(input), error);
}

/* The builder key of the job's isolation class. */
static SignerRole
builder_role(const ActiveJob *job)
{
    static const struct {
        const char *executor;
        SignerRole role;
    } roles[] = { { "host", SIGNER_ROLE_BUILDER_HOST },
                  { "vm", SIGNER_ROLE_BUILDER_VM },
                  { "command", SIGNER_ROLE_BUILDER_COMMAND } };

    for (size_t i = 0; i < G_N_ELEMENTS(roles); i++)
        if (strcmp(job->executor, roles[i].executor) == 0)
            return roles[i].role;
    return SIGNER_ROLE_BUILDER_SANDBOX;
}

static bool
log_evidence(ActiveRun *run, SignerRole role, const Statement *statement, Digest *s_out,
             GError **error)
{
    g_autoptr(GBytes) payload = statement_payload(statement, error);
    LaneRequest request = {
        .role = role,
        .decide = decide_evidence,
        .input = payload,
    };
    LaneAnswer answer = { 0 };

    if (payload == NULL || !lane_submit(run->engine->lane, &request, &answer, error))
        return false;
    *s_out = answer.statement;
    return true;
}

static bool
attest_jobs(ActiveRun *run, GArray *statements, GError **error)
{
    for (size_t i = 0; i < run->n_jobs; i++) {
        const ActiveJob *job = &run->jobs[i];
        g_autoptr(Statement) statement = NULL;
        Digest s;

        if (job->state != JOB_PASSED || job->result.artifacts->len == 0)
            continue;
        statement = job_provenance(run, job, error);
        if (statement == NULL || !log_evidence(run, builder_role(job), statement, &s, error)) {
            error_prefix(error, "cannot attest job '%s'", job->plan->id);
            return false;
        }
        g_array_append_val(statements, s);
    }
    return true;
}

/* ---- test results
 * ------------------------------------------------------------------------------------------- */

/* The jobs of a passed run are the tests that its assets passed: each that had to hold for the
 * draft to be made. */
static bool
attest_tests(ActiveRun *run, const GPtrArray *assets, GArray *statements, GError **error)
{
    static const char *const none[] = { NULL };
    g_autoptr(GPtrArray) passed = g_ptr_array_new();
    g_autoptr(Statement) statement = NULL;
    Digest s;

    for (size_t i = 0; i < run->n_jobs; i++) {
        if (run->jobs[i].state == JOB_PASSED)
            g_ptr_array_add(passed, (gpointer)run->jobs[i].plan->id);
    }
    g_ptr_array_add(passed, NULL);
    statement = test_result_build(&(TestResultInput){
        .pipeline_name = "slipway.yaml",
        .pipeline = run->pipeline->digest,
        .passed = (const char *const *)passed->pdata,
        .failed = none,
    });
    for (guint i = 0; i < assets->len; i++) {
        const JobArtifact *artifact = assets->pdata[i];

        statement_add_subject_sha256(statement, artifact->path, &artifact->digest);
    }
    if (!log_evidence(run, SIGNER_ROLE_ENGINE, statement, &s, error)) {
        error_prefix(error, "cannot attest the tests");
        return false;
    }
    g_array_append_val(statements, s);
    return true;
}

/* ---- the draft
 * ------------------------------------------------------------------------------------ */

typedef struct Draft {
    ActiveRun *run;
    GArray *statements; /* of Digest */
    GPtrArray *assets;  /* of JobArtifact, borrowed from the jobs; named by their last part */
    char *required;     /* owned */
    char *targets;      /* owned */
    char *signatures;   /* owned */
    unsigned approvals; /* the file asks for at least so many */
    int64_t now_us;
} Draft;

static const char *
asset_name(const JobArtifact *artifact)
{
    const char *slash = strrchr(artifact->path, '/');

    return slash != NULL ? slash + 1 : artifact->path;
}

static bool
is_asset(const PipelineStream *stream, const JobArtifact *artifact)
{
    for (size_t i = 0; stream->assets[i] != NULL; i++) {
        if (glob_match(stream->assets[i], artifact->path))
            return true;
    }
    return false;
}

static bool
choose_assets(const ActiveRun *run, const PipelineStream *stream, GPtrArray *assets, GError **error)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    for (size_t i = 0; i < run->n_jobs; i++) {
        GPtrArray *artifacts = run->jobs[i].result.artifacts;

        for (guint k = 0; artifacts != NULL && k < artifacts->len; k++) {
            JobArtifact *artifact = artifacts->pdata[k];

            if (!is_asset(stream, artifact))
                continue;
            if (!asset_name_is_valid(asset_name(artifact)) ||
                !g_hash_table_add(names, (char *)asset_name(artifact))) {
                error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                          "cannot make the draft: asset name '%s' is not valid or made twice",
                          asset_name(artifact));
                return false;
            }
            g_ptr_array_add(assets, artifact);
        }
    }
    if (assets->len == 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "cannot make the draft: no artifact matches the assets of stream '%s'",
                  stream->name);
        return false;
    }
    return true;
}

static char *
required_types(const PipelineStream *stream)
{
    static const struct {
        PipelineRequire bit;
        const char *type;
    } rows[] = {
        { PIPELINE_REQUIRE_PROVENANCE, PREDICATE_TYPE_PROVENANCE },
        { PIPELINE_REQUIRE_TEST_RESULT, PREDICATE_TYPE_TEST_RESULT },
        { PIPELINE_REQUIRE_VULNS, PREDICATE_TYPE_VULNS },
        { PIPELINE_REQUIRE_SPDX, PREDICATE_TYPE_SPDX },
        { PIPELINE_REQUIRE_CYCLONEDX, PREDICATE_TYPE_CYCLONEDX },
    };
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if ((stream->require & rows[i].bit) != 0)
            g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", rows[i].type);
    }
    return g_string_free(text, FALSE);
}

/* The words of 'signatures', parted by blanks. Owned. */
static char *
signature_formats(const PipelineStream *stream)
{
    GString *text = g_string_new(NULL);

    for (unsigned bit = PIPELINE_SIGN_OPENPGP; bit <= PIPELINE_SIGN_MINISIGN; bit <<= 1) {
        if ((stream->signatures & bit) != 0)
            g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "",
                                   pipeline_sign_name((PipelineSign)bit));
    }
    return g_string_free(text, FALSE);
}

static bool
write_draft(DbConn *conn, void *input, GError **error)
{
    const Draft *draft = input;
    const RunRecord *record = &draft->run->record;

    for (guint i = 0; i < draft->statements->len; i++) {
        g_autofree char *s = digest_dup_string(&g_array_index(draft->statements, Digest, i));

        if (!db_exec(conn, QUERY_RUN_FACT_INSERT, DB_PARAMS(DB_INT(record->id.v), DB_TEXT(s)),
                     error))
            return false;
    }
    if (!db_exec(conn, QUERY_DRAFT_UPSERT,
                 DB_PARAMS(DB_TEXT(record->release), DB_INT(record->id.v), DB_TEXT(draft->required),
                           DB_TEXT(draft->targets), DB_INT(draft->now_us), DB_INT(draft->approvals),
                           DB_TEXT(draft->signatures)),
                 error) ||
        !db_exec(conn, QUERY_DRAFT_ASSET_CLEAR, DB_PARAMS(DB_TEXT(record->release)), error))
        return false;
    for (guint i = 0; i < draft->assets->len; i++) {
        const JobArtifact *artifact = draft->assets->pdata[i];
        char digest[DIGEST_STRING_SIZE];

        digest_to_string(&artifact->digest, digest);
        if (!db_exec(conn, QUERY_DRAFT_ASSET_INSERT,
                     DB_PARAMS(DB_TEXT(record->release), DB_TEXT(asset_name(artifact)),
                               DB_TEXT(digest), DB_INT((int64_t)artifact->size_bytes)),
                     error))
            return false;
    }
    return true;
}

bool
run_attest(ActiveRun *run, GError **error)
{
    const PipelineStream *stream = pipeline_find_stream(run->pipeline, run->stream);
    g_autoptr(GArray) statements = g_array_new(FALSE, FALSE, sizeof(Digest));
    g_autoptr(GPtrArray) assets = g_ptr_array_new();
    g_autofree char *required = required_types(stream);
    g_autofree char *targets = g_strjoinv(" ", (char **)stream->targets);
    g_autofree char *signatures = signature_formats(stream);
    Draft draft = { .run = run,
                    .statements = statements,
                    .assets = assets,
                    .required = required,
                    .targets = targets,
                    .signatures = signatures,
                    .approvals = stream->approvals,
                    .now_us = clock_now_us(run->engine->clock) };

    return choose_assets(run, stream, assets, error) && attest_jobs(run, statements, error) &&
           ((stream->require & PIPELINE_REQUIRE_TEST_RESULT) == 0 ||
            attest_tests(run, assets, statements, error)) &&
           db_write(run->engine->db, DB_LANE_ACKNOWLEDGED, write_draft, &draft, error);
}
