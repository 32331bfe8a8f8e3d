/* SPDX-License-Identifier: Apache-2.0
 * page_routes: the pages and their addresses. */
#include "web/web.h"
#include "base/banned.h"

const WebRoute page_routes[] = { { 0 } };
const size_t page_n_routes = 0;

void
page_problem(const WebRequest *request, const WebProblem *problem, WebAnswer *answer)
{
    (void)request;
    web_answer_text(answer, problem->status, "text/plain; charset=utf-8", problem->message);
}
