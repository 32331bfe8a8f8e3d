/* SPDX-License-Identifier: Apache-2.0
 * lane_world: a real data folder with signer processes, a root and a roster of many people, and the
 * commands on releases as the lane takes them. */
#pragma once
#include "base/files.h"
#include "fact/build.h"
#include "proof/signer.h"
#include "service/engine_view.h"

#define WORLD_ORIGIN   "log.example/test"
#define WORLD_PROJECT  "acme"
#define WORLD_N_PEOPLE 50

typedef struct LaneWorld {
    TempDir dir;
    char *home;     /* below dir */
    Engine *engine; /* NULL while closed */
    Signer *root;
    Signer *people[WORLD_N_PEOPLE]; /* "p00" … */
    GError *error;
} LaneWorld;

/** A folder with root and a roster in which @threshold people decide; left closed. */
LaneWorld *lane_world_new(unsigned threshold);
void lane_world_free(LaneWorld *world);
bool lane_world_open(LaneWorld *world);
void lane_world_close(LaneWorld *world);
/** Makes the folder a copy of @from (both closed). */
void lane_world_copy(LaneWorld *world, const char *from);

typedef enum {
    STEP_CLAIM,
    STEP_PROVENANCE,
    STEP_SEAL,
    STEP_REQUEST,
    STEP_APPROVE,
    STEP_INTENT,
    STEP_CONFIRM,
    STEP_FAIL_SELF_VERIFICATION,
    STEP_REJECT, /* with proofs of people from 0 on */
    STEP_RETAG,
    STEP_N
} StepKind;

typedef struct Step {
    StepKind kind;
    const char *object;
    unsigned person;      /* APPROVE */
    unsigned n_people;    /* REJECT */
    const Digest *expect; /* or NULL */
} Step;

/** Sends one step through the lane. @answer_out: optional. */
bool lane_world_step(LaneWorld *world, const Step *step, LaneAnswer *answer_out, GError **error);
/** Appends to the closed folder's journal what the thief of the engine key would: @n entries. */
void lane_world_forge(LaneWorld *world, GRand *random, unsigned n);
/** Tables with that prefix as text. Owned. */
char *lane_world_dump(LaneWorld *world, const char *prefix);
/** Rows of a table of the fold. Owned. */
GPtrArray *lane_world_rows(LaneWorld *world, FactTable table);
