/* SPDX-License-Identifier: Apache-2.0
 * ssh_agent: one connection, one question at a time: a length, a type, a body. */
#include "keys/ssh_agent.h"
#include <assert.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include "base/files.h"
#include "keys/ssh_wire.h"
#include "base/banned.h"

#define REQUEST_IDENTITIES 11
#define IDENTITIES_ANSWER  12
#define SIGN_REQUEST       13
#define SIGN_RESPONSE      14
#define FLAG_RSA_SHA2_512  4u
#define MAX_ANSWER         (256u << 10) /* what OpenSSH allows itself */
#define MAX_IDENTITIES     2048
#define TOUCH_TIMEOUT_S    300 /* a person may have to touch a token */
#define MAX_MESSAGE        (200u << 10)

typedef struct {
    Signer base;
    int fd;       /* owned: the agent */
    GBytes *blob; /* owned: the key as the agent names it */
} AgentSigner;

static bool
unavailable(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "cannot ask the SSH agent: %s", why);
    return false;
}

static int
connect_agent(GError **error)
{
    const char *path = g_getenv("SSH_AUTH_SOCK");
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const struct timeval timeout = { .tv_sec = TOUCH_TIMEOUT_S };

    if (path == NULL || *path == '\0' || strlen(path) >= sizeof address.sun_path) {
        (void)unavailable(error, "SSH_AUTH_SOCK does not name one");
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "cannot reach the SSH agent");
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    return fd_steal(&fd);
}

static bool
read_exactly(int fd, uint8_t *data, size_t len)
{
    size_t done = 0;
    ssize_t n = 1;

    while (done < len && (n > 0 || errno == EINTR)) {
        n = recv(fd, data + done, len - done, 0);
        if (n == 0)
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return done == len;
}

/* The body of the answer to @body (type first), which must be of @wanted. Owned. */
static GBytes *
ask(int fd, const GByteArray *body, uint8_t wanted, GError **error)
{
    g_autoptr(GByteArray) request = g_byte_array_new();
    uint8_t head[4];
    uint32_t len = 0;

    ssh_wire_put_string(request, span_of(body->data, body->len));
    if (!fd_write_all(fd, span_of(request->data, request->len), error))
        return NULL;
    Span rest = span_of(head, sizeof head);
    if (!read_exactly(fd, head, sizeof head) || !ssh_wire_take_u32(&rest, &len) || len < 1 ||
        len > MAX_ANSWER) {
        (void)unavailable(error, "its answer is malformed or did not come");
        return NULL;
    }
    g_autofree uint8_t *answer = g_malloc(len);
    if (!read_exactly(fd, answer, len)) {
        (void)unavailable(error, "its answer is cut short");
        return NULL;
    }
    if (answer[0] != wanted) {
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED, "the SSH agent refused");
        return NULL;
    }
    return g_bytes_new(answer + 1, len - 1);
}

static bool
is_wanted(Span blob, Span comment, const char *which)
{
    g_autofree char *fingerprint = ssh_wire_fingerprint(blob);

    return strcmp(fingerprint, which) == 0 || ssh_wire_span_is(comment, which);
}

/* The one identity called @which. Owned. */
static GBytes *
find_identity(Span answer, const char *which, GError **error)
{
    g_autoptr(GBytes) found = NULL;
    Span rest = answer, blob, comment;
    uint32_t n = 0;

    if (!ssh_wire_take_u32(&rest, &n) || n > MAX_IDENTITIES) {
        (void)unavailable(error, "its list of keys is malformed");
        return NULL;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!ssh_wire_take_string(&rest, &blob) || !ssh_wire_take_string(&rest, &comment)) {
            (void)unavailable(error, "its list of keys is malformed");
            return NULL;
        }
        if (!is_wanted(blob, comment, which))
            continue;
        if (found != NULL) {
            error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                      "the SSH agent holds several keys '%s': say its fingerprint", which);
            return NULL;
        }
        found = g_bytes_new(blob.data, blob.len);
    }
    if (found == NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "the SSH agent holds no key '%s' among its %u; 'ssh-add -l' lists them", which,
                  n);
    return g_steal_pointer(&found);
}

bool
ssh_agent_sign(Signer *signer, Span message, GBytes **blob_out, GError **error)
{
    AgentSigner *self = (AgentSigner *)signer;
    g_autoptr(GByteArray) body = g_byte_array_new();
    const uint8_t type = SIGN_REQUEST;
    Span signature;

    assert(ssh_agent_is(signer));
    if (message.len > MAX_MESSAGE) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "cannot sign with an SSH agent: %zu bytes, the limit is %u", message.len,
                  MAX_MESSAGE);
        return false;
    }
    g_byte_array_append(body, &type, 1);
    ssh_wire_put_string(body, span_of_bytes(self->blob));
    ssh_wire_put_string(body, message);
    ssh_wire_put_u32(
        body, public_key_kind(self->base.public_key) == PUBLIC_KEY_RSA ? FLAG_RSA_SHA2_512 : 0);
    g_autoptr(GBytes) answer = ask(self->fd, body, SIGN_RESPONSE, error);
    if (answer == NULL)
        return false;
    Span rest = span_of_bytes(answer);
    if (!ssh_wire_take_string(&rest, &signature) || rest.len != 0)
        return unavailable(error, "its signature is malformed");
    *blob_out = g_bytes_new(signature.data, signature.len);
    return true;
}

static bool
agent_sign(Signer *signer, Span message, GBytes **signature_out, GError **error)
{
    AgentSigner *self = (AgentSigner *)signer;
    g_autoptr(GBytes) blob = NULL;

    if (!ssh_agent_sign(signer, message, &blob, error))
        return false;
    *signature_out = ssh_wire_raw_signature(self->base.public_key, span_of_bytes(blob), error);
    return *signature_out != NULL;
}

static void
agent_free(Signer *signer)
{
    AgentSigner *self = (AgentSigner *)signer;

    fd_clear(&self->fd);
    g_clear_pointer(&self->blob, g_bytes_unref);
    g_free(self);
}

static const SignerDriver agent_driver = {
    .name = "ssh-agent",
    .sign = agent_sign,
    .free = agent_free,
};

Signer *
ssh_agent_open(const char *which, GError **error)
{
    static const uint8_t type = REQUEST_IDENTITIES;
    g_autoptr(GByteArray) question = g_byte_array_new();
    AUTO_FD int fd = connect_agent(error);

    if (fd < 0)
        return NULL;
    g_byte_array_append(question, &type, 1);
    g_autoptr(GBytes) answer = ask(fd, question, IDENTITIES_ANSWER, error);
    g_autoptr(GBytes) blob =
        answer != NULL ? find_identity(span_of_bytes(answer), which, error) : NULL;
    g_autoptr(PublicKey) key = blob != NULL ? ssh_wire_key(span_of_bytes(blob), error) : NULL;
    if (key == NULL)
        return NULL;
    AgentSigner *self = g_new0(AgentSigner, 1);
    self->base.driver = &agent_driver;
    self->base.public_key = g_steal_pointer(&key);
    self->fd = fd_steal(&fd);
    self->blob = g_steal_pointer(&blob);
    return &self->base;
}

bool
ssh_agent_is(const Signer *signer)
{
    return signer->driver == &agent_driver;
}

Span
ssh_agent_blob(const Signer *signer)
{
    assert(ssh_agent_is(signer));
    return span_of_bytes(((const AgentSigner *)signer)->blob);
}
