/* SPDX-License-Identifier: Apache-2.0
 * x509_priv: the certificate of libcrypto in an X509Cert. For src/proof/x509.c, x509_key.c, sct.c and rfc3161.c
 * only. */
#pragma once
#include <openssl/asn1.h>
#include <openssl/x509.h>
#include "proof/x509.h"

struct X509Cert {
    gatomicrefcount refs;
    X509 *x509;   /* owned */
    GBytes *der;  /* owned */
    X509Key *key; /* owned */
    int64_t not_before_us, not_after_us;
};

/** @pkey: consumed. @spki: what it was read from. Returns: owned. Errors: UNAVAILABLE, INVALID. */
X509Key *x509_key_take(EVP_PKEY *pkey, Span spki, GError **error) MUST_CHECK;
/** Microseconds since 1970 UTC; false if it is no time. Fractions count. */
bool x509_time_us(const ASN1_TIME *time, int64_t *out);
/** A store that believes @chain's first certificate alone and looks at no clock: the caller compares
 * times. To be freed by X509_STORE_free; NULL when memory is short. */
X509_STORE *x509_chain_store(const X509Chain *chain);
