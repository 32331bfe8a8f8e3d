/* SPDX-License-Identifier: Apache-2.0
 * status: a commit status as the request a forge wants, and what its answer means. Pure. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/span.h"
#include "forge/forge.h"

typedef struct ForgeStatus { /* all borrowed */
    ForgeType type;
    const char *api_url;    /* "https://api.github.com"; NULL or "": the forge's own */
    const char *repository; /* "owner/name" */
    const char *commit;     /* hex */
    ForgeState state;
    const char *context;     /* "slipway/build" */
    const char *description; /* for people; cut to what the forge takes */
    const char *target_url;  /* of the run's page; NULL: none */
    const char *ref;         /* GitLab wants branch or tag; NULL: none */
} ForgeStatus;

typedef enum { /* how the sender shows the token */
               FORGE_AUTH_NONE,
               FORGE_AUTH_BEARER,        /* Authorization: Bearer … */
               FORGE_AUTH_TOKEN,         /* Authorization: token … */
               FORGE_AUTH_PRIVATE_TOKEN, /* PRIVATE-TOKEN: … */
} ForgeAuth;
/** "bearer", "token", "private-token", "none"; static. */
const char *forge_auth_name(ForgeAuth auth);

typedef struct ForgeRequest { /* end with forge_request_clear */
    char *url;                /* owned */
    char *body;               /* owned; JSON */
    const char *accept;       /* static */
    ForgeAuth auth;
} ForgeRequest;
void forge_request_clear(ForgeRequest *request);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ForgeRequest, forge_request_clear)

/** The POST that sets @status. Errors: INVALID (a forge without statuses, no API address, a
 * repository that is not "owner/name", a commit that is not hex). */
bool forge_status_request(const ForgeStatus *status, ForgeRequest *out, GError **error) MUST_CHECK;

typedef struct ForgeAnswer { /* what came back, as the sender tells it */
    unsigned status;         /* HTTP; 0: nothing came */
    int64_t retry_after_s;   /* -1: not said */
    int64_t rate_remaining;  /* X-RateLimit-Remaining; -1: not said */
    int64_t rate_reset_s;    /* X-RateLimit-Reset, seconds since 1970; -1: not said */
    const char *body;        /* borrowed; its beginning; NULL: unknown */
} ForgeAnswer;

typedef enum {
    FORGE_OUTCOME_NONE,
    FORGE_OUTCOME_DONE,
    FORGE_OUTCOME_RETRY,   /* later, with back-off; *wait_s_out is the least */
    FORGE_OUTCOME_REFUSED, /* it will never take this; the credential or the request is wrong */
} ForgeOutcome;

/** What @answer means at @now_s.
 * @wait_s_out: seconds until any request to this forge makes sense; 0: none said. Set also when
 * DONE: the budget may be used up. */
ForgeOutcome forge_answer_outcome(const ForgeAnswer *answer, int64_t now_s, int64_t *wait_s_out);
