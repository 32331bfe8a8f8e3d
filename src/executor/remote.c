/* SPDX-License-Identifier: Apache-2.0
 * remote: see remote.h. */
#include "executor/remote.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "base/files.h"
#include "base/limits.h"
#include "executor/step.h"
#include "executor/untar.h"
#include "base/banned.h"

#define SCRIPT_MAX_BYTES (1u << 20)
#define TAR_BYTES_A_FILE 2048        /* headers and padding */
#define TAR_BYTES_MORE   (64u << 10) /* the end of an archive */
#define OUTPUT_MAX_FILES 1

bool
remote_root_is_good(const char *root)
{
    for (const char *c = root; *c != '\0'; c++)
        if (!g_ascii_isalnum(*c) && strchr("/._-", *c) == NULL)
            return false;
    return root[0] == '/' && root[1] != '\0';
}

/* ---- a step ------------------------------------------------------------------------------------ */

static void
append_quoted(GString *script, const char *text)
{
    g_autofree char *quoted = g_shell_quote(text);

    g_string_append_c(script, ' ');
    g_string_append(script, quoted);
}

static int
file_in_memory(const GString *text, GError **error)
{
    AUTO_FD int fd = memfd_create("step", MFD_CLOEXEC);

    if (fd < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot create a file in memory");
        return -1;
    }
    if (!fd_write_all(fd, span_of(text->str, text->len), error))
        return -1;
    (void)lseek(fd, 0, SEEK_SET);
    return fd_steal(&fd);
}

int
remote_script(const char *root, const StepSpec *step, GError **error)
{
    g_autofree char *source = g_strconcat(root, "/src", NULL);
    g_autofree char *out = g_strconcat(root, "/out", NULL);
    g_autofree char *in = g_strconcat(root, "/in", NULL);
    g_autofree char *tmp = g_strconcat(root, "/tmp", NULL);
    StepFolders folders = { .source = source, .out = out, .in = in, .tmp = tmp };
    g_auto(GStrv) env = step_env(&folders, step->env);
    g_autoptr(GPtrArray) argv = step_argv(step, NULL, error);
    g_autofree char *cwd = g_strconcat(source, step->cwd == NULL ? NULL : "/", step->cwd, NULL);
    g_autoptr(GString) script = g_string_new("cd");

    if (argv == NULL)
        return -1;
    append_quoted(script, cwd);
    g_string_append(script, " || exit 126\nexec env -i");
    for (char **pair = env; *pair != NULL; pair++)
        append_quoted(script, *pair);
    for (guint i = 0; i < argv->len; i++)
        append_quoted(script, argv->pdata[i]);
    g_string_append(script, " </dev/null\n");
    if (script->len > SCRIPT_MAX_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "cannot run the step: with its environment it is longer than %u bytes",
                  SCRIPT_MAX_BYTES);
        return -1;
    }
    return file_in_memory(script, error);
}

/* ---- what is taken out ------------------------------------------------------------------------- */

/* Fetches @path of the machine into a file of ours and unpacks what is below @prefix. */
static bool
fetch(Machine *machine, RemoteGet get, const Workspace *ws, const char *path, const char *prefix,
      int dirfd, const MachineCollectLimits *limits, GError **error)
{
    AUTO_FD int tar = openat(ws->scratch_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    uint64_t max_bytes =
        limits->max_total_bytes + limits->max_files * TAR_BYTES_A_FILE + TAR_BYTES_MORE;

    if (tar < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot create a temporary file");
        return false;
    }
    return get(machine, path, tar, max_bytes, error) &&
           untar_below(tar, prefix, dirfd, limits, error);
}

/* An empty folder in place of the one that is there. */
static bool
renew_folder(const Workspace *ws, const char *name, int *fd, GError **error)
{
    fd_clear(fd);
    if (!dir_remove_all(ws->scratch_fd, name, error))
        return false;
    if (mkdirat(ws->scratch_fd, name, 0700) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot create folder '%s'", name);
        return false;
    }
    *fd = dir_open(ws->scratch_fd, name, error);
    return *fd >= 0;
}

GBytes *
remote_read_output(Machine *machine, RemoteGet get, Workspace *ws, GError **error)
{
    const MachineCollectLimits limits = { OUTPUT_MAX_FILES, LIMIT_OUTPUT_FILE_BYTES };

    if (!renew_folder(ws, "tmp", &ws->tmp_fd, error) ||
        !fetch(machine, get, ws, "tmp/" WORKSPACE_OUTPUT, "tmp", ws->tmp_fd, &limits, error))
        return NULL;
    return workspace_read_output(ws, error);
}

GPtrArray *
remote_collect(Machine *machine, RemoteGet get, Workspace *ws, const char *const *globs,
               const MachineCollectLimits *limits, GError **error)
{
    /* Files no glob asks for come along; they are counted against the house's limit only. */
    const MachineCollectLimits all = { LIMIT_ARTIFACTS_PER_JOB, LIMIT_ARTIFACT_BYTES };

    if (!renew_folder(ws, "out", &ws->out_fd, error) ||
        !fetch(machine, get, ws, "out", "out", ws->out_fd, &all, error))
        return NULL;
    return workspace_collect(ws, globs, limits, error);
}

/* ---- settings ---------------------------------------------------------------------------------- */

bool
remote_setting_number(const json_t *settings, const char *name, uint64_t otherwise, uint64_t max,
                      uint64_t *out, GError **error)
{
    const json_t *value = json_object_get(settings, name);
    guint64 number = otherwise;
    bool ok = value == NULL;

    if (json_is_integer(value)) {
        number = (guint64)json_integer_value(value);
        ok = json_integer_value(value) >= 1 && number <= max;
    } else if (json_is_string(value)) {
        ok = g_ascii_string_to_unsigned(json_string_value(value), 10, 1, max, &number, NULL);
    }
    if (!ok) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "the pool's '%s' is not 1 to %" G_GUINT64_FORMAT, name, max);
        return false;
    }
    *out = number;
    return true;
}
