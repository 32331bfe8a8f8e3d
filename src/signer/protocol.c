/* SPDX-License-Identifier: Apache-2.0
 * protocol: requests and answers between client end and signer process. */
#include "signer/protocol_priv.h"
#include <string.h>
#include "base/encoding.h"
#include "base/banned.h"

static const struct {
    SignerError code;
    const char *name;
} codes[] = {
    { SIGNER_ERROR_DENIED, "denied" },   { SIGNER_ERROR_INVALID, "invalid" },
    { SIGNER_ERROR_NO_KEY, "no-key" },   { SIGNER_ERROR_EXISTS, "exists" },
    { SIGNER_ERROR_CORRUPT, "corrupt" }, { SIGNER_ERROR_IO, "io" },
};

GQuark
signer_error_quark(void)
{
    return g_quark_from_static_string("signer-error");
}

json_t *
protocol_error(const GError *error)
{
    const char *name = "io";

    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (g_error_matches(error, SIGNER_ERROR, (int)codes[i].code))
            name = codes[i].name;
    }
    if (error->domain != SIGNER_ERROR && error_kind(error) == ERROR_KIND_INVALID)
        name = "invalid";
    g_autofree char *message = error_printable(error->message);
    return json_pack("{s:{s:s,s:s}}", "error", "code", name, "message", message);
}

json_t *
protocol_ok(json_t *result)
{
    return json_pack("{s:o}", "ok", result);
}

json_t *
protocol_result(const json_t *answer, GError **error)
{
    json_t *result = json_object_get(answer, "ok");
    const json_t *refusal = json_object_get(answer, "error");
    const char *name = json_string_value(json_object_get(refusal, "code"));
    const char *message = json_string_value(json_object_get(refusal, "message"));
    SignerError code = SIGNER_ERROR_UNAVAILABLE;

    if (json_is_object(result))
        return result;
    for (size_t i = 0; name != NULL && i < G_N_ELEMENTS(codes); i++) {
        if (strcmp(codes[i].name, name) == 0)
            code = codes[i].code;
    }
    error_set(error, SIGNER_ERROR, (int)code, "%s",
              message != NULL ? message : "the signer's answer makes no sense");
    return NULL;
}

json_t *
protocol_bytes(Span span)
{
    g_autofree char *text = base64_encode(span);

    return json_string(text);
}

GBytes *
protocol_need_bytes(const json_t *object, const char *key, GError **error)
{
    g_autoptr(GError) local = NULL;
    const char *text = json_need_string(object, key, "signer message", &local);
    GBytes *bytes = text == NULL ? NULL : base64_decode(text, &local);

    if (bytes == NULL)
        error_set(error, SIGNER_ERROR, SIGNER_ERROR_INVALID, "%s", local->message);
    return bytes;
}
