/* SPDX-License-Identifier: Apache-2.0
 * watch_apt: Release and Packages files of apt archives (Debian policy, deb822), read as far as one
 * must to see what is new. */
#include <string.h>
#include "base/error.h"
#include "base/json.h"
#include "format/glob.h"
#include "service/watch_ask.h"
#include "base/banned.h"

#define SHA256_HEX     64
#define FIELD_BYTES    512         /* of a name, a version, a digest */
#define LINE_BYTES_MAX (64u << 10) /* longer ones are skipped: no field of ours */

/* ---- Release ----------------------------------------------------------------------------------- */

/* The line at @rest, which then begins behind it. */
static Span
take_line(Span *rest)
{
    const uint8_t *end = rest->len == 0 ? NULL : memchr(rest->data, '\n', rest->len);
    size_t len = end != NULL ? (size_t)(end - rest->data) : rest->len;
    Span line = span_of(rest->data, len);
    size_t skip = end != NULL ? len + 1 : len;

    *rest = span_of(rest->data + skip, rest->len - skip);
    if (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    return line;
}

static bool
is_hex(const char *text)
{
    return strlen(text) == SHA256_HEX && strspn(text, "0123456789abcdef") == SHA256_HEX;
}

char *
watch_apt_find(Span release, const char *path)
{
    bool inside = false;

    while (release.len > 0) {
        Span line = take_line(&release);
        g_autofree char *text = g_strndup((const char *)line.data, MIN(line.len, 4096));
        g_auto(GStrv) words = NULL;

        if (text[0] != ' ') {
            inside = g_str_has_prefix(text, "SHA256:");
            continue;
        }
        if (!inside)
            continue;
        g_strstrip(text);
        words = g_strsplit_set(text, " \t", -1);
        guint n = g_strv_length(words);
        if (n >= 3 && strcmp(words[n - 1], path) == 0 && is_hex(words[0]))
            return g_strdup(words[0]);
    }
    return NULL;
}

/* ---- Packages ---------------------------------------------------------------------------------- */

struct WatchAptReader {
    const char *const *artifacts;     /* borrowed */
    GByteArray *line;                 /* owned: what has come of the line */
    bool too_long;                    /* the line is: it is skipped */
    char *package, *version, *digest; /* owned: of the paragraph */
    json_t *found;                    /* owned */
};

WatchAptReader *
watch_apt_reader_new(const char *const *artifacts)
{
    WatchAptReader *reader = g_new0(WatchAptReader, 1);

    reader->artifacts = artifacts;
    reader->line = g_byte_array_new();
    reader->found = json_object();
    return reader;
}

static void
forget_paragraph(WatchAptReader *reader)
{
    g_clear_pointer(&reader->package, g_free);
    g_clear_pointer(&reader->version, g_free);
    g_clear_pointer(&reader->digest, g_free);
}

void
watch_apt_reader_free(WatchAptReader *reader)
{
    if (reader == NULL)
        return;
    forget_paragraph(reader);
    g_byte_array_unref(reader->line);
    json_decref(reader->found);
    g_free(reader);
}

static bool
is_wanted(const char *const *globs, const char *name)
{
    bool wanted = globs == NULL || globs[0] == NULL || globs[0][0] == '!';

    for (size_t i = 0; globs != NULL && globs[i] != NULL; i++) {
        bool refuses = globs[i][0] == '!';

        if (glob_match(globs[i] + (refuses ? 1 : 0), name))
            wanted = !refuses;
    }
    return wanted;
}

static bool
end_paragraph(WatchAptReader *reader, GError **error)
{
    if (reader->package != NULL && reader->version != NULL &&
        is_wanted(reader->artifacts, reader->package)) {
        g_autofree char *key = g_strdup_printf("%s %s", reader->package, reader->version);

        json_object_set_new(reader->found, key,
                            json_string(reader->digest != NULL ? reader->digest : ""));
    }
    forget_paragraph(reader);
    if (json_object_size(reader->found) <= WATCH_MAX_ARTIFACTS)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
              "more than %d packages: say which with '--artifact GLOB'", WATCH_MAX_ARTIFACTS);
    return false;
}

/* The value of field @name, if the line is that. Owned; printable. */
static void
take_field(const char *line, const char *name, char **out)
{
    size_t len = strlen(name);

    if (g_ascii_strncasecmp(line, name, len) != 0 || line[len] != ':')
        return;
    g_free(*out);
    g_autofree char *value = g_strndup(line + len + 1, FIELD_BYTES);
    *out = error_printable(g_strstrip(value));
}

static bool
take_whole_line(WatchAptReader *reader, GError **error)
{
    g_autofree char *line = NULL;
    bool skip = reader->too_long;

    line = g_strndup((const char *)reader->line->data, reader->line->len);
    g_byte_array_set_size(reader->line, 0);
    reader->too_long = false;
    g_strchomp(line);
    if (skip)
        return true;
    if (line[0] == '\0')
        return end_paragraph(reader, error);
    take_field(line, "Package", &reader->package);
    take_field(line, "Version", &reader->version);
    take_field(line, "SHA256", &reader->digest);
    return true;
}

bool
watch_apt_reader_feed(WatchAptReader *reader, Span bytes, GError **error)
{
    while (bytes.len > 0) {
        const uint8_t *end = memchr(bytes.data, '\n', bytes.len);
        size_t len = end != NULL ? (size_t)(end - bytes.data) : bytes.len;

        if (reader->line->len + len > LINE_BYTES_MAX)
            reader->too_long = true;
        else
            g_byte_array_append(reader->line, bytes.data, (guint)len);
        if (end == NULL)
            return true;
        if (!take_whole_line(reader, error))
            return false;
        bytes = span_of(bytes.data + len + 1, bytes.len - len - 1);
    }
    return true;
}

json_t *
watch_apt_reader_end(WatchAptReader *reader, GError **error)
{
    if (!take_whole_line(reader, error) || !end_paragraph(reader, error))
        return NULL;
    return json_incref(reader->found);
}
