/* SPDX-License-Identifier: Apache-2.0
 * sshsig_signers: lines of text, each with who, under which conditions, and the key. */
#include "attest/sshsig_signers.h"
#include "attest/sshsig_priv.h"
#include "base/encoding.h"
#include "base/error.h"
#include "format/glob.h"
#include "base/banned.h"

#define MICROSECONDS 1000000

typedef struct {
    char *principals; /* owned; patterns with commas */
    char *namespaces; /* owned; patterns with commas; NULL: any */
    bool is_authority;
    int64_t after_us, before_us;
    GBytes *key; /* owned; blob */
} Line;

struct SshSigners {
    GPtrArray *lines; /* owned; of Line */
};

static void
line_free(void *data)
{
    Line *line = data;

    g_free(line->principals);
    g_free(line->namespaces);
    g_clear_pointer(&line->key, g_bytes_unref);
    g_free(line);
}

/* One word up to a blank outside of double quotes; @at moves behind it. Owned; NULL at the end or
 * with a quote left open. The quotes stay. */
static char *
take_word(const char **at)
{
    bool quoted = false;
    const char *start = *at + strspn(*at, " \t");
    const char *end = start;

    for (; *end != '\0' && (quoted || (*end != ' ' && *end != '\t')); end++) {
        if (*end == '"')
            quoted = !quoted;
    }
    *at = end;
    return end == start || quoted ? NULL : g_strndup(start, (size_t)(end - start));
}

static char *
unquoted(const char *text)
{
    size_t len = strlen(text);

    return len >= 2 && text[0] == '"' && text[len - 1] == '"' ? g_strndup(text + 1, len - 2)
                                                              : g_strdup(text);
}

/* YYYYMMDD[HHMM[SS]], local time, or UTC with a Z at the end. */
static bool
read_time(const char *text, int64_t *out)
{
    size_t digits = strspn(text, "0123456789");
    bool utc = text[digits] == 'Z' || text[digits] == 'z';
    int parts[6] = { 0, 1, 1, 0, 0, 0 };
    static const size_t widths[6] = { 4, 2, 2, 2, 2, 2 };
    const char *at = text;

    if ((digits != 8 && digits != 12 && digits != 14) || strlen(text) != digits + utc)
        return false;
    for (size_t i = 0; i < 6 && at < text + digits; i++) {
        parts[i] = 0;
        for (size_t j = 0; j < widths[i]; j++)
            parts[i] = parts[i] * 10 + (*at++ - '0');
    }
    GTimeZone *zone = utc ? g_time_zone_new_utc() : g_time_zone_new_local();
    GDateTime *time =
        g_date_time_new(zone, parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]);
    g_time_zone_unref(zone);
    if (time == NULL)
        return false;
    *out = g_date_time_to_unix(time) * MICROSECONDS;
    g_date_time_unref(time);
    return true;
}

static bool
read_option(Line *line, const char *option)
{
    const char *equals = strchr(option, '=');
    g_autofree char *value = equals != NULL ? unquoted(equals + 1) : NULL;
    size_t len = equals != NULL ? (size_t)(equals - option) : strlen(option);
    g_autofree char *raw_name = g_strndup(option, len);
    g_autofree char *name = g_ascii_strdown(raw_name, -1);

    if (value == NULL && strcmp(name, "cert-authority") == 0)
        return line->is_authority = true;
    if (value != NULL && strcmp(name, "namespaces") == 0 && line->namespaces == NULL) {
        line->namespaces = g_steal_pointer(&value);
        return *line->namespaces != '\0';
    }
    if (value != NULL && strcmp(name, "valid-after") == 0)
        return read_time(value, &line->after_us);
    return value != NULL && strcmp(name, "valid-before") == 0 && read_time(value, &line->before_us);
}

/* Options with commas between them, which may stand in quoted values too. */
static bool
read_options(Line *line, const char *text)
{
    const char *start = text;
    bool quoted = false;

    for (const char *at = text;; at++) {
        if (*at == '"')
            quoted = !quoted;
        if (*at != '\0' && (*at != ',' || quoted))
            continue;
        g_autofree char *option = g_strndup(start, (size_t)(at - start));
        if (!read_option(line, option))
            return false;
        if (*at == '\0')
            return true;
        start = at + 1;
    }
}

/* The words "TYPE BASE64" at @at. False: they are not a key. */
static bool
read_key(Line *line, const char *at)
{
    g_autofree char *type = take_word(&at);
    g_autofree char *base64 = type != NULL ? take_word(&at) : NULL;
    g_autoptr(GBytes) blob = base64 != NULL ? base64_decode(base64, NULL) : NULL;
    Span rest = blob != NULL ? span_of_bytes(blob) : span_of(NULL, 0), name;

    if (!ssh_take_string(&rest, &name) || !ssh_span_is(name, type))
        return false;
    line->key = g_steal_pointer(&blob);
    return true;
}

static bool
read_line(SshSigners *signers, const char *text)
{
    const char *at = text;
    Line *line = g_new0(Line, 1);
    g_autofree char *principals = take_word(&at);

    g_ptr_array_add(signers->lines, line);
    line->before_us = INT64_MAX;
    line->principals = principals != NULL ? unquoted(principals) : NULL;
    if (line->principals == NULL || *line->principals == '\0')
        return false;
    if (read_key(line, at))
        return true;
    g_autofree char *options = take_word(&at);
    return options != NULL && read_options(line, options) && read_key(line, at);
}

SshSigners *
ssh_signers_parse(Span text, GError **error)
{
    g_autofree char *copy = g_strndup((const char *)text.data, text.len);
    g_autoptr(SshSigners) signers = g_new0(SshSigners, 1);

    signers->lines = g_ptr_array_new_with_free_func(line_free);
    if (text.len > SSH_SIGNERS_MAX_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "cannot read allowed signers: %zu bytes, the limit is %u", text.len,
                  SSH_SIGNERS_MAX_BYTES);
        return NULL;
    }
    g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
    for (unsigned i = 0; lines[i] != NULL; i++) {
        const char *line = g_strstrip(lines[i]);
        if (*line == '\0' || *line == '#')
            continue;
        if (!read_line(signers, line) || signers->lines->len > SSH_SIGNERS_MAX) {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                      "cannot read allowed signers: line %u is not 'PRINCIPALS [OPTIONS] TYPE "
                      "BASE64', or beyond %d of them",
                      i + 1, SSH_SIGNERS_MAX);
            return NULL;
        }
    }
    return g_steal_pointer(&signers);
}

void
ssh_signers_free(SshSigners *signers)
{
    if (signers == NULL)
        return;
    g_ptr_array_unref(signers->lines);
    g_free(signers);
}

/* ssh_config(5) PATTERNS: a list with commas; "!" before one that must not match. */
static bool
matches(const char *patterns, Span text)
{
    bool matched = false;

    for (const char *at = patterns; *at != '\0';) {
        size_t len = strcspn(at, ",");
        bool negated = *at == '!';
        if (glob_match_text(span_of(at + negated, len - negated), text)) {
            if (negated)
                return false;
            matched = true;
        }
        at += len;
        at += *at == ',';
    }
    return matched;
}

/* Whether the certificate is for somebody the line is about, and now. */
static bool
certificate_fits(const Line *line, const SshCertificate *cert, const SshSignersQuestion *question)
{
    uint64_t now_s = (uint64_t)(question->now_us / MICROSECONDS);
    Span rest = cert->principals, name;

    if (now_s < cert->after_s || now_s >= cert->before_s)
        return false;
    while (ssh_take_string(&rest, &name)) {
        if (matches(line->principals, name) &&
            (question->identity == NULL || ssh_span_is(name, question->identity)))
            return true;
    }
    return false;
}

static bool
line_allows(const Line *line, const SshCertificate *cert, const SshSignersQuestion *question)
{
    Span wanted = cert != NULL ? cert->authority : question->key, key = span_of_bytes(line->key);

    if (line->is_authority != (cert != NULL) || key.len != wanted.len ||
        memcmp(key.data, wanted.data, key.len) != 0)
        return false;
    if (question->now_us < line->after_us || question->now_us >= line->before_us)
        return false;
    if (line->namespaces != NULL && !matches(line->namespaces, question->namespace))
        return false;
    if (cert != NULL)
        return certificate_fits(line, cert, question);
    return question->identity == NULL ||
           matches(line->principals, span_of_text(question->identity));
}

bool
ssh_signers_allow(const SshSigners *signers, const SshSignersQuestion *question,
                  const char **who_out, GError **error)
{
    g_autoptr(SshKey) key = ssh_key_parse(question->key, error);

    if (key == NULL)
        return false;
    for (unsigned i = 0; i < signers->lines->len; i++) {
        const Line *line = signers->lines->pdata[i];
        if (line_allows(line, ssh_key_certificate(key), question)) {
            *who_out = line->principals;
            return true;
        }
    }
    error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
              "none of %u allowed signers is '%s' with this '%s' for this namespace and time",
              signers->lines->len, question->identity != NULL ? question->identity : "anybody",
              ssh_key_type(key));
    return false;
}
