/* SPDX-License-Identifier: Apache-2.0
 * remote: the JSON API from the caller's side. */
#include "api/remote.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "api/error_map.h"
#include "base/files.h"
#include "base/json.h"
#include "base/secret.h"
#include "sys/fetch.h"
#include "base/banned.h"

#define TOKEN_MAX_BYTES 4096

struct Remote {
    char *url;     /* owned; without a slash at the end */
    Secret *token; /* owned; "Authorization: Bearer …" with its NUL; NULL = none */
};

static bool
check_token_file(const char *path, GError **error)
{
    struct stat info;

    if (stat(path, &info) != 0) {
        error_set_errno(error, BASE_ERROR, errno == ENOENT ? BASE_ERROR_NOT_FOUND : BASE_ERROR_IO,
                        "cannot read the token file '%s'", path);
        return false;
    }
    if ((info.st_mode & 077) == 0 || !S_ISREG(info.st_mode))
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
              "others may read the token file '%s': chmod 600 it", path);
    return false;
}

static Secret *
header_of(const char *token, GError **error)
{
    g_autofree char *plain = g_strstrip(g_strdup(token));
    g_autofree char *header = g_strconcat("Authorization: Bearer ", plain, NULL);
    Secret *secret = NULL;

    if (plain[0] == '\0' || strpbrk(plain, "\r\n") != NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "the token is empty or has many lines");
    else
        secret = secret_new(span_of(header, strlen(header) + 1));
    secret_wipe(header, strlen(header));
    secret_wipe(plain, strlen(plain));
    return secret;
}

static Secret *
read_token(const char *path, GError **error)
{
    char *text = check_token_file(path, error)
                     ? file_read_text(AT_FDCWD, path, TOKEN_MAX_BYTES, error)
                     : NULL;
    Secret *token = text != NULL ? header_of(text, error) : NULL;

    if (text != NULL)
        secret_wipe(text, strlen(text));
    g_free(text);
    return token;
}

Remote *
remote_open(const char *url, const char *token_file, GError **error)
{
    g_autoptr(Remote) remote = g_new0(Remote, 1);

    if (!g_str_has_prefix(url, "https://") && !g_str_has_prefix(url, "http://")) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "'%s' is no address of a server: https://HOST", url);
        return NULL;
    }
    remote->url = g_strdup(url);
    while (g_str_has_suffix(remote->url, "/"))
        remote->url[strlen(remote->url) - 1] = '\0';
    if (token_file != NULL)
        remote->token = read_token(token_file, error);
    else if (g_getenv("SLIPWAY_TOKEN") != NULL)
        remote->token = header_of(g_getenv("SLIPWAY_TOKEN"), error);
    else
        return g_steal_pointer(&remote);
    if (remote->token == NULL)
        return NULL;
    return g_steal_pointer(&remote);
}

void
remote_free(Remote *remote)
{
    if (remote == NULL)
        return;
    secret_free(remote->token);
    g_free(remote->url);
    g_free(remote);
}

static bool
answer_error(const Remote *remote, int status, const json_t *answer, GError **error)
{
    const char *code = NULL;
    const char *message = NULL;
    GQuark domain = 0;
    int number = 0;

    if (json_unpack((json_t *)answer, "{s:{s:s, s:s}}", "error", "code", &code, "message",
                    &message) != 0) {
        error_set(error, API_ERROR, API_ERROR_UNREACHABLE,
                  "what answers at '%s' is no Slipway server (HTTP status %d)", remote->url,
                  status);
        return false;
    }
    if (!error_map_by_name(code, &domain, &number)) { /* of HTTP itself */
        domain = BASE_ERROR;
        number = status == 401 || status == 403   ? BASE_ERROR_DENIED
                 : status == 429 || status == 503 ? BASE_ERROR_BUSY
                                                  : BASE_ERROR_INVALID;
    }
    error_set(error, domain, number, "%s", message);
    return false;
}

/* The text of the arguments; owned by malloc. */
static char *
dump_args(const json_t *args)
{
    char *text = args != NULL ? json_dumps(args, JSON_COMPACT) : NULL;

    return text != NULL ? text : strdup("{}");
}

static json_t *
read_answer(const Remote *remote, int fd, GError **error)
{
    g_autoptr(GBytes) body = NULL;
    json_t *answer = NULL;

    if (lseek(fd, 0, SEEK_SET) != 0 ||
        (body = fd_read_all(fd, REMOTE_MAX_ANSWER_BYTES, error)) == NULL)
        return NULL;
    answer = json_parse(span_of_bytes(body), REMOTE_MAX_ANSWER_BYTES, NULL);
    if (answer == NULL)
        error_set(error, API_ERROR, API_ERROR_UNREACHABLE,
                  "what answers at '%s' is no Slipway server", remote->url);
    return answer;
}

bool
remote_call(Remote *remote, const char *operation, const json_t *args, json_t **result_out,
            GError **error)
{
    const char *dot = strchr(operation, '.');
    g_autofree char *url = g_strdup_printf("%s/api/v1/%.*s/%s", remote->url, (int)(dot - operation),
                                           operation, dot + 1);
    char *body = dump_args(args);
    const char *token = remote->token != NULL ? (const char *)secret_get(remote->token).data : NULL;
    const char *const headers[] = { "Content-Type: application/json", token, NULL };
    AUTO_FD int fd = memfd_create("answer", MFD_CLOEXEC);
    FetchRequest request = { .method = "POST",
                             .url = url,
                             .headers = headers,
                             .body = span_of_text(body),
                             .limit_bytes = REMOTE_MAX_ANSWER_BYTES,
                             .out_fd = fd };
    g_auto(FetchAnswer) head = { 0 };
    g_autoptr(GError) local = NULL;
    g_autoptr(json_t) answer = NULL;
    bool ok = fetch(&request, NULL, &head, &local);

    free(body);
    if (!ok) {
        error_set(error, API_ERROR, API_ERROR_UNREACHABLE, "%s", local->message);
        return false;
    }
    answer = read_answer(remote, fd, error);
    if (answer == NULL)
        return false;
    if (head.status != 200)
        return answer_error(remote, head.status, answer, error);
    *result_out = g_steal_pointer(&answer);
    return true;
}
