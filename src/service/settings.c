/* SPDX-License-Identifier: Apache-2.0
 * settings: see settings.h. */
#include "service/settings.h"
#include <string.h>
#include "base/error.h"
#include "base/banned.h"

bool
settings_invalid(GError **error, const char *key, const char *expected)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "'%s' is not right: expected %s", key,
              expected);
    return false;
}

bool
settings_take_text(const json_t *settings, const char *key, char **out, GError **error)
{
    const json_t *value = json_object_get(settings, key);

    if (value == NULL)
        return true;
    if (!json_is_string(value) || json_string_length(value) > SETTINGS_TEXT_BYTES_MAX ||
        strpbrk(json_string_value(value), "\r\n") != NULL)
        return settings_invalid(error, key, "a text of one line");
    g_free(*out);
    *out = g_strdup(json_string_value(value));
    return true;
}
