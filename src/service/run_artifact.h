/* SPDX-License-Identifier: Apache-2.0
 * run_artifact: what jobs of a run left, for those who fetch it. */
#pragma once
#include <jansson.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/digest.h"
#include "service/engine.h"

#define RUN_ARTIFACT_PART_BYTES (1u << 20)

typedef struct RunArtifactName { /* borrowed */
    const char *run;             /* "12" or "greeter/12" */
    int64_t position;            /* of its job in the run */
    const char *path;            /* below $SLIPWAY_OUT */
} RunArtifactName;

/** Opens an artifact for reading; its bytes are not checked: @digest_out says what they must hash to.
 * Returns a descriptor (owned) or -1. Errors: NOT_FOUND (no such run or artifact, or its bytes were
 * removed), INVALID, IO, those of db. */
int run_artifact_open(Engine *engine, const RunArtifactName *name, Digest *digest_out,
                      uint64_t *size_out, GError **error) MUST_CHECK;
/** At most RUN_ARTIFACT_PART_BYTES from @offset: {digest, sizeBytes, offset, base64, next}; at the end
 * next is the size. Owned. Errors: as run_artifact_open. */
json_t *run_artifact_part(Engine *engine, const RunArtifactName *name, uint64_t offset,
                          GError **error) MUST_CHECK;
