/* SPDX-License-Identifier: Apache-2.0
 * verify: an updater's check before it installs anything. Build it with nothing but
 *   cc verify.c -o verify $(pkg-config --cflags --libs slipway-verify)
 * Usage: verify release FOLDER TRUST_FILE | verify bundle ARTIFACT BUNDLE TRUSTED_ROOT KEY_PEM */
#include <slipway/verify.h>
#include <stdio.h>
#include <string.h>

static int
show(SlipwayReport *report, char *error)
{
    SlipwayResult result = slipway_report_result(report);
    size_t i;

    if (report == NULL)
        fprintf(stderr, "verify: %s\n", error);
    for (i = 0; i < slipway_report_n_checks(report); i++) {
        SlipwayCheck check = slipway_report_check(report, i);

        if (check.result != SLIPWAY_OK)
            printf("%s: %s: %s\n", check.name, check.subject, check.text);
    }
    if (result == SLIPWAY_OK && slipway_report_object(report) != NULL)
        printf("%s\n", slipway_report_object(report));
    printf("%s\n", slipway_result_name(result));
    slipway_free(error);
    slipway_report_free(report);
    return (int)result;
}

static int
release(const char *folder, const char *trust_file)
{
    char *error = NULL;
    SlipwayTrust *trust = slipway_trust_load(trust_file, &error);
    SlipwayReport *report =
        trust != NULL ? slipway_verify_release(trust, folder, NULL, 0, &error) : NULL;

    slipway_trust_free(trust);
    return show(report, error);
}

static int
bundle(char *const *words)
{
    char *error = NULL;
    SlipwayBundleTrust *trust = slipway_bundle_trust_load(words[2], &error);
    SlipwayBundleRequest request;
    SlipwayReport *report = NULL;

    memset(&request, 0, sizeof request);
    request.size = sizeof request;
    request.artifact = words[0];
    request.bundle = words[1];
    request.key_path = words[3];
    if (trust != NULL)
        report = slipway_verify_bundle(trust, &request, &error);
    slipway_bundle_trust_free(trust);
    return show(report, error);
}

int
main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "release") == 0)
        return release(argv[2], argv[3]);
    if (argc == 6 && strcmp(argv[1], "bundle") == 0)
        return bundle(argv + 2);
    fprintf(stderr, "usage: verify release FOLDER TRUST_FILE\n"
                    "       verify bundle ARTIFACT BUNDLE TRUSTED_ROOT KEY_PEM\n");
    return SLIPWAY_ERROR;
}
