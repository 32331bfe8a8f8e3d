/* SPDX-License-Identifier: Apache-2.0
 * event: what a delivery of a forge says, in one form for all forges. Pure. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"

#define FORGE_PATHS_MAX      1000 /* changed paths we remember; more: paths_known is false */
#define FORGE_TEXT_BYTES_MAX 4096 /* of a commit message or a title */

typedef enum {
    FORGE_EVENT_NONE,     /* refused */
    FORGE_EVENT_PING,     /* the hook was set up */
    FORGE_EVENT_PUSH,     /* a branch has new commits */
    FORGE_EVENT_TAG,      /* a tag was made or moved */
    FORGE_EVENT_DELETE,   /* a branch or tag is gone */
    FORGE_EVENT_PROPOSAL, /* a pull or merge request was opened or has new commits */
    FORGE_EVENT_CLOSED,   /* a pull or merge request ended */
    FORGE_EVENT_IGNORED,  /* genuine, but nothing that starts or stops a run; reason says what */
    FORGE_N_EVENTS
} ForgeEventKind;

typedef struct ForgeEvent { /* owned strings, "" when unknown; end with forge_event_clear */
    ForgeEventKind kind;
    char *repository; /* "owner/name" as the forge calls it */
    char *ref;    /* refs/heads/main, refs/tags/v1, refs/pull/7/head, refs/merge-requests/7/head */
    char *commit; /* hex: what to test */
    char *before; /* hex: what the ref was; "" when it is new */
    char *base_ref;    /* proposals: the target branch, full */
    char *head_source; /* proposals: "owner/name" the commits come from; "" when that is gone */
    char *actor;       /* login of who did it */
    char *message;     /* of the head commit, or title of the proposal; cut */
    char *reason;      /* IGNORED: what it was */
    GPtrArray *paths;  /* owned strings: paths the push touched */
    bool paths_known;  /* paths is the whole list */
    bool outside;      /* proposals: the commits are not in this repository */
} ForgeEvent;

void forge_event_clear(ForgeEvent *event);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ForgeEvent, forge_event_clear)
/** An IGNORED event without anything, to be filled. */
void forge_event_init(ForgeEvent *event);

/** "push"; static. */
const char *forge_event_name(ForgeEventKind kind);
/** For the table of deliveries. Owned reference. */
json_t *forge_event_to_json(const ForgeEvent *event);
/** What forge_event_to_json made. @event: filled; clear it in any case. Errors: INVALID. */
bool forge_event_from_json(const json_t *json, ForgeEvent *event, GError **error) MUST_CHECK;

/** Whether @message asks not to be built: "[skip ci]", "[ci skip]", "[no ci]", "[skip actions]",
 * "[actions skip]", "***NO_CI***" in any case of letters, or a trailer "skip-checks: true". */
bool forge_message_skips(const char *message);
/** Whether @commit is all zeros: the name forges give to nothing. */
bool forge_commit_is_zero(const char *commit);
/** Whether @text is a full object id, 40 or 64 lower-case hex digits. */
bool forge_commit_is_full(const char *text);
/** Whether @ref is a full ref name git would take: refs/…, no "..", blanks, control characters or
 * "~^:?*[\\". */
bool forge_ref_is_valid(const char *ref);
