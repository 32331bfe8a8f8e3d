/* SPDX-License-Identifier: Apache-2.0
 * client: the engine's end of slipway-vm, which holds the connections to one machine: to its hypervisor (libvirt) and into it (SSH or
 * the guest agent). What cannot be cancelled lives there, where it can be killed. A helper whose engine has died powers the machine
 * off that it booted, and ends; a helper that is freed powers nothing off. Used by one thread at a time.
 *
 * A request is {do: …} and a few descriptors; docs/executors.md says what the settings mean:
 *   boot      uri, domain, snapshot, agent, address, user, keyFile, hostKey, readyMs    revert, start, wait until it lets us in
 *   attach    the same                                                    the machine runs already
 *   run       command, maxBytes; descriptors: stdin, stdout               {exit, errors: the end of its stderr}
 *   off       uri, domain                                                 off; also when it is so already
 *   snapshot  name, keep                                                  the machine as it is now becomes the newest of that name
 */
#pragma once
#include <glib.h>
#include <jansson.h>
#include "base/attributes.h"
#include "sys/cancel.h"

#define VM_HELPER_PROGRAM    "slipway-vm"
#define VM_HELPER_CHANNEL_FD 3

typedef struct VmHelper VmHelper;

/** Errors: UNAVAILABLE (not installed), IO. */
VmHelper *vm_helper_start(GError **error) MUST_CHECK;
/** Kills it, whatever it does. Accepts NULL. */
void vm_helper_free(VmHelper *helper);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmHelper, vm_helper_free)

/** Asks and waits for the answer. @request: consumed. @fds: borrowed. @timeout_ms: -1 without end. @answer_out: owned; may be NULL.
 * Errors: TIMEOUT, CANCELLED, UNAVAILABLE (the helper is lost; after these three it is good for nothing but free), and what the
 * helper answers: NOT_FOUND, DENIED, UNTRUSTED, LIMIT, INVALID, IO, TIMEOUT. */
bool vm_helper_ask(VmHelper *helper, json_t *request, const int *fds, size_t n_fds, int timeout_ms,
                   Cancel *cancel, json_t **answer_out, GError **error) MUST_CHECK;
