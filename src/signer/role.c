/* SPDX-License-Identifier: Apache-2.0
 * role: the table of keys the signer processes hold. */
#include "signer/role.h"
#include <string.h>
#include "base/banned.h"

typedef struct {
    const char *name;
    const char *builder_class; /* NULL unless a builder */
} RoleRow;

static const RoleRow rows[SIGNER_N_ROLES] = {
    [SIGNER_ROLE_NONE] = { "none", NULL },
    [SIGNER_ROLE_ENGINE] = { "engine", NULL },
    [SIGNER_ROLE_BUILDER_SANDBOX] = { "builder-sandbox", "sandbox/isolated" },
    [SIGNER_ROLE_BUILDER_HOST] = { "builder-host", "host/none" },
    [SIGNER_ROLE_BUILDER_VM] = { "builder-vm", "vm/isolated" },
    [SIGNER_ROLE_BUILDER_COMMAND] = { "builder-command", "command/none" },
    [SIGNER_ROLE_STATUS] = { "status", NULL },
    [SIGNER_ROLE_TIMESTAMP] = { "timestamp", NULL },
    [SIGNER_ROLE_FORMAT] = { "format", NULL },
    [SIGNER_ROLE_LOG] = { "log", NULL },
};

const char *
signer_role_name(SignerRole role)
{
    return rows[role].name;
}

const char *
signer_role_builder_class(SignerRole role)
{
    return rows[role].builder_class;
}

bool
signer_role_from_name(const char *name, SignerRole *role_out, GError **error)
{
    for (SignerRole role = SIGNER_ROLE_ENGINE; role < SIGNER_N_ROLES; role++) {
        if (strcmp(rows[role].name, name) == 0) {
            *role_out = role;
            return true;
        }
    }
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "'%s' is not a signer role", name);
    return false;
}
