/* SPDX-License-Identifier: Apache-2.0
 * socket: one thread accepts, one a connection serves. */
#include "api/socket.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "api/wire.h"
#include "base/files.h"
#include "sys/channel.h"
#include "sys/thread.h"
#include "base/banned.h"

typedef struct Connection {
    struct Socket *socket; /* borrowed */
    Channel *channel;      /* owned by its thread */
    Thread *thread;        /* guarded by lock */
    bool ended;            /* guarded by lock */
} Connection;

struct Socket {
    struct Engine *engine; /* borrowed */
    char *path;            /* owned */
    int fd;                /* owned */
    Cancel *cancel;        /* owned */
    Thread *thread;
    Mutex lock;
    GPtrArray *connections; /* owned, guarded by lock */
};

static bool
address_of(const char *home, struct sockaddr_un *address, GError **error)
{
    int written = 0;

    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    written = snprintf(address->sun_path, sizeof address->sun_path, "%s/" SOCKET_NAME, home);
    if (written > 0 && (size_t)written < sizeof address->sun_path)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
              "the path of the data folder is too long for a socket: '%s'", home);
    return false;
}

static void
serve(Connection *connection)
{
    pid_t pid = 0;
    uid_t uid = 0;
    ApiContext context = { .engine = connection->socket->engine,
                           .role = API_ROLE_ADMIN,
                           .actor = "operator" };

    if (!channel_peer(connection->channel, &pid, &uid, NULL) || (uid != geteuid() && uid != 0))
        return;
    for (;;) {
        g_auto(ChannelMessage) message = { 0 };
        g_autoptr(GBytes) answer = NULL;

        if (!channel_receive(connection->channel, -1, connection->socket->cancel, &message, NULL))
            return;
        answer = wire_serve(&context, span_of_bytes(message.payload));
        if (!channel_send(connection->channel, span_of_bytes(answer), NULL, 0, NULL))
            return;
    }
}

static void
connection_thread(void *data)
{
    Connection *connection = data;

    serve(connection);
    g_clear_pointer(&connection->channel, channel_free);
    MUTEX_GUARD(&connection->socket->lock);
    connection->ended = true;
}

/* Joins the threads that have ended; all of them when @all. */
static void
reap(Socket *socket, bool all)
{
    g_autoptr(GPtrArray) ended = g_ptr_array_new();

    {
        MUTEX_GUARD(&socket->lock);

        for (guint i = socket->connections->len; i > 0; i--) {
            Connection *connection = socket->connections->pdata[i - 1];

            if (connection->ended || all)
                g_ptr_array_add(ended, g_ptr_array_remove_index_fast(socket->connections, i - 1));
        }
    }
    for (guint i = 0; i < ended->len; i++) {
        Connection *connection = ended->pdata[i];

        thread_join(connection->thread);
        g_free(connection);
    }
}

static void
accept_one(Socket *socket)
{
    int fd = accept4(socket->fd, NULL, NULL, SOCK_CLOEXEC);
    Connection *connection = NULL;

    if (fd < 0)
        return;
    reap(socket, false);
    MUTEX_GUARD(&socket->lock);
    if (socket->connections->len >= SOCKET_MAX_CONNECTIONS) {
        close(fd);
        return;
    }
    connection = g_new0(Connection, 1);
    connection->socket = socket;
    connection->channel = channel_new(fd);
    connection->thread = thread_start("connection", connection_thread, connection, NULL);
    if (connection->thread == NULL) {
        channel_free(connection->channel);
        g_free(connection);
        return;
    }
    g_ptr_array_add(socket->connections, connection);
}

static void
accept_thread(void *data)
{
    Socket *socket = data;

    while (cancel_poll(socket->cancel, socket->fd, POLLIN, -1, NULL))
        accept_one(socket);
}

Socket *
socket_listen(const char *home, struct Engine *engine, GError **error)
{
    g_autoptr(Socket) self = g_new0(Socket, 1);
    struct sockaddr_un address;
    mode_t mask = 0;
    int result = 0;

    self->fd = -1;
    self->engine = engine;
    self->cancel = cancel_new();
    self->connections = g_ptr_array_new();
    mutex_init(&self->lock);
    if (!address_of(home, &address, error))
        return NULL;
    self->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(address.sun_path); /* of a holder that died: we have its lock now */
    mask = umask(0177);
    result = self->fd >= 0 ? bind(self->fd, (struct sockaddr *)&address, sizeof address) : -1;
    umask(mask);
    if (result != 0 || listen(self->fd, SOCKET_MAX_CONNECTIONS) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot listen on '%s'",
                        address.sun_path);
        return NULL;
    }
    self->path = g_strdup(address.sun_path);
    self->thread = thread_start("socket", accept_thread, self, error);
    return self->thread != NULL ? g_steal_pointer(&self) : NULL;
}

void
socket_free(Socket *socket)
{
    if (socket == NULL)
        return;
    cancel_trigger(socket->cancel);
    if (socket->path != NULL)
        unlink(socket->path);
    thread_join(socket->thread);
    reap(socket, true);
    fd_clear(&socket->fd);
    g_ptr_array_unref(socket->connections);
    cancel_unref(socket->cancel);
    mutex_clear(&socket->lock);
    g_free(socket->path);
    g_free(socket);
}

int
socket_connect(const char *home, GError **error)
{
    struct sockaddr_un address;
    AUTO_FD int fd = -1;

    if (!address_of(home, &address, error))
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        error_set_errno(error, API_ERROR, API_ERROR_UNREACHABLE, "nobody answers on '%s'",
                        address.sun_path);
        return -1;
    }
    return fd_steal(&fd);
}
