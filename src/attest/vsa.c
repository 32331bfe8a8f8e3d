/* SPDX-License-Identifier: Apache-2.0
 * vsa: reading, asking and writing one predicate. */
#include "attest/vsa.h"
#include <assert.h>
#include "base/clock.h"
#include "base/banned.h"

#define PASSED "PASSED"
#define FAILED "FAILED"

static const char *const names[VSA_N_RULES] = {
    [VSA_RULE_NONE] = "none",         [VSA_RULE_RESULT] = "result",
    [VSA_RULE_VERIFIER] = "verifier", [VSA_RULE_RESOURCE] = "resource",
    [VSA_RULE_LEVEL] = "level",
};

const char *
vsa_rule_name(VsaRule rule)
{
    assert(rule < VSA_N_RULES);
    return names[rule];
}

static bool
invalid(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot read verification summary: %s", why);
    return false;
}

static bool
read_levels(const json_t *predicate, VsaView *out, GError **error)
{
    size_t i;
    const json_t *level;

    out->levels = json_need_array(predicate, "verifiedLevels", "predicate", error);
    if (out->levels == NULL)
        return false;
    if (json_array_size(out->levels) > VSA_MAX_LEVELS)
        return invalid(error, "it names too many levels");
    json_array_foreach (out->levels, i, level) {
        if (!json_is_string(level))
            return invalid(error, "a level is not text");
    }
    return true;
}

/* RFC 3339 text; 0 when absent. */
static bool
read_time(const json_t *predicate, int64_t *out, GError **error)
{
    const json_t *value = json_object_get(predicate, "timeVerified");
    GDateTime *time = NULL;

    *out = 0;
    if (value == NULL)
        return true;
    if (json_is_string(value))
        time = g_date_time_new_from_iso8601(json_string_value(value), NULL);
    if (time == NULL)
        return invalid(error, "timeVerified is not a time");
    *out = g_date_time_to_unix(time) * G_USEC_PER_SEC + g_date_time_get_microsecond(time);
    g_date_time_unref(time);
    return true;
}

bool
vsa_read(const Statement *statement, VsaView *out, GError **error)
{
    const json_t *predicate = statement->predicate;
    VsaView view = { 0 };

    if (strcmp(statement->predicate_type, PREDICATE_TYPE_VSA) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "'%s' is no verification summary we read", statement->predicate_type);
        return false;
    }
    const json_t *verifier = json_need_object(predicate, "verifier", "predicate", error);
    view.verifier =
        verifier != NULL ? json_need_string(verifier, "id", "predicate.verifier", error) : NULL;
    view.resource = view.verifier != NULL
                        ? json_need_string(predicate, "resourceUri", "predicate", error)
                        : NULL;
    const char *result = view.resource != NULL
                             ? json_need_string(predicate, "verificationResult", "predicate", error)
                             : NULL;
    if (result == NULL || !read_levels(predicate, &view, error) ||
        !read_time(predicate, &view.verified_us, error))
        return false;
    view.passed = strcmp(result, PASSED) == 0;
    if (!view.passed && strcmp(result, FAILED) != 0)
        return invalid(error, "verificationResult is neither '" PASSED "' nor '" FAILED "'");
    view.policy = json_string_value(json_object_get(json_object_get(predicate, "policy"), "uri"));
    *out = view;
    return true;
}

/* "SLSA_BUILD_LEVEL_3" as its track's length and a level. False: another kind of level. */
static bool
split_level(const char *text, size_t *track_len, int64_t *level)
{
    const char *at = g_str_has_prefix(text, "SLSA_") ? g_strrstr(text, "_LEVEL_") : NULL;
    const char *digits = at != NULL ? at + strlen("_LEVEL_") : NULL;

    if (digits == NULL || strspn(digits, "0123456789") != strlen(digits) || strlen(digits) != 1)
        return false;
    *track_len = (size_t)(at - text);
    *level = *digits - '0';
    return true;
}

static bool
level_is_met(const char *wanted, const char *got)
{
    size_t wanted_track = 0, got_track = 0;
    int64_t wanted_level = 0, got_level = 0;

    if (strcmp(wanted, got) == 0)
        return true;
    return split_level(wanted, &wanted_track, &wanted_level) &&
           split_level(got, &got_track, &got_level) && wanted_track == got_track &&
           strncmp(wanted, got, got_track) == 0 && got_level >= wanted_level;
}

static bool
check_level(const VsaView *vsa, const char *wanted, GError **error)
{
    g_autoptr(GString) all = g_string_new(NULL);
    size_t i;
    const json_t *level;

    json_array_foreach (vsa->levels, i, level) {
        if (level_is_met(wanted, json_string_value(level)))
            return true;
        g_string_append_printf(all, "%s%s", i > 0 ? ", " : "", json_string_value(level));
    }
    error_set(error, BASE_ERROR, BASE_ERROR_DENIED, "levels are '%s', wanted '%s'", all->str,
              wanted);
    return false;
}

bool
vsa_check(const VsaView *vsa, VsaRule rule, const char *wanted, GError **error)
{
    const char *got = rule == VSA_RULE_RESULT     ? (vsa->passed ? PASSED : FAILED)
                      : rule == VSA_RULE_VERIFIER ? vsa->verifier
                                                  : vsa->resource;

    assert(rule > VSA_RULE_NONE && rule < VSA_N_RULES);
    if (rule == VSA_RULE_LEVEL)
        return check_level(vsa, wanted, error);
    if (strcmp(wanted, got) == 0)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_DENIED, "%s is '%s', wanted '%s'", vsa_rule_name(rule),
              got, wanted);
    return false;
}

char *
vsa_engine_id(const char *origin)
{
    return g_strconcat(origin, "/engine", NULL);
}

Statement *
vsa_build(const VsaInput *input, GError **error)
{
    char hex[DIGEST_HEX_SIZE];
    g_autoptr(json_t) levels = json_array();
    GDateTime *time = g_date_time_new_from_unix_utc(input->verified_us / G_USEC_PER_SEC);
    g_autofree char *when = time != NULL ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : NULL;

    g_clear_pointer(&time, g_date_time_unref);
    if (when == NULL || *input->verifier == '\0' || *input->resource == '\0') {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot write verification summary: no verifier, resource or time");
        return NULL;
    }
    for (const char *const *level = input->levels; *level != NULL; level++)
        json_array_append_new(levels, json_string(*level));
    digest_to_hex(&input->policy, hex);
    json_t *predicate = json_pack(
        "{s:{s:s}, s:s, s:s, s:{s:s, s:{s:s}}, s:O, s:s, s:O, s:s}", "verifier", "id",
        input->verifier, "timeVerified", when, "resourceUri", input->resource, "policy", "uri",
        input->policy_uri, "digest", "sha256", hex, "inputAttestations", (json_t *)input->inputs,
        "verificationResult", PASSED, "verifiedLevels", levels, "slsaVersion", VSA_SLSA_VERSION);
    if (predicate == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot write verification summary: broken UTF-8");
        return NULL;
    }
    return statement_new(PREDICATE_TYPE_VSA, predicate);
}
