/* SPDX-License-Identifier: Apache-2.0
 * kind: the table of kinds. */
#include "fact/kind.h"
#include <string.h>
#include "base/banned.h"

typedef enum {
    KIND_OURS = 1 << 0,
    KIND_TRANSITION = 1 << 1,
} KindFlags;

typedef struct {
    const char *name;
    PredicateKind predicate;
    KindFlags flags;
} KindRow;

static const KindRow kinds[FACT_N_KINDS] = {
    [FACT_NONE] = { "none", PREDICATE_NONE, 0 },
    [FACT_ROOT] = { "root", PREDICATE_ROOT, KIND_OURS | KIND_TRANSITION },
    [FACT_ROSTER] = { "roster", PREDICATE_ROSTER, KIND_OURS | KIND_TRANSITION },
    [FACT_CLAIM] = { "claim", PREDICATE_CLAIM, KIND_OURS | KIND_TRANSITION },
    [FACT_SEAL] = { "seal", PREDICATE_SEAL, KIND_OURS | KIND_TRANSITION },
    [FACT_REQUEST] = { "request", PREDICATE_REQUEST, KIND_OURS | KIND_TRANSITION },
    [FACT_APPROVAL] = { "approval", PREDICATE_APPROVAL, KIND_OURS },
    [FACT_PUBLISH_INTENT] = { "publish-intent", PREDICATE_PUBLISH_INTENT,
                              KIND_OURS | KIND_TRANSITION },
    [FACT_PUBLICATION] = { "publication", PREDICATE_PUBLICATION, KIND_OURS | KIND_TRANSITION },
    [FACT_QUALIFICATION] = { "qualification", PREDICATE_QUALIFICATION,
                             KIND_OURS | KIND_TRANSITION },
    [FACT_REJECTION] = { "rejection", PREDICATE_REJECTION, KIND_OURS | KIND_TRANSITION },
    [FACT_PROMOTION] = { "promotion", PREDICATE_PROMOTION, KIND_OURS | KIND_TRANSITION },
    [FACT_CHANNEL] = { "channel", PREDICATE_CHANNEL, KIND_OURS | KIND_TRANSITION },
    [FACT_DEPLOYMENT] = { "deployment", PREDICATE_DEPLOYMENT, KIND_OURS | KIND_TRANSITION },
    [FACT_REVOCATION] = { "revocation", PREDICATE_REVOCATION, KIND_OURS | KIND_TRANSITION },
    [FACT_EVIDENCE] = { "evidence", PREDICATE_NONE, 0 },
    [FACT_UNKNOWN_OURS] = { "unknown", PREDICATE_NONE, 0 },
    [FACT_MALFORMED] = { "malformed", PREDICATE_NONE, 0 },
};

const char *
fact_kind_type(FactKind kind)
{
    return kinds[kind].predicate == PREDICATE_NONE ? NULL : predicate_type(kinds[kind].predicate);
}

const char *
fact_kind_name(FactKind kind)
{
    return kinds[kind].name;
}

FactKind
fact_kind_from_name(const char *name)
{
    for (size_t i = 1; i < FACT_N_KINDS; i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return (FactKind)i;
    }
    return FACT_NONE;
}

FactKind
fact_kind_of_type(const char *type)
{
    if (!predicate_type_is_ours(type))
        return FACT_EVIDENCE;
    PredicateKind wanted = predicate_kind_of(type);
    for (size_t i = 1; wanted != PREDICATE_NONE && i < FACT_N_KINDS; i++) {
        if (kinds[i].predicate == wanted)
            return (FactKind)i;
    }
    return FACT_UNKNOWN_OURS;
}

bool
fact_kind_is_transition(FactKind kind)
{
    return (kinds[kind].flags & KIND_TRANSITION) != 0;
}

bool
fact_kind_is_ours(FactKind kind)
{
    return (kinds[kind].flags & KIND_OURS) != 0;
}

PredicateKind
fact_kind_predicate(FactKind kind)
{
    return kinds[kind].predicate;
}
