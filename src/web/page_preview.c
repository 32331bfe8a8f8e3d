/* SPDX-License-Identifier: Apache-2.0
 * page_preview: files of previews. They are strangers' bytes: always an attachment, never shown. */
#include <string.h>
#include "base/files.h"
#include "base/json.h"
#include "service/preview.h"
#include "web/page.h"
#include "web/server_priv.h"
#include "base/banned.h"

void
page_add_preview(const WebRequest *request, const char *run, json_t *content)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(json_t) list =
        page_call(request, "preview.list",
                  json_pack("{s:s}", "project", web_param(request, "project")), &local);
    size_t i = 0;
    json_t *one = NULL;

    if (list == NULL)
        error_ignore(false, &local, "the page is shown without");
    json_array_foreach (list, i, one) {
        const char *made_by = json_string_value(json_object_get(one, "run"));

        if (made_by == NULL || strcmp(made_by, run) != 0)
            continue;
        page_add_time(one, "expiresAt", "expiresIso");
        json_object_set(content, "preview", one);
    }
}

bool
page_preview_file(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const char *path = web_param(request, "path");
    ApiContext context = web_context(request);
    g_autoptr(json_t) args = json_pack("{s:s}", "project", web_param(request, "project"));
    uint64_t size = 0;
    int fd = -1;

    if (!web_check_scope(request, api_find("preview.list"), args, error))
        return false;
    fd = preview_open(context.engine, web_param(request, "project"), web_param(request, "folder"),
                      path, &size, error);
    if (fd < 0)
        return false;
    page_answer_attachment(answer, fd, size, path);
    web_answer_header(answer, "Cache-Control", "private, no-store");
    return true;
}
