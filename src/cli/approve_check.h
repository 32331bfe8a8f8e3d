/* SPDX-License-Identifier: Apache-2.0
 * approve_check: what an approver's client verifies before it shows anything: every fact it was
 * given is in the log under one checkpoint, each root follows from the one before, each fact is
 * signed by a key of the root of its time, and the decision says nothing but that this person
 * approves publishing this seal by this request. */
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

typedef struct ApproveWanted { /* what the person means to do; borrowed */
    const char *release;       /* as typed */
    const char *person;        /* who signs */
    const char *trust_path;    /* a trust file that pins the log, or NULL */
} ApproveWanted;

/** @asked: the answer of release.decision. Returns: owned. Errors: UNTRUSTED (facts, log or the
 * words of the decision are not what they must be), INVALID, NOT_FOUND. */
ApproveSubject *approve_check(const json_t *asked, const ApproveWanted *wanted,
                              GError **error) MUST_CHECK;
