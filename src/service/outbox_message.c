/* SPDX-License-Identifier: Apache-2.0
 * outbox_message: a waiting row as the request that tells it. */
#include <string.h>
#include "base/random.h"
#include "forge/status.h"
#include "service/outbox_priv.h"
#include "service/project.h"
#include "base/banned.h"

#define TIMEOUT_MS       30000
#define BACKOFF_FIRST_US 1000000ll
#define BACKOFF_MOST_US  (3600ll * 1000000)
#define BACKOFF_DOUBLES  12
#define FIXED            "fixed"

void
outbox_row_clear(OutboxRow *row)
{
    g_free(row->lane);
    g_free(row->project);
    g_free(row->channel);
    g_free(row->run_state);
    g_free(row->description);
    g_free(row->target_url);
    g_free(row->effect);
    memset(row, 0, sizeof *row);
}

void
outbox_message_clear(OutboxMessage *message)
{
    g_free(message->url);
    g_free(message->body);
    g_free(message->secret_file);
    g_free(message->account);
    g_free(message->from);
    g_strfreev(message->recipients);
    g_free(message->event);
    g_free(message->delivery);
    g_free(message->host);
    memset(message, 0, sizeof *message);
}

int64_t
outbox_backoff_us(int64_t attempts, int64_t wait_s)
{
    uint32_t random = 0;
    int64_t base = BACKOFF_FIRST_US << CLAMP(attempts, 0, BACKOFF_DOUBLES);
    int64_t wait_us = wait_s * 1000000;

    base = MAX(MIN(base, BACKOFF_MOST_US), wait_us);
    random_fill(&random, sizeof random);
    return base + (int64_t)((uint64_t)base / 4 * (random % 1024) / 1024);
}

static ForgeState
forge_state_of(const char *name)
{
    switch (run_state_from_string(name)) {
    case RUN_QUEUED:
    case RUN_PREPARING:
        return FORGE_STATE_QUEUED;
    case RUN_RUNNING:
        return FORGE_STATE_RUNNING;
    case RUN_PASSED:
        return FORGE_STATE_PASSED;
    case RUN_FAILED:
        return FORGE_STATE_FAILED;
    case RUN_CANCELLED:
        return FORGE_STATE_CANCELLED;
    default:
        return FORGE_STATE_ERROR;
    }
}

static SenderAuth
sender_auth_of(ForgeAuth auth)
{
    return auth == FORGE_AUTH_BEARER          ? SENDER_AUTH_BEARER
           : auth == FORGE_AUTH_TOKEN         ? SENDER_AUTH_TOKEN
           : auth == FORGE_AUTH_PRIVATE_TOKEN ? SENDER_AUTH_PRIVATE_TOKEN
                                              : SENDER_AUTH_NONE;
}

static char *
host_of(const char *url)
{
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);

    return uri == NULL || g_uri_get_host(uri) == NULL
               ? g_strdup("")
               : g_strdup_printf("%s:%d", g_uri_get_host(uri), g_uri_get_port(uri));
}

static bool
make_status(const OutboxRow *row, const Project *project, const RunRecord *run, OutboxMessage *out,
            GError **error)
{
    g_auto(ForgeRequest) request = { 0 };
    ForgeStatus status = {
        .type = project->forge,
        .api_url = project->api_url,
        .repository = project->repository,
        .commit = run->commit,
        .state = forge_state_of(row->run_state),
        .context = project->context,
        .description = row->description,
        .target_url = row->target_url[0] != '\0' ? row->target_url : NULL,
        .ref = run->ref,
    };

    if (!forge_status_request(&status, &request, error))
        return false;
    out->url = g_steal_pointer(&request.url);
    out->body = g_steal_pointer(&request.body);
    out->secret_file = g_strdup(project->token_file);
    out->host = host_of(out->url);
    out->request = (SenderRequest){ .url = out->url,
                                    .body = out->body,
                                    .accept = request.accept,
                                    .auth = sender_auth_of(request.auth),
                                    .secret_file = out->secret_file,
                                    .timeout_ms = TIMEOUT_MS };
    return true;
}

static bool
load_channel(DbConn *conn, const OutboxRow *row, OutboxChannel *out, GError **error)
{
    g_autoptr(DbRows) rows =
        db_select(conn, QUERY_CHANNEL_BY_NAME,
                  DB_PARAMS(DB_TEXT(row->project), DB_TEXT(row->channel)), error);
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    if (!has_row) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no channel '%s' any more",
                  row->channel);
        return false;
    }
    outbox_channel_read(rows, out);
    return true;
}

static SenderAuth
channel_auth(const OutboxChannel *channel)
{
    if (channel->secret_file[0] == '\0')
        return SENDER_AUTH_NONE;
    return channel->type == NOTICE_WEBHOOK ? SENDER_AUTH_HMAC
           : channel->type == NOTICE_SLACK ? SENDER_AUTH_URL
                                           : SENDER_AUTH_PASSWORD;
}

static bool
make_notice(const OutboxRow *row, OutboxChannel *channel, const RunRecord *run, OutboxMessage *out,
            GError **error)
{
    bool fixed = strcmp(row->run_state, FIXED) == 0;
    g_autofree char *id = g_strdelimit(g_strdup(row->effect), ":", '-');
    Notice notice = { .project = row->project,
                      .number = run->number,
                      .state = fixed ? run_state_name(RUN_PASSED) : row->run_state,
                      .fixed = fixed,
                      .ref = run->ref,
                      .commit = run->commit,
                      .reason = run->reason,
                      .url = row->target_url,
                      .at_us = row->created_us,
                      .id = id };

    out->body = notice_body(channel->type, &notice, channel->from,
                            (const char *const *)channel->recipients, error);
    if (out->body == NULL)
        return false;
    out->url = g_steal_pointer(&channel->url);
    out->secret_file = g_steal_pointer(&channel->secret_file);
    out->account = g_steal_pointer(&channel->account);
    out->from = g_steal_pointer(&channel->from);
    out->recipients = g_steal_pointer(&channel->recipients);
    out->event = g_strdup("run");
    out->delivery = g_steal_pointer(&id);
    out->host = out->url[0] != '\0' ? host_of(out->url) : g_strdup(channel->name);
    return true;
}

static bool
make_channel_message(DbConn *conn, const OutboxRow *row, const RunRecord *run, OutboxMessage *out,
                     GError **error)
{
    g_auto(OutboxChannel) channel = { 0 };

    if (!load_channel(conn, row, &channel, error))
        return false;
    SenderAuth auth = channel_auth(&channel);
    bool mail = channel.type == NOTICE_MAIL;
    bool webhook = channel.type == NOTICE_WEBHOOK;
    if (!make_notice(row, &channel, run, out, error))
        return false;
    out->request = (SenderRequest){
        .url = out->url,
        .body = out->body,
        .auth = auth,
        .secret_file = auth != SENDER_AUTH_NONE ? out->secret_file : NULL,
        .event = webhook ? out->event : NULL,
        .delivery = webhook ? out->delivery : NULL,
        .account = mail ? out->account : NULL,
        .from = mail ? out->from : NULL,
        .recipients = mail ? (const char *const *)out->recipients : NULL,
        .timeout_ms = TIMEOUT_MS,
    };
    return true;
}

bool
outbox_message_make(DbConn *conn, const OutboxRow *row, OutboxMessage *out, GError **error)
{
    g_auto(RunRecord) run = { 0 };
    g_auto(Project) project = { 0 };

    if (!run_record_load(conn, row->run, &run, error) ||
        !project_load(conn, row->project, &project, error))
        return false;
    return row->channel[0] == '\0' ? make_status(row, &project, &run, out, error)
                                   : make_channel_message(conn, row, &run, out, error);
}
