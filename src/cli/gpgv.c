/* SPDX-License-Identifier: Apache-2.0
 * gpgv: one run in a folder of its own, with nothing of the user's configuration. */
#include "cli/gpgv.h"
#include <fcntl.h>
#include "base/files.h"
#include "base/limits.h"
#include "sys/process.h"
#include "base/banned.h"

#define TIMEOUT_MS  60000
#define KEYRING     "keyring.gpg"
#define SIGNED_TEXT "text"

/* The keyring in binary: all that gpgv reads. */
static bool
place_keyring(const char *path, const char *folder, GError **error)
{
    g_autoptr(GBytes) text = file_read(AT_FDCWD, path, LIMIT_JSON_BYTES, error);
    g_autoptr(GBytes) binary =
        text != NULL ? detached_pgp_dearmor(span_of_bytes(text), error) : NULL;
    AUTO_FD int dirfd = binary != NULL ? dir_open(AT_FDCWD, folder, error) : -1;

    if (dirfd < 0 || !file_write_new(dirfd, KEYRING, span_of_bytes(binary), 0600, error)) {
        error_prefix(error, "cannot use keyring '%s'", path);
        return false;
    }
    return true;
}

static bool
run(const DetachedPaths *paths, const char *folder, bool has_text, ProcessResult *result,
    GError **error)
{
    static const char *const env[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", NULL };
    g_autofree char *keyring = g_build_filename(folder, KEYRING, NULL);
    g_autofree char *text = g_build_filename(folder, SIGNED_TEXT, NULL);
    const char *argv[16] = {
        "gpgv", "--homedir", folder, "--status-fd", "1", "--keyring", keyring
    };
    size_t n = 7;

    if (has_text) {
        argv[n++] = "--output";
        argv[n++] = text;
    }
    argv[n++] = "--";
    argv[n++] = paths->signature != NULL ? paths->signature : paths->file;
    if (paths->signature != NULL && !has_text)
        argv[n++] = paths->file;
    ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = argv, .env = env };
    if (process_run(&spec, (Span){ 0 }, DETACHED_STATUS_BYTES, TIMEOUT_MS, NULL, result, error))
        return true;
    error_prefix(error, "OpenPGP signatures need the program gpgv");
    return false;
}

/* Whether FILE is what the clear-signed text said. */
static bool
compare_text(const DetachedPaths *paths, const char *folder, bool *equal_out, GError **error)
{
    g_autofree char *path = g_build_filename(folder, SIGNED_TEXT, NULL);
    g_autoptr(GBytes) text = file_read(AT_FDCWD, path, DETACHED_SIGNATURE_BYTES, NULL);
    g_autoptr(GBytes) file = file_read(AT_FDCWD, paths->file, DETACHED_WHOLE_BYTES, error);

    if (file == NULL)
        return false;
    *equal_out = text != NULL && detached_text_equal(span_of_bytes(text), span_of_bytes(file));
    return true;
}

bool
gpgv_verify(const DetachedPaths *paths, const char *keyring, VerifyReport **report_out,
            GError **error)
{
    g_auto(TempDir) folder = { 0 };
    g_auto(ProcessResult) result = { 0 };
    g_autoptr(GBytes) signature = detached_read_signature(paths, error);
    bool equal = false;

    if (signature == NULL)
        return false;
    bool has_text = paths->signature != NULL &&
                    detached_format(span_of_bytes(signature)) == DETACHED_CLEARSIGNED;
    if (!temp_dir_make(&folder, "gpgv", error) || !place_keyring(keyring, folder.path, error) ||
        !run(paths, folder.path, has_text, &result, error))
        return false;
    g_autoptr(VerifyReport) report =
        detached_pgp_report(span_of_bytes(result.output), paths->file, result.exit.exit_code == 0);
    if (has_text) {
        if (!compare_text(paths, folder.path, &equal, error))
            return false;
        detached_pgp_text(report, paths->file, equal);
    }
    *report_out = g_steal_pointer(&report);
    return true;
}
