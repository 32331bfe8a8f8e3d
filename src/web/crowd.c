/* SPDX-License-Identifier: Apache-2.0
 * crowd: see crowd.h. */
#include "web/crowd.h"
#include <assert.h>
#include <stdbool.h>
#include "base/banned.h"

struct Crowd {
    size_t room;
    size_t n;
    GQueue waited_for; /* of CrowdPeer by their link; the client's turn, the longest first */
};

struct CrowdPeer {
    GList link; /* in waited_for if queued */
    int fd;     /* borrowed */
    bool queued;
    bool named; /* it is being shut */
};

Crowd *
crowd_new(size_t room)
{
    Crowd *crowd = g_new0(Crowd, 1);

    crowd->room = room;
    return crowd;
}

void
crowd_free(Crowd *crowd)
{
    if (crowd == NULL)
        return;
    assert(crowd->n == 0);
    g_free(crowd);
}

static void
take_out(Crowd *crowd, CrowdPeer *peer)
{
    if (peer->queued)
        g_queue_unlink(&crowd->waited_for, &peer->link);
    peer->queued = false;
}

CrowdPeer *
crowd_enter(Crowd *crowd, int fd, int *victim_fd_out)
{
    CrowdPeer *peer = g_new0(CrowdPeer, 1);
    GList *oldest = crowd->waited_for.head;

    *victim_fd_out = -1;
    peer->fd = fd;
    peer->link.data = peer;
    if (++crowd->n > crowd->room && oldest != NULL) {
        CrowdPeer *victim = oldest->data;

        take_out(crowd, victim);
        victim->named = true;
        *victim_fd_out = victim->fd;
    }
    crowd_idle(crowd, peer);
    return peer;
}

void
crowd_busy(Crowd *crowd, CrowdPeer *peer)
{
    take_out(crowd, peer);
}

void
crowd_idle(Crowd *crowd, CrowdPeer *peer)
{
    if (peer->named || peer->queued)
        return;
    g_queue_push_tail_link(&crowd->waited_for, &peer->link);
    peer->queued = true;
}

void
crowd_leave(Crowd *crowd, CrowdPeer *peer)
{
    take_out(crowd, peer);
    crowd->n--;
    g_free(peer);
}
