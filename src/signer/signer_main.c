/* SPDX-License-Identifier: Apache-2.0
 * slipway-signer: the only program that opens private keys. Started by the client end (client.c):
 *
 * slipway-signer KEYS_DIR           all keys but the log's; requests on descriptor 3
 * slipway-signer --log KEYS_DIR     the log's key
 * slipway-signer --files KEYS_DIR   the format key; the file comes with the request
 * slipway-signer --create KEYS_DIR ORIGIN   makes all keys, prints keys.json
 * slipway-signer --create-log KEYS_DIR ORIGIN   makes a log's key alone
 * slipway-signer --prepare KEYS_DIR ROLE [FILE]   a key to take another's place, new or copied
 * slipway-signer --adopt KEYS_DIR   which it takes
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/files.h"
#include "signer/keyring_priv.h"
#include "signer/protocol_priv.h"
#include "signer/replace_priv.h"
#include "signer/serve_priv.h"
#include "sys/channel.h"
#include "base/banned.h"

/* No core file, no tracer of the same user, no set-uid program, no descriptor but the channel. */
static bool
drop_privileges(void)
{
    struct rlimit none = { 0 };

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
           setrlimit(RLIMIT_CORE, &none) == 0 && close_range(SIGNER_CHANNEL_FD + 1, ~0u, 0) == 0;
}

static bool
answer_one(SignerServer *server, Channel *channel, const ChannelMessage *message, GError **error)
{
    bool fatal = false;
    int content = message->n_fds > 0 ? message->fds[0] : -1; /* stays the message's */
    g_autoptr(json_t) answer =
        signer_server_answer(server, span_of_bytes(message->payload), content, &fatal);
    size_t len = 0;
    g_autofree char *text = json_canonical(answer, &len, error);

    if (text == NULL || !channel_send(channel, span_of(text, len), NULL, 0, error))
        return false;
    if (fatal)
        error_set(error, SIGNER_ERROR, SIGNER_ERROR_IO,
                  "a record could not be synced; ending, because what is durable is unknown");
    return !fatal;
}

/* Without its keys this process has one thing to say, to whoever asks first. */
static void
refuse_once(Channel *channel, const GError *reason)
{
    g_auto(ChannelMessage) message = { 0 };
    g_autoptr(GError) local = NULL;
    g_autoptr(json_t) refusal = protocol_error(reason);
    size_t len = 0;
    g_autofree char *text = json_canonical(refusal, &len, &local);
    bool ok = text != NULL && channel_receive(channel, SIGNER_IDLE_MS, NULL, &message, &local) &&
              channel_send(channel, span_of(text, len), NULL, 0, &local);

    error_ignore(ok, &local, "the client has gone, and this process ends anyway");
}

static bool
serve(const char *keys_dir, SignerServes serves, GError **error)
{
    g_autoptr(Channel) channel = channel_new(SIGNER_CHANNEL_FD);
    g_autoptr(GError) local = NULL;
    g_autoptr(SignerServer) server = signer_server_new(keys_dir, serves, &local);

    if (server == NULL) {
        refuse_once(channel, local);
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    for (;;) {
        g_auto(ChannelMessage) message = { 0 };

        if (!channel_receive(channel, SIGNER_IDLE_MS, NULL, &message, &local)) {
            if (g_error_matches(local, CHANNEL_ERROR, CHANNEL_ERROR_CLOSED) ||
                error_kind(local) == ERROR_KIND_TIMEOUT)
                return true; /* nobody needs us; a client starts a new one */
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
        if (!answer_one(server, channel, &message, error))
            return false;
    }
}

static bool
create(const char *keys_dir, const char *origin, SignerRole only, GError **error)
{
    if (!dir_create_all(AT_FDCWD, keys_dir, 0700, error))
        return false;
    AUTO_FD int dirfd = dir_open(AT_FDCWD, keys_dir, error);
    g_autoptr(KeyIndex) index = dirfd < 0 ? NULL : key_index_create(dirfd, origin, only, error);

    return index != NULL;
}

static bool
prepare(const char *keys_dir, const char *role_name, const char *from, GError **error)
{
    AUTO_FD int dirfd = dir_open(AT_FDCWD, keys_dir, error);
    SignerRole role = SIGNER_ROLE_NONE;

    return dirfd >= 0 && signer_role_from_name(role_name, &role, error) &&
           replace_prepare(dirfd, role, from, error);
}

static bool
adopt(const char *keys_dir, GError **error)
{
    AUTO_FD int dirfd = dir_open(AT_FDCWD, keys_dir, error);

    return dirfd >= 0 && replace_adopt(dirfd, error);
}

static SignerServes
serves_from_option(const char *option)
{
    return strcmp(option, "--log") == 0     ? SIGNER_SERVES_LOG
           : strcmp(option, "--files") == 0 ? SIGNER_SERVES_FILES
                                            : SIGNER_SERVES_NONE;
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) local = NULL;
    bool ok = false;

    umask(077);
    if (argc == 4 && strcmp(argv[1], "--create") == 0) {
        ok = create(argv[2], argv[3], SIGNER_ROLE_NONE, &local);
    } else if (argc == 4 && strcmp(argv[1], "--create-log") == 0) {
        ok = create(argv[2], argv[3], SIGNER_ROLE_LOG, &local);
    } else if ((argc == 4 || argc == 5) && strcmp(argv[1], "--prepare") == 0) {
        ok = prepare(argv[2], argv[3], argv[4], &local);
    } else if (argc == 3 && strcmp(argv[1], "--adopt") == 0) {
        ok = adopt(argv[2], &local);
    } else if (argc == 2 || (argc == 3 && serves_from_option(argv[1]) != SIGNER_SERVES_NONE)) {
        if (!drop_privileges()) {
            fprintf(stderr, SIGNER_PROGRAM ": cannot drop privileges\n");
            return 1;
        }
        ok = serve(argv[argc - 1],
                   argc == 3 ? serves_from_option(argv[1]) : SIGNER_SERVES_STATEMENTS, &local);
    } else {
        fprintf(stderr, SIGNER_PROGRAM ": this is started by slipway, not by hand\n");
        return 2;
    }
    if (ok)
        return 0;
    g_autofree char *message = error_printable(local->message);
    fprintf(stderr, SIGNER_PROGRAM ": %s\n", message);
    return error_kind(local) == ERROR_KIND_EXISTS    ? 4
           : error_kind(local) == ERROR_KIND_INVALID ? 2
                                                     : 1;
}
