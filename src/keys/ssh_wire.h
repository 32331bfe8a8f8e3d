/* SPDX-License-Identifier: Apache-2.0
 * ssh_wire: keys and signatures as SSH writes them (RFC 4251, RFC 4253, RFC 5656, RFC 8709). */
#pragma once
#include <stdbool.h>
#include "proof/public_key.h"

/** Appends in network order, a string with its length before it. */
void ssh_wire_put_u32(GByteArray *out, uint32_t value);
void ssh_wire_put_string(GByteArray *out, Span span);
/** Take from the front of @rest; false when it is too short, and then nothing is taken. */
bool ssh_wire_take_u32(Span *rest, uint32_t *out) MUST_CHECK;
bool ssh_wire_take_string(Span *rest, Span *out) MUST_CHECK;
/** Whether the bytes are @text. */
bool ssh_wire_span_is(Span span, const char *text);

/** The key as the blob inside "ssh-ed25519 AAAA…". Returns: owned. Errors: INTERNAL. */
GBytes *ssh_wire_blob(const PublicKey *key, GError **error) MUST_CHECK;
/** The key in a blob, hardware keys (sk-…) too. Returns: owned. Errors: INVALID, UNAVAILABLE. */
PublicKey *ssh_wire_key(Span blob, GError **error) MUST_CHECK;
/** The name a blob begins with, "ssh-ed25519"; owned, printable. */
char *ssh_wire_blob_type(Span blob);
/** "SHA256:…" as ssh-keygen -l shows it; owned. */
char *ssh_wire_fingerprint(Span blob);
/** "TYPE BASE64", a line of an authorized_keys file without its end; owned. */
char *ssh_wire_public_line(Span blob);

/** A signature of ours by @key as SSH wraps it. Returns: owned. Errors: INVALID, UNAVAILABLE (RSA:
 * SSH's padding is another one). */
GBytes *ssh_wire_signature(const PublicKey *key, Span signature, GError **error) MUST_CHECK;
/** The reverse: what public_key_verify takes. Returns: owned. Errors: INVALID, UNAVAILABLE. */
GBytes *ssh_wire_raw_signature(const PublicKey *key, Span blob, GError **error) MUST_CHECK;
