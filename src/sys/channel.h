/* SPDX-License-Identifier: Apache-2.0
 * channel: messages between our own processes over a Unix stream socket: 4 bytes big-endian length,
 * then the payload; descriptors ride with the length. One thread sends and one receives at a time.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>
#include "base/attributes.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"
#include "sys/cancel.h"

#define CHANNEL_SEND_TIMEOUT_MS 30000 /* a peer that reads nothing for so long is lost */

#define CHANNEL_ERROR (channel_error_quark())
GQuark channel_error_quark(void);
typedef enum {
    /* the peer is gone; nothing more will come */
    CHANNEL_ERROR_CLOSED = ERROR_CODE(ERROR_KIND_UNAVAILABLE, 1),
} ChannelError;

typedef struct Channel Channel;

typedef struct ChannelMessage {
    GBytes *payload;            /* owned */
    int fds[LIMIT_CHANNEL_FDS]; /* owned, close-on-exec; set to -1 what you take */
    size_t n_fds;
} ChannelMessage;
void channel_message_clear(ChannelMessage *message);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ChannelMessage, channel_message_clear)

/** @fd: a connected Unix stream socket; taken, made non-blocking. */
Channel *channel_new(int fd);
/** Closes it; the peer sees CLOSED. Accepts NULL. */
void channel_free(Channel *channel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Channel, channel_free)
/** A connected pair: a channel for us, a descriptor (close-on-exec, owned) for the peer. Errors:
 * IO. */
bool channel_pair(Channel **ours_out, int *theirs_out, GError **error) MUST_CHECK;

int channel_fd(const Channel *channel);
/** @payload: at most LIMIT_CHANNEL_FRAME_BYTES. @fds: borrowed, @n_fds at most LIMIT_CHANNEL_FDS.
 * Errors: CLOSED, LIMIT, TIMEOUT, IO. After an error the channel is good for nothing but free. */
bool channel_send(Channel *channel, Span payload, const int *fds, size_t n_fds,
                  GError **error) MUST_CHECK;
/** Waits for one whole message, at most @timeout_ms (-1 without end) for its first byte.
 * Errors: CLOSED, TIMEOUT, CANCELLED (all three between messages), LIMIT, CORRUPT (cut inside), IO.
 */
bool channel_receive(Channel *channel, int timeout_ms, Cancel *cancel, ChannelMessage *message_out,
                     GError **error) MUST_CHECK;
/** Who is at the other end (SO_PEERCRED). Errors: IO. */
bool channel_peer(const Channel *channel, pid_t *pid_out, uid_t *uid_out,
                  GError **error) MUST_CHECK;
