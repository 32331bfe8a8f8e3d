/* SPDX-License-Identifier: Apache-2.0
 * client: the engine's end: starts the sender process and asks it. */
#include "sender/client.h"
#include <string.h>
#include <unistd.h>
#include "base/files.h"
#include "sender/protocol_priv.h"
#include "sys/channel.h"
#include "sys/paths.h"
#include "sys/process.h"
#include "base/banned.h"

#define END_TIMEOUT_MS 2000 /* from closing its channel to killing it */

struct SenderClient {
    Process *process; /* owned; NULL until needed */
    Channel *channel; /* owned */
};

SenderClient *
sender_client_new(void)
{
    return g_new0(SenderClient, 1);
}

static void
stop(SenderClient *client)
{
    g_autoptr(GError) local = NULL;

    g_clear_pointer(&client->channel, channel_free);
    if (client->process != NULL)
        error_ignore(process_wait(client->process, END_TIMEOUT_MS, NULL, NULL, &local), &local,
                     "process_free kills it");
    g_clear_pointer(&client->process, process_free);
}

void
sender_client_free(SenderClient *client)
{
    if (client == NULL)
        return;
    stop(client);
    g_free(client);
}

int
sender_client_fd(const SenderClient *client)
{
    return client->channel != NULL ? channel_fd(client->channel) : -1;
}

static bool
start(SenderClient *client, GError **error)
{
    g_autofree char *program = paths_find_helper(SENDER_PROGRAM, error);
    const char *argv[] = { program, NULL };
    g_autoptr(Channel) ours = NULL;
    AUTO_FD int theirs = -1;

    if (program == NULL || !channel_pair(&ours, &theirs, error))
        return false;
    ProcessFd fd = { .from = theirs, .to = SENDER_CHANNEL_FD };
    ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = argv, .fds = &fd, .n_fds = 1 };
    spec.stderr_fd = STDERR_FILENO;
    client->process = process_spawn(&spec, error);
    if (client->process == NULL)
        return false;
    client->channel = g_steal_pointer(&ours);
    return true;
}

static void
set_lost(GError *cause, GError **error)
{
    error_set(error, SENDER_ERROR, SENDER_ERROR_LOST, "the sender is lost: %s", cause->message);
    g_error_free(cause);
}

bool
sender_submit(SenderClient *client, int64_t number, const SenderRequest *request, GError **error)
{
    g_autoptr(json_t) json = sender_request_to_json(number, request);
    g_autofree char *text = NULL;
    size_t len = 0;
    GError *cause = NULL;

    if (request->body != NULL && strlen(request->body) > SENDER_BODY_MAX) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "a request has at most %u bytes",
                  SENDER_BODY_MAX);
        return false;
    }
    text = json_canonical(json, &len, error);
    if (text == NULL)
        return false;
    if ((client->channel == NULL && !start(client, &cause)) ||
        !channel_send(client->channel, span_of(text, len), NULL, 0, &cause)) {
        stop(client);
        set_lost(cause, error);
        return false;
    }
    return true;
}

bool
sender_receive(SenderClient *client, int timeout_ms, SenderAnswer *answer_out, GError **error)
{
    g_auto(ChannelMessage) message = { 0 };
    GError *cause = NULL;

    if (client->channel == NULL) {
        error_set(error, SENDER_ERROR, SENDER_ERROR_LOST, "the sender is not running");
        return false;
    }
    if (!channel_receive(client->channel, timeout_ms, NULL, &message, &cause)) {
        if (error_kind(cause) == ERROR_KIND_TIMEOUT) {
            g_propagate_error(error, cause);
            return false;
        }
        stop(client);
        set_lost(cause, error);
        return false;
    }
    if (!sender_answer_parse(span_of_bytes(message.payload), answer_out, &cause)) {
        stop(client);
        set_lost(cause, error);
        return false;
    }
    return true;
}
