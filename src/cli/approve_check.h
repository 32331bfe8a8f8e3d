/* SPDX-License-Identifier: Apache-2.0
 * approve_check: what an approver's client verifies before it shows anything: every fact it was
 * given is in the log under one checkpoint, signed by a key the log's root gives that role, and the
 * decision names exactly this seal and this request. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include "base/attributes.h"

typedef struct ApproveSubject { /* owned; only filled when everything holds */
    char *release;
    char *manifest;    /* S of the seal */
    char *targets;     /* "site, mirror" */
    char *root;        /* S of entry 0 */
    bool root_pinned;  /* a trust file named it */
    GPtrArray *assets; /* of owned "NAME  DIGEST" */
} ApproveSubject;
void approve_subject_free(ApproveSubject *subject);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ApproveSubject, approve_subject_free)

/** @asked: the answer of release.decision. @trust_path: a trust file, or NULL. Returns: owned.
 * Errors: UNTRUSTED, INVALID, NOT_FOUND. */
ApproveSubject *approve_check(const json_t *asked, const char *trust_path,
                              GError **error) MUST_CHECK;
