/* SPDX-License-Identifier: Apache-2.0
 * slipway_verify_files: what the small program says of files that anybody signed, and of what is
 * attested of them. OpenPGP it leaves alone: it starts no other program. */
#include "verify/slipway_verify_files.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/files.h"
#include "verify/attestation.h"
#include "verify/detached.h"
#include "base/banned.h"

#define USAGE                                                                                      \
    "usage: slipway-verify PATH... --trust FILE | ARTIFACT --bundle FILE --trusted-root FILE | "   \
    "FILE --signature FILE --key FILE | FILE... --attestation FILE --key FILE, each with [--json]"

typedef struct Words {
    const char *attestation, *threshold, *type;
    DetachedPaths detached; /* without its file and key */
    GPtrArray *paths;       /* of borrowed words, NULL-terminated */
    GPtrArray *keys;        /* of borrowed words */
    GArray *rules;          /* of AttestationRule */
    bool json;
} Words;

/* Options with a value; keys and rules beside. */
static const struct {
    const char *name;
    size_t offset; /* of a const char * in Words */
} options[] = {
    { "attestation", offsetof(Words, attestation) },
    { "threshold", offsetof(Words, threshold) },
    { "type", offsetof(Words, type) },
    { "signature", offsetof(Words, detached.signature) },
    { "allowed-signers", offsetof(Words, detached.allowed_signers) },
    { "identity", offsetof(Words, detached.identity) },
    { "namespace", offsetof(Words, detached.name_space) },
    { "tsa-chain", offsetof(Words, detached.tsa_chain) },
};

/* Takes the option @name with its value. False: there is none of that name. */
static bool
take_option(Words *words, const char *name, const char *value)
{
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        if (strcmp(options[i].name, name) == 0) {
            memcpy((char *)words + options[i].offset, &value, sizeof value);
            return true;
        }
    }
    if (strcmp(name, "key") == 0 || strcmp(name, "minisign-key") == 0) {
        g_ptr_array_add(words->keys, (char *)value);
        return true;
    }
    for (const AttestationOption *option = attestation_options; option->name != NULL; option++) {
        if (strcmp(option->name, name) == 0) {
            AttestationRule rule = { option->slsa, option->vsa, value };
            g_array_append_val(words->rules, rule);
            return true;
        }
    }
    return false;
}

/* The option at @word; *@n_out: how many words it took. */
static bool
read_option(Words *words, char *const *word, size_t *n_out, GError **error)
{
    const char *text = *word + strlen("--");
    const char *equals = strchr(text, '=');
    g_autofree char *name =
        equals != NULL ? g_strndup(text, (size_t)(equals - text)) : g_strdup(text);
    const char *value = equals != NULL ? equals + 1 : word[1];

    *n_out = equals != NULL ? 1 : 2;
    if (g_str_has_prefix(*word, "--") && value != NULL && take_option(words, name, value))
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "unknown option '%s', or its value is missing",
              *word);
    return false;
}

static bool
read_words(Words *words, char *const *argv, GError **error)
{
    bool only_paths = false;

    for (char *const *word = argv + 1; *word != NULL;) {
        size_t n = 1;
        if (only_paths || (*word)[0] != '-')
            g_ptr_array_add(words->paths, *word);
        else if (strcmp(*word, "--") == 0)
            only_paths = true;
        else if (strcmp(*word, "--json") == 0)
            words->json = true;
        else if (!read_option(words, word, &n, error))
            return false;
        word += n;
    }
    if (words->paths->len == 0 || (words->attestation == NULL && words->paths->len != 1)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, USAGE);
        return false;
    }
    g_ptr_array_add(words->paths, NULL);
    return true;
}

/* One report; a line a check, or an object. */
static void
print_report(const Words *words, const VerifyReport *report, const char *subject)
{
    g_autoptr(json_t) json = verify_report_json(report);
    g_autofree char *text = words->json ? json_pretty(json) : verify_report_text(report);
    g_autofree char *printable = error_printable(subject);

    fputs(text, stdout);
    if (!words->json)
        printf("%s: %s\n", printable, verify_result_name(verify_report_result(report)));
}

static bool
run_detached(const Words *words, VerifyResult *result_out, GError **error)
{
    DetachedPaths paths = words->detached;

    paths.file = words->paths->pdata[0];
    paths.key = words->keys->len > 0 ? words->keys->pdata[0] : NULL;
    g_autoptr(VerifyReport) report = detached_verify(&paths, clock_now_us(&clock_system), error);
    if (report == NULL)
        return false;
    print_report(words, report, paths.file);
    *result_out = verify_report_result(report);
    return true;
}

static bool
prepare_question(const Words *words, GPtrArray *keys, AttestationQuestion *question, GError **error)
{
    question->keys = keys;
    question->rules = (const AttestationRule *)(const void *)words->rules->data;
    question->n_rules = words->rules->len;
    question->threshold =
        words->threshold != NULL ? g_ascii_strtoull(words->threshold, NULL, 10) : 1;
    if (!attestation_choose_type(words->type, question->rules, question->n_rules, &question->type,
                                 error))
        return false;
    if (words->keys->len == 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, USAGE);
        return false;
    }
    for (unsigned i = 0; i < words->keys->len; i++) {
        if (!attestation_add_key(keys, words->keys->pdata[i], error))
            return false;
    }
    return true;
}

static bool
run_attestation(const Words *words, VerifyResult *result_out, GError **error)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)dsse_key_free);
    AttestationQuestion question = { .algorithm = "sha256" };

    if (!prepare_question(words, keys, &question, error))
        return false;
    g_autoptr(GBytes) text = file_read(AT_FDCWD, words->attestation, ATTESTATION_MAX_BYTES, error);
    *result_out = VERIFY_OK;
    for (unsigned i = 0; text != NULL && i < words->paths->len - 1; i++) {
        g_autofree char *hex = attestation_file_sha256(words->paths->pdata[i], error);
        if (hex == NULL)
            return false;
        question.subject = words->paths->pdata[i];
        question.value = hex;
        g_autoptr(VerifyReport) report = attestation_verify(span_of_bytes(text), &question);
        print_report(words, report, question.subject);
        if (*result_out == VERIFY_OK)
            *result_out = verify_report_result(report);
    }
    return text != NULL;
}

bool
verify_files_are_asked_for(char *const *argv)
{
    static const char *const others[] = { "--trust", "--bundle" };

    for (char *const *word = argv + 1; *word != NULL && strcmp(*word, "--") != 0; word++) {
        for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
            size_t len = strlen(others[i]);
            if (strncmp(*word, others[i], len) == 0 &&
                ((*word)[len] == '\0' || (*word)[len] == '='))
                return false;
        }
    }
    return true;
}

bool
verify_files_run(char *const *argv, VerifyResult *result_out, GError **error)
{
    Words words = { .paths = g_ptr_array_new(),
                    .keys = g_ptr_array_new(),
                    .rules = g_array_new(FALSE, FALSE, sizeof(AttestationRule)) };
    VerifyResult result = VERIFY_USAGE;
    bool ok = read_words(&words, argv, error) &&
              (words.attestation != NULL ? run_attestation(&words, &result, error)
                                         : run_detached(&words, &result, error));

    if (ok)
        *result_out = result;
    g_ptr_array_unref(words.paths);
    g_ptr_array_unref(words.keys);
    g_array_unref(words.rules);
    return ok;
}
