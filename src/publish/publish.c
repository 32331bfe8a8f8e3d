/* SPDX-License-Identifier: Apache-2.0
 * publish: the facade over the target drivers. */
#include "publish/publish_priv.h"
#include <string.h>
#include "base/banned.h"

static const TargetDriver *const drivers[] = { &target_directory };

Target *
target_open(const TargetConfig *config, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
        if (strcmp(drivers[i]->type, config->type) == 0)
            return drivers[i]->open(config, error);
    }
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
              "cannot open target '%s': unknown type '%s' (this build knows: directory)",
              config->name, config->type);
    return NULL;
}

void
target_free(Target *target)
{
    if (target != NULL)
        target->driver->free(target);
}

bool
target_check(Target *target, GError **error)
{
    return target->driver->check(target, error);
}

bool
target_probe(Target *target, const PublishPlan *plan, PublishPresence *out, GError **error)
{
    return target->driver->probe(target, plan, out, error);
}

bool
target_stage(Target *target, const PublishPlan *plan, char **location_out, GError **error)
{
    return target->driver->stage(target, plan, location_out, error);
}

bool
target_send(Target *target, const PublishPlan *plan, GError **error)
{
    return target->driver->send(target, plan, error);
}

bool
target_confirm(Target *target, const PublishPlan *plan, char **location_out, GError **error)
{
    return target->driver->confirm(target, plan, location_out, error);
}

bool
target_withdraw(Target *target, const PublishPlan *plan, bool visible, GError **error)
{
    return target->driver->withdraw(target, plan, visible, error);
}

bool
target_put_checkpoint(Target *target, const char *origin, Span note, GError **error)
{
    return target->driver->put_checkpoint(target, origin, note, error);
}

bool
target_load_checkpoint(Target *target, const char *origin, GBytes **note_out, GError **error)
{
    return target->driver->load_checkpoint(target, origin, note_out, error);
}
