/* SPDX-License-Identifier: Apache-2.0
 * secret: values for jobs, sealed at rest, given only where their rules allow. The value is never
 * in an answer, a log line, an argument or an environment of ours. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "base/span.h"
#include "service/engine.h"
#include "service/queue.h"

#define SECRET_EVERY_PROJECT "*"

typedef struct SecretChange { /* all borrowed */
    const char *project;      /* or SECRET_EVERY_PROJECT */
    const char *name;         /* of the variable */
    Span value;               /* UTF-8; data NULL: only the rules change */
    bool rules;               /* whether the three below count; else they stay */
    const json_t *jobs;       /* arrays of texts: globs over names of jobs; NULL or empty: all */
    const json_t *refs;       /* globs over "refs/heads/main", or "main" */
    const json_t *triggers;   /* "push", …; empty: all but proposals */
    const char *actor;
} SecretChange;

/** Makes a secret (@create) or changes one; the value before stays hidden in logs until the next.
 * Errors: INVALID (name, value, rules), EXISTS, NOT_FOUND, and those of the key file. Durable before
 * it returns. */
bool secret_set(Engine *engine, const SecretChange *change, bool create, GError **error) MUST_CHECK;
/** Errors: NOT_FOUND. */
bool secret_remove(Engine *engine, const char *project, const char *name,
                   GError **error) MUST_CHECK;
/** Names, rules and times, never values. @project: NULL is all. Owned. */
json_t *secret_list(Engine *engine, const char *project, GError **error) MUST_CHECK;
/** Who was given it, newest first: [{run, job, usedAt}]. Owned. */
json_t *secret_uses(Engine *engine, const char *project, const char *name,
                    GError **error) MUST_CHECK;

typedef struct SecretRequest { /* all borrowed */
    const char *project;
    const char *job;          /* PipelineJob.name */
    const char *const *names; /* NULL-terminated */
    RunTrigger trigger;
    const char *ref;
    bool outside; /* code from a stranger, allowed or not: gets nothing */
    RunId run;
} SecretRequest;

typedef struct SecretSet { /* end with secret_set_clear */
    GPtrArray *pairs;      /* owned, of owned Secret: "NAME=VALUE" and a NUL */
    GPtrArray *hidden;     /* owned, of owned Secret: what no log may show, values before too */
    GPtrArray *withheld;   /* owned, of owned text: "NAME: why" */
} SecretSet;
void secret_set_clear(SecretSet *set);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SecretSet, secret_set_clear)

/** What @request's job may have. Each use is on disk before this returns. What is absent or not
 * allowed is no error: it is in withheld. A project's own secret goes before one of every project.
 * Errors: CORRUPT (sealed with another key), those of key file and database. */
bool secret_collect(Engine *engine, const SecretRequest *request, SecretSet *out,
                    GError **error) MUST_CHECK;
