/* SPDX-License-Identifier: Apache-2.0
 * web_priv: the inside of a WebRequest. For src/web/{http,server,request,auth,route}.c and tests,
 * which make requests without a server. */
#pragma once
#include "web/web.h"

#define WEB_MAX_PARAMS 8

typedef struct WebPair {
    char *name;  /* owned */
    char *value; /* owned */
} WebPair;

struct WebRequest {
    char *method;             /* owned */
    char *raw_path;           /* owned, as sent */
    char *path;               /* owned, decoded */
    char *peer;               /* owned */
    GArray *headers;          /* owned, of WebPair */
    GArray *query;            /* owned, of WebPair */
    GArray *form;             /* owned, of WebPair */
    GArray *params;           /* owned, of WebPair */
    GByteArray *body;         /* owned */
    struct WebServer *server; /* borrowed */
    const char *base_url;     /* borrowed from the server */
    struct Engine *engine;    /* borrowed */
    ApiRole role;             /* of the viewer */
    char *viewer;             /* owned; NULL = nobody */
    char *actor;              /* owned: "person:alice"; "anyone" */
    char *csrf;               /* owned; of the session; NULL = none */
    char *scope;              /* owned; project a token is bound to; NULL = all */
    Cancel *cancel;           /* borrowed; triggered when the server stops */
    struct WebLater *later;   /* borrowed; the server's, for web_later */
};

/** An empty request. Owned. */
WebRequest *web_request_new(const char *method, const char *path);
void web_request_free(WebRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WebRequest, web_request_free)
/** Adds a pair to one of the lists of the request; copies. */
void web_pairs_add(GArray *pairs, const char *name, const char *value);
/** Takes "a=1&b=%20" apart into @pairs. Errors: INVALID (bad escape, NUL, not UTF-8), LIMIT. */
bool web_pairs_parse(GArray *pairs, const char *text, size_t length, GError **error) MUST_CHECK;
/** Percent-decoded; a plus stays unless @plus. Owned; NULL when an escape is cut or hides a NUL, or
 * the whole is not UTF-8. */
char *web_decode(const char *text, size_t length, bool plus);
