/* SPDX-License-Identifier: Apache-2.0
 * engine_fixture: a real data folder with its signer, a root, a roster of people whose keys are in
 * memory here, and steps of a release through the service. Project, release and assets are those of
 * log_fixture. */
#pragma once
#include "base/files.h"
#include "log_fixture.h"
#include "service/engine_priv.h"
#include "service/release.h"

typedef struct EngineFixture {
    TempDir dir;
    char *home;        /* owned: below dir */
    char *site;        /* owned: the folder of target "site" */
    Engine *engine;    /* owned; NULL while closed */
    Signer *root;      /* owned */
    GPtrArray *people; /* owned, of Signer: person-0, person-1, … */
    Clock clock;       /* the machine's, moved by clock_offset_us */
    int64_t clock_offset_us;
    GError *error; /* owned: of the last step that failed */
} EngineFixture;

/** A folder with root, roster (@threshold of @n_people) and target. Aborts if it cannot be made. */
EngineFixture *engine_fixture_new(unsigned n_people, unsigned threshold);
void engine_fixture_free(EngineFixture *fixture);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EngineFixture, engine_fixture_free)
/** Closes and opens again. False with fixture->error when the engine refuses. */
bool engine_fixture_reopen(EngineFixture *fixture);
void engine_fixture_close(EngineFixture *fixture);
/* Steps; each false with fixture->error when refused. */
bool engine_fixture_claim(EngineFixture *fixture, const char *object);
bool engine_fixture_seal(EngineFixture *fixture, const char *object); /* claim, provenance, seal */
bool engine_fixture_request(EngineFixture *fixture, const char *object);
/** @error_out: of its own, so that threads may call it. */
bool engine_fixture_approve(EngineFixture *fixture, const char *object, unsigned person,
                            GError **error_out);
/** The proofs of @proposal by @signer, whose name in it is @name. Owned. */
json_t *engine_fixture_proofs(const json_t *proposal, const char *name, Signer *signer);
/** Entries of the log, and those of them that are void. */
uint64_t engine_fixture_size(EngineFixture *fixture);
unsigned engine_fixture_n_void(EngineFixture *fixture);
/** The head of @object. */
Digest engine_fixture_head(EngineFixture *fixture, const char *object);
/** Checkpoints that the log's signer has signed: one for each batch. */
uint64_t engine_fixture_n_checkpoints(EngineFixture *fixture);
