/* SPDX-License-Identifier: Apache-2.0
 * gpgv: OpenPGP signatures, by the program of that name: it has no other task, no trust model and
 * no network. */
#pragma once
#include "verify/detached.h"

/** @keyring: a key or keyring, armored or not: exactly the keys that count. @report_out: owned.
 * Errors: UNAVAILABLE (no gpgv here), NOT_FOUND, INVALID (the keyring), IO, TIMEOUT. */
bool gpgv_verify(const DetachedPaths *paths, const char *keyring, VerifyReport **report_out,
                 GError **error) MUST_CHECK;
