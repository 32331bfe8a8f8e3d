/* SPDX-License-Identifier: Apache-2.0
 * pkcs11_main: the program slipway-pkcs11: one question about one key read from stdin, its answer to
 * stdout (see keys/pkcs11.c). Modules of vendors run here and nowhere else. */
#include <stdio.h>
#include "base/encoding.h"
#include "base/files.h"
#include "base/json.h"
#include "pkcs11/token.h"
#include "base/banned.h"

#define MAX_QUESTION (2u << 20)

static int
answer(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);

    puts(text);
    free(text);
    json_decref(object);
    return 0;
}

static int
answer_error(const GError *error)
{
    g_autofree char *message = error_printable(error->message);

    return answer(
        json_pack("{s:s, s:s}", "kind", error_kind_name(error_kind(error)), "error", message));
}

int
main(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) text = fd_read_all(STDIN_FILENO, MAX_QUESTION, &error);
    g_autoptr(json_t) question =
        text != NULL ? json_parse(span_of_bytes(text), MAX_QUESTION, &error) : NULL;
    const char *uri =
        question != NULL ? json_need_string(question, "uri", "question", &error) : NULL;
    const char *encoded = json_string_value(json_object_get(question, "message"));
    g_autoptr(GBytes) message = encoded != NULL ? base64_decode(encoded, &error) : NULL;
    g_autoptr(GBytes) value = NULL;

    if (error == NULL) {
        g_autoptr(Token) token =
            token_open(uri, json_string_value(json_object_get(question, "pin")), &error);
        if (token != NULL)
            value = message != NULL ? token_sign(token, span_of_bytes(message), &error)
                                    : token_public(token, &error);
    }
    if (value == NULL)
        return answer_error(error);
    g_autofree char *base64 = base64_encode(span_of_bytes(value));
    return answer(json_pack("{s:s}", "value", base64));
}
