/* SPDX-License-Identifier: Apache-2.0
 * pkcs11: our end of slipway-pkcs11: a question as JSON on its stdin, an answer as JSON on its
 * stdout. The PIN is read once and kept. */
#include "keys/pkcs11.h"
#include "base/encoding.h"
#include "base/json.h"
#include "keys/ssh_wire.h"
#include "sys/paths.h"
#include "sys/process.h"
#include "base/banned.h"

#define MAX_ANSWER  (64u << 10)
#define TIMEOUT_MS  (5 * 60 * 1000) /* a person may have to touch a token */
#define MAX_MESSAGE (1u << 20)

typedef struct {
    Signer base;
    char *uri;   /* owned */
    Secret *pin; /* owned; or NULL */
} Pkcs11Signer;

static int
code_of(const char *kind)
{
    static const struct {
        const char *name;
        int code;
    } rows[] = {
        { "not-found", BASE_ERROR_NOT_FOUND },
        { "denied", BASE_ERROR_DENIED },
        { "invalid", BASE_ERROR_INVALID },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (g_strcmp0(kind, rows[i].name) == 0)
            return rows[i].code;
    }
    return BASE_ERROR_UNAVAILABLE;
}

/* The bytes of the one member of the helper's answer. @message: NULL: which key it is. */
static GBytes *
ask(const Pkcs11Signer *self, const Span *message, GError **error)
{
    g_autofree char *program = paths_find_helper("slipway-pkcs11", error);
    g_autoptr(json_t) question = json_object();
    g_auto(ProcessResult) result = { 0 };

    if (program == NULL)
        return NULL;
    json_object_set_new(question, "uri", json_string(self->uri));
    if (self->pin != NULL) {
        Span pin = secret_get(self->pin);
        json_object_set_new(question, "pin", json_stringn((const char *)pin.data, pin.len));
    }
    if (message != NULL) {
        g_autofree char *encoded = base64_encode(*message);
        json_object_set_new(question, "message", json_string(encoded));
    }
    const char *configuration = g_getenv("SOFTHSM2_CONF");
    g_autofree char *conf =
        configuration != NULL ? g_strdup_printf("SOFTHSM2_CONF=%s", configuration) : NULL;
    const char *home = g_getenv("HOME");
    g_autofree char *home_env = g_strdup_printf("HOME=%s", home != NULL ? home : "/");
    const char *const argv[] = { program, NULL };
    const char *const env[] = { "LC_ALL=C.UTF-8", home_env, conf, NULL };
    const ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = argv, .env = env };
    char *text = json_dumps(question, JSON_COMPACT);
    bool ran = process_run(&spec, span_of_text(text), MAX_ANSWER, TIMEOUT_MS, NULL, &result, error);
    secret_wipe(text, strlen(text));
    free(text);
    if (!ran)
        return NULL;
    g_autoptr(json_t) answer = json_parse(span_of_bytes(result.output), MAX_ANSWER, NULL);
    const char *why = json_string_value(json_object_get(answer, "error"));
    const char *value = json_string_value(json_object_get(answer, "value"));
    if (value == NULL) {
        g_autofree char *how = process_exit_text(&result.exit);
        error_set(error, BASE_ERROR, code_of(json_string_value(json_object_get(answer, "kind"))),
                  "cannot use the key of '%s': %s", self->uri, why != NULL ? why : how);
        return NULL;
    }
    return base64_decode(value, error);
}

static bool
pkcs11_sign(Signer *signer, Span message, GBytes **signature_out, GError **error)
{
    if (message.len > MAX_MESSAGE) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "cannot sign with a token: %zu bytes, the limit is %u", message.len, MAX_MESSAGE);
        return false;
    }
    g_autoptr(GBytes) signature = ask((const Pkcs11Signer *)signer, &message, error);
    /* A module is believed only as far as its signatures hold. */
    if (signature == NULL ||
        !public_key_verify(signer_public_key(signer), message, span_of_bytes(signature), error))
        return false;
    *signature_out = g_steal_pointer(&signature);
    return true;
}

static void
pkcs11_free(Signer *signer)
{
    Pkcs11Signer *self = (Pkcs11Signer *)signer;

    g_free(self->uri);
    secret_free(self->pin);
    g_free(self);
}

static const SignerDriver pkcs11_driver = {
    .name = "pkcs11",
    .sign = pkcs11_sign,
    .free = pkcs11_free,
};

Signer *
pkcs11_open(const char *uri, const PassphraseSource *pin, GError **error)
{
    Pkcs11Signer *self = g_new0(Pkcs11Signer, 1);
    g_autoptr(Signer) signer = &self->base;

    self->base.driver = &pkcs11_driver;
    self->uri = g_strdup(uri);
    if (strstr(uri, "pin-source=") == NULL && strstr(uri, "pin-value=") == NULL) {
        self->pin = passphrase_get(pin, uri, error);
        if (self->pin == NULL)
            return NULL;
    }
    g_autoptr(GBytes) blob = ask(self, NULL, error);
    if (blob == NULL)
        return NULL;
    self->base.public_key = ssh_wire_key(span_of_bytes(blob), error);
    return self->base.public_key != NULL ? g_steal_pointer(&signer) : NULL;
}
