/* SPDX-License-Identifier: Apache-2.0
 * lane_world: see the header. What fails here ends the program: it is no test's subject. */
#include "lane_world.h"
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "attest/decision.h"
#include "attest/dsse.h"
#include "attest/leaf.h"
#include "fact/gate.h"
#include "keys/key_file.h"
#include "keys/memory_signer.h"
#include "log_fixture.h"
#include "service/authority.h"

#define DUMP_LIMIT (256u << 20)
#define HOUR_US    3600000000ll

static void
must(const GError *error, const char *what)
{
    if (error != NULL)
        g_printerr("lane world: %s: %s\n", what, error->message);
    g_assert(error == NULL);
}

static void
person_name(unsigned person, char out[8])
{
    g_snprintf(out, 8, "p%02u", person);
}

/* {decision, proof} of a decision as JSON or as a struct. */
static json_t *
sign_bytes(GBytes *bytes, Signer *signer)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) pae = decision_pae(span_of_bytes(bytes));
    DecisionProof proof = { .scheme = PROOF_NATIVE };
    bool ok = signer_sign(signer, span_of_bytes(pae), &proof.data, &error);

    must(error, "sign a decision");
    g_assert(ok);
    proof.key_id = digest_of(public_key_spki(signer_public_key(signer)));
    json_t *pair = decision_pair_to_json(span_of_bytes(bytes), &proof, &error);
    must(error, "pair");
    g_bytes_unref(proof.data);
    return pair;
}

static json_t *
sign_decision(const Decision *decision, Signer *signer)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = decision_build(decision, &error);

    must(error, "decision");
    return sign_bytes(bytes, signer);
}

/* Signs a proposal with the root key and logs it. */
static void
apply_proposal(LaneWorld *world, json_t *proposal)
{
    g_autoptr(json_t) proofs = json_array();
    g_autoptr(json_t) result = NULL;
    json_t *decision = json_object_get(json_object_get(proposal, "decisions"), "root-1");
    gsize len = 0;
    char *text = json_canonical(decision, &len, &world->error);

    must(world->error, "proposal");
    g_autoptr(GBytes) bytes = g_bytes_new_take(text, len);
    json_array_append_new(proofs, sign_bytes(bytes, world->root));
    bool ok = authority_apply(world->engine, proposal, proofs, NULL, &result, &world->error);
    must(world->error, "apply a proposal");
    g_assert(ok);
}

static void
make_root(LaneWorld *world)
{
    g_autoptr(json_t) keys = json_array();
    g_autoptr(json_t) proposal = NULL;

    json_array_append_new(keys,
                          fact_person_key_json("root-1", PROOF_NATIVE,
                                               public_key_spki(signer_public_key(world->root))));
    bool ok = authority_propose_root(world->engine, keys, 1, &proposal, &world->error);
    must(world->error, "propose root");
    g_assert(ok);
    apply_proposal(world, proposal);
}

static void
make_roster(LaneWorld *world, unsigned threshold)
{
    static const char *const signers[] = { "root-1", NULL };
    g_autoptr(json_t) people = json_array();
    g_autoptr(json_t) proposal = NULL;

    for (unsigned i = 0; i < WORLD_N_PEOPLE; i++) {
        char name[8];
        g_autoptr(json_t) keys = json_array();
        person_name(i, name);
        json_array_append_new(
            keys, fact_person_key_json(NULL, PROOF_NATIVE,
                                       public_key_spki(signer_public_key(world->people[i]))));
        json_array_append_new(people, fact_roster_person_json(name, keys, NULL));
    }
    g_autoptr(json_t) body = fact_roster_simple_body(WORLD_PROJECT, people, threshold, false);
    bool ok = authority_propose_roster(world->engine, WORLD_PROJECT, body, signers, &proposal,
                                       &world->error);
    must(world->error, "propose roster");
    g_assert(ok);
    apply_proposal(world, proposal);
}

LaneWorld *
lane_world_new(unsigned threshold)
{
    LaneWorld *world = g_new0(LaneWorld, 1);
    bool ok = temp_dir_make(&world->dir, "slipway-lane", &world->error);

    must(world->error, "temporary folder");
    world->home = g_build_filename(world->dir.path, "home", NULL);
    world->root = memory_signer_generate(PUBLIC_KEY_ED25519, &world->error);
    for (unsigned i = 0; i < WORLD_N_PEOPLE; i++)
        world->people[i] = memory_signer_generate(PUBLIC_KEY_ED25519, &world->error);
    bool resumed = false;
    EngineCreateOptions create = { .home = world->home, .origin = WORLD_ORIGIN };
    ok = ok && engine_create(&create, &resumed, &world->error);
    must(world->error, "create");
    ok = ok && lane_world_open(world);
    g_assert(ok);
    make_root(world);
    ok = engine_create_done(world->home, &world->error);
    must(world->error, "create");
    g_assert(ok);
    make_roster(world, threshold);
    lane_world_close(world);
    return world;
}

bool
lane_world_open(LaneWorld *world)
{
    EngineOptions options = { .home = world->home, .command = "test" };

    world->engine = engine_open(&options, &world->error);
    must(world->error, "open");
    return world->engine != NULL;
}

void
lane_world_close(LaneWorld *world)
{
    g_clear_pointer(&world->engine, engine_free);
}

void
lane_world_free(LaneWorld *world)
{
    lane_world_close(world);
    signer_free(world->root);
    for (unsigned i = 0; i < WORLD_N_PEOPLE; i++)
        signer_free(world->people[i]);
    temp_dir_clear(&world->dir);
    g_free(world->home);
    g_clear_error(&world->error);
    g_free(world);
}

void
lane_world_copy(LaneWorld *world, const char *from)
{
    int status = 0;
    bool ok = dir_remove_all(AT_FDCWD, world->home, &world->error);

    must(world->error, "remove");
    g_assert(ok);
    pid_t pid = fork();
    g_assert(pid >= 0);
    if (pid == 0) {
        execl("/bin/cp", "cp", "-a", "--", from, world->home, (char *)NULL);
        _exit(127);
    }
    g_assert(waitpid(pid, &status, 0) == pid && status == 0);
}

/* ---- steps: decided on the lane's thread, the only one that uses people's keys ---- */

typedef struct Job {
    LaneWorld *world;
    const Step *step;
} Job;

static FactDecision *
decide_claim(FactView *view, const FactCommand *command, void *input, GError **error)
{
    (void)input;
    return fact_decide_claim(view, command, NULL, FIXTURE_COMMIT, NULL, error);
}

static FactDecision *
decide_provenance(FactView *view, const FactCommand *command, void *input, GError **error)
{
    const Job *job = input;
    g_autoptr(GBytes) payload =
        log_fixture_provenance_payload(job->step->object, "sandbox", "isolated");

    return fact_decide_evidence(view, command, span_of_bytes(payload), error);
}

static FactDecision *
decide_seal(FactView *view, const FactCommand *command, void *input, GError **error)
{
    const Job *job = input;
    g_autoptr(Manifest) manifest = manifest_new();
    g_autoptr(GBytes) asset = log_fixture_asset(job->step->object, "greeter");
    Digest digest = digest_of(span_of_bytes(asset));

    manifest_add_asset(manifest, "greeter", (int64_t)g_bytes_get_size(asset), &digest);
    manifest_add_evidence(manifest, PREDICATE_TYPE_PROVENANCE, NULL);
    return fact_decide_seal(view, command, manifest, error);
}

static FactDecision *
decide_request(FactView *view, const FactCommand *command, void *input, GError **error)
{
    static const char *const targets[] = { "site", NULL };

    (void)input;
    return fact_decide_request(view, command, targets, NULL, command->clock_us + HOUR_US, error);
}

static FactDecision *
decide_approve(FactView *view, const FactCommand *command, void *input, GError **error)
{
    const Job *job = input;
    char name[8];

    person_name(job->step->person, name);
    g_autoptr(Decision) decision =
        fact_decision_template(view, job->step->object, name, command->clock_us, error);
    if (decision == NULL)
        return NULL;
    g_autoptr(json_t) pair = sign_decision(decision, job->world->people[job->step->person]);
    return fact_decide_approval(view, command, pair, error);
}

static FactDecision *
decide_intent(FactView *view, const FactCommand *command, void *input, GError **error)
{
    (void)input;
    return fact_decide_publish_intent(view, command, error);
}

static FactDecision *
decide_confirm(FactView *view, const FactCommand *command, void *input, GError **error)
{
    (void)input;
    return fact_decide_publication(view, command, "site", PUBLICATION_CONFIRMED, NULL, error);
}

static FactDecision *
decide_fail(FactView *view, const FactCommand *command, void *input, GError **error)
{
    (void)input;
    return fact_decide_publication(view, command, NULL, PUBLICATION_FAILED, NULL, error);
}

static FactDecision *
decide_reject(FactView *view, const FactCommand *command, void *input, GError **error)
{
    const Job *job = input;
    FactCommand with_proofs = *command;
    g_autoptr(json_t) proofs = json_array();
    g_autoptr(json_t) body = fact_rejection_body(view, job->step->object, "defective", error);

    if (body == NULL)
        return NULL;
    for (unsigned i = 0; i < job->step->n_people; i++) {
        char name[8];
        person_name(i, name);
        g_autoptr(Decision) decision =
            fact_proof_template(view, FACT_REJECTION, command, body, name, error);
        if (decision == NULL)
            return NULL;
        json_array_append_new(proofs, sign_decision(decision, job->world->people[i]));
    }
    with_proofs.proofs = proofs;
    return fact_decide(view, FACT_REJECTION, &with_proofs, body, error);
}

static FactDecision *
decide_retag(FactView *view, const FactCommand *command, void *input, GError **error)
{
    (void)input;
    return fact_decide_rejection(view, command, "retag", error);
}

static const LaneDecide decides[STEP_N] = {
    [STEP_CLAIM] = decide_claim,     [STEP_PROVENANCE] = decide_provenance,
    [STEP_SEAL] = decide_seal,       [STEP_REQUEST] = decide_request,
    [STEP_APPROVE] = decide_approve, [STEP_INTENT] = decide_intent,
    [STEP_CONFIRM] = decide_confirm, [STEP_FAIL_SELF_VERIFICATION] = decide_fail,
    [STEP_REJECT] = decide_reject,   [STEP_RETAG] = decide_retag,
};

bool
lane_world_step(LaneWorld *world, const Step *step, LaneAnswer *answer_out, GError **error)
{
    bool is_evidence = step->kind == STEP_PROVENANCE;
    Job job = { .world = world, .step = step };
    LaneAnswer answer = { 0 };
    LaneRequest request = { .role = is_evidence ? SIGNER_ROLE_BUILDER_SANDBOX : SIGNER_ROLE_ENGINE,
                            .object = is_evidence ? NULL : step->object,
                            .expect = step->expect,
                            .decide = decides[step->kind],
                            .input = &job };

    if (!lane_submit(world->engine->lane, &request, &answer, error))
        return false;
    if (answer_out != NULL)
        *answer_out = answer;
    return true;
}

/* ---- a stolen key ---- */

static GBytes *
leaf_of(Signer *signer, GBytes *pae)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) signature = NULL;
    Digest s = fact_name(span_of_bytes(pae));
    bool ok = signer_sign(signer, span_of_bytes(pae), &signature, &error);

    must(error, "forge");
    g_assert(ok);
    return leaf_build(&s, span_of_bytes(signature), public_key_spki(signer_public_key(signer)));
}

void
lane_world_forge(LaneWorld *world, GRand *random, unsigned n)
{
    g_autofree char *key_path = g_build_filename(world->home, "keys", "engine.pem", NULL);
    g_autofree char *log_path = g_build_filename(world->home, "logs", "main", NULL);
    g_autoptr(Signer) thief = key_file_load(AT_FDCWD, key_path, &world->error);
    g_autoptr(Tlog) tlog =
        thief == NULL ? NULL : tlog_open(log_path, WORLD_ORIGIN, NULL, 0, &world->error);

    must(world->error, "open the log");
    for (unsigned i = 0; i < n; i++) {
        g_autofree char *text = g_strdup_printf("{\"forged\":%u}", g_rand_int(random));
        g_autoptr(GBytes) pae = dsse_pae(DSSE_TYPE_INTOTO, span_of_text(text));
        g_autoptr(GBytes) leaf = leaf_of(thief, pae);
        TlogEntry entry = { .leaf = span_of_bytes(leaf), .pae = span_of_bytes(pae) };
        bool ok = tlog_append(tlog, &entry, 1, NULL, &world->error);
        must(world->error, "append");
        g_assert(ok);
    }
}

/* ---- looking ---- */

char *
lane_world_dump(LaneWorld *world, const char *prefix)
{
    g_autofree char *path = g_build_filename(world->dir.path, "dump", NULL);
    AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    g_autoptr(DbReader) reader = db_reader_acquire(world->engine->db, &world->error);

    must(world->error, "reader");
    bool ok = db_dump_tables(reader, prefix, fd, &world->error);
    must(world->error, "dump");
    g_assert(ok);
    char *text = file_read_text(AT_FDCWD, path, DUMP_LIMIT, &world->error);
    must(world->error, "read dump");
    return text;
}

GPtrArray *
lane_world_rows(LaneWorld *world, FactTable table)
{
    g_auto(EngineView) view = { 0 };
    GPtrArray *rows = NULL;
    bool ok = engine_view_open(world->engine, &view, &world->error) &&
              fact_view_scan(view.view, table, NULL, &rows, &world->error);

    must(world->error, "rows");
    g_assert(ok);
    return rows;
}
