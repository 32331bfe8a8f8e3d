/* SPDX-License-Identifier: Apache-2.0
 * engine_fixture: the service, driven as its clients drive it. */
#include "engine_fixture.h"
#include <sys/stat.h>
#include "attest/decision.h"
#include "attest/provenance.h"
#include "base/json.h"
#include "keys/memory_signer.h"
#include "service/authority.h"
#include "service/engine_view.h"
#include "service/publication.h"

#define DAY_US (24ll * 3600 * 1000000)

static void
must(bool ok, const GError *error, const char *what)
{
    if (!ok)
        g_error("engine_fixture: %s: %s", what, error != NULL ? error->message : "refused");
}

static int64_t
moved_clock(void *context)
{
    const EngineFixture *fixture = context;

    return clock_now_us(&clock_system) + fixture->clock_offset_us;
}

static Signer *
new_person(void)
{
    g_autoptr(GError) error = NULL;
    Signer *signer = memory_signer_generate(PUBLIC_KEY_ED25519, &error);

    must(signer != NULL, error, "key");
    return signer;
}

static json_t *
public_half(const char *name, Signer *signer)
{
    return fact_person_key_json(name, PROOF_NATIVE, public_key_spki(signer_public_key(signer)));
}

/* {decision, proof}. Owned. */
static json_t *
sign_decision(const json_t *decision, Signer *signer)
{
    g_autoptr(GError) error = NULL;
    size_t len = 0;
    g_autofree char *bytes = json_canonical(decision, &len, &error);
    g_autoptr(GBytes) message = decision_pae(span_of(bytes, len));
    g_autoptr(DecisionProof) proof = g_new0(DecisionProof, 1);
    json_t *pair = NULL;

    proof->scheme = PROOF_NATIVE;
    proof->key_id = digest_of(public_key_spki(signer_public_key(signer)));
    must(signer_sign(signer, span_of_bytes(message), &proof->data, &error), error, "signature");
    pair = decision_pair_to_json(span_of(bytes, len), proof, &error);
    must(pair != NULL, error, "pair");
    return pair;
}

json_t *
engine_fixture_proofs(const json_t *proposal, const char *name, Signer *signer)
{
    json_t *proofs = json_array();

    json_array_append_new(
        proofs,
        sign_decision(json_object_get(json_object_get(proposal, "decisions"), name), signer));
    return proofs;
}

static void
apply(EngineFixture *fixture, json_t *proposal)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) proofs = engine_fixture_proofs(proposal, "root-1", fixture->root);
    g_autoptr(json_t) result = NULL;

    must(authority_apply(fixture->engine, proposal, proofs, NULL, &result, &error), error, "apply");
    json_decref(proposal);
}

static void
set_up_people(EngineFixture *fixture, unsigned threshold)
{
    static const char *const signers[] = { "root-1", NULL };
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) root_keys = json_array();
    g_autoptr(json_t) people = json_array();
    g_autoptr(json_t) body = NULL;
    json_t *proposal = NULL;

    json_array_append_new(root_keys, public_half("root-1", fixture->root));
    must(authority_propose_root(fixture->engine, root_keys, 1, &proposal, &error), error, "root");
    apply(fixture, proposal);
    for (guint i = 0; i < fixture->people->len; i++) {
        g_autofree char *name = g_strdup_printf("person-%u", i);
        g_autoptr(json_t) keys = json_array();

        json_array_append_new(keys, public_half(NULL, fixture->people->pdata[i]));
        json_array_append_new(people, fact_roster_person_json(name, keys, NULL));
    }
    body = fact_roster_simple_body(FIXTURE_PROJECT, people, threshold, false);
    must(authority_propose_roster(fixture->engine, FIXTURE_PROJECT, body, signers, &proposal,
                                  &error),
         error, "roster");
    apply(fixture, proposal);
}

bool
engine_fixture_reopen(EngineFixture *fixture)
{
    EngineOptions options = { .home = fixture->home, .command = "test", .clock = &fixture->clock };

    engine_fixture_close(fixture);
    fixture->engine = engine_open(&options, &fixture->error);
    return fixture->engine != NULL;
}

void
engine_fixture_close(EngineFixture *fixture)
{
    g_clear_error(&fixture->error);
    g_clear_pointer(&fixture->engine, engine_free);
}

EngineFixture *
engine_fixture_new(unsigned n_people, unsigned threshold)
{
    EngineFixture *fixture = g_new0(EngineFixture, 1);
    EngineCreateOptions create = { .origin = FIXTURE_ORIGIN };
    bool resumed = false;
    TargetRow target = { .name = (char *)"site", .type = (char *)"directory" };

    must(temp_dir_make(&fixture->dir, "slipway-engine", &fixture->error), fixture->error, "dir");
    fixture->home = g_strdup_printf("%s/home", fixture->dir.path);
    fixture->site = g_strdup_printf("%s/site", fixture->dir.path);
    fixture->clock = (Clock){ .now_us = moved_clock, .context = fixture };
    fixture->root = new_person();
    fixture->people = g_ptr_array_new_with_free_func((GDestroyNotify)signer_free);
    for (unsigned i = 0; i < n_people; i++)
        g_ptr_array_add(fixture->people, new_person());
    create.home = fixture->home;
    must(engine_create(&create, &resumed, &fixture->error) && engine_fixture_reopen(fixture),
         fixture->error, "engine");
    set_up_people(fixture, threshold);
    must(engine_create_done(fixture->home, &fixture->error), fixture->error, "done");
    must(mkdir(fixture->site, 0755) == 0, NULL, "site");
    target.location = fixture->site;
    must(target_row_set(fixture->engine, FIXTURE_PROJECT, &target, &fixture->error), fixture->error,
         "target");
    return fixture;
}

void
engine_fixture_free(EngineFixture *fixture)
{
    if (fixture == NULL)
        return;
    engine_fixture_close(fixture);
    g_clear_pointer(&fixture->people, g_ptr_array_unref);
    g_clear_pointer(&fixture->root, signer_free);
    temp_dir_clear(&fixture->dir);
    g_free(fixture->home);
    g_free(fixture->site);
    g_free(fixture);
}

/* ---- steps
 * ------------------------------------------------------------------------------------------ */

bool
engine_fixture_claim(EngineFixture *fixture, const char *object)
{
    g_clear_error(&fixture->error);
    return release_claim(fixture->engine, object, FIXTURE_COMMIT, FIXTURE_COMMIT, &fixture->error);
}

static FactDecision *
decide_evidence(FactView *view, const FactCommand *command, void *input, GError **error)
{
    return fact_decide_evidence(view, command, span_of_bytes(input), error);
}

static FactDecision *
decide_seal(FactView *view, const FactCommand *command, void *input, GError **error)
{
    return fact_decide_seal(view, command, input, error);
}

static Manifest *
manifest_of(const char *object)
{
    static const char *const names[] = { "greeter", "notes.txt" };
    Manifest *manifest = manifest_new();

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GBytes) content = log_fixture_asset(object, names[i]);
        Digest digest = digest_of(span_of_bytes(content));

        manifest_add_asset(manifest, names[i], (int64_t)g_bytes_get_size(content), &digest);
    }
    manifest_add_evidence(manifest, PREDICATE_TYPE_PROVENANCE, NULL);
    manifest_add_derived(manifest, "SHA256SUMS", DERIVED_SHA256SUMS, NULL);
    return manifest;
}

bool
engine_fixture_seal(EngineFixture *fixture, const char *object)
{
    g_autoptr(GBytes) payload = log_fixture_provenance_payload(object, "sandbox", "isolated");
    g_autoptr(Manifest) manifest = manifest_of(object);
    LaneRequest evidence = { .role = SIGNER_ROLE_BUILDER_SANDBOX,
                             .decide = decide_evidence,
                             .input = payload };
    LaneRequest seal = {
        .role = SIGNER_ROLE_ENGINE, .object = object, .decide = decide_seal, .input = manifest
    };
    LaneAnswer answer = { 0 };

    return engine_fixture_claim(fixture, object) &&
           lane_submit(fixture->engine->lane, &evidence, &answer, &fixture->error) &&
           lane_submit(fixture->engine->lane, &seal, &answer, &fixture->error);
}

bool
engine_fixture_request(EngineFixture *fixture, const char *object)
{
    static const char *const targets[] = { "site", NULL };
    ReleaseCommand command = { 0 };
    g_autoptr(json_t) result = NULL;

    g_clear_error(&fixture->error);
    return release_request(fixture->engine, object, targets, DAY_US, &command, &result,
                           &fixture->error);
}

bool
engine_fixture_approve(EngineFixture *fixture, const char *object, unsigned person,
                       GError **error_out)
{
    g_autofree char *name = g_strdup_printf("person-%u", person);
    g_autoptr(json_t) asked = NULL;
    g_autoptr(json_t) pair = NULL;
    g_autoptr(json_t) result = NULL;

    if (!release_decision_request(fixture->engine, object, name, DAY_US, &asked, error_out))
        return false;
    pair = sign_decision(json_object_get(asked, "decision"), fixture->people->pdata[person]);
    return release_approve(fixture->engine, object, pair, NULL, &result, error_out);
}

/* ---- looking
 * ---------------------------------------------------------------------------------------- */

uint64_t
engine_fixture_size(EngineFixture *fixture)
{
    return tlog_get_size(fixture->engine->tlog);
}

unsigned
engine_fixture_n_void(EngineFixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_auto(EngineView) view = { 0 };
    g_autoptr(GPtrArray) rows = NULL;

    must(engine_view_open(fixture->engine, &view, &error) &&
             fact_view_scan(view.view, FACT_TABLE_VOID, NULL, &rows, &error),
         error, "void entries");
    return rows->len;
}

Digest
engine_fixture_head(EngineFixture *fixture, const char *object)
{
    g_autoptr(GError) error = NULL;
    g_auto(EngineView) view = { 0 };
    bool found = false;
    Digest head = { 0 };

    must(engine_view_open(fixture->engine, &view, &error) &&
             fact_view_head(view.view, object, &found, &head, &error) && found,
         error, "head");
    return head;
}

uint64_t
engine_fixture_n_checkpoints(EngineFixture *fixture)
{
    g_autoptr(GError) error = NULL;
    SignerLogState state = { 0 };

    must(signer_load_log_state(fixture->engine->signer, &state, &error), error, "log state");
    return state.number;
}
