/* SPDX-License-Identifier: Apache-2.0
 * proof_cosignature: a witness's verifier key on the first line, a signed note below. What is read is
 * written as it was, and no cosignature is believed: the input has none that anybody made. */
#include <stdint.h>
#include <stdlib.h>
#include "proof/cosignature.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t len = end != NULL ? (size_t)(end - data) : size;
    g_autofree char *vkey = g_strndup((const char *)data, len);
    g_autoptr(Cosigner) cosigner = cosigner_parse(vkey, NULL);
    g_autoptr(Note) note = end != NULL ? note_parse(span_of(end + 1, size - len - 1), NULL) : NULL;
    int64_t time_s = -1;

    if (cosigner == NULL)
        return 0;
    g_autofree char *again = cosigner_vkey(cosigner);
    if (strcmp(again, vkey) != 0)
        abort();
    if (note != NULL && cosignature_verify(note, cosigner, &time_s, NULL) && time_s < 0)
        abort();
    return 0;
}
