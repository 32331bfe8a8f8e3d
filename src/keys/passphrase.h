/* SPDX-License-Identifier: Apache-2.0
 * passphrase: where the passphrase of a key or the PIN of a token comes from: a file, a systemd
 * credential, or the terminal. */
#pragma once
#include <stdbool.h>
#include "base/attributes.h"
#include "base/error.h"
#include "base/secret.h"

#define PASSPHRASE_FILE_VARIABLE "SLIPWAY_PASSPHRASE_FILE"
#define PASSPHRASE_CREDENTIAL    "slipway.passphrase" /* in $CREDENTIALS_DIRECTORY */

typedef struct PassphraseSource {
    const char *file; /* borrowed; NULL: not said */
    bool ask;         /* the terminal may be asked */
} PassphraseSource;

/** The first line of, in this order: the file; the file $SLIPWAY_PASSPHRASE_FILE names; the systemd
 * credential; the terminal. @subject: what it opens, for the prompt. Returns: owned. Errors:
 * NOT_FOUND (none of them is there), DENIED (others may read the file), INVALID (empty), IO. */
Secret *passphrase_get(const PassphraseSource *source, const char *subject,
                       GError **error) MUST_CHECK;
/** As passphrase_get, for a new key: a terminal is asked twice. Errors: INVALID (they differ) too.
 */
Secret *passphrase_get_new(const PassphraseSource *source, const char *subject,
                           GError **error) MUST_CHECK;
