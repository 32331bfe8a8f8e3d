/* SPDX-License-Identifier: Apache-2.0
 * log: structured lines on stderr for operators. One write(2) a line, so lines never mix. */
#include "base/log.h"
#include <glib.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>
#include "base/error.h"
#include "base/banned.h"

static const char *const level_names[] = {
    [LOG_DEBUG] = "debug",     [LOG_INFO] = "info",   [LOG_NOTICE] = "notice",
    [LOG_WARNING] = "warning", [LOG_ERROR] = "error",
};

/* The log sink (tools/statics.allow): the lowest level printed. */
static atomic_int log_lowest_level = LOG_NOTICE;

void
log_open(void)
{
    const char *wanted = g_getenv("SLIPWAY_LOG");

    for (int level = LOG_DEBUG; wanted != NULL && level <= LOG_ERROR; level++)
        if (strcmp(wanted, level_names[level]) == 0)
            atomic_store(&log_lowest_level, level);
}

void
log_event(LogLevel level, const char *message, ...)
{
    if ((int)level < atomic_load(&log_lowest_level))
        return;
    g_autoptr(GString) line = g_string_new(NULL);
    va_list args;

    g_string_printf(line, "slipway: %s: %s", level_names[level], message);
    va_start(args, message);
    for (const char *name = va_arg(args, const char *); name != NULL;
         name = va_arg(args, const char *)) {
        const char *value = va_arg(args, const char *);
        g_autofree char *printable = error_printable(value != NULL ? value : "");

        g_string_append_printf(line, " %s='%s'", name, printable);
    }
    va_end(args);
    g_string_append_c(line, '\n');
    /* Where stderr is gone there is nobody left to tell. */
    ssize_t written = write(STDERR_FILENO, line->str, line->len);
    (void)written;
}
