/* SPDX-License-Identifier: Apache-2.0
 * mirror: the engine's own bare copy of a repository, read and filled by the git program alone: no
 * hook, no filter, no submodule fetch, no configuration but ours. A GitMirror is for one thread at
 * a time. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/error.h"
#include "base/span.h"

struct Cancel; /* sys/cancel.h */

#define GIT_ID_SIZE 65 /* SHA-1 or SHA-256 in lower-case hex, and NUL */

typedef struct GitMirror GitMirror; /* one bare repository of ours */

typedef enum { /* from where a fetch may come */
               GIT_TRANSPORT_FILE = 1 << 0,
               GIT_TRANSPORT_HTTPS = 1 << 1,
               GIT_TRANSPORT_SSH = 1 << 2,
} GitTransports;

typedef struct GitCommit { /* what a name pointed to; end with git_commit_clear */
    char commit[GIT_ID_SIZE];
    char tree[GIT_ID_SIZE];
    char tag[GIT_ID_SIZE]; /* the tag object of an annotated tag, else "" */
    int64_t author_us;     /* microseconds since 1970 UTC */
    int64_t committer_us;
    char *author_name;        /* owned; as in the commit, UTF-8 or masked */
    char *author_email;       /* owned */
    char *subject;            /* owned; first line of the message, at most 1 KiB */
    char *message;            /* owned; all its lines, at most 8 KiB */
    char parent[GIT_ID_SIZE]; /* the first one; "": there is none */
    char *ref; /* owned; "refs/tags/v1", or NULL when a bare commit id was asked for */
} GitCommit;
void git_commit_clear(GitCommit *commit);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(GitCommit, git_commit_clear)

/** Opens the bare repository at @path; creates it (and its parents) if there is nothing. Several
 * may be open on one path, in several threads: fetches wait for each other; reading goes on.
 * Returns: owned. Errors: INVALID (there is something else), UNAVAILABLE (no git program), IO. */
GitMirror *git_mirror_open(const char *path, GError **error) MUST_CHECK;
void git_mirror_free(GitMirror *mirror);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GitMirror, git_mirror_free)
/** Its folder; absolute. */
const char *git_mirror_get_path(const GitMirror *mirror);

/**
 * Makes every branch and tag of @source ours: new ones appear, moved ones move, gone ones go.
 * @source: an absolute path, file://, https:// or ssh:// URL (or user@host:path); anything else is
 * DENIED.
 * @transports: what the caller's configuration allows; another one is DENIED.
 * @cancel: optional. Blocks; call from a worker. Later git_resolve() of this object answer from
 * what was seen here. Errors: INVALID, DENIED, UNAVAILABLE (the other side; message has git's last
 * line), CANCELLED, IO.
 */
bool git_mirror_fetch(GitMirror *mirror, const char *source, GitTransports transports,
                      struct Cancel *cancel, GError **error) MUST_CHECK;

/** Brings over what one @ref of @source names ("refs/pull/7/head"), to be asked for by its commit id;
 * branches and tags stay as they were fetched. Arguments and errors as git_mirror_fetch. */
bool git_mirror_fetch_ref(GitMirror *mirror, const char *source, GitTransports transports,
                          const char *ref, struct Cancel *cancel, GError **error) MUST_CHECK;
/** What @source has now, without fetching: "ID\tNAME" of each branch and tag (of annotated tags the
 * tag object). Arguments and errors as git_mirror_fetch. Returns: owned, of owned strings. */
GPtrArray *git_mirror_ask(GitMirror *mirror, const char *source, GitTransports transports,
                          struct Cancel *cancel, GError **error) MUST_CHECK;

/**
 * What @name points to: a full commit id, a full ref, a tag, a branch, or an id's first 7 digits or
 * more, looked for in that order. Revision syntax ("HEAD~1", "a..b") is refused. @out: set on
 * success only. Errors: INVALID (not a name), NOT_FOUND, CONFLICT (short id is ambiguous), IO.
 */
bool git_resolve(GitMirror *mirror, const char *name, GitCommit *out, GError **error) MUST_CHECK;

/** The name of the branch the source calls HEAD, as seen at the last fetch, or NULL. Owned. */
char *git_mirror_default_branch(GitMirror *mirror);
/** Whether @ancestor is reachable from @commit (or is it). Both full ids. Errors: NOT_FOUND, IO. */
bool git_is_ancestor(GitMirror *mirror, const char *ancestor, const char *commit, bool *out,
                     GError **error) MUST_CHECK;

/** The newest commit both come from. Both full ids; @out stays "" where they share nothing. Errors:
 * NOT_FOUND, IO. */
bool git_merge_base(GitMirror *mirror, const char *one, const char *other, char out[GIT_ID_SIZE],
                    GError **error) MUST_CHECK;

/** The bytes of a regular file at a commit. @commit: full id. @path: '/'-separated, no leading '/'.
 * Returns: owned. Errors: NOT_FOUND, INVALID (not a regular file), LIMIT, IO. */
GBytes *git_read_file(GitMirror *mirror, const char *commit, const char *path, size_t limit_bytes,
                      GError **error) MUST_CHECK;

/** Paths that differ between two commits; renames count as both. @old_commit: full id, or NULL for
 * the empty tree. Returns: owned GPtrArray of owned strings, sorted by bytes. Errors: NOT_FOUND,
 * LIMIT, IO. */
GPtrArray *git_list_changed(GitMirror *mirror, const char *old_commit, const char *new_commit,
                            GError **error) MUST_CHECK;

typedef struct GitRef {
    char *name;           /* owned; "refs/heads/main" */
    char id[GIT_ID_SIZE]; /* the object it names: a tag object for annotated tags */
    char commit[GIT_ID_SIZE];
} GitRef;
/** All branches and tags, sorted by name; owned GPtrArray of owned GitRef. Errors: LIMIT, IO. */
GPtrArray *git_list_refs(GitMirror *mirror, GError **error) MUST_CHECK;
