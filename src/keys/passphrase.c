/* SPDX-License-Identifier: Apache-2.0
 * passphrase: read once into locked memory. What was typed is never echoed. */
#include "keys/passphrase.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <termios.h>
#include "base/files.h"
#include "base/banned.h"

#define MAX_PASSPHRASE 1024 /* bytes */

static bool
refuse(GError **error, int code, const char *subject, const char *why)
{
    error_set(error, BASE_ERROR, code, "cannot read the passphrase of '%s': %s", subject, why);
    return false;
}

/* One line from @fd, without its end. */
static Secret *
read_line(int fd, const char *subject, GError **error)
{
    uint8_t line[MAX_PASSPHRASE];
    size_t len = 0;
    ssize_t n = 1;

    while (len < sizeof line && memchr(line, '\n', len) == NULL &&
           ((n = read(fd, line + len, sizeof line - len)) > 0 || (n < 0 && errno == EINTR)))
        len += n > 0 ? (size_t)n : 0;
    const uint8_t *end = memchr(line, '\n', len);
    size_t line_len = end != NULL ? (size_t)(end - line) : len;
    if (line_len > 0 && line[line_len - 1] == '\r')
        line_len--;
    Secret *secret = NULL;
    if (n < 0)
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read the passphrase of '%s'",
                        subject);
    else if (end == NULL && len == sizeof line)
        (void)refuse(error, BASE_ERROR_INVALID, subject, "it has no end");
    else if (line_len == 0)
        (void)refuse(error, BASE_ERROR_INVALID, subject, "it is empty");
    else
        secret = secret_new(span_of(line, line_len));
    secret_wipe(line, sizeof line);
    return secret;
}

/* A credential of systemd is readable by its service alone, whatever its mode says. */
static Secret *
from_file(const char *path, bool is_credential, const char *subject, GError **error)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0) {
        error_set_errno(error, BASE_ERROR, errno == ENOENT ? BASE_ERROR_NOT_FOUND : BASE_ERROR_IO,
                        "cannot open passphrase file '%s'", path);
        return NULL;
    }
    if (!is_credential && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED,
                  "cannot use passphrase file '%s': its mode is %04o, so others may read it; run "
                  "'chmod 600 %s'",
                  path, st.st_mode & 07777, path);
        return NULL;
    }
    return read_line(fd, subject, error);
}

static Secret *
from_terminal(const char *prompt, const char *subject, GError **error)
{
    AUTO_FD int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct termios before, quiet;

    if (tty < 0 || tcgetattr(tty, &before) != 0) {
        (void)refuse(error, BASE_ERROR_NOT_FOUND, subject,
                     "there is no terminal; say '--passphrase-file FILE' or set "
                     "$" PASSPHRASE_FILE_VARIABLE);
        return NULL;
    }
    g_autofree char *shown = error_printable(subject);
    g_autofree char *text = g_strdup_printf("%s '%s': ", prompt, shown);
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    if (!fd_write_all(tty, span_of_text(text), error))
        return NULL;
    tcsetattr(tty, TCSAFLUSH, &quiet);
    Secret *secret = read_line(tty, subject, error);
    tcsetattr(tty, TCSAFLUSH, &before);
    g_autoptr(GError) local = NULL;
    error_ignore(fd_write_all(tty, span_of_text("\n"), &local), &local, "only the look of it");
    return secret;
}

/* What is written down somewhere. NULL without an error: nowhere. */
static Secret *
from_place(const PassphraseSource *source, const char *subject, GError **error)
{
    const char *variable = g_getenv(PASSPHRASE_FILE_VARIABLE);
    const char *folder = g_getenv("CREDENTIALS_DIRECTORY");

    if (source->file != NULL)
        return from_file(source->file, false, subject, error);
    if (variable != NULL && *variable != '\0')
        return from_file(variable, false, subject, error);
    if (folder != NULL && *folder == '/') {
        g_autofree char *path = g_build_filename(folder, PASSPHRASE_CREDENTIAL, NULL);
        if (access(path, F_OK) == 0)
            return from_file(path, true, subject, error);
    }
    return NULL;
}

static Secret *
get(const PassphraseSource *source, const char *prompt, const char *subject, GError **error)
{
    g_autoptr(GError) local = NULL;
    Secret *secret = from_place(source, subject, &local);

    if (local != NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    if (secret == NULL && source->ask)
        return from_terminal(prompt, subject, error);
    if (secret == NULL)
        (void)refuse(error, BASE_ERROR_NOT_FOUND, subject,
                     "say '--passphrase-file FILE' or set $" PASSPHRASE_FILE_VARIABLE);
    return secret;
}

Secret *
passphrase_get(const PassphraseSource *source, const char *subject, GError **error)
{
    return get(source, "Passphrase of", subject, error);
}

Secret *
passphrase_get_new(const PassphraseSource *source, const char *subject, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(Secret) first = from_place(source, subject, &local);

    if (first != NULL || local != NULL || !source->ask) {
        if (local != NULL)
            g_propagate_error(error, g_steal_pointer(&local));
        else if (first == NULL)
            (void)refuse(error, BASE_ERROR_NOT_FOUND, subject, "say '--passphrase-file FILE'");
        return g_steal_pointer(&first);
    }
    first = from_terminal("New passphrase of", subject, error);
    g_autoptr(Secret) again =
        first != NULL ? from_terminal("The same again for", subject, error) : NULL;
    if (again == NULL)
        return NULL;
    Span a = secret_get(first), b = secret_get(again);
    if (a.len != b.len || CRYPTO_memcmp(a.data, b.data, a.len) != 0) {
        (void)refuse(error, BASE_ERROR_INVALID, subject, "the two are not the same");
        return NULL;
    }
    return g_steal_pointer(&first);
}
