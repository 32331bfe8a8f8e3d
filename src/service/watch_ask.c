/* SPDX-License-Identifier: Apache-2.0
 * watch_ask: see watch_ask.h. All requests go by slipway-fetch, without credentials of ours. */
#include "service/watch_ask.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include "base/digest.h"
#include "base/encoding.h"
#include "base/files.h"
#include "base/json.h"
#include "format/glob.h"
#include "sys/fetch.h"
#include "base/banned.h"

#define RELEASE_BYTES  (8u << 20)
#define INDEX_BYTES    (64u << 20)  /* of a Packages file as it comes */
#define UNPACKED_BYTES (512u << 20) /* of one that was packed */
#define LIST_BYTES     (4u << 20)
#define MANIFEST_BYTES (4u << 20)
#define BLOCK_BYTES    (64u << 10)
#define TAGS_A_PAGE    "1000"
#define TAGS_MAX       100000 /* of a repository, wanted or not */

/* A file in memory for an answer. */
static int
answer_file(GError **error)
{
    int fd = memfd_create("slipway-watch", MFD_CLOEXEC);

    if (fd < 0)
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot make a file in memory");
    return fd;
}

/* One GET into @fd; @status_out: of HTTP, any. */
static bool
get(const char *url, const char *const *headers, uint64_t limit, int fd, Cancel *cancel,
    int *status_out, GError **error)
{
    FetchRequest request = { .url = url, .headers = headers, .limit_bytes = limit, .out_fd = fd };
    g_auto(FetchAnswer) answer = { 0 };

    if (!fetch(&request, cancel, &answer, error))
        return false;
    *status_out = answer.status;
    return true;
}

/* The body of a 200; NULL and @error for anything else. */
static GBytes *
get_text(const char *url, const char *const *headers, uint64_t limit, Cancel *cancel,
         int *status_out, GError **error)
{
    AUTO_FD int fd = answer_file(error);
    int status = 0;

    if (fd < 0 || !get(url, headers, limit, fd, cancel, &status, error))
        return NULL;
    if (status_out != NULL)
        *status_out = status;
    if (status == 200)
        return lseek(fd, 0, SEEK_SET) == 0 ? fd_read_all(fd, limit, error) : NULL;
    error_set(error, BASE_ERROR,
              status == 404 || status == 410 ? BASE_ERROR_NOT_FOUND : BASE_ERROR_UNAVAILABLE,
              "'%s' answers with status %d", url, status);
    return NULL;
}

/* ---- apt --------------------------------------------------------------------------------------- */

typedef struct Unpack {
    z_stream stream;
    bool open;
} Unpack;

static void
unpack_clear(Unpack *unpack)
{
    if (unpack->open)
        (void)inflateEnd(&unpack->stream);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Unpack, unpack_clear)

static bool
feed_packed(Unpack *unpack, WatchAptReader *reader, Span bytes, GError **error)
{
    g_autofree uint8_t *out = g_malloc(BLOCK_BYTES);
    int result = Z_OK;

    unpack->stream.next_in = (uint8_t *)(uintptr_t)bytes.data;
    unpack->stream.avail_in = (uInt)bytes.len;
    while (result == Z_OK && unpack->stream.avail_in > 0) {
        unpack->stream.next_out = out;
        unpack->stream.avail_out = BLOCK_BYTES;
        result = inflate(&unpack->stream, Z_NO_FLUSH);
        if (unpack->stream.total_out > UNPACKED_BYTES) {
            error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "the index is longer than %u MiB",
                      UNPACKED_BYTES >> 20);
            return false;
        }
        if (!watch_apt_reader_feed(reader, span_of(out, BLOCK_BYTES - unpack->stream.avail_out),
                                   error))
            return false;
    }
    if (result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "the index is no gzip file");
    return false;
}

/* Reads the index in @fd in pieces, and hashes it. */
static json_t *
read_index(int fd, bool packed, const Watch *watch, char **digest_out, GError **error)
{
    g_autoptr(WatchAptReader) reader = watch_apt_reader_new((const char *const *)watch->artifacts);
    g_autoptr(DigestStream) hash = digest_stream_new();
    g_autofree uint8_t *block = g_malloc(BLOCK_BYTES);
    g_auto(Unpack) unpack = { 0 };
    ssize_t n = 0;
    Digest digest;

    if (packed)
        unpack.open = inflateInit2(&unpack.stream, 16 + MAX_WBITS) == Z_OK;
    if (lseek(fd, 0, SEEK_SET) != 0 || (packed && !unpack.open)) {
        error_set(error, BASE_ERROR, BASE_ERROR_IO, "cannot read the index");
        return NULL;
    }
    while ((n = read(fd, block, BLOCK_BYTES)) > 0) {
        Span bytes = span_of(block, (size_t)n);

        digest_stream_update(hash, bytes);
        if (!(packed ? feed_packed(&unpack, reader, bytes, error)
                     : watch_apt_reader_feed(reader, bytes, error)))
            return NULL;
    }
    digest = digest_stream_finish(hash);
    *digest_out = hex_encode(span_of(digest.bytes, sizeof digest.bytes));
    return watch_apt_reader_end(reader, error);
}

/* The packages of the index at @path, which must hash to @wanted. */
static json_t *
load_index(const Watch *watch, const char *base, const char *path, const char *wanted,
           Cancel *cancel, GError **error)
{
    g_autofree char *url = g_strdup_printf("%s/%s", base, path);
    g_autofree char *digest = NULL;
    g_autoptr(json_t) found = NULL;
    AUTO_FD int fd = answer_file(error);
    int status = 0;

    if (fd < 0 || !get(url, NULL, INDEX_BYTES, fd, cancel, &status, error))
        return NULL;
    if (status != 200) {
        error_set(error, BASE_ERROR, status == 404 ? BASE_ERROR_NOT_FOUND : BASE_ERROR_UNAVAILABLE,
                  "'%s' answers with status %d", url, status);
        return NULL;
    }
    found = read_index(fd, g_str_has_suffix(path, ".gz"), watch, &digest, error);
    if (found == NULL)
        return NULL;
    if (strcmp(digest, wanted) == 0)
        return g_steal_pointer(&found);
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
              "'%s' is not what the archive's Release file names: it is being changed", url);
    return NULL;
}

/* The plain index, else the packed one. */
static json_t *
load_packages(const Watch *watch, const char *base, Span release, const char *path, Cancel *cancel,
              GError **error)
{
    g_autofree char *packed_path = g_strconcat(path, ".gz", NULL);
    g_autofree char *plain = watch_apt_find(release, path);
    g_autofree char *packed = watch_apt_find(release, packed_path);
    g_autoptr(GError) local = NULL;
    json_t *found = NULL;

    if (packed != NULL)
        found = load_index(watch, base, packed_path, packed, cancel, &local);
    if (found != NULL || (local != NULL && error_kind(local) != ERROR_KIND_NOT_FOUND)) {
        if (found == NULL)
            g_propagate_error(error, g_steal_pointer(&local));
        return found;
    }
    if (plain != NULL)
        return load_index(watch, base, path, plain, cancel, error);
    error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the archive has no '%s'", path);
    return NULL;
}

static json_t *
ask_apt(const Watch *watch, Cancel *cancel, GError **error)
{
    g_autofree char *base = g_strdup_printf("%s/dists/%s", watch->url, watch->suite);
    g_autofree char *url = g_strdup_printf("%s/InRelease", base);
    g_autofree char *path = g_strdup_printf("%s/binary-%s/Packages", watch->component, watch->arch);
    g_autoptr(GBytes) release = get_text(url, NULL, RELEASE_BYTES, cancel, NULL, error);
    g_autofree char *index = NULL;
    const char *seen = json_string_value(json_object_get(watch->seen, ""));
    json_t *found = NULL;

    if (release == NULL)
        return NULL;
    index = watch_apt_find(span_of_bytes(release), path);
    if (index != NULL && seen != NULL && strcmp(index, seen) == 0)
        return json_incref(watch->seen);
    found = load_packages(watch, base, span_of_bytes(release), path, cancel, error);
    if (found != NULL)
        json_object_set_new(found, "", json_string(index != NULL ? index : ""));
    return found;
}

/* ---- OCI --------------------------------------------------------------------------------------- */

/* "https://HOST" and "NAME" of the watch's address. */
static void
split_address(const char *url, char **host_out, const char **name_out)
{
    const char *after = strstr(url, "://");
    const char *slash = after != NULL ? strchr(after + 3, '/') : NULL;

    *host_out = slash != NULL ? g_strndup(url, (gsize)(slash - url)) : g_strdup(url);
    *name_out = slash != NULL ? slash + 1 : "";
}

/* A token for anybody, as registries give one: "Authorization: …". Owned; NULL: there is none. */
static char *
anonymous_token(const char *host, const char *name, Cancel *cancel)
{
    const char *bare = strstr(host, "://") + 3;
    bool hub = strcmp(bare, "registry-1.docker.io") == 0;
    g_autofree char *url = g_strdup_printf("%s/token?service=%s&scope=repository:%s:pull",
                                           hub ? "https://auth.docker.io" : host,
                                           hub ? "registry.docker.io" : bare, name);
    g_autoptr(GBytes) text = get_text(url, NULL, LIST_BYTES, cancel, NULL, NULL);
    g_autoptr(json_t) answer =
        text != NULL ? json_parse(span_of_bytes(text), LIST_BYTES, NULL) : NULL;
    const char *token = json_string_value(json_object_get(answer, "token"));

    if (token == NULL)
        token = json_string_value(json_object_get(answer, "access_token"));
    return token != NULL && strpbrk(token, "\r\n") == NULL
               ? g_strdup_printf("Authorization: Bearer %s", token)
               : NULL;
}

static bool
add_tag(const char *host, const char *name, const char *tag, const char *authorization,
        json_t *found, Cancel *cancel, GError **error)
{
    const char *headers[] = { "Accept: application/vnd.oci.image.index.v1+json, "
                              "application/vnd.oci.image.manifest.v1+json, "
                              "application/vnd.docker.distribution.manifest.list.v2+json, "
                              "application/vnd.docker.distribution.manifest.v2+json",
                              authorization, NULL };
    g_autofree char *url = g_strdup_printf("%s/v2/%s/manifests/%s", host, name, tag);
    g_autoptr(GBytes) manifest = get_text(url, headers, MANIFEST_BYTES, cancel, NULL, error);
    char text[DIGEST_STRING_SIZE];
    Digest digest;

    if (manifest == NULL)
        return false;
    digest = digest_of(span_of_bytes(manifest));
    digest_to_string(&digest, text);
    json_object_set_new(found, tag, json_string(text));
    return true;
}

/* What an OCI tag may be (distribution specification 1.1). */
static bool
is_tag(const char *tag)
{
    return tag != NULL && tag[0] != '\0' && strlen(tag) <= 128 && tag[0] != '.' && tag[0] != '-' &&
           strspn(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
               strlen(tag);
}

static bool
wanted_tag(const Watch *watch, const char *tag)
{
    bool wanted = watch->artifacts[0] == NULL || watch->artifacts[0][0] == '!';

    for (size_t i = 0; watch->artifacts[i] != NULL; i++) {
        bool refuses = watch->artifacts[i][0] == '!';

        if (glob_match(watch->artifacts[i] + (refuses ? 1 : 0), tag))
            wanted = !refuses;
    }
    return wanted;
}

/* One repository while it is asked. */
typedef struct Registry {
    const Watch *watch;
    Cancel *cancel;
    char *host;          /* owned */
    const char *name;    /* borrowed from the watch */
    char *authorization; /* owned, or NULL */
} Registry;

static void
registry_clear(Registry *registry)
{
    g_free(registry->host);
    g_free(registry->authorization);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Registry, registry_clear)

/* The tags behind @last (NULL: the first ones), as the registry gives them in one answer. Asks for a
 * token when it must. */
static json_t *
load_tags(Registry *registry, const char *last, GError **error)
{
    g_autofree char *url =
        g_strdup_printf("%s/v2/%s/tags/list?n=" TAGS_A_PAGE "%s%s", registry->host, registry->name,
                        last != NULL ? "&last=" : "", last != NULL ? last : "");
    const char *headers[] = { registry->authorization, NULL };
    g_autoptr(GError) local = NULL;
    int status = 0;
    g_autoptr(GBytes) text = get_text(url, headers, LIST_BYTES, registry->cancel, &status, &local);

    if (text == NULL && status == 401 && registry->authorization == NULL) {
        registry->authorization = anonymous_token(registry->host, registry->name, registry->cancel);
        headers[0] = registry->authorization;
        if (registry->authorization != NULL) {
            g_clear_error(&local);
            text = get_text(url, headers, LIST_BYTES, registry->cancel, &status, &local);
        }
    }
    if (text == NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    return json_parse(span_of_bytes(text), LIST_BYTES, error);
}

/* Takes the tags of one answer that were not @known, and asks for those that are wanted. Whether
 * there was one. */
static bool
take_tags(Registry *registry, const json_t *list, GHashTable *known, const char **last_out,
          json_t *found, GError **error)
{
    const json_t *tags = json_object_get(list, "tags");

    *last_out = NULL;
    for (size_t i = 0; i < json_array_size(tags); i++) {
        const char *tag = json_string_value(json_array_get(tags, i));
        char *kept = NULL;

        if (!is_tag(tag) || g_hash_table_contains(known, tag))
            continue;
        kept = g_strdup(tag);
        g_hash_table_add(known, kept);
        *last_out = kept;
        if (!wanted_tag(registry->watch, tag))
            continue;
        if (json_object_size(found) >= WATCH_MAX_TAGS) {
            error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                      "more than %d tags: say which with '--artifact GLOB'", WATCH_MAX_TAGS);
            return false;
        }
        if (!add_tag(registry->host, registry->name, tag, registry->authorization, found,
                     registry->cancel, error))
            return false;
    }
    return true;
}

/* Registries answer with as many tags at a time as they like: until an answer has nothing new. */
static json_t *
ask_oci(const Watch *watch, Cancel *cancel, GError **error)
{
    g_auto(Registry) registry = { .watch = watch, .cancel = cancel };
    g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(json_t) found = json_object();
    const char *last = NULL;

    split_address(watch->url, &registry.host, &registry.name);
    do {
        g_autoptr(json_t) list = load_tags(&registry, last, error);

        if (list == NULL || !take_tags(&registry, list, known, &last, found, error))
            return NULL;
    } while (last != NULL && g_hash_table_size(known) < TAGS_MAX);
    if (last == NULL)
        return g_steal_pointer(&found);
    error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "the repository has more than %d tags",
              TAGS_MAX);
    return NULL;
}

json_t *
watch_ask(const Watch *watch, Cancel *cancel, GError **error)
{
    return watch->kind == WATCH_OCI ? ask_oci(watch, cancel, error) : ask_apt(watch, cancel, error);
}
