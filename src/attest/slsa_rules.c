/* SPDX-License-Identifier: Apache-2.0
 * slsa_rules: what a verifier may ask of provenance. */
#include <assert.h>
#include "attest/slsa.h"
#include "base/banned.h"

#define VERSION_PARTS 3

static const char *const names[SLSA_N_RULES] = {
    [SLSA_RULE_NONE] = "none",
    [SLSA_RULE_SOURCE] = "source",
    [SLSA_RULE_BUILDER] = "builder",
    [SLSA_RULE_BUILD_TYPE] = "build-type",
    [SLSA_RULE_BRANCH] = "branch",
    [SLSA_RULE_TAG] = "tag",
    [SLSA_RULE_VERSIONED_TAG] = "versioned-tag",
    [SLSA_RULE_WORKFLOW] = "workflow",
    [SLSA_RULE_COMMIT] = "commit",
    [SLSA_RULE_INPUT] = "input",
};

const char *
slsa_rule_name(SlsaRule rule)
{
    assert(rule < SLSA_N_RULES);
    return names[rule];
}

static bool
denied(GError **error, SlsaRule rule, const char *wanted, const char *got)
{
    error_set(error, BASE_ERROR, BASE_ERROR_DENIED, "%s is %s%s%s, wanted '%s'",
              slsa_rule_name(rule), got != NULL ? "'" : "", got != NULL ? got : "not told",
              got != NULL ? "'" : "", wanted);
    return false;
}

/* A repository without what may be left out: "git+", a scheme of the web, ".git", the last '/'. */
static char *
plain_source(const char *uri)
{
    static const char *const prefixes[] = { "git+", "https://" };
    char *copy = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        if (g_str_has_prefix(uri, prefixes[i]))
            uri += strlen(prefixes[i]);
    }
    copy = g_strdup(uri);
    size_t len = strlen(copy);
    if (len > 0 && copy[len - 1] == '/')
        copy[--len] = '\0';
    if (len > 4 && strcmp(copy + len - 4, ".git") == 0)
        copy[len - 4] = '\0';
    return copy;
}

static bool
same_source(const char *wanted, const char *got)
{
    g_autofree char *a = plain_source(wanted);
    g_autofree char *b = plain_source(got);

    return *a != '\0' && strcmp(a, b) == 0;
}

static bool
same_builder(const char *wanted, const char *got)
{
    const char *at = strrchr(got, '@');

    if (strcmp(wanted, got) == 0)
        return true;
    return strchr(wanted, '@') == NULL && at != NULL && strlen(wanted) == (size_t)(at - got) &&
           strncmp(wanted, got, strlen(wanted)) == 0;
}

static bool
same_ref(const char *wanted, const char *got, const char *prefix)
{
    return strcmp(g_str_has_prefix(wanted, prefix) ? wanted + strlen(prefix) : wanted, got) == 0;
}

typedef struct {
    size_t n_parts;             /* 1 to 3 */
    char *parts[VERSION_PARTS]; /* owned; digits without leading zeros */
    const char *rest;           /* "-rc.1+meta", borrowed; "" if none */
} Version;

static void
version_clear(Version *version)
{
    for (size_t i = 0; i < VERSION_PARTS; i++)
        g_clear_pointer(&version->parts[i], g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Version, version_clear)

/* "v1", "v1.2", "v1.2.3-rc.1+meta"; only a whole version has a tail. */
static bool
read_version(const char *text, Version *out)
{
    const char *at = text;

    if (*at++ != 'v')
        return false;
    while (out->n_parts < VERSION_PARTS) {
        size_t digits = strspn(at, "0123456789");
        if (digits == 0 || (digits > 1 && *at == '0'))
            return false;
        out->parts[out->n_parts++] = g_strndup(at, digits);
        at += digits;
        if (*at != '.' || out->n_parts == VERSION_PARTS)
            break;
        at++;
    }
    out->rest = at;
    return *at == '\0' ||
           (out->n_parts == VERSION_PARTS && (*at == '-' || *at == '+') && at[1] != '\0');
}

/* What @wanted spells out must be the same; a pre-release meets only its own name. */
static bool
check_version(const char *wanted, const char *got, GError **error)
{
    g_auto(Version) asked = { 0 };
    g_auto(Version) told = { 0 };

    if (!read_version(wanted, &asked)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot ask for versioned tag '%s': not 'v' and a semantic version", wanted);
        return false;
    }
    if (got == NULL || !read_version(got, &told) || told.n_parts < asked.n_parts)
        return denied(error, SLSA_RULE_VERSIONED_TAG, wanted, got);
    for (size_t i = 0; i < asked.n_parts; i++) {
        if (strcmp(asked.parts[i], told.parts[i]) != 0)
            return denied(error, SLSA_RULE_VERSIONED_TAG, wanted, got);
    }
    bool same_tail =
        asked.n_parts < VERSION_PARTS ? told.rest[0] != '-' : strcmp(asked.rest, told.rest) == 0;
    return same_tail || denied(error, SLSA_RULE_VERSIONED_TAG, wanted, got);
}

/* "NAME=VALUE" among what whoever started the build chose. */
static bool
check_input(const SlsaProvenance *self, const char *wanted, GError **error)
{
    const char *equals = strchr(wanted, '=');
    g_autofree char *name = equals != NULL ? g_strndup(wanted, (size_t)(equals - wanted)) : NULL;

    if (name == NULL || *name == '\0') {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot ask for input '%s': not NAME=VALUE", wanted);
        return false;
    }
    const json_t *value = json_object_get(self->inputs, name);
    g_autofree char *text = json_is_string(value) ? g_strdup(json_string_value(value))
                            : value != NULL       ? json_canonical(value, NULL, NULL)
                                                  : NULL;
    return (text != NULL && strcmp(text, equals + 1) == 0) ||
           denied(error, SLSA_RULE_INPUT, wanted, text);
}

static bool
meets(SlsaRule rule, const char *wanted, const char *got)
{
    switch (rule) {
    case SLSA_RULE_SOURCE:
        return same_source(wanted, got);
    case SLSA_RULE_BUILDER:
        return same_builder(wanted, got);
    case SLSA_RULE_BRANCH:
        return same_ref(wanted, got, "refs/heads/");
    case SLSA_RULE_TAG:
        return same_ref(wanted, got, "refs/tags/");
    default:
        return strcmp(wanted, got) == 0;
    }
}

bool
slsa_check(const SlsaProvenance *self, SlsaRule rule, const char *wanted, GError **error)
{
    const char *const told[SLSA_N_RULES] = {
        [SLSA_RULE_SOURCE] = self->source,
        [SLSA_RULE_BUILDER] = self->builder_id,
        [SLSA_RULE_BUILD_TYPE] = self->build_type,
        [SLSA_RULE_BRANCH] = self->branch,
        [SLSA_RULE_TAG] = self->tag,
        [SLSA_RULE_VERSIONED_TAG] = self->tag,
        [SLSA_RULE_WORKFLOW] = self->workflow,
        [SLSA_RULE_COMMIT] = self->commit,
    };

    assert(rule > SLSA_RULE_NONE && rule < SLSA_N_RULES);
    if (rule == SLSA_RULE_INPUT)
        return check_input(self, wanted, error);
    if (rule == SLSA_RULE_VERSIONED_TAG)
        return check_version(wanted, told[rule], error);
    return (told[rule] != NULL && meets(rule, wanted, told[rule])) ||
           denied(error, rule, wanted, told[rule]);
}
