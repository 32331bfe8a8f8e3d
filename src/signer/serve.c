/* SPDX-License-Identifier: Apache-2.0
 * serve: what the signer process does with a request: parse, judge, record, sign. */
#include "signer/serve_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include "attest/dsse.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/limits.h"
#include "base/os.h"
#include "proof/checkpoint.h"
#include "signer/files_priv.h"
#include "signer/keyring_priv.h"
#include "signer/log_state_priv.h"
#include "signer/protocol_priv.h"
#include "signer/rules_priv.h"
#include "signer/timestamp_priv.h"
#include "base/banned.h"

/* Invariants
 * 1. Nothing is signed that was not parsed and judged here.
 * 2. The log's record is durable before a checkpoint's signature exists.
 * 3. After a failed sync of that record this process signs nothing more. */

#define REFUSALS_NAME "refusals.jsonl"
#define REFUSALS_MAX_BYTES                                                                         \
    (16 << 20) /* beyond this refusals are still refused, but not written down */

struct SignerServer {
    int dirfd; /* owned */
    SignerServes serves;
    KeyIndex *index;                 /* owned */
    Signer *signers[SIGNER_N_ROLES]; /* owned; NULL for roles of the other process */
    SignerLogState log;              /* of the log's process */
    int content;                     /* what came with the request in work; borrowed; -1: nothing */
};

typedef struct { /* an operation of the protocol */
    const char *name;
    SignerServes serves;
    json_t *(*answer)(SignerServer *server, const json_t *request, GError **error);
} Operation;

static SignerServes
serves_role(SignerRole role)
{
    return role == SIGNER_ROLE_LOG      ? SIGNER_SERVES_LOG
           : role == SIGNER_ROLE_FORMAT ? SIGNER_SERVES_FILES
                                        : SIGNER_SERVES_STATEMENTS;
}

SignerServer *
signer_server_new(const char *keys_dir, SignerServes serves, GError **error)
{
    g_autoptr(SignerServer) server = g_new0(SignerServer, 1);

    server->serves = serves;
    server->dirfd = dir_open(AT_FDCWD, keys_dir, error);
    if (server->dirfd < 0)
        return NULL;
    server->index = key_index_load(server->dirfd, error);
    if (server->index == NULL)
        return NULL;
    for (SignerRole role = SIGNER_ROLE_ENGINE; role < SIGNER_N_ROLES; role++) {
        if (serves_role(role) != serves)
            continue;
        if (role != SIGNER_ROLE_LOG && key_index_find(server->index, role) == NULL)
            continue; /* a folder older than the role; asking for it is refused */
        server->signers[role] = keyring_load(server->dirfd, server->index, role, error);
        if (server->signers[role] == NULL)
            return NULL;
    }
    if (serves == SIGNER_SERVES_LOG && !log_state_load(server->dirfd, &server->log, error))
        return NULL;
    return g_steal_pointer(&server);
}

void
signer_server_free(SignerServer *server)
{
    if (server == NULL)
        return;
    for (SignerRole role = SIGNER_ROLE_ENGINE; role < SIGNER_N_ROLES; role++)
        g_clear_pointer(&server->signers[role], signer_free);
    g_clear_pointer(&server->index, key_index_free);
    fd_clear(&server->dirfd);
    g_free(server);
}

/* --- refusals ------------------------------------------------------------------------------- */

/* Appends to a file that a crash may have left without its last newline. */
static bool
append_line(int dirfd, const char *line)
{
    AUTO_FD int fd =
        openat(dirfd, REFUSALS_NAME, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat info = { 0 };
    char last = '\n';

    if (fd < 0 || fstat(fd, &info) != 0 || info.st_size > REFUSALS_MAX_BYTES)
        return false;
    if (info.st_size > 0 && pread(fd, &last, 1, info.st_size - 1) != 1)
        return false;
    g_autofree char *text = g_strdup_printf("%s%s\n", last == '\n' ? "" : "\n", line);
    if (os_write(fd, text, strlen(text)) != (ssize_t)strlen(text) || os_fdatasync(fd) != 0)
        return false;
    return info.st_size > 0 || os_fsync(dirfd) == 0;
}

/* Writes a refusal down; a refusal stands also when that fails, and then its message says so. */
static void
record_refusal(SignerServer *server, const json_t *request, Span raw, GError **error)
{
    g_autofree char *reason = error_printable((*error)->message);
    const char *role = json_string_value(json_object_get(request, "role"));
    Digest digest = digest_of(raw);
    g_autoptr(json_t) entry =
        json_pack("{s:I,s:s,s:o,s:s,s:o}", "at", (json_int_t)clock_now_us(&clock_system), "op",
                  json_string_value(json_object_get(request, "op")), "role",
                  json_string_or_null(role), "reason", reason, "request", json_digest(&digest));
    g_autoptr(GError) local = NULL;
    g_autofree char *line = entry == NULL ? NULL : json_canonical(entry, NULL, &local);

    if (line == NULL || !append_line(server->dirfd, line))
        error_prefix(error, "this refusal could not be recorded");
}

/* --- operations ----------------------------------------------------------------------------- */

static bool
need_key(const SignerServer *server, SignerRole role, GError **error)
{
    if (server->signers[role] != NULL)
        return true;
    error_set(error, SIGNER_ERROR, SIGNER_ERROR_NO_KEY,
              "this folder has no key '%s': it was made before there was such a role",
              signer_role_name(role));
    return false;
}

static json_t *
sign_pae(SignerServer *server, SignerRole role, const char *type, Span payload, GError **error)
{
    if (!need_key(server, role, error))
        return NULL;
    g_autoptr(GBytes) pae = dsse_pae(type, payload);
    g_autoptr(GBytes) signature = NULL;
    Span spki = public_key_spki(signer_public_key(server->signers[role]));

    if (!signer_sign(server->signers[role], span_of_bytes(pae), &signature, error))
        return NULL;
    return json_pack("{s:o,s:o}", "signature", protocol_bytes(span_of_bytes(signature)), "spki",
                     protocol_bytes(spki));
}

static json_t *
answer_statement(SignerServer *server, const json_t *request, GError **error)
{
    const char *name = json_need_string(request, "role", "signer request", error);
    SignerRole role = SIGNER_ROLE_NONE;

    if (name == NULL || !signer_role_from_name(name, &role, error))
        return NULL;
    g_autoptr(GBytes) payload = protocol_need_bytes(request, "payload", error);
    if (payload == NULL ||
        !rules_check_statement(role, server->index->origin, span_of_bytes(payload), error))
        return NULL;
    return sign_pae(server, role, DSSE_TYPE_INTOTO, span_of_bytes(payload), error);
}

static json_t *
answer_status(SignerServer *server, const json_t *request, GError **error)
{
    g_autoptr(GBytes) payload = protocol_need_bytes(request, "payload", error);

    if (payload == NULL ||
        !rules_check_status(server->index->origin, span_of_bytes(payload), error))
        return NULL;
    return sign_pae(server, SIGNER_ROLE_STATUS, DSSE_TYPE_STATUS, span_of_bytes(payload), error);
}

/* TUF signs the canonical text itself, which begins with '{': never a PAE. */
static json_t *
answer_tuf(SignerServer *server, const json_t *request, GError **error)
{
    g_autoptr(GBytes) payload = protocol_need_bytes(request, "payload", error);
    g_autoptr(GBytes) signature = NULL;
    Signer *signer = server->signers[SIGNER_ROLE_STATUS];

    if (payload == NULL || !rules_check_tuf(span_of_bytes(payload), error) ||
        !signer_sign(signer, span_of_bytes(payload), &signature, error))
        return NULL;
    return json_pack("{s:o,s:o}", "signature", protocol_bytes(span_of_bytes(signature)), "spki",
                     protocol_bytes(public_key_spki(signer_public_key(signer))));
}

static bool
read_proof(const json_t *request, Digest *hashes, size_t *n_out, GError **error)
{
    json_t *array = json_need_array(request, "proof", "signer request", error);
    size_t n = json_array_size(array);

    if (array == NULL)
        return false;
    if (n > SIGNER_PROOF_MAX) {
        error_set(error, SIGNER_ERROR, SIGNER_ERROR_INVALID, "a proof of %zu hashes is too long",
                  n);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(array, i));

        if (!digest_from_string(text != NULL ? text : "", &hashes[i], error))
            return false;
    }
    *n_out = n;
    return true;
}

static bool
deny_head(const SignerLogState *last, const MerkleHead *head, const char *why, GError **error)
{
    error_set(error, SIGNER_ERROR, SIGNER_ERROR_DENIED,
              "the log signer refuses a checkpoint of size %" PRIu64 " after one of size %" PRIu64
              ": %s",
              head->size, last->size, why);
    return false;
}

/* Whether a head may follow the last one signed. */
static bool
check_head(const SignerLogState *last, const MerkleHead *head, MerkleProof proof, GError **error)
{
    MerkleHead older = { .size = last->size, .root = last->root };
    Digest empty = merkle_empty_root();
    g_autoptr(GError) local = NULL;

    if (head->size < last->size)
        return deny_head(last, head, "the log has shrunk", error);
    if (head->size == 0 && !digest_equal(&head->root, &empty))
        return deny_head(last, head, "this is not the root of an empty log", error);
    if (head->size == last->size && !digest_equal(&head->root, &last->root))
        return deny_head(last, head, "it has another root", error);
    if (head->size == last->size || last->size == 0)
        return proof.n_hashes == 0 || deny_head(last, head, "there is nothing to prove", error);
    if (!merkle_verify_consistency(&older, head, proof, &local))
        return deny_head(last, head, local->message, error);
    return true;
}

static bool
record_head(SignerServer *server, const MerkleHead *head, GError **error)
{
    SignerLogState next = { server->log.number + 1, head->size, head->root };

    if (server->log.number > 0 && head->size == server->log.size)
        return true; /* the same head again */
    if (!log_state_store(server->dirfd, &next, error))
        return false;
    server->log = next;
    return true;
}

static json_t *
answer_checkpoint(SignerServer *server, const json_t *request, GError **error)
{
    Digest hashes[SIGNER_PROOF_MAX];
    MerkleHead head = { 0 };
    MerkleProof proof = { .hashes = hashes };
    int64_t size = 0;

    if (!json_need_uint(request, "size", "signer request", &size, error) ||
        !json_need_digest(request, "root", "signer request", &head.root, error) ||
        !read_proof(request, hashes, &proof.n_hashes, error))
        return NULL;
    head.size = (uint64_t)size;
    if (!check_head(&server->log, &head, proof, error) || !record_head(server, &head, error))
        return NULL;
    g_autofree char *text = checkpoint_format(server->index->origin, &head, NULL);
    g_autoptr(GBytes) note = note_sign(span_of_text(text), server->index->origin,
                                       server->signers[SIGNER_ROLE_LOG], error);
    if (note == NULL)
        return NULL;
    return json_pack("{s:o}", "note", protocol_bytes(span_of_bytes(note)));
}

static json_t *
answer_timestamp(SignerServer *server, const json_t *request, GError **error)
{
    g_autoptr(GBytes) asked = protocol_need_bytes(request, "request", error);

    if (asked == NULL || !need_key(server, SIGNER_ROLE_TIMESTAMP, error))
        return NULL;
    g_autoptr(GBytes) response = timestamp_respond(
        server->signers[SIGNER_ROLE_TIMESTAMP],
        key_index_find(server->index, SIGNER_ROLE_TIMESTAMP)->certs, span_of_bytes(asked), error);
    return response == NULL
               ? NULL
               : json_pack("{s:o}", "response", protocol_bytes(span_of_bytes(response)));
}

static json_t *
answer_file(SignerServer *server, const json_t *request, GError **error)
{
    return need_key(server, SIGNER_ROLE_FORMAT, error)
               ? files_answer_sign(server->signers[SIGNER_ROLE_FORMAT], request, server->content,
                                   error)
               : NULL;
}

static json_t *
answer_certificate(SignerServer *server, const json_t *request, GError **error)
{
    return need_key(server, SIGNER_ROLE_FORMAT, error)
               ? files_answer_certificate(server->signers[SIGNER_ROLE_FORMAT], request, error)
               : NULL;
}

static const Operation operations[] = {
    { "statement", SIGNER_SERVES_STATEMENTS, answer_statement },
    { "status", SIGNER_SERVES_STATEMENTS, answer_status },
    { "timestamp", SIGNER_SERVES_STATEMENTS, answer_timestamp },
    { "tuf", SIGNER_SERVES_STATEMENTS, answer_tuf },
    { "checkpoint", SIGNER_SERVES_LOG, answer_checkpoint },
    { "file", SIGNER_SERVES_FILES, answer_file },
    { "certificate", SIGNER_SERVES_FILES, answer_certificate },
};

static json_t *
run_operation(SignerServer *server, const json_t *request, GError **error)
{
    const char *name = json_need_string(request, "op", "signer request", error);

    if (name == NULL)
        return NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(operations); i++) {
        if (operations[i].serves == server->serves && strcmp(operations[i].name, name) == 0)
            return operations[i].answer(server, request, error);
    }
    error_set(error, SIGNER_ERROR, SIGNER_ERROR_DENIED, "this signer has no operation '%s'", name);
    return NULL;
}

json_t *
signer_server_answer(SignerServer *server, Span request, int content, bool *fatal_out)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(json_t) parsed = json_parse(request, LIMIT_JSON_BYTES, &local);
    json_t *result = NULL;

    server->content = content;
    result = parsed == NULL ? NULL : run_operation(server, parsed, &local);
    server->content = -1;
    *fatal_out = false;
    if (result != NULL)
        return protocol_ok(result);
    if (g_error_matches(local, SIGNER_ERROR, SIGNER_ERROR_DENIED))
        record_refusal(server, parsed, request, &local);
    *fatal_out = g_error_matches(local, SIGNER_ERROR, SIGNER_ERROR_IO);
    return protocol_error(local);
}
