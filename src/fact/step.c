/* SPDX-License-Identifier: Apache-2.0
 * step: events of the release machine out of facts. */
#include "fact/step_priv.h"
#include <string.h>
#include "fact/body.h"
#include "base/banned.h"

/* Whether every target of the intent is confirmed once @publication counts. */
static bool
all_confirmed(FactView *view, const PublicationBody *publication, bool *all_out, GError **error)
{
    char intent_text[DIGEST_STRING_SIZE];
    g_autoptr(json_t) intent = NULL;
    g_autoptr(GPtrArray) rows = NULL;
    size_t i = 0;
    json_t *target = NULL;

    digest_to_string(&publication->intent, intent_text);
    if (!fact_view_predicate(view, &publication->intent, FACT_PUBLISH_INTENT, &intent, NULL,
                             error) ||
        !fact_view_scan(view, FACT_TABLE_PUBLICATION, intent_text, &rows, error))
        return false;
    const json_t *targets = json_object_get(json_object_get(intent, "body"), "targets");
    *all_out = publication->target != NULL && publication->outcome == PUBLICATION_CONFIRMED;
    json_array_foreach (targets, i, target) {
        const char *name = json_string_value(target);
        bool confirmed = g_strcmp0(name, publication->target) == 0;
        for (unsigned j = 0; !confirmed && j < rows->len; j++) {
            const FactRow *row = g_ptr_array_index(rows, j);
            confirmed = strcmp(fact_row_text(row, FACT_PUBLICATION_TARGET), name) == 0 &&
                        publication_outcome_from_name(
                            fact_row_text(row, FACT_PUBLICATION_OUTCOME)) == PUBLICATION_CONFIRMED;
        }
        *all_out = *all_out && confirmed;
    }
    return true;
}

static bool
publication_event(FactView *view, const json_t *body, ReleaseEvent *out, GError **error)
{
    PublicationBody publication = { 0 };
    bool all = false;

    if (!fact_body_publication(body, &publication, error) ||
        !all_confirmed(view, &publication, &all, error))
        return false;
    if (publication.target == NULL && publication.outcome != PUBLICATION_CONFIRMED)
        *out = RELEASE_EVENT_PUBLISH_FAILED;
    else
        *out = all ? RELEASE_EVENT_PUBLISHED : RELEASE_EVENT_PROGRESS;
    return true;
}

static bool
revocation_event(const json_t *body, FactStep *step, GError **error)
{
    RevocationBody revocation = { 0 };

    if (!fact_body_revocation(body, &revocation, error))
        return false;
    step->applies = revocation.scope == REVOCATION_RELEASE || revocation.scope == REVOCATION_ASSET;
    step->event =
        revocation.effect == REVOKED_DEPRECATED ? RELEASE_EVENT_DEPRECATE : RELEASE_EVENT_REVOKE;
    return true;
}

static bool
find_event(FactView *view, const Fact *fact, FactStep *step, GError **error)
{
    step->applies = true;
    switch (fact->kind) {
    case FACT_CLAIM:
        step->event = RELEASE_EVENT_CLAIM;
        return true;
    case FACT_SEAL:
        step->event = RELEASE_EVENT_SEAL;
        return true;
    case FACT_REQUEST:
        step->event = RELEASE_EVENT_REQUEST;
        return true;
    case FACT_PUBLISH_INTENT:
        step->event = RELEASE_EVENT_PUBLISH_INTENT;
        return true;
    case FACT_PUBLICATION:
        return publication_event(view, fact->predicate->body, &step->event, error);
    case FACT_REJECTION:
        step->event = RELEASE_EVENT_REJECT;
        return true;
    case FACT_REVOCATION:
        return revocation_event(fact->predicate->body, step, error);
    default:
        step->applies = false;
        return true;
    }
}

bool
fact_step_load(FactView *view, const Fact *fact, FactStep *out, GError **error)
{
    g_auto(FactStep) step = { 0 };

    if (!find_event(view, fact, &step, error))
        return false;
    if (step.applies) {
        if (!fact_view_release(view, fact->predicate->object, &step.release, error))
            return false;
        step.next = release_state_next(step.release.state, step.event);
    }
    *out = step;
    step = (FactStep){ 0 };
    return true;
}

void
fact_step_clear(FactStep *step)
{
    fact_release_clear(&step->release);
}
