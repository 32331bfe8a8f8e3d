/* SPDX-License-Identifier: Apache-2.0
 * shell: see shell_priv.h. Nothing here waits in libssh but for its own handshake: data is moved by one loop that also sees the engine
 * go away. */
#include "vm/shell_priv.h"
#include <errno.h>
#include <libssh/libssh.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/banned.h"

#define CONNECT_TIMEOUT_S 10 /* of one attempt */
#define RETRY_US          100000
#define WAIT_MS           1000
#define CHUNK_BYTES       32768
#define PORT_DEFAULT      22
#define FINGERPRINT       "SHA256:"

struct Shell {
    ssh_session session; /* owned */
};

/* ---- connecting -------------------------------------------------------------------------------- */

static bool
nobody_waits(int watch_fd, int timeout_ms)
{
    struct pollfd watch = { .fd = watch_fd, .events = POLLIN | POLLRDHUP };

    return poll(&watch, 1, timeout_ms) > 0;
}

static bool
set_cancelled(GError **error)
{
    error_set(error, BASE_ERROR, BASE_ERROR_CANCELLED, "the engine is gone");
    return false;
}

static bool
set_options(ssh_session session, const ShellTarget *target, GError **error)
{
    const char *colon = strrchr(target->address, ':');
    g_autofree char *host = colon == NULL
                                ? g_strdup(target->address)
                                : g_strndup(target->address, (size_t)(colon - target->address));
    guint64 number = PORT_DEFAULT;
    bool no = false;
    long timeout_s = CONNECT_TIMEOUT_S;

    if (colon != NULL && !g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &number, NULL)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "'%s' is no HOST or HOST:PORT",
                  target->address);
        return false;
    }
    unsigned port = (unsigned)number;

    return ssh_options_set(session, SSH_OPTIONS_HOST, host) == 0 &&
           ssh_options_set(session, SSH_OPTIONS_PORT, &port) == 0 &&
           ssh_options_set(session, SSH_OPTIONS_USER, target->user) == 0 &&
           ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &no) == 0 &&
           ssh_options_set(session, SSH_OPTIONS_TIMEOUT, &timeout_s) == 0;
}

static bool
check_host_key(ssh_session session, const char *wanted, GError **error)
{
    ssh_key key = NULL;
    unsigned char *hash = NULL;
    size_t len = 0;
    bool ok = false;

    if (wanted == NULL)
        return true;
    if (ssh_get_server_publickey(session, &key) == SSH_OK &&
        ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &len) == 0) {
        g_autofree char *base64 = g_base64_encode(hash, len);
        size_t bare = strcspn(base64, "=");

        base64[bare] = '\0';
        ok = g_str_has_prefix(wanted, FINGERPRINT) &&
             strcmp(wanted + strlen(FINGERPRINT), base64) == 0;
        if (!ok)
            error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                      "the machine shows host key 'SHA256:%s', wanted '%s'", base64, wanted);
    } else {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "the machine shows no host key");
    }
    ssh_clean_pubkey_hash(&hash);
    ssh_key_free(key);
    return ok;
}

static bool
log_in(ssh_session session, const ShellTarget *target, GError **error)
{
    ssh_key key = NULL;
    int result = ssh_pki_import_privkey_file(target->key_file, NULL, NULL, NULL, &key);

    if (result != SSH_OK) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot read key file '%s'",
                  target->key_file);
        return false;
    }
    result = ssh_userauth_publickey(session, NULL, key);
    ssh_key_free(key);
    if (result == SSH_AUTH_SUCCESS)
        return true;
    error_set(error, BASE_ERROR,
              result == SSH_AUTH_ERROR ? BASE_ERROR_UNAVAILABLE : BASE_ERROR_DENIED,
              "the machine does not let user '%s' in: %s", target->user, ssh_get_error(session));
    return false;
}

/* One attempt. UNAVAILABLE: another may succeed. */
static ssh_session
try_connect(const ShellTarget *target, GError **error)
{
    ssh_session session = ssh_new();

    if (session == NULL || !set_options(session, target, error)) {
        if (error != NULL && *error == NULL)
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot prepare a connection to '%s'",
                      target->address);
    } else if (ssh_connect(session) != SSH_OK) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "%s", ssh_get_error(session));
    } else if (check_host_key(session, target->host_key, error) && log_in(session, target, error)) {
        return session;
    }
    if (session != NULL) {
        ssh_disconnect(session);
        ssh_free(session);
    }
    return NULL;
}

Shell *
shell_connect(const ShellTarget *target, int64_t deadline_us, int watch_fd, GError **error)
{
    for (;;) {
        g_autoptr(GError) local = NULL;
        ssh_session session = try_connect(target, &local);

        if (session != NULL) {
            Shell *shell = g_new0(Shell, 1);

            shell->session = session;
            return shell;
        }
        if (error_kind(local) != ERROR_KIND_UNAVAILABLE) {
            g_propagate_error(error, g_steal_pointer(&local));
            return NULL;
        }
        if (clock_monotonic_us() > deadline_us) {
            error_set(error, BASE_ERROR, BASE_ERROR_TIMEOUT,
                      "the machine lets nobody in at '%s': %s", target->address, local->message);
            return NULL;
        }
        if (nobody_waits(watch_fd, RETRY_US / 1000)) {
            set_cancelled(error);
            return NULL;
        }
    }
}

void
shell_free(Shell *shell)
{
    if (shell == NULL)
        return;
    ssh_disconnect(shell->session);
    ssh_free(shell->session);
    g_free(shell);
}

/* ---- running ----------------------------------------------------------------------------------- */

void
run_end_add_errors(RunEnd *end, const char *bytes, size_t len)
{
    g_string_append_len(end->errors, bytes, (gssize)len);
    if (end->errors->len > RUN_ERRORS_BYTES)
        g_string_erase(end->errors, 0, (gssize)(end->errors->len - RUN_ERRORS_BYTES));
}

typedef struct Running {
    ssh_session session;
    ssh_channel channel;
    const RunSpec *spec;
    RunEnd *end;
    uint64_t n_bytes;
    bool in_ended;
    char chunk[CHUNK_BYTES];
} Running;

static bool
set_lost(Running *running, GError **error)
{
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
              "the connection to the machine is lost: %s", ssh_get_error(running->session));
    return false;
}

static bool
take_output(Running *running, size_t len, GError **error)
{
    const RunSpec *spec = running->spec;

    running->n_bytes += len;
    if (spec->max_bytes > 0 && running->n_bytes > spec->max_bytes) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "the machine sends more than %" G_GUINT64_FORMAT " bytes", spec->max_bytes);
        return false;
    }
    return fd_write_all(spec->out_fd, span_of(running->chunk, len), error);
}

/* What has come, of both streams. */
static bool
pull(Running *running, bool *moved, GError **error)
{
    for (int is_stderr = 0; is_stderr < 2; is_stderr++) {
        for (;;) {
            int n = ssh_channel_read_nonblocking(running->channel, running->chunk, CHUNK_BYTES,
                                                 is_stderr);

            if (n == SSH_EOF || n == 0)
                break;
            if (n < 0)
                return set_lost(running, error);
            *moved = true;
            if (is_stderr)
                run_end_add_errors(running->end, running->chunk, (size_t)n);
            else if (!take_output(running, (size_t)n, error))
                return false;
        }
    }
    return true;
}

/* One piece of the input, if the other end takes it. */
static bool
push(Running *running, bool *moved, GError **error)
{
    uint32_t window = running->in_ended ? 0 : ssh_channel_window_size(running->channel);
    struct pollfd in = { .fd = running->spec->in_fd, .events = POLLIN };

    if (window == 0 || poll(&in, 1, 0) <= 0)
        return true;
    ssize_t n = read(running->spec->in_fd, running->chunk, MIN(window, CHUNK_BYTES));

    *moved = true;
    if (n > 0)
        return ssh_channel_write(running->channel, running->chunk, (uint32_t)n) == n ||
               set_lost(running, error);
    if (n < 0 && errno == EINTR)
        return true;
    running->in_ended = true;
    return ssh_channel_send_eof(running->channel) == SSH_OK || set_lost(running, error);
}

static bool
wait_for_more(Running *running, GError **error)
{
    bool wants_input = !running->in_ended && ssh_channel_window_size(running->channel) > 0;
    struct pollfd fds[] = { { .fd = running->spec->watch_fd, .events = POLLIN | POLLRDHUP },
                            { .fd = ssh_get_fd(running->session), .events = POLLIN },
                            { .fd = wants_input ? running->spec->in_fd : -1, .events = POLLIN } };

    if (poll(fds, G_N_ELEMENTS(fds), WAIT_MS) > 0 && fds[0].revents != 0)
        return set_cancelled(error);
    return true;
}

static bool
move_all(Running *running, GError **error)
{
    for (;;) {
        bool moved = false;
        bool ended = ssh_channel_is_eof(running->channel) != 0;

        if (!pull(running, &moved, error))
            return false;
        if (ended && !moved)
            return true;
        if (!ended && !push(running, &moved, error))
            return false;
        if (!moved && !ended && !wait_for_more(running, error))
            return false;
        if (!ssh_is_connected(running->session))
            return set_lost(running, error);
    }
}

/* It comes after the end of the output. Asking waits for it, for CONNECT_TIMEOUT_S. */
static bool
take_exit(Running *running, GError **error)
{
    for (;;) {
        int code = ssh_channel_get_exit_status(running->channel);

        if (code >= 0) {
            running->end->exit_code = code;
            return true;
        }
        if (ssh_channel_is_closed(running->channel) || !ssh_is_connected(running->session))
            return set_lost(running, error);
        if (nobody_waits(running->spec->watch_fd, 0))
            return set_cancelled(error);
    }
}

bool
shell_run(Shell *shell, const RunSpec *spec, RunEnd *end, GError **error)
{
    g_autofree Running *running = g_new0(Running, 1);

    running->session = shell->session;
    running->spec = spec;
    running->end = end;
    running->channel = ssh_channel_new(shell->session);
    if (running->channel == NULL)
        return set_lost(running, error);
    bool ok = (ssh_channel_open_session(running->channel) == SSH_OK &&
               ssh_channel_request_exec(running->channel, spec->command) == SSH_OK) ||
              set_lost(running, error);

    ok = ok && move_all(running, error) && take_exit(running, error);
    ssh_channel_free(running->channel);
    return ok;
}
