/* SPDX-License-Identifier: Apache-2.0
 * sigstore_artifact: an artifact as it is named on a command line. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include "base/files.h"
#include "verify/sigstore.h"
#include "base/banned.h"

#define HASH_BYTES (256u << 10) /* read at a time */

static bool
digest_file(int fd, Digest *out, GError **error)
{
    g_autoptr(DigestStream) stream = digest_stream_new();
    g_autofree uint8_t *buffer = g_malloc(HASH_BYTES);
    ssize_t n = 0;

    while ((n = read(fd, buffer, HASH_BYTES)) != 0) {
        if (n < 0 && errno != EINTR) {
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read the artifact");
            return false;
        }
        digest_stream_update(stream, span_of(buffer, n > 0 ? (size_t)n : 0));
    }
    *out = digest_stream_finish(stream);
    return true;
}

bool
sigstore_artifact_open(const char *word, SigstoreArtifact *out, int *fd_out, GError **error)
{
    struct stat info = { 0 };

    out->fd = -1;
    if (stat(word, &info) != 0 && digest_from_string(word, &out->sha256, NULL))
        return true;
    *fd_out = open(word, O_RDONLY | O_CLOEXEC);
    if (*fd_out < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "cannot open '%s'", word);
        return false;
    }
    out->fd = *fd_out;
    return digest_file(*fd_out, &out->sha256, error);
}
