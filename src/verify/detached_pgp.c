/* SPDX-License-Identifier: Apache-2.0
 * detached_pgp: what gpgv said, and armor (RFC 4880 section 6.2). The signatures themselves are
 * gpgv's work. */
#include "base/encoding.h"
#include "verify/detached.h"
#include "verify/verify_priv.h"
#include "base/banned.h"

#define STATUS      "[GNUPG:] "
#define ARMOR_BEGIN "-----BEGIN PGP "
#define ARMOR_END   "\n-----END PGP "

typedef struct {
    const char *word; /* of a status line */
    VerifyResult result;
    const char *text;
} Verdict;

/* doc/DETAILS of GnuPG: each signature ends in exactly one of these. */
static const Verdict verdicts[] = {
    { "GOODSIG", VERIFY_OK, "the OpenPGP signature holds" },
    { "BADSIG", VERIFY_NOT_AUTHENTIC, "the OpenPGP signature does not hold" },
    { "EXPSIG", VERIFY_STALE, "the OpenPGP signature has expired" },
    { "EXPKEYSIG", VERIFY_STALE, "the OpenPGP signature is by a key that has expired" },
    { "REVKEYSIG", VERIFY_REVOKED, "the OpenPGP signature is by a key that was revoked" },
    { "ERRSIG", VERIFY_NOT_AUTHENTIC,
      "the OpenPGP signature is by a key that is not in the "
      "keyring, or cannot be checked" },
};

static const Verdict *
find_verdict(const char *word)
{
    for (size_t i = 0; i < G_N_ELEMENTS(verdicts); i++) {
        if (strcmp(verdicts[i].word, word) == 0)
            return &verdicts[i];
    }
    return NULL;
}

VerifyReport *
detached_pgp_report(Span status, const char *subject, bool exited_with_0)
{
    VerifyReport *report = verify_report_new();
    g_autofree char *text = g_strndup((const char *)status.data, status.len);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    unsigned n_good = 0, n_valid = 0;

    for (size_t i = 0; lines[i] != NULL; i++) {
        if (!g_str_has_prefix(lines[i], STATUS))
            continue;
        g_auto(GStrv) words = g_strsplit(lines[i] + strlen(STATUS), " ", 3);
        const Verdict *verdict = words[0] != NULL ? find_verdict(words[0]) : NULL;
        if (verdict != NULL) {
            n_good += verdict->result == VERIFY_OK;
            verify_report_add(report, verdict->result, "signature", subject, "%s: %s%s%s",
                              verdict->text, words[1] != NULL ? words[1] : "",
                              words[1] != NULL && words[2] != NULL ? " " : "",
                              words[1] != NULL && words[2] != NULL ? words[2] : "");
        } else if (g_strcmp0(words[0], "VALIDSIG") == 0 && words[1] != NULL) {
            n_valid++;
            verify_report_add(report, VERIFY_OK, "signer", subject, "fingerprint %s", words[1]);
        }
    }
    if (n_good == 0 || n_valid < n_good)
        verify_report_add(report, VERIFY_NOT_AUTHENTIC, "signature", subject,
                          "gpgv found no good OpenPGP signature by a key of the keyring");
    else if (!exited_with_0 && verify_report_result(report) == VERIFY_OK)
        verify_report_add(report, VERIFY_NOT_AUTHENTIC, "signature", subject,
                          "gpgv is not content, for a reason it does not tell");
    return report;
}

void
detached_pgp_text(VerifyReport *report, const char *subject, bool is_equal)
{
    verify_report_add(report, is_equal ? VERIFY_OK : VERIFY_NOT_AUTHENTIC, "text", subject,
                      is_equal ? "the file is the text that is signed"
                               : "the file is not the text that is signed");
}

/* The next line without its newline and what blanks end it. False at the end. */
static bool
next_line(Span *rest, Span *line)
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;
    size_t len = end != NULL ? (size_t)(end - rest->data) : rest->len;

    if (rest->len == 0)
        return false;
    *line = span_of(rest->data, len);
    while (line->len > 0 && strchr(" \t\r", line->data[line->len - 1]) != NULL)
        line->len--;
    len += end != NULL;
    *rest = span_of(rest->data + len, rest->len - len);
    return true;
}

bool
detached_text_equal(Span text, Span file)
{
    Span a, b;

    for (;;) {
        bool more_a = next_line(&text, &a), more_b = next_line(&file, &b);
        if (!more_a || !more_b)
            return more_a == more_b;
        if (a.len != b.len || memcmp(a.data, b.data, a.len) != 0)
            return false;
    }
}

GBytes *
detached_pgp_dearmor(Span text, GError **error)
{
    g_autofree char *copy = g_strndup((const char *)text.data, text.len);
    const char *begin = strstr(copy, ARMOR_BEGIN);
    const char *at = begin != NULL ? strstr(begin, "\n\n") : NULL;
    g_autoptr(GString) base64 = g_string_new(NULL);

    if (begin == NULL)
        return g_bytes_new(text.data, text.len);
    const char *end = at != NULL ? strstr(at, ARMOR_END) : NULL;
    if (end == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot read OpenPGP armor: no empty line after its head, or no end");
        return NULL;
    }
    for (at += 2; at < end; at++) {
        if (*at == '\n' && at[1] == '=') /* the checksum, which protects nobody */
            break;
        if (!g_ascii_isspace(*at))
            g_string_append_c(base64, *at);
    }
    GBytes *bytes = base64_decode(base64->str, error);
    if (bytes == NULL)
        error_prefix(error, "cannot read OpenPGP armor");
    return bytes;
}
