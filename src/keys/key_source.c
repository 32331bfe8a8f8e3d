/* SPDX-License-Identifier: Apache-2.0
 * key_source: which driver a key's name belongs to. */
#include "keys/key_source.h"
#include <fcntl.h>
#include "keys/gpg.h"
#include "keys/key_file.h"
#include "keys/pkcs11.h"
#include "keys/ssh_agent.h"
#include "base/banned.h"

KeySourceKind
key_source_kind(const char *key)
{
    if (g_str_has_prefix(key, SSH_AGENT_PREFIX))
        return KEY_SOURCE_SSH_AGENT;
    if (g_str_has_prefix(key, PKCS11_PREFIX))
        return KEY_SOURCE_PKCS11;
    return g_str_has_prefix(key, GPG_PREFIX) ? KEY_SOURCE_GPG : KEY_SOURCE_FILE;
}

Signer *
key_source_open(const char *key, const PassphraseSource *passphrase, GError **error)
{
    switch (key_source_kind(key)) {
    case KEY_SOURCE_SSH_AGENT:
        return ssh_agent_open(key + strlen(SSH_AGENT_PREFIX), error);
    case KEY_SOURCE_PKCS11:
        return pkcs11_open(key, passphrase, error);
    case KEY_SOURCE_GPG:
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "gpg makes OpenPGP signatures only: '%s' cannot be used here", key);
        return NULL;
    default:
        return key_file_load_with(AT_FDCWD, key, passphrase, error);
    }
}
