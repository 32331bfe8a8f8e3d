/* SPDX-License-Identifier: Apache-2.0
 * page_run: one run: what came of it, its jobs in time, their logs. */
#pragma once
#include <stdbool.h>
#include "web/web.h"

/** The handler of /projects/{project}/runs/{number}. */
bool page_run(const WebRequest *request, WebAnswer *answer, GError **error) MUST_CHECK;
