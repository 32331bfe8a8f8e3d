/* SPDX-License-Identifier: Apache-2.0
 * channel: length, payload, descriptors. The descriptors are attached to the bytes of the length,
 * which is read alone, so that they always arrive with the frame they belong to. */
#include "sys/channel.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/files.h"
#include "base/banned.h"

#define HEADER_BYTES 4
/* Once a frame has begun, the rest comes without pause or its sender is lost. */
#define CHANNEL_REST_TIMEOUT_MS 30000

struct Channel {
    int fd; /* owned, non-blocking */
};

typedef union Control { /* room for the descriptors, aligned as CMSG wants it */
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * LIMIT_CHANNEL_FDS)];
} Control;

G_DEFINE_QUARK(slipway - channel - error, channel_error)

void
channel_message_clear(ChannelMessage *message)
{
    g_clear_pointer(&message->payload, g_bytes_unref);
    for (size_t i = 0; i < message->n_fds; i++)
        fd_clear(&message->fds[i]);
    message->n_fds = 0;
}

Channel *
channel_new(int fd)
{
    Channel *channel = g_new0(Channel, 1);
    int flags = fcntl(fd, F_GETFL);

    assert(flags >= 0);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    channel->fd = fd;
    return channel;
}

void
channel_free(Channel *channel)
{
    if (channel == NULL)
        return;
    fd_clear(&channel->fd);
    g_free(channel);
}

bool
channel_pair(Channel **ours_out, int *theirs_out, GError **error)
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot make a channel");
        return false;
    }
    *ours_out = channel_new(fds[0]);
    *theirs_out = fds[1];
    return true;
}

int
channel_fd(const Channel *channel)
{
    return channel->fd;
}

static bool
set_io_error(const char *what, GError **error)
{
    if (errno == EPIPE || errno == ECONNRESET)
        error_set(error, CHANNEL_ERROR, CHANNEL_ERROR_CLOSED, "the other process is gone");
    else
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "%s", what);
    return false;
}

static void
attach_fds(struct msghdr *message, Control *control, const int *fds, size_t n_fds)
{
    struct cmsghdr *part;

    message->msg_control = control->bytes;
    message->msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
    part = CMSG_FIRSTHDR(message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
    memcpy(CMSG_DATA(part), fds, sizeof(int) * n_fds);
}

bool
channel_send(Channel *channel, Span payload, const int *fds, size_t n_fds, GError **error)
{
    uint8_t header[HEADER_BYTES];
    size_t done = 0;
    Control control = { 0 };

    assert(n_fds <= LIMIT_CHANNEL_FDS);
    if (payload.len > LIMIT_CHANNEL_FRAME_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "message has %zu bytes, at most %u can be sent", payload.len,
                  LIMIT_CHANNEL_FRAME_BYTES);
        return false;
    }
    for (size_t i = 0; i < HEADER_BYTES; i++)
        header[i] = (uint8_t)(payload.len >> (8 * (HEADER_BYTES - 1 - i)));
    while (done < HEADER_BYTES + payload.len) {
        size_t in_header = MIN(done, HEADER_BYTES);
        size_t in_payload = done - in_header;
        struct iovec parts[2] = {
            { header + in_header, HEADER_BYTES - in_header },
            { payload.len > 0 ? (void *)(payload.data + in_payload) : NULL,
              payload.len - in_payload },
        };
        struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
        ssize_t sent;

        if (done == 0 && n_fds > 0)
            attach_fds(&message, &control, fds, n_fds);
        sent = sendmsg(channel->fd, &message, MSG_NOSIGNAL);
        if (sent >= 0)
            done += (size_t)sent;
        else if (errno == EAGAIN) {
            if (!cancel_poll(NULL, channel->fd, POLLOUT, CHANNEL_SEND_TIMEOUT_MS, error))
                return false;
        } else if (errno != EINTR)
            return set_io_error("cannot send a message", error);
    }
    return true;
}

/* Takes every descriptor out of @message, whatever we think of it: none may leak. */
static bool
take_fds(struct msghdr *message, ChannelMessage *out)
{
    bool fits = (message->msg_flags & MSG_CTRUNC) == 0;

    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
         part = CMSG_NXTHDR(message, part)) {
        size_t n = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < n; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
            if (out->n_fds < LIMIT_CHANNEL_FDS) {
                out->fds[out->n_fds++] = fd;
            } else {
                close(fd);
                fits = false;
            }
        }
    }
    return fits;
}

/* One recvmsg into @into. Returns the bytes, 0 at the end, -1 with @error set or with errno EAGAIN.
 */
static ssize_t
receive_some(Channel *channel, void *into, size_t len, ChannelMessage *message, GError **error)
{
    Control control = { 0 };
    struct iovec part = { into, len };
    struct msghdr header = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    ssize_t got;

    do {
        got = recvmsg(channel->fd, &header, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        if (errno != EAGAIN)
            set_io_error("cannot receive a message", error);
        return -1;
    }
    if (!take_fds(&header, message)) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "message carries more than %d descriptors",
                  LIMIT_CHANNEL_FDS);
        errno = EMSGSIZE;
        return -1;
    }
    return got;
}

/* Fills @into. @begun: whether a part of this frame has been read; then its sender may not pause.
 */
static bool
receive_exactly(Channel *channel, void *into, size_t len, bool begun, int timeout_ms,
                Cancel *cancel, ChannelMessage *message, GError **error)
{
    size_t done = 0;

    while (done < len) {
        bool inside = begun || done > 0;
        g_autoptr(GError) local = NULL;
        ssize_t got = receive_some(channel, (char *)into + done, len - done, message, &local);

        if (got > 0) {
            done += (size_t)got;
        } else if (got == 0) {
            if (inside)
                error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT, "the message was cut off");
            else
                error_set(error, CHANNEL_ERROR, CHANNEL_ERROR_CLOSED, "the other process is gone");
            return false;
        } else if (local != NULL) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        } else if (!cancel_poll(inside ? NULL : cancel, channel->fd, POLLIN,
                                inside ? CHANNEL_REST_TIMEOUT_MS : timeout_ms, error)) {
            return false;
        }
    }
    return true;
}

bool
channel_receive(Channel *channel, int timeout_ms, Cancel *cancel, ChannelMessage *message_out,
                GError **error)
{
    g_auto(ChannelMessage) message = { 0 };
    g_autofree uint8_t *payload = NULL;
    uint8_t header[HEADER_BYTES];
    size_t len = 0;

    if (!receive_exactly(channel, header, sizeof header, false, timeout_ms, cancel, &message,
                         error))
        return false;
    for (size_t i = 0; i < HEADER_BYTES; i++)
        len = len << 8 | header[i];
    if (len > LIMIT_CHANNEL_FRAME_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "message has %zu bytes, at most %u are read",
                  len, LIMIT_CHANNEL_FRAME_BYTES);
        return false;
    }
    payload = g_try_malloc(MAX(len, 1));
    if (payload == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "no memory for a message of %zu bytes", len);
        return false;
    }
    if (!receive_exactly(channel, payload, len, true, -1, NULL, &message, error))
        return false;
    message.payload = g_bytes_new_take(g_steal_pointer(&payload), len);
    *message_out = message;
    message = (ChannelMessage){ 0 };
    return true;
}

bool
channel_peer(const Channel *channel, pid_t *pid_out, uid_t *uid_out, GError **error)
{
    struct ucred peer = { 0 };
    socklen_t len = sizeof peer;

    if (getsockopt(channel->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot ask who is connected");
        return false;
    }
    *pid_out = peer.pid;
    *uid_out = peer.uid;
    return true;
}
