/* SPDX-License-Identifier: Apache-2.0
 * journal: the file of records: opening, committing, settling after a crash. journal_priv.h has the
 * format. */
#include "tlog/journal_priv.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "base/files.h"
#include "base/os.h"
#include "sys/lock.h"
#include "base/banned.h"

/* Invariants
 * 1. Between commits, bytes from `end` to `written` are zeros, and the file is `written` long.
 * 2. All records before `end` are durable.
 * 3. If 1 cannot be restored after a failed write, or an fdatasync fails, the process ends: nobody
 * may be told anything about entries whose fate is unknown. */

#define JOURNAL_NAME    "journal"
#define JOURNAL_MAGIC   "slipway-journal 1\norigin "
#define SETTLE_CHUNK    (64u << 10)
#define ZEROS_SIZE      MAX(JOURNAL_AHEAD_BYTES, SETTLE_CHUNK)
#define SETTLE_MAX_TAIL (TLOG_BATCH_MAX_BYTES + (8u << 20)) /* searched for later records */

struct Journal {
    int fd; /* owned; holds the lock */
    uint64_t end;
    uint64_t written;
    uint8_t *zeros; /* owned; ZEROS_SIZE, read-only */
};

bool
journal_create(int dirfd, const char *origin, GError **error)
{
    uint8_t header[JOURNAL_HEADER_SIZE] = { 0 };
    g_autofree char *text = g_strdup_printf(JOURNAL_MAGIC "%s\n", origin);

    assert(strlen(text) < sizeof header);
    memcpy(header, text, strlen(text));
    if (file_write_new(dirfd, JOURNAL_NAME, span_of(header, sizeof header), 0644, error))
        return true;
    if (error != NULL && error_kind(*error) == ERROR_KIND_EXISTS) {
        g_clear_error(error);
        error_set(error, TLOG_ERROR, TLOG_ERROR_EXISTS, "there is a log here already");
    }
    return false;
}

static char *
read_header(const Journal *journal, GError **error)
{
    char header[JOURNAL_HEADER_SIZE + 1] = { 0 };
    size_t got = 0;

    if (!journal_pread(journal, 0, (uint8_t *)header, JOURNAL_HEADER_SIZE, &got, error))
        return NULL;
    const char *origin = header + strlen(JOURNAL_MAGIC);
    const char *end = got == JOURNAL_HEADER_SIZE ? strchr(origin, '\n') : NULL;
    if (end == NULL || strncmp(header, JOURNAL_MAGIC, strlen(JOURNAL_MAGIC)) != 0) {
        error_set(error, TLOG_ERROR, TLOG_ERROR_CORRUPT, "the journal's header is damaged");
        return NULL;
    }
    return g_strndup(origin, (size_t)(end - origin));
}

Journal *
journal_open(int dirfd, char **origin_out, GError **error)
{
    g_autoptr(Journal) journal = g_new0(Journal, 1);
    struct stat info = { 0 };

    journal->fd = openat(dirfd, JOURNAL_NAME, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (journal->fd < 0) {
        error_set_errno(error, TLOG_ERROR, errno == ENOENT ? TLOG_ERROR_NOT_FOUND : TLOG_ERROR_IO,
                        "cannot open the journal");
        return NULL;
    }
    if (!lock_take_fd(journal->fd)) {
        error_set(error, TLOG_ERROR, TLOG_ERROR_BUSY, "another process has the log open");
        return NULL;
    }
    if (fstat(journal->fd, &info) != 0) {
        error_set_errno(error, TLOG_ERROR, TLOG_ERROR_IO, "cannot examine the journal");
        return NULL;
    }
    journal->written = (uint64_t)info.st_size;
    journal->end = JOURNAL_HEADER_SIZE;
    journal->zeros = g_malloc0(ZEROS_SIZE);
    char *origin = read_header(journal, error);
    if (origin == NULL)
        return NULL;
    *origin_out = origin;
    return g_steal_pointer(&journal);
}

void
journal_free(Journal *journal)
{
    if (journal == NULL)
        return;
    fd_clear(&journal->fd);
    g_free(journal->zeros);
    g_free(journal);
}

uint64_t
journal_get_end(const Journal *journal)
{
    return journal->end;
}

bool
journal_pread(const Journal *journal, uint64_t offset, uint8_t *out, size_t len, size_t *len_out,
              GError **error)
{
    size_t done = 0;

    while (done < len) {
        ssize_t got = pread(journal->fd, out + done, len - done, (off_t)(offset + done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            error_set_errno(error, TLOG_ERROR, TLOG_ERROR_IO, "cannot read the journal");
            return false;
        }
        if (got == 0)
            break;
        done += (size_t)got;
    }
    *len_out = done;
    return true;
}

G_NORETURN static void
die(const char *what)
{
    fprintf(
        stderr,
        "slipway: %s of the log's journal failed: %s; ending, because what is durable is unknown\n",
        what, g_strerror(errno));
    abort();
}

static bool
write_at(int fd, const uint8_t *data, size_t len, uint64_t offset)
{
    while (len > 0) {
        ssize_t written = os_pwrite(fd, data, len, (off_t)offset);

        if (written < 0)
            return false;
        data += written;
        len -= (size_t)written;
        offset += (uint64_t)written;
    }
    return true;
}

/* Back to the state before the write; see invariant 3. */
static void
cut_back(Journal *journal)
{
    if (os_ftruncate(journal->fd, (off_t)journal->end) != 0)
        die("cutting back");
    if (os_fsync(journal->fd) != 0)
        die("syncing");
    journal->written = journal->end;
}

/* Zeros behind the coming batch, so that commits inside them change no metadata. Optional: where
 * there is no room for them the file is cut again and the batch is tried without. */
static void
write_ahead(Journal *journal, uint64_t batch_end)
{
    uint64_t from = MAX(batch_end, journal->written);
    uint64_t to = (batch_end / JOURNAL_AHEAD_BYTES + 1) * JOURNAL_AHEAD_BYTES;

    if (batch_end <= journal->written || to <= from)
        return;
    if (write_at(journal->fd, journal->zeros, to - from, from))
        journal->written = to;
    else if (os_ftruncate(journal->fd, (off_t)from) != 0)
        die("cutting back");
}

bool
journal_commit(Journal *journal, Span batch, GError **error)
{
    uint64_t batch_end = journal->end + batch.len;

    if (!write_at(journal->fd, batch.data, batch.len, journal->end)) {
        error_set_errno(error, TLOG_ERROR, errno == ENOSPC ? TLOG_ERROR_FULL : TLOG_ERROR_IO,
                        "cannot append to the journal");
        cut_back(journal);
        return false;
    }
    write_ahead(journal, batch_end);
    if (os_fdatasync(journal->fd) != 0)
        die("syncing");
    journal->end = batch_end;
    journal->written = MAX(journal->written, batch_end);
    return true;
}

/* Whether a whole record of a batch after @next_index lies in @tail (8-byte steps). */
static bool
holds_later_record(Span tail, uint64_t next_index)
{
    for (size_t at = 0; at + JOURNAL_RECORD_HEADER < tail.len; at += 8) {
        JournalRecord record;

        if (journal_decode(span_of(tail.data + at, tail.len - at), &record) == JOURNAL_DECODE_OK &&
            record.batch_first > next_index)
            return true;
    }
    return false;
}

/* @zero_out: whether [from, written) is all zeros. */
static bool
tail_is_zero(const Journal *journal, uint64_t from, bool *zero_out, GError **error)
{
    g_autofree uint8_t *chunk = g_malloc(SETTLE_CHUNK);

    for (uint64_t at = from; at < journal->written; at += SETTLE_CHUNK) {
        size_t got = 0;

        if (!journal_pread(journal, at, chunk, SETTLE_CHUNK, &got, error))
            return false;
        if (memcmp(chunk, journal->zeros, got) != 0) {
            *zero_out = false;
            return true;
        }
    }
    *zero_out = true;
    return true;
}

static bool
check_torn_tail(const Journal *journal, uint64_t end, uint64_t next_index, GError **error)
{
    size_t len = (size_t)MIN(journal->written - end, SETTLE_MAX_TAIL);
    g_autofree uint8_t *tail = g_try_malloc(len);
    size_t got = 0;

    if (tail == NULL) {
        error_set(error, TLOG_ERROR, TLOG_ERROR_IO, "no memory to examine the journal's tail");
        return false;
    }
    if (!journal_pread(journal, end, tail, len, &got, error))
        return false;
    if (holds_later_record(span_of(tail, got), next_index)) {
        error_set(error, TLOG_ERROR, TLOG_ERROR_CORRUPT,
                  "record %" PRIu64 " of the journal is damaged at byte %" PRIu64
                  ", and durable records follow it",
                  next_index, end);
        return false;
    }
    return true;
}

bool
journal_inspect(const Journal *journal, uint64_t end, uint64_t next_index, bool *torn_out,
                GError **error)
{
    bool zero = false;

    if (!tail_is_zero(journal, end, &zero, error))
        return false;
    *torn_out = !zero;
    return zero || check_torn_tail(journal, end, next_index, error);
}

bool
journal_settle(Journal *journal, uint64_t end, bool torn, GError **error)
{
    journal->end = end;
    if (!torn)
        return true;
    if (os_ftruncate(journal->fd, (off_t)end) != 0 || os_fsync(journal->fd) != 0) {
        error_set_errno(error, TLOG_ERROR, TLOG_ERROR_IO, "cannot cut the journal's torn tail");
        return false;
    }
    journal->written = end;
    return true;
}
