/* SPDX-License-Identifier: Apache-2.0
 * error: kinds of failure, and helpers that set, prefix and ignore a GError. */
#include "base/error.h"
#include <errno.h>
#include <stdarg.h>
#include "base/log.h"
#include "base/banned.h"

GQuark
base_error_quark(void)
{
    return g_quark_from_static_string("base-error");
}

ErrorKind
error_kind(const GError *error)
{
    if (error == NULL)
        return ERROR_KIND_NONE;
    int kind = error->code >> 8;

    return kind > ERROR_KIND_NONE && kind < ERROR_N_KINDS ? (ErrorKind)kind : ERROR_KIND_NONE;
}

const char *
error_kind_name(ErrorKind kind)
{
    static const char *const names[ERROR_N_KINDS] = {
        [ERROR_KIND_NONE] = "none",
        [ERROR_KIND_INVALID] = "invalid",
        [ERROR_KIND_NOT_FOUND] = "not-found",
        [ERROR_KIND_EXISTS] = "exists",
        [ERROR_KIND_CONFLICT] = "conflict",
        [ERROR_KIND_DENIED] = "denied",
        [ERROR_KIND_LIMIT] = "limit",
        [ERROR_KIND_BUSY] = "busy",
        [ERROR_KIND_TIMEOUT] = "timeout",
        [ERROR_KIND_CANCELLED] = "cancelled",
        [ERROR_KIND_UNAVAILABLE] = "unavailable",
        [ERROR_KIND_CORRUPT] = "corrupt",
        [ERROR_KIND_UNTRUSTED] = "untrusted",
        [ERROR_KIND_IO] = "io",
        [ERROR_KIND_INTERNAL] = "internal",
    };

    return (unsigned)kind < ERROR_N_KINDS ? names[kind] : "none";
}

void
error_set(GError **error, GQuark domain, int code, const char *format, ...)
{
    if (error == NULL)
        return;
    va_list args;

    va_start(args, format);
    GError *made = g_error_new_valist(domain, code, format, args);
    va_end(args);
    g_propagate_error(error, made);
}

void
error_set_errno(GError **error, GQuark domain, int code, const char *format, ...)
{
    int saved = errno;

    if (error == NULL)
        return;
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, domain, code, "%s: %s", text, g_strerror(saved));
    errno = saved;
}

void
error_prefix(GError **error, const char *format, ...)
{
    if (error == NULL || *error == NULL)
        return;
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *whole = g_strdup_printf("%s: %s", text, (*error)->message);

    g_free((*error)->message);
    (*error)->message = g_steal_pointer(&whole);
}

void
error_ignore(bool ok, GError **local, const char *why)
{
    if (!ok)
        log_event(LOG_DEBUG, "ignoring an error", "WHY", why, "ERROR",
                  local != NULL && *local != NULL ? (*local)->message : "unknown", NULL);
    g_clear_error(local);
}

char *
error_printable(const char *text)
{
    GString *out = g_string_new(NULL);

    while (*text != '\0') {
        gunichar c = g_utf8_get_char_validated(text, -1);
        bool broken = c == (gunichar)-1 || c == (gunichar)-2;

        if (broken || c < 0x20 || c == 0x7f || (c >= 0x80 && c < 0xa0)) {
            const char *end = broken ? text + 1 : g_utf8_next_char(text);

            for (; text < end; text++)
                g_string_append_printf(out, "\\x%02X", (unsigned char)*text);
            continue;
        }
        g_string_append_unichar(out, c);
        text = g_utf8_next_char(text);
    }
    return g_string_free(out, FALSE);
}
