/* SPDX-License-Identifier: Apache-2.0
 * witness_request: the body of add-checkpoint (C2SP tlog-witness): an old size, a proof, an empty
 * line, a checkpoint. */
#include "base/encoding.h"
#include "service/witness.h"
#include "base/banned.h"

#define OLD            "old "
#define MAX_LINE_BYTES 64

static bool
bad(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot read add-checkpoint request: %s", why);
    return false;
}

/* Takes the next line, without its newline, off @rest into @out. */
static bool
take_line(Span *rest, char out[MAX_LINE_BYTES])
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;
    size_t len = end != NULL ? (size_t)(end - rest->data) : 0;

    if (end == NULL || len >= MAX_LINE_BYTES || memchr(rest->data, '\0', len + 1) != NULL)
        return false;
    memcpy(out, rest->data, len);
    out[len] = '\0';
    *rest = span_of(end + 1, rest->len - len - 1);
    return true;
}

static bool
parse_old(const char *line, uint64_t *out)
{
    return g_str_has_prefix(line, OLD) && decimal_parse(line + strlen(OLD), INT64_MAX, out);
}

bool
witness_request_parse(Span body, WitnessRequest *out, GError **error)
{
    Span rest = body;
    char line[MAX_LINE_BYTES];

    if (body.len > WITNESS_MAX_REQUEST_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "an add-checkpoint request has at most %u bytes, not %zu",
                  WITNESS_MAX_REQUEST_BYTES, body.len);
        return false;
    }
    out->n_hashes = 0;
    if (!take_line(&rest, line) || !parse_old(line, &out->old_size))
        return bad(error, "it does not begin with 'old SIZE'");
    for (;;) {
        if (!take_line(&rest, line))
            return bad(error, "the proof does not end with an empty line");
        if (line[0] == '\0')
            break;
        if (out->n_hashes == WITNESS_MAX_PROOF)
            return bad(error, "more than 63 hashes");
        g_autoptr(GBytes) hash = base64_decode(line, NULL);
        if (hash == NULL || g_bytes_get_size(hash) != DIGEST_SIZE)
            return bad(error, "a line of the proof is not base64 of 32 bytes");
        memcpy(out->hashes[out->n_hashes++].bytes, g_bytes_get_data(hash, NULL), DIGEST_SIZE);
    }
    out->note = rest;
    return rest.len > 0 || bad(error, "there is no checkpoint");
}
