/* SPDX-License-Identifier: Apache-2.0
 * log_fixture: see the header. Failures to set up end the program: they are no test's subject. */
#include "log_fixture.h"
#include "attest/dsse.h"
#include "attest/leaf.h"
#include "attest/provenance.h"
#include "keys/memory_signer.h"

static const char *const names[] = { "alice", "bob", "carol" };
static const char *const targets[] = { "site", NULL };
static const char *const asset_names[] = { "greeter", "notes.txt" };

static void
must(const GError *error, const char *what)
{
    if (error != NULL)
        g_printerr("fixture: %s: %s\n", what, error->message);
    g_assert(error == NULL);
}

static Signer *
new_key(PublicKeyKind kind)
{
    g_autoptr(GError) error = NULL;
    Signer *signer = memory_signer_generate(kind, &error);

    must(error, "key");
    return signer;
}

static Span
spki_of(Signer *signer)
{
    return public_key_spki(signer_public_key(signer));
}

LogFixture *
log_fixture_new(void)
{
    LogFixture *fixture = g_new0(LogFixture, 1);

    fixture->root = new_key(PUBLIC_KEY_ED25519);
    fixture->engine = new_key(PUBLIC_KEY_P256);
    fixture->builder = new_key(PUBLIC_KEY_P256);
    fixture->host_builder = new_key(PUBLIC_KEY_P256);
    fixture->log = new_key(PUBLIC_KEY_ED25519);
    fixture->status = new_key(PUBLIC_KEY_P256);
    for (size_t i = 0; i < FIXTURE_N_PEOPLE; i++)
        fixture->people[i] = new_key(PUBLIC_KEY_ED25519);
    fixture->fold = fact_fold_new();
    fixture->leaves = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    fixture->paes = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    fixture->clock_us = FIXTURE_START;
    return fixture;
}

LogFixture *
log_fixture_new_with_people(unsigned threshold)
{
    LogFixture *fixture = log_fixture_new();

    if (!log_fixture_root(fixture) || !log_fixture_roster(fixture, threshold, false)) {
        g_printerr("fixture: %s\n", fixture->verdict != NULL ? fixture->verdict->text : "?");
        g_assert_not_reached();
    }
    return fixture;
}

void
log_fixture_free(LogFixture *fixture)
{
    if (fixture == NULL)
        return;
    signer_free(fixture->root);
    signer_free(fixture->engine);
    signer_free(fixture->builder);
    signer_free(fixture->host_builder);
    signer_free(fixture->log);
    signer_free(fixture->status);
    for (size_t i = 0; i < FIXTURE_N_PEOPLE; i++)
        signer_free(fixture->people[i]);
    fact_fold_free(fixture->fold);
    g_ptr_array_unref(fixture->leaves);
    g_ptr_array_unref(fixture->paes);
    fact_verdict_free(fixture->verdict);
    g_clear_error(&fixture->error);
    g_free(fixture);
}

FactView *
log_fixture_view(LogFixture *fixture)
{
    return fact_fold_view(fixture->fold);
}

const char *
log_fixture_name(FixturePerson person)
{
    return names[person];
}

FactCommand
log_fixture_command(LogFixture *fixture, const char *object)
{
    fixture->clock_us += 1000;
    g_snprintf(fixture->command_id, sizeof fixture->command_id, "01HF7Y0000000000%010u",
               fixture->n_commands++);
    return (FactCommand){ .log = FIXTURE_ORIGIN,
                          .object = object,
                          .command = fixture->command_id,
                          .actor = "engine",
                          .clock_us = fixture->clock_us,
                          .spki = spki_of(fixture->engine) };
}

FactOutcome
log_fixture_force(LogFixture *fixture, Span payload, Signer *signer)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) pae = dsse_pae(DSSE_TYPE_INTOTO, payload);
    g_autoptr(GBytes) signature = NULL;
    Digest s = fact_name(span_of_bytes(pae));

    bool ok = signer_sign(signer, span_of_bytes(pae), &signature, &error);
    must(error, "sign");
    g_assert(ok);
    g_autoptr(GBytes) leaf = leaf_build(&s, span_of_bytes(signature), spki_of(signer));
    g_autoptr(Fact) fact = fact_parse((int64_t)fixture->leaves->len, span_of_bytes(leaf),
                                      span_of_bytes(pae), FACT_PARSE_CHECKED, &error);
    must(error, "parse");
    g_clear_pointer(&fixture->verdict, fact_verdict_free);
    ok = fact_fold_apply(fixture->fold, fact, &fixture->verdict, &error);
    must(error, "apply");
    g_assert(ok);
    g_ptr_array_add(fixture->leaves, g_steal_pointer(&leaf));
    g_ptr_array_add(fixture->paes, g_steal_pointer(&pae));
    return fixture->verdict->outcome;
}

bool
log_fixture_append(LogFixture *fixture, FactDecision *decision, Digest *s_out)
{
    g_autoptr(FactDecision) owned = decision;

    must(fixture->error, "decide");
    g_assert(owned != NULL);
    g_clear_pointer(&fixture->verdict, fact_verdict_free);
    if (owned->fact == NULL) {
        fixture->verdict = g_steal_pointer(&owned->refusal);
        return false;
    }
    if (s_out != NULL)
        *s_out = owned->fact->s;
    Signer *signers[] = { fixture->engine, fixture->builder, fixture->host_builder };
    for (size_t i = 0; i < G_N_ELEMENTS(signers); i++) {
        Digest keyid = public_key_keyid(signer_public_key(signers[i]));
        if (digest_equal(&keyid, &owned->fact->keyid))
            return log_fixture_force(fixture, span_of_bytes(owned->fact->payload), signers[i]) ==
                   FACT_ADMITTED;
    }
    g_assert_not_reached();
}

json_t *
log_fixture_sign(LogFixture *fixture, const Decision *decision, Signer *signer)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = decision_build(decision, &error);

    (void)fixture;
    must(error, "decision");
    g_autoptr(GBytes) pae = decision_pae(span_of_bytes(bytes));
    DecisionProof proof = { .scheme = PROOF_NATIVE };
    bool ok = signer_sign(signer, span_of_bytes(pae), &proof.data, &error);
    must(error, "sign decision");
    g_assert(ok);
    proof.key_id = digest_of(spki_of(signer));
    json_t *pair = decision_pair_to_json(span_of_bytes(bytes), &proof, &error);
    must(error, "pair");
    g_bytes_unref(proof.data);
    return pair;
}

static json_t *
one_proof(LogFixture *fixture, FactKind kind, FactCommand *command, json_t *body, const char *name,
          Signer *signer)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Decision) decision =
        fact_proof_template(log_fixture_view(fixture), kind, command, body, name, &error);

    must(error, "proof");
    return log_fixture_sign(fixture, decision, signer);
}

json_t *
log_fixture_root_proofs(LogFixture *fixture, FactKind kind, FactCommand *command, json_t *body)
{
    json_t *proofs = json_array();

    json_array_append_new(proofs, one_proof(fixture, kind, command, body, "root-1", fixture->root));
    return proofs;
}

json_t *
log_fixture_people_proofs(LogFixture *fixture, FactKind kind, FactCommand *command, json_t *body,
                          unsigned n)
{
    json_t *proofs = json_array();

    for (unsigned i = 0; i < n; i++)
        json_array_append_new(
            proofs, one_proof(fixture, kind, command, body, names[i], fixture->people[i]));
    return proofs;
}

bool
log_fixture_root(LogFixture *fixture)
{
    FactCommand command = log_fixture_command(fixture, "root:" FIXTURE_ORIGIN);
    g_autoptr(json_t) keys = json_array();
    g_autoptr(json_t) root_keys = json_array();

    json_array_append_new(root_keys,
                          fact_person_key_json("root-1", PROOF_NATIVE, spki_of(fixture->root)));
    json_array_append_new(keys,
                          fact_root_key_json(KEY_ROLE_ENGINE, spki_of(fixture->engine), NULL));
    json_array_append_new(keys, fact_root_key_json(KEY_ROLE_BUILDER, spki_of(fixture->builder),
                                                   FIXTURE_ORIGIN "/builder/sandbox/isolated"));
    json_array_append_new(keys, fact_root_key_json(KEY_ROLE_BUILDER, spki_of(fixture->host_builder),
                                                   FIXTURE_ORIGIN "/builder/host/none"));
    json_array_append_new(keys, fact_root_key_json(KEY_ROLE_LOG, spki_of(fixture->log), NULL));
    json_array_append_new(keys,
                          fact_root_key_json(KEY_ROLE_STATUS, spki_of(fixture->status), NULL));
    g_autoptr(json_t) body = fact_root_body(FIXTURE_ORIGIN, root_keys, 1, keys);
    g_autoptr(json_t) proofs = log_fixture_root_proofs(fixture, FACT_ROOT, &command, body);
    command.proofs = proofs;
    return log_fixture_append(
        fixture, fact_decide(log_fixture_view(fixture), FACT_ROOT, &command, body, &fixture->error),
        NULL);
}

bool
log_fixture_roster(LogFixture *fixture, unsigned threshold, bool unisolated)
{
    FactCommand command = log_fixture_command(fixture, "roster:" FIXTURE_PROJECT);
    g_autoptr(json_t) people = json_array();

    for (size_t i = 0; i < FIXTURE_N_PEOPLE; i++) {
        g_autoptr(json_t) keys = json_array();
        json_array_append_new(
            keys, fact_person_key_json(NULL, PROOF_NATIVE, spki_of(fixture->people[i])));
        json_array_append_new(people, fact_roster_person_json(names[i], keys, NULL));
    }
    g_autoptr(json_t) body =
        fact_roster_simple_body(FIXTURE_PROJECT, people, threshold, unisolated);
    g_autoptr(json_t) proofs = log_fixture_root_proofs(fixture, FACT_ROSTER, &command, body);
    command.proofs = proofs;
    return log_fixture_append(
        fixture,
        fact_decide(log_fixture_view(fixture), FACT_ROSTER, &command, body, &fixture->error), NULL);
}

bool
log_fixture_claim(LogFixture *fixture, const char *object)
{
    static const char *const initiators[] = { "carol", NULL };
    FactCommand command = log_fixture_command(fixture, object);

    return log_fixture_append(fixture,
                              fact_decide_claim(log_fixture_view(fixture), &command, FIXTURE_COMMIT,
                                                FIXTURE_COMMIT, initiators, &fixture->error),
                              NULL);
}

GBytes *
log_fixture_asset(const char *object, const char *name)
{
    char *text = g_strdup_printf("content of %s of %s\n", name, object);

    return g_bytes_new_take(text, strlen(text));
}

GBytes *
log_fixture_provenance_payload(const char *object, const char *executor, const char *isolation)
{
    g_autoptr(GError) error = NULL;
    ProvenanceInput input = { .event = "tag",
                              .ref = "refs/tags/v1.0.0",
                              .repository = FIXTURE_SOURCE,
                              .job = "build",
                              .engine_version = "0.1.0",
                              .executor = executor,
                              .isolation = isolation,
                              .network = "none",
                              .commit = FIXTURE_COMMIT,
                              .tree = FIXTURE_COMMIT,
                              .origin = FIXTURE_ORIGIN,
                              .invocation_id = "run/1/job/build/1",
                              .started_us = FIXTURE_START,
                              .finished_us = FIXTURE_START + 1 };
    g_autoptr(Statement) statement = provenance_build(&input, &error);

    must(error, "provenance");
    for (size_t i = 0; i < G_N_ELEMENTS(asset_names); i++) {
        g_autoptr(GBytes) asset = log_fixture_asset(object, asset_names[i]);
        Digest digest = digest_of(span_of_bytes(asset));
        statement_add_subject_sha256(statement, asset_names[i], &digest);
    }
    GBytes *payload = statement_payload(statement, &error);
    must(error, "provenance payload");
    return payload;
}

bool
log_fixture_provenance(LogFixture *fixture, const char *object, Signer *builder)
{
    bool isolated = builder == fixture->builder;
    g_autoptr(GBytes) payload = log_fixture_provenance_payload(
        object, isolated ? "sandbox" : "host", isolated ? "isolated" : "none");
    FactCommand command = log_fixture_command(fixture, object);

    command.spki = spki_of(builder);
    return log_fixture_append(fixture,
                              fact_decide_evidence(log_fixture_view(fixture), &command,
                                                   span_of_bytes(payload), &fixture->error),
                              NULL);
}

bool
log_fixture_seal(LogFixture *fixture, const char *object)
{
    FactCommand command = log_fixture_command(fixture, object);
    g_autoptr(Manifest) manifest = manifest_new();

    for (size_t i = 0; i < G_N_ELEMENTS(asset_names); i++) {
        g_autoptr(GBytes) asset = log_fixture_asset(object, asset_names[i]);
        Digest digest = digest_of(span_of_bytes(asset));
        manifest_add_asset(manifest, asset_names[i], (int64_t)g_bytes_get_size(asset), &digest);
    }
    manifest_add_evidence(manifest, PREDICATE_TYPE_PROVENANCE, NULL);
    manifest_add_derived(manifest, "SHA256SUMS", DERIVED_SHA256SUMS, NULL);
    manifest_add_derived(manifest, "index.json", DERIVED_INDEX, NULL);
    manifest_add_derived(manifest, "greeter.sigstore.json", DERIVED_SIGSTORE_BUNDLE, "greeter");
    manifest_add_derived(manifest, "greeter.intoto.jsonl", DERIVED_INTOTO_JSONL, "greeter");
    return log_fixture_append(
        fixture, fact_decide_seal(log_fixture_view(fixture), &command, manifest, &fixture->error),
        NULL);
}

bool
log_fixture_request(LogFixture *fixture, const char *object)
{
    static const char *const initiators[] = { "carol", NULL };
    FactCommand command = log_fixture_command(fixture, object);

    return log_fixture_append(fixture,
                              fact_decide_request(log_fixture_view(fixture), &command, targets,
                                                  initiators, fixture->clock_us + FIXTURE_HOUR,
                                                  &fixture->error),
                              NULL);
}

bool
log_fixture_approve(LogFixture *fixture, const char *object, FixturePerson person)
{
    FactCommand command = log_fixture_command(fixture, object);
    g_autoptr(Decision) decision = fact_decision_template(
        log_fixture_view(fixture), object, names[person], fixture->clock_us, &fixture->error);

    must(fixture->error, "template");
    g_autoptr(json_t) pair = log_fixture_sign(fixture, decision, fixture->people[person]);
    return log_fixture_append(
        fixture, fact_decide_approval(log_fixture_view(fixture), &command, pair, &fixture->error),
        NULL);
}

bool
log_fixture_intent(LogFixture *fixture, const char *object)
{
    FactCommand command = log_fixture_command(fixture, object);

    return log_fixture_append(
        fixture, fact_decide_publish_intent(log_fixture_view(fixture), &command, &fixture->error),
        NULL);
}

bool
log_fixture_publication(LogFixture *fixture, const char *object, const char *target,
                        PublicationOutcome outcome)
{
    FactCommand command = log_fixture_command(fixture, object);

    return log_fixture_append(fixture,
                              fact_decide_publication(log_fixture_view(fixture), &command, target,
                                                      outcome, NULL, &fixture->error),
                              NULL);
}

bool
log_fixture_reject(LogFixture *fixture, const char *object, unsigned n_people)
{
    FactCommand command = log_fixture_command(fixture, object);
    g_autoptr(json_t) body =
        fact_rejection_body(log_fixture_view(fixture), object, "defective", &fixture->error);

    must(fixture->error, "rejection");
    g_autoptr(json_t) proofs =
        log_fixture_people_proofs(fixture, FACT_REJECTION, &command, body, n_people);
    command.proofs = proofs;
    return log_fixture_append(
        fixture,
        fact_decide(log_fixture_view(fixture), FACT_REJECTION, &command, body, &fixture->error),
        NULL);
}

bool
log_fixture_to_intent(LogFixture *fixture, const char *object, unsigned n)
{
    bool ok = log_fixture_claim(fixture, object) &&
              log_fixture_provenance(fixture, object, fixture->builder) &&
              log_fixture_seal(fixture, object) && log_fixture_request(fixture, object);

    for (unsigned i = 0; ok && i < n; i++)
        ok = log_fixture_approve(fixture, object, (FixturePerson)i);
    return ok && log_fixture_intent(fixture, object);
}

ReleaseState
log_fixture_state(LogFixture *fixture, const char *object)
{
    g_autoptr(GError) error = NULL;
    g_auto(FactRelease) release = { 0 };
    bool ok = fact_view_release(log_fixture_view(fixture), object, &release, &error);

    must(error, "release");
    g_assert(ok);
    return release.state;
}
