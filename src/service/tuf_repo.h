/* SPDX-License-Identifier: Apache-2.0
 * tuf_repo: our own TUF repository. Root and targets are signed by people, away from this machine,
 * as proposals that go from hand to hand; what they signed is kept in the database. Timestamp and
 * snapshot are made from status.json and signed by the status key whenever files are written.
 *
 *   propose ──► people sign the file ──► apply ──► publish
 *
 * What clients see changes with one rename of timestamp.json, after everything it leads to is on
 * disk: whenever the process dies, they find the old repository or the new one. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "service/engine.h"

typedef enum {
    TUF_CHANGE_NONE,
    TUF_CHANGE_INIT,     /* root and targets 1 */
    TUF_CHANGE_ROOT,     /* the next root, with the root keys in force now */
    TUF_CHANGE_TARGETS,  /* add to and remove from a role */
    TUF_CHANGE_DELEGATE, /* a role for others, or other keys for one */
    TUF_CHANGE_RENEW,    /* the same content until later; of "targets": our newest keys, too */
    TUF_N_CHANGES
} TufChangeKind;
/** NONE when unknown. */
TufChangeKind tuf_change_from_name(const char *name);

typedef struct TufChange { /* all borrowed */
    TufChangeKind kind;
    const char *role;     /* whose targets; NULL: "targets" */
    const json_t *add;    /* TARGETS: [{path, digest, size}], blobs of the store */
    const json_t *remove; /* TARGETS: [path] */
    const json_t *keys;   /* DELEGATE: the role's keys; INIT, ROOT: those of "targets", if they are
                             not the root keys: SPKI in base64 */
    int64_t threshold;    /* of keys; 0: 1 */
    const char *name;     /* DELEGATE: the new role */
    const json_t *paths;  /* DELEGATE: patterns */
    bool terminating;     /* DELEGATE */
    int64_t days;         /* until it expires; 0: 365 */
    const char *url;      /* of this server, for the signing configuration; NULL: as before */
} TufChange;

/** @proposal_out: {slipwayTufProposal: 1, origin, documents: [{role, signed, signatures}], wanted:
 * [{role, keyids, threshold}], names: {keyid: name}}; owned. Errors: EXISTS (INIT again),
 * NOT_FOUND, INVALID, those of the database. */
bool tuf_repo_propose(Engine *engine, const TufChange *change, json_t **proposal_out,
                      GError **error) MUST_CHECK;
/** Keeps a proposal that enough keys signed, whole or not at all, and publishes it in the data
 * folder. @result_out: as tuf_repo_show. Errors: TUF_ERROR SIGNATURES, CONFLICT (made over other
 * versions), INVALID, NOT_FOUND (a target's bytes are gone), those of publishing. */
bool tuf_repo_apply(Engine *engine, const json_t *proposal, json_t **result_out,
                    GError **error) MUST_CHECK;
/** Writes all files for clients into the folder @path, made if absent, under a new timestamp.
 * @result_out: {path, number, expires, expiring: [{role, expires}]}, the last those that people must
 * sign again within 30 days. Errors: NOT_FOUND (no repository yet), CONFLICT (another repository is
 * there), those of signer, store and disk. */
bool tuf_repo_publish(Engine *engine, const char *path, json_t **result_out,
                      GError **error) MUST_CHECK;
/** @result_out: {roles: [{role, version, expires, threshold, keys, targets}]}. */
bool tuf_repo_show(Engine *engine, json_t **result_out, GError **error) MUST_CHECK;
/** Copies the file @path of this machine into the store, to be named in a change. @result_out:
 * {digest, size}. Errors: those of the store. */
bool tuf_repo_stage(Engine *engine, const char *path, json_t **result_out,
                    GError **error) MUST_CHECK;

/** Brings the files below the data folder up to date, if they are older than an hour, or the log
 * grew since @seen_size and they are older than ten seconds. One caller at a time. @seen_size: in
 * and out; 0 at first. Errors: as tuf_repo_publish. */
bool tuf_view_refresh(Engine *engine, uint64_t *seen_size, GError **error) MUST_CHECK;
/** Opens a file of them: "timestamp.json". @fd_out: owned. Errors: NOT_FOUND, IO. */
bool tuf_view_open(Engine *engine, const char *path, int *fd_out, uint64_t *size_out,
                   GError **error) MUST_CHECK;
