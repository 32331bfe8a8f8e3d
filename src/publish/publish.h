/* SPDX-License-Identifier: Apache-2.0
 * publish: targets, the places releases are published to. A driver is told one step and answers
 * with its outcome; the journal of steps is the caller's. No database here, and nothing that could
 * build.
 *
 *   probe ── absent ──► stage ──► (the caller verifies the staged bytes) ──► send ──► confirm
 *     ├───── same ────► confirm
 *     └───── other ───► conflict: somebody else holds the name; never overwritten
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/span.h"

typedef struct {
    const char *path; /* inside the release: "greeter", ".slipway/facts.jsonl"; borrowed */
    int fd;           /* borrowed; read from offset 0 with pread */
    uint64_t size_bytes;
    Digest digest; /* the driver checks what it read against it */
} PublishItem;

typedef struct {
    const char *project, *stream, *version; /* borrowed; already checked against the name grammar */
    const char *attempt;                    /* ULID of this attempt: names the staging place */
    const PublishItem *items;               /* borrowed; sorted by path, unique */
    size_t n_items;
} PublishPlan;

typedef enum {
    PUBLISH_ABSENT, /* nothing there under this name */
    PUBLISH_SAME,   /* exactly these files with these digests */
    PUBLISH_OTHER,  /* something else is there */
} PublishPresence;

typedef struct {
    const char *type;     /* "directory" */
    const char *name;     /* the target's name, for messages */
    const char *location; /* driver specific: the folder */
} TargetConfig;

typedef struct Target Target; /* one open target; starts with a pointer to its driver */

typedef struct TargetDriver {
    const char *type; /* configuration spelling; static */
    /* Opens without writing anything. Errors: INVALID, NOT_FOUND, IO. */
    Target *(*open)(const TargetConfig *config, GError **error);
    /* Whether publishing could work now: exists, writable. Errors: DENIED, IO. */
    bool (*check)(Target *self, GError **error);
    bool (*probe)(Target *self, const PublishPlan *plan, PublishPresence *out, GError **error);
    /* Brings all bytes there, durable but invisible. @location_out: where the staged release can be
     * read and verified (a folder); owned by the caller. Repeatable. Errors: CORRUPT, IO. */
    bool (*stage)(Target *self, const PublishPlan *plan, char **location_out, GError **error);
    /* Makes the staged bytes visible in one step. Errors: EXISTS, IO. */
    bool (*send)(Target *self, const PublishPlan *plan, GError **error);
    /* Reads back what is served and compares every digest. @location_out: public place; owned.
     * Errors: NOT_FOUND, CORRUPT, IO. */
    bool (*confirm)(Target *self, const PublishPlan *plan, char **location_out, GError **error);
    /* Removes what stage left behind, and what send made visible if @visible. Idempotent. */
    bool (*withdraw)(Target *self, const PublishPlan *plan, bool visible, GError **error);
    /* Keeps @note as the newest checkpoint of the log @origin, for whoever asks. Errors: IO. */
    bool (*put_checkpoint)(Target *self, const char *origin, Span note, GError **error);
    /* The checkpoint kept last; *note_out stays NULL when there is none. Errors: IO. */
    bool (*load_checkpoint)(Target *self, const char *origin, GBytes **note_out, GError **error);
    void (*free)(Target *self); /* accepts NULL */
} TargetDriver;

/** Opens a target by its type. Returns: owned. Errors: INVALID for an unknown type, and the
 * driver's. */
Target *target_open(const TargetConfig *config, GError **error) MUST_CHECK;
void target_free(Target *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Target, target_free)

/* The steps; contracts above. */
bool target_check(Target *target, GError **error) MUST_CHECK;
bool target_probe(Target *target, const PublishPlan *plan, PublishPresence *out,
                  GError **error) MUST_CHECK;
bool target_stage(Target *target, const PublishPlan *plan, char **location_out,
                  GError **error) MUST_CHECK;
bool target_send(Target *target, const PublishPlan *plan, GError **error) MUST_CHECK;
bool target_confirm(Target *target, const PublishPlan *plan, char **location_out,
                    GError **error) MUST_CHECK;
bool target_withdraw(Target *target, const PublishPlan *plan, bool visible,
                     GError **error) MUST_CHECK;
bool target_put_checkpoint(Target *target, const char *origin, Span note,
                           GError **error) MUST_CHECK;
bool target_load_checkpoint(Target *target, const char *origin, GBytes **note_out,
                            GError **error) MUST_CHECK;
