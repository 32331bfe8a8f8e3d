/* SPDX-License-Identifier: Apache-2.0
 * secret_box: values sealed with AES-256-GCM (NIST SP 800-38D) under one key of the data folder.
 * Layout: 12 bytes nonce, ciphertext, 16 bytes tag; the label is authenticated with it, so that a
 * row cannot be moved to another name. */
#pragma once
#include <glib.h>
#include "base/attributes.h"
#include "base/error.h"
#include "base/secret.h"

#define SECRET_BOX_KEY_BYTES 32
#define SECRET_BOX_OVERHEAD  28

/** The key: a systemd credential "slipway-secrets" if there is one, else keys/secrets.key below
 * @home_fd, which only its owner may read. @create: make that file when it is absent; durable before
 * it returns. Returns: owned. Errors: NOT_FOUND, DENIED (others may read it), INVALID, IO. */
Secret *secret_box_load_key(int home_fd, bool create, GError **error) MUST_CHECK;
/** Owned. Errors: INTERNAL (libcrypto refuses). */
GBytes *secret_box_seal(const Secret *key, const char *label, Span value,
                        GError **error) MUST_CHECK;
/** Owned. Errors: CORRUPT (another key, another label, or changed bytes). */
Secret *secret_box_open(const Secret *key, const char *label, Span sealed,
                        GError **error) MUST_CHECK;
