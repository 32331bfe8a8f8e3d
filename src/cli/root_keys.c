/* SPDX-License-Identifier: Apache-2.0
 * root_keys: a list of paths in the data folder. */
#include "cli/root_keys.h"
#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/banned.h"

#define LIST_NAME "root-keys.json"

bool
root_keys_remember(const char *home, const GPtrArray *paths, GError **error)
{
    g_autoptr(json_t) list = json_array();
    g_autofree char *text = NULL;
    AUTO_FD int fd = dir_open(AT_FDCWD, home, error);

    if (fd < 0)
        return false;
    for (guint i = 0; i < paths->len; i++) {
        g_autofree char *path = g_canonicalize_filename(paths->pdata[i], NULL);

        json_array_append_new(list, json_string(path));
    }
    text = json_pretty(list);
    return file_write_atomic(fd, LIST_NAME, span_of_text(text), 0600, error);
}

void
root_keys_warn(const char *home, Output *output)
{
    g_autofree char *list_path = g_strdup_printf("%s/" LIST_NAME, home);
    g_autofree char *text = NULL;
    g_autoptr(json_t) list = NULL;
    g_autoptr(GError) error = NULL;
    size_t i = 0;
    json_t *path = NULL;

    if (access(list_path, F_OK) != 0) /* made elsewhere, or restored */
        return;
    text = file_read_text(AT_FDCWD, list_path, LIMIT_JSON_BYTES, &error);
    list = text != NULL ? json_parse(span_of_text(text), LIMIT_JSON_BYTES, &error) : NULL;
    if (error != NULL)
        output_talk(output, "warning: cannot say whether the root keys are offline: %s",
                    error->message);
    json_array_foreach (list, i, path) {
        if (json_is_string(path) && access(json_string_value(path), F_OK) == 0)
            output_talk(output,
                        "warning: root key '%s' is still on this machine: take it offline, it "
                        "decides over every other key",
                        json_string_value(path));
    }
}
