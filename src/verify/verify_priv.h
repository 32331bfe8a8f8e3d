/* SPDX-License-Identifier: Apache-2.0
 * verify_priv: one verification in progress. For the files of src/verify only. */
#pragma once
#include "attest/facts_line.h"
#include "attest/manifest.h"
#include "attest/status.h"
#include "fact/fold.h"
#include "proof/checkpoint.h"
#include "verify/verify.h"

#define VERIFY_FOLDER     ".slipway/"
#define VERIFY_FACTS      ".slipway/facts.jsonl"
#define VERIFY_CHECKPOINT ".slipway/checkpoint"
#define VERIFY_STATUS     ".slipway/status.json"

typedef struct Verification {
    VerifySource *source;              /* borrowed */
    const VerifyOptions *options;      /* borrowed */
    VerifyReport *report;              /* owned */
    GBytes *note;                      /* the checkpoint as shipped; owned */
    GBytes *envelope;                  /* status.json as shipped; owned */
    GPtrArray *lines;                  /* of FactsLine; owned */
    GPtrArray *facts;                  /* of Fact, same order; owned */
    GHashTable *by_s;                  /* S text to Fact; borrowed values */
    FactFold *fold;                    /* of the shipped facts that hold; owned */
    FactRoot *root;                    /* the newest shipped; owned */
    Checkpoint *checkpoint;            /* owned; NULL when it does not hold */
    Status *status;                    /* owned; NULL when it does not hold */
    const Fact *claim, *seal, *intent; /* borrowed; NULL when absent or void */
    Manifest *manifest;                /* of the seal; owned */
    bool has_gap;                      /* something referred to is not shipped */
} Verification;

VerifyReport *verify_report_new(void);
/** Adds a check; subject and text are made printable. */
void verify_report_add(VerifyReport *report, VerifyResult result, const char *name,
                       const char *subject, const char *format, ...) PRINTF_LIKE(5, 6);
bool verify_report_has(const VerifyReport *report, VerifyResult result);

/* The steps, in order. False only for I/O errors. */
/** Reads .slipway and parses facts, each with its signature. */
bool verify_load(Verification *v, GError **error) MUST_CHECK;
/** The root the trust file pins, what is referred to, admission of each fact, the chain. */
bool verify_facts(Verification *v, GError **error) MUST_CHECK;
/** Checkpoint, inclusion, status, revocation, freshness. */
bool verify_log(Verification *v, GError **error) MUST_CHECK;
/** The trust file's rules: source, builders, approvers. */
bool verify_policy(Verification *v, GError **error) MUST_CHECK;
/** Every file: asset, derived, or too many or missing. */
bool verify_files(Verification *v, GError **error) MUST_CHECK;
