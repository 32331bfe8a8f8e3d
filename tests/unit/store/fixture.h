/* SPDX-License-Identifier: Apache-2.0
 * fixture: a store in a temporary folder, for the tests of this folder. */
#pragma once
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "testing.h"
#include "base/encoding.h"
#include "base/files.h"
#include "store/store.h"

typedef struct {
    TempDir dir;             /* owned */
    char *root;              /* owned: dir/live */
    Store *store;            /* owned */
    StoreBatch *batch;       /* owned */
    StoreFsckReport *report; /* owned */
    GBytes *bytes;           /* owned */
    GHashTable *keep;        /* owned, of Digest */
    int fd;                  /* owned */
    GError *error;           /* owned */
} Fixture;

static inline int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    *state = f;
    f->fd = -1;
    f->keep = g_hash_table_new(digest_hash, digest_hash_equal);
    if (!temp_dir_make(&f->dir, "slipway-test", &f->error))
        return -1;
    f->root = g_build_filename(f->dir.path, "live", NULL);
    f->store = store_create(f->root, &f->error);
    return f->store == NULL ? -1 : 0;
}

static inline int
teardown(void **state)
{
    Fixture *f = *state;

    g_clear_pointer(&f->batch, store_batch_free);
    g_clear_pointer(&f->store, store_free);
    g_clear_pointer(&f->report, store_fsck_report_free);
    g_clear_pointer(&f->bytes, g_bytes_unref);
    g_hash_table_unref(f->keep);
    fd_clear(&f->fd);
    g_clear_error(&f->error);
    temp_dir_clear(&f->dir);
    g_free(f->root);
    g_free(f);
    return 0;
}

/* The path of a blob. Owned. */
static inline char *
blob_path(const char *root, const Digest *digest)
{
    char hex[DIGEST_HEX_SIZE];

    digest_to_hex(digest, hex);
    return g_strdup_printf("%s/sha256/%.2s/%s", root, hex, hex + 2);
}

/* Makes a blob look @age_s old. */
static inline void
make_older(const char *root, const Digest *digest, int64_t age_s)
{
    g_autofree char *path = blob_path(root, digest);
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec -= age_s;
    assert_int_equal(utimensat(AT_FDCWD, path, (struct timespec[]){ now, now }, 0), 0);
}

/* @len bytes that differ for every @seed. Owned. */
static inline uint8_t *
make_content(uint32_t seed, size_t len)
{
    uint8_t *data = g_malloc(len + 1);

    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525u + 1013904223u;
        data[i] = (uint8_t)(seed >> 24);
    }
    return data;
}

/* A memory file with that content at its beginning. */
static inline int
memory_file(const uint8_t *data, size_t len)
{
    int fd = memfd_create("content", MFD_CLOEXEC);

    if (fd >= 0 && (write(fd, data, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) != 0))
        fd_clear(&fd);
    return fd;
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
