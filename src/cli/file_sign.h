/* SPDX-License-Identifier: Apache-2.0
 * file_sign: signatures beside files, in the formats other people's tools verify. Runs only in
 * processes that are not the engine. */
#pragma once
#include "base/digest.h"
#include "keys/passphrase.h"
#include "proof/signer.h"

typedef enum {
    FILE_SIGN_NONE,
    FILE_SIGN_OPENPGP,  /* FILE.asc, detached */
    FILE_SIGN_SSHSIG,   /* FILE.sig */
    FILE_SIGN_MINISIGN, /* FILE.minisig */
    FILE_SIGN_INTOTO,   /* FILE.intoto.jsonl: a DSSE envelope around a statement about it */
    FILE_SIGN_CHECKSUM, /* CHECKSUM.asc: digests of all files, clear-signed */
    FILE_SIGN_N_FORMATS
} FileSignFormat;

/** "openpgp"; NONE if @name is none. */
FileSignFormat file_sign_format(const char *name);
/** What is put behind a file's name: ".asc". Static. */
const char *file_sign_suffix(FileSignFormat format);

typedef struct FileSign {           /* all borrowed */
    const char *key;                /* as key_source.h */
    Signer *signer;                 /* of @key; NULL with a key of gpg */
    const PassphraseSource *source; /* for gpg */
    const char *name_space;         /* of SSH signatures */
    const char *predicate_type;     /* of in-toto; NULL: the file is a statement itself */
    const char *predicate_file;
    int64_t made_at_us;
} FileSign;

/** The signature of file @path in any @format but CHECKSUM. Returns: owned. Errors: NOT_FOUND, IO,
 * INVALID, UNAVAILABLE (this kind of key makes none in @format), the signer's. */
char *file_sign(const FileSign *job, FileSignFormat format, const char *path,
                GError **error) MUST_CHECK;
/** A clear-signed list "DIGEST  ./NAME" of @paths (by their last parts), as `sha256sum -c` reads
 * it. Returns: owned. Errors: as file_sign; INVALID (two of one name). */
char *file_sign_checksums(const FileSign *job, const char *const *paths, GError **error) MUST_CHECK;
