/* SPDX-License-Identifier: Apache-2.0
 * domain: one virtual machine through libvirt, whatever hypervisor is behind its URI. Included by the files of this folder only. Every
 * call may block for as long as libvirt likes: who cannot wait kills the process. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "base/error.h"

typedef struct Domain Domain;

/** Errors: UNAVAILABLE (no libvirt there), NOT_FOUND (no such domain). */
Domain *domain_open(const char *uri, const char *name, GError **error) MUST_CHECK;
void domain_free(Domain *domain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Domain, domain_free)

/** Off, reverted to the newest snapshot of that name (NAME, or NAME.N with the greatest N), running. @snapshot NULL: started with disks
 * whose changes are forgotten. @used_out: optional, owned, the snapshot's full name or NULL. Errors: NOT_FOUND (no such snapshot), IO. */
bool domain_boot(Domain *domain, const char *snapshot, char **used_out, GError **error) MUST_CHECK;
/** Its power is cut; success also if it is off. Errors: IO. */
bool domain_off(Domain *domain, GError **error) MUST_CHECK;
/** domain_off, but only if it is still the start that domain_boot made. */
bool domain_off_if_ours(Domain *domain, GError **error) MUST_CHECK;
bool domain_is_running(const Domain *domain);
/** "ADDRESS" or "ADDRESS:PORT": of its metadata, else what libvirt knows by lease or agent. Owned; NULL: none is known yet. */
char *domain_find_address(const Domain *domain);
/** "SHA256:…" of its metadata. Owned; NULL: none. */
char *domain_find_host_key(const Domain *domain);
/** Makes NAME.N+1 and deletes all but the newest @keep of that name. As what was booted: of the running machine with its memory, or of its
 * disks after it was shut down. @made_out: owned. Errors: TIMEOUT (it does not shut down), IO. */
bool domain_take_snapshot(Domain *domain, const char *name, unsigned keep, char **made_out,
                          GError **error) MUST_CHECK;
/** Asks the machine to shut down and waits. Errors: TIMEOUT, IO. */
bool domain_shut_down(Domain *domain, int timeout_ms, GError **error) MUST_CHECK;
/** A command to its QEMU guest agent; the answer as text. Owned. Errors: UNAVAILABLE. */
char *domain_ask_agent(Domain *domain, const char *command, GError **error) MUST_CHECK;
