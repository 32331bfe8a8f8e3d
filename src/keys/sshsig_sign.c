/* SPDX-License-Identifier: Apache-2.0
 * sshsig_sign: an agent's keys sign as the agent does; all others through their own signatures,
 * wrapped. */
#include "keys/sshsig_sign.h"
#include "base/encoding.h"
#include "keys/ssh_agent.h"
#include "keys/ssh_wire.h"
#include "base/banned.h"

#define MAGIC     "SSHSIG"
#define VERSION   1
#define HASH_NAME "sha512"
#define LINE      70 /* characters, as ssh-keygen writes */

static void
put_magic(GByteArray *out)
{
    g_byte_array_append(out, (const uint8_t *)MAGIC, strlen(MAGIC));
}

static GByteArray *
signed_bytes(const char *name_space, const ContentHash *hash)
{
    GByteArray *out = g_byte_array_new();

    put_magic(out);
    ssh_wire_put_string(out, span_of_text(name_space));
    ssh_wire_put_string(out, span_of(NULL, 0)); /* reserved */
    ssh_wire_put_string(out, span_of_text(HASH_NAME));
    ssh_wire_put_string(out, span_of(hash->bytes, hash->len));
    return out;
}

/* The key's blob and its wrapped signature over @message. */
static bool
sign(Signer *signer, Span message, GBytes **key_out, GBytes **signature_out, GError **error)
{
    const PublicKey *key = signer_public_key(signer);
    g_autoptr(GBytes) raw = NULL;
    g_autoptr(GBytes) blob = NULL;

    if (ssh_agent_is(signer)) {
        if (!ssh_agent_sign(signer, message, signature_out, error))
            return false;
        Span span = ssh_agent_blob(signer);
        *key_out = g_bytes_new(span.data, span.len);
        return true;
    }
    blob = ssh_wire_blob(key, error);
    if (blob == NULL || !signer_sign(signer, message, &raw, error))
        return false;
    *signature_out = ssh_wire_signature(key, span_of_bytes(raw), error);
    if (*signature_out == NULL)
        return false;
    *key_out = g_steal_pointer(&blob);
    return true;
}

static char *
armor(Span blob)
{
    g_autofree char *base64 = base64_encode(blob);
    GString *out = g_string_new("-----BEGIN SSH SIGNATURE-----\n");

    for (const char *at = base64; *at != '\0';) {
        size_t n = MIN(strlen(at), (size_t)LINE);
        g_string_append_len(out, at, (gssize)n);
        g_string_append_c(out, '\n');
        at += n;
    }
    g_string_append(out, "-----END SSH SIGNATURE-----\n");
    return g_string_free(out, FALSE);
}

char *
sshsig_sign(Signer *signer, const char *name_space, const ContentHash *hash, GError **error)
{
    g_autoptr(GByteArray) message = signed_bytes(name_space, hash);
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GBytes) key = NULL;
    g_autoptr(GBytes) signature = NULL;

    if (!sign(signer, span_of(message->data, message->len), &key, &signature, error))
        return NULL;
    put_magic(out);
    ssh_wire_put_u32(out, VERSION);
    ssh_wire_put_string(out, span_of_bytes(key));
    ssh_wire_put_string(out, span_of_text(name_space));
    ssh_wire_put_string(out, span_of(NULL, 0));
    ssh_wire_put_string(out, span_of_text(HASH_NAME));
    ssh_wire_put_string(out, span_of_bytes(signature));
    return armor(span_of(out->data, out->len));
}
