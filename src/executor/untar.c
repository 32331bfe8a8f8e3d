/* SPDX-License-Identifier: Apache-2.0
 * untar: see untar.h. POSIX.1-1988 ustar, POSIX.1-2001 pax (path and size), GNU 'L'. */
#include "executor/untar.h"
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include "base/files.h"
#include "executor/workspace.h"
#include "base/banned.h"

#define BLOCK_BYTES     512
#define NAME_MAX_BYTES  1024
#define EXTRA_MAX_BYTES (64u << 10) /* of a pax header or a long name */
#define CHUNK_BYTES     (256u << 10)
#define MAX_ENTRIES     1000000
#define NUMBER_BASE256  0x80
#define CHECKSUM_OFFSET 148
#define CHECKSUM_BYTES  8

typedef struct {
    int fd;
    int dirfd;
    const char *prefix;
    const MachineCollectLimits *limits;
    uint64_t offset; /* of the next block */
    char *long_name; /* owned: of the next entry; NULL: its own header's */
    bool has_long_size;
    uint64_t long_size;
    size_t n_entries;
    size_t n_files;
    uint64_t total_bytes;
} Untar;

typedef struct {
    char type;
    unsigned mode;
    uint64_t size;
    char *name; /* owned */
} Entry;

static void
entry_clear(Entry *entry)
{
    g_free(entry->name);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Entry, entry_clear)

static bool
corrupt(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT, "cannot read what the machine handed over: %s",
              why);
    return false;
}

static bool
read_exactly(Untar *tar, void *to, size_t len, GError **error)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = pread(tar->fd, (char *)to + done, len - done, (off_t)(tar->offset + done));
        if (n < 0) {
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO,
                            "cannot read what the machine handed over");
            return false;
        }
        if (n == 0)
            return corrupt(error, "the archive ends too early");
        done += (size_t)n;
    }
    tar->offset += len;
    return true;
}

/* Octal, ended by a space or NUL; or GNU's base 256. */
static bool
parse_number(const uint8_t *field, size_t len, uint64_t *value_out)
{
    uint64_t value = 0;
    size_t i = 0;

    if (field[0] == NUMBER_BASE256) {
        for (i = 1; i < len; i++) {
            if (value >> 55 != 0)
                return false;
            value = value << 8 | field[i];
        }
        *value_out = value;
        return true;
    }
    while (i < len && field[i] == ' ')
        i++;
    for (; i < len && field[i] != ' ' && field[i] != '\0'; i++) {
        if (field[i] < '0' || field[i] > '7')
            return false;
        value = value << 3 | (uint64_t)(field[i] - '0');
    }
    *value_out = value;
    return true;
}

static bool
checksum_holds(const uint8_t *block)
{
    uint64_t said = 0;
    uint64_t sum = 0;

    for (size_t i = 0; i < BLOCK_BYTES; i++)
        sum += i >= CHECKSUM_OFFSET && i < CHECKSUM_OFFSET + CHECKSUM_BYTES ? ' ' : block[i];
    return parse_number(block + CHECKSUM_OFFSET, CHECKSUM_BYTES, &said) && said == sum;
}

static char *
header_name(const uint8_t *block)
{
    bool ustar = memcmp(block + 257, "ustar\0", 6) == 0; /* GNU's own has no prefix here */
    g_autofree char *name = g_strndup((const char *)block, 100);
    g_autofree char *prefix = g_strndup((const char *)block + 345, 155);

    return ustar && prefix[0] != '\0' ? g_strconcat(prefix, "/", name, NULL)
                                      : g_steal_pointer(&name);
}

/* @end_out: two empty blocks, or one at the very end. */
static bool
read_header(Untar *tar, Entry *entry, bool *end_out, GError **error)
{
    uint8_t block[BLOCK_BYTES];
    uint64_t mode = 0;

    if (!read_exactly(tar, block, sizeof block, error))
        return false;
    *end_out = block[0] == '\0';
    if (*end_out)
        return true;
    if (!checksum_holds(block) || !parse_number(block + 124, 12, &entry->size) ||
        !parse_number(block + 100, 8, &mode))
        return corrupt(error, "not a tar archive");
    if (entry->size > INT64_MAX / 4)
        return corrupt(error, "an entry's size is out of range");
    entry->type = (char)block[156];
    entry->mode = (unsigned)(mode & 0777);
    entry->name = header_name(block);
    return true;
}

static uint64_t
padded(uint64_t size)
{
    return (size + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
}

/* The content of a pax header or a long name, NUL-terminated. Owned. */
static char *
read_extra(Untar *tar, const Entry *entry, GError **error)
{
    if (entry->size > EXTRA_MAX_BYTES) {
        corrupt(error, "an extended header is too long");
        return NULL;
    }
    g_autofree char *text = g_malloc0(EXTRA_MAX_BYTES + 1);

    if (!read_exactly(tar, text, entry->size, error))
        return NULL;
    tar->offset += padded(entry->size) - entry->size;
    return g_steal_pointer(&text);
}

/* One "LEN key=value\n" of a pax header. */
static bool
take_pax_record(Untar *tar, const char *record, size_t len, GError **error)
{
    const char *key = memchr(record, ' ', len);
    const char *end = record + len - 1;

    if (key == NULL || *end != '\n')
        return corrupt(error, "a malformed extended header");
    key++;
    if (end - key > 5 && memcmp(key, "path=", 5) == 0) {
        g_free(tar->long_name);
        tar->long_name = g_strndup(key + 5, (size_t)(end - key - 5));
    } else if (end - key > 5 && memcmp(key, "size=", 5) == 0) {
        g_autofree char *digits = g_strndup(key + 5, (size_t)(end - key - 5));
        tar->has_long_size =
            g_ascii_string_to_unsigned(digits, 10, 0, INT64_MAX / 4, &tar->long_size, NULL);
        if (!tar->has_long_size)
            return corrupt(error, "a malformed size");
    } else if (end - key > 11 && memcmp(key, "GNU.sparse.", 11) == 0) {
        return corrupt(error, "a sparse file (write tar archives without --sparse)");
    }
    return true;
}

static bool
take_pax(Untar *tar, const char *text, size_t len, GError **error)
{
    for (size_t at = 0; at < len;) {
        guint64 record = g_ascii_strtoull(text + at, NULL, 10);
        if (record < 4 || record > len - at)
            return corrupt(error, "a malformed extended header");
        if (!take_pax_record(tar, text + at, record, error))
            return false;
        at += record;
    }
    return true;
}

/* The path below the prefix; NULL: the entry is not below it. Borrowed from @name. */
static const char *
path_below(const Untar *tar, const char *name)
{
    size_t len = strlen(tar->prefix);

    while (g_str_has_prefix(name, "./"))
        name += 2;
    if (strncmp(name, tar->prefix, len) != 0 || name[len] != '/' || name[len + 1] == '\0')
        return NULL;
    return name + len + 1;
}

static bool
check_path(const char *path, GError **error)
{
    bool ok = strlen(path) <= NAME_MAX_BYTES;

    for (const char *part = path; part != NULL && ok;) {
        size_t len = strcspn(part, "/");
        ok = len > 0 && !(len == 1 && part[0] == '.') && !(len == 2 && memcmp(part, "..", 2) == 0);
        part = part[len] == '/' ? part + len + 1 : NULL;
    }
    if (ok)
        return true;
    g_autofree char *printable = error_printable(path);

    error_set(error, BASE_ERROR, BASE_ERROR_DENIED,
              "cannot take '%s': its path does not stay below the folder", printable);
    return false;
}

static bool
count(Untar *tar, const Entry *entry, GError **error)
{
    const MachineCollectLimits *limits = tar->limits;
    bool files = tar->n_files >= limits->max_files;

    if (!files && entry->size <= limits->max_total_bytes - tar->total_bytes) {
        tar->n_files++;
        tar->total_bytes += entry->size;
        return true;
    }
    error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
              "cannot take the machine's files: more than %" PRIu64 " %s",
              files ? (uint64_t)limits->max_files : limits->max_total_bytes,
              files ? "files" : "bytes");
    return false;
}

static bool
take_file(Untar *tar, const Entry *entry, const char *path, GError **error)
{
    g_autofree uint8_t *chunk = g_malloc(CHUNK_BYTES);
    uint64_t left = entry->size;

    if (!count(tar, entry, error))
        return false;
    AUTO_FD int to =
        workspace_create_file(tar->dirfd, path, (entry->mode & S_IXUSR) != 0 ? 0755 : 0644, error);

    if (to < 0)
        return false;
    while (left > 0) {
        size_t n = (size_t)MIN(left, CHUNK_BYTES);
        if (!read_exactly(tar, chunk, n, error) || !fd_write_all(to, span_of(chunk, n), error))
            return false;
        left -= n;
    }
    tar->offset += padded(entry->size) - entry->size;
    return true;
}

/* Its folders are real ones, as the file's creation has just shown. */
static bool
take_special(Untar *tar, const Entry *entry, const char *path, GError **error)
{
    bool link = entry->type == '1' || entry->type == '2';
    AUTO_FD int fd = workspace_create_file(tar->dirfd, path, 0600, error);

    if (fd < 0)
        return false;
    if (unlinkat(tar->dirfd, path, 0) == 0 &&
        (link ? symlinkat("link", tar->dirfd, path) : mkfifoat(tar->dirfd, path, 0600)) == 0)
        return true;
    error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot create '%s'", path);
    return false;
}

static bool
take_entry(Untar *tar, Entry *entry, GError **error)
{
    g_autofree char *name = g_strdup(tar->long_name != NULL ? tar->long_name : entry->name);
    const char *path = path_below(tar, name);
    bool regular = entry->type == '0' || entry->type == '\0';

    if (tar->has_long_size)
        entry->size = tar->long_size;
    tar->has_long_size = false;
    g_clear_pointer(&tar->long_name, g_free);
    if (entry->type == 'S')
        return corrupt(error, "a sparse file (write tar archives without --sparse)");
    if (path == NULL || entry->type == '5') {
        tar->offset += padded(entry->size);
        return true;
    }
    if (!check_path(path, error))
        return false;
    if (regular)
        return take_file(tar, entry, path, error);
    return take_special(tar, entry, path, error);
}

static bool
take_next(Untar *tar, bool *end_out, GError **error)
{
    g_auto(Entry) entry = { 0 };
    g_autofree char *extra = NULL;

    if (!read_header(tar, &entry, end_out, error))
        return false;
    if (*end_out)
        return true;
    if (tar->n_entries++ >= MAX_ENTRIES)
        return corrupt(error, "too many entries");
    if (strchr("LKxg", entry.type) == NULL || entry.type == '\0')
        return take_entry(tar, &entry, error);
    extra = read_extra(tar, &entry, error);
    if (extra == NULL)
        return false;
    if (entry.type == 'x')
        return take_pax(tar, extra, entry.size, error);
    if (entry.type == 'L') {
        g_free(tar->long_name);
        tar->long_name = g_steal_pointer(&extra);
    }
    return true;
}

bool
untar_below(int tar_fd, const char *prefix, int dirfd, const MachineCollectLimits *limits,
            GError **error)
{
    Untar tar = { .fd = tar_fd, .dirfd = dirfd, .prefix = prefix, .limits = limits };
    bool end = false;
    bool ok = true;

    while (ok && !end)
        ok = take_next(&tar, &end, error);
    g_free(tar.long_name);
    return ok;
}
