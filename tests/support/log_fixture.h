/* SPDX-License-Identifier: Apache-2.0
 * log_fixture: a log in memory with fresh keys, driven through the real builders and the real fold.
 */
#pragma once
#include "fact/build.h"
#include "fact/fold.h"
#include "proof/signer.h"

#define FIXTURE_ORIGIN  "log.example/test"
#define FIXTURE_PROJECT "acme"
#define FIXTURE_RELEASE "release:acme/cli@1.0.0"
#define FIXTURE_COMMIT  "0123456789abcdef0123456789abcdef01234567"
#define FIXTURE_SOURCE  "git+https://git.example/acme/cli"
#define FIXTURE_START   1700000000000000ll
#define FIXTURE_HOUR    3600000000ll

typedef enum { FIXTURE_ALICE, FIXTURE_BOB, FIXTURE_CAROL, FIXTURE_N_PEOPLE } FixturePerson;

typedef struct LogFixture {
    Signer *root; /* the one root key */
    Signer *engine, *builder, *host_builder, *log, *status;
    Signer *people[FIXTURE_N_PEOPLE];
    FactFold *fold;
    GPtrArray *leaves, *paes; /* of GBytes */
    int64_t clock_us;
    unsigned n_commands;
    FactVerdict *verdict; /* of the newest entry or refusal */
    char command_id[32];
    GError *error;
} LogFixture;

/** A log with nothing in it. */
LogFixture *log_fixture_new(void);
/** A log with root and roster: alice, bob and carol may decide, @threshold at a time. */
LogFixture *log_fixture_new_with_people(unsigned threshold);
void log_fixture_free(LogFixture *fixture);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LogFixture, log_fixture_free)
FactView *log_fixture_view(LogFixture *fixture);
/** A command about @object with a fresh id and the clock moved on; signed by the engine. */
FactCommand log_fixture_command(LogFixture *fixture, const char *object);
/** Signs and appends what was decided (consumed). False when refused (then fixture->verdict says
 * why). */
bool log_fixture_append(LogFixture *fixture, FactDecision *decision, Digest *s_out);
/** Appends @payload signed by @signer whatever the rule says; fixture->verdict is what it came to.
 */
FactOutcome log_fixture_force(LogFixture *fixture, Span payload, Signer *signer);
/** The name of a person: "alice". */
const char *log_fixture_name(FixturePerson person);
/** {decision, proof} signed by @signer. Owned. */
json_t *log_fixture_sign(LogFixture *fixture, const Decision *decision, Signer *signer);
/** [{decision, proof}] by the root key, or by @n people from alice on. Owned. */
json_t *log_fixture_root_proofs(LogFixture *fixture, FactKind kind, FactCommand *command,
                                json_t *body);
json_t *log_fixture_people_proofs(LogFixture *fixture, FactKind kind, FactCommand *command,
                                  json_t *body, unsigned n);
/* Steps; each false when refused. */
bool log_fixture_root(LogFixture *fixture);
bool log_fixture_roster(LogFixture *fixture, unsigned threshold, bool unisolated);
bool log_fixture_claim(LogFixture *fixture, const char *object);
/** Provenance of two assets by @builder ("greeter", "notes.txt" of the object). */
bool log_fixture_provenance(LogFixture *fixture, const char *object, Signer *builder);
bool log_fixture_seal(LogFixture *fixture, const char *object);
bool log_fixture_request(LogFixture *fixture, const char *object);
bool log_fixture_approve(LogFixture *fixture, const char *object, FixturePerson person);
bool log_fixture_intent(LogFixture *fixture, const char *object);
bool log_fixture_publication(LogFixture *fixture, const char *object, const char *target,
                             PublicationOutcome outcome);
bool log_fixture_reject(LogFixture *fixture, const char *object, unsigned n_people);
/** claim … publish-intent with @n approvals. */
bool log_fixture_to_intent(LogFixture *fixture, const char *object, unsigned n);
/** The content of an asset of @object. Owned. */
GBytes *log_fixture_asset(const char *object, const char *name);
/** The provenance payload alone. Owned. */
GBytes *log_fixture_provenance_payload(const char *object, const char *executor,
                                       const char *isolation);
/** State of a release. */
ReleaseState log_fixture_state(LogFixture *fixture, const char *object);
