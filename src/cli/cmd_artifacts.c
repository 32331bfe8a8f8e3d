/* SPDX-License-Identifier: Apache-2.0
 * cmd_artifacts: what jobs of a run left: a list, or the files. A file appears under its name whole and
 * with the digest of the run's record, or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "base/encoding.h"
#include "base/files.h"
#include "base/json.h"
#include "base/os.h"
#include "cli/commands.h"
#include "base/banned.h"

typedef struct {
    char *out; /* owned */
    char *job; /* owned */
} ArtifactsArgs;

static const CliOption options[] = {
    { "out", 'o', CLI_STRING, offsetof(ArtifactsArgs, out), 0,
      "write the files below this folder; it is made if absent", "FOLDER" },
    { "job", 'j', CLI_STRING, offsetof(ArtifactsArgs, job), 0, "only what this job left", "NAME" },
    { 0 },
};

static const char *
job_name(const json_t *shown, json_int_t position)
{
    size_t i = 0;
    json_t *job = NULL;

    json_array_foreach (json_object_get(shown, "jobs"), i, job) {
        if (json_integer_value(json_object_get(job, "position")) == position)
            return json_get_text(job, "name");
    }
    return "";
}

/* Whether the path names a file below a folder and nothing else: a server may say anything. */
static bool
is_below(const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);

    for (size_t i = 0; parts[i] != NULL; i++) {
        if (parts[i][0] == '\0' || strcmp(parts[i], ".") == 0 || strcmp(parts[i], "..") == 0)
            return false;
    }
    return parts[0] != NULL;
}

/* ---- one file ---------------------------------------------------------------------------------- */

typedef struct {
    CommandContext *context;
    const char *run;
    const json_t *artifact;
} Fetch;

static bool
fetch_part(const Fetch *fetch, json_int_t *offset, int fd, DigestStream *hash, GError **error)
{
    g_autoptr(json_t) part = NULL;
    json_t *args = json_pack("{s:s, s:O, s:O, s:I}", "run", fetch->run, "position",
                             json_object_get(fetch->artifact, "position"), "path",
                             json_object_get(fetch->artifact, "path"), "offset", *offset);

    if (!command_call(fetch->context, "run.artifact", args, &part, error))
        return false;
    g_autoptr(GBytes) bytes = base64_decode(json_get_text(part, "base64"), error);

    if (bytes == NULL || !fd_write_all(fd, span_of_bytes(bytes), error))
        return false;
    if (g_bytes_get_size(bytes) == 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT, "the answer is cut");
        return false;
    }
    digest_stream_update(hash, span_of_bytes(bytes));
    *offset += (json_int_t)g_bytes_get_size(bytes);
    return true;
}

static bool
fetch_all(const Fetch *fetch, int fd, GError **error)
{
    g_autoptr(DigestStream) hash = digest_stream_new();
    json_int_t size = json_integer_value(json_object_get(fetch->artifact, "sizeBytes"));
    json_int_t offset = 0;
    Digest wanted;

    if (!digest_from_string(json_get_text(fetch->artifact, "digest"), &wanted, error))
        return false;
    while (offset < size) {
        if (!fetch_part(fetch, &offset, fd, hash, error))
            return false;
        output_progress(fetch->context->output, "%s: %d %%", json_get_text(fetch->artifact, "path"),
                        (int)(100.0 * (double)offset / (double)size));
    }
    Digest found = digest_stream_finish(hash);

    if (!digest_equal(&found, &wanted)) {
        error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT, "what came is not %s",
                  json_get_text(fetch->artifact, "digest"));
        return false;
    }
    return true;
}

static bool
sync_part(int fd, GError **error)
{
    if (os_fdatasync(fd) == 0)
        return true;
    error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot sync it");
    return false;
}

/* A file that is there already is left alone. */
static bool
place_part(int folder, const char *part, const char *name, GError **error)
{
    bool ok = os_link(folder, part, folder, name, 0) == 0;

    if (!ok)
        error_set_errno(error, BASE_ERROR, errno == EEXIST ? BASE_ERROR_EXISTS : BASE_ERROR_IO,
                        "cannot write it");
    if (os_unlink(folder, part, 0) != 0 && ok) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot remove '%s'", part);
        return false;
    }
    return ok;
}

static bool
write_file(const Fetch *fetch, int root, GError **error)
{
    const char *path = json_get_text(fetch->artifact, "path");
    g_autofree char *parent = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    /* Its own name each time: two may fetch into one folder, and what a kill left is not written to. */
    g_autofree char *part =
        g_strdup_printf(".slipway-part-%08x%08x", g_random_int(), g_random_int());
    mode_t mode = json_is_true(json_object_get(fetch->artifact, "executable")) ? 0755 : 0644;
    AUTO_FD int folder = -1;
    AUTO_FD int fd = -1;

    if (!is_below(path)) {
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED, "'%s' is no path below a folder", path);
        return false;
    }
    if (!dir_create_all(root, parent, 0755, error))
        return false;
    folder = open_beneath(root, parent, O_RDONLY | O_DIRECTORY, 0, error);
    fd = folder >= 0 ? open_beneath(folder, part, O_WRONLY | O_CREAT | O_EXCL, mode, error) : -1;
    if (fd < 0)
        return false;
    if (!fetch_all(fetch, fd, error) || !sync_part(fd, error)) {
        (void)!os_unlink(folder, part, 0);
        return false;
    }
    return place_part(folder, part, name, error);
}

/* ---- the command ------------------------------------------------------------------------------- */

static bool
is_wanted(const ArtifactsArgs *args, const json_t *shown, const json_t *artifact,
          const char *const *paths)
{
    const char *job = job_name(shown, json_integer_value(json_object_get(artifact, "position")));

    if (args->job != NULL && strcmp(args->job, job) != 0)
        return false;
    return paths[0] == NULL || g_strv_contains(paths, json_get_text(artifact, "path"));
}

/* Each path must be one of them. */
static bool
check_paths(const json_t *chosen, const char *run, const char *const *paths, GError **error)
{
    for (size_t i = 0; paths[i] != NULL; i++) {
        bool found = false;
        size_t k = 0;
        json_t *artifact = NULL;

        json_array_foreach (chosen, k, artifact)
            found = found || strcmp(json_get_text(artifact, "path"), paths[i]) == 0;
        if (!found) {
            error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                      "run '%s' has no artifact '%s': 'slipway artifacts %s' lists them", run,
                      paths[i], run);
            return false;
        }
    }
    return true;
}

static void
print_list(Output *output, const json_t *shown, const json_t *chosen)
{
    static const char *const headers[] = { "JOB", "ARTIFACT", "BYTES", "DIGEST", NULL };
    size_t i = 0;
    json_t *artifact = NULL;

    output_table_begin(output, headers);
    json_array_foreach (chosen, i, artifact) {
        g_autofree char *size = g_strdup_printf(
            "%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(artifact, "sizeBytes")));
        const char *const cells[] = {
            job_name(shown, json_integer_value(json_object_get(artifact, "position"))),
            json_get_text(artifact, "path"), size, json_get_text(artifact, "digest")
        };

        output_table_row(output, cells);
    }
    output_table_end(output);
}

static bool
write_files(CommandContext *context, const char *out, const char *run, const json_t *chosen,
            GError **error)
{
    AUTO_FD int root = -1;
    size_t i = 0;
    json_t *artifact = NULL;

    if (!dir_create_all(AT_FDCWD, out, 0755, error))
        return false;
    root = dir_open(AT_FDCWD, out, error);
    if (root < 0)
        return false;
    json_array_foreach (chosen, i, artifact) {
        Fetch fetch = { .context = context, .run = run, .artifact = artifact };

        if (!write_file(&fetch, root, error)) {
            error_prefix(error, "%s/%s", out, json_get_text(artifact, "path"));
            return false;
        }
        output_line(context->output, "written  %s/%s", out, json_get_text(artifact, "path"));
    }
    return true;
}

static bool
run_artifacts(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    const ArtifactsArgs *args = data;
    const char *run = positional[0];
    g_autoptr(json_t) shown = NULL;
    g_autoptr(json_t) chosen = json_array();
    size_t i = 0;
    json_t *artifact = NULL;

    if (!command_call(context, "run.show", json_pack("{s:s}", "run", run), &shown, error))
        return false;
    json_array_foreach (json_object_get(shown, "artifacts"), i, artifact) {
        if (is_wanted(args, shown, artifact, positional + 1))
            json_array_append(chosen, artifact);
    }
    if (!check_paths(chosen, run, positional + 1, error))
        return false;
    if (args->out == NULL)
        print_list(context->output, shown, chosen);
    else if (!write_files(context, args->out, run, chosen, error))
        return false;
    output_json(context->output, chosen);
    return true;
}

const Command cmd_artifacts = {
    .name = "artifacts",
    .synopsis = "RUN [PATH…] [--job NAME] [--out FOLDER]",
    .help = "list what jobs of a run left, or fetch it",
    .details = "With --out each file is compared with its digest before it gets its name; a file\n"
               "that is there already is left alone. What a release is made of is better taken\n"
               "from where it was published, with its proofs.",
    .needs = COMMAND_NEEDS_ENGINE,
    .flags = COMMAND_CANCELLABLE | COMMAND_RARE,
    .min_args = 1,
    .max_args = SIZE_MAX,
    .options = options,
    .args_size = sizeof(ArtifactsArgs),
    .run = run_artifacts,
};
