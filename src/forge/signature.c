/* SPDX-License-Identifier: Apache-2.0
 * signature: HMAC over raw bytes, compared in constant time. */
#include "forge/signature.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include "base/digest.h"
#include "base/encoding.h"
#include "base/banned.h"

#define PREFIX "sha256="

static bool
mac(Span secret, Span body, uint8_t out[DIGEST_SIZE])
{
    unsigned len = 0;

    return HMAC(EVP_sha256(), secret.data, (int)secret.len, body.data, body.len, out, &len) !=
               NULL &&
           len == DIGEST_SIZE;
}

char *
forge_signature_make(Span secret, Span body)
{
    uint8_t bytes[DIGEST_SIZE] = { 0 };

    if (!mac(secret, body, bytes))
        return NULL;
    g_autofree char *hex = hex_encode(span_of(bytes, sizeof bytes));
    return g_strconcat(PREFIX, hex, NULL);
}

/* The signature's hex digits, or NULL. Gitea sends them bare, and with the prefix for GitHub's sake. */
static const char *
given_hex(const ForgeDelivery *delivery)
{
    static const char *const names[FORGE_N_TYPES][4] = {
        [FORGE_GIT] = { "X-Slipway-Signature-256", NULL },
        [FORGE_GITHUB] = { "X-Hub-Signature-256", NULL },
        [FORGE_GITEA] = { "X-Forgejo-Signature", "X-Gitea-Signature", "X-Hub-Signature-256", NULL },
    };

    for (size_t i = 0; names[delivery->type][i] != NULL; i++) {
        const char *value = delivery->header(delivery->data, names[delivery->type][i]);

        if (value == NULL)
            continue;
        if (g_str_has_prefix(value, PREFIX))
            return value + strlen(PREFIX);
        return delivery->type == FORGE_GITEA ? value : NULL;
    }
    return NULL;
}

static bool
mac_fits(Span secret, Span body, Span given)
{
    uint8_t wanted[DIGEST_SIZE] = { 0 };

    return mac(secret, body, wanted) && given.len == sizeof wanted &&
           CRYPTO_memcmp(given.data, wanted, sizeof wanted) == 0;
}

/* By digest, so that not even the token's length shows. */
static bool
token_fits(Span secret, const char *given)
{
    Digest wanted = digest_of(secret);
    Digest got = digest_of(span_of_text(given));

    return CRYPTO_memcmp(&wanted, &got, sizeof wanted) == 0;
}

bool
forge_signature_holds(const ForgeDelivery *delivery, const Span *secrets, size_t n_secrets)
{
    const char *token = NULL;
    g_autoptr(GBytes) given = NULL;
    bool holds = false;

    if (delivery->type == FORGE_GITLAB) {
        token = delivery->header(delivery->data, "X-Gitlab-Token");
    } else {
        const char *hex = given_hex(delivery);

        given = hex != NULL ? hex_decode(hex, NULL) : NULL;
    }
    for (size_t i = 0; i < n_secrets && i < FORGE_SECRETS_MAX; i++) {
        if (secrets[i].len == 0)
            continue;
        if (token != NULL)
            holds |= token_fits(secrets[i], token);
        else if (given != NULL)
            holds |= mac_fits(secrets[i], delivery->body, span_of_bytes(given));
    }
    return holds;
}
