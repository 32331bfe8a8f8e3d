/* SPDX-License-Identifier: Apache-2.0
 * hook_routes: what forges send; service/intake decides. */
#include "service/intake.h"
#include "web/server_priv.h"
#include "base/banned.h"

static const char *
header_of(const void *data, const char *name)
{
    return web_header(data, name);
}

static bool
receive(const WebRequest *request, WebAnswer *answer, GError **error)
{
    IntakeRequest intake = { .hook = web_param(request, "hook"),
                             .forge = web_param(request, "forge"),
                             .header = header_of,
                             .data = request,
                             .body = web_body(request),
                             .peer = web_peer(request) };
    g_auto(IntakeAnswer) result = { 0 };

    (void)error;
    intake_receive(request->engine, &intake, &result);
    web_answer_json(answer, result.status, g_steal_pointer(&result.body));
    if (result.status == 503)
        web_answer_header(answer, "Retry-After", "1");
    return true;
}

const WebRoute hook_routes[] = {
    { "POST", "/hooks/{forge}/{hook}", API_ROLE_ANYONE, receive, WEB_HOOK | WEB_NO_CSRF },
};
const size_t hook_n_routes = G_N_ELEMENTS(hook_routes);
