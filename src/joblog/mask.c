/* SPDX-License-Identifier: Apache-2.0
 * mask: see mask.h. Needles are byte strings in locked memory, found by their first byte. */
#include "joblog/mask.h"
#include <string.h>
#include "base/encoding.h"
#include "base/secret.h"
#include "base/banned.h"

#define N_BYTES           256
#define BASE64_LINE_SHORT 64 /* PEM */
#define BASE64_LINE_LONG  76 /* MIME and base64(1) */
#define BASE64_GROUP      3

struct Mask {
    GPtrArray *by_first[N_BYTES]; /* owned, of owned Secret; NULL: none begins so */
    size_t n_needles;
    size_t longest;
};

static void
secret_unref(void *secret)
{
    secret_free(secret);
}

Mask *
mask_new(void)
{
    return g_new0(Mask, 1);
}

void
mask_free(Mask *mask)
{
    if (mask == NULL)
        return;
    for (size_t i = 0; i < N_BYTES; i++)
        g_clear_pointer(&mask->by_first[i], g_ptr_array_unref);
    g_free(mask);
}

static bool
has_needle(const Mask *mask, Span needle)
{
    GPtrArray *list = mask->by_first[needle.data[0]];

    for (guint i = 0; list != NULL && i < list->len; i++) {
        Span other = secret_get(list->pdata[i]);
        if (other.len == needle.len && memcmp(other.data, needle.data, needle.len) == 0)
            return true;
    }
    return false;
}

static bool
add_needle(Mask *mask, Span needle, GError **error)
{
    if (needle.len < MASK_MIN_SECRET_BYTES || has_needle(mask, needle))
        return true;
    if (mask->n_needles >= MASK_MAX_NEEDLES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "cannot hide more secrets: %d byte strings are looked for", MASK_MAX_NEEDLES);
        return false;
    }
    GPtrArray **list = &mask->by_first[needle.data[0]];

    if (*list == NULL)
        *list = g_ptr_array_new_with_free_func(secret_unref);
    g_ptr_array_add(*list, secret_new(needle));
    mask->n_needles++;
    mask->longest = MAX(mask->longest, needle.len);
    return true;
}

/* Both alphabets of a base64 text. */
static bool
add_both_alphabets(Mask *mask, char *text, size_t len, GError **error)
{
    if (!add_needle(mask, span_of(text, len), error))
        return false;
    for (size_t i = 0; i < len; i++)
        text[i] = (char)(text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
    return add_needle(mask, span_of(text, len), error);
}

/* The base64 of the secret at one of the three places in a group it can begin at. The first
 * characters also depend on what comes before the secret, the last one on what follows: both are
 * left out, and the end is added once more as it looks when nothing follows. */
static bool
add_base64_shifted(Mask *mask, Span secret, size_t shift, GError **error)
{
    static const size_t foreign_chars[BASE64_GROUP] = { 0, 2, 3 };
    g_autofree uint8_t *padded = g_malloc0(shift + secret.len);

    memcpy(padded + shift, secret.data, secret.len);
    g_autofree char *text = base64_encode(span_of(padded, shift + secret.len));
    size_t from = foreign_chars[shift];
    size_t whole = (shift + secret.len) * 8 / 6;
    size_t unpadded = strcspn(text, "=");
    bool ok = add_both_alphabets(mask, text + from, whole - from, error) &&
              add_both_alphabets(mask, text + from, unpadded - from, error);

    secret_wipe(padded, shift + secret.len);
    secret_wipe(text, strlen(text));
    return ok;
}

/* The lines that wrapped base64 of the secret has. */
static bool
add_base64_lines(Mask *mask, Span secret, size_t line_len, GError **error)
{
    g_autofree char *text = base64_encode(secret);
    size_t len = strlen(text);
    bool ok = true;

    for (size_t at = 0; ok && len > line_len && at < len; at += line_len)
        ok = add_needle(mask, span_of(text + at, MIN(line_len, len - at)), error);
    secret_wipe(text, len);
    return ok;
}

static bool
is_unreserved(uint8_t byte)
{
    return g_ascii_isalnum(byte) || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

/* Percent-encoded with the hex digits of @digits; a space becomes @space. */
static bool
add_url(Mask *mask, Span secret, const char *digits, const char *space, GError **error)
{
    g_autoptr(GString) text = g_string_sized_new(secret.len * 3 + 1);

    for (size_t i = 0; i < secret.len; i++) {
        uint8_t byte = secret.data[i];
        if (is_unreserved(byte)) {
            g_string_append_c(text, (char)byte);
        } else if (byte == ' ') {
            g_string_append(text, space);
        } else {
            g_string_append_c(text, '%');
            g_string_append_c(text, digits[byte >> 4]);
            g_string_append_c(text, digits[byte & 15]);
        }
    }
    bool ok = add_needle(mask, span_of(text->str, text->len), error);

    secret_wipe(text->str, text->len);
    return ok;
}

/* The forms of one line, or of a secret of several lines as a whole. */
static bool
add_forms(Mask *mask, Span secret, GError **error)
{
    if (!add_needle(mask, secret, error))
        return false;
    for (size_t shift = 0; shift < BASE64_GROUP; shift++)
        if (!add_base64_shifted(mask, secret, shift, error))
            return false;
    return add_base64_lines(mask, secret, BASE64_LINE_SHORT, error) &&
           add_base64_lines(mask, secret, BASE64_LINE_LONG, error) &&
           add_url(mask, secret, "0123456789ABCDEF", "%20", error) &&
           add_url(mask, secret, "0123456789abcdef", "%20", error) &&
           add_url(mask, secret, "0123456789ABCDEF", "+", error);
}

/* A log is masked line by line, so each line of the secret is looked for alone. */
static bool
add_lines(Mask *mask, Span secret, GError **error)
{
    const uint8_t *at = secret.data;
    const uint8_t *end = secret.data + secret.len;

    while (at < end) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        const uint8_t *stop = newline == NULL ? end : newline;
        size_t len = (size_t)(stop - at);
        if (len > 0 && at[len - 1] == '\r')
            len--;
        if (len >= MASK_MIN_SECRET_BYTES && !add_forms(mask, span_of(at, len), error))
            return false;
        at = stop + 1;
    }
    return true;
}

bool
mask_add(Mask *mask, Span secret, GError **error)
{
    if (secret.len < MASK_MIN_SECRET_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot hide a secret of %zu bytes: at least %d are needed", secret.len,
                  MASK_MIN_SECRET_BYTES);
        return false;
    }
    if (secret.len > MASK_MAX_SECRET_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "cannot hide a secret of %zu bytes: at most %u are allowed", secret.len,
                  MASK_MAX_SECRET_BYTES);
        return false;
    }
    if (!add_forms(mask, secret, error))
        return false;
    return memchr(secret.data, '\n', secret.len) == NULL || add_lines(mask, secret, error);
}

size_t
mask_get_longest(const Mask *mask)
{
    return mask->longest;
}

/* The length of the longest needle at @at; 0: none. */
static size_t
needle_at(const Mask *mask, Span text, size_t at)
{
    GPtrArray *list = mask->by_first[text.data[at]];
    size_t best = 0;

    for (guint i = 0; list != NULL && i < list->len; i++) {
        Span needle = secret_get(list->pdata[i]);
        if (needle.len > best && needle.len <= text.len - at &&
            memcmp(needle.data, text.data + at, needle.len) == 0)
            best = needle.len;
    }
    return best;
}

bool
mask_finds(const Mask *mask, Span text)
{
    for (size_t at = 0; mask->n_needles > 0 && at < text.len; at++) {
        if (needle_at(mask, text, at) > 0)
            return true;
    }
    return false;
}

void
mask_apply(const Mask *mask, Span text, size_t keep, Buffer *out)
{
    size_t plain = 0;   /* not yet appended from here */
    size_t covered = 0; /* secrets found so far reach to here */

    keep = MIN(keep, text.len);
    if (mask->n_needles == 0) {
        buffer_append(out, span_of(text.data, keep));
        return;
    }
    for (size_t at = 0; at < keep; at++) {
        size_t len = needle_at(mask, text, at);
        if (len == 0)
            continue;
        if (at >= covered) { /* a new stretch; else it goes on */
            size_t from = MAX(plain, covered);
            buffer_append(out, span_of(text.data + from, at - from));
            size_t room = keep - at; /* a stretch at the very end must not pass @keep */
            buffer_append(out, span_of(MASK_TEXT, MIN(strlen(MASK_TEXT), room)));
            plain = at;
        }
        covered = MAX(covered, at + len);
    }
    size_t from = MAX(plain, covered);

    if (from < keep)
        buffer_append(out, span_of(text.data + from, keep - from));
}
