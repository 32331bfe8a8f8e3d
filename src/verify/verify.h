/* SPDX-License-Identifier: Apache-2.0
 * verify: the verifier of one release (facts.md sections 5 and 7). Pure: files come from a source.
 */
#pragma once
#include "attest/trust.h"
#include "base/json.h"
#include "proof/file_hash.h"

typedef enum { /* values are the exit codes of facts.md section 7 */
               VERIFY_OK = 0,
               VERIFY_USAGE = 1, /* usage or I/O */
               VERIFY_NOT_AUTHENTIC = 10,
               VERIFY_REVOKED = 11,
               VERIFY_STALE = 12,
               VERIFY_INCOMPLETE = 13,
               VERIFY_POLICY = 14,
               VERIFY_UNSUPPORTED = 15,
} VerifyResult;

/* Where the files of a release come from. Paths are relative, with '/', without "..". */
typedef struct VerifySource VerifySource;
typedef struct VerifySourceDriver {
    /* All regular files, sorted by bytes; anything that is neither file nor folder is listed too.
     * Owned array of owned strings. Errors: LIMIT, IO. */
    GPtrArray *(*list)(VerifySource *self, GError **error);
    /* The whole file. Errors: NOT_FOUND, LIMIT, IO, DENIED (a link, a device). */
    GBytes *(*read)(VerifySource *self, const char *path, size_t limit_bytes, GError **error);
    /* SHA-256 and size of a file of any size, streamed. Errors: NOT_FOUND, IO, DENIED. */
    bool (*digest)(VerifySource *self, const char *path, Digest *digest_out, uint64_t *size_out,
                   GError **error);
    /* Another hash of the file, then of @tail, streamed. Errors: as digest; UNAVAILABLE (the
     * algorithm). */
    bool (*hash)(VerifySource *self, const char *path, const char *algorithm, Span tail,
                 FileHash *hash_out, GError **error);
} VerifySourceDriver;
struct VerifySource {
    const VerifySourceDriver *driver;
};

/** Files below a folder; follows no links. @dirfd is borrowed. Returns: owned. */
VerifySource *verify_source_dir_new(int dirfd);
void verify_source_dir_free(VerifySource *source);

typedef struct VerifyCheck {
    VerifyResult result; /* OK, or the class of the finding */
    char *name;          /* stable: "signature", "inclusion", "approvals", … */
    char *subject;       /* file, statement or person */
    char *text;
} VerifyCheck;

typedef struct VerifyReport {
    GPtrArray *checks; /* of VerifyCheck, in the order they were made */
    char *object;      /* release verified, or NULL when it could not be told */
    char *manifest;    /* S of the seal, or NULL */
} VerifyReport;

typedef enum {
    VERIFY_FLAGS_NONE = 0,
    VERIFY_FLAG_STAGED =
        1 << 0, /* self-verification before the checkpoint is public; same checks */
} VerifyFlags;

typedef struct VerifyOptions {
    const Trust *trust;
    int64_t now_us;
    VerifyFlags flags;
    const char *const *only; /* NULL: the whole release; else these files of it, NULL-terminated */
} VerifyOptions;

/** Verifies. Findings are in the report; never fails for what the release contains. Errors: IO
 * only. */
VerifyReport *verify_release(VerifySource *source, const VerifyOptions *options,
                             GError **error) MUST_CHECK;
void verify_report_free(VerifyReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VerifyReport, verify_report_free)
/** The exit code: precedence 10, 11, 13, 14, 15, 12. */
VerifyResult verify_report_result(const VerifyReport *report);
/** The same over several reports. */
VerifyResult verify_reports_result(const VerifyReport *const *reports, size_t n);
/** "not authentic"; static. */
const char *verify_result_name(VerifyResult result);
/** A line a check: "ok    inclusion   12 facts under checkpoint 13". Owned. */
char *verify_report_text(const VerifyReport *report);
/** {"result", "exitCode", "object", "manifest", "checks": [...]}. Owned. */
json_t *verify_report_json(const VerifyReport *report);
