/* SPDX-License-Identifier: Apache-2.0
 * transfer: a request as libcurl wants it. No redirect is followed, no proxy or cookie taken from
 * anywhere, every certificate checked; a secret leaves over TLS or to this machine only. */
#include "sender/transfer_priv.h"
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/digest.h"
#include "base/encoding.h"
#include "base/files.h"
#include "base/secret.h"
#include "base/banned.h"

#define SECRET_FILE_MAX    (64u << 10)
#define CONNECT_TIMEOUT_MS 10000
#define ANSWER_BODY_MAX    (1u << 20) /* more is an answer of nobody we want to speak to */
#define SMTP_PERMANENT     500

struct Transfer {
    CURL *handle;               /* owned */
    struct curl_slist *headers; /* owned */
    struct curl_slist *rcpt;    /* owned */
    SenderParsed *parsed;       /* owned */
    Span upload;                /* mail: what is left to send; borrowed from parsed */
    GString *excerpt;           /* owned */
    size_t n_received;
    char message[CURL_ERROR_SIZE];
};

void
transfer_free(Transfer *transfer)
{
    if (transfer == NULL)
        return;
    curl_easy_cleanup(transfer->handle);
    curl_slist_free_all(transfer->headers);
    curl_slist_free_all(transfer->rcpt);
    sender_parsed_free(transfer->parsed);
    if (transfer->excerpt != NULL)
        g_string_free(transfer->excerpt, TRUE);
    g_free(transfer);
}

CURL *
transfer_handle(Transfer *transfer)
{
    return transfer->handle;
}

/* The first line of the file. */
static Secret *
load_secret(const char *path, GError **error)
{
    AUTO_FD int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;
    struct stat info = { 0 };
    g_autoptr(GBytes) content = NULL;
    Span text = { 0 };
    size_t len = 0;

    if (fd < 0 || fstat(fd, &info) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "cannot open the secret's file");
        return NULL;
    }
    if (!S_ISREG(info.st_mode) || (info.st_mode & S_IRWXO) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED,
                  "the secret's file can be read by everybody: chmod 0600");
        return NULL;
    }
    content = fd_read_all(fd, SECRET_FILE_MAX, error);
    if (content == NULL)
        return NULL;
    text = span_of_bytes(content);
    while (len < text.len && text.data[len] > 0x20 && text.data[len] != 0x7f)
        len++;
    if (len == 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "the secret's file is empty");
        return NULL;
    }
    Secret *secret = secret_new(span_of(text.data, len));
    secret_wipe((void *)text.data, text.len); /* ours alone */
    return secret;
}

static void
add_header(Transfer *transfer, const char *name, const char *value)
{
    g_autofree char *line = g_strdup_printf("%s: %s", name, value);
    struct curl_slist *longer = NULL;

    for (const char *c = value; *c != '\0'; c++) {
        if (g_ascii_iscntrl(*c))
            return; /* nothing of ours; a header it would break is better not sent */
    }
    longer = curl_slist_append(transfer->headers, line);
    if (longer != NULL)
        transfer->headers = longer;
    secret_wipe(line, strlen(line));
}

static bool
add_mac(Transfer *transfer, Span secret, GError **error)
{
    const char *body = transfer->parsed->request.body;
    uint8_t mac[DIGEST_SIZE] = { 0 };
    unsigned len = 0;

    if (HMAC(EVP_sha256(), secret.data, (int)secret.len, (const uint8_t *)body, strlen(body), mac,
             &len) == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_INTERNAL, "cannot compute the signature");
        return false;
    }
    g_autofree char *hex = hex_encode(span_of(mac, sizeof mac));
    g_autofree char *value = g_strconcat("sha256=", hex, NULL);
    add_header(transfer, "X-Slipway-Signature-256", value);
    return true;
}

/* Whether what is said to @url stays secret: TLS, or this very machine. */
static bool
is_private(const char *url)
{
    static const char *const local[] = { "localhost", "127.0.0.1", "::1", "[::1]" };
    CURLU *parts = curl_url();
    char *scheme = NULL, *host = NULL;
    bool ok = false;

    if (parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        ok = strcmp(scheme, "https") == 0 || strcmp(scheme, "smtps") == 0;
        for (size_t i = 0; i < G_N_ELEMENTS(local); i++)
            ok |= strcmp(host, local[i]) == 0;
    }
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(parts);
    return ok;
}

static bool
add_credential(Transfer *transfer, char **url, GError **error)
{
    const SenderRequest *request = &transfer->parsed->request;
    g_autoptr(Secret) secret = NULL;
    g_autofree char *text = NULL;
    bool ok = true;

    if (request->auth == SENDER_AUTH_NONE)
        return true;
    secret = load_secret(request->secret_file, error);
    if (secret == NULL)
        return false;
    if (request->auth == SENDER_AUTH_HMAC)
        return add_mac(transfer, secret_get(secret), error);
    text = g_strndup((const char *)secret_get(secret).data, secret_get(secret).len);
    if (request->auth == SENDER_AUTH_URL) {
        g_free(*url);
        *url = g_strdup(text);
    }
    if (request->auth != SENDER_AUTH_PASSWORD && !is_private(*url)) {
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED,
                  "a secret is not sent in the clear: expected https://");
        ok = false;
    } else if (request->auth == SENDER_AUTH_BEARER || request->auth == SENDER_AUTH_TOKEN) {
        g_autofree char *value =
            g_strconcat(request->auth == SENDER_AUTH_BEARER ? "Bearer " : "token ", text, NULL);

        add_header(transfer, "Authorization", value);
        secret_wipe(value, strlen(value));
    } else if (request->auth == SENDER_AUTH_PRIVATE_TOKEN) {
        add_header(transfer, "PRIVATE-TOKEN", text);
    } else if (request->auth == SENDER_AUTH_PASSWORD) {
        curl_easy_setopt(transfer->handle, CURLOPT_USERNAME,
                         request->account != NULL ? request->account : "");
        curl_easy_setopt(transfer->handle, CURLOPT_PASSWORD, text);
    }
    secret_wipe(text, strlen(text));
    return ok;
}

static size_t
take_body(char *data, size_t size, size_t n, void *context)
{
    Transfer *transfer = context;
    size_t len = size * n;

    transfer->n_received += len;
    if (transfer->n_received > ANSWER_BODY_MAX)
        return 0;
    if (transfer->excerpt->len < SENDER_EXCERPT_MAX)
        g_string_append_len(transfer->excerpt, data,
                            (gssize)MIN(len, SENDER_EXCERPT_MAX - transfer->excerpt->len));
    return len;
}

static size_t
give_body(char *out, size_t size, size_t n, void *context)
{
    Transfer *transfer = context;
    size_t len = MIN(size * n, transfer->upload.len);

    if (len > 0)
        memcpy(out, transfer->upload.data, len);
    transfer->upload.data += len;
    transfer->upload.len -= len;
    return len;
}

static void
set_up_mail(Transfer *transfer)
{
    const SenderRequest *request = &transfer->parsed->request;
    CURL *handle = transfer->handle;

    for (size_t i = 0; request->recipients[i] != NULL; i++) {
        struct curl_slist *longer = curl_slist_append(transfer->rcpt, request->recipients[i]);

        if (longer != NULL)
            transfer->rcpt = longer;
    }
    transfer->upload = span_of_text(request->body);
    curl_easy_setopt(handle, CURLOPT_MAIL_FROM, request->from != NULL ? request->from : "");
    curl_easy_setopt(handle, CURLOPT_MAIL_RCPT, transfer->rcpt);
    curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(handle, CURLOPT_READDATA, transfer);
    curl_easy_setopt(
        handle, CURLOPT_USE_SSL,
        (long)(request->auth == SENDER_AUTH_PASSWORD ? CURLUSESSL_ALL : CURLUSESSL_TRY));
}

static void
set_up_http(Transfer *transfer)
{
    const SenderRequest *request = &transfer->parsed->request;
    CURL *handle = transfer->handle;

    add_header(transfer, "Content-Type", "application/json");
    add_header(transfer, "Accept", request->accept != NULL ? request->accept : "application/json");
    add_header(transfer, "Expect", "");
    if (request->event != NULL)
        add_header(transfer, "X-Slipway-Event", request->event);
    if (request->delivery != NULL)
        add_header(transfer, "X-Slipway-Delivery", request->delivery);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(handle, CURLOPT_POST, 1L);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request->body);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, (long)strlen(request->body));
}

static void
set_up_common(Transfer *transfer, const char *url)
{
    CURL *handle = transfer->handle;
    bool mail = transfer->parsed->request.recipients != NULL;

    curl_easy_setopt(handle, CURLOPT_URL, url);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, mail ? "smtp,smtps" : "http,https");
    curl_easy_setopt(handle, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, transfer->message);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "slipway/" SLIPWAY_VERSION);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)transfer->parsed->request.timeout_ms);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, transfer);
}

Transfer *
transfer_new(SenderParsed *parsed, GError **error)
{
    g_autoptr(Transfer) transfer = g_new0(Transfer, 1);
    g_autofree char *url = g_strdup(parsed->request.url);
    bool ok = false;

    transfer->handle = curl_easy_init();
    transfer->excerpt = g_string_new(NULL);
    transfer->parsed = parsed;
    if (parsed->request.body == NULL || (url == NULL && parsed->request.auth != SENDER_AUTH_URL))
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "the request has no address or body");
    else
        ok = transfer->handle != NULL && add_credential(transfer, &url, error);
    if (!ok) {
        transfer->parsed = NULL; /* the caller's still */
        return NULL;
    }
    if (parsed->request.recipients != NULL)
        set_up_mail(transfer);
    else
        set_up_http(transfer);
    set_up_common(transfer, url);
    return g_steal_pointer(&transfer);
}

static int64_t
header_number(CURL *handle, const char *name, const char *other)
{
    struct curl_header *header = NULL;
    char *end = NULL;
    int64_t value = -1;

    if (curl_easy_header(handle, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK &&
        curl_easy_header(handle, other, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return -1;
    value = g_ascii_strtoll(header->value, &end, 10);
    return end != header->value && value >= 0 ? value : -1;
}

void
transfer_finish(Transfer *transfer, CURLcode code, SenderAnswer *answer)
{
    CURL *handle = transfer->handle;
    long status = 0;
    curl_off_t retry_after = 0;
    const char *cause = transfer->message[0] != '\0' ? transfer->message : curl_easy_strerror(code);

    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &retry_after);
    *answer = (SenderAnswer){ .number = transfer->parsed->number,
                              .retry_after_s = retry_after > 0 ? (int64_t)retry_after : -1,
                              .rate_remaining = -1,
                              .rate_reset_s = -1 };
    if (transfer->parsed->request.recipients != NULL) {
        answer->status = code == CURLE_OK ? 200u : status >= SMTP_PERMANENT ? 422u : 0u;
    } else if (code == CURLE_OK) {
        answer->status = (unsigned)MAX(status, 0);
        answer->rate_remaining =
            header_number(handle, "X-RateLimit-Remaining", "RateLimit-Remaining");
        answer->rate_reset_s = header_number(handle, "X-RateLimit-Reset", "RateLimit-Reset");
    }
    answer->message = error_printable(code == CURLE_OK ? transfer->excerpt->str : cause);
}
