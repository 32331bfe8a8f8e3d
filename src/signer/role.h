/* SPDX-License-Identifier: Apache-2.0
 * role: the keys the signer processes hold, by what they may cause (facts.md section 6). */
#pragma once
#include <stdbool.h>
#include "base/attributes.h"
#include "base/error.h"

typedef enum {
    SIGNER_ROLE_NONE,            /* refused */
    SIGNER_ROLE_ENGINE,          /* transitions and the engine's evidence; P-256, keys/engine.pem */
    SIGNER_ROLE_BUILDER_SANDBOX, /* provenance of isolated builds; P-256, keys/builder-sandbox.pem
                                  */
    SIGNER_ROLE_BUILDER_HOST,    /* provenance of builds without isolation; P-256,
                                    keys/builder-host.pem */
    SIGNER_ROLE_BUILDER_VM,      /* provenance of builds in virtual machines; P-256,
                                    keys/builder-vm.pem */
    SIGNER_ROLE_BUILDER_COMMAND, /* provenance of builds in machines that an administrator's program
                                    gives, about which the engine knows nothing; P-256,
                                    keys/builder-command.pem */
    SIGNER_ROLE_STATUS,          /* status.json; P-256, keys/status.pem */
    SIGNER_ROLE_TIMESTAMP,       /* RFC 3161 tokens; P-256, keys/timestamp.pem */
    SIGNER_ROLE_FORMAT, /* signatures beside released files, in the formats of OpenPGP, SSH and
                           minisign; Ed25519, keys/format.pem; lives in a process of its own */
    SIGNER_ROLE_LOG,    /* checkpoints; Ed25519, keys/log.pem; lives in a process of its own */
    SIGNER_N_ROLES
} SignerRole;

/** "engine", "builder-sandbox", "builder-host", "builder-vm", "builder-command", "status",
 * "timestamp", "format", "log": the key file's name too. Static. */
const char *signer_role_name(SignerRole role);
/** Errors: INVALID. */
bool signer_role_from_name(const char *name, SignerRole *role_out, GError **error) MUST_CHECK;
/** The end of a builder key's id, after "<origin>/builder/": "sandbox/isolated", "host/none",
 * "vm/isolated", "command/none"; NULL for the other roles. Static. */
const char *signer_role_builder_class(SignerRole role);
