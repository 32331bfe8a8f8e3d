/* SPDX-License-Identifier: Apache-2.0
 * attest_sigstore_body: log entries of every kind; an entry is read as one kind only. */
#include <stdint.h>
#include <stdlib.h>
#include "attest/sigstore_body.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned n = 0;

    for (SigstoreEntryKind kind = SIGSTORE_ENTRY_NONE; kind <= SIGSTORE_ENTRY_INTOTO_V2; kind++) {
        g_autoptr(SigstoreBody) body = sigstore_body_parse(span_of(data, size), kind, NULL);

        if (body == NULL)
            continue;
        n++;
        if (body->signature == NULL || body->digest == NULL ||
            g_bytes_get_size(body->digest) != x509_hash_size(body->hash) ||
            (body->certificate == NULL) == (body->spki == NULL))
            abort();
    }
    if (n > 1)
        abort();
    return 0;
}
