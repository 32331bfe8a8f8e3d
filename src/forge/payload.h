/* SPDX-License-Identifier: Apache-2.0
 * payload: deliveries of GitHub, Gitea, Forgejo, GitLab and of a plain git hook, read into an event.
 * To be called only once the signature holds. Pure. */
#pragma once
#include <stdbool.h>
#include "base/attributes.h"
#include "forge/event.h"
#include "forge/signature.h"

/** The name the forge gave this delivery: X-GitHub-Delivery, X-Gitea-Delivery, X-Gitlab-Event-UUID,
 * X-Slipway-Delivery; NULL when it gave none or one over 128 bytes or not printable. Borrowed. */
const char *forge_delivery_id(const ForgeDelivery *delivery);
/** Reads the delivery. Kinds of events we do nothing with become IGNORED with a reason, whatever
 * their body says. @event: filled; clear it in any case. Errors: INVALID, LIMIT. */
bool forge_payload_read(const ForgeDelivery *delivery, ForgeEvent *event,
                        GError **error) MUST_CHECK;
