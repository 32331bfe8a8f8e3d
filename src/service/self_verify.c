/* SPDX-License-Identifier: Apache-2.0
 * self_verify: the verifier in a sandbox with nothing but the staged folder and a trust file. */
#include "service/self_verify.h"
#include <fcntl.h>
#include <string.h>
#include "base/files.h"
#include "base/log.h"
#include "service/engine_priv.h"
#include "service/trust_export.h"
#include "sys/paths.h"
#include "sys/process.h"
#include "base/banned.h"

#define SELF_VERIFY_TIMEOUT_MS   (10 * 60 * 1000)
#define SELF_VERIFY_OUTPUT_BYTES (1u << 20)
#define FIRST_FINDING            10

typedef struct Apart { /* what the verifier gets to see; borrowed */
    const char *program;
    const char *folder;
    const char *trust_file;
    const char *home; /* and never this */
} Apart;

static bool
run_verifier(const char *const *argv, ProcessResult *result, GError **error)
{
    static const char *const env[] = { "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", NULL };
    ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = argv, .env = env };

    return process_run(&spec, span_of_text(""), SELF_VERIFY_OUTPUT_BYTES, SELF_VERIFY_TIMEOUT_MS,
                       NULL, result, error);
}

/* New namespaces of every kind; the system read-only, the program, the release and the trust file:
 * no data folder, no network, no environment. */
static bool
run_in_namespaces(const Apart *apart, ProcessResult *result, GError **error)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    static const char *const system_view[] = {
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
    };
    const char *const given[] = {
        "--ro-bind",
        apart->program,
        "/verifier/slipway",
        "--ro-bind",
        apart->folder,
        "/release",
        "--ro-bind",
        apart->trust_file,
        "/verifier/trust.json",
        "--chdir",
        "/",
        "--",
        "/verifier/slipway",
        "verify",
        "/release",
        "--trust",
        "/verifier/trust.json",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(system_view); i++)
        g_ptr_array_add(argv, (void *)system_view[i]);
    if (g_str_has_prefix(apart->home, "/usr/")) { /* the one place we show that it may be in */
        g_ptr_array_add(argv, (void *)"--tmpfs");
        g_ptr_array_add(argv, (void *)apart->home);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(given); i++)
        g_ptr_array_add(argv, (void *)given[i]);
    g_ptr_array_add(argv, NULL);
    return run_verifier((const char *const *)argv->pdata, result, error);
}

/* Where no namespaces are to be had: the verifier takes the right to read from itself. */
static bool
run_confined(const Apart *apart, ProcessResult *result, GError **error)
{
    const char *const argv[] = { apart->program,    "verify",     apart->folder, "--trust",
                                 apart->trust_file, "--confined", NULL };

    return run_verifier(argv, result, error);
}

/* Whether it was bubblewrap that failed, not what it was to run. */
static bool
is_bwrap_failure(const ProcessResult *result)
{
    return result->exit.exit_code != 0 && g_str_has_prefix(result->errors, "bwrap: ");
}

static bool
run_apart(const Apart *apart, ProcessResult *result, GError **error)
{
    g_autoptr(GError) refused = NULL;
    g_autofree char *why = NULL;

    if (run_in_namespaces(apart, result, &refused) && !is_bwrap_failure(result))
        return true;
    why = g_strdup(refused != NULL ? refused->message : g_strchomp(result->errors));
    process_result_clear(result);
    log_event(LOG_WARNING,
              "verifying the staged release without namespaces; going on with Landlock",
              "SLIPWAY_CAUSE", why, NULL);
    return run_confined(apart, result, error);
}

/* Exit codes from 10 on are findings about the release (facts.md section 7). */
static bool
judge(const ProcessResult *result, GError **error)
{
    g_autofree char *findings =
        g_strndup(g_bytes_get_data(result->output, NULL), g_bytes_get_size(result->output));
    g_autofree char *end = process_exit_text(&result->exit);

    if (result->exit.exit_code == 0)
        return true;
    if (result->exit.exit_code >= FIRST_FINDING)
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "the staged release does not verify (slipway verify %s); nothing was made "
                  "visible:\n%s%s",
                  end, findings, result->errors);
    else
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "the staged release could not be verified apart from the data folder (%s); "
                  "nothing was made visible: %s",
                  end, result->errors);
    return false;
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
    Apart apart = { 0 };

    if (trust == NULL || !temp_dir_make(&dir, "slipway-verify", error))
        return false;
    dirfd = dir_open(AT_FDCWD, dir.path, error);
    if (dirfd < 0 || !file_write_new(dirfd, "trust.json", span_of_text(trust), 0644, error))
        return false;
    trust_path = g_strdup_printf("%s/trust.json", dir.path);
    apart = (Apart){
        .program = program, .folder = folder, .trust_file = trust_path, .home = engine->home
    };
    if (!run_apart(&apart, &result, error)) {
        error_prefix(error, "cannot verify the staged release in a process of its own");
        return false;
    }
    return judge(&result, error);
}
