/* SPDX-License-Identifier: Apache-2.0
 * page_artifact: what jobs of a run left, as downloads. */
#include <string.h>
#include "base/digest.h"
#include "base/files.h"
#include "base/json.h"
#include "service/run_artifact.h"
#include "web/page.h"
#include "web/server_priv.h"
#include "base/banned.h"

bool
page_artifact(const WebRequest *request, WebAnswer *answer, GError **error)
{
    g_autofree char *run =
        g_strdup_printf("%s/%s", web_param(request, "project"), web_param(request, "number"));
    g_autoptr(json_t) args = json_pack("{s:s}", "project", web_param(request, "project"));
    const char *known = web_header(request, "If-None-Match");
    const char *place = web_param(request, "position");
    RunArtifactName name = { .run = run, .path = web_param(request, "path") };
    guint64 position = 0;
    uint64_t size = 0;
    Digest digest;
    AUTO_FD int fd = -1;

    if (!g_ascii_string_to_unsigned(place, 10, 0, G_MAXINT32, &position, NULL)) {
        error_set(error, WEB_ERROR, WEB_ERROR_NO_PAGE, "'%s' is no position of a job", place);
        return false;
    }
    name.position = (int64_t)position;
    if (!web_check_scope(request, api_find("run.artifact"), args, error) ||
        (fd = run_artifact_open(web_engine(request), &name, &digest, &size, error)) < 0)
        return false;
    g_autofree char *tag = digest_dup_string(&digest);
    g_autofree char *etag = g_strdup_printf("\"%s\"", tag);

    if (known != NULL && strcmp(known, etag) == 0)
        answer->status = 304;
    else
        page_answer_attachment(answer, fd_steal(&fd), size, name.path);
    web_answer_header(answer, "ETag", etag);
    web_answer_header(answer, "Cache-Control", "private, no-cache");
    return true;
}
