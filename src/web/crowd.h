/* SPDX-License-Identifier: Apache-2.0
 * crowd: open connections, and which one goes when there are too many: of those whose request is not
 * complete the one that has been so for the longest. So whoever sends a letter a minute on every
 * connection there is keeps nobody out, and an honest client, whose request is there at once, stays.
 * Not thread-safe. */
#pragma once
#include <glib.h>
#include <stddef.h>

typedef struct Crowd Crowd;
typedef struct CrowdPeer CrowdPeer; /* one open connection */

/** More than @room connections are too many. */
Crowd *crowd_new(size_t room);
/** Nobody may be in it. Accepts NULL. */
void crowd_free(Crowd *crowd);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Crowd, crowd_free)

/** A connection of socket @fd. @victim_fd_out: the socket that is to be shut for it, or -1; it stays
 * in the crowd until it leaves, but is not named again. Owned until crowd_leave. */
CrowdPeer *crowd_enter(Crowd *crowd, int fd, int *victim_fd_out);
/** Its request is complete: it is our turn. */
void crowd_busy(Crowd *crowd, CrowdPeer *peer);
/** Its request was answered: the next one is the client's turn. */
void crowd_idle(Crowd *crowd, CrowdPeer *peer);
void crowd_leave(Crowd *crowd, CrowdPeer *peer);
