/* SPDX-License-Identifier: Apache-2.0
 * release_decide: asking people, counting what they say, and the intent to publish. */
#include <string.h>
#include "attest/decision.h"
#include "attest/facts_line.h"
#include "base/json.h"
#include "base/limits.h"
#include "fact/build.h"
#include "fact/gate.h"
#include "service/engine_view.h"
#include "service/publication.h"
#include "service/release.h"
#include "service/release_facts.h"
#include "service/release_priv.h"
#include "base/banned.h"

/* ---- request
 * -------------------------------------------------------------------------------------- */

typedef struct Request {
    const char *const *targets;
    int64_t expires_us;
} Request;

static FactDecision *
decide_request(FactView *view, const FactCommand *command, void *input, GError **error)
{
    static const char *const initiators[] = { "unresolved", NULL };
    const Request *request = input;

    return fact_decide_request(view, command, request->targets, initiators, request->expires_us,
                               error);
}

/* Every target must be known before people are asked about it. */
static bool
check_targets(Engine *engine, const char *object, const char *const *targets, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);

    if (reader == NULL)
        return false;
    for (size_t i = 0; targets[i] != NULL; i++) {
        g_auto(TargetRow) row = { 0 };

        if (!target_row_load(reader, object, targets[i], &row, error))
            return false;
    }
    return true;
}

bool
release_request(Engine *engine, const char *object, const char *const *targets, int64_t life_us,
                const ReleaseCommand *command, json_t **result_out, GError **error)
{
    g_auto(Draft) draft = { 0 };
    int64_t expires_us = clock_now_us(engine->clock) + life_us;
    Request input = { .targets = targets, .expires_us = expires_us };
    LaneRequest request = { .role = SIGNER_ROLE_ENGINE,
                            .object = object,
                            .command = command->command,
                            .expect = command->expect,
                            .decide = decide_request,
                            .input = &input };
    LaneAnswer answer = { 0 };
    json_t *array = NULL;

    if (targets == NULL || targets[0] == NULL) {
        g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);

        if (reader == NULL || !draft_load(reader, object, &draft, error))
            return false;
        input.targets = (const char *const *)draft.targets;
    }
    if (input.targets[0] == NULL || input.targets[0][0] == '\0') {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "say where to publish '%s': '--target NAME', or 'targets:' of its stream in "
                  "slipway.yaml",
                  object + strlen("release:"));
        return false;
    }
    if (!check_targets(engine, object, input.targets, error) ||
        !lane_submit(engine->lane, &request, &answer, error)) {
        error_prefix(error, "cannot request publication of '%s'", object + strlen("release:"));
        return false;
    }
    array = json_array();
    for (size_t i = 0; input.targets[i] != NULL; i++)
        json_array_append_new(array, json_string(input.targets[i]));
    *result_out = release_answer(object, "request", &answer);
    json_object_set_new(*result_out, "targets", array);
    json_object_set_new(*result_out, "expires", json_integer(expires_us));
    return true;
}

json_t *
release_decision_json(const Decision *decision, GError **error)
{
    g_autoptr(GBytes) bytes = decision_build(decision, error);

    return bytes != NULL ? json_parse(span_of_bytes(bytes), LIMIT_JSON_BYTES, error) : NULL;
}

/* ---- approval
 * ------------------------------------------------------------------------------------- */

bool
release_decision_request(Engine *engine, const char *object, const char *person, int64_t life_us,
                         json_t **result_out, GError **error)
{
    MerkleHead head = { 0 };
    g_autoptr(GBytes) note = lane_checkpoint(engine->lane, &head, error);
    g_auto(EngineView) view = { 0 };
    g_autoptr(GArray) indexes = NULL;
    g_autoptr(Decision) decision = NULL;
    g_autoptr(json_t) lines = json_array();
    json_t *decision_json = NULL;
    int64_t now_us = clock_now_us(engine->clock);

    if (note == NULL || !engine_view_open(engine, &view, error))
        return false;
    decision = fact_decision_template(view.view, object, person, now_us, error);
    if (decision == NULL)
        return false;
    decision->expires_us = MIN(decision->expires_us, now_us + life_us);
    indexes = release_facts_for_request(view.view, object, error);
    if (indexes == NULL)
        return false;
    for (guint i = 0; i < indexes->len; i++) {
        g_autofree char *line =
            release_fact_line(engine, g_array_index(indexes, int64_t, i), head.size, error);

        if (line == NULL)
            return false;
        json_array_append_new(lines, json_string(g_strchomp(line)));
    }
    decision_json = release_decision_json(decision, error);
    if (decision_json == NULL)
        return false;
    *result_out = json_object();
    json_object_set_new(*result_out, "release", json_string(object + strlen("release:")));
    json_object_set_new(*result_out, "decision", decision_json);
    json_object_set(*result_out, "facts", lines);
    json_object_set_new(*result_out, "checkpoint",
                        json_stringn(g_bytes_get_data(note, NULL), g_bytes_get_size(note)));
    return true;
}

static FactDecision *
decide_approval(FactView *view, const FactCommand *command, void *input, GError **error)
{
    return fact_decide_approval(view, command, input, error);
}

bool
release_approve(Engine *engine, const char *object, const json_t *pair, const char *command,
                json_t **result_out, GError **error)
{
    g_autofree char *actor = NULL;
    LaneRequest request = { .role = SIGNER_ROLE_ENGINE,
                            .object = object,
                            .command = command,
                            .decide = decide_approval,
                            .input = (void *)pair };
    LaneAnswer answer = { 0 };
    json_t *decision = json_need_object(pair, "decision", "approval", error);
    const char *person =
        decision != NULL ? json_need_string(decision, "person", "decision", error) : NULL;

    if (person == NULL)
        return false;
    actor = g_strdup_printf("person:%s", person);
    request.actor = actor;
    if (!lane_submit(engine->lane, &request, &answer, error)) {
        error_prefix(error, "cannot count the decision of '%s' about '%s'", person,
                     object + strlen("release:"));
        return false;
    }
    *result_out = release_answer(object, "approval", &answer);
    json_object_set_new(*result_out, "person", json_string(person));
    return true;
}

static json_t *
string_array(GPtrArray *strings)
{
    json_t *array = json_array();

    for (guint i = 0; strings != NULL && i < strings->len; i++)
        json_array_append_new(array, json_string(strings->pdata[i]));
    return array;
}

/* How many approvals the pipeline file asks for; the roster may ask for more. */
static bool
file_approvals(Engine *engine, const char *object, unsigned *out, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_auto(Draft) draft = { 0 };
    g_autoptr(GError) local = NULL;

    *out = 0;
    if (reader == NULL)
        return false;
    if (draft_load(reader, object, &draft, &local)) {
        *out = draft.approvals;
        return true;
    }
    if (error_kind(local) == ERROR_KIND_NOT_FOUND) {
        error_ignore(false, &local, "sealed elsewhere, or its draft is lost: the roster decides");
        return true;
    }
    g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

bool
release_approvals(Engine *engine, const char *object, json_t **result_out, GError **error)
{
    g_auto(EngineView) view = { 0 };
    g_auto(FactRelease) release = { 0 };
    g_autoptr(json_t) approvals = NULL;
    g_autoptr(FactCount) count = NULL;
    int64_t now_us = clock_now_us(engine->clock);
    unsigned at_least = 0;

    if (!engine_view_open(engine, &view, error) ||
        !fact_view_release(view.view, object, &release, error))
        return false;
    if (!release.has_request) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "nobody has asked to publish '%s' yet: 'slipway release request'",
                  object + strlen("release:"));
        return false;
    }
    if (!fact_collect_approvals(view.view, &release.request, now_us, &approvals, error) ||
        !fact_count_approvals(view.view, &release.request, approvals, now_us, &count, error))
        return false;
    if (!file_approvals(engine, object, &at_least, error))
        return false;
    *result_out = json_object();
    json_object_set_new(*result_out, "release", json_string(object + strlen("release:")));
    json_object_set_new(*result_out, "request", json_digest(&release.request));
    json_object_set_new(*result_out, "needed", json_integer(MAX(count->needed, at_least)));
    json_object_set_new(*result_out, "counted", json_integer(count->counted));
    json_object_set_new(*result_out, "people", string_array(count->people));
    json_object_set_new(*result_out, "rejected", string_array(count->rejected));
    json_object_set_new(*result_out, "who", json_string(count->who != NULL ? count->who : ""));
    return true;
}

/* ---- intent
 * --------------------------------------------------------------------------- */

static FactDecision *
decide_intent(FactView *view, const FactCommand *command, void *input, GError **error)
{
    (void)input;
    return fact_decide_publish_intent(view, command, error);
}

/* Says more than the rule about requests would. */
static bool
check_alive(Engine *engine, const char *object, GError **error)
{
    g_auto(EngineView) view = { 0 };
    g_auto(FactRelease) release = { 0 };

    if (!engine_view_open(engine, &view, error) ||
        !fact_view_release(view.view, object, &release, error))
        return false;
    if (release.state != RELEASE_REJECTED && release.state != RELEASE_REVOKED)
        return true;
    error_set(error, LANE_ERROR, LANE_ERROR_REFUSED, "it is %s, which is the end of its name",
              release_state_name(release.state));
    return false;
}

bool
release_publish_intent(Engine *engine, const char *object, const ReleaseCommand *command,
                       json_t **result_out, GError **error)
{
    LaneRequest request = { .role = SIGNER_ROLE_ENGINE,
                            .object = object,
                            .command = command->command,
                            .expect = command->expect,
                            .decide = decide_intent };
    LaneAnswer answer = { 0 };

    if (!check_alive(engine, object, error) ||
        !file_approvals(engine, object, &request.approvals, error) ||
        !lane_submit(engine->lane, &request, &answer, error)) {
        error_prefix(error, "cannot publish '%s'", object + strlen("release:"));
        return false;
    }
    *result_out = release_answer(object, "intent", &answer);
    return true;
}
