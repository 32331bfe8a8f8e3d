/* SPDX-License-Identifier: Apache-2.0
 * sshsig_wire: see sshsig_priv.h. */
#include "attest/sshsig_priv.h"
#include "base/banned.h"

static bool
take_number(Span *rest, size_t size, uint64_t *out)
{
    uint64_t value = 0;

    if (rest->len < size)
        return false;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | rest->data[i];
    *out = value;
    *rest = span_of(rest->data + size, rest->len - size);
    return true;
}

bool
ssh_take_u8(Span *rest, uint8_t *out)
{
    uint64_t value = 0;
    bool ok = take_number(rest, 1, &value);

    *out = (uint8_t)value;
    return ok;
}

bool
ssh_take_u32(Span *rest, uint32_t *out)
{
    uint64_t value = 0;
    bool ok = take_number(rest, 4, &value);

    *out = (uint32_t)value;
    return ok;
}

bool
ssh_take_u64(Span *rest, uint64_t *out)
{
    return take_number(rest, 8, out);
}

bool
ssh_take_string(Span *rest, Span *out)
{
    Span after = *rest;
    uint32_t len = 0;

    if (!ssh_take_u32(&after, &len) || after.len < len)
        return false;
    *out = span_of(after.data, len);
    *rest = span_of(after.data + len, after.len - len);
    return true;
}

bool
ssh_take_mpint(Span *rest, Span *out)
{
    Span number;

    if (!ssh_take_string(rest, &number) || number.len == 0 || (number.data[0] & 0x80) != 0)
        return false;
    if (number.data[0] == 0) {
        if (number.len < 2 || (number.data[1] & 0x80) == 0)
            return false;
        number = span_of(number.data + 1, number.len - 1);
    }
    *out = number;
    return true;
}

void
ssh_put_string(GByteArray *out, Span span)
{
    const uint8_t len[4] = { (uint8_t)(span.len >> 24), (uint8_t)(span.len >> 16),
                             (uint8_t)(span.len >> 8), (uint8_t)span.len };

    g_byte_array_append(out, len, sizeof len);
    g_byte_array_append(out, span.data, (guint)span.len);
}
