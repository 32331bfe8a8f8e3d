/* SPDX-License-Identifier: Apache-2.0
 * witness: what a log showed us last, and our word for it. */
#include "service/witness.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/os.h"
#include "keys/key_file.h"
#include "proof/checkpoint.h"
#include "proof/tlog_policy.h"
#include "sys/lock.h"
#include "sys/thread.h"
#include "base/banned.h"

/* Invariants
 * 1. A cosignature exists only over a checkpoint that is in state/, durable.
 * 2. What is in state/ of a log only grows, each proved to contain the one before it.
 * 3. A log is listed only after its state file exists: a listed log without one has lost its past,
 *    and nothing is signed for it.
 * 4. After a write that failed nothing more is signed by this process: opening syncs anew. */

#define KEY_NAME    "witness.pem"
#define NAME_NAME   "name"
#define LOGS_NAME   "logs"
#define STATE_NAME  "state"
#define LOCK_NAME   "lock"
#define LOGS_LOCK   "logs.lock"
#define FORK_SUFFIX ".fork"
#define TEXT        "text/plain; charset=utf-8"
#define NO_LOGS     "quorum none\n"

struct Witness {
    const Clock *clock; /* borrowed */
    int dirfd;          /* owned */
    int state_fd;       /* owned */
    Lock *lock;         /* owned */
    char *name;         /* owned */
    Signer *signer;     /* owned; guarded by busy */
    Mutex busy;         /* held from reading a state to signing: one checkpoint at a time */
    bool broken;        /* guarded by busy; invariant 4 */
};

typedef struct {                  /* a log as this witness knows it */
    const NoteVerifier *verifier; /* borrowed from a policy */
    char file[DIGEST_HEX_SIZE];
    MerkleHead head; /* size 0: none cosigned */
} WatchedLog;

void
witness_answer_clear(WitnessAnswer *answer)
{
    g_clear_pointer(&answer->body, g_free);
}

static void
file_of(const char *origin, char out[DIGEST_HEX_SIZE])
{
    Digest digest = digest_of(span_of_text(origin));

    digest_to_hex(&digest, out);
}

/* ---- the folder ---- */

bool
witness_create(const char *folder, const char *name, char **vkey_out, GError **error)
{
    g_autofree char *line = g_strdup_printf("%s\n", name);

    if (!dir_create_all(AT_FDCWD, folder, 0700, error))
        return false;
    AUTO_FD int dirfd = dir_open(AT_FDCWD, folder, error);
    if (dirfd < 0 || !dir_create_all(dirfd, STATE_NAME, 0700, error))
        return false;
    g_autoptr(Signer) signer = key_file_generate(dirfd, KEY_NAME, PUBLIC_KEY_ED25519, error);
    g_autoptr(Cosigner) cosigner =
        signer != NULL ? cosigner_new(name, signer_public_key(signer), error) : NULL;
    if (cosigner == NULL) {
        if (signer != NULL && os_unlink(dirfd, KEY_NAME, 0) != 0)
            error_prefix(error, "the key made stays");
        return false;
    }
    if (!file_write_new(dirfd, LOGS_NAME, span_of_text(NO_LOGS), 0644, error) ||
        !file_write_new(dirfd, NAME_NAME, span_of_text(line), 0644, error))
        return false;
    *vkey_out = cosigner_vkey(cosigner);
    return true;
}

static TlogPolicy *
load_logs(int dirfd, GError **error)
{
    g_autoptr(GBytes) text = file_read(dirfd, LOGS_NAME, TLOG_POLICY_MAX_BYTES, error);

    return text != NULL ? tlog_policy_parse(span_of_bytes(text), error) : NULL;
}

static const NoteVerifier *
find_log(const TlogPolicy *policy, const char *origin)
{
    for (size_t i = 0; i < tlog_policy_n_logs(policy); i++) {
        const NoteVerifier *verifier = tlog_policy_log(policy, i)->verifier;

        if (strcmp(note_verifier_name(verifier), origin) == 0)
            return verifier;
    }
    return NULL;
}

/* The text of the list with one line more, parsed again before it counts. */
static bool
list_log(int dirfd, const char *vkey, GError **error)
{
    g_autoptr(GBytes) old = file_read(dirfd, LOGS_NAME, TLOG_POLICY_MAX_BYTES, error);

    if (old == NULL)
        return false;
    g_autofree char *text = g_strdup_printf("log %s\n%.*s", vkey, (int)g_bytes_get_size(old),
                                            (const char *)g_bytes_get_data(old, NULL));
    g_autoptr(TlogPolicy) policy = tlog_policy_parse(span_of_text(text), error);
    return policy != NULL && file_write_atomic(dirfd, LOGS_NAME, span_of_text(text), 0644, error);
}

bool
witness_add_log(const char *folder, const char *vkey, GError **error)
{
    g_autoptr(NoteVerifier) verifier = note_verifier_parse(vkey, error);
    AUTO_FD int dirfd = verifier != NULL ? dir_open(AT_FDCWD, folder, error) : -1;
    g_autoptr(Lock) lock = dirfd >= 0 ? lock_acquire(dirfd, LOGS_LOCK, "witness log", error) : NULL;
    g_autoptr(TlogPolicy) policy = lock != NULL ? load_logs(dirfd, error) : NULL;
    g_autoptr(GError) local = NULL;
    char file[DIGEST_HEX_SIZE];

    if (policy == NULL)
        return false;
    if (find_log(policy, note_verifier_name(verifier)) != NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_EXISTS, "the log '%s' is watched already",
                  note_verifier_name(verifier));
        return false;
    }
    AUTO_FD int state_fd = dir_open(dirfd, STATE_NAME, error);
    if (state_fd < 0)
        return false;
    file_of(note_verifier_name(verifier), file);
    if (!file_write_new(state_fd, file, span_of(NULL, 0), 0644, &local) &&
        error_kind(local) != ERROR_KIND_EXISTS) { /* there: left by an addition cut short */
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    return list_log(dirfd, vkey, error);
}

static bool
open_files(Witness *witness, const char *folder, GError **error)
{
    g_autofree char *name = NULL;

    witness->dirfd = dir_open(AT_FDCWD, folder, error);
    if (witness->dirfd < 0)
        return false;
    witness->lock = lock_acquire(witness->dirfd, LOCK_NAME, "slipway witness serve", error);
    if (witness->lock == NULL)
        return false;
    name = file_read_text(witness->dirfd, NAME_NAME, LIMIT_KEY_FILE_BYTES, error);
    if (name == NULL)
        return false;
    witness->name = g_strdup(g_strstrip(name));
    witness->signer = key_file_load(witness->dirfd, KEY_NAME, error);
    witness->state_fd = witness->signer != NULL ? dir_open(witness->dirfd, STATE_NAME, error) : -1;
    if (witness->state_fd < 0)
        return false;
    if (os_fsync(witness->state_fd) == 0)
        return true;
    error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot sync the states of witness '%s'",
                    witness->name);
    return false;
}

Witness *
witness_open(const char *folder, const Clock *clock, GError **error)
{
    g_autoptr(Witness) witness = g_new0(Witness, 1);

    witness->clock = clock;
    witness->dirfd = witness->state_fd = -1;
    mutex_init(&witness->busy);
    if (!open_files(witness, folder, error)) {
        error_prefix(error, "cannot open witness '%s'", folder);
        return NULL;
    }
    return g_steal_pointer(&witness);
}

void
witness_free(Witness *witness)
{
    if (witness == NULL)
        return;
    g_clear_pointer(&witness->signer, signer_free);
    g_clear_pointer(&witness->lock, lock_free);
    fd_clear(&witness->state_fd);
    fd_clear(&witness->dirfd);
    mutex_clear(&witness->busy);
    g_free(witness->name);
    g_free(witness);
}

char *
witness_vkey(const Witness *witness)
{
    g_autoptr(Cosigner) cosigner =
        cosigner_new(witness->name, signer_public_key(witness->signer), NULL);

    return cosigner != NULL ? cosigner_vkey(cosigner) : NULL;
}

/* ---- states ---- */

/* Fills @log from what is stored for @verifier's log. */
static bool
load_state(Witness *witness, const NoteVerifier *verifier, WatchedLog *log, GError **error)
{
    const char *origin = note_verifier_name(verifier);

    log->verifier = verifier;
    log->head = (MerkleHead){ .size = 0, .root = merkle_empty_root() };
    file_of(origin, log->file);
    g_autoptr(GBytes) text = file_read(witness->state_fd, log->file, LIMIT_CHECKPOINT_BYTES, error);
    if (text == NULL) {
        error_prefix(error, "the witness has lost what it knew of log '%s'", origin);
        return false;
    }
    if (g_bytes_get_size(text) == 0)
        return true;
    g_autoptr(Checkpoint) checkpoint =
        checkpoint_verify(span_of_bytes(text), origin, note_verifier_key(verifier), error);
    if (checkpoint == NULL) {
        error_prefix(error, "the witness's state of log '%s' is damaged", origin);
        return false;
    }
    log->head = checkpoint->head;
    return true;
}

bool
witness_list(Witness *witness, json_t **result_out, GError **error)
{
    MUTEX_GUARD(&witness->busy);
    g_autoptr(TlogPolicy) policy = load_logs(witness->dirfd, error);
    g_autoptr(json_t) list = json_array();

    if (policy == NULL)
        return false;
    for (size_t i = 0; i < tlog_policy_n_logs(policy); i++) {
        WatchedLog log = { 0 };
        char root[DIGEST_STRING_SIZE];
        const NoteVerifier *verifier = tlog_policy_log(policy, i)->verifier;

        if (!load_state(witness, verifier, &log, error))
            return false;
        g_autofree char *fork = g_strconcat(log.file, FORK_SUFFIX, NULL);
        g_autofree char *vkey = note_verifier_vkey(verifier);
        digest_to_string(&log.head.root, root);
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:s, s:b}", "origin",
                                              note_verifier_name(verifier), "vkey", vkey, "size",
                                              (json_int_t)log.head.size, "root", root, "fork",
                                              faccessat(witness->state_fd, fork, F_OK, 0) == 0));
    }
    *result_out = g_steal_pointer(&list);
    return true;
}

/* ---- one request ---- */

static void
answer_text(WitnessAnswer *out, unsigned status, const char *text)
{
    out->status = status;
    out->type = TEXT;
    out->body = g_strdup_printf("%s\n", text);
}

static void
answer_error(WitnessAnswer *out, unsigned status, const GError *error)
{
    g_autofree char *shown = error_printable(error->message);

    answer_text(out, status, shown);
}

static void
answer_conflict(WitnessAnswer *out, const WatchedLog *log)
{
    out->status = 409;
    out->type = WITNESS_SIZE_TYPE;
    out->body = g_strdup_printf("%" PRIu64 "\n", log->head.size);
}

/* The log's own signature over a history that is not the one we vouched for is kept for people. */
static void
keep_fork(Witness *witness, const WatchedLog *log, Span note)
{
    g_autofree char *name = g_strconcat(log->file, FORK_SUFFIX, NULL);
    g_autoptr(GError) local = NULL;

    error_ignore(file_write_atomic(witness->state_fd, name, note, 0644, &local), &local,
                 "it is refused all the same");
}

/* The checks between a checkpoint that its log signed and our state of that log. */
static bool
check_growth(Witness *witness, const WitnessRequest *request, const WatchedLog *log,
             const Checkpoint *checkpoint, WitnessAnswer *out)
{
    const MerkleHead *head = &checkpoint->head;
    MerkleProof proof = { .hashes = request->hashes, .n_hashes = request->n_hashes };
    Digest empty = merkle_empty_root();
    g_autoptr(GError) local = NULL;

    if (request->old_size > head->size) {
        answer_text(out, 400, "the old size is above the checkpoint's");
        return false;
    }
    if (request->old_size != log->head.size) {
        answer_conflict(out, log);
        return false;
    }
    if (head->size == log->head.size && head->size > 0 &&
        !digest_equal(&head->root, &log->head.root)) {
        keep_fork(witness, log, request->note);
        answer_conflict(out, log);
        return false;
    }
    if (head->size == 0 && !digest_equal(&head->root, &empty)) {
        answer_text(out, 422, "this is not the root of an empty log");
        return false;
    }
    if (head->size == log->head.size || log->head.size == 0) {
        if (proof.n_hashes == 0)
            return true;
        answer_text(out, 422, "the proof must be empty here");
        return false;
    }
    if (merkle_verify_consistency(&log->head, head, proof, &local))
        return true;
    answer_error(out, 422, local);
    return false;
}

/* Durable first, then the signature. */
static void
cosign(Witness *witness, const WatchedLog *log, const Checkpoint *checkpoint, const Note *note,
       Span signed_note, WitnessAnswer *out)
{
    g_autoptr(GError) local = NULL;
    int64_t time_s = clock_now_us(witness->clock) / 1000000;

    if (checkpoint->head.size > log->head.size &&
        !file_write_atomic(witness->state_fd, log->file, signed_note, 0644, &local)) {
        witness->broken = true;
        answer_text(out, 500, "the checkpoint could not be kept, so nothing is signed");
        return;
    }
    out->body = cosignature_sign(note_text(note), witness->name, time_s, witness->signer, &local);
    if (out->body == NULL) {
        answer_text(out, 500, "the witness's key did not sign");
        return;
    }
    out->status = 200;
    out->type = TEXT;
}

static void
add_to_log(Witness *witness, const WitnessRequest *request, const NoteVerifier *verifier,
           WitnessAnswer *out)
{
    WatchedLog log = { 0 };
    g_autoptr(GError) local = NULL;
    g_autoptr(Note) note = note_parse(request->note, &local);
    g_autoptr(Checkpoint) checkpoint = checkpoint_verify(
        request->note, note_verifier_name(verifier), note_verifier_key(verifier), &local);

    if (checkpoint == NULL) {
        answer_error(out, error_kind(local) == ERROR_KIND_UNTRUSTED ? 403 : 400, local);
        return;
    }
    if (!load_state(witness, verifier, &log, &local)) {
        answer_text(out, 500, "the witness does not know any more what it has seen of this log");
        return;
    }
    if (check_growth(witness, request, &log, checkpoint, out))
        cosign(witness, &log, checkpoint, note, request->note, out);
}

void
witness_add_checkpoint(Witness *witness, Span body, WitnessAnswer *out)
{
    WitnessRequest request = { 0 };
    g_autoptr(GError) local = NULL;
    g_autoptr(Note) note = NULL;
    g_autoptr(Checkpoint) claimed = NULL;

    if (witness_request_parse(body, &request, &local))
        note = note_parse(request.note, &local);
    claimed = note != NULL ? checkpoint_parse(note_text(note), &local) : NULL;
    if (claimed == NULL) {
        answer_error(out, 400, local);
        return;
    }
    MUTEX_GUARD(&witness->busy);
    if (witness->broken) {
        answer_text(out, 500, "a write has failed: this witness signs nothing until started anew");
        return;
    }
    g_autoptr(TlogPolicy) policy = load_logs(witness->dirfd, &local);
    if (policy == NULL) {
        answer_text(out, 500, "the list of logs cannot be read");
        return;
    }
    const NoteVerifier *verifier = find_log(policy, claimed->origin);
    if (verifier == NULL)
        answer_text(out, 404, "this log is not watched here");
    else
        add_to_log(witness, &request, verifier, out);
}
