/* SPDX-License-Identifier: Apache-2.0
 * text: writing and reading JSON whose every byte but a few holes is fixed. */
#include "attest/text_priv.h"
#include "base/encoding.h"
#include "base/banned.h"

#define MAX_DIGITS 18 /* so that the number fits */

void
text_put_base64(GString *out, Span span)
{
    g_autofree char *text = base64_encode(span);

    g_string_append(out, text);
}

bool
text_put_escaped(GString *out, Span text)
{
    if (!utf8_is_valid(text))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c < 0x20 && c != '\n')
            return false;
        if (c == '\n' || c == '"' || c == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, c == '\n' ? 'n' : (char)c);
    }
    return true;
}

static void
advance(Span *rest, size_t n)
{
    *rest = span_of(rest->data + n, rest->len - n);
}

bool
text_take(Span *rest, const char *text)
{
    size_t len = strlen(text);

    if (rest->len < len || memcmp(rest->data, text, len) != 0)
        return false;
    advance(rest, len);
    return true;
}

bool
text_take_plain(Span *rest, Span *out)
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->data, '"', rest->len) : NULL;

    if (end == NULL)
        return false;
    *out = span_of(rest->data, (size_t)(end - rest->data));
    advance(rest, out->len);
    return out->len == 0 || memchr(out->data, '\\', out->len) == NULL;
}

GBytes *
text_take_base64(Span *rest)
{
    Span plain;

    if (!text_take_plain(rest, &plain))
        return NULL;
    g_autofree char *text = g_strndup((const char *)plain.data, plain.len);
    return strlen(text) == plain.len ? base64_decode(text, NULL) : NULL;
}

bool
text_take_hash(Span *rest, Digest *out)
{
    g_autoptr(GBytes) bytes = text_take_base64(rest);

    if (bytes == NULL || g_bytes_get_size(bytes) != DIGEST_SIZE)
        return false;
    memcpy(out->bytes, span_of_bytes(bytes).data, DIGEST_SIZE);
    return true;
}

GBytes *
text_take_escaped(Span *rest)
{
    g_autoptr(GByteArray) out = g_byte_array_sized_new((guint)MIN(rest->len, 1024u));

    for (size_t i = 0; i < rest->len; i++) {
        uint8_t c = rest->data[i];
        if (c == '"') {
            advance(rest, i);
            Span text = span_of(out->data, out->len);
            return utf8_is_valid(text) ? g_byte_array_free_to_bytes(g_steal_pointer(&out)) : NULL;
        }
        if (c == '\\' && ++i < rest->len) {
            c = rest->data[i];
            if (c != 'n' && c != '"' && c != '\\')
                return NULL;
            c = c == 'n' ? '\n' : c;
        } else if (c < 0x20) {
            return NULL;
        }
        g_byte_array_append(out, &c, 1);
    }
    return NULL;
}

bool
text_take_number(Span *rest, uint64_t *out)
{
    Span plain;
    uint64_t value = 0;

    if (!text_take_plain(rest, &plain) || plain.len < 1 || plain.len > MAX_DIGITS ||
        (plain.len > 1 && plain.data[0] == '0'))
        return false;
    for (size_t i = 0; i < plain.len; i++) {
        if (!g_ascii_isdigit(plain.data[i]))
            return false;
        value = value * 10 + (uint64_t)(plain.data[i] - '0');
    }
    *out = value;
    return true;
}
