/* SPDX-License-Identifier: Apache-2.0
 * intake: from bytes of a stranger to a durable answer.
 *
 * 1. What is not signed by somebody who knows the hook's secret is answered with 401 and nothing
 *    else, whether the project, the file of secrets or the signature is what is missing.
 * 2. Only then is the payload read; what is wrong with it may be told.
 * 3. A 2xx is sent after the commit that holds the delivery and its run. */
#include "service/intake.h"
#include <fcntl.h>
#include <string.h>
#include "base/digest.h"
#include "base/encoding.h"
#include "base/files.h"
#include "base/json.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/ulid.h"
#include "forge/payload.h"
#include "service/engine_priv.h"
#include "service/intake_priv.h"
#include "service/outbox.h"
#include "service/project.h"
#include "service/queue.h"
#include "base/banned.h"

#define HOOK_FILE_MAX 4096

void
intake_answer_clear(IntakeAnswer *answer)
{
    g_clear_pointer(&answer->body, json_decref);
}

static void
say(IntakeAnswer *answer, unsigned status, const char *error, const char *message)
{
    answer->status = status;
    answer->body = json_pack("{s:s,s:s}", "error", error, "message", message);
}

/* For the operator only. */
static void
log_refusal(const IntakeRequest *request, const char *cause)
{
    g_autofree char *hook = error_printable(request->hook != NULL ? request->hook : "");

    log_event(LOG_WARNING, "refused a delivery", "SLIPWAY_PROJECT", hook, "SLIPWAY_PEER",
              request->peer != NULL ? request->peer : "", "SLIPWAY_CAUSE", cause, NULL);
}

static void
refuse(const IntakeRequest *request, IntakeAnswer *answer, const char *cause)
{
    log_refusal(request, cause);
    say(answer, 401, "denied", "the delivery is not signed as this hook wants it");
}

static bool
load_project(Engine *engine, const char *name, Project *out, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);

    return reader != NULL && project_load(reader, name, out, error);
}

/* Whether the delivery is signed with one of the secrets in @path. */
static bool
signature_holds(const ForgeDelivery *delivery, const char *path, const char **cause_out)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) content =
        path[0] != '\0' ? file_read(AT_FDCWD, path, HOOK_FILE_MAX, &local) : NULL;
    Span secrets[FORGE_SECRETS_MAX] = { 0 };
    size_t n = 0;
    bool holds = false;

    *cause_out = "the project's hook has no file of secrets that can be read";
    if (content == NULL)
        return false;
    Span rest = span_of_bytes(content);
    while (rest.len > 0 && n < FORGE_SECRETS_MAX) {
        const uint8_t *end = memchr(rest.data, '\n', rest.len);
        size_t len = end != NULL ? (size_t)(end - rest.data) : rest.len;
        size_t skip = end != NULL ? len + 1 : len;

        while (len > 0 && rest.data[len - 1] <= ' ')
            len--;
        if (len > 0)
            secrets[n++] = span_of(rest.data, len);
        rest = span_of(rest.data + skip, rest.len - skip);
    }
    holds = forge_signature_holds(delivery, secrets, n);
    secret_wipe((void *)span_of_bytes(content).data, span_of_bytes(content).len);
    *cause_out = "wrong signature or none";
    return holds;
}

typedef struct Recording {
    const IntakeItem *item;
    IntakeResult result;
} Recording;

static bool
record(DbConn *conn, void *input, GError **error)
{
    Recording *recording = input;

    return intake_record(conn, recording->item, &recording->result, error);
}

static void
answer_result(const IntakeItem *item, const IntakeResult *result, IntakeAnswer *answer)
{
    bool accepted = result->action == INTAKE_QUEUED || result->action == INTAKE_HELD;

    if (result->conflict) {
        say(answer, 409, "conflict", "this delivery's name was used for another body");
        return;
    }
    answer->status = accepted && !result->known ? 202 : 200;
    answer->body = intake_result_json(item, result);
}

/* Writes it and says what came of it; wakes those who wait for such rows. */
static void
commit(Engine *engine, const IntakeItem *item, const IntakeRequest *request, IntakeAnswer *answer)
{
    g_autoptr(GError) error = NULL;
    Recording recording = { .item = item };

    if (db_write(engine->db, DB_LANE_ACKNOWLEDGED, record, &recording, &error)) {
        answer_result(item, &recording.result, answer);
        if (recording.result.conflict)
            log_refusal(request, "its name was used for another body");
        if (answer->status == 202 || recording.result.action == INTAKE_CANCELLED) {
            queue_wake(engine);
            outbox_wake(engine);
        }
    } else if (error_kind(error) == ERROR_KIND_BUSY) {
        say(answer, 503, "busy", "too much is waiting: send it again");
    } else {
        log_event(LOG_ERROR, "a delivery could not be written", "SLIPWAY_PROJECT", item->project,
                  "SLIPWAY_CAUSE", error->message, NULL);
        say(answer, 503, "unavailable", "it could not be written: send it again");
    }
    intake_result_clear(&recording.result);
}

static void
receive_signed(Engine *engine, const IntakeRequest *request, const ForgeDelivery *delivery,
               const Project *project, IntakeAnswer *answer)
{
    g_autoptr(GError) error = NULL;
    g_auto(ForgeEvent) event = { 0 };
    Digest digest = digest_of(request->body);
    g_autofree char *body = hex_encode(span_of(digest.bytes, sizeof digest.bytes));
    const char *id = forge_delivery_id(delivery);
    char own[ULID_SIZE] = "";
    IntakeItem item = { .project = project->name,
                        .body = body,
                        .event = &event,
                        .peer = request->peer != NULL ? request->peer : "",
                        .now_us = clock_now_us(engine->clock) };

    if (!forge_payload_read(delivery, &event, &error)) {
        log_refusal(request, error->message);
        say(answer, error_kind(error) == ERROR_KIND_LIMIT ? 413 : 400, "invalid", error->message);
        return;
    }
    ulid_make(item.now_us, own);
    item.delivery = id != NULL ? id : own;
    /* A delivery's name is not signed: a replay may have any. GitLab's bodies say no time and have
     * no signature, so there the same bytes may well be meant twice. */
    item.body_counts = delivery->type != FORGE_GITLAB && event.kind != FORGE_EVENT_PING;
    commit(engine, &item, request, answer);
}

void
intake_receive(Engine *engine, const IntakeRequest *request, IntakeAnswer *answer_out)
{
    g_autoptr(GError) error = NULL;
    g_auto(Project) project = { 0 };
    ForgeDelivery delivery = { .type = forge_type_from_string(request->forge),
                               .header = request->header,
                               .data = request->data,
                               .body = request->body };
    const char *cause = NULL;

    *answer_out = (IntakeAnswer){ 0 };
    if (request->body.len > INTAKE_BODY_MAX) {
        log_refusal(request, "too long");
        say(answer_out, 413, "limit", "a delivery has at most 16 MiB");
        return;
    }
    if (!load_project(engine, request->hook, &project, &error)) {
        if (error_kind(error) == ERROR_KIND_NOT_FOUND)
            refuse(request, answer_out, "no such project");
        else
            say(answer_out, 503, "unavailable", "it could not be looked at: send it again");
        return;
    }
    if (delivery.type == FORGE_NONE || delivery.type != project.forge)
        refuse(request, answer_out, "another forge than the project's");
    else if (!signature_holds(&delivery, project.hook_file, &cause))
        refuse(request, answer_out, cause);
    else
        receive_signed(engine, request, &delivery, &project, answer_out);
}
