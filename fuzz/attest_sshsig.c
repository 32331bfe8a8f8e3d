/* SPDX-License-Identifier: Apache-2.0
 * attest_sshsig: armor, key lines and signature blobs by OpenSSH. */
#include <stdint.h>
#include <stdlib.h>
#include "attest/sshsig.h"
#include "attest/sshsig_key.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Span input = span_of(data, size);
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GBytes) dearmored = sshsig_dearmor(input, NULL);
    g_autoptr(GBytes) key_blob = ssh_key_blob_from_line(text, NULL);
    g_autoptr(PublicKey) own = ssh_key_from_blob(input, NULL);
    g_autoptr(SshKey) key = ssh_key_parse(key_blob != NULL ? span_of_bytes(key_blob) : input, NULL);
    Span blob = dearmored != NULL ? span_of_bytes(dearmored) : input;

    if (key_blob != NULL && key == NULL) /* a line is taken only with a key that reads */
        abort();
    if (own != NULL && key == NULL && key_blob == NULL) /* nor one that only one of them reads */
        abort();
    /* The key inside the blob, if it is where it should be, so that the rest is reached. */
    if (blob.len > 14) {
        size_t len = (size_t)blob.data[12] << 8 | blob.data[13];
        if (blob.len >= 14 + len)
            (void)!sshsig_verify(blob, input, span_of(blob.data + 14, len), "x", NULL);
    }
    return 0;
}
