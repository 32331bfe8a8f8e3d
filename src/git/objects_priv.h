/* SPDX-License-Identifier: Apache-2.0
 * objects_priv: one cat-file that answers every question of a mirror; for src/git only. Starting a
 * program costs more than all it is asked here. It is stopped by a fetch and after any failure in
 * the middle of an answer. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "git/child_priv.h"

typedef enum {
    GIT_OBJECT_NONE,
    GIT_OBJECT_COMMIT,
    GIT_OBJECT_TREE,
    GIT_OBJECT_BLOB,
    GIT_OBJECT_TAG
} GitObjectKind;

typedef struct GitObject {
    char id[GIT_ID_SIZE];
    GitObjectKind kind;
    uint64_t size;
} GitObject;

struct GitMirror {
    char *path;        /* owned; absolute */
    GPtrArray *refs;   /* owned GitRef, as the last fetch through this left them; NULL before one */
    GitChild *objects; /* owned; NULL when it does not run */
};

#define GIT_OBJECTS_WINDOW                                                                         \
    512u /* their names fit in the pipe: neither side waits for the other for ever */

/** Asks for the contents of @n objects, at most GIT_OBJECTS_WINDOW; one answer each follows, in
 * order. */
bool git_objects_ask(GitMirror *mirror, const char *const *names, size_t n, Cancel *cancel,
                     GError **error) MUST_CHECK;
/** The head of the next answer. Errors: NOT_FOUND, CONFLICT (ambiguous); nothing is to be taken
 * then. CORRUPT, IO. */
bool git_objects_next(GitMirror *mirror, GitObject *out, GError **error) MUST_CHECK;
/** The body that follows, to @fd or, when not NULL, into @memory of the object's size; with neither
 * it is dropped. */
bool git_objects_take(GitMirror *mirror, const GitObject *object, int fd, uint8_t *memory,
                      GError **error) MUST_CHECK;
/** The next answer whole; see git_objects_load. */
uint8_t *git_objects_receive(GitMirror *mirror, GitObjectKind kind, size_t limit_bytes,
                             GitObject *object_out, GError **error) MUST_CHECK;
/** One object whole: git_objects_ask, _next and _take. Of @kind and at most @limit_bytes. Owned,
 * NUL-terminated, the size in @object_out. Errors: as git_objects_next, INVALID (of another kind),
 * LIMIT. */
uint8_t *git_objects_load(GitMirror *mirror, const char *name, GitObjectKind kind,
                          size_t limit_bytes, GitObject *object_out, GError **error) MUST_CHECK;
/** @text: a commit object, NUL-terminated. Fills what is still empty in @out. Errors: CORRUPT. */
bool git_commit_parse(const char *text, GitCommit *out, GError **error) MUST_CHECK;
/** Stops it; the next question starts it anew. */
void git_objects_stop(GitMirror *mirror);
