/* SPDX-License-Identifier: Apache-2.0
 * fixture: see fixture.h. */
#include "fixture.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "base/random.h"
#include "base/encoding.h"
#include "executor/job_env.h"
#include "base/banned.h"

#define OUTPUT_LIMIT (4u << 20)

static bool
listen_unix(Fixture *f, const char *path, bool abstract, int *fd_out)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t len = strlen(path);

    g_strlcpy(address.sun_path + abstract, path, sizeof address.sun_path - abstract);
    *fd_out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return bind(*fd_out, (const struct sockaddr *)&address,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + abstract + len)) == 0 &&
           listen(*fd_out, 8) == 0 && f != NULL;
}

static bool
listen_tcp(Fixture *f)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY) };
    socklen_t len = sizeof address;

    f->tcp_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(f->tcp_fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(f->tcp_fd, 8) != 0 || getsockname(f->tcp_fd, (struct sockaddr *)&address, &len) != 0)
        return false;
    f->port = ntohs(address.sin_port);
    return true;
}

static bool
make_data_folder(Fixture *f)
{
    g_autofree char *socket_path = g_strconcat(f->data, "/slipway.sock", NULL);
    g_autofree char *keys = g_strconcat(f->data, "/keys", NULL);
    AUTO_FD int keys_fd = -1;

    if (!dir_create_all(AT_FDCWD, keys, 0700, &f->error))
        return false;
    keys_fd = dir_open(AT_FDCWD, keys, &f->error);
    return keys_fd >= 0 &&
           file_write_new(keys_fd, "engine.key", span_of_text(SECRET), 0600, &f->error) &&
           listen_unix(f, socket_path, false, &f->unix_fd) &&
           listen_unix(f, f->marker, true, &f->abstract_fd) && listen_tcp(f);
}

int
fixture_setup(void **state)
{
    const Suite *suite = *state;
    uint8_t random[8];

    Fixture *f = g_new0(Fixture, 1);

    f->suite = suite;
    f->unix_fd = f->abstract_fd = f->tcp_fd = -1;
    *state = f;
    random_fill(random, sizeof random);
    g_autofree char *hex = hex_encode(span_of(random, sizeof random));
    f->marker = g_strconcat("slipway-contract-", hex, NULL);
    f->cancel = cancel_new();
    if (!temp_dir_make(&f->dir, "contract", &f->error))
        return -1;
    f->data = g_strconcat(f->dir.path, "/data", NULL);
    f->scratch = g_strconcat(f->dir.path, "/scratch", NULL);
    f->source = g_strconcat(f->dir.path, "/source", NULL);
    f->spec =
        (MachineSpec){ .label = "contract", .scratch_dir = f->scratch, .source_dir = f->source };
    g_autofree char *program = g_strconcat(getenv("SLIPWAY_SOURCE"),
                                           "/tests/system/executor-contract/machine-bwrap", NULL);

    g_autofree char *filter = g_strconcat(getenv("SLIPWAY_BUILD"),
                                          "/tests/system/executor-contract/contract_filter", NULL);

    f->machines = g_strconcat(f->dir.path, "/machines", NULL);
    f->settings = suite->settings != NULL ? json_incref(suite->settings)
                                          : json_pack("{s:s, s:s, s:s}", "program", program,
                                                      "folder", f->machines, "filter", filter);
    f->spec.settings = f->settings;
    f->spec.slot = f->slot = fixture_slot(f, 0);
    if (make_data_folder(f) && dir_create_all(AT_FDCWD, f->source, 0755, &f->error))
        return 0;
    print_message("# %s\n", f->error == NULL ? "no sockets" : f->error->message);
    return -1;
}

int
fixture_teardown(void **state)
{
    Fixture *f = *state;

    machine_free(f->machine);
    cancel_unref(f->cancel);
    fd_clear(&f->unix_fd);
    fd_clear(&f->abstract_fd);
    fd_clear(&f->tcp_fd);
    temp_dir_clear(&f->dir);
    g_clear_pointer(&f->files, g_ptr_array_unref);
    g_clear_pointer(&f->table, g_hash_table_unref);
    g_clear_pointer(&f->bytes, g_bytes_unref);
    g_clear_error(&f->error);
    g_free(f->output);
    g_free(f->data);
    g_free(f->marker);
    json_decref(f->settings);
    g_free(f->machines);
    g_free(f->slot);
    g_free(f->scratch);
    g_free(f->source);
    g_free(f);
    return 0;
}

char *
fixture_slot(const Fixture *f, int n)
{
    return g_strdup_printf("%s-%d", f->suite->settings != NULL ? "vm" : "slot", n + 1);
}

void
acquire(Fixture *f)
{
    f->machine = executor_acquire(f->suite->executor, &f->spec, f->cancel, &f->error);
    assert_no_gerror(f->error);
    assert_non_null(f->machine);
}

static void
keep_output(Fixture *f, int fd)
{
    g_free(f->output);
    f->output = g_malloc0(OUTPUT_LIMIT + 1);
    ssize_t n = pread(fd, f->output, OUTPUT_LIMIT, 0);

    assert_true(n >= 0);
}

bool
run_for(Fixture *f, const char *script, uint64_t timeout_ms)
{
    AUTO_FD int fd = memfd_create("output", MFD_CLOEXEC);
    g_autofree char *data = g_strconcat("T_DATA=", f->data, NULL);
    g_autofree char *mark = g_strconcat("T_MARK=", f->marker, NULL);
    g_autofree char *other = g_strconcat("T_OTHER=", f->dir.path, "/other", NULL);
    g_autofree char *port = g_strdup_printf("T_PORT=%d", f->port);
    const char *const env[] = { data, mark, other, port, NULL };
    const StepSpec step = { .shell = script, .env = env, .timeout_ms = timeout_ms };

    if (f->machine == NULL)
        acquire(f);
    bool ok = machine_exec(f->machine, &step, fd, f->cancel, &f->result, &f->error);

    keep_output(f, fd);
    return ok;
}

void
run(Fixture *f, const char *script)
{
    bool ok = run_for(f, script, 0);

    if (!ok)
        print_message("# %s\n# %s\n", f->error->message, f->output);
    assert_no_gerror(f->error);
    assert_true(ok);
}

void
run_good(Fixture *f, const char *script)
{
    run(f, script);
    if (f->result.exit_code != 0)
        print_message("# exit %d: %s\n", f->result.exit_code, f->output);
    assert_int_equal(f->result.exit_code, 0);
}

void
assert_says(const Fixture *f, const char *text)
{
    if (strstr(f->output, text) == NULL)
        fail_msg("wanted '%s' in: %s", text, f->output);
}

void
assert_silent_about(const Fixture *f, const char *text)
{
    if (strstr(f->output, text) != NULL)
        fail_msg("'%s' must not be in: %s", text, f->output);
}

static bool
is_marked(const Fixture *f, const char *pid)
{
    g_autofree char *path = g_strconcat("/proc/", pid, "/cmdline", NULL);
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    char text[4096];
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);

    return n > 0 && memmem(text, (size_t)n, f->marker, strlen(f->marker)) != NULL;
}

unsigned
count_marked_processes(const Fixture *f)
{
    g_autoptr(GPtrArray) names = dir_list(AT_FDCWD, "/proc", 1000000, NULL);
    unsigned n = 0;

    for (guint i = 0; names != NULL && i < names->len; i++)
        n += is_marked(f, names->pdata[i]);
    return n;
}
