/* SPDX-License-Identifier: Apache-2.0
 * names: spellings, look-ups and versions of a pipeline. */
#include <errno.h>
#include <string.h>
#include "format/glob.h"
#include "pipeline/pipeline.h"
#include "base/banned.h"

#define VERSION_BYTES 128

const char *
pipeline_scheme_name(PipelineScheme scheme)
{
    static const char *const names[] = { "none", "semver", "calver", "timestamp" };

    return names[scheme];
}

const char *
pipeline_executor_name(PipelineExecutor executor)
{
    static const char *const names[] = { "none", "sandbox", "host", "vm", "command" };

    return names[executor];
}

const char *
pipeline_input_type_name(PipelineInputType type)
{
    static const char *const names[] = { "none", "string", "int", "bool", "choice" };

    return names[type];
}

/* A decimal number of 64 bits. */
static bool
is_integer(const char *text)
{
    char *end = NULL;
    const char *digits = text[0] == '-' ? text + 1 : text;

    if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0')
        return false;
    errno = 0;
    (void)g_ascii_strtoll(text, &end, 10);
    return errno == 0 && *end == '\0';
}

bool
pipeline_input_accepts(const PipelineInput *input, const char *value)
{
    switch (input->type) {
    case PIPELINE_INPUT_STRING:
        return true;
    case PIPELINE_INPUT_INT:
        return is_integer(value);
    case PIPELINE_INPUT_BOOL:
        return strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
    case PIPELINE_INPUT_CHOICE:
        return g_strv_contains(input->choices, value);
    case PIPELINE_INPUT_NONE:
        break;
    }
    return false;
}

const char *
pipeline_network_name(PipelineNetwork network)
{
    static const char *const names[] = { "none", "open", "allow" };

    return names[network];
}

const char *
pipeline_target_type_name(PipelineTargetType type)
{
    static const char *const names[] = { "none", "directory" };

    return names[type];
}

const char *
pipeline_require_name(PipelineRequire bit)
{
    switch (bit) {
    case PIPELINE_REQUIRE_PROVENANCE:
        return "provenance";
    case PIPELINE_REQUIRE_TEST_RESULT:
        return "test-result";
    case PIPELINE_REQUIRE_VULNS:
        return "vulns";
    case PIPELINE_REQUIRE_SPDX:
        return "spdx";
    case PIPELINE_REQUIRE_CYCLONEDX:
        return "cyclonedx";
    }
    return "none";
}

const char *
pipeline_sign_name(PipelineSign bit)
{
    switch (bit) {
    case PIPELINE_SIGN_OPENPGP:
        return "openpgp";
    case PIPELINE_SIGN_CHECKSUM:
        return "checksum";
    case PIPELINE_SIGN_SSHSIG:
        return "sshsig";
    case PIPELINE_SIGN_MINISIGN:
        return "minisign";
    }
    return "none";
}

const PipelineJob *
pipeline_find_job(const Pipeline *pipeline, const char *name)
{
    for (size_t i = 0; i < pipeline->n_jobs; i++) {
        if (strcmp(pipeline->jobs[i].name, name) == 0)
            return &pipeline->jobs[i];
    }
    return NULL;
}

const PipelineStream *
pipeline_find_stream(const Pipeline *pipeline, const char *name)
{
    for (size_t i = 0; i < pipeline->n_streams; i++) {
        if (strcmp(pipeline->streams[i].name, name) == 0)
            return &pipeline->streams[i];
    }
    return NULL;
}

const PipelineTarget *
pipeline_find_target(const Pipeline *pipeline, const char *name)
{
    for (size_t i = 0; i < pipeline->n_targets; i++) {
        if (strcmp(pipeline->targets[i].name, name) == 0)
            return &pipeline->targets[i];
    }
    return NULL;
}

/* The last glob that fits decides; a list that begins with "!" starts from everything. */
static bool
globs_accept(const char *const *globs, const char *text)
{
    bool accepted = globs[0] == NULL || globs[0][0] == '!';

    for (size_t i = 0; globs[i] != NULL; i++) {
        bool taken_away = globs[i][0] == '!';

        if (glob_match(globs[i] + (taken_away ? 1 : 0), text))
            accepted = !taken_away;
    }
    return accepted;
}

bool
pipeline_on_accepts(const PipelineOn *on, const char *branch, const char *tag,
                    const char *const *changed)
{
    bool path_fits = on->paths[0] == NULL || changed == NULL;

    if ((branch != NULL && !globs_accept(on->branches, branch)) ||
        (tag != NULL && !globs_accept(on->tags, tag)))
        return false;
    for (size_t i = 0; !path_fits && changed[i] != NULL; i++)
        path_fits = globs_accept(on->paths, changed[i]);
    return path_fits;
}

/* The version in @tag under @stream's template. Owned, or NULL. */
static char *
version_in_tag(const PipelineStream *stream, const char *tag)
{
    const char *hole = strstr(stream->tag, "{version}");
    const char *suffix = hole + strlen("{version}");
    size_t before = (size_t)(hole - stream->tag);
    size_t after = strlen(suffix);
    size_t len = strlen(tag);

    if (len <= before + after || strncmp(tag, stream->tag, before) != 0 ||
        strcmp(tag + len - after, suffix) != 0)
        return NULL;
    g_autofree char *version = g_strndup(tag + before, len - before - after);

    return pipeline_version_is_valid(stream->scheme, version) ? g_steal_pointer(&version) : NULL;
}

const PipelineStream *
pipeline_find_stream_of_tag(const Pipeline *pipeline, const char *tag, char **version_out)
{
    const PipelineStream *best = NULL;
    g_autofree char *best_version = NULL;

    /* When two templates fit, the one with more letters of its own says more about the tag. */
    for (size_t i = 0; i < pipeline->n_streams; i++) {
        const PipelineStream *stream = &pipeline->streams[i];
        g_autofree char *version = version_in_tag(stream, tag);

        if (version == NULL || (best != NULL && strlen(best->tag) >= strlen(stream->tag)))
            continue;
        best = stream;
        g_free(best_version);
        best_version = g_steal_pointer(&version);
    }
    if (best != NULL && version_out != NULL)
        *version_out = g_steal_pointer(&best_version);
    return best;
}

/* Digits without a leading zero. Returns what follows, or NULL. */
static const char *
skip_number(const char *p)
{
    size_t n = strspn(p, "0123456789");

    return n == 0 || (n > 1 && p[0] == '0') ? NULL : p + n;
}

/* Dot-separated identifiers of [0-9A-Za-z-]; SemVer 2.0.0, rules 9 and 10. @strict: no leading
 * zeros in numbers. */
static const char *
skip_identifiers(const char *p, bool strict)
{
    for (;;) {
        size_t digits = strspn(p, "0123456789");
        size_t n = digits;

        while (g_ascii_isalnum(p[n]) || p[n] == '-')
            n++;
        if (n == 0 || (strict && n == digits && n > 1 && p[0] == '0'))
            return NULL;
        p += n;
        if (*p != '.')
            return p;
        p++;
    }
}

/* "-pre+build" or nothing, to the end. */
static bool
is_version_tail(const char *p)
{
    if (p != NULL && *p == '-')
        p = skip_identifiers(p + 1, true);
    if (p != NULL && *p == '+')
        p = skip_identifiers(p + 1, false);
    return p != NULL && *p == '\0';
}

static bool
is_semver(const char *version)
{
    const char *p = skip_number(version);

    for (int i = 0; i < 2 && p != NULL; i++)
        p = *p == '.' ? skip_number(p + 1) : NULL;
    return p != NULL && is_version_tail(p);
}

/* YYWW.patch: the ISO week of the branch, then counting. */
static bool
is_calver(const char *version)
{
    if (strspn(version, "0123456789") != 4 || version[4] != '.')
        return false;
    int week = (version[2] - '0') * 10 + (version[3] - '0');

    return week >= 1 && week <= 53 && is_version_tail(skip_number(version + 5));
}

/* YYYYMMDDhhmmss, a time that exists. */
static bool
is_timestamp(const char *version)
{
    static const int widths[] = { 4, 2, 2, 2, 2, 2 };
    int parts[6] = { 0 };
    const char *p = version;

    if (strspn(version, "0123456789") != 14 || version[14] != '\0')
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        for (int k = 0; k < widths[i]; k++)
            parts[i] = parts[i] * 10 + (*p++ - '0');
    }
    return g_date_valid_dmy((GDateDay)parts[2], (GDateMonth)parts[1], (GDateYear)parts[0]) &&
           parts[3] < 24 && parts[4] < 60 && parts[5] < 60;
}

bool
pipeline_version_is_valid(PipelineScheme scheme, const char *version)
{
    if (strlen(version) > VERSION_BYTES)
        return false;
    switch (scheme) {
    case PIPELINE_SCHEME_SEMVER:
        return is_semver(version);
    case PIPELINE_SCHEME_CALVER:
        return is_calver(version);
    case PIPELINE_SCHEME_TIMESTAMP:
        return is_timestamp(version);
    case PIPELINE_SCHEME_NONE:
        break;
    }
    return false;
}
