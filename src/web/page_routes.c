/* SPDX-License-Identifier: Apache-2.0
 * page_routes: the pages and their addresses. */
#include "web/page.h"
#include "base/banned.h"

const WebRoute page_routes[] = {
    { "GET", "/", API_ROLE_READER, page_runs, 0 },
    { "GET", "/runs", API_ROLE_READER, page_runs, 0 },
    { "GET", "/projects", API_ROLE_READER, page_projects, 0 },
    { "GET", "/projects/{project}", API_ROLE_READER, page_project, 0 },
    { "GET", "/projects/{project}/badge.svg", API_ROLE_READER, page_badge_svg, 0 },
    { "GET", "/projects/{project}/badge.json", API_ROLE_READER, page_badge_json, 0 },
    { "GET", "/projects/{project}/runs/{number}", API_ROLE_READER, page_run, 0 },
    { "GET", "/projects/{project}/runs/{number}/artifacts/{position}/{path*}", API_ROLE_READER,
      page_artifact, WEB_SLOW },
    { "GET", "/projects/{project}/runs/{number}/config", API_ROLE_READER, page_run_config,
      WEB_SLOW },
    { "GET", "/previews/{project}/{folder}/{path*}", API_ROLE_READER, page_preview_file, WEB_SLOW },
    { "GET", "/queue", API_ROLE_READER, page_queue, 0 },
    { "GET", "/pools", API_ROLE_READER, page_pools, 0 },
    { "GET", "/releases", API_ROLE_READER, page_releases, 0 },
    { "GET", "/releases/{release*}", API_ROLE_READER, page_release, 0 },
    { "GET", "/log", API_ROLE_READER, page_log, 0 },
    { "GET", "/log/entries/{index}", API_ROLE_READER, page_entry, WEB_SLOW },
    { "GET", "/login", API_ROLE_ANYONE, page_login, 0 },
    { "GET", "/static/{file}", API_ROLE_ANYONE, page_static, 0 },
};
const size_t page_n_routes = G_N_ELEMENTS(page_routes);
