/* SPDX-License-Identifier: Apache-2.0
 * openapi: the table of operations as an OpenAPI 3.1 document. */
#pragma once
#include <jansson.h>

/** @base_url: of this server. Owned reference. */
json_t *openapi_document(const char *base_url);
