/* SPDX-License-Identifier: Apache-2.0
 * watch: repositories of others that are asked at an interval whether they have something new, which
 * then starts a run. What is found there is a reason to run and is not believed beyond that. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "service/engine.h"
#include "sys/cancel.h"

typedef enum {
    WATCH_NONE, /* refused */
    WATCH_APT,  /* the packages of a suite */
    WATCH_OCI,  /* the tags of a repository of images */
    WATCH_N_KINDS
} WatchKind;

typedef struct Watch { /* one row; owned strings; end with watch_free */
    char *project, *name;
    WatchKind kind;
    char *url;                      /* apt: the archive; oci: https://HOST/NAME */
    char *suite, *component, *arch; /* apt */
    char **artifacts;               /* globs over package names or tags; empty: all */
    int64_t poll_s;
    json_t *seen; /* {name: version} of the last look; NULL: nobody has looked */
} Watch;
void watch_free(Watch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Watch, watch_free)

/** Adds or replaces watch @name of @project by @settings: {kind, url, suite, component, arch,
 * artifacts, poll}. Errors: INVALID, NOT_FOUND (project). */
bool watch_set(Engine *engine, const char *project, const char *name, const json_t *settings,
               json_t **result_out, GError **error) MUST_CHECK;
/** All of @project (NULL: of all): [{project, name, kind, url, …, poll, looked, trouble,
 * troubleSince}]. Owned. */
json_t *watch_list(Engine *engine, const char *project, GError **error) MUST_CHECK;
/** Errors: NOT_FOUND. */
bool watch_remove(Engine *engine, const char *project, const char *name, GError **error) MUST_CHECK;

/** Every watch. Owned array of owned Watch. */
GPtrArray *watch_load_all(Engine *engine, GError **error) MUST_CHECK;
/** As watch_look, for the watch of that name. @news_out: owned, what started a run; "": nothing.
 * Errors: NOT_FOUND too. */
bool watch_look_now(Engine *engine, const char *project, const char *name, char **news_out,
                    GError **error) MUST_CHECK;
/** Asks once. What was not there at the last look queues one run; both in one transaction. Blocks.
 * @news_out: as watch_look_now; or NULL. Errors: UNAVAILABLE, NOT_FOUND, INVALID (what came is none of
 * it), LIMIT, those of the queue. */
bool watch_look(Engine *engine, const Watch *watch, Cancel *cancel, char **news_out,
                GError **error) MUST_CHECK;
