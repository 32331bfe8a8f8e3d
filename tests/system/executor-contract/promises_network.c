/* SPDX-License-Identifier: Apache-2.0
 * promises_network: how far `open` and `allow` go. They need slirp4netns, and this machine's own
 * address stands for a host of the network: it is neither loopback nor private by its number alone.
 */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/socket.h>
#include "contract.h"
#include "base/banned.h"

#define CONNECT                                                                                    \
    "perl -MSocket -e 'for (@ARGV) { my ($h, $p) = split /:/; alarm 5; "                           \
    "socket(S, AF_INET, SOCK_STREAM, 0) or die; my $a = inet_aton($h); "                           \
    "print(defined $a && connect(S, pack_sockaddr_in($p, $a)) ? \"OPEN $h\\n\" : "                 \
    "\"CLOSED $h\\n\") }' "

/* An IPv4 address of this machine that is not loopback's; skips where there is none. Owned. */
static char *
own_address(void)
{
    struct ifaddrs *list = NULL;
    char *found = NULL;

    assert_int_equal(getifaddrs(&list), 0);
    for (const struct ifaddrs *i = list; i != NULL && found == NULL; i = i->ifa_next) {
        char text[INET_ADDRSTRLEN];
        if (i->ifa_addr == NULL || i->ifa_addr->sa_family != AF_INET ||
            (i->ifa_flags & IFF_LOOPBACK) != 0)
            continue;
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)i->ifa_addr;
        found = g_strdup(inet_ntop(AF_INET, &in->sin_addr, text, sizeof text));
    }
    freeifaddrs(list);
    test_needs("an-address", found != NULL);
    return found;
}

/* Acquires; skips where the machine lacks what a network needs, and says what. */
static void
acquire_network(Fixture *f, MachineNetwork mode, const char *const *hosts)
{
    f->spec.network = mode;
    f->spec.allow_hosts = hosts;
    f->machine = executor_acquire(f->suite->executor, &f->spec, NULL, &f->error);
    if (f->machine == NULL && f->error->code == BASE_ERROR_UNAVAILABLE) {
        print_message("# %s\n", f->error->message);
        test_needs("job-network", false);
    }
    assert_no_gerror(f->error);
}

static void
open_reaches_neither_host_nor_private_ranges(void **state)
{
    Fixture *f = *state;
    g_autofree char *own = own_address();

    acquire_network(f, MACHINE_NETWORK_OPEN, NULL);
    g_autofree char *script =
        g_strdup_printf(CONNECT "127.0.0.1:%d %s:%d 10.0.2.2:%d 169.254.169.254:80 10.1.1.1:80 "
                                "192.168.1.1:80 172.16.0.1:80 100.64.0.1:80; cat /etc/resolv.conf",
                        f->port, own, f->port, f->port);
    run_good(f, script);
    assert_silent_about(f, "OPEN");
    assert_says(f, "nameserver 10.0.2.3");
}

static void
open_has_a_way_out(void **state)
{
    Fixture *f = *state;

    acquire_network(f, MACHINE_NETWORK_OPEN, NULL);
    run_good(f, "cat /proc/net/route");
    assert_says(f, "tap0\t00000000\t0202000A"); /* the default route */
}

static void
open_reaches_what_is_listed(void **state)
{
    Fixture *f = *state;
    g_autofree char *own = own_address();
    const char *const hosts[] = { own, NULL };

    acquire_network(f, MACHINE_NETWORK_OPEN, hosts);
    g_autofree char *script = g_strdup_printf(CONNECT "%s:%d", own, f->port);
    run_good(f, script);
    assert_says(f, "OPEN");
}

static void
allow_reaches_the_listed_hosts_only(void **state)
{
    Fixture *f = *state;
    g_autofree char *own = own_address();
    const char *const hosts[] = { own, NULL };

    acquire_network(f, MACHINE_NETWORK_ALLOW, hosts);
    g_autofree char *script = g_strdup_printf(
        CONNECT "%s:%d 127.0.0.1:%d 10.0.2.2:%d 10.0.2.3:53 169.254.169.254:80 9.9.9.9:53", own,
        f->port, f->port, f->port);
    run_good(f, script);
    g_autofree char *first = g_strdup_printf("OPEN %s\n", own);
    assert_says(f, first);
    assert_says(f, "CLOSED 127.0.0.1\nCLOSED 10.0.2.2\nCLOSED 10.0.2.3\n"
                   "CLOSED 169.254.169.254\nCLOSED 9.9.9.9\n");
}

static void
egress_is_recorded(void **state)
{
    Fixture *f = *state;
    const char *const hosts[] = { "192.0.2.77", NULL };

    acquire_network(f, MACHINE_NETWORK_ALLOW, hosts);
    json_t *object = machine_describe(f->machine);
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(object);
    g_free(f->output);
    f->output = text;
    assert_says(f, "\"allow\":[{\"address\":\"192.0.2.77\",\"host\":\"192.0.2.77\"}]");
    assert_says(f, "\"network\":\"allow\"");
}

static void
a_host_without_address_is_refused(void **state)
{
    Fixture *f = *state;
    const char *const hosts[] = { "no-such-host.invalid", NULL };

    f->spec.network = MACHINE_NETWORK_ALLOW;
    f->spec.allow_hosts = hosts;
    f->machine = executor_acquire(f->suite->executor, &f->spec, NULL, &f->error);
    assert_null(f->machine);
    test_needs("job-network", f->error->code != BASE_ERROR_UNAVAILABLE);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

#define HOST_NETWORK "a step has the host's network"

const Promise promises_network[] = {
    { "open_reaches_neither_host_nor_private_ranges", open_reaches_neither_host_nor_private_ranges,
      HOST_NETWORK },
    { "open_has_a_way_out", open_has_a_way_out, HOST_NETWORK },
    { "open_reaches_what_is_listed", open_reaches_what_is_listed, HOST_NETWORK },
    { "allow_reaches_the_listed_hosts_only", allow_reaches_the_listed_hosts_only, HOST_NETWORK },
    { "egress_is_recorded", egress_is_recorded, HOST_NETWORK },
    { "a_host_without_address_is_refused", a_host_without_address_is_refused, HOST_NETWORK },
    { 0 },
};
