/* SPDX-License-Identifier: Apache-2.0
 * ingest: benchmark 3, our side and its floors.
 *   ingest store STORE FILE     one file into the store
 *   ingest store STORE FOLDER   every file of a flat folder, one batch
 *   ingest hash FILE            SHA-256 alone
 *   ingest write FILE NEW       copy and fsync alone
 *   ingest tree FOLDER NEW      open, read, hash and create each file; one syncfs
 * Prints {seconds, cpu, rss_kb} of the work alone. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "bench_util.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/files.h"
#include "base/limits.h"
#include "store/store.h"
#include "base/banned.h"

#define BLOCK (256 << 10)

static void
must(bool ok, const char *what, const GError *error)
{
    if (ok)
        return;
    fprintf(stderr, "ingest: %s: %s\n", what, error != NULL ? error->message : "");
    exit(1);
}

static int
open_or_exit(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0644);

    must(fd >= 0, path, NULL);
    return fd;
}

static void
hash_fd(int fd, int copy_fd)
{
    g_autoptr(DigestStream) stream = digest_stream_new();
    g_autofree uint8_t *block = g_malloc(BLOCK);
    ssize_t n = 0;

    while ((n = read(fd, block, BLOCK)) > 0) {
        digest_stream_update(stream, span_of(block, (size_t)n));
        must(copy_fd < 0 || write(copy_fd, block, (size_t)n) == n, "write", NULL);
    }
    digest_stream_finish(stream);
}

static void
write_only(const char *from, const char *to)
{
    g_autofree uint8_t *block = g_malloc(BLOCK);
    AUTO_FD int in = open_or_exit(from, O_RDONLY);
    AUTO_FD int out = open_or_exit(to, O_WRONLY | O_CREAT | O_TRUNC);
    ssize_t n = 0;

    while ((n = read(in, block, BLOCK)) > 0)
        must(write(out, block, (size_t)n) == n, "write", NULL);
    must(fsync(out) == 0, "fsync", NULL);
}

/* Calls @visit with each file of the folder, opened. */
static void
each_file(const char *folder, void (*visit)(int fd, const char *name, void *data), void *data)
{
    g_autoptr(GError) error = NULL;
    AUTO_FD int dirfd = open_or_exit(folder, O_RDONLY | O_DIRECTORY);
    g_autoptr(GPtrArray) names = dir_list(dirfd, ".", 10000000, &error);

    must(names != NULL, folder, error);
    for (guint i = 0; i < names->len; i++) {
        AUTO_FD int fd = openat(dirfd, names->pdata[i], O_RDONLY | O_CLOEXEC);

        must(fd >= 0, names->pdata[i], NULL);
        visit(fd, names->pdata[i], data);
    }
}

static void
put_one(int fd, const char *name, void *data)
{
    g_autoptr(GError) error = NULL;
    Digest digest;

    must(store_batch_put_fd(data, fd, LIMIT_ARTIFACT_BYTES, &digest, &error), name, error);
}

static void
copy_one(int fd, const char *name, void *data)
{
    int to_dir = *(int *)data;
    AUTO_FD int to = openat(to_dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    must(to >= 0, name, NULL);
    hash_fd(fd, to);
}

static void
store_all(const char *root, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = store_create(root, &error);
    g_autoptr(StoreBatch) batch = NULL;
    struct stat st;

    must(store != NULL && stat(path, &st) == 0, path, error);
    batch = store_batch_begin(store, &error);
    must(batch != NULL, root, error);
    if (S_ISDIR(st.st_mode)) {
        each_file(path, put_one, batch);
    } else {
        AUTO_FD int fd = open_or_exit(path, O_RDONLY);

        put_one(fd, path, batch);
    }
    must(store_batch_commit(batch, &error), root, error);
}

static void
copy_tree(const char *folder, const char *to)
{
    AUTO_FD int to_dir = open_or_exit(to, O_RDONLY | O_DIRECTORY);

    each_file(folder, copy_one, &to_dir);
    must(syncfs(to_dir) == 0, "syncfs", NULL);
}

static double
cpu_seconds(const struct rusage *usage)
{
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
           (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

int
main(int argc, char **argv)
{
    int64_t begin_us = clock_monotonic_us();
    struct rusage usage;

    if (argc == 4 && strcmp(argv[1], "store") == 0) {
        store_all(argv[2], argv[3]);
    } else if (argc == 3 && strcmp(argv[1], "hash") == 0) {
        AUTO_FD int fd = open_or_exit(argv[2], O_RDONLY);

        hash_fd(fd, -1);
    } else if (argc == 4 && strcmp(argv[1], "write") == 0) {
        write_only(argv[2], argv[3]);
    } else if (argc == 4 && strcmp(argv[1], "tree") == 0) {
        copy_tree(argv[2], argv[3]);
    } else {
        fprintf(stderr, "usage: ingest store|hash|write|tree …\n");
        return 2;
    }
    begin_us = clock_monotonic_us() - begin_us;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"seconds\": %.6f, \"cpu\": %.6f, \"rss_kb\": %ld}\n", (double)begin_us / 1e6,
           cpu_seconds(&usage), bench_rss_kb());
    return 0;
}
