/* SPDX-License-Identifier: Apache-2.0
 * witness_client: asks each witness, believes what verifies, and keeps the newest checkpoint that
 * has its quorum. */
#include "service/witness_client.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include "base/encoding.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "proof/checkpoint.h"
#include "service/engine_priv.h"
#include "service/foreign.h"
#include "service/witness.h"
#include "sys/fetch.h"
#include "sys/wake.h"
#include "base/banned.h"

/* Invariants
 * 1. A line is added to a checkpoint only after it was verified with the key our policy names.
 * 2. The kept checkpoint of a log never becomes smaller.
 * 3. One round of asking at a time; its lock is for the network's sake and held while it lasts. */

#define STATE_SUFFIX    ".witnessed"
#define STATE_MAX_BYTES (256u << 10)
#define ANSWER_MAX      (16u << 10)
#define MAX_TRIES       3 /* a witness may tell us its size, and another of us may have been faster */
#define MAIN_NAME       "main"
#define RETRY_MS        60000 /* after a round without its quorum */

struct WitnessClient {
    Engine *engine; /* borrowed */
    Mutex asking;   /* invariant 3 */
    Wake *wake;     /* owned */
    Cancel *cancel; /* owned; the engine closes */
    Thread *thread; /* owned; NULL until start */
};

typedef struct {
    const TlogPolicyWitness *witness; /* borrowed */
    Tlog *tlog;                       /* borrowed */
    const Checkpoint *checkpoint;     /* borrowed */
    Span note;
    int64_t size; /* what it has seen, as far as we know; in and out */
    char *lines;  /* owned; result */
} Asking;

WitnessClient *
witness_client_new(Engine *engine)
{
    WitnessClient *client = g_new0(WitnessClient, 1);

    client->engine = engine;
    client->wake = wake_new();
    client->cancel = cancel_new();
    mutex_init(&client->asking);
    return client;
}

Wake *
witness_client_get_wake(Engine *engine)
{
    return engine->witnesses->wake;
}

static TlogPolicy *
load_policy(Engine *engine, GError **error)
{
    g_autofree char *text = NULL;

    if (!witness_policy_text(engine, &text, error))
        return NULL;
    return tlog_policy_parse(span_of_text(text != NULL ? text : "quorum none\n"), error);
}

/* ---- what is kept of a log ---- */

/* {"checkpoint": note or null, "witnesses": {vkey: {size, at, problem}}}; empty when absent. */
static json_t *
load_state(Engine *engine, const char *log, GError **error)
{
    g_autofree char *path = g_strdup_printf("logs/%s" STATE_SUFFIX, log);
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) text = file_read(engine->home_fd, path, STATE_MAX_BYTES, &local);

    if (text != NULL)
        return json_parse(span_of_bytes(text), STATE_MAX_BYTES, error);
    if (error_kind(local) == ERROR_KIND_NOT_FOUND)
        return json_pack("{s:n, s:{}}", "checkpoint", "witnesses");
    g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
}

static bool
store_state(Engine *engine, const char *log, const json_t *state, GError **error)
{
    g_autofree char *name = g_strdup_printf("%s" STATE_SUFFIX, log);
    g_autofree char *text = json_pretty(state);
    AUTO_FD int dir = dir_open(engine->home_fd, "logs", error);

    return dir >= 0 && file_write_atomic(dir, name, span_of_text(text), 0644, error);
}

static Checkpoint *
checkpoint_in(Span note_bytes, GError **error)
{
    g_autoptr(Note) note = note_parse(note_bytes, error);

    return note != NULL ? checkpoint_parse(note_text(note), error) : NULL;
}

/* ---- asking one ---- */

static GBytes *
build_request(const Asking *asking, GError **error)
{
    g_autoptr(GString) text = g_string_new("");
    TlogProof proof = { 0 };

    if (asking->size > 0 && !tlog_prove_consistency(asking->tlog, (uint64_t)asking->size,
                                                    asking->checkpoint->head.size, &proof, error))
        return NULL;
    g_string_append_printf(text, "old %" PRId64 "\n", asking->size);
    for (size_t i = 0; i < proof.n; i++) {
        g_autofree char *hash = base64_encode(span_of(proof.hashes[i].bytes, DIGEST_SIZE));

        g_string_append_printf(text, "%s\n", hash);
    }
    g_string_append_c(text, '\n');
    g_string_append_len(text, (const char *)asking->note.data, (gssize)asking->note.len);
    return g_bytes_new(text->str, text->len);
}

/* One exchange. @text_out: owned. */
static bool
exchange(const Asking *asking, Cancel *cancel, int *status_out, char **text_out, GError **error)
{
    g_autofree char *url = g_strdup_printf("%s%sadd-checkpoint", asking->witness->url,
                                           g_str_has_suffix(asking->witness->url, "/") ? "" : "/");
    static const char *const headers[] = { "Content-Type: text/plain", NULL };
    AUTO_FD int fd = memfd_create("witness", MFD_CLOEXEC);
    g_auto(FetchAnswer) answer = { 0 };
    g_autoptr(GBytes) body = build_request(asking, error);

    if (body == NULL)
        return false;
    if (fd < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot make a file in memory");
        return false;
    }
    FetchRequest request = { .method = "POST",
                             .url = url,
                             .headers = headers,
                             .body = span_of_bytes(body),
                             .limit_bytes = ANSWER_MAX,
                             .out_fd = fd };
    if (!fetch(&request, cancel, &answer, error) || lseek(fd, 0, SEEK_SET) != 0)
        return false;
    g_autoptr(GBytes) got = fd_read_all(fd, ANSWER_MAX, error);
    if (got == NULL)
        return false;
    *status_out = answer.status;
    *text_out = g_strndup(g_bytes_get_data(got, NULL), g_bytes_get_size(got));
    return true;
}

/* Keeps the lines that are the witness's own and hold. */
static bool
take_lines(Asking *asking, const char *text, GError **error)
{
    g_autoptr(GString) kept = g_string_new("");
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *note = g_strndup((const char *)asking->note.data, asking->note.len);

    for (size_t i = 0; lines[i] != NULL && lines[i][0] != '\0'; i++) {
        g_autofree char *one = g_strdup_printf("%s%s\n", note, lines[i]);
        g_autoptr(Note) parsed = note_parse(span_of_text(one), NULL);

        if (parsed != NULL && cosignature_verify(parsed, asking->witness->cosigner, NULL, NULL))
            g_string_append_printf(kept, "%s\n", lines[i]);
    }
    if (kept->len == 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "it answered without a cosignature that holds");
        return false;
    }
    asking->size = (int64_t)asking->checkpoint->head.size;
    asking->lines = g_string_free(g_steal_pointer(&kept), FALSE);
    return true;
}

/* The size a witness says it knows. One that has seen more than we have is news of the worst kind. */
static bool
take_size(Asking *asking, const char *text, GError **error)
{
    g_autofree char *line = g_strndup(text, strcspn(text, "\n"));
    uint64_t size = 0;

    if (!decimal_parse(line, INT64_MAX, &size)) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "it answered 409 without a size");
        return false;
    }
    if (size > asking->checkpoint->head.size || (int64_t)size == asking->size) {
        error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                  "it has cosigned another history of this log, of %" G_GUINT64_FORMAT
                  " entries: this folder is an old copy, or somebody else signs with its key",
                  size);
        log_event(LOG_ERROR, "alarm: a witness knows another history of our log", "SLIPWAY_LOG",
                  asking->checkpoint->origin, "SLIPWAY_WITNESS", asking->witness->name, NULL);
        return false;
    }
    asking->size = (int64_t)size;
    return true;
}

static bool
ask(Asking *asking, Cancel *cancel, GError **error)
{
    for (int i = 0; i < MAX_TRIES; i++) {
        g_autofree char *text = NULL;
        int status = 0;

        if (!exchange(asking, cancel, &status, &text, error))
            return false;
        if (status == 200)
            return take_lines(asking, text, error);
        if (status == 409) {
            if (!take_size(asking, text, error))
                return false;
            continue;
        }
        g_autofree char *shown = error_printable(text);
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "it answered %d: %.200s", status,
                  g_strchomp(shown));
        return false;
    }
    error_set(error, BASE_ERROR, BASE_ERROR_BUSY, "its size changed %d times meanwhile", MAX_TRIES);
    return false;
}

/* ---- a round ---- */

/* Asks one and notes what came of it in @witnesses; its lines go to @note. */
static void
ask_and_note(Asking *asking, Cancel *cancel, json_t *witnesses, GString *note, const Clock *clock)
{
    const char *vkey = asking->witness->vkey;
    json_t *state = json_object_get(witnesses, vkey);
    g_autoptr(GError) local = NULL;

    if (state == NULL) {
        state = json_pack("{s:i, s:n, s:n}", "size", 0, "at", "problem");
        json_object_set_new(witnesses, vkey, state);
    }
    asking->size = json_integer_value(json_object_get(state, "size"));
    if (asking->size > (int64_t)asking->checkpoint->head.size)
        asking->size = 0; /* it tells us */
    if (!ask(asking, cancel, &local)) {
        json_object_set_new(state, "problem", json_string(local->message));
        return;
    }
    g_string_append(note, asking->lines);
    json_object_set_new(state, "size", json_integer(asking->size));
    json_object_set_new(state, "at", json_integer(clock_now_us(clock) / 1000000));
    json_object_set_new(state, "problem", json_null());
}

/* Keeps @note if it has the quorum and is not older than what is kept. */
static void
keep_if_newer(json_t *state, const Checkpoint *checkpoint, const char *note)
{
    const char *old = json_string_value(json_object_get(state, "checkpoint"));
    g_autoptr(Checkpoint) kept = old != NULL ? checkpoint_in(span_of_text(old), NULL) : NULL;

    if (kept == NULL || kept->head.size <= checkpoint->head.size)
        json_object_set_new(state, "checkpoint", json_string(note));
}

static bool
run_round(WitnessClient *client, const TlogPolicy *policy, const char *log, Tlog *tlog,
          GBytes *note, GBytes **cosigned_out, GError **error)
{
    Engine *engine = client->engine;
    g_autoptr(Checkpoint) checkpoint = checkpoint_in(span_of_bytes(note), error);
    g_autoptr(json_t) state = checkpoint != NULL ? load_state(engine, log, error) : NULL;
    Span plain = span_of_bytes(note);
    g_autoptr(GString) text = g_string_new_len((const char *)plain.data, (gssize)plain.len);
    g_autoptr(GError) local = NULL;

    if (state == NULL)
        return false;
    for (size_t i = 0; i < tlog_policy_n_witnesses(policy); i++) {
        Asking asking = { .witness = tlog_policy_witness(policy, i),
                          .tlog = tlog,
                          .checkpoint = checkpoint,
                          .note = plain };

        if (asking.witness->url != NULL && asking.witness->cosigner != NULL)
            ask_and_note(&asking, client->cancel, json_object_get(state, "witnesses"), text,
                         engine->clock);
        g_free(asking.lines);
    }
    g_autoptr(Note) cosigned = note_parse(span_of_text(text->str), error);
    if (cosigned == NULL)
        return false;
    bool ok = tlog_policy_check(policy, cosigned, NULL, &local);
    if (ok)
        keep_if_newer(state, checkpoint, text->str);
    if (!store_state(engine, log, state, error))
        return false;
    *cosigned_out = g_bytes_new(text->str, text->len);
    if (!ok)
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "%s", local->message);
    return ok;
}

bool
witness_cosign(Engine *engine, const char *log, Tlog *tlog, GBytes *note, GBytes **cosigned_out,
               GError **error)
{
    WitnessClient *client = engine->witnesses;
    MUTEX_GUARD(&client->asking);
    g_autoptr(TlogPolicy) policy = load_policy(engine, error);

    if (policy == NULL)
        return false;
    if (tlog_policy_n_witnesses(policy) == 0) {
        *cosigned_out = g_bytes_ref(note);
        return true;
    }
    if (run_round(client, policy, log, tlog, note, cosigned_out, error))
        return true;
    error_prefix(error, "the checkpoint of log '%s' lacks its witnesses", log);
    return false;
}

bool
witness_wants_quorum(Engine *engine, bool *wants_out, GError **error)
{
    g_autoptr(TlogPolicy) policy = load_policy(engine, error);

    if (policy == NULL)
        return false;
    *wants_out = tlog_policy_has_quorum(policy);
    return true;
}

bool
witness_kept(Engine *engine, const char *log, GBytes **note_out, GError **error)
{
    g_autoptr(json_t) state = load_state(engine, log, error);
    const char *note = json_string_value(json_object_get(state, "checkpoint"));

    if (state == NULL)
        return false;
    *note_out = note != NULL ? g_bytes_new(note, strlen(note)) : NULL;
    return true;
}

bool
witness_status(Engine *engine, const char *log, json_t **result_out, GError **error)
{
    g_autoptr(TlogPolicy) policy = load_policy(engine, error);
    g_autoptr(json_t) state = policy != NULL ? load_state(engine, log, error) : NULL;
    g_autoptr(json_t) list = json_array();

    if (state == NULL)
        return false;
    for (size_t i = 0; i < tlog_policy_n_witnesses(policy); i++) {
        const TlogPolicyWitness *witness = tlog_policy_witness(policy, i);
        const json_t *known = json_object_get(json_object_get(state, "witnesses"), witness->vkey);
        json_t *item = json_pack("{s:s, s:s, s:o, s:i, s:n, s:n}", "name", witness->name, "vkey",
                                 witness->vkey, "url", json_string_or_null(witness->url), "size", 0,
                                 "at", "problem");

        if (known != NULL)
            json_object_update(item, (json_t *)(void *)known);
        json_array_append_new(list, item);
    }
    *result_out = g_steal_pointer(&list);
    return true;
}

/* ---- the thread ---- */

/* @done: the last size with a quorum. */
static bool
look_at_main(WitnessClient *client, uint64_t *done, GError **error)
{
    Engine *engine = client->engine;
    MerkleHead head = { 0 };
    g_autoptr(GBytes) note = NULL;
    g_autoptr(GBytes) cosigned = NULL;

    if (tlog_get_size(engine->tlog) == *done)
        return true;
    note = lane_checkpoint(engine->lane, &head, error);
    if (note == NULL || !witness_cosign(engine, MAIN_NAME, engine->tlog, note, &cosigned, error))
        return false;
    *done = head.size;
    return true;
}

static void
keep_asking(void *data)
{
    WitnessClient *client = data;
    g_autofree char *last = NULL; /* the policy asked by */
    uint64_t done = UINT64_MAX;
    bool ok = true;

    while (!cancel_is_set(client->cancel)) {
        g_autoptr(GError) local = NULL;
        g_autofree char *text = NULL;

        if (!wake_wait(client->wake, ok ? -1 : RETRY_MS, client->cancel, &local) &&
            error_kind(local) == ERROR_KIND_CANCELLED)
            break;
        g_clear_error(&local);
        if (!witness_policy_text(client->engine, &text, &local) || text == NULL)
            continue; /* nobody to ask */
        bool again = g_strcmp0(text, last) != 0;
        if (again) {
            done = UINT64_MAX;
            g_free(last);
            last = g_strdup(text);
        }
        ok = look_at_main(client, &done, &local);
        if (ok && foreign_has(client->engine))
            ok = foreign_ask_witnesses(client->engine, again, &local);
        if (!ok && !cancel_is_set(client->cancel))
            log_event(LOG_WARNING, "a checkpoint lacks its witnesses; retrying", "SLIPWAY_CAUSE",
                      local->message, NULL);
    }
}

bool
witness_client_start(Engine *engine, GError **error)
{
    WitnessClient *client = engine->witnesses;

    if (client->thread == NULL)
        client->thread = thread_start("witnesses", keep_asking, client, error);
    wake_send(client->wake);
    return client->thread != NULL;
}

void
witness_client_stop(Engine *engine)
{
    WitnessClient *client = engine->witnesses;

    if (client == NULL)
        return;
    cancel_trigger(client->cancel);
    thread_join(client->thread);
    engine->witnesses = NULL;
    mutex_clear(&client->asking);
    wake_free(client->wake);
    cancel_unref(client->cancel);
    g_free(client);
}
