/* SPDX-License-Identifier: Apache-2.0
 * checkpoint: C2SP tlog-checkpoint: origin, size, root, one a line, then further lines. */
#include "proof/checkpoint.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/banned.h"

static bool
segment_is_valid(const char *segment, bool is_host)
{
    size_t colon = strcspn(segment, ":");
    bool has_port = segment[colon] == ':';

    if (*segment == '\0' || strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0)
        return false;
    if (!has_port)
        return true;
    return is_host && colon > 0 && segment[colon + 1] != '\0' &&
           strspn(segment + colon + 1, "0123456789") == strlen(segment + colon + 1);
}

bool
origin_is_valid(const char *origin)
{
    size_t len = strlen(origin);

    if (len == 0 || len > LIMIT_ORIGIN_BYTES ||
        strspn(origin, "abcdefghijklmnopqrstuvwxyz0123456789.:/_-") != len)
        return false;

    g_auto(GStrv) segments = g_strsplit(origin, "/", -1);
    if (g_strv_length(segments) < 2 && (strchr(origin, '.') == NULL || strchr(origin, ':') != NULL))
        return false;
    for (size_t i = 0; segments[i] != NULL; i++) {
        if (!segment_is_valid(segments[i], i == 0))
            return false;
    }
    return true;
}

bool
origin_is_host(const char *origin)
{
    size_t len = strlen(origin);

    return len > 0 && len <= LIMIT_ORIGIN_BYTES && segment_is_valid(origin, true) &&
           strspn(origin, "abcdefghijklmnopqrstuvwxyz0123456789.-") == len;
}

char *
checkpoint_format(const char *origin, const MerkleHead *head, const char *extensions)
{
    g_autofree char *root = base64_encode(span_of(head->root.bytes, DIGEST_SIZE));

    return g_strdup_printf("%s\n%" G_GUINT64_FORMAT "\n%s\n%s", origin, head->size, root,
                           extensions != NULL ? extensions : "");
}

static Checkpoint *
invalid(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot read checkpoint: %s", why);
    return NULL;
}

static bool
parse_root(const char *text, Digest *out)
{
    g_autoptr(GBytes) bytes = base64_decode(text, NULL);

    if (bytes == NULL || g_bytes_get_size(bytes) != DIGEST_SIZE)
        return false;
    memcpy(out->bytes, span_of_bytes(bytes).data, DIGEST_SIZE);
    return true;
}

Checkpoint *
checkpoint_parse(Span text, GError **error)
{
    if (text.len == 0 || text.len > LIMIT_CHECKPOINT_BYTES || text.data[text.len - 1] != '\n' ||
        !utf8_is_valid(text))
        return invalid(error, "it is not lines of UTF-8");

    g_autofree char *copy = g_strndup((const char *)text.data, text.len - 1);
    g_auto(GStrv) lines = g_strsplit(copy, "\n", 4);
    if (g_strv_length(lines) < 3)
        return invalid(error, "fewer than three lines");

    g_autoptr(Checkpoint) checkpoint = g_new0(Checkpoint, 1);
    if (lines[0][0] == '\0')
        return invalid(error, "the origin is empty");
    if (!decimal_parse(lines[1], INT64_MAX, &checkpoint->head.size))
        return invalid(error, "the size is not a decimal number below 2^63");
    if (!parse_root(lines[2], &checkpoint->head.root))
        return invalid(error, "the root is not base64 of 32 bytes");
    if (lines[3] != NULL && (*lines[3] == '\0' || *lines[3] == '\n' || strstr(lines[3], "\n\n")))
        return invalid(error, "an extension line is empty");
    checkpoint->origin = g_strdup(lines[0]);
    checkpoint->extensions = lines[3] != NULL ? g_strconcat(lines[3], "\n", NULL) : g_strdup("");
    return g_steal_pointer(&checkpoint);
}

Checkpoint *
checkpoint_verify(Span signed_note, const char *origin, const PublicKey *log_key, GError **error)
{
    g_autoptr(Note) note = note_parse(signed_note, error);
    g_autoptr(NoteVerifier) verifier = NULL;

    if (note == NULL || (verifier = note_verifier_new(origin, log_key, error)) == NULL)
        return NULL;
    if (!note_verify(note, (const NoteVerifier *const[]){ verifier }, 1, NULL, error))
        return NULL;

    g_autoptr(Checkpoint) checkpoint = checkpoint_parse(note_text(note), error);
    if (checkpoint != NULL && strcmp(checkpoint->origin, origin) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "cannot verify checkpoint: it is of log '%s', wanted '%s'", checkpoint->origin,
                  origin);
        return NULL;
    }
    return g_steal_pointer(&checkpoint);
}

void
checkpoint_free(Checkpoint *checkpoint)
{
    if (checkpoint == NULL)
        return;
    g_free(checkpoint->origin);
    g_free(checkpoint->extensions);
    g_free(checkpoint);
}
