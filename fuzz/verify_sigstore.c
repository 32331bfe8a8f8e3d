/* SPDX-License-Identifier: Apache-2.0
 * verify_sigstore: a trusted root, an empty line, a bundle: judged by digest. Whatever is offered, the
 * verifier ends with a report; none but the right artifact is ever accepted. */
#include <stdint.h>
#include <stdlib.h>
#include "verify/sigstore.h"
#include "base/banned.h"

#define NOW_US INT64_C(1800000000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char mark[] = "\n\n";
    const uint8_t *split = size > 2 ? memmem(data, size, mark, 2) : NULL;
    const SigstoreArtifact nothing = { .fd = -1 }; /* a digest of no artifact */
    const SigstorePolicy policy = { SIGSTORE_POLICY_INIT, .identity_pattern = ".*",
                                    .issuer_pattern = ".*" };

    if (split == NULL)
        return 0;
    g_autoptr(SigstoreTrust) trust =
        sigstore_trust_parse(span_of(data, (size_t)(split - data)), NULL);
    if (trust == NULL)
        return 0;
    Span bundle = span_of(split + 2, size - (size_t)(split + 2 - data));
    g_autoptr(VerifyReport) report =
        sigstore_verify_bytes(bundle, &nothing, trust, &policy, NOW_US);
    g_autoptr(json_t) json = verify_report_json(report);

    if (verify_report_result(report) == VERIFY_OK || json == NULL)
        abort();
    return 0;
}
