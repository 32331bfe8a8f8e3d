/* SPDX-License-Identifier: Apache-2.0
 * http_load: sends requests that are ready over a number of connections, each the next as soon as it
 * has its answer, and prints how long they waited as a line of JSON. */
#pragma once
#include <glib.h>

#define HTTP_LOAD_MAX_CONNECTIONS 512

/** @requests: of GBytes, whole HTTP/1.1 requests. @wanted: the status of a good answer. Ends the
 * program where a connection breaks. */
void http_load_run(const char *host, GPtrArray *requests, size_t n_connections, unsigned wanted);
