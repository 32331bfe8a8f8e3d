/* SPDX-License-Identifier: Apache-2.0
 * log_floor: what benchmark 1 costs at least: one thread, one file for entries and one for leaf
 * hashes, one fdatasync a batch onto blocks written before, a checkpoint signed with a key in
 * memory and appended with the batch. No recovery, no index, no proofs, no concurrency. Same
 * options as log_append.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/digest.h"
#include "bench_util.h"
#include "keys/memory_signer.h"
#include "proof/checkpoint.h"
#include "proof/merkle.h"

#define ORIGIN     "bench.example/log"
#define RECORD     (1 + BENCH_ENTRY_SIZE)
#define MAX_BATCH  4096
#define NOTE_SPACE 512
#define AHEAD      (64u << 20)

typedef struct {
    int entries_fd;
    int hashes_fd;
    off_t end;
    off_t ahead;
    MerkleFrontier frontier;
    Signer *signer; /* owned */
    uint8_t *batch; /* owned */
    Digest *hashes; /* owned */
    uint8_t *zeros; /* owned */
} Floor;

static int
make_file(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd < 0)
        bench_fail("cannot make a file", NULL);
    return fd;
}

static void
write_all(int fd, const void *data, size_t len, off_t offset)
{
    if (pwrite(fd, data, len, offset) != (ssize_t)len)
        bench_fail("cannot write", NULL);
}

static void
go_ahead(Floor *floor, size_t len)
{
    while (floor->end + (off_t)len > floor->ahead) {
        write_all(floor->entries_fd, floor->zeros, AHEAD, floor->ahead);
        floor->ahead += AHEAD;
        if (fdatasync(floor->entries_fd) != 0)
            bench_fail("cannot sync", NULL);
    }
}

static void
commit(Floor *floor, uint64_t first, size_t n)
{
    g_autoptr(GError) error = NULL;
    Span leaves[MAX_BATCH] = { 0 };

    for (size_t i = 0; i < n; i++) {
        uint8_t *record = floor->batch + i * RECORD;

        record[0] = 0;
        bench_entry(record + 1, first + i);
        leaves[i] = (Span){ record, RECORD };
    }
    digest_many(leaves, n, floor->hashes);
    for (size_t i = 0; i < n; i++)
        merkle_frontier_append(&floor->frontier, &floor->hashes[i]);
    MerkleHead head = { floor->frontier.size, merkle_frontier_root(&floor->frontier) };
    g_autofree char *text = checkpoint_format(ORIGIN, &head, NULL);
    g_autoptr(GBytes) note =
        note_sign((Span){ (const uint8_t *)text, strlen(text) }, ORIGIN, floor->signer, &error);
    if (note == NULL || g_bytes_get_size(note) > NOTE_SPACE)
        bench_fail("cannot sign", error);
    memcpy(floor->batch + n * RECORD, g_bytes_get_data(note, NULL), g_bytes_get_size(note));
    write_all(floor->hashes_fd, floor->hashes, n * DIGEST_SIZE, (off_t)first * DIGEST_SIZE);
    write_all(floor->entries_fd, floor->batch, n * RECORD + NOTE_SPACE, floor->end);
    if (fdatasync(floor->entries_fd) != 0)
        bench_fail("cannot sync", NULL);
    floor->end += (off_t)(n * RECORD + NOTE_SPACE);
}

int
main(int argc, char **argv)
{
    const char *dir = bench_option(argc, argv, "--dir", NULL);
    size_t in_flight = (size_t)bench_number(argc, argv, "--in-flight", "1");
    size_t batch = MIN((size_t)bench_number(argc, argv, "--batch", "256"), MAX_BATCH);
    double seconds = bench_number(argc, argv, "--seconds", "2");
    GArray *latencies = g_array_new(FALSE, FALSE, sizeof(int64_t));
    Floor floor = { .zeros = g_malloc0(AHEAD) };
    uint64_t done = 0;

    batch = MIN(batch, in_flight);
    if (dir == NULL)
        bench_fail("--dir is missing", NULL);
    g_mkdir_with_parents(dir, 0755);
    floor.entries_fd = make_file(dir, "entries");
    floor.hashes_fd = make_file(dir, "hashes");
    floor.signer = memory_signer_generate(PUBLIC_KEY_ED25519, NULL);
    floor.batch = g_malloc0(MAX_BATCH * RECORD + NOTE_SPACE);
    floor.hashes = g_new(Digest, MAX_BATCH);
    go_ahead(&floor, 1); /* before the clock starts */
    int64_t start_us = clock_monotonic_us();
    double cpu = bench_cpu_seconds(RUSAGE_SELF);
    while (clock_monotonic_us() - start_us < (int64_t)(seconds * 1e6)) {
        int64_t before_us = clock_monotonic_us();

        go_ahead(&floor, batch * RECORD + NOTE_SPACE);
        commit(&floor, done, batch);
        done += batch;
        int64_t latency_us = clock_monotonic_us() - before_us;
        for (size_t i = 0; i < batch; i++)
            g_array_append_val(latencies, latency_us);
    }
    bench_print(latencies, (double)(clock_monotonic_us() - start_us) / 1e6,
                bench_cpu_seconds(RUSAGE_SELF) - cpu);
    signer_free(floor.signer);
    g_array_unref(latencies);
    return 0;
}
