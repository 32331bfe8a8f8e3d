/* SPDX-License-Identifier: Apache-2.0
 * client: three ways to run an operation, chosen when the client is opened. */
#include "api/client.h"
#include <string.h>
#include "api/remote.h"
#include "api/socket.h"
#include "api/wire.h"
#include "base/json.h"
#include "base/files.h"
#include "base/limits.h"
#include "service/engine.h"
#include "sys/channel.h"
#include "sys/lock.h"
#include "sys/paths.h"
#include "sys/process.h"
#include "base/banned.h"

struct Client {
    char *home;       /* owned */
    Engine *engine;   /* owned; in this process */
    Socket *socket;   /* owned; answering others */
    Channel *channel; /* owned; to the holder */
    Remote *remote;   /* owned; a server elsewhere */
    bool apart;       /* by a child process, each time */
};

static bool
connect_holder(Client *client, GError **error)
{
    int fd = socket_connect(client->home, error);

    if (fd < 0)
        return false;
    client->channel = channel_new(fd);
    return true;
}

static bool
call_holder(Client *client, Span request, json_t **result_out, GError **error)
{
    g_auto(ChannelMessage) answer = { 0 };

    if (!channel_send(client->channel, request, NULL, 0, error) ||
        !channel_receive(client->channel, -1, NULL, &answer, error)) {
        error_prefix(error, "the process that holds '%s' did not answer", client->home);
        return false;
    }
    return wire_answer(span_of_bytes(answer.payload), result_out, error);
}

/* Who answers holds the folder; engine_open would wait first, in vain, for its lock. Connecting is
 * not enough: a holder that ends, or a dead one's child, may still have the socket. */
static bool
ask_holder(Client *client)
{
    g_autoptr(GBytes) request = wire_request("engine.version", NULL);
    g_autoptr(json_t) answer = NULL;

    if (!connect_holder(client, NULL))
        return false;
    if (call_holder(client, span_of_bytes(request), &answer, NULL))
        return true;
    g_clear_pointer(&client->channel, channel_free);
    return false;
}

Client *
client_open(const char *home, const char *command, ClientFlags flags, GError **error)
{
    g_autoptr(Client) client = g_new0(Client, 1);
    g_autoptr(GError) held = NULL;
    EngineOptions options = { .home = home, .command = command };

    client->home = g_strdup(home);
    client->apart = (flags & CLIENT_APART) != 0;
    if (client->apart) {
        (void)!connect_holder(client, NULL);
        return g_steal_pointer(&client);
    }
    if ((flags & CLIENT_HOLD) == 0 && ask_holder(client))
        return g_steal_pointer(&client);
    client->engine = engine_open(&options, &held);
    if (client->engine == NULL &&
        (!g_error_matches(held, LOCK_ERROR, LOCK_ERROR_HELD) || !connect_holder(client, NULL))) {
        g_propagate_error(error, g_steal_pointer(&held));
        return NULL;
    }
    return g_steal_pointer(&client);
}

Client *
client_open_remote(const char *url, const char *token_file, GError **error)
{
    g_autoptr(Client) client = g_new0(Client, 1);

    client->remote = remote_open(url, token_file, error);
    return client->remote != NULL ? g_steal_pointer(&client) : NULL;
}

void
client_free(Client *client)
{
    if (client == NULL)
        return;
    g_clear_pointer(&client->socket, socket_free);
    g_clear_pointer(&client->channel, channel_free);
    g_clear_pointer(&client->engine, engine_free);
    g_clear_pointer(&client->remote, remote_free);
    g_free(client->home);
    g_free(client);
}

/* `slipway call` in a process of its own: it is the engine, we are not. */
static bool
call_child(Client *client, Span request, json_t **result_out, GError **error)
{
    g_autofree char *program = paths_self(error);
    g_autofree char *home = g_strdup_printf("SLIPWAY_HOME=%s", client->home);
    const char *libexec = g_getenv("SLIPWAY_LIBEXEC");
    g_autofree char *helpers =
        libexec != NULL ? g_strdup_printf("SLIPWAY_LIBEXEC=%s", libexec) : NULL;
    const char *const argv[] = { program, "call", "-", NULL };
    const char *const env[] = { "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", home, helpers, NULL };
    ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = argv, .env = env };
    g_auto(ProcessResult) result = { 0 };

    if (program == NULL ||
        !process_run(&spec, request, LIMIT_CHANNEL_FRAME_BYTES, -1, NULL, &result, error))
        return false;
    if (g_bytes_get_size(result.output) == 0) {
        const char *said = g_strchomp(result.errors);

        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "the engine did not answer: %s",
                  g_str_has_prefix(said, "slipway: ") ? said + strlen("slipway: ") : said);
        return false;
    }
    return wire_answer(span_of_bytes(result.output), result_out, error);
}

bool
client_call(Client *client, const char *operation, const json_t *args, json_t **result_out,
            GError **error)
{
    ApiContext context = { .engine = client->engine, .role = API_ROLE_ADMIN, .actor = "operator" };
    g_autoptr(GBytes) request = NULL;

    if (client->engine != NULL)
        return api_call(&context, operation, args, result_out, error);
    if (client->remote != NULL)
        return remote_call(client->remote, operation, args, result_out, error);
    request = wire_request(operation, args);
    return client->channel != NULL ? call_holder(client, span_of_bytes(request), result_out, error)
                                   : call_child(client, span_of_bytes(request), result_out, error);
}

struct Engine *
client_get_engine(Client *client)
{
    return client->engine;
}

bool
client_listen(Client *client, GError **error)
{
    if (client->engine == NULL || client->socket != NULL)
        return true;
    client->socket = socket_listen(client->home, client->engine, error);
    return client->socket != NULL;
}
