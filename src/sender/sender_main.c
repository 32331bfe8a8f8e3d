/* SPDX-License-Identifier: Apache-2.0
 * slipway-sender: the only program that opens forge credentials and speaks to the outside on the
 * engine's behalf. Started by the client end (client.c); requests come on descriptor 3, run side by
 * side, and are answered as they end. It keeps nothing: what it was doing when it dies, the engine's
 * outbox asks for again. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/files.h"
#include "sender/transfer_priv.h"
#include "sys/channel.h"
#include "base/banned.h"

typedef struct Sender {
    Channel *channel;   /* owned */
    CURLM *multi;       /* owned */
    GPtrArray *running; /* owned, of owned Transfer */
} Sender;

/* No core file, no tracer of the same user, no set-uid program, no descriptor but the channel. */
static bool
drop_privileges(void)
{
    struct rlimit none = { 0 };

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
           setrlimit(RLIMIT_CORE, &none) == 0 && close_range(SENDER_CHANNEL_FD + 1, ~0u, 0) == 0;
}

static bool
answer(Sender *sender, const SenderAnswer *what, GError **error)
{
    g_autoptr(json_t) json = sender_answer_to_json(what);
    size_t len = 0;
    g_autofree char *text = json_canonical(json, &len, error);

    return text != NULL && channel_send(sender->channel, span_of(text, len), NULL, 0, error);
}

/* A request that cannot even be tried: the outbox tries again later, as the file may be put right. */
static bool
refuse(Sender *sender, int64_t number, const GError *why, GError **error)
{
    g_autofree char *message = error_printable(why->message);
    SenderAnswer refusal = { .number = number,
                             .status = 0,
                             .retry_after_s = -1,
                             .rate_remaining = -1,
                             .rate_reset_s = -1,
                             .message = message };

    return answer(sender, &refusal, error);
}

static bool
take_request(Sender *sender, GError **error)
{
    g_auto(ChannelMessage) message = { 0 };
    g_autoptr(GError) local = NULL;
    g_autoptr(SenderParsed) parsed = NULL;
    g_autoptr(Transfer) transfer = NULL;

    if (!channel_receive(sender->channel, 0, NULL, &message, &local)) {
        if (error_kind(local) == ERROR_KIND_TIMEOUT)
            return true;
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    parsed = sender_request_parse(span_of_bytes(message.payload), error);
    if (parsed == NULL)
        return false;
    transfer = transfer_new(parsed, &local);
    if (transfer == NULL)
        return refuse(sender, parsed->number, local, error);
    (void)g_steal_pointer(&parsed);
    curl_multi_add_handle(sender->multi, transfer_handle(transfer));
    g_ptr_array_add(sender->running, g_steal_pointer(&transfer));
    return true;
}

static bool
finish_transfers(Sender *sender, GError **error)
{
    CURLMsg *done = NULL;
    int n_left = 0;

    while ((done = curl_multi_info_read(sender->multi, &n_left)) != NULL) {
        g_auto(SenderAnswer) result = { 0 };
        char *private = NULL;
        Transfer *transfer = NULL;

        if (done->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(done->easy_handle, CURLINFO_PRIVATE, &private);
        transfer = (Transfer *)(void *)private;
        transfer_finish(transfer, done->data.result, &result);
        curl_multi_remove_handle(sender->multi, transfer_handle(transfer));
        g_ptr_array_remove_fast(sender->running, transfer);
        if (!answer(sender, &result, error))
            return false;
    }
    return true;
}

/* True at an orderly end: nobody needs us any more. */
static bool
serve(Sender *sender, GError **error)
{
    g_autoptr(GError) local = NULL;

    for (;;) {
        struct curl_waitfd channel = { .fd = channel_fd(sender->channel),
                                       .events = CURL_WAIT_POLLIN };
        int n_ready = 0, n_running = 0;

        curl_multi_poll(sender->multi, &channel, 1, SENDER_IDLE_MS, &n_ready);
        if (n_ready == 0 && sender->running->len == 0)
            return true;
        if (channel.revents != 0 && !take_request(sender, &local)) {
            if (g_error_matches(local, CHANNEL_ERROR, CHANNEL_ERROR_CLOSED))
                return true;
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
        curl_multi_perform(sender->multi, &n_running);
        if (!finish_transfers(sender, error))
            return false;
    }
}

static void
transfer_end(void *transfer)
{
    transfer_free(transfer);
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) local = NULL;
    Sender sender = { 0 };
    bool ok = false;

    (void)argv;
    umask(077);
    if (argc != 1 || !drop_privileges() || curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
        fprintf(stderr, SENDER_PROGRAM ": this is started by slipway, not by hand\n");
        return 2;
    }
    sender.channel = channel_new(SENDER_CHANNEL_FD);
    sender.multi = curl_multi_init();
    sender.running = g_ptr_array_new_with_free_func(transfer_end);
    ok = serve(&sender, &local);
    g_autofree char *message = ok ? NULL : error_printable(local->message);
    if (!ok)
        fprintf(stderr, SENDER_PROGRAM ": %s\n", message);
    for (guint i = 0; i < sender.running->len; i++)
        curl_multi_remove_handle(sender.multi, transfer_handle(sender.running->pdata[i]));
    g_ptr_array_unref(sender.running);
    curl_multi_cleanup(sender.multi);
    channel_free(sender.channel);
    curl_global_cleanup();
    return ok ? 0 : 1;
}
