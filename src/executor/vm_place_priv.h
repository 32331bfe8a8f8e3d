/* SPDX-License-Identifier: Apache-2.0
 * vm_place: where a virtual machine is and how one gets in: the settings of its pool. Included by vm*.c of this folder only. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "vm/client.h"

typedef struct { /* where a machine is and how one gets in; all owned */
    char *uri, *domain, *snapshot, *address, *user, *key_file, *host_key;
    char *job_user; /* who runs the steps; "": the user of the access */
    char *root;     /* the job's folder in the machine */
    bool agent;     /* the guest agent is the way in, not SSH */
    uint64_t ready_s, dead_man_s;
} VmPlace;

/** Whether all settings are known and good. Errors: INVALID. */
bool vm_place_check_settings(const json_t *settings, GError **error) MUST_CHECK;
/** Clear it also when this fails. Errors: INVALID. */
bool vm_place_init(VmPlace *place, const char *slot, const json_t *settings,
                   GError **error) MUST_CHECK;
void vm_place_clear(VmPlace *place);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VmPlace, vm_place_clear)
/** The request of that name about this place, for vm_helper_ask. Owned. */
json_t *vm_place_request(const VmPlace *place, const char *verb);
/** Off, by a helper of its own: the one there may be is busy or lost. Errors: those of vm_helper_ask. */
bool vm_place_power_off(const VmPlace *place, Cancel *cancel, GError **error) MUST_CHECK;
