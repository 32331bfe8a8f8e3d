/* SPDX-License-Identifier: Apache-2.0
 * log_state: the two-slot file of the log's signer. log_state_priv.h has the format. */
#include "signer/log_state_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/files.h"
#include "base/os.h"
#include "base/banned.h"

#define LOG_STATE_NAME "log-state"
#define LOG_STATE_SLOT 4096 /* bytes from one slot to the next */
#define LOG_STATE_LINE 256  /* bytes written at a slot's start; within one sector */

static void
format_slot(const SignerLogState *state, char out[LOG_STATE_LINE])
{
    char root[DIGEST_HEX_SIZE];
    char sum_hex[DIGEST_HEX_SIZE];

    digest_to_hex(&state->root, root);
    memset(out, 0, LOG_STATE_LINE);
    int n = g_snprintf(out, LOG_STATE_LINE, "slipway-log-state 1 %" PRIu64 " %" PRIu64 " %s ",
                       state->number, state->size, root);
    Digest sum = digest_of(span_of(out, (size_t)n));
    digest_to_hex(&sum, sum_hex);
    g_snprintf(out + n, LOG_STATE_LINE - (gulong)n, "%s\n", sum_hex);
}

/* A slot is whole iff formatting what it says gives it again. */
static bool
parse_slot(const char slot[LOG_STATE_LINE], SignerLogState *out)
{
    char again[LOG_STATE_LINE];
    char root[DIGEST_HEX_SIZE] = "";
    g_autoptr(GError) local = NULL;
    g_autofree char *line = g_strndup(slot, LOG_STATE_LINE - 1);
    SignerLogState state = { 0 };

    if (sscanf(line, "slipway-log-state 1 %" SCNu64 " %" SCNu64 " %64[0-9a-f] ", &state.number,
               &state.size, root) != 3 ||
        !digest_from_hex(root, &state.root, &local))
        return false;
    format_slot(&state, again);
    if (memcmp(again, slot, LOG_STATE_LINE) != 0)
        return false;
    *out = state;
    return true;
}

bool
log_state_create(int dirfd, GError **error)
{
    g_autofree char *file = g_malloc0(2 * LOG_STATE_SLOT);
    SignerLogState empty = { .root = digest_of((Span){ 0 }) };

    format_slot(&empty, file);
    return file_write_new(dirfd, LOG_STATE_NAME, span_of(file, 2 * LOG_STATE_SLOT), 0600, error);
}

bool
log_state_load(int dirfd, SignerLogState *out, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) bytes = file_read(dirfd, LOG_STATE_NAME, 2 * LOG_STATE_SLOT, &local);
    SignerLogState best = { 0 };
    bool found = false;

    if (bytes == NULL && error_kind(local) == ERROR_KIND_IO) {
        error_set(error, SIGNER_ERROR, SIGNER_ERROR_IO, "%s", local->message);
        return false;
    }
    if (bytes == NULL && error_kind(local) == ERROR_KIND_NOT_FOUND) {
        error_set(error, SIGNER_ERROR, SIGNER_ERROR_NO_KEY,
                  "the log signer's record '" LOG_STATE_NAME "' is not there");
        return false;
    }
    for (uint64_t slot = 0; bytes != NULL && slot < 2; slot++) {
        Span file = span_of_bytes(bytes);
        SignerLogState state = { 0 };

        if (file.len == 2 * LOG_STATE_SLOT &&
            parse_slot((const char *)file.data + slot * LOG_STATE_SLOT, &state) &&
            state.number % 2 == slot && (!found || state.number > best.number)) {
            best = state;
            found = true;
        }
    }
    if (!found) {
        error_set(error, SIGNER_ERROR, SIGNER_ERROR_CORRUPT,
                  "the log signer's record '" LOG_STATE_NAME "' is damaged");
        return false;
    }
    *out = best;
    return true;
}

bool
log_state_store(int dirfd, const SignerLogState *state, GError **error)
{
    char slot[LOG_STATE_LINE];
    AUTO_FD int fd = openat(dirfd, LOG_STATE_NAME, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

    format_slot(state, slot);
    if (fd >= 0 &&
        os_pwrite(fd, slot, sizeof slot, (off_t)(state->number % 2) * LOG_STATE_SLOT) ==
            (ssize_t)sizeof slot &&
        os_fdatasync(fd) == 0)
        return true;
    error_set_errno(error, SIGNER_ERROR, SIGNER_ERROR_IO,
                    "cannot record the checkpoint to be signed");
    return false;
}
