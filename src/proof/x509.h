/* SPDX-License-Identifier: Apache-2.0
 * x509: certificates (RFC 5280) as Sigstore uses them: what they say, and whether an authority issued
 * one. Immutable after creation; may be shared by threads. */
#pragma once
#include <stdint.h>
#include "proof/x509_key.h"

/* Extensions of Fulcio (sigstore/fulcio docs/oid-info.md). */
#define X509_OID_FULCIO_ISSUER_V1 "1.3.6.1.4.1.57264.1.1" /* the text itself */
#define X509_OID_FULCIO_ISSUER_V2 "1.3.6.1.4.1.57264.1.8" /* a DER UTF8String */

typedef struct X509Cert X509Cert;

/** @der: exactly one certificate, at most LIMIT_CERTIFICATE_BYTES. Returns: owned. Errors: INVALID,
 * LIMIT, UNAVAILABLE (its key's algorithm). */
X509Cert *x509_cert_parse(Span der, GError **error) MUST_CHECK;
X509Cert *x509_cert_ref(const X509Cert *cert);
void x509_cert_unref(X509Cert *cert);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509Cert, x509_cert_unref)

/** Borrowed. */
Span x509_cert_der(const X509Cert *cert);
const X509Key *x509_cert_key(const X509Cert *cert);
/** Both ends of its validity, inclusive; microseconds since 1970 UTC. */
int64_t x509_cert_not_before_us(const X509Cert *cert);
int64_t x509_cert_not_after_us(const X509Cert *cert);
bool x509_cert_is_self_issued(const X509Cert *cert);
bool x509_cert_is_ca(const X509Cert *cert);
/** Whether its extended key usage says code signing, and its key usage, if any, digital signature. */
bool x509_cert_may_sign_code(const X509Cert *cert);
/** Its subject alternative names: URIs, mail addresses, DNS names, and Fulcio's own kind of name (OID
 * 1.3.6.1.4.1.57264.1.7). Owned array of owned strings. Errors: INVALID (another kind, not UTF-8). */
GPtrArray *x509_cert_names(const X509Cert *cert, GError **error) MUST_CHECK;
/** The text of the extension @oid: a DER UTF8String, or for Fulcio's first six (57264.1.1 to 6) the
 * bytes. @text_out: owned; NULL when there is none. Errors: INVALID. */
bool x509_cert_text(const X509Cert *cert, const char *oid, char **text_out,
                    GError **error) MUST_CHECK;
/** The issuer of the identity token, from V2, else V1; where both are there they must agree.
 * Returns: owned. Errors: INVALID, NOT_FOUND. */
char *x509_cert_oidc_issuer(const X509Cert *cert, GError **error) MUST_CHECK;

typedef struct X509Chain X509Chain; /* certificates of one authority, each issued by the next */

/** @ders: of GBytes, at least one, at most LIMIT_CHAIN_CERTIFICATES; the one nearest to what the
 * authority signs first. The last is believed. That each is issued by the next is checked at the first use: a
 * chain that is broken verifies nothing. Returns: owned. Errors: INVALID, LIMIT, UNAVAILABLE. */
X509Chain *x509_chain_new(GPtrArray *ders, GError **error) MUST_CHECK;
void x509_chain_free(X509Chain *chain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509Chain, x509_chain_free)
/** The first certificate; borrowed. */
const X509Cert *x509_chain_first(const X509Chain *chain);
/** Whether every certificate of the chain is valid at @time_us. Errors: UNTRUSTED (also of a broken
 * chain). */
bool x509_chain_check_time(const X509Chain *chain, int64_t time_us, GError **error) MUST_CHECK;
/** Whether the chain issued @leaf, all being valid at @time_us (RFC 5280 section 6, without
 * revocation: such certificates live for minutes). Errors: UNTRUSTED. */
bool x509_chain_verify(const X509Chain *chain, const X509Cert *leaf, int64_t time_us,
                       GError **error) MUST_CHECK;
