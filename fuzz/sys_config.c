/* SPDX-License-Identifier: Apache-2.0
 * sys_config: any settings file is taken or refused, and either can be cleared. */
#include <stdlib.h>
#include "sys/config.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Settings {
    char *listen;
    int64_t jobs, memory, timeout;
    bool public;
    char **hosts;
} Settings;

static const ConfigSetting rows[] = {
    { "http.listen", CONFIG_STRING, offsetof(Settings, listen), "x", 0, 0, 0, "" },
    { "http.public", CONFIG_BOOL, offsetof(Settings, public), NULL, 0, 0, 0, "" },
    { "jobs", CONFIG_INT, offsetof(Settings, jobs), "2", 1, 64, 0, "" },
    { "memory", CONFIG_SIZE, offsetof(Settings, memory), "1 GiB", 0, 0, 0, "" },
    { "timeout", CONFIG_DURATION, offsetof(Settings, timeout), "1m", 0, 0, 0, "" },
    { "hosts", CONFIG_STRINGS, offsetof(Settings, hosts), "a", 0, 0, 0, "" },
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Span text = span_of(data, size);
    Settings settings = { 0 };
    g_autoptr(Diagnostics) diagnostics = diagnostics_new("fuzz", text);
    bool ok = config_parse(rows, G_N_ELEMENTS(rows), text, diagnostics, &settings);

    if (ok != (diagnostics_count(diagnostics) == 0) ||
        (ok && (settings.jobs < 1 || settings.jobs > 64)))
        abort();
    config_clear(rows, G_N_ELEMENTS(rows), &settings);
    return 0;
}
