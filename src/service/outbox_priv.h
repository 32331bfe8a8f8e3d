/* SPDX-License-Identifier: Apache-2.0
 * outbox_priv: what the files of the outbox share; for src/service/outbox*.c, channel.c, project.c,
 * watch.c, poll.c and engine.c only. */
#pragma once
#include "db/db.h"
#include "notify/notice.h"
#include "sender/client.h"
#include "service/outbox.h"

typedef struct OutboxChannel { /* owned; where notices go; end with outbox_channel_clear */
    char *name;
    NoticeType type;
    char *url;
    char *secret_file;
    char *account;
    char *from;
    char **recipients;
    char **states;
    char **refs;
} OutboxChannel;
void outbox_channel_clear(OutboxChannel *channel);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OutboxChannel, outbox_channel_clear)
/** From a row of channel_list and its like. */
void outbox_channel_read(const DbRows *rows, OutboxChannel *out);

typedef struct OutboxRow { /* owned; a row that waits; end with outbox_row_clear */
    int64_t id;
    char *lane;
    char *project;
    RunId run;
    char *channel; /* "": the commit status */
    char *run_state;
    char *description;
    char *target_url;
    int64_t attempts;
    int64_t created_us;
    char *effect;
} OutboxRow;
void outbox_row_clear(OutboxRow *row);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OutboxRow, outbox_row_clear)

typedef struct OutboxMessage { /* owned; what a row becomes; end with outbox_message_clear */
    SenderRequest request;     /* borrows from the rest */
    char *url;
    char *body;
    char *secret_file;
    char *account;
    char *from;
    char **recipients;
    char *event;
    char *delivery;
    char *host; /* who may ask us to slow down */
} OutboxMessage;
void outbox_message_clear(OutboxMessage *message);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OutboxMessage, outbox_message_clear)
/** The request for @row. Errors: INVALID (settings), NOT_FOUND (channel or project gone), db's. */
bool outbox_message_make(DbConn *conn, const OutboxRow *row, OutboxMessage *out,
                         GError **error) MUST_CHECK;
/** Microseconds until the next attempt after @attempts in vain, jitter included; at least
 * @wait_s seconds. */
int64_t outbox_backoff_us(int64_t attempts, int64_t wait_s);

typedef struct Poll Poll;
/** Starts a thread that polls, if some project is to be polled; NULL otherwise, or with @error. */
Poll *poll_start(Engine *engine, GError **error) MUST_CHECK;
void poll_stop(Poll *poll);
/** Settings have changed. */
void poll_wake(Poll *poll);
/** Projects have changed: polling begins or looks again. */
void outbox_settings_changed(Engine *engine);
