/* SPDX-License-Identifier: Apache-2.0
 * file_sign: one function a format; files are hashed as they are read, whatever their size. */
#include "cli/file_sign.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include "attest/dsse.h"
#include "attest/statement.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "keys/gpg.h"
#include "keys/key_source.h"
#include "keys/minisign.h"
#include "keys/openpgp.h"
#include "keys/sshsig_sign.h"
#include "base/banned.h"

#define US_PER_S INT64_C(1000000)

static const struct {
    const char *name;
    const char *suffix;
} formats[FILE_SIGN_N_FORMATS] = {
    [FILE_SIGN_NONE] = { "none", "" },
    [FILE_SIGN_OPENPGP] = { "openpgp", ".asc" },
    [FILE_SIGN_SSHSIG] = { "sshsig", ".sig" },
    [FILE_SIGN_MINISIGN] = { "minisign", ".minisig" },
    [FILE_SIGN_INTOTO] = { "intoto", ".intoto.jsonl" },
    [FILE_SIGN_CHECKSUM] = { "checksum", "" },
};

FileSignFormat
file_sign_format(const char *name)
{
    for (FileSignFormat format = FILE_SIGN_NONE + 1; format < FILE_SIGN_N_FORMATS; format++) {
        if (strcmp(formats[format].name, name) == 0)
            return format;
    }
    return FILE_SIGN_NONE;
}

const char *
file_sign_suffix(FileSignFormat format)
{
    return formats[format].suffix;
}

static bool
is_gpg(const FileSign *job)
{
    return key_source_kind(job->key) == KEY_SOURCE_GPG;
}

static char *
sign_openpgp(const FileSign *job, int fd, const char *name, GError **error)
{
    (void)name;
    return is_gpg(job) ? gpg_sign_fd(job->key, GPG_DETACHED, fd, job->source, error)
                       : openpgp_sign_fd(job->signer, fd, job->made_at_us / US_PER_S, error);
}

static char *
sign_sshsig(const FileSign *job, int fd, const char *name, GError **error)
{
    ContentHash hash;

    (void)name;
    return content_hash_fd(SSHSIG_HASH, fd, span_of(NULL, 0), &hash, error)
               ? sshsig_sign(job->signer, job->name_space, &hash, error)
               : NULL;
}

static char *
sign_minisign(const FileSign *job, int fd, const char *name, GError **error)
{
    g_autofree char *shown = error_printable(name);
    g_autofree char *comment = minisign_file_comment(job->made_at_us / US_PER_S, shown);
    ContentHash hash;

    return content_hash_fd(MINISIGN_HASH, fd, span_of(NULL, 0), &hash, error)
               ? minisign_sign(job->signer, &hash, comment, error)
               : NULL;
}

static bool
digest_fd(int fd, Digest *out, GError **error)
{
    ContentHash hash;

    if (!content_hash_fd("SHA256", fd, span_of(NULL, 0), &hash, error))
        return false;
    memcpy(out->bytes, hash.bytes, sizeof out->bytes);
    return true;
}

/* A statement about the file with the predicate of another file. */
static GBytes *
statement_about(const FileSign *job, int fd, const char *name, GError **error)
{
    g_autoptr(GBytes) text = file_read(AT_FDCWD, job->predicate_file, LIMIT_STATEMENT_BYTES, error);
    g_autoptr(json_t) predicate =
        text != NULL ? json_parse(span_of_bytes(text), LIMIT_STATEMENT_BYTES, error) : NULL;
    Digest digest;

    if (predicate == NULL || !digest_fd(fd, &digest, error))
        return NULL;
    if (!json_is_object(predicate)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "predicate '%s' is no JSON object",
                  job->predicate_file);
        return NULL;
    }
    g_autoptr(Statement) statement =
        statement_new(job->predicate_type, g_steal_pointer(&predicate));
    statement_add_subject_sha256(statement, name, &digest);
    return statement_payload(statement, error);
}

/* The file itself, if it is a statement. */
static GBytes *
statement_inside(int fd, const char *name, GError **error)
{
    if (lseek(fd, 0, SEEK_SET) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read '%s'", name);
        return NULL;
    }
    g_autoptr(GBytes) payload = fd_read_all(fd, LIMIT_STATEMENT_BYTES, error);
    g_autoptr(Statement) statement =
        payload != NULL ? statement_parse(span_of_bytes(payload), error) : NULL;

    if (statement != NULL)
        return g_steal_pointer(&payload);
    error_prefix(error,
                 "'%s' is no in-toto statement; for one about it, say '--predicate-type URI' "
                 "and '--predicate FILE'",
                 name);
    return NULL;
}

static char *
sign_intoto(const FileSign *job, int fd, const char *name, GError **error)
{
    g_autoptr(GBytes) payload = job->predicate_type != NULL ? statement_about(job, fd, name, error)
                                                            : statement_inside(fd, name, error);
    g_autoptr(GBytes) signature = NULL;

    if (payload == NULL)
        return NULL;
    g_autoptr(GBytes) pae = dsse_pae(DSSE_TYPE_INTOTO, span_of_bytes(payload));
    if (!signer_sign(job->signer, span_of_bytes(pae), &signature, error))
        return NULL;
    g_autoptr(DsseEnvelope) envelope =
        dsse_new(DSSE_TYPE_INTOTO, span_of_bytes(payload), signer_public_key(job->signer),
                 span_of_bytes(signature));
    g_autofree char *line = dsse_format(envelope);
    return g_strconcat(line, "\n", NULL);
}

static int
open_content(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        error_set_errno(error, BASE_ERROR, errno == ENOENT ? BASE_ERROR_NOT_FOUND : BASE_ERROR_IO,
                        "cannot open '%s'", path);
    return fd;
}

char *
file_sign(const FileSign *job, FileSignFormat format, const char *path, GError **error)
{
    static char *(*const make[FILE_SIGN_N_FORMATS])(const FileSign *, int, const char *,
                                                    GError **) = {
        [FILE_SIGN_OPENPGP] = sign_openpgp,
        [FILE_SIGN_SSHSIG] = sign_sshsig,
        [FILE_SIGN_MINISIGN] = sign_minisign,
        [FILE_SIGN_INTOTO] = sign_intoto,
    };
    g_autofree char *name = g_path_get_basename(path);
    AUTO_FD int fd = open_content(path, error);

    if (fd < 0)
        return NULL;
    if (is_gpg(job) && format != FILE_SIGN_OPENPGP) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "gpg makes OpenPGP signatures only, no '%s'", formats[format].name);
        return NULL;
    }
    char *text = make[format](job, fd, name, error);
    if (text == NULL)
        error_prefix(error, "cannot sign '%s'", path);
    return text;
}

/* One line of the list. */
static bool
append_checksum(GString *list, GHashTable *seen, const char *path, GError **error)
{
    char *name = g_path_get_basename(path);
    bool is_new = g_hash_table_add(seen, name); /* taken */
    AUTO_FD int fd = open_content(path, error);
    char hex[DIGEST_HEX_SIZE];
    Digest digest;

    if (fd < 0)
        return false;
    if (!is_new || strpbrk(name, "\\\r\n") != NULL || !utf8_is_valid(span_of_text(name))) {
        g_autofree char *shown = error_printable(name);
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot list '%s': %s", shown,
                  is_new ? "its name has a backslash, an end of line or broken UTF-8"
                         : "another file is named so too");
        return false;
    }
    if (!digest_fd(fd, &digest, error))
        return false;
    digest_to_hex(&digest, hex);
    g_string_append_printf(list, "%s  ./%s\n", hex, name);
    return true;
}

static int
compare_names(const void *a, const void *b)
{
    g_autofree char *x = g_path_get_basename(*(const char *const *)a);
    g_autofree char *y = g_path_get_basename(*(const char *const *)b);

    return strcmp(x, y);
}

static char *
clear_gpg(const FileSign *job, const char *text, GError **error)
{
    AUTO_FD int fd = memfd_create("checksums", MFD_CLOEXEC);

    if (fd < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot make a file in memory");
        return NULL;
    }
    return fd_write_all(fd, span_of_text(text), error)
               ? gpg_sign_fd(job->key, GPG_CLEAR, fd, job->source, error)
               : NULL;
}

char *
file_sign_checksums(const FileSign *job, const char *const *paths, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GString) list = g_string_new(NULL);
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();

    for (size_t i = 0; paths[i] != NULL; i++)
        g_ptr_array_add(sorted, (char *)paths[i]);
    g_ptr_array_sort(sorted, compare_names);
    for (guint i = 0; i < sorted->len; i++) {
        if (!append_checksum(list, seen, sorted->pdata[i], error))
            return NULL;
    }
    return is_gpg(job)
               ? clear_gpg(job, list->str, error)
               : openpgp_clearsign(job->signer, list->str, job->made_at_us / US_PER_S, error);
}
