/* SPDX-License-Identifier: Apache-2.0
 * proof_x509: certificates: names, issuer, CT timestamps and chains of whatever is offered. */
#include <stdint.h>
#include <stdlib.h>
#include "proof/sct.h"
#include "proof/x509.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(X509Cert) cert = x509_cert_parse(span_of(data, size), NULL);
    g_autoptr(X509Key) key = x509_key_from_spki(span_of(data, size), NULL);
    g_autoptr(X509Key) rsa = x509_key_from_pkcs1(span_of(data, size), NULL);
    size_t n = 0;
    (void)key;
    (void)rsa;

    if (cert == NULL)
        return 0;
    g_autoptr(GPtrArray) names = x509_cert_names(cert, NULL);
    g_autofree char *issuer = x509_cert_oidc_issuer(cert, NULL);
    (void)names;
    (void)issuer;
    const SctLog log = { .id = x509_key_id(x509_cert_key(cert)),
                         .key = x509_cert_key(cert),
                         .start_us = 0,
                         .end_us = INT64_MAX };
    if (sct_verify(cert, cert, &log, 1, &n, NULL) && n > 1)
        abort();
    g_autoptr(GPtrArray) ders = g_ptr_array_new();
    g_autoptr(GBytes) der = g_bytes_new(data, size);
    g_ptr_array_add(ders, der);
    g_autoptr(X509Chain) chain = x509_chain_new(ders, NULL);
    if (chain == NULL)
        abort(); /* it was read before */
    bool issued = x509_chain_verify(chain, cert, x509_cert_not_before_us(cert), NULL);
    return issued && !x509_cert_is_self_issued(cert) ? (abort(), 1) : 0;
}
