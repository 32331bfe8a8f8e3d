/* SPDX-License-Identifier: Apache-2.0
 * client: the engine's end: starts the signer processes and asks them. */
#include "signer/client.h"
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/files.h"
#include "base/limits.h"
#include "signer/files.h"
#include "signer/keyring_priv.h"
#include "signer/log_state_priv.h"
#include "signer/protocol_priv.h"
#include "signer/replace_priv.h"
#include "signer/timestamp_priv.h"
#include "sys/channel.h"
#include "sys/paths.h"
#include "sys/process.h"
#include "sys/thread.h"
#include "base/banned.h"

#define ANSWER_TIMEOUT_MS   60000 /* a signer that says nothing for so long is lost */
#define HASH_BYTES_PER_MS   16000 /* of a slow disk */
#define CREATE_TIMEOUT_MS   60000
#define CREATE_OUTPUT_MAX   4096
#define END_TIMEOUT_MS      5000 /* from closing its channel to killing it */
#define CREATE_EXIT_INVALID 2
#define RUN_MAX_WORDS       4
#define CREATE_EXIT_EXISTS  4

typedef struct {        /* one of the three processes */
    const char *option; /* static; before the folder, or NULL */
    Mutex lock;         /* held for a whole request */
    Process *process;   /* owned; guarded by lock; NULL until needed */
    Channel *channel;   /* owned; guarded by lock */
} Peer;

struct SignerClient {
    char *keys_dir; /* owned */
    Peer statements;
    Peer log;
    Peer files;
};

void
signer_signature_clear(SignerSignature *signature)
{
    g_clear_pointer(&signature->signature, g_bytes_unref);
    g_clear_pointer(&signature->spki, g_bytes_unref);
}

SignerClient *
signer_client_new(const char *keys_dir)
{
    SignerClient *client = g_new0(SignerClient, 1);

    client->keys_dir = g_strdup(keys_dir);
    client->log.option = "--log";
    client->files.option = "--files";
    mutex_init(&client->statements.lock);
    mutex_init(&client->log.lock);
    mutex_init(&client->files.lock);
    return client;
}

/* Closing the channel ends it; it is killed if it hangs. */
static void
peer_stop(Peer *peer)
{
    g_autoptr(GError) local = NULL;

    g_clear_pointer(&peer->channel, channel_free);
    if (peer->process != NULL)
        error_ignore(process_wait(peer->process, END_TIMEOUT_MS, NULL, NULL, &local), &local,
                     "process_free kills it");
    g_clear_pointer(&peer->process, process_free);
}

void
signer_client_free(SignerClient *client)
{
    if (client == NULL)
        return;
    peer_stop(&client->statements);
    peer_stop(&client->log);
    peer_stop(&client->files);
    mutex_clear(&client->statements.lock);
    mutex_clear(&client->log.lock);
    mutex_clear(&client->files.lock);
    g_free(client->keys_dir);
    g_free(client);
}

static bool
peer_start(Peer *peer, const char *keys_dir, GError **error)
{
    g_autofree char *program = paths_find_helper(SIGNER_PROGRAM, error);
    const char *argv[] = { program, peer->option != NULL ? peer->option : keys_dir,
                           peer->option != NULL ? keys_dir : NULL, NULL };
    g_autoptr(Channel) ours = NULL;
    AUTO_FD int theirs = -1;

    if (program == NULL || !channel_pair(&ours, &theirs, error))
        return false;
    ProcessFd fd = { .from = theirs, .to = SIGNER_CHANNEL_FD };
    ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = argv, .fds = &fd, .n_fds = 1 };
    spec.stderr_fd = STDERR_FILENO;
    peer->process = process_spawn(&spec, error);
    if (peer->process == NULL)
        return false;
    peer->channel = g_steal_pointer(&ours);
    return true;
}

/* Large files take their time to be hashed. */
static int
answer_timeout_ms(int content)
{
    struct stat info = { 0 };
    int64_t ms = ANSWER_TIMEOUT_MS;

    if (content >= 0 && fstat(content, &info) == 0)
        ms += info.st_size / HASH_BYTES_PER_MS;
    return (int)MIN(ms, INT_MAX);
}

/* One request and its answer. Any failure on the way leaves the peer stopped. */
static json_t *
peer_exchange(Peer *peer, Span request, int content, GError **error)
{
    g_auto(ChannelMessage) message = { 0 };
    json_t *answer = NULL;

    if (channel_send(peer->channel, request, &content, content >= 0, error) &&
        channel_receive(peer->channel, answer_timeout_ms(content), NULL, &message, error))
        answer = json_parse(span_of_bytes(message.payload), LIMIT_JSON_BYTES, error);
    if (answer == NULL)
        peer_stop(peer);
    return answer;
}

/* A process that ended while idle is noticed at the next request only, so a closed channel is tried
 * once more with a new process: every request may be answered twice without harm. */
static json_t *
peer_ask(Peer *peer, const char *keys_dir, Span request, int content, GError **error)
{
    MUTEX_GUARD(&peer->lock);
    g_autoptr(GError) local = NULL;
    json_t *answer = NULL;
    bool was_running = peer->channel != NULL;

    if (!was_running && !peer_start(peer, keys_dir, error))
        return NULL;
    answer = peer_exchange(peer, request, content, &local);
    if (answer == NULL && was_running &&
        g_error_matches(local, CHANNEL_ERROR, CHANNEL_ERROR_CLOSED)) {
        g_clear_error(&local);
        if (!peer_start(peer, keys_dir, error))
            return NULL;
        answer = peer_exchange(peer, request, content, &local);
    }
    if (answer == NULL)
        error_set(error, SIGNER_ERROR, SIGNER_ERROR_UNAVAILABLE, "the signer did not answer: %s",
                  local->message);
    return answer;
}

/* @request: taken. @content: goes along; -1: nothing. Returns: the whole answer, whose "ok" is
 * there; owned. */
static json_t *
ask_about(SignerClient *client, Peer *peer, json_t *request, int content, GError **error)
{
    g_autoptr(json_t) owned = request;
    size_t len = 0;
    g_autofree char *text = json_canonical(owned, &len, error);

    if (text == NULL)
        return NULL;
    g_autoptr(json_t) answer = peer_ask(peer, client->keys_dir, span_of(text, len), content, error);
    if (answer == NULL || protocol_result(answer, error) == NULL)
        return NULL;
    return g_steal_pointer(&answer);
}

static json_t *
ask(SignerClient *client, Peer *peer, json_t *request, GError **error)
{
    return ask_about(client, peer, request, -1, error);
}

static bool
take_signature(const json_t *answer, SignerSignature *out, GError **error)
{
    const json_t *ok = json_object_get(answer, "ok");
    g_autoptr(GBytes) signature = protocol_need_bytes(ok, "signature", error);
    g_autoptr(GBytes) spki = signature == NULL ? NULL : protocol_need_bytes(ok, "spki", error);

    if (spki == NULL)
        return false;
    out->keyid = digest_of(span_of_bytes(spki));
    out->signature = g_steal_pointer(&signature);
    out->spki = g_steal_pointer(&spki);
    return true;
}

bool
signer_sign_statement(SignerClient *client, SignerRole role, Span payload, SignerSignature *out,
                      GError **error)
{
    if (payload.len > LIMIT_STATEMENT_BYTES) {
        error_set(error, SIGNER_ERROR, SIGNER_ERROR_INVALID,
                  "a statement has at most %u bytes, not %zu", LIMIT_STATEMENT_BYTES, payload.len);
        return false;
    }
    json_t *request = json_pack("{s:s,s:s,s:o}", "op", "statement", "role", signer_role_name(role),
                                "payload", protocol_bytes(payload));
    g_autoptr(json_t) answer = ask(client, &client->statements, request, error);

    return answer != NULL && take_signature(answer, out, error);
}

bool
signer_sign_status(SignerClient *client, Span payload, SignerSignature *out, GError **error)
{
    if (payload.len > LIMIT_STATEMENT_BYTES) {
        error_set(error, SIGNER_ERROR, SIGNER_ERROR_INVALID,
                  "a status has at most %u bytes, not %zu", LIMIT_STATEMENT_BYTES, payload.len);
        return false;
    }
    json_t *request = json_pack("{s:s,s:o}", "op", "status", "payload", protocol_bytes(payload));
    g_autoptr(json_t) answer = ask(client, &client->statements, request, error);

    return answer != NULL && take_signature(answer, out, error);
}

bool
signer_sign_tuf(SignerClient *client, Span payload, SignerSignature *out, GError **error)
{
    json_t *request = json_pack("{s:s,s:o}", "op", "tuf", "payload", protocol_bytes(payload));
    g_autoptr(json_t) answer = ask(client, &client->statements, request, error);

    return answer != NULL && take_signature(answer, out, error);
}

GBytes *
signer_sign_checkpoint(SignerClient *client, uint64_t size, const Digest *root, const Digest *proof,
                       size_t n_proof, GError **error)
{
    json_t *hashes = json_array();

    for (size_t i = 0; i < n_proof; i++)
        json_array_append_new(hashes, json_digest(&proof[i]));
    json_t *request = json_pack("{s:s,s:I,s:o,s:o}", "op", "checkpoint", "size", (json_int_t)size,
                                "root", json_digest(root), "proof", hashes);
    g_autoptr(json_t) answer = ask(client, &client->log, request, error);

    return answer == NULL ? NULL
                          : protocol_need_bytes(json_object_get(answer, "ok"), "note", error);
}

GBytes *
signer_answer_timestamp(SignerClient *client, Span request, GError **error)
{
    if (request.len > TIMESTAMP_MAX_REQUEST) {
        error_set(error, SIGNER_ERROR, SIGNER_ERROR_INVALID,
                  "a time-stamp request has at most %d bytes, not %zu", TIMESTAMP_MAX_REQUEST,
                  request.len);
        return NULL;
    }
    g_autoptr(json_t) answer =
        ask(client, &client->statements,
            json_pack("{s:s,s:o}", "op", "timestamp", "request", protocol_bytes(request)), error);

    return answer == NULL ? NULL
                          : protocol_need_bytes(json_object_get(answer, "ok"), "response", error);
}

GBytes *
signer_timestamp(SignerClient *client, Span message, GError **error)
{
    Digest imprint = digest_of(message);
    g_autoptr(GBytes) request = timestamp_request(&imprint, error);
    g_autoptr(GBytes) response =
        request == NULL ? NULL : signer_answer_timestamp(client, span_of_bytes(request), error);

    if (response == NULL || !timestamp_is_granted(span_of_bytes(response), error))
        return NULL;
    return g_steal_pointer(&response);
}

/* @answer: owned. */
static char *
take_text(json_t *answer, GError **error)
{
    g_autoptr(json_t) owned = answer;

    return owned == NULL ? NULL
                         : g_strdup(json_need_string(json_object_get(owned, "ok"), "text",
                                                     "signer answer", error));
}

char *
signer_sign_file(SignerClient *client, SignerFileFormat format, int content, const char *name,
                 int64_t made_at_s, GError **error)
{
    json_t *request =
        json_pack("{s:s,s:s,s:s,s:I}", "op", "file", "format", signer_file_format_name(format),
                  "name", name, "madeAt", (json_int_t)made_at_s);

    return take_text(ask_about(client, &client->files, request, content, error), error);
}

char *
signer_format_certificate(SignerClient *client, const char *user_id, GError **error)
{
    json_t *request = json_pack("{s:s,s:s}", "op", "certificate", "userId", user_id);

    return take_text(ask(client, &client->files, request, error), error);
}

static int
open_keys_dir(SignerClient *client, GError **error)
{
    g_autoptr(GError) local = NULL;
    int fd = dir_open(AT_FDCWD, client->keys_dir, &local);

    if (fd < 0)
        error_set(error, SIGNER_ERROR,
                  error_kind(local) == ERROR_KIND_NOT_FOUND ? SIGNER_ERROR_NO_KEY : SIGNER_ERROR_IO,
                  "cannot open the keys folder: %s", local->message);
    return fd;
}

bool
signer_load_log_state(SignerClient *client, SignerLogState *out, GError **error)
{
    AUTO_FD int dirfd = open_keys_dir(client, error);

    return dirfd >= 0 && log_state_load(dirfd, out, error);
}

static KeyIndex *
load_index(SignerClient *client, GError **error)
{
    AUTO_FD int dirfd = open_keys_dir(client, error);

    return dirfd < 0 ? NULL : key_index_load(dirfd, error);
}

GPtrArray *
signer_public_keys(SignerClient *client, GError **error)
{
    g_autoptr(KeyIndex) index = load_index(client, error);

    return index == NULL ? NULL : g_steal_pointer(&index->keys);
}

char *
signer_origin(SignerClient *client, GError **error)
{
    g_autoptr(KeyIndex) index = load_index(client, error);

    return index == NULL ? NULL : g_steal_pointer(&index->origin);
}

/* Why a signer that ran to its end did not do what it was started for. */
static void
set_run_error(const ProcessResult *result, const char *what, GError **error)
{
    SignerError code = result->exit.exit_code == CREATE_EXIT_EXISTS    ? SIGNER_ERROR_EXISTS
                       : result->exit.exit_code == CREATE_EXIT_INVALID ? SIGNER_ERROR_INVALID
                                                                       : SIGNER_ERROR_IO;

    g_strchomp(result->errors);
    error_set(error, SIGNER_ERROR, (int)code, "cannot %s: %s", what, result->errors);
}

/* Runs the signer once. @words: NULL-terminated, without the program's name. */
static bool
run_signer(const char *const *words, const char *what, GError **error)
{
    g_autofree char *program = paths_find_helper(SIGNER_PROGRAM, error);
    const char *argv[RUN_MAX_WORDS + 2] = { program };
    ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = argv };
    g_auto(ProcessResult) result = { 0 };

    for (size_t i = 0; words[i] != NULL && i < RUN_MAX_WORDS; i++)
        argv[i + 1] = words[i];
    if (program == NULL || !process_run(&spec, (Span){ 0 }, CREATE_OUTPUT_MAX, CREATE_TIMEOUT_MS,
                                        NULL, &result, error))
        return false;
    if (result.exit.exit_code != 0)
        set_run_error(&result, what, error);
    return result.exit.exit_code == 0;
}

static GPtrArray *
create_keys(const char *option, const char *keys_dir, const char *origin, GError **error)
{
    const char *const words[] = { option, keys_dir, origin, NULL };

    if (!run_signer(words, "make keys", error))
        return NULL;
    g_autoptr(SignerClient) client = signer_client_new(keys_dir);
    return signer_public_keys(client, error);
}

bool
signer_prepare_format_key(SignerClient *client, const char *from, GError **error)
{
    const char *const words[] = { "--prepare", client->keys_dir,
                                  signer_role_name(SIGNER_ROLE_FORMAT), from, NULL };

    return run_signer(words, "prepare a new key", error);
}

bool
signer_find_next_key(SignerClient *client, SignerPublicKey **key_out, GError **error)
{
    AUTO_FD int dirfd = open_keys_dir(client, error);

    return dirfd >= 0 && replace_find(dirfd, key_out, error);
}

bool
signer_adopt_next_key(SignerClient *client, GError **error)
{
    const char *const words[] = { "--adopt", client->keys_dir, NULL };
    MUTEX_GUARD(&client->files.lock);

    peer_stop(&client->files); /* the next one opens the new key */
    return run_signer(words, "put the new key in use", error);
}

GPtrArray *
signer_create_keys(const char *keys_dir, const char *origin, GError **error)
{
    return create_keys("--create", keys_dir, origin, error);
}

GPtrArray *
signer_create_log_key(const char *keys_dir, const char *origin, GError **error)
{
    return create_keys("--create-log", keys_dir, origin, error);
}
