/* SPDX-License-Identifier: Apache-2.0
 * cmd_verify: verifies releases offline, with nothing but their folders and a trust file. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "sys/confine.h"
#include "verify/verify.h"
#include "base/banned.h"

typedef struct {
    char *trust; /* owned */
    bool confined;
} VerifyArgs;

static const CliOption options[] = {
    { "trust", 't', CLI_STRING, offsetof(VerifyArgs, trust), CLI_REQUIRED | CLI_PATH,
      "what to believe: log, builders, people", "FILE" },
    { "confined", 0, CLI_FLAG, offsetof(VerifyArgs, confined), 0,
      "first give up reading anything else (Landlock)", NULL },
    { 0 },
};

typedef struct Folder { /* one release folder and the files of it that were asked for */
    char *path;
    GPtrArray *only; /* NULL: the whole folder; else owned names */
} Folder;

static void
folder_free(void *data)
{
    Folder *folder = data;

    g_free(folder->path);
    if (folder->only != NULL)
        g_ptr_array_unref(folder->only);
    g_free(folder);
}

static bool
is_folder(const char *path)
{
    struct stat st = { 0 };

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void
add_file(GPtrArray *folders, const char *path)
{
    g_autofree char *parent = g_path_get_dirname(path);

    for (unsigned i = 0; i < folders->len; i++) {
        Folder *folder = g_ptr_array_index(folders, i);
        if (folder->only != NULL && strcmp(folder->path, parent) == 0) {
            g_ptr_array_add(folder->only, g_path_get_basename(path));
            return;
        }
    }
    Folder *folder = g_new0(Folder, 1);
    folder->path = g_strdup(parent);
    folder->only = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(folder->only, g_path_get_basename(path));
    g_ptr_array_add(folders, folder);
}

/* Folders as they are; files grouped by theirs, so that facts are checked once. */
static GPtrArray *
group_paths(const char *const *paths)
{
    GPtrArray *folders = g_ptr_array_new_with_free_func(folder_free);

    for (; *paths != NULL; paths++) {
        if (is_folder(*paths)) {
            Folder *folder = g_new0(Folder, 1);
            folder->path = g_strdup(*paths);
            g_ptr_array_add(folders, folder);
        } else {
            add_file(folders, *paths);
        }
    }
    return folders;
}

static VerifyReport *
verify_folder(const Folder *folder, const Trust *trust, GError **error)
{
    AUTO_FD int dirfd = dir_open(AT_FDCWD, folder->path, error);

    if (dirfd < 0)
        return NULL;
    if (folder->only != NULL)
        g_ptr_array_add(folder->only, NULL);
    VerifyOptions settings = {
        .trust = trust,
        .now_us = clock_now_us(&clock_system),
        .only = folder->only != NULL ? (const char *const *)folder->only->pdata : NULL,
    };
    VerifySource *source = verify_source_dir_new(dirfd);
    VerifyReport *report = verify_release(source, &settings, error);
    verify_source_dir_free(source);
    return report;
}

static OutputStyle
style_of(VerifyResult result)
{
    if (result == VERIFY_OK)
        return OUTPUT_GOOD;
    return result == VERIFY_STALE ? OUTPUT_WARN : OUTPUT_BAD;
}

static void
show_report(Output *output, const Folder *folder, const VerifyReport *report)
{
    VerifyResult result = verify_report_result(report);

    for (unsigned i = 0; i < report->checks->len; i++) {
        const VerifyCheck *check = g_ptr_array_index(report->checks, i);
        output_styled(output, check->result == VERIFY_OK ? OUTPUT_PLAIN : style_of(check->result),
                      "%-14s  %-12s  %s: %s", verify_result_name(check->result), check->name,
                      check->subject, check->text);
    }
    if (result == VERIFY_OK)
        output_styled(output, OUTPUT_GOOD, "%s: good: %s, manifest %s", folder->path,
                      report->object, report->manifest);
    else
        output_styled(output, style_of(result), "%s: %s", folder->path, verify_result_name(result));
}

/* Leaves this process nothing to read but the folders and what is open already. */
static bool
confine(const GPtrArray *folders, GError **error)
{
    g_autofree const char **paths = g_new0(const char *, folders->len);

    for (unsigned i = 0; i < folders->len; i++)
        paths[i] = ((const Folder *)g_ptr_array_index(folders, i))->path;
    return confine_to(paths, folders->len, error);
}

static bool
run_verify(CommandContext *context, void *args, const char *const *positional, GError **error)
{
    const VerifyArgs *self = args;
    g_autoptr(GBytes) text = file_read(AT_FDCWD, self->trust, LIMIT_JSON_BYTES, error);
    g_autoptr(GPtrArray) folders = group_paths(positional);
    g_autoptr(GPtrArray) reports =
        g_ptr_array_new_with_free_func((GDestroyNotify)verify_report_free);
    g_autoptr(json_t) json = json_array();

    if (text == NULL || (self->confined && !confine(folders, error)))
        return false;
    g_autoptr(Trust) trust = trust_parse(span_of_bytes(text), error);
    if (trust == NULL) {
        error_prefix(error, "trust file '%s'", self->trust);
        return false;
    }
    for (unsigned i = 0; i < folders->len; i++) {
        const Folder *folder = g_ptr_array_index(folders, i);
        VerifyReport *report = verify_folder(folder, trust, error);
        if (report == NULL) {
            error_prefix(error, "cannot verify '%s'", folder->path);
            return false;
        }
        g_ptr_array_add(reports, report);
        show_report(context->output, folder, report);
        json_t *item = verify_report_json(report);
        json_object_set_new(item, "path", json_string(folder->path));
        json_array_append_new(json, item);
    }
    context->exit_code =
        (int)verify_reports_result((const VerifyReport *const *)reports->pdata, reports->len);
    output_json(context->output, folders->len == 1 ? json_array_get(json, 0) : json);
    return true;
}

const Command cmd_verify = {
    .name = "verify",
    .synopsis = "PATH... --trust FILE",
    .help = "verify releases, offline: a folder, or files of one",
    .details = "PATH is the folder of a release, or files in it: then those files and all that\n"
               "vouches for them are checked. Nothing is fetched, no data folder is needed.\n\n"
               "Exit code: 0 good, 1 usage or I/O, 10 not authentic, 11 revoked, 12 stale,\n"
               "13 incomplete, 14 policy not met, 15 unsupported. All findings are shown; of\n"
               "several the code is the first found of 10, 11, 13, 14, 15, 12.",
    .min_args = 1,
    .max_args = SIZE_MAX,
    .options = options,
    .args_size = sizeof(VerifyArgs),
    .usage_exit_code = VERIFY_USAGE,
    .run = run_verify,
};
