/* SPDX-License-Identifier: Apache-2.0
 * gate: approvals, evidence and proofs judged against the roster in force. */
#include "fact/gate.h"
#include <string.h>
#include "base/limits.h"
#include "fact/body.h"
#include "base/banned.h"

static void
add_names(GHashTable *set, const json_t *names)
{
    size_t i = 0;
    json_t *item = NULL;

    json_array_foreach (names, i, item)
        g_hash_table_add(set, g_strdup(json_string_value(item)));
}

/* Those who set the release going, by its claim and its request. */
static bool
load_initiators(FactView *view, const char *object, const RequestBody *request,
                GHashTable **set_out, GError **error)
{
    g_auto(FactRelease) release = { 0 };
    g_autoptr(json_t) claim = NULL;
    g_autoptr(GHashTable) set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    if (!fact_view_release(view, object, &release, error))
        return false;
    if (release.has_claim &&
        !fact_view_predicate(view, &release.claim, FACT_CLAIM, &claim, NULL, error))
        return false;
    add_names(set, request->initiators);
    if (claim != NULL)
        add_names(set, json_object_get(json_object_get(claim, "body"), "initiators"));
    *set_out = g_steal_pointer(&set);
    return true;
}

/* A request with all that decides whether an approval counts for it. */
typedef struct OpenRequest {
    json_t *predicate; /* owned */
    RequestBody body;  /* borrowed from predicate */
    CountExpect expect;
    CountPeople people;
    FactRoster *roster;     /* owned */
    GHashTable *initiators; /* owned */
} OpenRequest;

static void
open_request_clear(OpenRequest *request)
{
    json_decref(request->predicate);
    fact_roster_free(request->roster);
    g_clear_pointer(&request->initiators, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OpenRequest, open_request_clear)

static bool
fill_expect(OpenRequest *request, const Digest *s, int64_t at_us, GError **error)
{
    CountExpect *expect = &request->expect;
    const json_t *policy = json_object_get(request->predicate, "policy");

    expect->log = json_string_value(json_object_get(request->predicate, "log"));
    expect->object = json_string_value(json_object_get(request->predicate, "object"));
    expect->environment = request->body.environment;
    expect->verb = request->body.verb;
    expect->action = request->body.action;
    expect->manifest = request->body.manifest;
    expect->has_request = true;
    expect->request = *s;
    expect->at_us = at_us;
    if (json_is_null(policy))
        return true;
    expect->has_policy = true;
    return json_need_digest(policy, "roster", "request", &expect->policy, error);
}

static bool
load_request(FactView *view, const Digest *s, int64_t at_us, OpenRequest *out, GError **error)
{
    char text[DIGEST_STRING_SIZE];

    if (!fact_view_predicate(view, s, FACT_REQUEST, &out->predicate, NULL, error))
        return false;
    if (out->predicate == NULL) {
        digest_to_string(s, text);
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no request '%s'", text);
        return false;
    }
    if (!fact_body_request(json_object_get(out->predicate, "body"), &out->body, error) ||
        !fill_expect(out, s, at_us, error))
        return false;
    g_autofree char *project = fact_dup_project(out->expect.object);
    if (!fact_view_roster(view, project != NULL ? project : "", &out->roster, NULL, error) ||
        !load_initiators(view, out->expect.object, &out->body, &out->initiators, error))
        return false;
    out->people.roster = out->roster;
    out->people.initiators = out->initiators;
    if (out->roster != NULL)
        out->people.rule =
            fact_roster_rule(out->roster, out->expect.object, out->expect.environment,
                             out->expect.verb, out->expect.action);
    return true;
}

static bool
count_approval(FactView *view, const OpenRequest *request, const char *s_text, FactCount *count,
               GError **error)
{
    Digest s = { 0 };
    g_autoptr(json_t) predicate = NULL;

    if (!digest_from_string(s_text, &s, error) ||
        !fact_view_predicate(view, &s, FACT_APPROVAL, &predicate, NULL, error))
        return false;
    if (predicate == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no approval '%s'", s_text);
        return false;
    }
    fact_count_add(count, &request->people, &request->expect, json_object_get(predicate, "body"),
                   s_text);
    return true;
}

bool
fact_count_approvals(FactView *view, const Digest *request_s, const json_t *approvals,
                     int64_t at_us, FactCount **count_out, GError **error)
{
    g_auto(OpenRequest) request = { 0 };
    size_t i = 0;
    json_t *item = NULL;

    if (!load_request(view, request_s, at_us, &request, error))
        return false;
    g_autoptr(FactCount) count = fact_count_new(&request.people);
    json_array_foreach (approvals, i, item) {
        if (!count_approval(view, &request, json_string_value(item), count, error))
            return false;
    }
    *count_out = g_steal_pointer(&count);
    return true;
}

bool
fact_judge_decision(FactView *view, const Digest *request_s, const json_t *pair, int64_t at_us,
                    FactCount **count_out, GError **error)
{
    g_auto(OpenRequest) request = { 0 };

    if (!load_request(view, request_s, at_us, &request, error))
        return false;
    FactCount *count = fact_count_new(&request.people);
    fact_count_add(count, &request.people, &request.expect, pair, NULL);
    *count_out = count;
    return true;
}

bool
fact_request_expect(FactView *view, const Digest *request_s, int64_t at_us, json_t **request_out,
                    CountExpect *out, int64_t *expires_us_out, GError **error)
{
    g_auto(OpenRequest) request = { 0 };

    if (!load_request(view, request_s, at_us, &request, error))
        return false;
    *request_out = json_incref(request.predicate);
    *out = request.expect;
    *expires_us_out = request.body.expires_us;
    return true;
}

bool
fact_collect_approvals(FactView *view, const Digest *request_s, int64_t at_us,
                       json_t **approvals_out, GError **error)
{
    return fact_collect_approvals_at_least(view, request_s, at_us, 0, approvals_out, error);
}

bool
fact_collect_approvals_at_least(FactView *view, const Digest *request_s, int64_t at_us,
                                unsigned at_least, json_t **approvals_out, GError **error)
{
    char text[DIGEST_STRING_SIZE];
    g_auto(OpenRequest) request = { 0 };
    g_autoptr(GPtrArray) rows = NULL;

    digest_to_string(request_s, text);
    if (!load_request(view, request_s, at_us, &request, error) ||
        !fact_view_scan(view, FACT_TABLE_APPROVAL, text, &rows, error))
        return false;
    g_autoptr(FactCount) count = fact_count_new(&request.people);
    for (unsigned i = 0; i < rows->len; i++) {
        if (fact_count_is_met(count) && count->counted >= at_least)
            break;
        const char *s = fact_row_text(g_ptr_array_index(rows, i), FACT_APPROVAL_STATEMENT);
        if (!count_approval(view, &request, s, count, error))
            return false;
    }
    json_t *approvals = json_array();
    for (unsigned i = 0; i < count->statements->len; i++)
        json_array_append_new(approvals, json_string(g_ptr_array_index(count->statements, i)));
    *approvals_out = approvals;
    return true;
}

static FactVerdict *
verdict_of_count(const FactCount *count, FactRule rule, const char *what)
{
    g_autoptr(FactVerdict) verdict = NULL;

    if (fact_count_is_met(count) && count->rejected->len == 0) {
        verdict = fact_verdict_admit();
    } else {
        verdict = fact_verdict_void(rule, "%u of %u required %s count", count->counted,
                                    count->needed, what);
        if (!fact_count_is_met(count))
            verdict->missing = g_strdup_printf("%u %s", count->needed - count->counted, what);
        verdict->who = g_strdup(count->who);
        for (unsigned i = 0; i < count->rejected->len; i++) {
            g_autofree char *old = verdict->text;
            verdict->text =
                g_strdup_printf("%s; %s", old, (const char *)g_ptr_array_index(count->rejected, i));
        }
    }
    for (unsigned i = 0; i < count->statements->len; i++)
        g_ptr_array_add(verdict->evidence, g_strdup(g_ptr_array_index(count->statements, i)));
    return g_steal_pointer(&verdict);
}

/* S and predicate type of the evidence about an asset. */
static bool
scan_subject(FactView *view, const Digest *digest, GPtrArray **rows_out, GError **error)
{
    char text[DIGEST_STRING_SIZE];

    digest_to_string(digest, text);
    return fact_view_scan(view, FACT_TABLE_SUBJECT, text, rows_out, error);
}

static int
compare_by_index(const void *a, const void *b)
{
    int64_t left = fact_row_int(*(FactRow *const *)a, FACT_SUBJECT_INDEX);
    int64_t right = fact_row_int(*(FactRow *const *)b, FACT_SUBJECT_INDEX);

    return (left > right) - (left < right);
}

static void
unref_row(void *row)
{
    fact_row_unref(row);
}

/* Whether provenance @row is by a builder without isolation. */
static bool
is_unisolated(const FactRow *row)
{
    const char *text = fact_row_text(row, FACT_STATEMENT_PREDICATE);
    g_autoptr(GError) local = NULL;
    g_autoptr(json_t) summary =
        text == NULL ? NULL : json_parse(span_of_text(text), LIMIT_JSON_BYTES, &local);
    const char *builder = json_string_value(json_object_get(summary, "builderId"));

    return builder != NULL && fact_builder_is_unisolated(builder);
}

static bool
allows_unisolated(FactView *view, const char *object, bool *allowed_out, GError **error)
{
    g_autofree char *project = fact_dup_project(object);
    g_autoptr(FactRoster) roster = NULL;

    if (!fact_view_roster(view, project != NULL ? project : "", &roster, NULL, error))
        return false;
    *allowed_out = roster != NULL && fact_roster_allows_unisolated(roster, object);
    return true;
}

/* Whether the statement may be named: isolated, or the roster does not mind. */
static bool
may_name(FactView *view, const char *s, bool allowed, bool *may_out, GError **error)
{
    g_autoptr(FactRow) row = NULL;

    *may_out = true;
    if (allowed)
        return true;
    if (!fact_view_find_text(view, FACT_TABLE_STATEMENT, s, &row, error))
        return false;
    *may_out = row != NULL && !is_unisolated(row);
    return true;
}

bool
fact_collect_evidence(FactView *view, const char *object, const Manifest *manifest,
                      json_t **evidence_out, GError **error)
{
    bool allowed = false;
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(unref_row);

    if (!allows_unisolated(view, object, &allowed, error))
        return false;
    for (unsigned i = 0; i < manifest->assets->len; i++) {
        const ManifestAsset *asset = g_ptr_array_index(manifest->assets, i);
        g_autoptr(GPtrArray) rows = NULL;
        if (!scan_subject(view, &asset->digest, &rows, error))
            return false;
        for (unsigned j = 0; j < rows->len; j++) {
            FactRow *row = g_ptr_array_index(rows, j);
            if (!g_hash_table_contains(seen, fact_row_text(row, FACT_SUBJECT_STATEMENT))) {
                g_ptr_array_add(all, fact_row_ref(row));
                g_hash_table_add(seen, (char *)fact_row_text(row, FACT_SUBJECT_STATEMENT));
            }
        }
    }
    g_ptr_array_sort(all, compare_by_index);
    g_autoptr(json_t) evidence = json_array();
    for (unsigned i = 0; i < all->len; i++) {
        const char *s = fact_row_text(g_ptr_array_index(all, i), FACT_SUBJECT_STATEMENT);
        bool may = false;
        if (!may_name(view, s, allowed, &may, error))
            return false;
        if (may)
            json_array_append_new(evidence, json_string(s));
    }
    *evidence_out = g_steal_pointer(&evidence);
    return true;
}

/* Each named S is admitted evidence, and isolated unless the roster allows otherwise. */
static bool
check_named(FactView *view, const char *object, const json_t *evidence, GHashTable *named,
            FactVerdict **verdict_out, GError **error)
{
    bool allowed = false;
    size_t i = 0;
    json_t *item = NULL;

    if (!allows_unisolated(view, object, &allowed, error))
        return false;
    json_array_foreach (evidence, i, item) {
        const char *s = json_string_value(item);
        g_autoptr(FactRow) row = NULL;
        if (!fact_view_find_text(view, FACT_TABLE_STATEMENT, s, &row, error))
            return false;
        if (row == NULL ||
            fact_kind_from_name(fact_row_text(row, FACT_STATEMENT_KIND)) != FACT_EVIDENCE) {
            *verdict_out =
                fact_verdict_void(FACT_RULE_REFERENCE, "'%s' is not evidence in this log", s);
            return true;
        }
        if (!allowed && is_unisolated(row)) {
            *verdict_out = fact_verdict_void(
                FACT_RULE_ISOLATION,
                "'%s' was built without isolation, and the roster does not allow it", s);
            return true;
        }
        g_hash_table_add(named, (char *)s);
    }
    return true;
}

/* Whether @asset has named evidence of @type; @other_out: some S of that type that is not named. */
static bool
asset_has(FactView *view, const ManifestAsset *asset, const char *type, GHashTable *named,
          bool *has_out, char **other_out, GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;

    if (!scan_subject(view, &asset->digest, &rows, error))
        return false;
    *has_out = false;
    for (unsigned i = 0; i < rows->len && !*has_out; i++) {
        const FactRow *row = g_ptr_array_index(rows, i);
        const char *s = fact_row_text(row, FACT_SUBJECT_STATEMENT);
        if (strcmp(fact_row_text(row, FACT_SUBJECT_TYPE), type) != 0)
            continue;
        *has_out = g_hash_table_contains(named, s);
        g_free(*other_out);
        *other_out = g_strdup(s);
    }
    return true;
}

/* The refusal for an asset without evidence of a type; @other: there is some that was not named. */
static bool
refuse_missing(FactView *view, const ManifestAsset *asset, const char *type, const char *other,
               FactVerdict **verdict_out, GError **error)
{
    g_autoptr(FactRow) row = NULL;

    if (other != NULL && !fact_view_find_text(view, FACT_TABLE_STATEMENT, other, &row, error))
        return false;
    bool unisolated = row != NULL && is_unisolated(row);
    if (unisolated)
        *verdict_out = fact_verdict_void(
            FACT_RULE_ISOLATION,
            "asset '%s' was built without isolation, and the roster does not allow it",
            asset->name);
    else
        *verdict_out = fact_verdict_void(
            FACT_RULE_EVIDENCE, "asset '%s' lacks required evidence '%s'", asset->name, type);
    (*verdict_out)->missing = g_strdup_printf("'%s' about '%s'", type, asset->name);
    (*verdict_out)->who = g_strdup("a run of the pipeline");
    return true;
}

static bool
check_required(FactView *view, const Manifest *manifest, const ManifestEvidence *required,
               GHashTable *named, FactVerdict **verdict_out, GError **error)
{
    unsigned n = required->assets != NULL ? required->assets->len : manifest->assets->len;

    for (unsigned i = 0; i < n && *verdict_out == NULL; i++) {
        bool has = false;
        g_autofree char *other = NULL;
        const ManifestAsset *asset =
            required->assets != NULL
                ? manifest_find_asset(manifest, g_ptr_array_index(required->assets, i))
                : g_ptr_array_index(manifest->assets, i);
        if (!asset_has(view, asset, required->predicate_type, named, &has, &other, error))
            return false;
        if (!has &&
            !refuse_missing(view, asset, required->predicate_type, other, verdict_out, error))
            return false;
    }
    return true;
}

bool
fact_gate_evidence(FactView *view, const char *object, const Manifest *manifest, const char *type,
                   const json_t *evidence, FactVerdict **verdict_out, GError **error)
{
    g_autoptr(GHashTable) named = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(FactVerdict) verdict = NULL;

    if (!check_named(view, object, evidence, named, &verdict, error))
        return false;
    for (unsigned i = 0; verdict == NULL && i < manifest->evidence->len; i++) {
        const ManifestEvidence *required = g_ptr_array_index(manifest->evidence, i);
        if (type != NULL && strcmp(type, required->predicate_type) != 0)
            continue;
        if (!check_required(view, manifest, required, named, &verdict, error))
            return false;
    }
    *verdict_out = verdict != NULL ? g_steal_pointer(&verdict) : fact_verdict_admit();
    return true;
}

static bool
load_manifest(FactView *view, const Digest *s, Manifest **out, GError **error)
{
    g_autoptr(json_t) seal = NULL;

    if (!fact_view_predicate(view, s, FACT_SEAL, &seal, NULL, error))
        return false;
    *out = NULL;
    if (seal == NULL)
        return true;
    *out = manifest_parse(json_object_get(seal, "body"), error);
    return *out != NULL;
}

/* Every named approval must be an approval of this log, before they are counted. */
static bool
check_approvals_known(FactView *view, const json_t *approvals, FactVerdict **verdict_out,
                      GError **error)
{
    size_t i = 0;
    json_t *item = NULL;

    json_array_foreach (approvals, i, item) {
        g_autoptr(FactRow) row = NULL;
        if (!fact_view_find_text(view, FACT_TABLE_STATEMENT, json_string_value(item), &row, error))
            return false;
        if (row == NULL ||
            fact_kind_from_name(fact_row_text(row, FACT_STATEMENT_KIND)) != FACT_APPROVAL) {
            *verdict_out =
                fact_verdict_void(FACT_RULE_REFERENCE, "'%s' is not an approval in this log",
                                  json_string_value(item));
            return true;
        }
    }
    return true;
}

static bool
judge_approvals(FactView *view, const Predicate *predicate, const IntentBody *intent,
                FactVerdict **verdict_out, GError **error)
{
    g_auto(OpenRequest) request = { 0 };
    g_autoptr(FactCount) count = NULL;

    if (!load_request(view, &intent->request, predicate->at_us, &request, error))
        return false;
    if (!digest_equal(&request.body.manifest, &intent->manifest) ||
        !json_equal(request.body.targets, intent->targets)) {
        *verdict_out = fact_verdict_void(FACT_RULE_REFERENCE,
                                         "manifest or targets are not those of the request");
        return true;
    }
    if (request.body.expires_us < predicate->at_us) {
        *verdict_out = fact_verdict_void(FACT_RULE_EXPIRED, "the request has expired");
        (*verdict_out)->missing = g_strdup("a new request");
        return true;
    }
    if (!check_approvals_known(view, intent->approvals, verdict_out, error))
        return false;
    if (*verdict_out != NULL)
        return true;
    if (!fact_count_approvals(view, &intent->request, intent->approvals, predicate->at_us, &count,
                              error))
        return false;
    *verdict_out = verdict_of_count(count, FACT_RULE_APPROVALS, "approvals");
    return true;
}

bool
fact_gate_publish(FactView *view, const Predicate *predicate, FactVerdict **verdict_out,
                  GError **error)
{
    IntentBody intent = { 0 };
    g_autoptr(FactVerdict) verdict = NULL;
    g_autoptr(Manifest) manifest = NULL;

    if (!fact_body_intent(predicate->body, &intent, error) ||
        !load_manifest(view, &intent.manifest, &manifest, error))
        return false;
    if (manifest == NULL) {
        *verdict_out =
            fact_verdict_void(FACT_RULE_REFERENCE, "the manifest is not a seal in this log");
        return true;
    }
    if (!judge_approvals(view, predicate, &intent, &verdict, error))
        return false;
    if (verdict->outcome == FACT_ADMITTED) {
        g_clear_pointer(&verdict, fact_verdict_free);
        if (!fact_gate_evidence(view, predicate->object, manifest, NULL, intent.evidence, &verdict,
                                error))
            return false;
    }
    *verdict_out = g_steal_pointer(&verdict);
    return true;
}
