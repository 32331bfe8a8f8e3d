/* SPDX-License-Identifier: Apache-2.0
 * run_artifact: see run_artifact.h. */
#include "service/run_artifact.h"
#include <errno.h>
#include <unistd.h>
#include "base/encoding.h"
#include "base/files.h"
#include "base/json.h"
#include "service/run_priv.h"
#include "service/run_record.h"
#include "store/store.h"
#include "base/banned.h"

static bool
find_digest(Engine *engine, const RunArtifactName *name, Digest *out, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_auto(RunRecord) record = { 0 };
    g_autofree char *digest = NULL;
    bool found = false;

    if (reader == NULL || !run_record_find(reader, name->run, &record, error) ||
        !db_select_text(reader, QUERY_ARTIFACT_DIGEST,
                        DB_PARAMS(DB_INT(record.id.v), DB_INT(name->position), DB_TEXT(name->path)),
                        &found, &digest, error))
        return false;
    if (!found) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "job %" G_GINT64_FORMAT " of run '%s' has no artifact '%s'", name->position,
                  name->run, name->path);
        return false;
    }
    return digest_from_string(digest, out, error);
}

int
run_artifact_open(Engine *engine, const RunArtifactName *name, Digest *digest_out,
                  uint64_t *size_out, GError **error)
{
    return find_digest(engine, name, digest_out, error)
               ? store_open_blob(engine->store, digest_out, size_out, error)
               : -1;
}

static GBytes *
read_part(int fd, uint64_t offset, size_t size, GError **error)
{
    g_autofree uint8_t *bytes = g_malloc(MAX(size, 1));
    size_t done = 0;

    while (done < size) {
        ssize_t n = pread(fd, bytes + done, size - done, (off_t)(offset + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n < 0 ? errno : EIO;
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read the artifact");
            return NULL;
        }
        done += (size_t)n;
    }
    return g_bytes_new_take(g_steal_pointer(&bytes), size);
}

json_t *
run_artifact_part(Engine *engine, const RunArtifactName *name, uint64_t offset, GError **error)
{
    Digest digest;
    uint64_t size = 0;
    AUTO_FD int fd = run_artifact_open(engine, name, &digest, &size, error);

    if (fd < 0)
        return NULL;
    if (offset > size) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "the artifact ends at %" G_GUINT64_FORMAT ", before %" G_GUINT64_FORMAT, size,
                  offset);
        return NULL;
    }
    uint64_t next = offset + MIN(size - offset, RUN_ARTIFACT_PART_BYTES);
    g_autoptr(GBytes) part = read_part(fd, offset, (size_t)(next - offset), error);
    g_autofree char *text = part != NULL ? base64_encode(span_of_bytes(part)) : NULL;

    return text == NULL ? NULL
                        : json_pack("{s:o, s:I, s:I, s:s, s:I}", "digest", json_digest(&digest),
                                    "sizeBytes", (json_int_t)size, "offset", (json_int_t)offset,
                                    "base64", text, "next", (json_int_t)next);
}
