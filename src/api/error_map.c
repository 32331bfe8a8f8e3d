/* SPDX-License-Identifier: Apache-2.0
 * error_map: the table of kinds, and the rows of single codes that say more. */
#include "api/error_map.h"
#include <string.h>
#include "api/api.h"
#include "sys/channel.h"
#include "sys/lock.h"
#include "base/banned.h"

static const ErrorMap by_kind[ERROR_N_KINDS] = {
    [ERROR_KIND_NONE] = { "internal", 500, EXIT_CODE_FAILED, NULL },
    [ERROR_KIND_INVALID] = { "invalid", 400, EXIT_CODE_FAILED, NULL },
    [ERROR_KIND_NOT_FOUND] = { "not-found", 404, EXIT_CODE_FAILED, NULL },
    [ERROR_KIND_EXISTS] = { "exists", 409, EXIT_CODE_FAILED, NULL },
    [ERROR_KIND_CONFLICT] = { "conflict", 409, EXIT_CODE_FAILED,
                              "look at what was changed meanwhile, then ask again" },
    [ERROR_KIND_DENIED] = { "denied", 403, EXIT_CODE_FAILED, NULL },
    [ERROR_KIND_LIMIT] = { "limit", 413, EXIT_CODE_FAILED, NULL },
    [ERROR_KIND_BUSY] = { "busy", 503, EXIT_CODE_FAILED, "try again in a moment" },
    [ERROR_KIND_TIMEOUT] = { "timeout", 504, EXIT_CODE_FAILED, NULL },
    [ERROR_KIND_CANCELLED] = { "cancelled", 409, EXIT_CODE_FAILED, NULL },
    [ERROR_KIND_UNAVAILABLE] = { "unavailable", 503, EXIT_CODE_FAILED, NULL },
    [ERROR_KIND_CORRUPT] = { "corrupt", 500, EXIT_CODE_FAILED,
                             "stored bytes are damaged: change nothing, run 'slipway admin fsck'" },
    [ERROR_KIND_UNTRUSTED] = { "untrusted", 422, EXIT_CODE_FAILED, NULL },
    [ERROR_KIND_IO] = { "io", 500, EXIT_CODE_FAILED, NULL },
    [ERROR_KIND_INTERNAL] = { "internal", 500, EXIT_CODE_FAILED,
                              "this is a bug: please report it with the command and this message" },
};

typedef struct CodeRow {
    GQuark (*domain)(void);
    int code;
    ErrorMap map;
} CodeRow;

static const CodeRow by_code[] = {
    { api_error_quark,
      API_ERROR_UNKNOWN_OPERATION,
      { "unknown-operation", 404, EXIT_CODE_FAILED, NULL } },
    { api_error_quark, API_ERROR_BAD_ARGUMENTS, { "bad-arguments", 400, EXIT_CODE_USAGE, NULL } },
    { api_error_quark,
      API_ERROR_FORBIDDEN,
      { "forbidden", 403, EXIT_CODE_FAILED, "ask an operator of this engine for a higher role" } },
    { api_error_quark,
      API_ERROR_OUT_OF_SCOPE,
      { "forbidden", 403, EXIT_CODE_FAILED,
        "name that project ('--project'), or ask for a token without --scope" } },
    { api_error_quark,
      API_ERROR_UNREACHABLE,
      { "unreachable", 503, EXIT_CODE_UNREACHABLE,
        "is the server running? 'slipway serve' starts it" } },
    { channel_error_quark,
      CHANNEL_ERROR_CLOSED,
      { "helper-gone", 503, EXIT_CODE_FAILED,
        "a helper process ended; asking again starts it anew" } },
    { lock_error_quark,
      LOCK_ERROR_HELD,
      { "lock-held", 503, EXIT_CODE_FAILED,
        "wait until the other command has ended, or use another --home" } },
};

const ErrorMap *
error_map_find(const GError *error)
{
    if (error == NULL)
        return &by_kind[ERROR_KIND_NONE];
    for (size_t i = 0; i < G_N_ELEMENTS(by_code); i++)
        if (by_code[i].domain() == error->domain && by_code[i].code == error->code)
            return &by_code[i].map;
    return &by_kind[error_kind(error)];
}

bool
error_map_by_name(const char *name, GQuark *domain_out, int *code_out)
{
    for (size_t i = 0; i < G_N_ELEMENTS(by_code); i++) {
        if (strcmp(by_code[i].map.name, name) == 0) {
            *domain_out = by_code[i].domain();
            *code_out = by_code[i].code;
            return true;
        }
    }
    for (int kind = ERROR_KIND_NONE + 1; kind < ERROR_N_KINDS; kind++) {
        if (strcmp(by_kind[kind].name, name) == 0) {
            *domain_out = BASE_ERROR;
            *code_out = ERROR_CODE(kind, 0);
            return true;
        }
    }
    return false;
}
