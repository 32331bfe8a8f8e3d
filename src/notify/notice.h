/* SPDX-License-Identifier: Apache-2.0
 * notice: what people are told about a run: a webhook of our own form, a Slack-shaped message, a
 * mail. Pure: texts in, texts out; the sender signs and sends. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"

typedef enum {
    NOTICE_NONE, /* refused */
    NOTICE_WEBHOOK,
    NOTICE_SLACK,
    NOTICE_MAIL,
    NOTICE_N_TYPES
} NoticeType;
/** "webhook"; static. */
const char *notice_type_name(NoticeType type);
/** NOTICE_NONE for an unknown spelling. */
NoticeType notice_type_from_string(const char *name);

typedef struct Notice { /* all borrowed */
    const char *project;
    int64_t number;    /* of the run */
    const char *state; /* "passed" … */
    bool fixed;        /* passed, and the one before it on this ref had not */
    const char *ref;
    const char *commit;
    const char *reason;
    const char *url; /* of the run's page; "" unknown */
    int64_t at_us;
    const char *id; /* the same for every attempt: receivers can tell repetitions */
} Notice;

/** The body for a webhook (application/json, canonical) or Slack; a whole message (RFC 5322, ASCII,
 * CRLF) for mail, from @from to @recipients. Returns: owned. Errors: INVALID (an address with a
 * control character, blank or comma, or no '@'). */
char *notice_body(NoticeType type, const Notice *notice, const char *from,
                  const char *const *recipients, GError **error) MUST_CHECK;
/** Whether @address may stand in a header and in SMTP: one '@', no blanks, controls or "<>,;\"". */
bool notice_address_is_valid(const char *address);
