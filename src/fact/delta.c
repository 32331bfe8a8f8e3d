/* SPDX-License-Identifier: Apache-2.0
 * delta: the rows that follow from a fact; one row of the apply table a kind. */
#include "fact/admission.h"
#include "attest/manifest.h"
#include "attest/object_name.h"
#include "attest/provenance.h"
#include "fact/body.h"
#include "fact/step_priv.h"
#include "base/banned.h"

typedef struct Apply {
    FactView *view;
    const Fact *fact;
    const Predicate *predicate; /* NULL for foreign evidence */
    int64_t index;
    FactDelta *delta;
} Apply;

typedef bool (*ApplyFn)(Apply *a, GError **error);

/* Puts the release's row after the step; changes to what it names are made by the caller before. */
static bool
put_release(Apply *a, const FactStep *step, const FactRelease *after)
{
    char claim[DIGEST_STRING_SIZE];
    char seal[DIGEST_STRING_SIZE];
    char request[DIGEST_STRING_SIZE];
    char intent[DIGEST_STRING_SIZE];

    digest_to_string(&after->claim, claim);
    digest_to_string(&after->seal, seal);
    digest_to_string(&after->request, request);
    digest_to_string(&after->intent, intent);
    FactValue values[] = {
        [FACT_RELEASE_OBJECT] = FACT_TEXT(a->predicate->object),
        [FACT_RELEASE_STATE] = FACT_TEXT(release_state_name(step->next)),
        [FACT_RELEASE_CLAIM] = FACT_TEXT(after->has_claim ? claim : NULL),
        [FACT_RELEASE_COMMIT] = FACT_TEXT(after->commit),
        [FACT_RELEASE_TAG] = FACT_TEXT(after->tag),
        [FACT_RELEASE_SEAL] = FACT_TEXT(after->has_seal ? seal : NULL),
        [FACT_RELEASE_REQUEST] = FACT_TEXT(after->has_request ? request : NULL),
        [FACT_RELEASE_INTENT] = FACT_TEXT(after->has_intent ? intent : NULL),
        [FACT_RELEASE_LAST] = FACT_TEXT(a->fact->s_text),
        [FACT_RELEASE_AT] = FACT_INT(a->predicate->at_us),
    };
    fact_delta_put(a->delta, FACT_TABLE_RELEASE, values);
    return true;
}

static bool
apply_root(Apply *a, GError **error)
{
    FactValue values[] = { FACT_INT(a->index), FACT_TEXT(a->fact->s_text) };

    (void)error;
    fact_delta_put(a->delta, FACT_TABLE_ROOT, values);
    return true;
}

static bool
apply_roster(Apply *a, GError **error)
{
    FactValue values[] = { FACT_TEXT(a->predicate->object), FACT_INT(a->index),
                           FACT_TEXT(a->fact->s_text) };

    (void)error;
    fact_delta_put(a->delta, FACT_TABLE_ROSTER, values);
    return true;
}

static bool
apply_claim(Apply *a, GError **error)
{
    g_auto(FactStep) step = { 0 };
    ClaimBody body = { 0 };

    if (!fact_step_load(a->view, a->fact, &step, error) ||
        !fact_body_claim(a->predicate->body, &body, error))
        return false;
    FactRelease after = { .has_claim = true,
                          .claim = a->fact->s,
                          .commit = (char *)body.commit, /* borrowed: put_release copies */
                          .tag = (char *)body.tag };
    return put_release(a, &step, &after);
}

static bool
apply_seal(Apply *a, GError **error)
{
    g_auto(FactStep) step = { 0 };
    g_autoptr(Manifest) manifest = manifest_parse(a->predicate->body, error);

    if (manifest == NULL || !fact_step_load(a->view, a->fact, &step, error))
        return false;
    for (unsigned i = 0; i < manifest->assets->len; i++) {
        const ManifestAsset *asset = g_ptr_array_index(manifest->assets, i);
        g_autofree char *digest = digest_dup_string(&asset->digest);
        FactValue values[] = { FACT_TEXT(a->predicate->object), FACT_TEXT(asset->name),
                               FACT_TEXT(digest), FACT_INT(asset->size_bytes) };
        fact_delta_put(a->delta, FACT_TABLE_ASSET, values);
    }
    step.release.has_seal = true;
    step.release.seal = a->fact->s;
    return put_release(a, &step, &step.release);
}

static bool
apply_request(Apply *a, GError **error)
{
    g_auto(FactStep) step = { 0 };

    if (!fact_step_load(a->view, a->fact, &step, error))
        return false;
    step.release.has_request = true; /* a new one supersedes an open one */
    step.release.request = a->fact->s;
    return put_release(a, &step, &step.release);
}

static bool
apply_approval(Apply *a, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(DecisionProof) proof = NULL;

    if (!decision_pair_from_json(a->predicate->body, &bytes, &proof, error))
        return false;
    g_autoptr(Decision) decision = decision_parse(span_of_bytes(bytes), error);
    if (decision == NULL)
        return false;
    if (!decision->has_request) /* answers nothing: kept as a statement only */
        return true;
    g_autofree char *request = digest_dup_string(&decision->request);
    FactValue values[] = {
        [FACT_APPROVAL_REQUEST] = FACT_TEXT(request),
        [FACT_APPROVAL_STATEMENT] = FACT_TEXT(a->fact->s_text),
        [FACT_APPROVAL_PERSON] = FACT_TEXT(decision->person),
        [FACT_APPROVAL_VERB] = FACT_TEXT(decision_verb_name(decision->verb)),
        [FACT_APPROVAL_EXPIRES] = FACT_INT(decision->expires_us),
        [FACT_APPROVAL_INDEX] = FACT_INT(a->index),
    };
    fact_delta_put(a->delta, FACT_TABLE_APPROVAL, values);
    return true;
}

static bool
apply_intent(Apply *a, GError **error)
{
    g_auto(FactStep) step = { 0 };

    if (!fact_step_load(a->view, a->fact, &step, error))
        return false;
    step.release.has_intent = true;
    step.release.intent = a->fact->s;
    return put_release(a, &step, &step.release);
}

static bool
apply_publication(Apply *a, GError **error)
{
    g_auto(FactStep) step = { 0 };
    PublicationBody body = { 0 };

    if (!fact_step_load(a->view, a->fact, &step, error) ||
        !fact_body_publication(a->predicate->body, &body, error))
        return false;
    if (body.target != NULL) {
        g_autofree char *intent = digest_dup_string(&body.intent);
        FactValue values[] = { FACT_TEXT(intent), FACT_TEXT(body.target),
                               FACT_TEXT(a->fact->s_text),
                               FACT_TEXT(publication_outcome_name(body.outcome)) };
        fact_delta_put(a->delta, FACT_TABLE_PUBLICATION, values);
    }
    if (step.event == RELEASE_EVENT_PUBLISH_FAILED) { /* sealed again; needs a new request */
        step.release.has_request = false;
        step.release.has_intent = false;
    }
    return put_release(a, &step, &step.release);
}

static void
put_revoked(Apply *a, const char *object, const char *key, RevokedEffect effect,
            const int64_t *from_index)
{
    FactValue values[] = {
        [FACT_REVOKED_INDEX] = FACT_INT(a->index),
        [FACT_REVOKED_STATEMENT] = FACT_TEXT(a->fact->s_text),
        [FACT_REVOKED_OBJECT] = FACT_TEXT(object),
        [FACT_REVOKED_KEY] = FACT_TEXT(key),
        [FACT_REVOKED_EFFECT] = FACT_TEXT(revoked_effect_name(effect)),
        [FACT_REVOKED_FROM_INDEX] = from_index != NULL ? FACT_INT(*from_index) : FACT_NULL,
    };
    fact_delta_put(a->delta, FACT_TABLE_REVOKED, values);
}

static bool
apply_rejection(Apply *a, GError **error)
{
    g_auto(FactStep) step = { 0 };

    if (!fact_step_load(a->view, a->fact, &step, error))
        return false;
    put_revoked(a, a->predicate->object, NULL, REVOKED_REJECTED, NULL);
    return put_release(a, &step, &step.release);
}

static bool
apply_revocation(Apply *a, GError **error)
{
    g_auto(FactStep) step = { 0 };
    RevocationBody body = { 0 };

    if (!fact_step_load(a->view, a->fact, &step, error) ||
        !fact_body_revocation(a->predicate->body, &body, error))
        return false;
    put_revoked(a, step.applies ? a->predicate->object : NULL, step.applies ? NULL : body.target,
                body.effect, body.has_from_index ? &body.from_index : NULL);
    return !step.applies || put_release(a, &step, &step.release);
}

static bool
apply_evidence(Apply *a, GError **error)
{
    const Statement *statement = a->fact->statement;

    (void)error;
    for (unsigned i = 0; i < statement->subjects->len; i++) {
        Digest digest = { 0 };
        if (!statement_subject_sha256(g_ptr_array_index(statement->subjects, i), &digest))
            continue;
        g_autofree char *text = digest_dup_string(&digest);
        FactValue values[] = { FACT_TEXT(text), FACT_TEXT(a->fact->s_text),
                               FACT_TEXT(statement->predicate_type), FACT_INT(a->index) };
        fact_delta_put(a->delta, FACT_TABLE_SUBJECT, values);
    }
    return true;
}

/* Kinds whose own commands come later: the head of their object is all they move. */
static bool
apply_head_only(Apply *a, GError **error)
{
    (void)a;
    (void)error;
    return true;
}

static const ApplyFn apply_table[FACT_N_KINDS] = {
    [FACT_ROOT] = apply_root,
    [FACT_ROSTER] = apply_roster,
    [FACT_CLAIM] = apply_claim,
    [FACT_SEAL] = apply_seal,
    [FACT_REQUEST] = apply_request,
    [FACT_APPROVAL] = apply_approval,
    [FACT_PUBLISH_INTENT] = apply_intent,
    [FACT_PUBLICATION] = apply_publication,
    [FACT_QUALIFICATION] = apply_head_only,
    [FACT_REJECTION] = apply_rejection,
    [FACT_PROMOTION] = apply_head_only,
    [FACT_CHANNEL] = apply_head_only,
    [FACT_DEPLOYMENT] = apply_head_only,
    [FACT_REVOCATION] = apply_revocation,
    [FACT_EVIDENCE] = apply_evidence,
};

/* What the fold keeps of a statement: our predicate whole; of provenance what rules ask; else
 * nothing. */
static bool
summary_of(const Fact *fact, char **text_out, GError **error)
{
    g_autoptr(json_t) summary = NULL;
    g_autoptr(GError) local = NULL;
    ProvenanceView view = { 0 };

    *text_out = NULL;
    if (fact->predicate != NULL) {
        *text_out = json_canonical(fact->statement->predicate, NULL, error);
        return *text_out != NULL;
    }
    if (strcmp(fact->statement->predicate_type, PREDICATE_TYPE_PROVENANCE) != 0 ||
        !provenance_read(fact->statement, &view, &local))
        return true;
    summary = json_object();
    json_object_set_new(summary, "builderId", json_string(view.builder_id));
    json_object_set_new(summary, "repository", json_string_or_null(view.repository));
    json_object_set_new(summary, "ref", json_string_or_null(view.ref));
    json_object_set_new(summary, "commit", json_string_or_null(view.commit));
    *text_out = json_canonical(summary, NULL, error);
    return *text_out != NULL;
}

static bool
put_statement(Apply *a, GError **error)
{
    const Predicate *predicate = a->predicate;
    char previous[DIGEST_STRING_SIZE];
    char keyid[DIGEST_HEX_SIZE];
    g_autofree char *summary = NULL;

    if (!summary_of(a->fact, &summary, error))
        return false;
    if (predicate != NULL)
        digest_to_string(&predicate->previous, previous);
    digest_to_hex(&a->fact->keyid, keyid);
    FactValue values[] = {
        [FACT_STATEMENT_S] = FACT_TEXT(a->fact->s_text),
        [FACT_STATEMENT_INDEX] = FACT_INT(a->index),
        [FACT_STATEMENT_KIND] = FACT_TEXT(fact_kind_name(a->fact->kind)),
        [FACT_STATEMENT_TYPE] = FACT_TEXT(a->fact->statement->predicate_type),
        [FACT_STATEMENT_OBJECT] = FACT_TEXT(predicate != NULL ? predicate->object : NULL),
        [FACT_STATEMENT_PREVIOUS] =
            FACT_TEXT(predicate != NULL && predicate->has_previous ? previous : NULL),
        [FACT_STATEMENT_COMMAND] = FACT_TEXT(predicate != NULL ? predicate->command : NULL),
        [FACT_STATEMENT_AT] = predicate != NULL ? FACT_INT(predicate->at_us) : FACT_NULL,
        [FACT_STATEMENT_ACTOR] = FACT_TEXT(predicate != NULL ? predicate->actor : NULL),
        [FACT_STATEMENT_KEY_ID] = FACT_TEXT(keyid),
        [FACT_STATEMENT_PREDICATE] = FACT_TEXT(summary),
    };
    fact_delta_put(a->delta, FACT_TABLE_STATEMENT, values);
    return true;
}

static bool
put_command(Apply *a, GError **error)
{
    g_autoptr(FactRow) row = NULL;

    if (!fact_view_find_text(a->view, FACT_TABLE_COMMAND, a->predicate->command, &row, error))
        return false;
    if (row == NULL) { /* the first answer stands */
        FactValue values[] = { FACT_TEXT(a->predicate->command), FACT_TEXT(a->fact->s_text) };
        fact_delta_put(a->delta, FACT_TABLE_COMMAND, values);
    }
    return true;
}

static void
put_head(Apply *a)
{
    g_autofree char *folded = object_name_key(a->predicate->object);
    FactValue head[] = { FACT_TEXT(a->predicate->object), FACT_TEXT(a->fact->s_text),
                         FACT_INT(a->index) };
    FactValue name[] = { FACT_TEXT(folded), FACT_TEXT(a->predicate->object) };

    fact_delta_put(a->delta, FACT_TABLE_HEAD, head);
    fact_delta_put(a->delta, FACT_TABLE_NAME, name);
}

static bool
put_admitted(Apply *a, GError **error)
{
    ApplyFn apply = apply_table[a->fact->kind];

    if (apply == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_INTERNAL, "no way to apply a fact of kind '%s'",
                  fact_kind_name(a->fact->kind));
        return false;
    }
    if (!put_statement(a, error))
        return false;
    if (a->predicate != NULL && !put_command(a, error))
        return false;
    if (fact_kind_is_transition(a->fact->kind))
        put_head(a);
    return apply(a, error);
}

static bool
put_log(Apply *a, const FactVerdict *verdict, GError **error)
{
    FactLogState log = { 0 };
    bool admitted = verdict->outcome == FACT_ADMITTED;

    if (!fact_view_log(a->view, &log, error))
        return false;
    if (admitted && fact_kind_is_transition(a->fact->kind))
        log.last_at = a->predicate->at_us;
    bool opens = admitted && a->fact->kind == FACT_ROOT;
    FactValue values[] = { FACT_INT(a->index + 1), FACT_INT(log.last_at),
                           FACT_TEXT(opens ? a->predicate->log : log.origin) };
    fact_delta_put(a->delta, FACT_TABLE_LOG, values);
    return true;
}

static void
put_entry(Apply *a, const FactVerdict *verdict)
{
    char keyid[DIGEST_HEX_SIZE];

    digest_to_hex(&a->fact->keyid, keyid);
    FactValue values[] = {
        [FACT_ENTRY_INDEX] = FACT_INT(a->index),
        [FACT_ENTRY_STATEMENT] = FACT_TEXT(a->fact->s_text),
        [FACT_ENTRY_KIND] = FACT_TEXT(fact_kind_name(a->fact->kind)),
        [FACT_ENTRY_VERDICT] = FACT_TEXT(fact_outcome_name(verdict->outcome)),
        [FACT_ENTRY_RULE] = FACT_TEXT(fact_rule_name(verdict->rule)),
        [FACT_ENTRY_TEXT] = FACT_TEXT(verdict->outcome == FACT_VOID ? verdict->text : NULL),
        [FACT_ENTRY_KEY_ID] = FACT_TEXT(keyid),
    };
    fact_delta_put(a->delta, FACT_TABLE_ENTRY, values);
    if (verdict->outcome == FACT_VOID) {
        FactValue lost[] = { FACT_INT(a->index), FACT_TEXT(a->fact->s_text) };
        fact_delta_put(a->delta, FACT_TABLE_VOID, lost);
    }
}

bool
fact_delta(FactView *view, const Fact *fact, const FactVerdict *verdict, int64_t index,
           FactDelta **delta_out, GError **error)
{
    g_autoptr(FactDelta) delta = fact_delta_new();
    Apply a = {
        .view = view, .fact = fact, .predicate = fact->predicate, .index = index, .delta = delta
    };

    if (verdict->outcome == FACT_HALT || verdict->outcome == FACT_OUTCOME_NONE) {
        error_set(error, BASE_ERROR, BASE_ERROR_INTERNAL,
                  "a fact that halts the fold cannot be applied");
        return false;
    }
    put_entry(&a, verdict);
    if (verdict->outcome == FACT_ADMITTED && !put_admitted(&a, error))
        return false;
    if (!put_log(&a, verdict, error))
        return false;
    *delta_out = g_steal_pointer(&delta);
    return true;
}
