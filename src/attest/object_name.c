/* SPDX-License-Identifier: Apache-2.0
 * object_name: reading is splitting at the separators and checking each part. */
#include "attest/object_name.h"
#include <assert.h>
#include <stdio.h>
#include "proof/checkpoint.h"
#include "base/banned.h"

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static const char *const prefixes[OBJECT_N_KINDS] = {
    [OBJECT_NONE] = "",          [OBJECT_ROOT] = "root:",
    [OBJECT_ROSTER] = "roster:", [OBJECT_RELEASE] = "release:",
    [OBJECT_ENV] = "env:",       [OBJECT_CHANNEL] = "channel:",
    [OBJECT_TARGET] = "target:",
};

bool
object_part_is_valid(const char *text)
{
    size_t len = strlen(text);

    return len >= 1 && len < OBJECT_PART_SIZE && strspn(text, LOWER DIGITS) >= 1 &&
           strspn(text, LOWER DIGITS "._-") == len;
}

bool
object_version_is_valid(const char *text)
{
    size_t len = strlen(text);

    return len >= 1 && len < OBJECT_VERSION_SIZE && strspn(text, LOWER UPPER DIGITS) >= 1 &&
           strspn(text, LOWER UPPER DIGITS ".+_~-") == len;
}

static bool
copy_part(const char *text, size_t len, char out[OBJECT_PART_SIZE])
{
    if (len >= OBJECT_PART_SIZE)
        return false;
    memcpy(out, text, len);
    out[len] = '\0';
    return object_part_is_valid(out);
}

static bool
parse_release(const char *text, ObjectName *out)
{
    const char *slash = strchr(text, '/');
    const char *at = slash != NULL ? strchr(slash, '@') : NULL;

    if (at == NULL || !copy_part(text, (size_t)(slash - text), out->project) ||
        !copy_part(slash + 1, (size_t)(at - slash - 1), out->part) ||
        !object_version_is_valid(at + 1))
        return false;
    g_strlcpy(out->version, at + 1, sizeof out->version);
    return true;
}

static bool
parse_rest(ObjectKind kind, const char *text, ObjectName *out)
{
    const char *slash = strchr(text, '/');

    switch (kind) {
    case OBJECT_ROOT:
        g_strlcpy(out->origin, text, sizeof out->origin);
        return origin_is_valid(text);
    case OBJECT_ROSTER:
        return copy_part(text, strlen(text), out->project);
    case OBJECT_RELEASE:
        return parse_release(text, out);
    case OBJECT_ENV:
    case OBJECT_CHANNEL:
    case OBJECT_TARGET:
        return slash != NULL && copy_part(text, (size_t)(slash - text), out->project) &&
               copy_part(slash + 1, strlen(slash + 1), out->part);
    case OBJECT_NONE:
    case OBJECT_N_KINDS:
        break;
    }
    return false;
}

bool
object_name_parse(const char *text, ObjectName *out, GError **error)
{
    ObjectName name = { 0 };

    for (ObjectKind kind = OBJECT_NONE + 1; kind < OBJECT_N_KINDS; kind++) {
        if (!g_str_has_prefix(text, prefixes[kind]))
            continue;
        name.kind = kind;
        if (!parse_rest(kind, text + strlen(prefixes[kind]), &name))
            break;
        *out = name;
        return true;
    }
    g_autofree char *shown = error_printable(text);
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
              "'%s' is not an object name such as 'release:acme/cli@1.2.0'", shown);
    return false;
}

void
object_name_format(const ObjectName *name, char out[OBJECT_NAME_SIZE])
{
    const char *prefix = prefixes[name->kind];

    assert(name->kind > OBJECT_NONE && name->kind < OBJECT_N_KINDS);
    if (name->kind == OBJECT_ROOT)
        snprintf(out, OBJECT_NAME_SIZE, "%s%s", prefix, name->origin);
    else if (name->kind == OBJECT_ROSTER)
        snprintf(out, OBJECT_NAME_SIZE, "%s%s", prefix, name->project);
    else if (name->kind == OBJECT_RELEASE)
        snprintf(out, OBJECT_NAME_SIZE, "%s%s/%s@%s", prefix, name->project, name->part,
                 name->version);
    else
        snprintf(out, OBJECT_NAME_SIZE, "%s%s/%s", prefix, name->project, name->part);
}

/* @text if it reads as a name of @kind, else NULL and an error. */
static char *
checked(char *text, ObjectKind kind, GError **error)
{
    g_autofree char *owned = text;
    ObjectName name;

    if (!object_name_parse(owned, &name, error))
        return NULL;
    assert(name.kind == kind);
    return g_steal_pointer(&owned);
}

char *
object_name_root(const char *origin, GError **error)
{
    return checked(g_strconcat(prefixes[OBJECT_ROOT], origin, NULL), OBJECT_ROOT, error);
}

char *
object_name_roster(const char *project, GError **error)
{
    return checked(g_strconcat(prefixes[OBJECT_ROSTER], project, NULL), OBJECT_ROSTER, error);
}

char *
object_name_release(const char *project, const char *stream, const char *version, GError **error)
{
    return checked(g_strconcat(prefixes[OBJECT_RELEASE], project, "/", stream, "@", version, NULL),
                   OBJECT_RELEASE, error);
}

char *
object_name_place(ObjectKind kind, const char *project, const char *part, GError **error)
{
    assert(kind == OBJECT_ENV || kind == OBJECT_CHANNEL || kind == OBJECT_TARGET);
    return checked(g_strconcat(prefixes[kind], project, "/", part, NULL), kind, error);
}

char *
object_name_key(const char *text)
{
    return g_ascii_strdown(text, -1);
}

Digest
object_name_digest(const char *text)
{
    return digest_of(span_of_text(text));
}
