/* SPDX-License-Identifier: Apache-2.0
 * notice: the texts of notices. */
#include "notify/notice.h"
#include <assert.h>
#include <string.h>
#include "base/clock.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/banned.h"

#define ADDRESS_BYTES_MAX 254 /* RFC 5321 section 4.5.3.1.3 */
#define ENCODED_WORD_RAW  42  /* bytes in one encoded word, so that it stays within 75 characters */
#define BASE64_LINE       76

static const char *const type_names[NOTICE_N_TYPES] = {
    [NOTICE_WEBHOOK] = "webhook",
    [NOTICE_SLACK] = "slack",
    [NOTICE_MAIL] = "mail",
};

const char *
notice_type_name(NoticeType type)
{
    assert(type > NOTICE_NONE && type < NOTICE_N_TYPES);
    return type_names[type];
}

NoticeType
notice_type_from_string(const char *name)
{
    for (int type = NOTICE_NONE + 1; type < NOTICE_N_TYPES; type++) {
        if (g_strcmp0(name, type_names[type]) == 0)
            return (NoticeType)type;
    }
    return NOTICE_NONE;
}

bool
notice_address_is_valid(const char *address)
{
    const char *at = strchr(address, '@');

    if (at == NULL || at == address || at[1] == '\0' || strchr(at + 1, '@') != NULL ||
        strlen(address) > ADDRESS_BYTES_MAX)
        return false;
    for (const char *c = address; *c != '\0'; c++) {
        if (!g_ascii_isgraph(*c) || strchr("<>,;\"()\\[]", *c) != NULL)
            return false;
    }
    return true;
}

static const char *
verdict(const Notice *notice)
{
    return notice->fixed ? "fixed" : notice->state;
}

/* "greeter 12 failed on main" */
static char *
headline(const Notice *notice)
{
    const char *ref = notice->ref;

    if (g_str_has_prefix(ref, "refs/heads/"))
        ref += strlen("refs/heads/");
    else if (g_str_has_prefix(ref, "refs/"))
        ref += strlen("refs/");
    return g_strdup_printf("%s %" G_GINT64_FORMAT " %s on %s", notice->project, notice->number,
                           verdict(notice), ref);
}

static char *
webhook_body(const Notice *notice, GError **error)
{
    g_autoptr(json_t) object = json_object();
    g_autofree char *at = clock_format_us(notice->at_us);

    json_object_set_new(object, "id", json_string(notice->id));
    json_object_set_new(object, "event", json_string("run"));
    json_object_set_new(object, "project", json_string(notice->project));
    json_object_set_new(object, "number", json_integer(notice->number));
    json_object_set_new(object, "state", json_string(notice->state));
    json_object_set_new(object, "fixed", json_boolean(notice->fixed));
    json_object_set_new(object, "ref", json_string(notice->ref));
    json_object_set_new(object, "commit", json_string(notice->commit));
    json_object_set_new(object, "reason", json_string(notice->reason));
    json_object_set_new(object, "url", json_string(notice->url));
    json_object_set_new(object, "at", json_string(at));
    return json_canonical(object, NULL, error);
}

/* &, < and > are the three that Slack wants escaped; then nothing of ours can mention or link. */
static char *
slack_escape(const char *text)
{
    GString *out = g_string_new(NULL);

    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '&')
            g_string_append(out, "&amp;");
        else if (*c == '<')
            g_string_append(out, "&lt;");
        else if (*c == '>')
            g_string_append(out, "&gt;");
        else
            g_string_append_c(out, *c);
    }
    return g_string_free(out, FALSE);
}

static char *
slack_body(const Notice *notice, GError **error)
{
    g_autoptr(json_t) object = json_object();
    g_autofree char *line = headline(notice);
    g_autofree char *safe = slack_escape(line);
    g_autofree char *reason = slack_escape(notice->reason);
    g_autoptr(GString) text = g_string_new(safe);

    if (notice->reason[0] != '\0')
        g_string_append_printf(text, ": %s", reason);
    if (notice->url[0] != '\0' && strpbrk(notice->url, "<>|") == NULL)
        g_string_append_printf(text, "\n<%s|open the run>", notice->url);
    json_object_set_new(object, "text", json_string(text->str));
    return json_canonical(object, NULL, error);
}

/* A header's text as encoded words (RFC 2047), so that no byte of it can end the header. */
static char *
encoded_words(const char *text)
{
    GString *out = g_string_new(NULL);

    while (*text != '\0') {
        size_t len = MIN(strlen(text), (size_t)ENCODED_WORD_RAW);
        g_autofree char *word = NULL;

        while (len > 1 && ((unsigned char)text[len] & 0xc0) == 0x80)
            len--;
        word = base64_encode(span_of(text, len));
        g_string_append_printf(out, "%s=?UTF-8?B?%s?=", out->len > 0 ? "\r\n " : "", word);
        text += len;
    }
    return g_string_free(out, FALSE);
}

static void
append_base64_lines(GString *out, const char *text)
{
    g_autofree char *encoded = base64_encode(span_of_text(text));

    for (const char *c = encoded; *c != '\0'; c += MIN(strlen(c), (size_t)BASE64_LINE)) {
        g_string_append_len(out, c, (gssize)MIN(strlen(c), (size_t)BASE64_LINE));
        g_string_append(out, "\r\n");
    }
}

static char *
mail_date(int64_t at_us)
{
    static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(at_us / 1000000);

    return g_strdup_printf(
        "%s, %02d %s %04d %02d:%02d:%02d +0000", days[g_date_time_get_day_of_week(time) - 1],
        g_date_time_get_day_of_month(time), months[g_date_time_get_month(time) - 1],
        g_date_time_get_year(time), g_date_time_get_hour(time), g_date_time_get_minute(time),
        g_date_time_get_second(time));
}

static char *
mail_body(const Notice *notice, const char *from, const char *const *recipients, GError **error)
{
    g_autofree char *line = headline(notice);
    g_autofree char *subject = encoded_words(line);
    g_autofree char *date = mail_date(notice->at_us);
    g_autofree char *to = NULL;
    g_autofree char *text = NULL;
    GString *out = NULL;

    for (size_t i = 0; recipients != NULL && recipients[i] != NULL; i++) {
        if (!notice_address_is_valid(recipients[i]) || !notice_address_is_valid(from)) {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "'%s' is not a mail address",
                      notice_address_is_valid(from) ? recipients[i] : from);
            return NULL;
        }
    }
    to = g_strjoinv(",\r\n ", (char **)recipients);
    text = g_strdup_printf("%s\n\n%s%scommit %s\n%s\n", line, notice->reason,
                           notice->reason[0] != '\0' ? "\n\n" : "", notice->commit, notice->url);
    out = g_string_new(NULL);
    g_string_append_printf(out,
                           "From: <%s>\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\n"
                           "Message-ID: <%s@slipway.invalid>\r\nMIME-Version: 1.0\r\n"
                           "Auto-Submitted: auto-generated\r\n"
                           "Content-Type: text/plain; charset=UTF-8\r\n"
                           "Content-Transfer-Encoding: base64\r\n\r\n",
                           from, to, subject, date, notice->id);
    append_base64_lines(out, text);
    return g_string_free(out, FALSE);
}

char *
notice_body(NoticeType type, const Notice *notice, const char *from, const char *const *recipients,
            GError **error)
{
    switch (type) {
    case NOTICE_WEBHOOK:
        return webhook_body(notice, error);
    case NOTICE_SLACK:
        return slack_body(notice, error);
    case NOTICE_MAIL:
        return mail_body(notice, from, recipients, error);
    default:
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "not a kind of notice");
        return NULL;
    }
}
