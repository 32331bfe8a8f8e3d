/* SPDX-License-Identifier: Apache-2.0
 * slipway_verify_files: the part of the small program that judges files anybody signed; for
 * slipway_verify.c only. */
#pragma once
#include "verify/verify.h"

/** Whether the command line asks neither about a release nor about a bundle. */
bool verify_files_are_asked_for(char *const *argv);
/** Judges and prints. Errors: INVALID (usage), and what reading files gives. */
bool verify_files_run(char *const *argv, VerifyResult *result_out, GError **error) MUST_CHECK;
