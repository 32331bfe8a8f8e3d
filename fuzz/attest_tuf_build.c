/* SPDX-License-Identifier: Apache-2.0
 * attest_tuf_build: whatever an online key is asked to sign, what it signs is exactly the canonical
 * text of one timestamp or snapshot. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "attest/tuf_build.h"
#include "base/json.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Span payload = span_of(data, size);
    g_autoptr(json_t) parsed = NULL;
    g_autoptr(GBytes) canonical = NULL;
    const char *type = NULL;

    if (!tuf_build_check_online(payload, NULL))
        return 0;
    parsed = json_parse(payload, TUF_MAX_SNAPSHOT_BYTES, NULL);
    canonical = parsed != NULL ? tuf_canonical(parsed, NULL) : NULL;
    if (canonical == NULL || g_bytes_get_size(canonical) != size ||
        memcmp(g_bytes_get_data(canonical, NULL), data, size) != 0)
        abort(); /* other bytes than the canonical ones of what they say */
    type = json_string_value(json_object_get(parsed, "_type"));
    if (g_strcmp0(type, "timestamp") != 0 && g_strcmp0(type, "snapshot") != 0)
        abort();
    return 0;
}
