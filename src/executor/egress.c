/* SPDX-License-Identifier: Apache-2.0
 * egress: see egress.h. In order: a helper makes the namespaces, which our descriptors keep alive;
 * slirp4netns gives the network a device and a default route; `ip -batch` closes what must stay
 * closed; only then is there a machine whose steps can enter. slirp4netns ends when our end of a
 * pipe closes, so it does not outlive the engine either. */
#include "executor/egress.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/files.h"
#include "executor/job_user.h"
#include "executor/program.h"
#include "sys/cancel.h"
#include "sys/process.h"
#include "base/banned.h"

#define CONNECT_TIMEOUT_MS 10000
#define MAX_HOSTS          256
#define MAX_ADDRESSES      4096
#define WORDS_BYTES        4096       /* of a helper's messages kept for ours */
#define GATEWAY            "10.0.2.2" /* slirp4netns: its own network is 10.0.2.0/24 */
#define RESOLVER           "10.0.2.3"
#define DEVICE             "tap0"

enum { FD_READY = 3, FD_EXIT, FD_USER_NS, FD_NET_NS }; /* numbers in our helpers */

/* Not public (RFC 6890): the machine's neighbours, cloud metadata, other people's inside. */
static const char *const closed_ranges[] = {
    "0.0.0.0/8",    "10.0.0.0/8",     "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4",    "240.0.0.0/4",
};

typedef struct {
    char *host;    /* owned: as listed */
    char *address; /* owned: dotted */
} Listed;

struct Egress {
    MachineNetwork mode;
    GPtrArray *listed; /* owned, of owned Listed */
    char *slirp;       /* owned: paths of programs */
    char *nsenter;
    char *unshare;
    char *setpriv;
    char *ip;
    Process *carrier; /* owned: slirp4netns */
    int exit_fd;      /* owned: closing it ends the carrier */
    int net_fd;       /* owned: the network namespace */
    int user_fd;      /* owned: the user namespace it belongs to */
};

static void
listed_free(void *data)
{
    Listed *listed = data;

    g_free(listed->host);
    g_free(listed->address);
    g_free(listed);
}

void
egress_free(Egress *egress)
{
    if (egress == NULL)
        return;
    fd_clear(&egress->exit_fd);
    process_free(egress->carrier); /* kills and reaps it */
    fd_clear(&egress->net_fd);
    fd_clear(&egress->user_fd);
    g_clear_pointer(&egress->listed, g_ptr_array_unref);
    g_free(egress->slirp);
    g_free(egress->nsenter);
    g_free(egress->unshare);
    g_free(egress->setpriv);
    g_free(egress->ip);
    g_free(egress);
}

typedef struct addrinfo AddressList;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AddressList, freeaddrinfo)

static bool
is_listed(const Egress *egress, const char *address)
{
    for (guint i = 0; i < egress->listed->len; i++) {
        const Listed *listed = egress->listed->pdata[i];
        if (strcmp(listed->address, address) == 0)
            return true;
    }
    return false;
}

static bool
look_up(Egress *egress, const char *host, GError **error)
{
    struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
    g_autoptr(AddressList) found = NULL;
    int result = getaddrinfo(host, NULL, &hints, &found);

    if (result != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "cannot allow network to '%s': no IPv4 address: %s", host, gai_strerror(result));
        return false;
    }
    for (const AddressList *entry = found; entry != NULL; entry = entry->ai_next) {
        char address[INET_ADDRSTRLEN];
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)entry->ai_addr;
        if (egress->listed->len >= MAX_ADDRESSES ||
            inet_ntop(AF_INET, &in->sin_addr, address, sizeof address) == NULL)
            break;
        Listed *listed = g_new0(Listed, 1);
        listed->host = g_strdup(host);
        listed->address = g_strdup(address);
        g_ptr_array_add(egress->listed, listed);
    }
    return true;
}

static bool
find_programs(Egress *egress, GError **error)
{
    const struct {
        char **path;
        const char *name;
        const char *package;
    } programs[] = {
        { &egress->slirp, "slirp4netns", "slirp4netns" },
        { &egress->nsenter, "nsenter", "util-linux" },
        { &egress->unshare, "unshare", "util-linux" },
        { &egress->setpriv, "setpriv", "util-linux" },
        { &egress->ip, "ip", "iproute2" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(programs); i++) {
        *programs[i].path = program_find(programs[i].name, programs[i].package, error);
        if (*programs[i].path == NULL)
            return false;
    }
    if (access("/dev/net/tun", R_OK | W_OK) == 0)
        return true;
    error_set_errno(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "cannot open '/dev/net/tun'");
    return false;
}

char *
egress_hosts_text(const Egress *egress)
{
    g_autoptr(GString) text = g_string_new("127.0.0.1 localhost slipway\n::1 localhost\n");

    for (guint i = 0; egress != NULL && i < egress->listed->len; i++) {
        const Listed *listed = egress->listed->pdata[i];
        if (strcmp(listed->host, listed->address) != 0)
            g_string_append_printf(text, "%s %s\n", listed->address, listed->host);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *
egress_resolv_text(const Egress *egress)
{
    bool resolves = egress != NULL && egress->mode == MACHINE_NETWORK_OPEN;

    return g_strdup(resolves ? "nameserver " RESOLVER "\n" : "");
}

/* Commands for `ip -batch`. @own: this machine's addresses. */
static char *
routes_text(const Egress *egress, const char *const *own)
{
    g_autoptr(GString) text = g_string_new("link set lo up\n");

    if (egress->mode == MACHINE_NETWORK_ALLOW)
        g_string_append(text, "route del default\nroute replace prohibit " RESOLVER "/32\n");
    for (size_t i = 0; egress->mode == MACHINE_NETWORK_OPEN && i < G_N_ELEMENTS(closed_ranges); i++)
        g_string_append_printf(text, "route replace prohibit %s\n", closed_ranges[i]);
    for (; egress->mode == MACHINE_NETWORK_OPEN && *own != NULL; own++)
        if (!is_listed(egress, *own))
            g_string_append_printf(text, "route replace prohibit %s/32\n", *own);
    for (guint i = 0; i < egress->listed->len; i++) {
        const Listed *listed = egress->listed->pdata[i];
        g_string_append_printf(text, "route replace %s/32 via " GATEWAY " dev " DEVICE "\n",
                               listed->address);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

void
egress_describe(const Egress *egress, json_t *object)
{
    static const char *const names[] = { "none", "allow", "open" };
    MachineNetwork mode = egress == NULL ? MACHINE_NETWORK_NONE : egress->mode;

    json_object_set_new(object, "network", json_string(names[mode]));
    if (egress == NULL || egress->listed->len == 0)
        return;
    json_t *allow = json_array();

    for (guint i = 0; i < egress->listed->len; i++) {
        const Listed *listed = egress->listed->pdata[i];
        json_array_append_new(
            allow, json_pack("{s:s, s:s}", "host", listed->host, "address", listed->address));
    }
    json_object_set_new(object, "allow", allow);
}

typedef struct ifaddrs InterfaceList;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InterfaceList, freeifaddrs)

/* The IPv4 addresses of this machine but loopback's. Owned list; NULL on error. */
static char **
own_addresses(GError **error)
{
    g_autoptr(InterfaceList) found = NULL;
    g_autoptr(GStrvBuilder) list = g_strv_builder_new();

    if (getifaddrs(&found) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot list this machine's addresses");
        return NULL;
    }
    for (const InterfaceList *entry = found; entry != NULL; entry = entry->ifa_next) {
        char address[INET_ADDRSTRLEN];
        if (entry->ifa_addr == NULL || entry->ifa_addr->sa_family != AF_INET ||
            (entry->ifa_flags & IFF_LOOPBACK) != 0)
            continue;
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)entry->ifa_addr;
        if (inet_ntop(AF_INET, &in->sin_addr, address, sizeof address) != NULL)
            g_strv_builder_add(list, address);
    }
    return g_strv_builder_end(list);
}

/* The namespaces of a helper that waits in new ones until its stdin ends. Descriptors keep them. */
static bool
open_namespaces(Egress *egress, pid_t pid, GError **error)
{
    char path[64];

    g_snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
    egress->net_fd = open(path, O_RDONLY | O_CLOEXEC);
    g_snprintf(path, sizeof path, "/proc/%d/ns/user", (int)pid);
    egress->user_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (egress->net_fd >= 0 && egress->user_fd >= 0)
        return true;
    error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot open the network namespace");
    return false;
}

static bool
make_pipe(int *read_out, int *write_out, GError **error)
{
    int ends[2] = { -1, -1 };

    if (pipe2(ends, O_CLOEXEC) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot create a pipe");
        return false;
    }
    *read_out = ends[0];
    *write_out = ends[1];
    return true;
}

/* The arguments of a helper that owns the namespaces, as the job's bwrap will. Strings borrowed. */
static GPtrArray *
job_user_argv(const Egress *egress, const char *const *command, size_t n)
{
    GPtrArray *argv = g_ptr_array_new();

    job_user_add_prefix(argv, egress->setpriv);
    for (size_t i = 0; i < n; i++)
        g_ptr_array_add(argv, (char *)command[i]);
    g_ptr_array_add(argv, NULL);
    return argv;
}

static bool
make_namespaces(Egress *egress, Cancel *cancel, GError **error)
{
    const char *const command[] = { egress->unshare, "--user", "--map-root-user", "--net",
                                    "/bin/sh",       "-c",     "echo; read x" };
    g_autoptr(GPtrArray) argv = job_user_argv(egress, command, G_N_ELEMENTS(command));
    AUTO_FD int stdin_read = -1;
    AUTO_FD int stdin_write = -1;
    AUTO_FD int stdout_read = -1;
    AUTO_FD int stdout_write = -1;
    char byte = 0;

    if (!make_pipe(&stdin_read, &stdin_write, error) ||
        !make_pipe(&stdout_read, &stdout_write, error))
        return false;
    ProcessSpec spec = { .argv = (const char *const *)argv->pdata,
                         .stdin_fd = stdin_read,
                         .stdout_fd = stdout_write,
                         .stderr_fd = -1 };
    g_autoptr(Process) holder = process_spawn(&spec, error);

    fd_clear(&stdout_write);
    if (holder == NULL || !cancel_poll(cancel, stdout_read, POLLIN, CONNECT_TIMEOUT_MS, error))
        return false;
    if (read(stdout_read, &byte, 1) != 1) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "cannot make a network namespace");
        return false;
    }
    return open_namespaces(egress, process_pid(holder), error);
}

/* Waits for the byte that says the device is there. */
static bool
wait_ready(int ready_fd, int words_fd, Cancel *cancel, GError **error)
{
    char byte = 0;
    char words[WORDS_BYTES + 1] = { 0 };

    if (!cancel_poll(cancel, ready_fd, POLLIN, CONNECT_TIMEOUT_MS, error))
        return false;
    if (read(ready_fd, &byte, 1) == 1)
        return true;
    ssize_t n = pread(words_fd, words, WORDS_BYTES, 0);

    words[n < 0 ? 0 : n] = '\0';
    g_autofree char *printable = error_printable(g_strdelimit(g_strstrip(words), "\n", ' '));
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "slirp4netns ended: %s", printable);
    return false;
}

static bool
start_carrier(Egress *egress, Cancel *cancel, GError **error)
{
    const char *argv[16] = { egress->slirp,      "--configure",
                             "--mtu=65520",      "--disable-host-loopback",
                             "--enable-seccomp", "--ready-fd=3",
                             "--exit-fd=4",      "--userns-path=/proc/self/fd/5",
                             "--netns-type=path" };
    size_t n = g_strv_length((char **)argv);
    AUTO_FD int ready = -1;
    AUTO_FD int ready_write = -1;
    AUTO_FD int exit_read = -1;
    AUTO_FD int words = memfd_create("slirp4netns", MFD_CLOEXEC);

    if (geteuid() == 0)
        argv[n++] = "--enable-sandbox"; /* it needs to become root of the namespace */
    if (egress->mode == MACHINE_NETWORK_ALLOW)
        argv[n++] = "--disable-dns";
    argv[n++] = "/proc/self/fd/6";
    argv[n++] = DEVICE;
    if (!make_pipe(&ready, &ready_write, error) || !make_pipe(&exit_read, &egress->exit_fd, error))
        return false;
    const ProcessFd fds[] = { { ready_write, FD_READY },
                              { exit_read, FD_EXIT },
                              { egress->user_fd, FD_USER_NS },
                              { egress->net_fd, FD_NET_NS } };
    ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = argv, .fds = fds, .n_fds = G_N_ELEMENTS(fds) };

    spec.stderr_fd = words;
    egress->carrier = process_spawn(&spec, error);
    fd_clear(&ready_write);
    return egress->carrier != NULL && wait_ready(ready, words, cancel, error);
}

static bool
set_routes(const Egress *egress, Cancel *cancel, GError **error)
{
    const char *const command[] = { egress->nsenter,
                                    "--user=/proc/self/fd/5",
                                    "--net=/proc/self/fd/6",
                                    "--preserve-credentials",
                                    egress->ip,
                                    "-batch",
                                    "-" };
    g_autoptr(GPtrArray) argv = job_user_argv(egress, command, G_N_ELEMENTS(command));
    const ProcessFd fds[] = { { egress->user_fd, FD_USER_NS }, { egress->net_fd, FD_NET_NS } };
    ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = (const char *const *)argv->pdata, .fds = fds,
                         .n_fds = G_N_ELEMENTS(fds) };
    g_auto(GStrv) own = own_addresses(error);
    g_auto(ProcessResult) result = { 0 };

    if (own == NULL)
        return false;
    g_autofree char *routes = routes_text(egress, (const char *const *)own);

    if (!process_run(&spec, span_of_text(routes), WORDS_BYTES, CONNECT_TIMEOUT_MS, cancel, &result,
                     error))
        return false;
    if (result.exit.exit_code == 0)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "cannot set the routes: %s",
              g_strdelimit(g_strstrip(result.errors), "\n", ' '));
    return false;
}

static bool
look_up_all(Egress *egress, const char *const *hosts, GError **error)
{
    size_t n_hosts = 0;

    for (const char *const *host = hosts; host != NULL && *host != NULL; host++) {
        if (++n_hosts > MAX_HOSTS) {
            error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                      "cannot allow network to more than %d hosts", MAX_HOSTS);
            return false;
        }
        if (!look_up(egress, *host, error))
            return false;
    }
    return true;
}

Egress *
egress_new(MachineNetwork mode, const char *const *allow_hosts, Cancel *cancel, GError **error)
{
    g_autoptr(Egress) egress = g_new0(Egress, 1);

    egress->mode = mode;
    egress->exit_fd = egress->net_fd = egress->user_fd = -1;
    egress->listed = g_ptr_array_new_with_free_func(listed_free);
    if (find_programs(egress, error) && look_up_all(egress, allow_hosts, error) &&
        make_namespaces(egress, cancel, error) && start_carrier(egress, cancel, error) &&
        set_routes(egress, cancel, error))
        return g_steal_pointer(&egress);
    error_prefix(error, "cannot give the job a network");
    return NULL;
}

int
egress_get_user_fd(const Egress *egress)
{
    return egress->user_fd;
}

int
egress_get_net_fd(const Egress *egress)
{
    return egress->net_fd;
}

const char *
egress_get_nsenter(const Egress *egress)
{
    return egress->nsenter;
}
