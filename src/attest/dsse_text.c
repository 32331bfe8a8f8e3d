/* SPDX-License-Identifier: Apache-2.0
 * dsse_text: canonical envelopes as fixed text with holes, written and read. The JSON reader and
 * writer of dsse.c are for all others. */
#include "attest/dsse_priv.h"
#include "attest/text_priv.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/banned.h"

#define TEXT_PAYLOAD    "{\"payload\":\""
#define TEXT_TYPE       "\",\"payloadType\":\""
#define TEXT_SIGNATURES "\",\"signatures\":["
#define TEXT_KEYID      "{\"keyid\":\""
#define TEXT_SIG        "\",\"sig\":\""
#define TEXT_SIG_END    "\"}"
#define TEXT_END        "]}"

char *
dsse_to_text(const DsseEnvelope *envelope)
{
    g_autoptr(GString) out = g_string_sized_new(512 + 2 * g_bytes_get_size(envelope->payload));

    g_string_append(out, TEXT_PAYLOAD);
    text_put_base64(out, span_of_bytes(envelope->payload));
    g_string_append(out, TEXT_TYPE);
    if (!text_put_escaped(out, span_of_text(envelope->payload_type)))
        return NULL;
    g_string_append(out, TEXT_SIGNATURES);
    for (size_t i = 0; i < envelope->signatures->len; i++) {
        const DsseSignature *signature = envelope->signatures->pdata[i];
        g_string_append(out, i > 0 ? "," TEXT_KEYID : TEXT_KEYID);
        if (*signature->keyid == '\0' || !text_put_escaped(out, span_of_text(signature->keyid)))
            return NULL;
        g_string_append(out, TEXT_SIG);
        text_put_base64(out, span_of_bytes(signature->sig));
        g_string_append(out, TEXT_SIG_END);
    }
    g_string_append(out, TEXT_END);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* A text without escapes up to the next quotation mark, as JSON would give it. Owned; or NULL. */
static char *
take_name(Span *rest)
{
    Span plain;

    if (!text_take_plain(rest, &plain) || !utf8_is_valid(plain))
        return NULL;
    for (size_t i = 0; i < plain.len; i++) {
        if (plain.data[i] < 0x20)
            return NULL;
    }
    return g_strndup((const char *)plain.data, plain.len);
}

bool
dsse_take_payload(Span *rest, DsseEnvelope *envelope)
{
    return (envelope->payload = text_take_base64(rest)) != NULL && text_take(rest, TEXT_TYPE) &&
           (envelope->payload_type = take_name(rest)) != NULL && text_take(rest, TEXT_SIGNATURES);
}

bool
dsse_take_signature(Span *rest, DsseEnvelope *envelope)
{
    DsseSignature *signature = dsse_add_empty_signature(envelope);

    return text_take(rest, TEXT_KEYID) && (signature->keyid = take_name(rest)) != NULL &&
           text_take(rest, TEXT_SIG) && (signature->sig = text_take_base64(rest)) != NULL &&
           text_take(rest, TEXT_SIG_END);
}

DsseEnvelope *
dsse_from_text(Span text)
{
    g_autoptr(DsseEnvelope) envelope = dsse_new_empty();
    Span rest = text;

    if (text.len > LIMIT_JSON_BYTES || !text_take(&rest, TEXT_PAYLOAD) ||
        !dsse_take_payload(&rest, envelope))
        return NULL;
    do {
        if (envelope->signatures->len >= DSSE_MAX_SIGNATURES ||
            !dsse_take_signature(&rest, envelope))
            return NULL;
    } while (text_take(&rest, ","));
    return text_take(&rest, TEXT_END) && rest.len == 0 ? g_steal_pointer(&envelope) : NULL;
}
