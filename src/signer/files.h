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
/** The certificate of the format key that `gpg --import` takes. @user_id: one line. Returns: owned.
 * Errors: INVALID (the user id), NO_KEY, UNAVAILABLE, CORRUPT. */
char *signer_format_certificate(SignerClient *client, const char *user_id,
                                GError **error) MUST_CHECK;
