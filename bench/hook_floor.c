/* SPDX-License-Identifier: Apache-2.0
 * hook_floor: the least a receiver of signed deliveries does: libmicrohttpd with one epoll thread,
 * one HMAC over the body, one fixed answer. Nothing is parsed and nothing is written. */
#include <microhttpd.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <unistd.h>
#include "bench_util.h"
#include "base/banned.h"

typedef struct Body {
    GByteArray *bytes; /* owned */
} Body;

static enum MHD_Result
answer(void *data, struct MHD_Connection *connection, const char *url, const char *method,
       const char *version, const char *upload, size_t *upload_size, void **state)
{
    const char *secret = data;
    Body *body = *state;
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned n_mac = 0;
    g_autofree char *text = NULL;
    struct MHD_Response *response = NULL;
    enum MHD_Result result = MHD_NO;

    (void)url;
    (void)method;
    (void)version;
    if (body == NULL) {
        *state = body = g_new0(Body, 1);
        body->bytes = g_byte_array_sized_new(8192);
        return MHD_YES;
    }
    if (*upload_size > 0) {
        g_byte_array_append(body->bytes, (const guint8 *)upload, (guint)*upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    HMAC(EVP_sha256(), secret, (int)strlen(secret), body->bytes->data, body->bytes->len, mac,
         &n_mac);
    text = g_strdup_printf("{\"mac\":%u}", mac[0]);
    response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_COPY);
    result = MHD_queue_response(connection, 202, response);
    MHD_destroy_response(response);
    return result;
}

static void
completed(void *data, struct MHD_Connection *connection, void **state,
          enum MHD_RequestTerminationCode code)
{
    Body *body = *state;

    (void)data;
    (void)connection;
    (void)code;
    if (body == NULL)
        return;
    g_byte_array_unref(body->bytes);
    g_free(body);
    *state = NULL;
}

int
main(int argc, char **argv)
{
    const char *secret = bench_option(argc, argv, "--secret", "");
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer,
                         (void *)(uintptr_t)secret, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
                         MHD_OPTION_CONNECTION_LIMIT, 1024u, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        daemon != NULL ? MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;
    char byte = 0;

    if (info == NULL)
        bench_fail("cannot listen", NULL);
    printf("listening 127.0.0.1:%u\n", (unsigned)info->port);
    fflush(stdout);
    while (read(0, &byte, 1) > 0) /* until whoever started it has enough */
        continue;
    MHD_stop_daemon(daemon);
    return 0;
}
