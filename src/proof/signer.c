/* SPDX-License-Identifier: Apache-2.0
 * signer: the calls in front of a signer's driver. */
#include "proof/signer.h"
#include <assert.h>
#include "base/banned.h"

bool
signer_sign(Signer *signer, Span message, GBytes **signature_out, GError **error)
{
    assert(signer != NULL && signature_out != NULL);
    return signer->driver->sign(signer, message, signature_out, error);
}

const PublicKey *
signer_public_key(const Signer *signer)
{
    return signer->public_key;
}

void
signer_free(Signer *signer)
{
    if (signer == NULL)
        return;
    public_key_unref(signer->public_key);
    signer->driver->free(signer);
}
