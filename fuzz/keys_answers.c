/* SPDX-License-Identifier: Apache-2.0
 * keys_answers: what Fulcio, Rekor and time-stamp authorities answer, and signing configurations. */
#include <stdint.h>
#include <stdlib.h>
#include "keys/keyless.h"
#include "keys/rekor_client.h"
#include "keys/signing_config.h"
#include "keys/stamp_client.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Span text = span_of(data, size);
    const RekorProposal proposal = { .signature = span_of_text("s") };
    uint8_t raw[32] = { 1 };
    g_autoptr(PublicKey) key = public_key_ed25519_from_raw(span_of(raw, sizeof raw), NULL);

    for (int64_t major = 1; major <= 2; major++)
        json_decref(rekor_client_entry(text, &proposal, major, NULL));
    g_autoptr(SigningConfig) config = signing_config_parse(text, 0, NULL);
    g_autoptr(GBytes) certificate = keyless_certificate(text, key, NULL);
    g_autoptr(GError) error = NULL;
    (void)config;
    (void)certificate;
    if (stamp_client_check(text, span_of_text("m"), 1, &error) || error == NULL)
        abort();
    return 0;
}
