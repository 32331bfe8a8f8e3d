/* SPDX-License-Identifier: Apache-2.0
 * sender client: asks slipway-sender, which alone opens forge credentials and speaks to the outside,
 * to send. Requests run side by side; answers come in any order, each with its request's number. For
 * one thread. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/error.h"
#include "base/span.h"

#define SENDER_IN_FLIGHT_MAX  16
#define SENDER_BODY_MAX       (1u << 20) /* of a request */
#define SENDER_EXCERPT_MAX    512        /* of an answer's body, for people */
#define SENDER_RECIPIENTS_MAX 100

#define SENDER_ERROR (sender_error_quark())
GQuark sender_error_quark(void);
typedef enum {
    /* the process did not start, or died: whether what was in flight arrived is unknown */
    SENDER_ERROR_LOST = ERROR_CODE(ERROR_KIND_UNAVAILABLE, 1),
} SenderError;

typedef enum { /* what the secret in the file becomes */
               SENDER_AUTH_NONE,
               SENDER_AUTH_BEARER,        /* Authorization: Bearer SECRET */
               SENDER_AUTH_TOKEN,         /* Authorization: token SECRET */
               SENDER_AUTH_PRIVATE_TOKEN, /* PRIVATE-TOKEN: SECRET */
               SENDER_AUTH_HMAC,          /* X-Slipway-Signature-256 over the body */
               SENDER_AUTH_URL,           /* it is the address itself; url is not used */
               SENDER_AUTH_PASSWORD,      /* mail: of the account */
               SENDER_N_AUTHS
} SenderAuth;

typedef struct SenderRequest { /* all borrowed */
    const char *url;           /* http://, https://; mail: smtp://, smtps:// */
    const char *body;          /* JSON, or the whole message */
    const char *accept;        /* NULL: application/json */
    SenderAuth auth;
    const char *secret_file; /* absolute path; NULL with AUTH_NONE */
    const char *event;       /* HMAC: X-Slipway-Event and X-Slipway-Delivery; NULL: none */
    const char *delivery;
    const char *account;           /* mail; NULL: no login */
    const char *from;              /* mail */
    const char *const *recipients; /* mail; NULL-terminated, NULL: this is no mail */
    unsigned timeout_ms;
} SenderRequest;

typedef struct SenderAnswer { /* end with sender_answer_clear */
    int64_t number;           /* of the request */
    unsigned status;          /* HTTP; mail: 200, or 422 when refused for good; 0: nothing came */
    int64_t retry_after_s;    /* -1: not said; so the next two */
    int64_t rate_remaining;
    int64_t rate_reset_s;
    char *message; /* owned: why nothing came, or the beginning of the body; printable; maybe "" */
} SenderAnswer;
void sender_answer_clear(SenderAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SenderAnswer, sender_answer_clear)

typedef struct SenderClient SenderClient;
/** Starts nothing yet. Returns: owned. */
SenderClient *sender_client_new(void);
/** Ends the process and waits for it. Accepts NULL. */
void sender_client_free(SenderClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SenderClient, sender_client_free)

/** Sends @request on its way; starts the process if none runs. Errors: LOST, INVALID, LIMIT. */
bool sender_submit(SenderClient *client, int64_t number, const SenderRequest *request,
                   GError **error) MUST_CHECK;
/** Readable when an answer may be there; -1: no process. Borrowed. */
int sender_client_fd(const SenderClient *client);
/** One answer. Errors: TIMEOUT; LOST: the process is gone, so is everything in flight; the next
 * submit starts another. */
bool sender_receive(SenderClient *client, int timeout_ms, SenderAnswer *answer_out,
                    GError **error) MUST_CHECK;
