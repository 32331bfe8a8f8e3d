/* SPDX-License-Identifier: Apache-2.0
 * status: a checkpoint and the status.json that belongs to it, signed. (attest/status.h has the
 * bytes.) */
#pragma once
#include <glib.h>
#include "base/attributes.h"
#include "service/engine.h"
#include "tlog/tlog.h"

typedef struct StatusFiles { /* owned members */
    MerkleHead head;
    GBytes *checkpoint; /* signed note over head */
    GBytes *status;     /* DSSE envelope, JSON, with a newline */
    int64_t number;     /* of the status */
    int64_t expires_us; /* of the status */
} StatusFiles;
void status_files_clear(StatusFiles *files);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(StatusFiles, status_files_clear)

/** Signs a checkpoint over the log as it is now and a status of the fold at exactly that size. Its
 * number is above all issued before. Errors: those of signer, log and database; BUSY when the log
 * grew each time. */
bool status_files_make(Engine *engine, StatusFiles *out, GError **error) MUST_CHECK;
