/* SPDX-License-Identifier: Apache-2.0
 * log_view: an export of the log beside it, which is rebuilt from it when lost. */
#include "service/log_view.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "base/files.h"
#include "proof/checkpoint.h"
#include "service/engine_priv.h"
#include "service/witness_client.h"
#include "base/banned.h"

#define VIEW_FOLDER "logs/public"

bool
log_view_refresh(Engine *engine, uint64_t *seen_size, GError **error)
{
    uint64_t size = tlog_get_size(engine->tlog);
    g_autofree char *path = g_strdup_printf("%s/" VIEW_FOLDER, engine->home);
    g_autoptr(GBytes) note = NULL;
    bool wants_quorum = false;

    if (size == *seen_size)
        return true;
    if (!witness_wants_quorum(engine, &wants_quorum, error))
        return false;
    if (wants_quorum) {
        if (!witness_kept(engine, "main", &note, error))
            return false;
        if (note == NULL)
            return true; /* nothing to be seen yet */
    } else {
        note = lane_checkpoint(engine->lane, NULL, error);
    }
    g_autoptr(Note) parsed = note != NULL ? note_parse(span_of_bytes(note), error) : NULL;
    g_autoptr(Checkpoint) checkpoint =
        parsed != NULL ? checkpoint_parse(note_text(parsed), error) : NULL;
    if (checkpoint == NULL)
        return false;
    if (checkpoint->head.size != *seen_size && !tlog_export_note(engine->tlog, path, note, error))
        return false;
    *seen_size = checkpoint->head.size;
    return true;
}

bool
log_view_open(Engine *engine, const char *path, int *fd_out, uint64_t *size_out, GError **error)
{
    AUTO_FD int dir = dir_open(engine->home_fd, VIEW_FOLDER, error);
    AUTO_FD int fd = dir >= 0 ? open_beneath(dir, path, O_RDONLY, 0, NULL) : -1;
    struct stat info;

    if (dir < 0)
        return false;
    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the log has no file '%s'", path);
        return false;
    }
    *size_out = (uint64_t)info.st_size;
    *fd_out = fd_steal(&fd);
    return true;
}

GBytes *
log_view_peek(Engine *engine, const char *path)
{
    g_autofree char *whole = g_strconcat(VIEW_FOLDER "/", path, NULL);

    /* Beneath the data folder is not enough: keys are there too. */
    return strstr(path, "..") == NULL ? file_peek(engine->home_fd, whole, LOG_VIEW_PEEK_BYTES)
                                      : NULL;
}
