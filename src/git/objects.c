/* SPDX-License-Identifier: Apache-2.0
 * objects: see objects_priv.h. git-cat-file(1) has the form of its answers. */
#include "git/objects_priv.h"
#include <string.h>
#include "base/files.h"
#include "base/banned.h"

static const struct {
    const char *name;
    GitObjectKind kind;
} kinds[] = { { "commit", GIT_OBJECT_COMMIT },
              { "tree", GIT_OBJECT_TREE },
              { "blob", GIT_OBJECT_BLOB },
              { "tag", GIT_OBJECT_TAG } };

void
git_objects_stop(GitMirror *mirror)
{
    if (mirror->objects == NULL)
        return;
    git_child_clear(mirror->objects);
    g_clear_pointer(&mirror->objects, g_free);
}

static bool
start(GitMirror *mirror, GError **error)
{
    if (mirror->objects != NULL)
        return true;
    mirror->objects = g_new0(GitChild, 1);
    git_child_init(mirror->objects, NULL);
    git_command_init(&mirror->objects->command, mirror->path, "cat-file");
    git_command_add(&mirror->objects->command, "--batch-command");
    git_command_add(&mirror->objects->command, "--buffer"); /* it writes when we say "flush" */
    if (git_child_start(mirror->objects, true, error))
        return true;
    git_objects_stop(mirror);
    return false;
}

bool
git_objects_ask(GitMirror *mirror, const char *const *names, size_t n, Cancel *cancel,
                GError **error)
{
    g_autoptr(GString) request = g_string_new(NULL);

    if (!start(mirror, error))
        return false;
    mirror->objects->cancel = cancel;
    for (size_t i = 0; i < n; i++)
        g_string_append_printf(request, "contents %s\n", names[i]);
    g_string_append(request, "flush\n");
    if (fd_write_all(mirror->objects->input, span_of(request->str, request->len), error))
        return true;
    git_objects_stop(mirror);
    return false;
}

/* "ID KIND SIZE", "NAME missing" or "NAME ambiguous"; a name may have blanks. */
static bool
read_head(const char *line, GitObject *out, GError **error)
{
    g_auto(GStrv) fields = g_strsplit(line, " ", -1);
    guint n = g_strv_length(fields);

    if (n >= 2 && strcmp(fields[n - 1], "missing") == 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no such object in the mirror");
        return false;
    }
    if (n >= 2 && strcmp(fields[n - 1], "ambiguous") == 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_CONFLICT,
                  "it is the beginning of several object ids");
        return false;
    }
    for (size_t i = 0; n == 3 && git_id_is_full(fields[0]) && i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(fields[1], kinds[i].name) != 0)
            continue;
        g_strlcpy(out->id, fields[0], sizeof out->id);
        out->kind = kinds[i].kind;
        out->size = g_ascii_strtoull(fields[2], NULL, 10);
        return true;
    }
    error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT, "git cat-file gave an answer we cannot read");
    return false;
}

bool
git_objects_next(GitMirror *mirror, GitObject *out, GError **error)
{
    g_autofree char *line = NULL;
    GError *local = NULL;

    if (mirror->objects == NULL || !git_child_record(mirror->objects, '\n', &line, error)) {
        if (mirror->objects == NULL)
            error_set(error, BASE_ERROR, BASE_ERROR_INTERNAL, "nothing was asked");
        git_objects_stop(mirror);
        return false;
    }
    if (read_head(line == NULL ? "" : line, out, &local))
        return true;
    if (error_kind(local) == ERROR_KIND_CORRUPT)
        git_objects_stop(mirror);
    g_propagate_error(error, local);
    return false;
}

bool
git_objects_take(GitMirror *mirror, const GitObject *object, int fd, uint8_t *memory,
                 GError **error)
{
    uint8_t newline = 0;

    if (git_child_copy(mirror->objects, object->size, fd, memory, error) &&
        git_child_copy(mirror->objects, 1, -1, &newline, error))
        return true;
    git_objects_stop(mirror);
    return false;
}

uint8_t *
git_objects_load(GitMirror *mirror, const char *name, GitObjectKind kind, size_t limit_bytes,
                 GitObject *object_out, GError **error)
{
    if (!git_objects_ask(mirror, &name, 1, NULL, error))
        return NULL;
    return git_objects_receive(mirror, kind, limit_bytes, object_out, error);
}

uint8_t *
git_objects_receive(GitMirror *mirror, GitObjectKind kind, size_t limit_bytes,
                    GitObject *object_out, GError **error)
{
    GitObject object = { 0 };

    if (!git_objects_next(mirror, &object, error))
        return NULL;
    if (object.kind != kind || object.size > limit_bytes) {
        git_objects_stop(mirror); /* sooner than reading what nobody wants */
        if (object.kind != kind)
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "it is an object of another kind");
        else
            error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                      "it has %" G_GUINT64_FORMAT " bytes, the limit is %zu", object.size,
                      limit_bytes);
        return NULL;
    }
    g_autofree uint8_t *data = g_try_malloc0(object.size + 1);

    if (data == NULL) {
        git_objects_stop(mirror);
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "there is no memory for %" G_GUINT64_FORMAT " bytes", object.size);
        return NULL;
    }
    if (!git_objects_take(mirror, &object, -1, data, error))
        return NULL;
    *object_out = object;
    return g_steal_pointer(&data);
}
