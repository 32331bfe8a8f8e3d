/* SPDX-License-Identifier: Apache-2.0
 * proof_tlog_proof: log proofs in a file. */
#include <stdint.h>
#include <stdlib.h>
#include "proof/tlog_proof.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(TlogProofFile) file = tlog_proof_parse(span_of(data, size), NULL);

    if (file != NULL) { /* what was read is written as it was, but for empty extra data */
        Span extra = file->extra != NULL ? span_of_bytes(file->extra) : span_of(NULL, 0);
        g_autofree char *text =
            tlog_proof_format(extra, file->index, (MerkleProof){ file->hashes, file->n_hashes },
                              span_of_bytes(file->checkpoint));

        if ((extra.len > 0 || file->extra == NULL) &&
            (strlen(text) != size || memcmp(text, data, size) != 0))
            abort();
    }
    return 0;
}
