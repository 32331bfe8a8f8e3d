/* SPDX-License-Identifier: Apache-2.0
 * slipway_verify: the verifier as a program of its own, linked with nothing that could talk to
 * anybody: slipway-verify PATH... --trust FILE [--json]. Exit codes are those of facts.md
 * section 7. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "verify/paths.h"
#include "base/banned.h"

typedef struct Words {
    const char *trust;
    GPtrArray *paths; /* of borrowed words, NULL-terminated */
    bool json;
} Words;

static bool
read_words(Words *words, char *const *argv, GError **error)
{
    bool only_paths = false;

    for (char *const *word = argv + 1; *word != NULL; word++) {
        if (only_paths || (*word)[0] != '-') {
            g_ptr_array_add(words->paths, *word);
        } else if (strcmp(*word, "--") == 0) {
            only_paths = true;
        } else if (strcmp(*word, "--json") == 0) {
            words->json = true;
        } else if (g_str_has_prefix(*word, "--trust=")) {
            words->trust = *word + strlen("--trust=");
        } else if (strcmp(*word, "--trust") == 0 && word[1] != NULL) {
            words->trust = *++word;
        } else {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "unknown option '%s'", *word);
            return false;
        }
    }
    if (words->trust == NULL || words->paths->len == 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "usage: slipway-verify PATH... --trust FILE [--json]");
        return false;
    }
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
run(char *const *argv, Words *words, VerifyResult *result_out, GError **error)
{
    if (!read_words(words, argv, error))
        return false;
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
