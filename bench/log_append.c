/* SPDX-License-Identifier: Apache-2.0
 * log_append: our log under the workloads of benchmark 1. Entries are answered after the journal's
 * fdatasync and with a checkpoint over them signed.
 *
 * --dir PATH          folder for log and keys (made if new)
 * --in-flight N       entries on their way at once
 * --batch N           entries of one batch at most
 * --seconds S         how long
 * --seal MODE         process (the signer's process, its record synced), memory (a key here), none
 * --acks 1            print each index when it is answered, for the kill test
 * --grow N            no workload: append up to N entries in large batches, then measure: cost of
 * an append, memory, opening again, proofs
 * --check 1           no workload: open, compare all, print the size
 */
#include <unistd.h>
#include "bench_util.h"
#include "keys/memory_signer.h"
#include "proof/checkpoint.h"
#include "signer/client.h"
#include "sys/thread.h"
#include "tlog/committer.h"

#define ORIGIN       "bench.example/log"
#define GROW_BATCH   4096
#define COST_BATCH   256
#define COST_BATCHES 40
#define PROOF_ROUNDS 20000

typedef enum { SEAL_PROCESS, SEAL_MEMORY, SEAL_NONE } SealMode;

typedef struct { /* what a batch is sealed with */
    SealMode mode;
    SignerClient *client; /* owned; PROCESS */
    Signer *signer;       /* owned; MEMORY */
    uint64_t last_size;
} Seal;

typedef struct {
    CommitRequest request; /* first: the committer gives it back */
    uint8_t entry[BENCH_ENTRY_SIZE];
    int64_t start_us;
} Flight;

typedef struct { /* the client: posts, waits for what comes back, posts again */
    Mutex lock;
    Cond arrived;
    CommitRequest *back; /* guarded by lock */
    uint64_t n_back;     /* guarded by lock */
} Client;

static GBytes *
sign_head(Seal *seal, Tlog *tlog, const MerkleHead *head, GError **error)
{
    TlogProof proof = { 0 };

    if (seal->mode == SEAL_MEMORY) {
        g_autofree char *text = checkpoint_format(ORIGIN, head, NULL);

        return note_sign((Span){ (const uint8_t *)text, strlen(text) }, ORIGIN, seal->signer,
                         error);
    }
    if (!tlog_prove_consistency(tlog, seal->last_size, head->size, &proof, error))
        return NULL;
    return signer_sign_checkpoint(seal->client, head->size, &head->root, proof.hashes, proof.n,
                                  error);
}

static bool
seal_batch(void *context, Tlog *tlog, GError **error)
{
    Seal *seal = context;
    MerkleHead head = tlog_get_head(tlog);
    g_autoptr(GBytes) note = sign_head(seal, tlog, &head, error);

    seal->last_size = head.size;
    return note != NULL && tlog_set_checkpoint(tlog, span_of_bytes(note), error);
}

static Seal
open_seal(const char *dir, const char *mode)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *keys_dir = g_build_filename(dir, "keys", NULL);
    Seal seal = { .mode = strcmp(mode, "memory") == 0 ? SEAL_MEMORY
                          : strcmp(mode, "none") == 0 ? SEAL_NONE
                                                      : SEAL_PROCESS };

    if (seal.mode == SEAL_MEMORY)
        seal.signer = memory_signer_generate(PUBLIC_KEY_ED25519, &error);
    if (seal.mode != SEAL_PROCESS)
        return seal;
    if (access(keys_dir, F_OK) != 0) {
        g_autoptr(GPtrArray) keys = signer_create_keys(keys_dir, ORIGIN, &error);

        if (keys == NULL)
            bench_fail("cannot make keys", error);
    }
    SignerLogState state;
    seal.client = signer_client_new(keys_dir);
    if (!signer_load_log_state(seal.client, &state, &error))
        bench_fail("cannot read the signer's record", error);
    seal.last_size = state.size;
    return seal;
}

static Tlog *
open_log(const char *dir)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(dir, "log", NULL);
    Tlog *tlog = access(path, F_OK) == 0 ? tlog_open(path, ORIGIN, NULL, 0, &error)
                                         : tlog_create(path, ORIGIN, &error);

    if (tlog == NULL)
        bench_fail("cannot open the log", error);
    return tlog;
}

static void
come_back(CommitRequest *request)
{
    Client *client = request->context;
    MUTEX_GUARD(&client->lock);

    request->next = client->back;
    client->back = request;
    client->n_back++;
    cond_signal(&client->arrived);
}

static CommitRequest *
wait_for_some(Client *client, uint64_t *n_out)
{
    MUTEX_GUARD(&client->lock);

    while (client->back == NULL)
        cond_wait(&client->arrived, &client->lock);
    CommitRequest *all = client->back;
    *n_out = client->n_back;
    client->back = NULL;
    client->n_back = 0;
    return all;
}

typedef struct {
    Committer *committer; /* borrowed */
    Client client;
    Flight *flights; /* owned */
    size_t in_flight;
    uint64_t next;
    bool acks;
    GArray *latencies; /* owned */
} Workload;

static void
post(Workload *workload, CommitRequest *first, size_t n, int64_t now_us)
{
    g_autoptr(GError) error = NULL;

    for (CommitRequest *request = first; request != NULL; request = request->next) {
        Flight *flight = (Flight *)request;

        bench_entry(flight->entry, workload->next++);
        flight->start_us = now_us;
    }
    if (!committer_post_chain(workload->committer, first, n, &error))
        bench_fail("cannot post", error);
}

static void
note_answers(Workload *workload, CommitRequest *back, int64_t now_us)
{
    for (CommitRequest *request = back; request != NULL; request = request->next) {
        int64_t latency_us = now_us - ((Flight *)request)->start_us;

        if (request->error != NULL)
            bench_fail("an entry was refused", request->error);
        if (workload->acks)
            printf("%" PRIu64 "\n", request->index);
        g_array_append_val(workload->latencies, latency_us);
    }
    if (workload->acks)
        fflush(stdout);
}

static void
run_workload(Workload *workload, double seconds)
{
    int64_t start_us = clock_monotonic_us();
    int64_t end_us = start_us + (int64_t)(seconds * 1e6);
    double cpu = bench_cpu_seconds(RUSAGE_SELF);
    uint64_t out = workload->in_flight;

    mutex_init(&workload->client.lock);
    cond_init(&workload->client.arrived);
    for (size_t i = 0; i < workload->in_flight; i++) {
        Flight *flight = &workload->flights[i];

        flight->request.entry.leaf = (Span){ flight->entry, BENCH_ENTRY_SIZE };
        flight->request.done = come_back;
        flight->request.context = &workload->client;
        flight->request.next = i + 1 < workload->in_flight ? &flight[1].request : NULL;
    }
    post(workload, &workload->flights[0].request, workload->in_flight, start_us);
    while (out > 0) {
        uint64_t n = 0;
        CommitRequest *back = wait_for_some(&workload->client, &n);
        int64_t now_us = clock_monotonic_us();

        note_answers(workload, back, now_us);
        if (now_us < end_us)
            post(workload, back, n, now_us);
        else
            out -= n;
    }
    bench_print(workload->latencies, (double)(clock_monotonic_us() - start_us) / 1e6,
                bench_cpu_seconds(RUSAGE_SELF) - cpu);
}

static void
measure(int argc, char **argv, const char *dir)
{
    g_autoptr(GError) error = NULL;
    Tlog *tlog = open_log(dir);
    Seal seal = open_seal(dir, bench_option(argc, argv, "--seal", "process"));
    size_t in_flight = (size_t)bench_number(argc, argv, "--in-flight", "1");
    CommitterOptions options = {
        .max_batch = (size_t)bench_number(argc, argv, "--batch", "256"),
        .max_queued = in_flight + TLOG_BATCH_MAX_ENTRIES,
        .seal = seal.mode == SEAL_NONE ? NULL : seal_batch,
        .context = &seal,
    };
    Workload workload = {
        .committer = committer_new(tlog, &options, &error),
        .flights = g_new0(Flight, in_flight),
        .in_flight = in_flight,
        .acks = bench_number(argc, argv, "--acks", "0") > 0,
        .latencies = g_array_new(FALSE, FALSE, sizeof(int64_t)),
    };

    if (workload.committer == NULL)
        bench_fail("no committer", error);
    run_workload(&workload, bench_number(argc, argv, "--seconds", "2"));
    committer_free(workload.committer);
    g_array_unref(workload.latencies);
    g_free(workload.flights);
    signer_client_free(seal.client);
    signer_free(seal.signer);
    tlog_free(tlog);
}

/* --- growth --------------------------------------------------------------------------------- */

static void
append_many(Tlog *tlog, uint64_t n)
{
    g_autofree uint8_t *bytes = g_malloc0((size_t)GROW_BATCH * BENCH_ENTRY_SIZE);
    g_autofree TlogEntry *entries = g_new0(TlogEntry, GROW_BATCH);
    g_autoptr(GError) error = NULL;

    for (uint64_t done = 0; done < n;) {
        size_t now = (size_t)MIN(n - done, GROW_BATCH);

        for (size_t i = 0; i < now; i++) {
            uint8_t *entry = bytes + i * BENCH_ENTRY_SIZE;

            bench_entry(entry, done + i);
            entries[i].leaf = (Span){ entry, BENCH_ENTRY_SIZE };
        }
        if (!tlog_append(tlog, entries, now, NULL, &error))
            bench_fail("cannot append", error);
        done += now;
    }
}

/* CPU microseconds of one entry, appended in batches of COST_BATCH; the sync itself is not CPU. */
static double
append_cost_us(Tlog *tlog)
{
    double before = bench_cpu_seconds(RUSAGE_SELF);

    for (int i = 0; i < COST_BATCHES; i++)
        append_many(tlog, COST_BATCH);
    return (bench_cpu_seconds(RUSAGE_SELF) - before) * 1e6 / (COST_BATCHES * COST_BATCH);
}

/* CPU microseconds of one inclusion proof at a random place, warm. */
static double
proof_cost_us(Tlog *tlog)
{
    g_autoptr(GError) error = NULL;
    uint64_t size = tlog_get_size(tlog);
    uint64_t state = 88172645463325252ull; /* xorshift: the same indexes every time */
    double start = 0;
    TlogProof proof;

    for (int i = -PROOF_ROUNDS; i < PROOF_ROUNDS; i++) { /* the first half warms */
        if (i == 0)
            start = bench_cpu_seconds(RUSAGE_SELF);
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        if (!tlog_prove_inclusion(tlog, state % size, size, &proof, &error))
            bench_fail("cannot prove", error);
    }
    return (bench_cpu_seconds(RUSAGE_SELF) - start) * 1e6 / PROOF_ROUNDS;
}

static void
grow(const char *dir, uint64_t size)
{
    Tlog *tlog = open_log(dir);
    uint64_t old_size = tlog_get_size(tlog);

    if (size > old_size)
        append_many(tlog, size - old_size);
    double append_us = append_cost_us(tlog);
    double proof_us = proof_cost_us(tlog);
    tlog_free(tlog);
    int64_t start_us = clock_monotonic_us();
    tlog = open_log(dir);
    int64_t open_us = clock_monotonic_us() - start_us;
    printf("{\"size\":%" PRIu64 ",\"append_cpu_us\":%.4f,\"proof_us\":%.2f,\"open_us\":%" PRId64
           ",\"rss_kb\":%ld}\n",
           tlog_get_size(tlog), append_us, proof_us, open_us, bench_rss_kb());
    tlog_free(tlog);
}

static void
check(const char *dir)
{
    g_autoptr(GError) error = NULL;
    Tlog *tlog = open_log(dir);
    TlogCheckReport report;
    int64_t start_us = clock_monotonic_us();

    if (!tlog_check(tlog, &report, &error))
        bench_fail("check", error);
    printf("{\"size\":%" PRIu64 ",\"seconds\":%.6f}\n", report.head.size,
           (double)(clock_monotonic_us() - start_us) / 1e6);
    tlog_free(tlog);
}

int
main(int argc, char **argv)
{
    const char *dir = bench_option(argc, argv, "--dir", NULL);
    double size = bench_number(argc, argv, "--grow", "0");

    if (dir == NULL)
        bench_fail("--dir is missing", NULL);
    if (bench_number(argc, argv, "--check", "0") > 0)
        check(dir);
    else if (size > 0)
        grow(dir, (uint64_t)size);
    else
        measure(argc, argv, dir);
    return 0;
}
