/* SPDX-License-Identifier: Apache-2.0
 * intake: a delivery becomes a queued run, in one commit. Whatever comes is answered; what is not
 * believed is answered alike, whatever is wrong with it. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "base/span.h"
#include "service/engine.h"

#define INTAKE_BODY_MAX (16u << 20) /* a longer delivery is answered with 413 unread */

typedef struct IntakeRequest { /* all borrowed */
    const char *hook;          /* {hook} of POST /hooks/{forge}/{hook}: the project */
    const char *forge;         /* "github", "gitea", "forgejo", "gitlab", "git" */
    const char *(*header)(const void *data, const char *name); /* NULL: absent */
    const void *data;
    Span body;        /* raw */
    const char *peer; /* address, for the log */
} IntakeRequest;

typedef struct IntakeAnswer { /* end with intake_answer_clear */
    unsigned status; /* 202 queued {delivery, action, run, reason}, 200 nothing to do or known
                                 already, 400, 401, 404 (also as 401), 409, 413, 503 */
    json_t *body;    /* owned */
} IntakeAnswer;
void intake_answer_clear(IntakeAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(IntakeAnswer, intake_answer_clear)

/** Verifies, parses, decides, commits; blocks until durable. Never fails: the answer says all.
 * Thread-safe. Does not wake the queue by itself when nothing was queued. */
void intake_receive(Engine *engine, const IntakeRequest *request, IntakeAnswer *answer_out);

/** The newest deliveries of @project (NULL: of all), ids below @before (0: the newest). Owned
 * [{id, project, delivery, event, action, reason, run, receivedAt}]. */
json_t *intake_deliveries(Engine *engine, const char *project, int64_t before, int64_t limit,
                          GError **error) MUST_CHECK;
/** One delivery with what it said. Errors: NOT_FOUND. Owned. */
json_t *intake_delivery(Engine *engine, int64_t id, GError **error) MUST_CHECK;
/** Decides a kept delivery anew, as a delivery of its own. @result_out: as the answer's body.
 * Errors: NOT_FOUND and those of the queue. */
bool intake_redeliver(Engine *engine, int64_t id, json_t **result_out, GError **error) MUST_CHECK;
