/* SPDX-License-Identifier: Apache-2.0
 * paths: releases named on a command line: folders whole, files by the folder they are in. */
#pragma once
#include "verify/verify.h"

typedef struct VerifiedFolder {
    char *path;           /* of the folder */
    VerifyReport *report; /* owned */
} VerifiedFolder;

/** The folders verify_paths would open, NULL-terminated. Owned. */
char **verify_paths_folders(const char *const *paths);
/** Verifies each folder once, in the order named. @paths: NULL-terminated, borrowed. Returns: owned
 * array of VerifiedFolder. Errors: NOT_FOUND, IO. */
GPtrArray *verify_paths(const char *const *paths, const Trust *trust, int64_t now_us,
                        GError **error) MUST_CHECK;
/** The exit code over all. */
VerifyResult verified_result(const GPtrArray *folders);
/** One report's JSON with "path", or an array of them. Owned. */
json_t *verified_json(const GPtrArray *folders);
/** The last line about a folder: "PATH: good: OBJECT, manifest S". Owned. */
char *verified_summary(const VerifiedFolder *folder);
/** Reads and parses a trust file. Errors: NOT_FOUND, IO, INVALID, LIMIT. */
Trust *verify_trust_load(const char *path, GError **error) MUST_CHECK;
