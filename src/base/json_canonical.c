/* SPDX-License-Identifier: Apache-2.0
 * json_canonical: RFC 8785. Members are sorted by UTF-16 code units, numbers are written as
 * ECMAScript's Number::toString does (ECMA-262, section 6.1.6.1.20). */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/banned.h"

#define MAX_SAFE_INTEGER   ((INT64_C(1) << 53) - 1)
#define MAX_DIGITS         17 /* enough to tell any two doubles apart */
#define MAX_PLAIN_INTEGER  21 /* from 10^21 on numbers get an exponent */
#define MIN_PLAIN_EXPONENT (-6)

/* A decimal number: 0.d1d2d3... times 10^point. */
typedef struct {
    char digits[MAX_DIGITS + 1]; /* no trailing zero */
    int point;
} Decimal;

static double
decimal_value(const char *digits, int point)
{
    char text[64];

    g_snprintf(text, sizeof text, "0.%se%d", digits, point);
    return g_ascii_strtod(text, NULL);
}

/* The next larger number of as many digits: "1999" to "2000", "999" to "100" and one more before
 * the point. */
static void
round_up(char *digits, int *point)
{
    size_t i = strlen(digits);

    while (i > 0 && digits[i - 1] == '9')
        digits[--i] = '0';
    if (i > 0) {
        digits[i - 1]++;
        return;
    }
    digits[0] = '1';
    (*point)++;
}

/* Writes @value, positive, with @n digits. */
static void
to_digits(double value, int n, Decimal *out)
{
    char format[8];
    char text[64];

    g_snprintf(format, sizeof format, "%%.%de", n - 1);
    g_ascii_formatd(text, sizeof text, format, value); /* d.ddde±x */
    char *exponent = strchr(text, 'e');

    assert(exponent != NULL);
    out->digits[0] = text[0];
    memcpy(out->digits + 1, text + 2, (size_t)(n - 1));
    out->digits[n] = '\0';
    out->point = (int)strtol(exponent + 1, NULL, 10) + 1;
}

/* The shortest digits that read back as @value. Correct rounding finds them but at a power of two,
 * where the numbers below lie closer than those above: there the neighbour above may be the one. */
static Decimal
shortest(double value)
{
    Decimal decimal = { 0 };

    for (int n = 1; n <= MAX_DIGITS; n++) {
        to_digits(value, n, &decimal);
        if (decimal_value(decimal.digits, decimal.point) == value)
            break;
        Decimal above = decimal;

        round_up(above.digits, &above.point);
        if (decimal_value(above.digits, above.point) == value) {
            decimal = above;
            break;
        }
    }
    size_t len = strlen(decimal.digits);

    while (len > 1 && decimal.digits[len - 1] == '0')
        decimal.digits[--len] = '\0';
    return decimal;
}

static void
append_double(GString *out, double value)
{
    if (value == 0) { /* -0 too */
        g_string_append_c(out, '0');
        return;
    }
    if (value < 0)
        g_string_append_c(out, '-');
    Decimal decimal = shortest(fabs(value));
    int n = (int)strlen(decimal.digits);

    if (n <= decimal.point && decimal.point <= MAX_PLAIN_INTEGER) { /* 1200 */
        g_string_append(out, decimal.digits);
        for (int i = n; i < decimal.point; i++)
            g_string_append_c(out, '0');
    } else if (0 < decimal.point && decimal.point <= MAX_PLAIN_INTEGER) { /* 1.2 */
        g_string_append_len(out, decimal.digits, decimal.point);
        g_string_append_c(out, '.');
        g_string_append(out, decimal.digits + decimal.point);
    } else if (MIN_PLAIN_EXPONENT < decimal.point && decimal.point <= 0) { /* 0.0012 */
        g_string_append(out, "0.");
        for (int i = decimal.point; i < 0; i++)
            g_string_append_c(out, '0');
        g_string_append(out, decimal.digits);
    } else { /* 1.2e+30 */
        g_string_append_c(out, decimal.digits[0]);
        if (n > 1)
            g_string_append_printf(out, ".%s", decimal.digits + 1);
        g_string_append_printf(out, "e%+d", decimal.point - 1);
    }
}

static bool
append_number(GString *out, const json_t *value, GError **error)
{
    if (json_is_integer(value)) {
        json_int_t number = json_integer_value(value);

        if (number > MAX_SAFE_INTEGER || number < -MAX_SAFE_INTEGER) {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                      "the integer %" JSON_INTEGER_FORMAT " is beyond 2^53-1", number);
            return false;
        }
        g_string_append_printf(out, "%" JSON_INTEGER_FORMAT, number);
        return true;
    }
    double number = json_real_value(value);

    if (!isfinite(number)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "a number is not finite");
        return false;
    }
    append_double(out, number);
    return true;
}

static const char *
short_escape(char c)
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\b':
        return "\\b";
    case '\f':
        return "\\f";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        return NULL;
    }
}

static bool
append_string(GString *out, const char *text, size_t len, GError **error)
{
    if (!g_utf8_validate_len(text, len, NULL)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "a string is not UTF-8 text without NUL characters");
        return false;
    }
    g_string_append_c(out, '"');
    size_t plain_from = 0;

    for (size_t i = 0; i < len; i++) {
        const char *escape = short_escape(text[i]);

        if (escape == NULL && (unsigned char)text[i] >= 0x20)
            continue;
        g_string_append_len(out, text + plain_from, (gssize)(i - plain_from));
        plain_from = i + 1;
        if (escape != NULL)
            g_string_append(out, escape);
        else
            g_string_append_printf(out, "\\u%04x", (unsigned char)text[i]);
    }
    g_string_append_len(out, text + plain_from, (gssize)(len - plain_from));
    g_string_append_c(out, '"');
    return true;
}

/* UTF-8 bytes sort as code points do, which is the order of UTF-16 units but for one thing: the
 * characters above U+FFFF (first byte F0 and up) are written with surrogates there and so come
 * before U+E000 to U+FFFF (first bytes EE and EF). */
static int
compare_utf16(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    unsigned char x = (unsigned char)*a;
    unsigned char y = (unsigned char)*b;
    bool x_last = x == 0xee || x == 0xef;
    bool y_last = y == 0xee || y == 0xef;

    if (x >= 0xf0 && y_last)
        return -1;
    if (y >= 0xf0 && x_last)
        return 1;
    return (int)x - (int)y;
}

static int
compare_keys(const void *a, const void *b)
{
    return compare_utf16(*(const char *const *)a, *(const char *const *)b);
}

static bool append_value(GString *out, const json_t *value, unsigned depth, GError **error);

static bool
append_object(GString *out, const json_t *object, unsigned depth, GError **error)
{
    size_t n = json_object_size(object);
    g_autofree const char **keys = g_new(const char *, n + 1);
    size_t n_keys = 0;
    const char *key = NULL;
    json_t *member = NULL;

    json_object_foreach ((json_t *)object, key, member)
        keys[n_keys++] = key;
    qsort(keys, n_keys, sizeof *keys, compare_keys);
    g_string_append_c(out, '{');
    for (size_t i = 0; i < n_keys; i++) {
        if (i > 0)
            g_string_append_c(out, ',');
        if (!append_string(out, keys[i], strlen(keys[i]), error))
            return false;
        g_string_append_c(out, ':');
        if (!append_value(out, json_object_get(object, keys[i]), depth + 1, error))
            return false;
    }
    g_string_append_c(out, '}');
    return true;
}

static bool
append_array(GString *out, const json_t *array, unsigned depth, GError **error)
{
    g_string_append_c(out, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            g_string_append_c(out, ',');
        if (!append_value(out, json_array_get(array, i), depth + 1, error))
            return false;
    }
    g_string_append_c(out, ']');
    return true;
}

static bool
append_value(GString *out, const json_t *value, unsigned depth, GError **error)
{
    if (depth > LIMIT_JSON_DEPTH) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "the value is nested deeper than %d levels", LIMIT_JSON_DEPTH);
        return false;
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return append_object(out, value, depth, error);
    case JSON_ARRAY:
        return append_array(out, value, depth, error);
    case JSON_STRING:
        return append_string(out, json_string_value(value), json_string_length(value), error);
    case JSON_INTEGER:
    case JSON_REAL:
        return append_number(out, value, error);
    case JSON_TRUE:
        g_string_append(out, "true");
        return true;
    case JSON_FALSE:
        g_string_append(out, "false");
        return true;
    case JSON_NULL:
        g_string_append(out, "null");
        return true;
    }
    assert(false);
    return false;
}

char *
json_canonical(const json_t *value, size_t *len_out, GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);

    if (!append_value(out, value, 0, error))
        return NULL;
    if (len_out != NULL)
        *len_out = out->len;
    return g_string_free(g_steal_pointer(&out), FALSE);
}

bool
json_canonical_digest(const json_t *value, Digest *out, GError **error)
{
    size_t len = 0;
    g_autofree char *text = json_canonical(value, &len, error);

    if (text == NULL)
        return false;
    *out = digest_of(span_of(text, len));
    return true;
}

bool
json_is_canonical(Span text, const json_t *parsed)
{
    size_t len = 0;
    g_autofree char *canonical = json_canonical(parsed, &len, NULL);

    return canonical != NULL && len == text.len && memcmp(canonical, text.data, len) == 0;
}
