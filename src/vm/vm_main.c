/* SPDX-License-Identifier: Apache-2.0
 * slipway-vm: holds what drives one virtual machine. Started by the client end (client.c); requests come on descriptor 3, one at a time.
 * When the engine goes away, the machine that was booted here is powered off. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/json.h"
#include "sys/channel.h"
#include "vm/agent_priv.h"
#include "vm/client.h"
#include "vm/domain_priv.h"
#include "vm/shell_priv.h"
#include "base/banned.h"

#define ADDRESS_US 200000
#define RUN_N_FDS  2

typedef struct Helper {
    Channel *channel; /* owned */
    Domain *domain;   /* owned; NULL before boot or attach */
    Shell *shell;     /* owned; NULL before, or when the agent is the way in */
    Agent *agent;     /* owned; NULL before, or when SSH is the way in */
} Helper;

/* No core file, no tracer of the same user, no set-uid program, no descriptor but the channel. */
static bool
drop_privileges(void)
{
    struct rlimit none = { 0 };

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
           setrlimit(RLIMIT_CORE, &none) == 0 &&
           close_range(VM_HELPER_CHANNEL_FD + 1, ~0u, 0) == 0 &&
           signal(SIGPIPE, SIG_IGN) != SIG_ERR;
}

/* NULL where the text is absent or empty. */
static const char *
text_of(const json_t *request, const char *name)
{
    const char *text = json_string_value(json_object_get(request, name));

    return text == NULL || *text == '\0' ? NULL : text;
}

static void
leave(Helper *helper)
{
    g_clear_pointer(&helper->shell, shell_free);
    g_clear_pointer(&helper->agent, agent_free);
}

static bool
open_domain(Helper *helper, const json_t *request, GError **error)
{
    const char *uri = json_need_string(request, "uri", "request", error);
    const char *name = uri == NULL ? NULL : json_need_string(request, "domain", "request", error);

    if (name == NULL)
        return false;
    leave(helper); /* the agent speaks through the domain */
    g_clear_pointer(&helper->domain, domain_free);
    helper->domain = domain_open(uri, name, error);
    return helper->domain != NULL;
}

/* The address that is told, or the one the hypervisor knows, as soon as it does. Owned. */
static char *
wait_for_address(Helper *helper, const json_t *request, int64_t deadline_us, GError **error)
{
    const char *told = text_of(request, "address");
    struct pollfd watch = { .fd = channel_fd(helper->channel), .events = POLLIN | POLLRDHUP };

    if (told != NULL)
        return g_strdup(told);
    for (;;) {
        char *found = domain_find_address(helper->domain);

        if (found != NULL)
            return found;
        if (clock_monotonic_us() > deadline_us || poll(&watch, 1, ADDRESS_US / 1000) > 0)
            break;
    }
    error_set(error, BASE_ERROR, BASE_ERROR_TIMEOUT,
              "no address of the machine is known: neither settings nor metadata nor the "
              "hypervisor tell one");
    return NULL;
}

static bool
let_in(Helper *helper, const json_t *request, GError **error)
{
    int64_t ready_ms = 0;

    if (!json_need_uint(request, "readyMs", "request", &ready_ms, error))
        return false;
    int64_t deadline_us = clock_monotonic_us() + ready_ms * 1000;

    leave(helper);
    if (json_is_true(json_object_get(request, "agent"))) {
        helper->agent =
            agent_connect(helper->domain, deadline_us, channel_fd(helper->channel), error);
        return helper->agent != NULL;
    }
    g_autofree char *address = wait_for_address(helper, request, deadline_us, error);
    g_autofree char *known_key = text_of(request, "hostKey") != NULL
                                     ? g_strdup(text_of(request, "hostKey"))
                                     : domain_find_host_key(helper->domain);
    ShellTarget target = { .address = address,
                           .user = text_of(request, "user"),
                           .key_file = text_of(request, "keyFile"),
                           .host_key = known_key };

    if (address == NULL)
        return false;
    if (target.user == NULL || target.key_file == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "the request names no user or no key file");
        return false;
    }
    helper->shell = shell_connect(&target, deadline_us, channel_fd(helper->channel), error);
    return helper->shell != NULL;
}

static json_t *
do_boot(Helper *helper, const json_t *request, const ChannelMessage *message, GError **error)
{
    g_autofree char *used = NULL;

    (void)message;
    if (!open_domain(helper, request, error) ||
        !domain_boot(helper->domain, text_of(request, "snapshot"), &used, error) ||
        !let_in(helper, request, error))
        return NULL;
    return json_pack("{s:o}", "snapshot", json_string_or_null(used));
}

static json_t *
do_attach(Helper *helper, const json_t *request, const ChannelMessage *message, GError **error)
{
    (void)message;
    if (!open_domain(helper, request, error))
        return NULL;
    if (!domain_is_running(helper->domain)) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "the machine is off");
        return NULL;
    }
    return let_in(helper, request, error) ? json_object() : NULL;
}

static json_t *
do_off(Helper *helper, const json_t *request, const ChannelMessage *message, GError **error)
{
    (void)message;
    leave(helper);
    return open_domain(helper, request, error) && domain_off(helper->domain, error) ? json_object()
                                                                                    : NULL;
}

static json_t *
do_run(Helper *helper, const json_t *request, const ChannelMessage *message, GError **error)
{
    RunSpec spec = { .command = text_of(request, "command"),
                     .watch_fd = channel_fd(helper->channel) };
    g_autoptr(GString) errors = g_string_new(NULL);
    RunEnd end = { .errors = errors };
    int64_t max_bytes = 0;

    if (spec.command == NULL || message->n_fds != RUN_N_FDS ||
        (helper->shell == NULL && helper->agent == NULL)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "a run needs a booted machine, a command and two descriptors");
        return NULL;
    }
    if (!json_need_uint(request, "maxBytes", "request", &max_bytes, error))
        return NULL;
    spec.in_fd = message->fds[0];
    spec.out_fd = message->fds[1];
    spec.max_bytes = (uint64_t)max_bytes;
    if (helper->agent != NULL ? !agent_run(helper->agent, &spec, &end, error)
                              : !shell_run(helper->shell, &spec, &end, error))
        return NULL;
    g_autofree char *valid = g_utf8_make_valid(errors->str, (gssize)errors->len);

    return json_pack("{s:i, s:s}", "exit", end.exit_code, "errors", valid);
}

static json_t *
do_snapshot(Helper *helper, const json_t *request, const ChannelMessage *message, GError **error)
{
    const char *name = json_need_string(request, "name", "request", error);
    int64_t keep = 0;
    g_autofree char *made = NULL;

    (void)message;
    if (name == NULL || !json_need_uint(request, "keep", "request", &keep, error))
        return NULL;
    if (helper->domain == NULL || keep < 1 || keep > INT32_MAX) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "a snapshot needs a booted machine and at least one to keep");
        return NULL;
    }
    leave(helper);
    if (!domain_take_snapshot(helper->domain, name, (unsigned)keep, &made, error))
        return NULL;
    return json_pack("{s:s}", "snapshot", made);
}

static json_t *
dispatch(Helper *helper, const json_t *request, const ChannelMessage *message, GError **error)
{
    static const struct {
        const char *name;
        json_t *(*run)(Helper *helper, const json_t *request, const ChannelMessage *message,
                       GError **error);
    } verbs[] = { { "boot", do_boot },
                  { "attach", do_attach },
                  { "run", do_run },
                  { "off", do_off },
                  { "snapshot", do_snapshot } };
    const char *wanted = json_need_string(request, "do", "request", error);

    if (wanted == NULL)
        return NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
        if (strcmp(verbs[i].name, wanted) == 0)
            return verbs[i].run(helper, request, message, error);
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "no such request");
    return NULL;
}

static bool
answer_one(Helper *helper, const ChannelMessage *message, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(json_t) request =
        json_parse(span_of_bytes(message->payload), LIMIT_CHANNEL_FRAME_BYTES, &local);
    g_autoptr(json_t) answer = request == NULL ? NULL : dispatch(helper, request, message, &local);
    size_t len = 0;

    if (answer != NULL) {
        json_object_set_new(answer, "ok", json_true());
    } else {
        g_autofree char *valid = g_utf8_make_valid(local->message, -1);

        answer = json_pack("{s:b, s:s, s:s}", "ok", 0, "kind", error_kind_name(error_kind(local)),
                           "message", valid);
    }
    g_autofree char *text = json_canonical(answer, &len, error);

    return text != NULL && channel_send(helper->channel, span_of(text, len), NULL, 0, error);
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) local = NULL;
    Helper helper = { 0 };
    bool ok = true;

    (void)argv;
    umask(077);
    if (argc != 1 || !drop_privileges()) {
        fprintf(stderr, VM_HELPER_PROGRAM ": this is started by slipway, not by hand\n");
        return 2;
    }
    helper.channel = channel_new(VM_HELPER_CHANNEL_FD);
    while (ok) {
        g_auto(ChannelMessage) message = { 0 };

        ok = channel_receive(helper.channel, -1, NULL, &message, &local) &&
             answer_one(&helper, &message, &local);
    }
    g_clear_error(&local);
    if (helper.domain != NULL && !domain_off_if_ours(helper.domain, &local))
        fprintf(stderr, VM_HELPER_PROGRAM ": %s\n", local->message);
    leave(&helper);
    domain_free(helper.domain);
    channel_free(helper.channel);
    return 0;
}
