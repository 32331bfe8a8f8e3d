/* SPDX-License-Identifier: Apache-2.0
 * forge_payload: the first byte chooses forge and event, the rest is the body. What reads has a
 * valid ref and commit where its kind needs them, and survives its JSON. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "forge/payload.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const kinds[] = { "push", "pull_request", "delete", "ping", "create" };

static const char *
header(const void *data, const char *name)
{
    const uint8_t *choice = data;

    if (strcmp(name, "Content-Type") == 0)
        return (*choice & 0x80) != 0 ? "application/x-www-form-urlencoded" : "application/json";
    return g_str_has_suffix(name, "-Event") ? kinds[(*choice >> 2) % G_N_ELEMENTS(kinds)] : NULL;
}

static void
check(const ForgeEvent *event)
{
    g_autoptr(json_t) json = forge_event_to_json(event);
    g_auto(ForgeEvent) again = { 0 };

    if (!forge_event_from_json(json, &again, NULL) || again.kind != event->kind)
        abort();
    if (event->kind == FORGE_EVENT_PUSH || event->kind == FORGE_EVENT_TAG ||
        event->kind == FORGE_EVENT_PROPOSAL) {
        if (!forge_ref_is_valid(event->ref) || !forge_commit_is_full(event->commit) ||
            forge_commit_is_zero(event->commit))
            abort();
    }
    if (event->kind == FORGE_EVENT_DELETE && !forge_ref_is_valid(event->ref))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const ForgeType types[] = { FORGE_GIT, FORGE_GITHUB, FORGE_GITEA, FORGE_GITLAB };
    g_auto(ForgeEvent) event = { 0 };
    ForgeDelivery delivery = { 0 };

    if (size == 0)
        return 0;
    delivery = (ForgeDelivery){ .type = types[data[0] & 3],
                                .header = header,
                                .data = data,
                                .body = span_of(data + 1, size - 1) };
    if (forge_payload_read(&delivery, &event, NULL))
        check(&event);
    return 0;
}
