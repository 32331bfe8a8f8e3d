/* SPDX-License-Identifier: Apache-2.0
 * attest_bundle: bundles of any make, and those we write again. */
#include <stdint.h>
#include <stdlib.h>
#include "attest/bundle.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Bundle) bundle = bundle_parse(span_of(data, size), NULL);

    if (bundle == NULL)
        return 0;
    g_autoptr(GBytes) pae = bundle_pae(bundle);
    BundleParts parts = {
        .pae = span_of_bytes(pae),
        .leaf = span_of_bytes(bundle->leaf),
        .index = bundle->index,
        .head = bundle->head,
        .proof = { .hashes = bundle->hashes, .n_hashes = bundle->n_hashes },
        .checkpoint = span_of_bytes(bundle->checkpoint),
        .log_id = bundle->log_id,
    };
    g_autofree char *text = bundle_build(&parts, NULL);
    if (text == NULL) /* the leaf is not one of ours */
        return 0;
    g_autoptr(Bundle) again = bundle_parse(span_of_text(text), NULL);
    if (again == NULL || !g_bytes_equal(again->leaf, bundle->leaf) ||
        again->head.size != bundle->head.size)
        abort();
    return 0;
}
