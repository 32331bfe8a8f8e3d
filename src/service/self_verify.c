/* SPDX-License-Identifier: Apache-2.0
 * self_verify: the verifier in a sandbox with nothing but the staged folder and a trust file. */
#include "service/self_verify.h"
#include <fcntl.h>
#include <string.h>
#include "base/files.h"
#include "service/trust_export.h"
#include "sys/paths.h"
#include "sys/process.h"
#include "base/banned.h"

#define SELF_VERIFY_TIMEOUT_MS   (10 * 60 * 1000)
#define SELF_VERIFY_OUTPUT_BYTES (1u << 20)

/* New namespaces of every kind; the system read-only, the program, the release and the trust file:
 * no data folder, no network, no environment. */
static bool
run_apart(const char *program, const char *folder, const char *trust_file, ProcessResult *result,
          GError **error)
{
    const char *const argv[] = {
        "/usr/bin/bwrap",
        "--unshare-all",
        "--unshare-user",
        "--die-with-parent",
        "--new-session",
        "--clearenv",
        "--cap-drop",
        "ALL",
        "--ro-bind",
        "/usr",
        "/usr",
        "--symlink",
        "usr/bin",
        "/bin",
        "--symlink",
        "usr/lib",
        "/lib",
        "--symlink",
        "usr/lib64",
        "/lib64",
        "--ro-bind-try",
        "/etc/ld.so.cache",
        "/etc/ld.so.cache",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--ro-bind",
        program,
        "/verifier/slipway",
        "--ro-bind",
        folder,
        "/release",
        "--ro-bind",
        trust_file,
        "/verifier/trust.json",
        "--chdir",
        "/",
        "--",
        "/verifier/slipway",
        "verify",
        "/release",
        "--trust",
        "/verifier/trust.json",
        NULL,
    };
    const char *const env[] = { "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", NULL };
    ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = argv, .env = env };

    return process_run(&spec, span_of_text(""), SELF_VERIFY_OUTPUT_BYTES, SELF_VERIFY_TIMEOUT_MS,
                       NULL, result, error);
}

bool
self_verify(Engine *engine, const char *project, const char *folder, GError **error)
{
    g_autofree char *program = paths_self(error);
    g_autofree char *trust = program != NULL ? trust_export(engine, project, error) : NULL;
    g_autofree char *trust_path = NULL;
    g_auto(TempDir) dir = { 0 };
    g_auto(ProcessResult) result = { 0 };
    AUTO_FD int dirfd = -1;

    if (trust == NULL || !temp_dir_make(&dir, "slipway-verify", error))
        return false;
    dirfd = dir_open(AT_FDCWD, dir.path, error);
    if (dirfd < 0 || !file_write_new(dirfd, "trust.json", span_of_text(trust), 0644, error))
        return false;
    trust_path = g_strdup_printf("%s/trust.json", dir.path);
    if (!run_apart(program, folder, trust_path, &result, error)) {
        error_prefix(error, "cannot verify the staged release in a process of its own");
        return false;
    }
    if (result.exit.exit_code == 0)
        return true;
    {
        g_autofree char *findings =
            g_strndup(g_bytes_get_data(result.output, NULL), g_bytes_get_size(result.output));
        g_autofree char *end = process_exit_text(&result.exit);

        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "the staged release does not verify (slipway verify %s); nothing was made "
                  "visible:\n%s%s",
                  end, findings, result.errors);
    }
    return false;
}
