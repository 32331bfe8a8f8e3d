/* SPDX-License-Identifier: Apache-2.0
 * encoding: hexadecimal, base64 (RFC 4648) and UTF-8. */
#include "base/encoding.h"
#include "base/banned.h"

enum { NOT_A_DIGIT = 0xff };

char *
hex_encode(Span span)
{
    static const char digits[] = "0123456789abcdef";
    char *text = g_malloc(span.len * 2 + 1);

    for (size_t i = 0; i < span.len; i++) {
        text[2 * i] = digits[span.data[i] >> 4];
        text[2 * i + 1] = digits[span.data[i] & 15];
    }
    text[span.len * 2] = '\0';
    return text;
}

static uint8_t
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return (uint8_t)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (uint8_t)(c - 'a' + 10);
    return NOT_A_DIGIT;
}

GBytes *
hex_decode(const char *text, GError **error)
{
    size_t len = strlen(text);

    if (len % 2 != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "hex text has an odd length of %zu", len);
        return NULL;
    }
    g_autofree uint8_t *out = g_malloc(len / 2 + 1);

    for (size_t i = 0; i < len; i += 2) {
        uint8_t high = hex_value(text[i]);
        uint8_t low = hex_value(text[i + 1]);

        if (high == NOT_A_DIGIT || low == NOT_A_DIGIT) {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                      "hex text has something else than 0-9 and a-f near byte %zu", i);
            return NULL;
        }
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
    return g_bytes_new_take(g_steal_pointer(&out), len / 2);
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void
put_base64_group(char *out, uint32_t bits)
{
    out[0] = base64_digits[bits >> 18];
    out[1] = base64_digits[bits >> 12 & 63];
    out[2] = base64_digits[bits >> 6 & 63];
    out[3] = base64_digits[bits & 63];
}

char *
base64_encode(Span span)
{
    size_t len = (span.len + 2) / 3 * 4;
    char *text = g_malloc(len + 1);
    char *to = text;
    size_t i = 0;

    for (; span.len - i >= 3; i += 3, to += 4)
        put_base64_group(to, (uint32_t)span.data[i] << 16 | (uint32_t)span.data[i + 1] << 8 |
                                 span.data[i + 2]);
    size_t left = span.len - i;

    if (left > 0) {
        put_base64_group(to, (uint32_t)span.data[i] << 16 |
                                 (left == 2 ? (uint32_t)span.data[i + 1] << 8 : 0));
        to[3] = '=';
        if (left == 1)
            to[2] = '=';
    }
    text[len] = '\0';
    return text;
}

typedef enum {
    BASE64_STRICT = 0,
    BASE64_LENIENT = 1 << 0, /* URL-safe digits and missing padding too */
} Base64Flags;

/* The values of the characters from '+' to 'z'; X: no digit. */
#define X NOT_A_DIGIT
/* clang-format off */
static const uint8_t base64_values['z' - '+' + 1] = {
    62, X, X, X, 63,                                /* + , - . / */
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61,         /* 0 to 9 */
    X, X, X, X, X, X, X,                            /* : ; < = > ? @ */
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
    X, X, X, X, X, X,                               /* [ \ ] ^ _ ` */
    26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49,
    50, 51,
};
/* clang-format on */
#undef X

static uint8_t
base64_value(char c, Base64Flags flags)
{
    if (c < '+' || c > 'z')
        return NOT_A_DIGIT;
    if (flags & BASE64_LENIENT)
        c = (char)(c == '-' ? '+' : c == '_' ? '/' : c);
    return base64_values[c - '+'];
}

static GBytes *
refuse_base64(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "not base64: %s", why);
    return NULL;
}

static GBytes *
decode_base64(const char *text, Base64Flags flags, GError **error)
{
    size_t len = strlen(text);
    size_t padding = 0;

    while (padding < 2 && len > padding && text[len - padding - 1] == '=')
        padding++;
    bool unpadded = padding == 0 && (flags & BASE64_LENIENT);

    if (len % 4 != 0 && !unpadded)
        return refuse_base64(error, "the length is not a multiple of four");
    size_t n_digits = len - padding;

    if (n_digits % 4 == 1)
        return refuse_base64(error, "a single digit is left at the end");
    g_autofree uint8_t *out = g_malloc(n_digits / 4 * 3 + 3);
    size_t n_out = 0;
    uint32_t bits = 0;
    unsigned n_bits = 0;

    for (size_t i = 0; i < n_digits; i++) {
        uint8_t value = base64_value(text[i], flags);

        if (value == NOT_A_DIGIT)
            return refuse_base64(error, "a character outside the alphabet");
        bits = bits << 6 | value;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            out[n_out++] = (uint8_t)(bits >> n_bits);
        }
    }
    if ((bits & ((1u << n_bits) - 1)) != 0)
        return refuse_base64(error, "the last digit has bits that belong to no byte");
    return g_bytes_new_take(g_steal_pointer(&out), n_out);
}

GBytes *
base64_decode(const char *text, GError **error)
{
    return decode_base64(text, BASE64_STRICT, error);
}

GBytes *
base64_decode_lenient(const char *text, GError **error)
{
    return decode_base64(text, BASE64_LENIENT, error);
}

bool
decimal_parse(const char *text, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (*text == '\0' || (text[0] == '0' && text[1] != '\0'))
        return false;
    for (; *text != '\0'; text++) {
        unsigned digit = (unsigned)*text - '0';

        if (!g_ascii_isdigit(*text) || value > (max - MIN(digit, max)) / 10)
            return false;
        value = value * 10 + digit;
        if (value > max)
            return false;
    }
    *out = value;
    return true;
}

bool
utf8_is_valid(Span span)
{
    return span.len == 0 || g_utf8_validate_len((const char *)span.data, span.len, NULL);
}
