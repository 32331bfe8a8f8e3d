/* SPDX-License-Identifier: Apache-2.0
 * files: signatures beside the files of releases, for people without our verifier: by the format
 * key, in a process of its own, because large files take their time. */
#pragma once
#include "signer/client.h"

typedef enum {
    SIGNER_FILE_NONE,
    SIGNER_FILE_OPENPGP,  /* detached, armored: FILE.asc */
    SIGNER_FILE_CHECKSUM, /* the content, a list for sha256sum -c, clear-signed: CHECKSUM.asc */
    SIGNER_FILE_SSHSIG,   /* namespace "file": FILE.sig */
    SIGNER_FILE_MINISIGN, /* FILE.minisig */
    SIGNER_FILE_N_FORMATS
} SignerFileFormat;

/** "openpgp"; static. */
const char *signer_file_format_name(SignerFileFormat format);
/** NONE if @name is none. */
SignerFileFormat signer_file_format_from_name(const char *name);

/**
 * Signs a file by the format key. The same arguments and content give the same bytes.
 * @content: borrowed; read from its beginning to its end by the signer.
 * @name: of the file, as those who verify see it. @made_at_s: seconds since 1970.
 * Returns: owned, the text of the signature file. Errors: DENIED (CHECKSUM: the content is no such
 * list), INVALID, NO_KEY (this folder was made before there was such a key), UNAVAILABLE, CORRUPT.
 */
char *signer_sign_file(SignerClient *client, SignerFileFormat format, int content, const char *name,
                       int64_t made_at_s, GError **error) MUST_CHECK;
/** Prepares a format key to take the place of the one in use: @from, the absolute path of an Ed25519 key
 * file, or NULL for a new one. Asked again it goes on with the one that is prepared. Errors: INVALID,
 * EXISTS, UNAVAILABLE, IO. */
bool signer_prepare_format_key(SignerClient *client, const char *from, GError **error) MUST_CHECK;
/** The prepared key; *@key_out is NULL when there is none. Owned. No process is needed. Errors: NO_KEY
 * (no folder), CORRUPT, IO. */
bool signer_find_next_key(SignerClient *client, SignerPublicKey **key_out,
                          GError **error) MUST_CHECK;
/** Puts the prepared key in use; the old private key is gone. For the caller to do once a root names
 * the new key. Errors: CORRUPT, UNAVAILABLE, IO. */
bool signer_adopt_next_key(SignerClient *client, GError **error) MUST_CHECK;
/** The certificate of the format key that `gpg --import` takes. @user_id: one line. Returns: owned.
 * Errors: INVALID (the user id), NO_KEY, UNAVAILABLE, CORRUPT. */
char *signer_format_certificate(SignerClient *client, const char *user_id,
                                GError **error) MUST_CHECK;
