/* SPDX-License-Identifier: Apache-2.0
 * watch_ask: what an apt archive or an OCI repository has now. The readers are pure. */
#pragma once
#include "base/span.h"
#include "service/watch.h"

#define WATCH_MAX_ARTIFACTS 5000 /* more must be narrowed by globs */
#define WATCH_MAX_TAGS      100  /* each is a question of its own */

/** {"NAME VERSION": SHA-256 of the package} of apt, {TAG: digest} of OCI. Under "" the digest of apt's
 * index; it is as in @watch->seen when nothing changed. Owned. Errors: as watch_look. */
json_t *watch_ask(const Watch *watch, Cancel *cancel, GError **error) MUST_CHECK;

/** The SHA-256 that a Release or InRelease file gives @path, 64 hex digits; owned, NULL: it does not
 * name it. */
char *watch_apt_find(Span release, const char *path);

typedef struct WatchAptReader WatchAptReader; /* reads a Packages file in pieces */
/** @artifacts: borrowed globs. Returns: owned. */
WatchAptReader *watch_apt_reader_new(const char *const *artifacts);
void watch_apt_reader_free(WatchAptReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WatchAptReader, watch_apt_reader_free)
/** Bytes cut anywhere. Errors: LIMIT. */
bool watch_apt_reader_feed(WatchAptReader *reader, Span bytes, GError **error) MUST_CHECK;
/** What was read. Owned. Errors: LIMIT. */
json_t *watch_apt_reader_end(WatchAptReader *reader, GError **error) MUST_CHECK;
