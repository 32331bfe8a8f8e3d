/* SPDX-License-Identifier: Apache-2.0
 * admission: the rule as a list of checks; the first that is not met names itself. */
#include "fact/admission.h"
#include <string.h>
#include "attest/manifest.h"
#include "attest/object_name.h"
#include "attest/provenance.h"
#include "fact/body.h"
#include "fact/gate.h"
#include "fact/step_priv.h"
#include "base/banned.h"

typedef struct Admission {
    FactView *view;
    const Fact *fact;
    const Predicate *predicate; /* NULL for foreign evidence */
    FactLogState log;
    FactRoot *root; /* in force; owned; NULL before entry 0 */
    bool has_head;
    Digest head;
    FactVerdict *verdict; /* owned; set by the check that is not met */
} Admission;

static void
admission_clear(Admission *a)
{
    fact_root_free(a->root);
    fact_verdict_free(a->verdict);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Admission, admission_clear)

/* Takes a refusal. Always true: a check that says no has not failed. */
static bool
refuse(Admission *a, FactVerdict *verdict)
{
    fact_verdict_free(a->verdict);
    a->verdict = verdict;
    return true;
}

/* Turns "the body is not what it must be" into a refusal; other errors stay errors. */
static bool
refuse_format(Admission *a, GError **local, GError **error)
{
    if (!g_error_matches(*local, BASE_ERROR, BASE_ERROR_INVALID)) {
        g_propagate_error(error, g_steal_pointer(local));
        return false;
    }
    refuse(a, fact_verdict_void(FACT_RULE_FORMAT, "%s", (*local)->message));
    g_clear_error(local);
    return true;
}

static bool
refuse_conflict(Admission *a, FactRule rule, const char *text)
{
    FactVerdict *verdict = fact_verdict_void(rule, "%s", text);

    if (a->has_head)
        verdict->winner = digest_dup_string(&a->head);
    return refuse(a, verdict);
}

static bool
check_kind(Admission *a, GError **error)
{
    (void)error;
    if (a->fact->kind == FACT_UNKNOWN_OURS) {
        refuse(a, fact_verdict_void(FACT_RULE_TYPE, "%s", a->fact->problem));
        a->verdict->outcome = FACT_HALT;
    } else if (a->fact->kind == FACT_MALFORMED) {
        refuse(a, fact_verdict_void(FACT_RULE_FORMAT, "%s", a->fact->problem));
    }
    return true;
}

static bool
check_duplicate(Admission *a, GError **error)
{
    g_autoptr(FactRow) row = NULL;

    if (!fact_view_find_text(a->view, FACT_TABLE_STATEMENT, a->fact->s_text, &row, error))
        return false;
    if (row != NULL) {
        refuse(a, fact_verdict_void(FACT_RULE_NONE, "admitted before"));
        a->verdict->outcome = FACT_DUPLICATE;
    }
    return true;
}

static bool
check_first(Admission *a, GError **error)
{
    bool opens = a->log.size == 0 && a->fact->kind == FACT_ROOT;

    (void)error;
    if (!opens && a->root == NULL)
        return refuse(a, fact_verdict_void(FACT_RULE_FIRST, "entry 0 must be a root"));
    return true;
}

static bool
check_log(Admission *a, GError **error)
{
    (void)error;
    if (a->predicate == NULL)
        return true;
    const char *origin = a->root != NULL
                             ? a->root->origin
                             : json_string_value(json_object_get(a->predicate->body, "origin"));
    if (g_strcmp0(a->predicate->log, origin) != 0)
        return refuse(a, fact_verdict_void(FACT_RULE_LOG, "it is of log '%s'", a->predicate->log));
    return true;
}

/* Provenance is for builders, and each builder speaks under its own name only. */
static bool
check_builder(Admission *a, const RootKey *key)
{
    ProvenanceView provenance = { 0 };
    g_autoptr(GError) local = NULL;

    if (a->fact->kind != FACT_EVIDENCE ||
        strcmp(a->fact->statement->predicate_type, PREDICATE_TYPE_PROVENANCE) != 0)
        return refuse(a,
                      fact_verdict_void(FACT_RULE_ROLE, "a builder key may say provenance only"));
    if (!provenance_read(a->fact->statement, &provenance, &local))
        return refuse(a, fact_verdict_void(FACT_RULE_FORMAT, "%s", local->message));
    if (strcmp(provenance.builder_id, key->builder_id) != 0)
        return refuse(a, fact_verdict_void(FACT_RULE_ROLE, "the key is builder '%s', not '%s'",
                                           key->builder_id, provenance.builder_id));
    return true;
}

static bool
check_role(Admission *a, GError **error)
{
    g_autoptr(FactRoot) own = NULL;
    const FactRoot *root = a->root;

    if (a->fact->kind == FACT_ROOT) { /* by an engine key it lists itself */
        own = fact_root_parse(a->predicate->body, error);
        if (own == NULL)
            return false;
        if (strcmp(own->origin, a->predicate->log) != 0)
            return refuse(a,
                          fact_verdict_void(FACT_RULE_LOG, "the root is of log '%s'", own->origin));
        root = own;
    }
    const RootKey *key = fact_root_find_key(root, &a->fact->keyid);
    if (key == NULL)
        return refuse(a, fact_verdict_void(FACT_RULE_ROLE, "the signing key has no role here"));
    if (key->role == KEY_ROLE_BUILDER)
        return check_builder(a, key);
    if (key->role != KEY_ROLE_ENGINE)
        return refuse(a, fact_verdict_void(FACT_RULE_ROLE, "a %s key may say no facts",
                                           key_role_name(key->role)));
    if (a->fact->kind == FACT_EVIDENCE &&
        g_str_has_prefix(a->fact->statement->predicate_type, "https://slsa.dev/provenance/"))
        return refuse(a,
                      fact_verdict_void(FACT_RULE_ROLE, "the engine key may not say provenance"));
    return true;
}

static bool
check_approval(Admission *a, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(DecisionProof) proof = NULL;

    if (a->fact->kind != FACT_APPROVAL)
        return true;
    if (!decision_pair_from_json(a->predicate->body, &bytes, &proof, error))
        return false;
    g_autoptr(Decision) decision = decision_parse(span_of_bytes(bytes), error);
    return decision != NULL;
}

static bool
check_object(Admission *a, GError **error)
{
    g_autofree char *folded = object_name_key(a->predicate->object);
    g_autoptr(FactRow) row = NULL;

    if (a->fact->kind == FACT_ROOT) {
        g_autofree char *own = object_name_root(a->predicate->log, error);
        if (own == NULL)
            return false;
        if (strcmp(own, a->predicate->object) != 0)
            return refuse(a, fact_verdict_void(FACT_RULE_OBJECT, "a root must be of its own log"));
    }
    if (!fact_view_find_text(a->view, FACT_TABLE_NAME, folded, &row, error))
        return false;
    if (row != NULL && strcmp(fact_row_text(row, FACT_NAME_OBJECT), a->predicate->object) != 0)
        return refuse(a, fact_verdict_void(FACT_RULE_OBJECT, "the name is taken by '%s'",
                                           fact_row_text(row, FACT_NAME_OBJECT)));
    return true;
}

static bool
check_previous(Admission *a, GError **error)
{
    if (!fact_view_head(a->view, a->predicate->object, &a->has_head, &a->head, error))
        return false;
    if (a->has_head != a->predicate->has_previous ||
        (a->has_head && !digest_equal(&a->head, &a->predicate->previous)))
        return refuse_conflict(a, FACT_RULE_PREVIOUS,
                               "it does not follow the newest fact about its object");
    return true;
}

static bool
check_command(Admission *a, GError **error)
{
    g_autoptr(FactRow) row = NULL;

    if (!fact_view_find_text(a->view, FACT_TABLE_COMMAND, a->predicate->command, &row, error))
        return false;
    if (row != NULL) {
        refuse(a, fact_verdict_void(FACT_RULE_COMMAND, "the command '%s' was answered before",
                                    a->predicate->command));
        a->verdict->winner = g_strdup(fact_row_text(row, FACT_COMMAND_STATEMENT));
    }
    return true;
}

static bool
check_time(Admission *a, GError **error)
{
    (void)error;
    if (a->predicate->at_us <= a->log.last_at)
        return refuse(a, fact_verdict_void(FACT_RULE_TIME,
                                           "its time is not after that of the transition before"));
    return true;
}

/* policy names the roster in force; there is none for a root and for a project's first roster. */
static bool
check_roster(Admission *a, GError **error)
{
    g_autofree char *project = fact_dup_project(a->predicate->object);
    g_autoptr(FactRoster) roster = NULL;
    Digest s = { 0 };

    if (project != NULL && !fact_view_roster(a->view, project, &roster, &s, error))
        return false;
    bool wanted = roster != NULL;
    if (project != NULL && !wanted && a->fact->kind != FACT_ROSTER)
        return refuse(a,
                      fact_verdict_void(FACT_RULE_ROSTER, "project '%s' has no roster", project));
    if (wanted != a->predicate->has_policy ||
        (wanted && !digest_equal(&s, &a->predicate->policy_roster)))
        return refuse(a, fact_verdict_void(FACT_RULE_ROSTER,
                                           "it names another roster than the one in force"));
    return true;
}

static bool
check_state(Admission *a, GError **error)
{
    g_auto(FactStep) step = { 0 };

    if (!fact_step_load(a->view, a->fact, &step, error))
        return false;
    if (!step.applies || step.next != RELEASE_NONE)
        return true;
    g_autofree char *text =
        g_strdup_printf("a release that is %s takes no %s", release_state_name(step.release.state),
                        release_event_name(step.event));
    return refuse_conflict(a, FACT_RULE_STATE, text);
}

static int
compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The digests of a manifest as one sorted text. */
static char *
digest_list(const Manifest *manifest)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);

    for (unsigned i = 0; i < manifest->assets->len; i++) {
        const ManifestAsset *asset = g_ptr_array_index(manifest->assets, i);
        g_ptr_array_add(texts, digest_dup_string(&asset->digest));
    }
    g_ptr_array_sort(texts, compare_texts);
    g_ptr_array_add(texts, NULL);
    return g_strjoinv(",", (char **)texts->pdata);
}

static bool
check_seal(Admission *a, GError **error)
{
    g_autoptr(Manifest) manifest = manifest_parse(a->predicate->body, error);
    g_autoptr(json_t) from = NULL;

    if (manifest == NULL)
        return false;
    if (!manifest->has_from)
        return true;
    if (!fact_view_predicate(a->view, &manifest->from, FACT_SEAL, &from, NULL, error))
        return false;
    if (from == NULL)
        return refuse(
            a, fact_verdict_void(FACT_RULE_REFERENCE, "the candidate is not a seal in this log"));
    g_autofree char *own = fact_dup_project(a->predicate->object);
    g_autofree char *other = fact_dup_project(json_string_value(json_object_get(from, "object")));
    g_autoptr(Manifest) candidate = manifest_parse(json_object_get(from, "body"), error);
    if (candidate == NULL)
        return false;
    g_autofree char *ours = digest_list(manifest);
    g_autofree char *theirs = digest_list(candidate);
    if (strcmp(ours, theirs) != 0 || g_strcmp0(own, other) != 0)
        return refuse(
            a, fact_verdict_void(FACT_RULE_REFERENCE, "the assets are not those of the candidate"));
    return true;
}

static bool
check_request(Admission *a, GError **error)
{
    RequestBody body = { 0 };
    g_auto(FactRelease) release = { 0 };

    if (!fact_body_request(a->predicate->body, &body, error) ||
        !fact_view_release(a->view, a->predicate->object, &release, error))
        return false;
    if (!release.has_seal || !digest_equal(&release.seal, &body.manifest))
        return refuse(
            a, fact_verdict_void(FACT_RULE_REFERENCE, "the manifest is not the release's seal"));
    if (body.expires_us <= a->predicate->at_us)
        return refuse(
            a, fact_verdict_void(FACT_RULE_EXPIRED, "the request expires before it is made"));
    if (body.action == DECISION_ACTION_PUBLISH && json_array_size(body.targets) == 0)
        return refuse(a,
                      fact_verdict_void(FACT_RULE_FORMAT, "a request to publish names no target"));
    return true;
}

static bool
check_intent(Admission *a, GError **error)
{
    IntentBody body = { 0 };
    g_auto(FactRelease) release = { 0 };
    FactVerdict *verdict = NULL;

    if (!fact_body_intent(a->predicate->body, &body, error) ||
        !fact_view_release(a->view, a->predicate->object, &release, error))
        return false;
    if (!release.has_request || !digest_equal(&release.request, &body.request))
        return refuse(a, fact_verdict_void(FACT_RULE_REFERENCE, "the request is not the open one"));
    if (!fact_gate_publish(a->view, a->predicate, &verdict, error))
        return false;
    if (verdict->outcome == FACT_ADMITTED)
        fact_verdict_free(verdict);
    else
        refuse(a, verdict);
    return true;
}

/* Whether what a target serves under an asset's name is that asset. */
static bool
check_served(Admission *a, const PublicationBody *body, GError **error)
{
    size_t i = 0;
    json_t *item = NULL;

    json_array_foreach (body->digests, i, item) {
        const char *name = json_string_value(json_object_get(item, "name"));
        const char *digest = json_string_value(json_object_get(item, "digest"));
        FactValue key[] = { FACT_TEXT(a->predicate->object), FACT_TEXT(name) };
        g_autoptr(FactRow) row = NULL;
        if (!fact_view_find(a->view, FACT_TABLE_ASSET, key, &row, error))
            return false;
        if (row != NULL && strcmp(fact_row_text(row, FACT_ASSET_DIGEST), digest) != 0)
            return refuse(
                a, fact_verdict_void(FACT_RULE_REFERENCE, "'%s' is served with other bytes", name));
    }
    return true;
}

static bool
check_target(Admission *a, const PublicationBody *body, GError **error)
{
    g_autoptr(json_t) intent = NULL;
    g_autoptr(FactRow) row = NULL;

    if (body->target == NULL)
        return true;
    if (!fact_view_predicate(a->view, &body->intent, FACT_PUBLISH_INTENT, &intent, NULL, error))
        return false;
    if (!fact_json_has(json_object_get(json_object_get(intent, "body"), "targets"), body->target))
        return refuse(a, fact_verdict_void(FACT_RULE_REFERENCE, "'%s' is no target of the intent",
                                           body->target));
    g_autofree char *s = digest_dup_string(&body->intent);
    FactValue key[] = { FACT_TEXT(s), FACT_TEXT(body->target) };
    if (!fact_view_find(a->view, FACT_TABLE_PUBLICATION, key, &row, error))
        return false;
    if (row != NULL && publication_outcome_from_name(
                           fact_row_text(row, FACT_PUBLICATION_OUTCOME)) == PUBLICATION_CONFIRMED)
        return refuse_conflict(a, FACT_RULE_STATE, "the target is confirmed already");
    return true;
}

static bool
check_publication(Admission *a, GError **error)
{
    PublicationBody body = { 0 };
    g_auto(FactRelease) release = { 0 };

    if (!fact_body_publication(a->predicate->body, &body, error) ||
        !fact_view_release(a->view, a->predicate->object, &release, error))
        return false;
    if (!release.has_intent || !digest_equal(&release.intent, &body.intent) ||
        !digest_equal(&release.seal, &body.manifest))
        return refuse(
            a, fact_verdict_void(FACT_RULE_REFERENCE, "intent or manifest are not the release's"));
    if (!check_target(a, &body, error))
        return false;
    if (a->verdict != NULL || body.outcome != PUBLICATION_CONFIRMED)
        return true;
    return check_served(a, &body, error);
}

static bool
check_proofs(Admission *a, GError **error)
{
    FactVerdict *verdict = NULL;

    if (!fact_gate_proofs(a->view, a->fact, &verdict, error))
        return false;
    if (verdict->outcome == FACT_ADMITTED)
        fact_verdict_free(verdict);
    else
        refuse(a, verdict);
    return true;
}

/* A retag before the seal is the one rejection the engine decides alone. */
static bool
check_fate(Admission *a, GError **error)
{
    FateBody body = { 0 };
    g_auto(FactRelease) release = { 0 };

    if (!fact_body_fate(a->predicate->body, &body, error) ||
        !fact_view_release(a->view, a->predicate->object, &release, error))
        return false;
    if (body.has_manifest != release.has_seal ||
        (body.has_manifest && !digest_equal(&body.manifest, &release.seal)))
        return refuse(
            a, fact_verdict_void(FACT_RULE_REFERENCE, "the manifest is not the release's seal"));
    bool retag = a->fact->kind == FACT_REJECTION && strcmp(body.reason, "retag") == 0;
    if (!retag)
        return check_proofs(a, error);
    if (release.state != RELEASE_DRAFT)
        return refuse_conflict(a, FACT_RULE_STATE,
                               "only a release that is not sealed is rejected for a moved tag");
    return true;
}

static bool
check_revocation(Admission *a, GError **error)
{
    RevocationBody body = { 0 };
    ObjectName name = { 0 };

    if (!fact_body_revocation(a->predicate->body, &body, error) ||
        !object_name_parse(a->predicate->object, &name, error))
        return false;
    bool of_release = body.scope == REVOCATION_RELEASE || body.scope == REVOCATION_ASSET;
    ObjectKind wanted = of_release                        ? OBJECT_RELEASE
                        : body.scope == REVOCATION_PERSON ? OBJECT_ROSTER
                                                          : OBJECT_ROOT;
    if (name.kind != wanted)
        return refuse(a, fact_verdict_void(FACT_RULE_OBJECT, "the object does not fit the scope"));
    return check_proofs(a, error);
}

static bool
check_roster_body(Admission *a, GError **error)
{
    g_autoptr(FactRoster) roster = fact_roster_parse(a->predicate->body, error);

    return roster != NULL && check_proofs(a, error);
}

static bool
check_claim(Admission *a, GError **error)
{
    ClaimBody body = { 0 };

    (void)a;
    return fact_body_claim(a->predicate->body, &body, error);
}

typedef bool (*AdmissionCheck)(Admission *a, GError **error);

static const AdmissionCheck common_checks[] = { check_kind, check_duplicate, check_first,
                                                check_log,  check_role,      check_approval };
static const AdmissionCheck transition_checks[] = { check_object, check_previous, check_command,
                                                    check_time,   check_roster,   check_state };

/* What each kind demands beyond that; promotion, channel and deployment: nothing yet. */
static const AdmissionCheck kind_checks[FACT_N_KINDS] = {
    [FACT_ROOT] = check_proofs,
    [FACT_ROSTER] = check_roster_body,
    [FACT_CLAIM] = check_claim,
    [FACT_SEAL] = check_seal,
    [FACT_REQUEST] = check_request,
    [FACT_PUBLISH_INTENT] = check_intent,
    [FACT_PUBLICATION] = check_publication,
    [FACT_REJECTION] = check_fate,
    [FACT_QUALIFICATION] = check_fate,
    [FACT_REVOCATION] = check_revocation,
};

static bool
run_checks(Admission *a, const AdmissionCheck *checks, size_t n, GError **error)
{
    for (size_t i = 0; a->verdict == NULL && i < n; i++) {
        GError *local = NULL;
        if (checks[i] != NULL && !checks[i](a, &local) && !refuse_format(a, &local, error))
            return false;
    }
    return true;
}

bool
fact_admit(FactView *view, const Fact *fact, FactVerdict **verdict_out, GError **error)
{
    g_auto(Admission) a = { .view = view, .fact = fact, .predicate = fact->predicate };

    if (!fact_view_log(view, &a.log, error) || !fact_view_root(view, &a.root, NULL, error) ||
        !run_checks(&a, common_checks, G_N_ELEMENTS(common_checks), error))
        return false;
    if (fact_kind_is_transition(fact->kind)) {
        if (!run_checks(&a, transition_checks, G_N_ELEMENTS(transition_checks), error) ||
            !run_checks(&a, &kind_checks[fact->kind], 1, error))
            return false;
    }
    *verdict_out = a.verdict != NULL ? g_steal_pointer(&a.verdict) : fact_verdict_admit();
    return true;
}
