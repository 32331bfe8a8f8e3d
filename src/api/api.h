/* SPDX-License-Identifier: Apache-2.0
 * api: everything one can ask Slipway for, as one const table of operations. The command line, the
 * JSON API and its OpenAPI page are three views of it. A handler parses nothing: its arguments are
 * checked against the row before it runs. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/error.h"
#include "sys/cancel.h"

#define API_ERROR (api_error_quark())
GQuark api_error_quark(void);
typedef enum {
    API_ERROR_UNKNOWN_OPERATION = ERROR_CODE(ERROR_KIND_NOT_FOUND, 1), /* no such row */
    API_ERROR_BAD_ARGUMENTS = ERROR_CODE(ERROR_KIND_INVALID, 1),       /* not what the row says */
    API_ERROR_FORBIDDEN = ERROR_CODE(ERROR_KIND_DENIED, 1),    /* the caller's role is too low */
    API_ERROR_OUT_OF_SCOPE = ERROR_CODE(ERROR_KIND_DENIED, 2), /* the token is for one project */
    API_ERROR_UNREACHABLE = ERROR_CODE(ERROR_KIND_UNAVAILABLE, 1), /* no server answers */
} ApiError;

typedef enum { /* each role may do what those before it may */
               API_ROLE_NONE,
               API_ROLE_ANYONE,     /* no login */
               API_ROLE_READER,     /* sees projects, runs and releases */
               API_ROLE_DEVELOPER,  /* starts and cancels runs */
               API_ROLE_CODE_OWNER, /* lets in proposals from outside; approving needs a key */
               API_ROLE_MAINTAINER = API_ROLE_CODE_OWNER,
               API_ROLE_RELEASE_MANAGER, /* drafts, requests, publishes */
               API_ROLE_ADMIN, /* the operator of this engine; who calls in process has it */
               API_N_ROLES,
} ApiRole;

typedef enum {
    API_NONE,
    API_STRING,
    API_INT, /* 0 to 2^53-1 */
    API_BOOL,
    API_STRINGS, /* array of strings */
    API_OBJECT,  /* checked by the handler */
    API_ARRAY,   /* checked by the handler */
} ApiType;

typedef enum {
    API_REQUIRED = 1 << 0,
    API_CHANGES = 1 << 1,      /* operations: changes state (POST); else it only reads (GET) */
    API_LOCAL = 1 << 2,        /* operations: names files of this machine; never over HTTP */
    API_TELLS_SECRET = 1 << 3, /* operations: "token" or "secret" of the answer is told this once */
} ApiFlags;

typedef struct ApiField { /* ends with { 0 } */
    const char *name;
    ApiType type;
    ApiFlags flags;
    const char *help;
} ApiField;

typedef struct ApiContext {
    struct Engine *engine; /* borrowed; the open data folder (service/engine.h) */
    ApiRole role;          /* of the caller */
    const char *actor;     /* borrowed: "person:alice" or "operator"; for the trail */
    bool remote;           /* over HTTP: may name no file of this machine */
    Cancel *cancel;        /* borrowed; NULL = cannot be cancelled */
    /* Told of steps of long operations, from the calling thread; may be NULL. @event: borrowed. */
    void (*progress)(void *progress_data, const json_t *event);
    void *progress_data; /* borrowed */
} ApiContext;

/** @args: borrowed object, checked against the row. @result_out: owned reference, set on success.
 */
typedef bool (*ApiHandler)(ApiContext *context, const json_t *args, json_t **result_out,
                           GError **error);

typedef struct ApiOperation {
    const char
        *name;    /* "release.approve": noun, dot, verb; the HTTP path is /api/v1/release/approve */
    ApiRole role; /* the least that may call it */
    ApiFlags flags;       /* API_CHANGES */
    const ApiField *args; /* ends with { 0 }; NULL = none */
    const char *help;     /* one line */
    const char *result;   /* what comes back, one line */
    ApiHandler handler;
} ApiOperation;

/* operations.c: the rows, sorted by name. */
extern const ApiOperation *const api_operations[];
extern const size_t api_n_operations;

const ApiOperation *api_find(const char *name);
/* "reader", "developer", "code-owner", "release-manager", "admin"; static. */
const char *api_role_name(ApiRole role);
/** API_ROLE_NONE when no role has that name. */
ApiRole api_role_from_string(const char *name);
/** Checks @args (NULL = {}) against @operation. Errors: BAD_ARGUMENTS, all of them in one message.
 */
bool api_check_args(const ApiOperation *operation, const json_t *args, GError **error) MUST_CHECK;
/** Finds, checks role and arguments, runs. @result_out: owned reference. Blocks as the operation
 * does. Errors: UNKNOWN_OPERATION, FORBIDDEN, BAD_ARGUMENTS, and what the operation says. */
bool api_call(ApiContext *context, const char *name, const json_t *args, json_t **result_out,
              GError **error) MUST_CHECK;
/** Tells context->progress, if set; steals @event. */
void api_progress(ApiContext *context, json_t *event);

/* For handlers: arguments already checked. Borrowed; the fallback when absent. */
const char *api_arg_string(const json_t *args, const char *name, const char *fallback);
int64_t api_arg_int(const json_t *args, const char *name, int64_t fallback);
bool api_arg_bool(const json_t *args, const char *name);
