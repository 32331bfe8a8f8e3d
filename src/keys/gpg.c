/* SPDX-License-Identifier: Apache-2.0
 * gpg: the program with arguments of ours; what it is given comes over descriptors. */
#include "keys/gpg.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/files.h"
#include "sys/process.h"
#include "base/banned.h"

#define CONTENT_FD    3
#define PASSPHRASE_FD 4
#define MAX_ANSWER    (16u << 20)
#define TIMEOUT_MS    (5 * 60 * 1000) /* a person may have to type or touch */
#define MAX_ARGUMENTS 24

typedef struct {
    const char *argv[MAX_ARGUMENTS];
    size_t n_argv;
    ProcessFd fds[2];
    size_t n_fds;
} Call;

static void
add(Call *call, const char *word)
{
    g_assert(call->n_argv + 1 < MAX_ARGUMENTS);
    call->argv[call->n_argv++] = word;
}

/* What gpg needs to find its home, its agent and the terminal its agent asks on. */
static GPtrArray *
environment(void)
{
    static const char *const passed[] = { "HOME", "GNUPGHOME", "GPG_TTY",
                                          "TERM", "DISPLAY",   "XDG_RUNTIME_DIR" };
    GPtrArray *env = g_ptr_array_new_with_free_func(g_free);

    g_ptr_array_add(env, g_strdup("PATH=/usr/bin:/bin"));
    g_ptr_array_add(env, g_strdup("LC_ALL=C.UTF-8"));
    for (size_t i = 0; i < G_N_ELEMENTS(passed); i++) {
        const char *value = g_getenv(passed[i]);
        if (value != NULL)
            g_ptr_array_add(env, g_strdup_printf("%s=%s", passed[i], value));
    }
    g_ptr_array_add(env, NULL);
    return env;
}

static char *
run(Call *call, const char *key, GError **error)
{
    g_autoptr(GPtrArray) env = environment();
    g_auto(ProcessResult) result = { 0 };
    const ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = call->argv,
                               .env = (const char *const *)env->pdata, .fds = call->fds,
                               .n_fds = call->n_fds };

    if (!process_run(&spec, span_of(NULL, 0), MAX_ANSWER, TIMEOUT_MS, NULL, &result, error)) {
        error_prefix(error, "cannot ask gpg");
        return NULL;
    }
    Span output = span_of_bytes(result.output);
    if (result.exit.exit_code != 0 || output.len == 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED, "gpg did nothing for '%s': %s", key,
                  g_strchomp(result.errors));
        return NULL;
    }
    return g_strndup((const char *)output.data, output.len);
}

/* The passphrase in a file in memory; -1 and no error: gpg asks by itself. */
static int
passphrase_fd(const PassphraseSource *source, const char *key, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(Secret) secret =
        passphrase_get(&(PassphraseSource){ .file = source->file }, key, &local);

    if (secret == NULL && g_error_matches(local, BASE_ERROR, BASE_ERROR_NOT_FOUND) &&
        source->file == NULL)
        return -1;
    if (secret == NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return -1;
    }
    AUTO_FD int fd = memfd_create("passphrase", MFD_CLOEXEC);
    if (fd < 0 || !fd_write_all(fd, secret_get(secret), error) || lseek(fd, 0, SEEK_SET) != 0)
        return -1;
    return fd_steal(&fd);
}

char *
gpg_sign_fd(const char *key, GpgMode mode, int fd, const PassphraseSource *passphrase,
            GError **error)
{
    g_autoptr(GError) local = NULL;
    AUTO_FD int secret = passphrase_fd(passphrase, key, &local);
    Call call = { .fds = { { .from = fd, .to = CONTENT_FD } }, .n_fds = 1 };

    if (local != NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    if (lseek(fd, 0, SEEK_SET) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read what gpg is to sign");
        return NULL;
    }
    static const char *const fixed[] = { "gpg",          "--batch",       "--no-tty", "--armor",
                                         "--no-options", "--digest-algo", "SHA512" };
    for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++)
        add(&call, fixed[i]);
    if (secret >= 0) {
        call.fds[call.n_fds++] = (ProcessFd){ .from = secret, .to = PASSPHRASE_FD };
        add(&call, "--pinentry-mode");
        add(&call, "loopback");
        add(&call, "--passphrase-fd");
        add(&call, G_STRINGIFY(PASSPHRASE_FD));
    }
    add(&call, "--local-user");
    add(&call, key + strlen(GPG_PREFIX));
    add(&call, "--enable-special-filenames");
    add(&call, "--output");
    add(&call, "-");
    add(&call, mode == GPG_CLEAR ? "--clear-sign" : "--detach-sign");
    add(&call, "--");
    add(&call, "-&" G_STRINGIFY(CONTENT_FD));
    return run(&call, key, error);
}

char *
gpg_certificate(const char *key, GError **error)
{
    Call call = { 0 };
    static const char *const fixed[] = { "gpg",
                                         "--batch",
                                         "--no-tty",
                                         "--armor",
                                         "--no-options",
                                         "--export-options",
                                         "export-minimal",
                                         "--export",
                                         "--" };

    for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++)
        add(&call, fixed[i]);
    add(&call, key + strlen(GPG_PREFIX));
    return run(&call, key, error);
}
