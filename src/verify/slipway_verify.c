/* SPDX-License-Identifier: Apache-2.0
 * slipway_verify: the verifier as a program of its own, linked with nothing that could talk to
 * anybody: slipway-verify(1). Exit codes are those of facts.md section 7. */
#include <slipway/verify.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "verify/paths.h"
#include "verify/slipway_verify_files.h"
#include "base/banned.h"

typedef struct Words {
    const char *trust;
    const char *trusted_root;
    SlipwayBundleRequest request; /* bundle is NULL for releases */
    GPtrArray *paths;             /* of borrowed words, NULL-terminated */
    bool json;
} Words;

typedef struct WordOption { /* takes a value */
    const char *name;
    size_t offset; /* of a const char * in Words */
} WordOption;

static const WordOption word_options[] = {
    { "--trust", offsetof(Words, trust) },
    { "--trusted-root", offsetof(Words, trusted_root) },
    { "--bundle", offsetof(Words, request.bundle) },
    { "--key", offsetof(Words, request.key_path) },
    { "--identity", offsetof(Words, request.identity) },
    { "--issuer", offsetof(Words, request.issuer) },
};

static bool
read_flag(Words *words, const char *word)
{
    if (strcmp(word, "--json") == 0)
        words->json = true;
    else if (strcmp(word, "--no-timestamp") == 0)
        words->request.flags |= SLIPWAY_BUNDLE_NO_TIMESTAMP;
    else if (strcmp(word, "--no-transparency") == 0)
        words->request.flags |= SLIPWAY_BUNDLE_NO_TRANSPARENCY;
    else
        return false;
    return true;
}

/* "--name=VALUE" or "--name VALUE". @word: moved to the last word taken. */
static bool
read_value(Words *words, char *const **word)
{
    for (size_t i = 0; i < G_N_ELEMENTS(word_options); i++) {
        size_t len = strlen(word_options[i].name);
        const char **value = (const char **)((char *)words + word_options[i].offset);

        if (strncmp(**word, word_options[i].name, len) != 0)
            continue;
        if ((**word)[len] == '=') {
            *value = **word + len + 1;
            return true;
        }
        if ((**word)[len] == '\0' && (*word)[1] != NULL) {
            *value = *++*word;
            return true;
        }
    }
    return false;
}

static bool
check_words(const Words *words, GError **error)
{
    bool releases = words->trust != NULL && words->request.bundle == NULL;
    bool bundle = words->trust == NULL && words->request.bundle != NULL &&
                  words->trusted_root != NULL && words->paths->len == 1;

    if (words->paths->len > 0 && (releases || bundle))
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
              "usage: slipway-verify PATH... --trust FILE [--json], or "
              "slipway-verify ARTIFACT --bundle FILE --trusted-root FILE (--key FILE | "
              "--identity NAME --issuer URL) [--json]");
    return false;
}

static bool
read_words(Words *words, char *const *argv, GError **error)
{
    bool only_paths = false;

    for (char *const *word = argv + 1; *word != NULL; word++) {
        if (only_paths || (*word)[0] != '-') {
            g_ptr_array_add(words->paths, *word);
        } else if (strcmp(*word, "--") == 0) {
            only_paths = true;
        } else if (!read_flag(words, *word) && !read_value(words, &word)) {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                      "option '%s' is unknown, or lacks its value", *word);
            return false;
        }
    }
    if (!check_words(words, error))
        return false;
    g_ptr_array_add(words->paths, NULL);
    return true;
}

static void
print_all(const Words *words, const GPtrArray *folders)
{
    if (words->json) {
        g_autoptr(json_t) json = verified_json(folders);
        g_autofree char *text = json_pretty(json);
        fputs(text, stdout);
        return;
    }
    for (unsigned i = 0; i < folders->len; i++) {
        const VerifiedFolder *folder = g_ptr_array_index(folders, i);
        g_autofree char *text = verify_report_text(folder->report);
        g_autofree char *summary = verified_summary(folder);
        g_autofree char *printable = error_printable(summary);
        fputs(text, stdout);
        puts(printable);
    }
}

static bool
take_error(char *message, GError **error)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s", message);
    slipway_free(message);
    return false;
}

static bool
run_bundle(Words *words, VerifyResult *result_out, GError **error)
{
    char *message = NULL;
    SlipwayBundleTrust *trust = slipway_bundle_trust_load(words->trusted_root, &message);
    SlipwayReport *report = NULL;

    words->request.size = sizeof words->request;
    words->request.artifact = words->paths->pdata[0];
    if (trust != NULL)
        report = slipway_verify_bundle(trust, &words->request, &message);
    slipway_bundle_trust_free(trust);
    if (report == NULL)
        return take_error(message, error);
    *result_out = (VerifyResult)slipway_report_result(report);
    char *text = words->json ? slipway_report_json(report) : slipway_report_text(report);
    fputs(text, stdout);
    if (!words->json)
        printf("%s: %s\n", words->request.bundle, verify_result_name(*result_out));
    slipway_free(text);
    slipway_report_free(report);
    return true;
}

static bool
run_releases(const Words *words, VerifyResult *result_out, GError **error)
{
    g_autoptr(Trust) trust = verify_trust_load(words->trust, error);
    if (trust == NULL)
        return false;
    g_autoptr(GPtrArray) folders = verify_paths((const char *const *)words->paths->pdata, trust,
                                                clock_now_us(&clock_system), error);
    if (folders == NULL)
        return false;
    print_all(words, folders);
    *result_out = verified_result(folders);
    return true;
}

static bool
run(char *const *argv, Words *words, VerifyResult *result_out, GError **error)
{
    if (verify_files_are_asked_for(argv))
        return verify_files_run(argv, result_out, error);
    if (!read_words(words, argv, error))
        return false;
    return words->request.bundle != NULL ? run_bundle(words, result_out, error)
                                         : run_releases(words, result_out, error);
}

int
main(int argc, char **argv)
{
    Words words = { .paths = g_ptr_array_new() };
    VerifyResult result = VERIFY_USAGE;
    g_autoptr(GError) error = NULL;

    (void)argc;
    if (!run(argv, &words, &result, &error)) {
        g_autofree char *text = error_printable(error->message);
        fprintf(stderr, "slipway-verify: %s\n", text);
    }
    g_ptr_array_unref(words.paths);
    if (fflush(stdout) != 0)
        result = VERIFY_USAGE;
    return (int)result;
}
