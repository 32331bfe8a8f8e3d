/* SPDX-License-Identifier: Apache-2.0
 * egress: how a sandbox reaches the network where its job says so. The network namespace stays its
 * own; slirp4netns carries its connections, and routes made before the job starts, which it has no
 * capability to change, say how far they go. IPv4 only. Included by the files of this folder only.
 */
#pragma once
#include <sys/types.h>
#include "executor/executor.h"

typedef struct Egress Egress; /* what one machine may reach, and its way there */

/** Looks the hosts up once: they keep these addresses for the whole job. Makes the machine's
 * network namespace and connects it; it lives until egress_free. Blocks. @mode: ALLOW or OPEN.
 * Errors: UNAVAILABLE (a program or /dev/net/tun is missing), NOT_FOUND (a host has no address),
 * CANCELLED, TIMEOUT, IO. */
Egress *egress_new(MachineNetwork mode, const char *const *allow_hosts, Cancel *cancel,
                   GError **error) MUST_CHECK;
void egress_free(Egress *egress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Egress, egress_free)

/** The user namespace that owns the network namespace, and the latter; borrowed. */
int egress_get_user_fd(const Egress *egress);
int egress_get_net_fd(const Egress *egress);
/** The program that enters namespaces; borrowed. */
const char *egress_get_nsenter(const Egress *egress);
/** The sandbox's /etc/hosts and /etc/resolv.conf; NULL means no network. Owned. */
char *egress_hosts_text(const Egress *egress);
char *egress_resolv_text(const Egress *egress);
/** Adds network and allow to an object. NULL means no network. */
void egress_describe(const Egress *egress, json_t *object);
