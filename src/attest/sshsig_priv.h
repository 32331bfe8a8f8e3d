/* SPDX-License-Identifier: Apache-2.0
 * sshsig_priv: strings and numbers of RFC 4251. Only for src/attest/sshsig*.c. */
#pragma once
#include <stdbool.h>
#include "base/attributes.h"
#include "base/span.h"

static inline bool
ssh_span_is(Span span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.data, text, span.len) == 0;
}

/** Each takes one thing off the front of @rest; false and nothing taken when it is not whole. */
bool ssh_take_u8(Span *rest, uint8_t *out) MUST_CHECK;
bool ssh_take_u32(Span *rest, uint32_t *out) MUST_CHECK;
bool ssh_take_u64(Span *rest, uint64_t *out) MUST_CHECK;
bool ssh_take_string(Span *rest, Span *out) MUST_CHECK;
/** A positive number in its shortest form; @out: without the sign byte. */
bool ssh_take_mpint(Span *rest, Span *out) MUST_CHECK;
void ssh_put_string(GByteArray *out, Span span);
