/* SPDX-License-Identifier: Apache-2.0
 * files: one function a format; the content is hashed here, whatever the engine says of it. */
#include "signer/files.h"
#include <string.h>
#include <unistd.h>
#include "attest/manifest.h"
#include "attest/sshsig.h"
#include "base/encoding.h"
#include "base/files.h"
#include "keys/minisign.h"
#include "keys/openpgp.h"
#include "keys/sshsig_sign.h"
#include "signer/files_priv.h"
#include "base/banned.h"

#define MAX_LIST_BYTES (64u << 20) /* of a clear-signed list: LIMIT_RELEASE_FILES long lines */
#define HEX            64
#define BEFORE_NAME    "  ./"

typedef struct Job {
    Signer *signer;
    int content;
    const char *name;
    int64_t made_at_s;
} Job;

static const char *const names[SIGNER_FILE_N_FORMATS] = {
    [SIGNER_FILE_NONE] = "none",         [SIGNER_FILE_OPENPGP] = "openpgp",
    [SIGNER_FILE_CHECKSUM] = "checksum", [SIGNER_FILE_SSHSIG] = "sshsig",
    [SIGNER_FILE_MINISIGN] = "minisign",
};

const char *
signer_file_format_name(SignerFileFormat format)
{
    return names[format];
}

SignerFileFormat
signer_file_format_from_name(const char *name)
{
    for (SignerFileFormat format = SIGNER_FILE_NONE + 1; format < SIGNER_FILE_N_FORMATS; format++) {
        if (strcmp(names[format], name) == 0)
            return format;
    }
    return SIGNER_FILE_NONE;
}

static char *
sign_openpgp(const Job *job, GError **error)
{
    return openpgp_sign_fd(job->signer, job->content, job->made_at_s, error);
}

static char *
sign_sshsig(const Job *job, GError **error)
{
    ContentHash hash;

    return content_hash_fd(SSHSIG_HASH, job->content, span_of(NULL, 0), &hash, error)
               ? sshsig_sign(job->signer, SSHSIG_NAMESPACE_FILE, &hash, error)
               : NULL;
}

static char *
sign_minisign(const Job *job, GError **error)
{
    g_autofree char *comment = minisign_file_comment(job->made_at_s, job->name);
    ContentHash hash;

    return content_hash_fd(MINISIGN_HASH, job->content, span_of(NULL, 0), &hash, error)
               ? minisign_sign(job->signer, &hash, comment, error)
               : NULL;
}

static bool
is_list_line(const char *line)
{
    return strspn(line, "0123456789abcdef") == HEX && g_str_has_prefix(line + HEX, BEFORE_NAME) &&
           asset_name_is_valid(line + HEX + strlen(BEFORE_NAME));
}

/* A clear-signed text is read by people: nothing but digests and names is ever signed so. */
static bool
is_list(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    guint n = g_strv_length(lines);

    for (guint i = 0; i + 1 < n; i++) {
        if (!is_list_line(lines[i]))
            return false;
    }
    return n >= 2 && lines[n - 1][0] == '\0';
}

static char *
sign_checksum(const Job *job, GError **error)
{
    g_autoptr(GBytes) bytes = lseek(job->content, 0, SEEK_SET) == 0
                                  ? fd_read_all(job->content, MAX_LIST_BYTES, error)
                                  : NULL;
    g_autofree char *text = NULL;

    if (bytes == NULL) {
        if (*error == NULL)
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read what is to be signed");
        return NULL;
    }
    text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    if (strlen(text) != g_bytes_get_size(bytes) || !is_list(text)) {
        error_set(error, SIGNER_ERROR, SIGNER_ERROR_DENIED,
                  "the signer refuses: only lists of digests and names are clear-signed");
        return NULL;
    }
    return openpgp_clearsign(job->signer, text, job->made_at_s, error);
}

json_t *
files_answer_sign(Signer *signer, const json_t *request, int content, GError **error)
{
    static char *(*const make[SIGNER_FILE_N_FORMATS])(const Job *, GError **) = {
        [SIGNER_FILE_OPENPGP] = sign_openpgp,
        [SIGNER_FILE_CHECKSUM] = sign_checksum,
        [SIGNER_FILE_SSHSIG] = sign_sshsig,
        [SIGNER_FILE_MINISIGN] = sign_minisign,
    };
    const char *format_name = json_need_string(request, "format", "signer request", error);
    Job job = { .signer = signer, .content = content };
    g_autoptr(GError) local = NULL;
    g_autofree char *text = NULL;

    if (format_name == NULL ||
        (job.name = json_need_string(request, "name", "signer request", error)) == NULL ||
        !json_need_uint(request, "madeAt", "signer request", &job.made_at_s, error))
        return NULL;
    SignerFileFormat format = signer_file_format_from_name(format_name);
    if (format == SIGNER_FILE_NONE || content < 0 || !asset_name_is_valid(job.name)) {
        error_set(error, SIGNER_ERROR, SIGNER_ERROR_INVALID,
                  "a signature of a file needs a known format, the name of a file and its content");
        return NULL;
    }
    text = make[format](&job, &local);
    if (text == NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    return json_pack("{s:s}", "text", text);
}

json_t *
files_answer_certificate(Signer *signer, const json_t *request, GError **error)
{
    const char *user_id = json_need_string(request, "userId", "signer request", error);
    g_autofree char *text = user_id != NULL ? openpgp_certificate(signer, user_id, error) : NULL;

    return text != NULL ? json_pack("{s:s}", "text", text) : NULL;
}
