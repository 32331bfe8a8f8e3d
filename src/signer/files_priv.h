/* SPDX-License-Identifier: Apache-2.0
 * files: the signer process's side of signatures beside files; for files of src/signer only. */
#pragma once
#include "base/json.h"
#include "proof/signer.h"

/** Answers "file": {format, name, madeAt}. @content: borrowed; -1: none came along. Returns: owned
 * {"text"}. Errors: DENIED, INVALID, IO. */
json_t *files_answer_sign(Signer *signer, const json_t *request, int content,
                          GError **error) MUST_CHECK;
/** Answers "certificate": {userId}. Returns: owned {"text"}. Errors: INVALID. */
json_t *files_answer_certificate(Signer *signer, const json_t *request, GError **error) MUST_CHECK;
