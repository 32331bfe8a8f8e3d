/* SPDX-License-Identifier: Apache-2.0
 * tree: "MODE NAME\0ID" again and again, the mode in octal, the id in bytes. Only the form is
 * checked here: a name may be anything but empty bytes, and it is for the reader to refuse it. */
#include "git/tree_priv.h"
#include <string.h>
#include "base/encoding.h"
#include "base/banned.h"

#define MAX_MODE_DIGITS 7

static bool
fail(GError **error)
{
    error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT, "a tree object cannot be read");
    return false;
}

bool
git_tree_next(Span data, size_t id_bytes, size_t *offset, GitTreeEntry *out, GError **error)
{
    size_t at = *offset;
    mode_t mode = 0;
    size_t digits = 0;

    for (;
         at < data.len && data.data[at] >= '0' && data.data[at] <= '7' && digits <= MAX_MODE_DIGITS;
         at++, digits++)
        mode = mode * 8 + (mode_t)(data.data[at] - '0');
    if (digits == 0 || digits > MAX_MODE_DIGITS || at >= data.len || data.data[at] != ' ')
        return fail(error);
    at++;
    const uint8_t *end = memchr(data.data + at, '\0', data.len - at);

    if (end == NULL || (size_t)(data.data + data.len - end) < 1 + id_bytes)
        return fail(error);
    g_autofree char *id = hex_encode(span_of(end + 1, id_bytes));

    out->mode = mode;
    out->name = (const char *)data.data + at;
    g_strlcpy(out->id, id, sizeof out->id);
    *offset = (size_t)(end - data.data) + 1 + id_bytes;
    return true;
}
