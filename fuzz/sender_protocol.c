/* SPDX-License-Identifier: Apache-2.0
 * sender_protocol: requests and answers between engine and sender, from any bytes; what reads as a
 * request is written back to the same request. */
#include <stdint.h>
#include <stdlib.h>
#include "sender/protocol_priv.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(SenderParsed) parsed = sender_request_parse(span_of(data, size), NULL);
    g_auto(SenderAnswer) answer = { 0 };

    if (parsed != NULL) {
        g_autoptr(json_t) json = sender_request_to_json(parsed->number, &parsed->request);
        size_t len = 0;
        g_autofree char *text = json_canonical(json, &len, NULL);
        g_autoptr(SenderParsed) again =
            text != NULL ? sender_request_parse(span_of(text, len), NULL) : NULL;

        if (again == NULL || again->number != parsed->number ||
            again->request.auth != parsed->request.auth)
            abort();
    }
    if (sender_answer_parse(span_of(data, size), &answer, NULL) && answer.message == NULL)
        abort();
    return 0;
}
