/* SPDX-License-Identifier: Apache-2.0
 * replace: each step is durable before the next, and each can be done again. */
#include "signer/replace_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/os.h"
#include "keys/key_file.h"
#include "signer/protocol_priv.h"
#include "base/banned.h"

static char *
next_name(SignerRole role)
{
    return g_strdup_printf("%s.next.pem", signer_role_name(role));
}

static SignerPublicKey *
public_half(SignerRole role, Span spki)
{
    SignerPublicKey *key = g_new0(SignerPublicKey, 1);

    key->role = role;
    key->spki = g_bytes_new(spki.data, spki.len);
    key->keyid = digest_of(spki);
    return key;
}

static SignerPublicKey *
parse_next(Span text, GError **error)
{
    g_autoptr(json_t) root = json_parse(text, LIMIT_KEY_FILE_BYTES, error);
    const char *name =
        root != NULL ? json_need_string(root, "role", SIGNER_NEXT_NAME, error) : NULL;
    g_autoptr(GBytes) spki = name != NULL ? protocol_need_bytes(root, "spki", error) : NULL;
    SignerRole role = SIGNER_ROLE_NONE;

    if (spki == NULL || !signer_role_from_name(name, &role, error))
        return NULL;
    return public_half(role, span_of_bytes(spki));
}

bool
replace_find(int dirfd, SignerPublicKey **key_out, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) text = file_read(dirfd, SIGNER_NEXT_NAME, LIMIT_KEY_FILE_BYTES, &local);

    *key_out = NULL;
    if (text == NULL && error_kind(local) == ERROR_KIND_NOT_FOUND)
        return true;
    if (text == NULL) {
        error_set(error, SIGNER_ERROR, SIGNER_ERROR_IO, "cannot read '" SIGNER_NEXT_NAME "': %s",
                  local->message);
        return false;
    }
    *key_out = parse_next(span_of_bytes(text), &local);
    if (*key_out == NULL)
        error_set(error, SIGNER_ERROR, SIGNER_ERROR_CORRUPT,
                  "the file '" SIGNER_NEXT_NAME "' is damaged: %s", local->message);
    return *key_out != NULL;
}

/* ---- preparing
 * ----------------------------------------------------------------------------------- */

static Signer *
wrong_kind(const char *file, GError **error)
{
    error_set(error, SIGNER_ERROR, SIGNER_ERROR_INVALID,
              "the key in '%s' is not an Ed25519 key, which this role needs", file);
    return NULL;
}

/* A copy of somebody's key file, if it is what the role needs. */
static Signer *
copy_key(int dirfd, const char *name, const char *from, GError **error)
{
    g_autoptr(Signer) given = key_file_load(AT_FDCWD, from, error);
    g_autoptr(GBytes) text = NULL;

    if (given == NULL)
        return NULL;
    if (public_key_kind(signer_public_key(given)) != PUBLIC_KEY_ED25519)
        return wrong_kind(from, error);
    text = file_read(AT_FDCWD, from, LIMIT_KEY_FILE_BYTES, error);
    if (text == NULL || !file_write_new(dirfd, name, span_of_bytes(text), 0600, error))
        return NULL;
    return g_steal_pointer(&given);
}

static bool
write_next(int dirfd, SignerRole role, const Signer *signer, GError **error)
{
    g_autoptr(json_t) json = json_pack("{s:s,s:o}", "role", signer_role_name(role), "spki",
                                       protocol_bytes(public_key_spki(signer_public_key(signer))));
    g_autofree char *text = json_pretty(json);

    return file_write_atomic(dirfd, SIGNER_NEXT_NAME, span_of_text(text), 0644, error);
}

/* The key that a former call left, if it is the one that is wanted now. */
static Signer *
take_prepared(int dirfd, const char *name, const char *from, GError **error)
{
    g_autoptr(Signer) there = key_file_load(dirfd, name, error);
    g_autoptr(Signer) wanted =
        there != NULL && from != NULL ? key_file_load(AT_FDCWD, from, error) : NULL;

    if (there == NULL || (from != NULL && wanted == NULL))
        return NULL;
    if (wanted == NULL || public_key_equal(signer_public_key(there), signer_public_key(wanted)))
        return g_steal_pointer(&there);
    error_set(error, SIGNER_ERROR, SIGNER_ERROR_EXISTS,
              "another key is prepared already: have a root name it first");
    return NULL;
}

bool
replace_prepare(int dirfd, SignerRole role, const char *from, GError **error)
{
    g_autofree char *name = next_name(role);
    g_autoptr(Signer) signer = NULL;

    if (role != SIGNER_ROLE_FORMAT) {
        error_set(error, SIGNER_ERROR, SIGNER_ERROR_INVALID,
                  "only the key of the role 'format' can be replaced, not that of '%s'",
                  signer_role_name(role));
        return false;
    }
    if (faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        signer = take_prepared(dirfd, name, from, error);
    else if (from != NULL)
        signer = copy_key(dirfd, name, from, error);
    else
        signer = key_file_generate(dirfd, name, PUBLIC_KEY_ED25519, error);
    return signer != NULL && write_next(dirfd, role, signer, error);
}

/* ---- adopting
 * ------------------------------------------------------------------------------------ */

static bool
io_error(const char *what, GError **error)
{
    error_set_errno(error, SIGNER_ERROR, SIGNER_ERROR_IO, "cannot %s", what);
    return false;
}

bool
replace_adopt(int dirfd, GError **error)
{
    g_autoptr(SignerPublicKey) next = NULL;
    g_autoptr(KeyIndex) index = NULL;
    g_autofree char *from = NULL;
    g_autofree char *to = NULL;

    if (!replace_find(dirfd, &next, error))
        return false;
    if (next == NULL)
        return true;
    index = key_index_load(dirfd, error);
    if (index == NULL || !key_index_put(dirfd, index, next, error))
        return false;
    from = next_name(next->role);
    to = g_strdup_printf("%s.pem", signer_role_name(next->role));
    if (os_rename(dirfd, from, dirfd, to) != 0 && errno != ENOENT)
        return io_error("rename the new key", error);
    if (os_fsync(dirfd) != 0 || os_unlink(dirfd, SIGNER_NEXT_NAME, 0) != 0 || os_fsync(dirfd) != 0)
        return io_error("finish with the new key", error);
    return true;
}
