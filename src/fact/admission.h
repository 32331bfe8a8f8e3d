/* SPDX-License-Identifier: Apache-2.0
 * admission: whether a fact counts at the end of a log (facts.md section 3). Pure; version 1 is
 * frozen. */
#pragma once
#include "fact/view.h"

typedef enum {
    FACT_OUTCOME_NONE,
    FACT_ADMITTED,
    FACT_DUPLICATE, /* evidence or transition already admitted: ignored */
    FACT_VOID,      /* signed by a key of ours, counts for nothing: alarm */
    FACT_HALT,      /* written by a newer program: stop folding here */
} FactOutcome;

typedef enum { /* the rule that was not met; also the reason of a refusal */
               FACT_RULE_NONE,
               FACT_RULE_FORMAT, /* not a statement as facts.md wants it */
               FACT_RULE_TYPE,   /* unknown type or version of ours */
               FACT_RULE_LOG,    /* names another log */
               FACT_RULE_FIRST,  /* entry 0 is a root, and nothing else is */
               FACT_RULE_ROLE,   /* the signing key may not say this here */
               FACT_RULE_OBJECT, /* wrong kind of object, or its name is taken in other spelling */
               FACT_RULE_PREVIOUS,  /* not the head of the object: somebody was faster */
               FACT_RULE_COMMAND,   /* the command has been answered before */
               FACT_RULE_TIME,      /* at does not rise */
               FACT_RULE_ROSTER,    /* names another roster than the one in force */
               FACT_RULE_REFERENCE, /* refers to what is not admitted below it, or is something else
                                     */
               FACT_RULE_STATE,     /* the release is not in a state for this */
               FACT_RULE_PROOFS,    /* the people's decisions do not carry it */
               FACT_RULE_APPROVALS, /* too few approvals count */
               FACT_RULE_EXPIRED,   /* the request has expired */
               FACT_RULE_EVIDENCE,  /* required evidence is missing */
               FACT_RULE_ISOLATION, /* built without isolation, and the roster does not allow it */
               FACT_RULE_FILE,      /* a rule of the pipeline file (tightening; never voids) */
               FACT_N_RULES
} FactRule;

typedef struct FactVerdict {
    FactOutcome outcome;
    FactRule rule;
    char *text;          /* what could not be done and why; NULL when admitted */
    char *missing;       /* what is missing ("1 of 2 approvals"), or NULL */
    char *who;           /* who can supply it ("alice, bob"), or NULL */
    char *winner;        /* PREVIOUS, COMMAND, STATE: S of the fact that was faster, or NULL */
    GPtrArray *evidence; /* S of what was counted; owned strings */
} FactVerdict;

void fact_verdict_free(FactVerdict *verdict);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FactVerdict, fact_verdict_free)
/** ADMITTED. Owned. */
FactVerdict *fact_verdict_admit(void);
/** VOID by @rule. Owned. */
FactVerdict *fact_verdict_void(FactRule rule, const char *format, ...) PRINTF_LIKE(2, 3);
/** "previous"; static. */
const char *fact_rule_name(FactRule rule);
const char *fact_outcome_name(FactOutcome outcome);
/** The refusal as an error: CONFLICT for PREVIOUS, COMMAND and STATE with a winner, else DENIED. */
void fact_verdict_set_error(const FactVerdict *verdict, GError **error);
/** {rule, text, missing, who, winner, evidence}; owned. */
json_t *fact_verdict_to_json(const FactVerdict *verdict);

/**
 * Whether @fact counts as the next entry of @view. A refusal is a verdict, not an error.
 * @verdict_out: owned. Errors: of the view; CORRUPT.
 */
bool fact_admit(FactView *view, const Fact *fact, FactVerdict **verdict_out,
                GError **error) MUST_CHECK;
/**
 * The rows that follow from @fact and its verdict at @index. Errors: of the view; INTERNAL when the
 * kind has no row in the apply table or the verdict is HALT.
 */
bool fact_delta(FactView *view, const Fact *fact, const FactVerdict *verdict, int64_t index,
                FactDelta **delta_out, GError **error) MUST_CHECK;
