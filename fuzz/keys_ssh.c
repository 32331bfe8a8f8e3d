/* SPDX-License-Identifier: Apache-2.0
 * keys_ssh: key blobs and signatures of SSH agents; a key that is read is written the same, unless it
 * is a hardware key. */
#include <stdint.h>
#include <stdlib.h>
#include "keys/ssh_wire.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(PublicKey) key = ssh_wire_key(span_of(data, size), NULL);
    g_autofree char *type = ssh_wire_blob_type(span_of(data, size));

    if (key == NULL)
        return 0;
    g_autoptr(GBytes) again = ssh_wire_blob(key, NULL);
    Span span = span_of_bytes(again);
    bool is_same = span.len == size && memcmp(span.data, data, size) == 0;
    if (!is_same && !g_str_has_prefix(type, "sk-") && public_key_kind(key) != PUBLIC_KEY_RSA)
        abort();
    g_autoptr(GBytes) raw = ssh_wire_raw_signature(key, span_of(data, size), NULL);
    (void)raw;
    return 0;
}
