/* SPDX-License-Identifier: Apache-2.0
 * answer: the rules of publishing asked one by one, so that all that is missing is said at once. */
#include "policy/answer.h"
#include "fact/body.h"
#include "fact/gate.h"
#include "base/banned.h"

static const char *const state_names[] = { [POLICY_NONE] = "none",
                                           [POLICY_MET] = "met",
                                           [POLICY_MISSING] = "missing",
                                           [POLICY_REFUSED] = "refused" };

const char *
policy_state_name(PolicyState state)
{
    return state_names[state];
}

static void
free_finding(void *data)
{
    PolicyFinding *finding = data;

    g_free(finding->rule);
    g_free(finding->text);
    g_free(finding->missing);
    g_free(finding->who);
    g_ptr_array_unref(finding->evidence);
    g_free(finding);
}

void
policy_answer_free(PolicyAnswer *answer)
{
    if (answer == NULL)
        return;
    g_ptr_array_unref(answer->findings);
    g_free(answer);
}

/* Takes @text. Borrowed from @answer. */
static PolicyFinding *
add_finding(PolicyAnswer *answer, PolicyState state, const char *rule, char *text)
{
    PolicyFinding *finding = g_new0(PolicyFinding, 1);

    finding->state = state;
    finding->rule = g_strdup(rule);
    finding->text = text;
    finding->evidence = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(answer->findings, finding);
    return finding;
}

bool
policy_answer_is_met(const PolicyAnswer *answer)
{
    for (unsigned i = 0; i < answer->findings->len; i++) {
        const PolicyFinding *finding = g_ptr_array_index(answer->findings, i);
        if (finding->state != POLICY_MET)
            return false;
    }
    return answer->findings->len > 0;
}

static void
ask_state(PolicyAnswer *answer, const FactRelease *release)
{
    PolicyState state = POLICY_REFUSED;

    if (release->state == RELEASE_SEALED)
        state = POLICY_MET;
    else if (release->state == RELEASE_DRAFT)
        state = POLICY_MISSING;
    PolicyFinding *finding =
        add_finding(answer, state, "state",
                    g_strdup_printf("the release is %s", release_state_name(release->state)));
    if (state == POLICY_MISSING)
        finding->missing = g_strdup("the seal");
}

static bool
load_request(FactView *view, const FactRelease *release, json_t **predicate_out, RequestBody *out,
             GError **error)
{
    if (!fact_view_predicate(view, &release->request, FACT_REQUEST, predicate_out, NULL, error))
        return false;
    return fact_body_request(json_object_get(*predicate_out, "body"), out, error);
}

static bool
ask_request(PolicyAnswer *answer, FactView *view, const FactRelease *release, int64_t at_us,
            GError **error)
{
    g_autoptr(json_t) predicate = NULL;
    RequestBody body = { 0 };

    if (!release->has_request) {
        add_finding(answer, POLICY_MISSING, "request", g_strdup("nobody has asked to publish it"))
            ->missing = g_strdup("a request");
        return true;
    }
    if (!load_request(view, release, &predicate, &body, error))
        return false;
    bool open = body.expires_us >= at_us;
    PolicyFinding *finding =
        add_finding(answer, open ? POLICY_MET : POLICY_MISSING, "request",
                    g_strdup(open ? "a request is open" : "the request has expired"));
    g_ptr_array_add(finding->evidence, digest_dup_string(&release->request));
    if (!open)
        finding->missing = g_strdup("a new request");
    return true;
}

static void
take_texts(GPtrArray *to, const GPtrArray *from)
{
    for (unsigned i = 0; i < from->len; i++)
        g_ptr_array_add(to, g_strdup(g_ptr_array_index(from, i)));
}

static bool
ask_approvals(PolicyAnswer *answer, FactView *view, const FactRelease *release, int64_t at_us,
              unsigned file_approvals, GError **error)
{
    g_autoptr(json_t) approvals = NULL;
    g_autoptr(FactCount) count = NULL;

    if (!release->has_request)
        return true;
    if (!fact_collect_approvals_at_least(view, &release->request, at_us, file_approvals, &approvals,
                                         error) ||
        !fact_count_approvals(view, &release->request, approvals, at_us, &count, error))
        return false;
    unsigned needed = MAX(count->needed, file_approvals);
    bool met = count->counted >= needed;
    PolicyFinding *finding =
        add_finding(answer, met ? POLICY_MET : POLICY_MISSING, "approvals",
                    g_strdup_printf("%u of %u required approvals present", count->counted, needed));
    take_texts(finding->evidence, count->statements);
    finding->who = g_strdup(count->who);
    if (!met)
        finding->missing = g_strdup_printf("%u approvals", needed - count->counted);
    return true;
}

static bool
ask_evidence(PolicyAnswer *answer, FactView *view, const char *object, const FactRelease *release,
             GError **error)
{
    g_autoptr(json_t) seal = NULL;
    g_autoptr(json_t) evidence = NULL;
    g_autoptr(FactVerdict) verdict = NULL;

    if (!release->has_seal)
        return true;
    if (!fact_view_predicate(view, &release->seal, FACT_SEAL, &seal, NULL, error))
        return false;
    g_autoptr(Manifest) manifest = manifest_parse(json_object_get(seal, "body"), error);
    if (manifest == NULL || !fact_collect_evidence(view, object, manifest, &evidence, error) ||
        !fact_gate_evidence(view, object, manifest, NULL, evidence, &verdict, error))
        return false;
    bool met = verdict->outcome == FACT_ADMITTED;
    PolicyFinding *finding = add_finding(
        answer, met ? POLICY_MET : POLICY_MISSING, met ? "evidence" : fact_rule_name(verdict->rule),
        g_strdup(met ? "all required evidence is present" : verdict->text));
    finding->missing = g_strdup(verdict->missing);
    finding->who = g_strdup(verdict->who);
    for (size_t i = 0; i < json_array_size(evidence); i++)
        g_ptr_array_add(finding->evidence,
                        g_strdup(json_string_value(json_array_get(evidence, i))));
    return true;
}

PolicyAnswer *
policy_ask_publish(FactView *view, const char *object, int64_t at_us, unsigned file_approvals,
                   GError **error)
{
    g_autoptr(PolicyAnswer) answer = g_new0(PolicyAnswer, 1);
    g_auto(FactRelease) release = { 0 };

    answer->findings = g_ptr_array_new_with_free_func(free_finding);
    if (!fact_view_release(view, object, &release, error))
        return NULL;
    if (release.state == RELEASE_NONE) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no release '%s'", object);
        return NULL;
    }
    ask_state(answer, &release);
    if (!ask_evidence(answer, view, object, &release, error) ||
        !ask_request(answer, view, &release, at_us, error) ||
        !ask_approvals(answer, view, &release, at_us, file_approvals, error))
        return NULL;
    return g_steal_pointer(&answer);
}

static json_t *
finding_json(const PolicyFinding *finding)
{
    json_t *object = json_object();
    json_t *evidence = json_array();

    for (unsigned i = 0; i < finding->evidence->len; i++)
        json_array_append_new(evidence, json_string(g_ptr_array_index(finding->evidence, i)));
    json_object_set_new(object, "rule", json_string(finding->rule));
    json_object_set_new(object, "state", json_string(policy_state_name(finding->state)));
    json_object_set_new(object, "text", json_string(finding->text));
    json_object_set_new(object, "missing", json_string_or_null(finding->missing));
    json_object_set_new(object, "who", json_string_or_null(finding->who));
    json_object_set_new(object, "evidence", evidence);
    return object;
}

json_t *
policy_answer_json(const PolicyAnswer *answer)
{
    json_t *object = json_object();
    json_t *rules = json_array();

    for (unsigned i = 0; i < answer->findings->len; i++)
        json_array_append_new(rules, finding_json(g_ptr_array_index(answer->findings, i)));
    json_object_set_new(object, "met", json_boolean(policy_answer_is_met(answer)));
    json_object_set_new(object, "rules", rules);
    return object;
}
