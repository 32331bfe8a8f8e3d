/* SPDX-License-Identifier: Apache-2.0
 * log_fixture: a scratch log for the tests of tlog. */
#pragma once
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/files.h"
#include "testing.h"
#include "keys/memory_signer.h"
#include "proof/checkpoint.h"
#include "tlog/tlog.h"

#define FIXTURE_ORIGIN "log.example/test"

typedef struct {
    TempDir dir;
    char *path;     /* owned; the log's folder, not yet made */
    Tlog *tlog;     /* owned */
    GError *error;  /* owned */
    GBytes *bytes;  /* owned; for whatever a test holds during assertions */
    Signer *signer; /* owned; made on demand */
    TlogRecord record;
} LogFixture;

static inline int
log_fixture_setup(void **state)
{
    LogFixture *f = g_new0(LogFixture, 1);

    *state = f;
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 1); /* memory: syncs cost nothing */
    if (!temp_dir_make(&f->dir, "tlog", &f->error))
        return -1;
    f->path = g_build_filename(f->dir.path, "log", NULL);
    return 0;
}

static inline int
log_fixture_teardown(void **state)
{
    LogFixture *f = *state;

    tlog_record_clear(&f->record);
    tlog_free(f->tlog);
    g_clear_error(&f->error);
    g_clear_pointer(&f->bytes, g_bytes_unref);
    signer_free(f->signer);
    temp_dir_clear(&f->dir);
    g_free(f->path);
    g_free(f);
    return 0;
}

static inline void
log_fixture_create(LogFixture *f)
{
    f->tlog = tlog_create(f->path, FIXTURE_ORIGIN, &f->error);
    assert_no_gerror(f->error);
}

static inline void
log_fixture_close(LogFixture *f)
{
    g_clear_pointer(&f->tlog, tlog_free);
}

static inline bool
log_fixture_reopen(LogFixture *f)
{
    log_fixture_close(f);
    g_clear_error(&f->error);
    f->tlog = tlog_open(f->path, FIXTURE_ORIGIN, NULL, 0, &f->error);
    return f->tlog != NULL;
}

/* Appends entries "leaf N" / "pae N", @n of them, in batches of @batch. */
static inline void
log_fixture_append(LogFixture *f, size_t n, size_t batch)
{
    static const size_t text_size = 32;
    g_autofree char *texts = g_malloc(batch * 2 * text_size);
    g_autofree TlogEntry *entries = g_new(TlogEntry, batch);

    while (n > 0) {
        size_t now = MIN(n, batch);
        uint64_t size = tlog_get_size(f->tlog);

        for (size_t i = 0; i < now; i++) {
            char *leaf = texts + 2 * i * text_size;
            char *pae = leaf + text_size;

            g_snprintf(leaf, text_size, "leaf %" PRIu64, size + i);
            g_snprintf(pae, text_size, "pae %" PRIu64, size + i);
            entries[i] = (TlogEntry){ span_of_text(leaf), span_of_text(pae) };
        }
        bool ok = tlog_append(f->tlog, entries, now, NULL, &f->error);
        assert_no_gerror(f->error);
        assert_true(ok);
        n -= now;
    }
}

static inline Digest
log_fixture_leaf_hash(uint64_t index)
{
    char text[32];

    g_snprintf(text, sizeof text, "leaf %" PRIu64, index);
    return merkle_leaf_hash(span_of_text(text));
}

/* Signs the log's present head as its checkpoint and keeps it. */
static inline void
log_fixture_checkpoint(LogFixture *f)
{
    MerkleHead head = tlog_get_head(f->tlog);
    g_autofree char *text = checkpoint_format(FIXTURE_ORIGIN, &head, NULL);

    if (f->signer == NULL)
        f->signer = memory_signer_generate(PUBLIC_KEY_ED25519, &f->error);
    assert_no_gerror(f->error);
    g_clear_pointer(&f->bytes, g_bytes_unref);
    f->bytes = note_sign(span_of_text(text), FIXTURE_ORIGIN, f->signer, &f->error);
    assert_no_gerror(f->error);
    bool ok = tlog_set_checkpoint(f->tlog, span_of_bytes(f->bytes), &f->error);
    assert_no_gerror(f->error);
    assert_true(ok);
}

static inline char *
log_fixture_file(const LogFixture *f, const char *name)
{
    return g_build_filename(f->path, name, NULL);
}

/* Overwrites @len bytes of a file of the log at @offset (from its end if negative). */
static inline void
log_fixture_damage(const LogFixture *f, const char *name, off_t offset, const char *bytes)
{
    g_autofree char *path = log_fixture_file(f, name);
    AUTO_FD int fd = open(path, O_RDWR | O_CLOEXEC);

    assert_true(fd >= 0);
    if (offset < 0)
        offset += lseek(fd, 0, SEEK_END);
    assert_int_equal(pwrite(fd, bytes, strlen(bytes), offset), strlen(bytes));
}

/* Removes a file of the log that must be there. */
static inline void
log_fixture_remove(const LogFixture *f, const char *name)
{
    g_autofree char *path = log_fixture_file(f, name);

    assert_int_equal(unlink(path), 0);
}
