/* SPDX-License-Identifier: Apache-2.0
 * client: see client.h. */
#include "vm/client.h"
#include <signal.h>
#include <string.h>
#include "base/files.h"
#include "base/json.h"
#include "sys/channel.h"
#include "sys/paths.h"
#include "sys/process.h"
#include "base/banned.h"

struct VmHelper {
    Process *process; /* owned */
    Channel *channel; /* owned */
};

VmHelper *
vm_helper_start(GError **error)
{
    g_autofree char *program = paths_find_helper(VM_HELPER_PROGRAM, error);
    const char *argv[] = { program, NULL };
    g_autoptr(VmHelper) helper = g_new0(VmHelper, 1);
    AUTO_FD int theirs = -1;

    if (program == NULL || !channel_pair(&helper->channel, &theirs, error))
        return NULL;
    ProcessFd fd = { .from = theirs, .to = VM_HELPER_CHANNEL_FD };
    ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = argv, .fds = &fd, .n_fds = 1 };

    spec.stderr_fd = STDERR_FILENO;
    helper->process = process_spawn(&spec, error);
    return helper->process != NULL ? g_steal_pointer(&helper) : NULL;
}

void
vm_helper_free(VmHelper *helper)
{
    if (helper == NULL)
        return;
    if (helper->process != NULL) /* before it could see that the channel is closed */
        process_kill(helper->process, SIGKILL);
    g_clear_pointer(&helper->process, process_free);
    g_clear_pointer(&helper->channel, channel_free);
    g_free(helper);
}

static bool
set_answered(const json_t *answer, GError **error)
{
    const char *name = json_string_value(json_object_get(answer, "kind"));
    const char *message = json_string_value(json_object_get(answer, "message"));
    int code = BASE_ERROR_IO;

    for (ErrorKind kind = ERROR_KIND_INVALID; kind < ERROR_N_KINDS; kind++)
        if (name != NULL && strcmp(name, error_kind_name(kind)) == 0)
            code = ERROR_CODE(kind, 0);
    error_set(error, BASE_ERROR, code, "%s", message != NULL ? message : "no reason was given");
    return false;
}

bool
vm_helper_ask(VmHelper *helper, json_t *request, const int *fds, size_t n_fds, int timeout_ms,
              Cancel *cancel, json_t **answer_out, GError **error)
{
    g_autoptr(json_t) owned = request;
    g_auto(ChannelMessage) message = { 0 };
    g_autoptr(json_t) answer = NULL;
    size_t len = 0;
    g_autofree char *text = json_canonical(owned, &len, error);

    if (text == NULL)
        return false;
    if (!channel_send(helper->channel, span_of(text, len), fds, n_fds, error) ||
        !channel_receive(helper->channel, timeout_ms, cancel, &message, error)) {
        if (error != NULL && error_kind(*error) == ERROR_KIND_UNAVAILABLE)
            error_prefix(error, "helper '%s' is lost", VM_HELPER_PROGRAM);
        return false;
    }
    answer = json_parse(span_of_bytes(message.payload), LIMIT_CHANNEL_FRAME_BYTES, error);
    if (answer == NULL)
        return false;
    if (!json_is_true(json_object_get(answer, "ok")))
        return set_answered(answer, error);
    if (answer_out != NULL)
        *answer_out = g_steal_pointer(&answer);
    return true;
}
