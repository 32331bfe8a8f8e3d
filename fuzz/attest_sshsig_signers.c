/* SPDX-License-Identifier: Apache-2.0
 * attest_sshsig_signers: allowed-signers files, asked about a key and a certificate-sized blob. */
#include <stdint.h>
#include <stdlib.h>
#include "attest/sshsig_signers.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Span input = span_of(data, size);
    g_autoptr(SshSigners) signers = ssh_signers_parse(input, NULL);
    g_autoptr(SshKey) key = ssh_key_parse(input, NULL);
    SshSignersQuestion question = { input, input, "a@example.test", 0 };
    const char *who = NULL;
    (void)key;

    if (signers == NULL)
        return 0;
    if (ssh_signers_allow(signers, &question, &who, NULL) && who == NULL)
        abort();
    return 0;
}
