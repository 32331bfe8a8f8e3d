/* SPDX-License-Identifier: Apache-2.0
 * cron: see cron.h. The next time is searched from the largest unit down: whole days are skipped by
 * the calendar, so that even "0 0 29 2 *" is found in a few thousand steps. */
#include "pipeline/cron.h"
#include <string.h>
#include "base/banned.h"

#define TEXT_BYTES     256
#define N_FIELDS       5
#define MINUTES_A_DAY  (24 * 60)
#define US_A_MINUTE    (60ll * G_USEC_PER_SEC)
#define EPOCH_JULIAN   719163u    /* GDate's number of 1970-01-01 */
#define MAX_DAYS_AHEAD (41 * 366) /* 29 February on one day of the week: 40 years around 2100 */
#define LAST_DAY       (3652059u - 1u) /* GDate's number of 9999-12-30 */

typedef struct Field {
    const char *what;
    unsigned min, max;
    const char *const *names; /* of min and following; NULL-terminated; or NULL */
} Field;

static const char *const month_names[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul",
                                           "aug", "sep", "oct", "nov", "dec", NULL };
static const char *const weekday_names[] = {
    "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL
};
static const Field fields[N_FIELDS] = {
    { "minute", 0, 59, NULL },
    { "hour", 0, 23, NULL },
    { "day of the month", 1, 31, NULL },
    { "month", 1, 12, month_names },
    { "day of the week", 0, 7, weekday_names },
};

static bool
refuse(const Field *field, const char *text, GError **error)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
              "the %s cannot be '%s': numbers from %u to %u%s, '*', ranges 'A-B', steps '/N' and "
              "lists with ','",
              field->what, text, field->min, field->max, field->names == NULL ? "" : ", names");
    return false;
}

/* A number or a name at *@at, which moves behind it. */
static bool
take_value(const Field *field, const char **at, unsigned *out)
{
    size_t digits = strspn(*at, "0123456789");
    size_t letters = strspn(*at, "abcdefghijklmnopqrstuvwxyz");

    for (size_t i = 0; letters > 0 && field->names != NULL && field->names[i] != NULL; i++) {
        if (letters == strlen(field->names[i]) && strncmp(*at, field->names[i], letters) == 0) {
            *at += letters;
            *out = field->min + (unsigned)i;
            return true;
        }
    }
    if (digits == 0 || digits > 2)
        return false;
    *out = (unsigned)g_ascii_strtoull(*at, NULL, 10);
    *at += digits;
    return *out >= field->min && *out <= field->max;
}

/* "*", "A", "A-B", each with "/N" behind it. */
static bool
add_part(const Field *field, const char *part, uint64_t *bits)
{
    const char *at = part;
    unsigned from = field->min;
    unsigned to = field->max;
    unsigned step = 1;
    bool single = false;

    if (*at == '*') {
        at++;
    } else {
        if (!take_value(field, &at, &from))
            return false;
        single = *at != '-';
        to = from;
        if (!single) {
            at++;
            if (!take_value(field, &at, &to) || to < from)
                return false;
        }
    }
    if (*at == '/') {
        size_t digits = strspn(at + 1, "0123456789");

        step = digits == 0 || digits > 2 ? 0 : (unsigned)g_ascii_strtoull(at + 1, NULL, 10);
        if (step == 0 || step > field->max)
            return false;
        at += 1 + digits;
        if (single)
            to = field->max;
    }
    for (unsigned i = from; i <= to; i += step)
        *bits |= (uint64_t)1 << i;
    return *at == '\0';
}

static bool
read_field(const Field *field, const char *text, uint64_t *bits_out, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    uint64_t bits = 0;

    for (size_t i = 0; parts[i] != NULL; i++) {
        if (!add_part(field, parts[i], &bits))
            return refuse(field, text, error);
    }
    *bits_out = bits;
    return true;
}

static const char *
alias_of(const char *text)
{
    static const struct {
        const char *name;
        const char *text;
    } aliases[] = {
        { "@hourly", "0 * * * *" },   { "@daily", "0 0 * * *" },   { "@midnight", "0 0 * * *" },
        { "@weekly", "0 0 * * 0" },   { "@monthly", "0 0 1 * *" }, { "@yearly", "0 0 1 1 *" },
        { "@annually", "0 0 1 1 *" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(aliases); i++) {
        if (strcmp(aliases[i].name, text) == 0)
            return aliases[i].text;
    }
    return text;
}

/* Whether any of the months has one of the days. */
static bool
day_exists(const Cron *cron)
{
    static const uint8_t lengths[] = { 0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    if (!cron->any_weekday)
        return true; /* a weekday comes in every month */
    for (unsigned month = 1; month <= 12; month++) {
        uint32_t days_of_month = (uint32_t)(((uint64_t)2 << lengths[month]) - 2);

        if ((cron->months >> month & 1) != 0 && (cron->days & days_of_month) != 0)
            return true;
    }
    return false;
}

static size_t
split_fields(char *text, const char **out)
{
    size_t n = 0;
    char *at = text;

    while (*(at += strspn(at, " \t")) != '\0') {
        size_t len = strcspn(at, " \t");

        if (n < N_FIELDS)
            out[n] = at;
        n++;
        at += len;
        if (*at != '\0')
            *at++ = '\0';
    }
    return n;
}

bool
cron_parse(const char *text, Cron *cron_out, GError **error)
{
    const char *words[N_FIELDS] = { NULL };
    uint64_t bits[N_FIELDS] = { 0 };

    if (strlen(text) > TEXT_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "a time that comes again has at most %d bytes", TEXT_BYTES);
        return false;
    }
    g_autofree char *lower = g_ascii_strdown(alias_of(text), -1);
    size_t n = split_fields(lower, words);

    if (n != N_FIELDS) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "'%s' must have %d fields (minute, hour, day of the month, month, day of the "
                  "week), not %zu",
                  text, N_FIELDS, n);
        return false;
    }
    for (size_t i = 0; i < N_FIELDS; i++) {
        if (!read_field(&fields[i], words[i], &bits[i], error))
            return false;
    }
    Cron cron = {
        .minutes = bits[0],
        .hours = (uint32_t)bits[1],
        .days = (uint32_t)bits[2],
        .months = (uint16_t)bits[3],
        .weekdays = (uint8_t)((bits[4] | bits[4] >> 7) & 0x7f), /* 7 is Sunday too */
        .any_day = words[2][0] == '*',
        .any_weekday = words[4][0] == '*',
    };

    if (!day_exists(&cron)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "'%s' never comes: no month of these has such a day", text);
        return false;
    }
    *cron_out = cron;
    return true;
}

static bool
day_fits(const Cron *cron, uint32_t day_number)
{
    GDate date;

    g_date_clear(&date, 1);
    g_date_set_julian(&date, day_number);
    bool day = (cron->days >> g_date_get_day(&date) & 1) != 0;
    bool weekday = (cron->weekdays >> (unsigned)g_date_get_weekday(&date) % 7 & 1) != 0;

    if ((cron->months >> (unsigned)g_date_get_month(&date) & 1) == 0)
        return false;
    return cron->any_day || cron->any_weekday ? day && weekday : day || weekday;
}

/* The first minute of the day that fits, from @from on; -1: none. */
static int
minute_of_day(const Cron *cron, int from)
{
    for (int minute = from; minute < MINUTES_A_DAY; minute++) {
        if ((cron->hours >> (minute / 60) & 1) == 0)
            minute = minute / 60 * 60 + 59; /* none of this hour */
        else if ((cron->minutes >> (minute % 60) & 1) != 0)
            return minute;
    }
    return -1;
}

int64_t
cron_next_us(const Cron *cron, int64_t after_us)
{
    int64_t minute = MAX(after_us, 0) / US_A_MINUTE + 1;
    uint32_t day = EPOCH_JULIAN + (uint32_t)MIN(minute / MINUTES_A_DAY, LAST_DAY - EPOCH_JULIAN);
    int from = (int)(minute % MINUTES_A_DAY);

    for (unsigned i = 0; i < MAX_DAYS_AHEAD && day < LAST_DAY; i++, day++, from = 0) {
        int found = day_fits(cron, day) ? minute_of_day(cron, from) : -1;

        if (found >= 0)
            return ((int64_t)(day - EPOCH_JULIAN) * MINUTES_A_DAY + found) * US_A_MINUTE;
    }
    return INT64_MAX;
}
