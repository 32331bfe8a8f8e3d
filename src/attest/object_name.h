/* SPDX-License-Identifier: Apache-2.0
 * object_name: the names of the things facts are about (facts.md section 2):
 * root:ORIGIN, roster:P, release:P/STREAM@VERSION, env:P/E, channel:P/C, target:P/T. */
#pragma once
#include <stdbool.h>
#include "base/attributes.h"
#include "base/digest.h"
#include "base/error.h"

typedef enum {
    OBJECT_NONE,
    OBJECT_ROOT,
    OBJECT_ROSTER,
    OBJECT_RELEASE,
    OBJECT_ENV,
    OBJECT_CHANNEL,
    OBJECT_TARGET,
    OBJECT_N_KINDS
} ObjectKind;

#define OBJECT_NAME_SIZE    512 /* longest spelling and its NUL */
#define OBJECT_PART_SIZE    65
#define OBJECT_VERSION_SIZE 129
#define OBJECT_ORIGIN_SIZE  129

typedef struct { /* a plain value */
    ObjectKind kind;
    char project[OBJECT_PART_SIZE];    /* all but root */
    char part[OBJECT_PART_SIZE];       /* stream, environment, channel or target */
    char version[OBJECT_VERSION_SIZE]; /* release only */
    char origin[OBJECT_ORIGIN_SIZE];   /* root only */
} ObjectName;

/** Errors: INVALID. */
bool object_name_parse(const char *text, ObjectName *out, GError **error) MUST_CHECK;
/** The spelling into @out. @name: as object_name_parse gives it. */
void object_name_format(const ObjectName *name, char out[OBJECT_NAME_SIZE]);
/** "root:ORIGIN"; owned. Errors: INVALID. */
char *object_name_root(const char *origin, GError **error) MUST_CHECK;
/** "roster:P"; owned. Errors: INVALID. */
char *object_name_roster(const char *project, GError **error) MUST_CHECK;
/** "release:P/STREAM@VERSION"; owned. Errors: INVALID. */
char *object_name_release(const char *project, const char *stream, const char *version,
                          GError **error) MUST_CHECK;
/** Environment, channel or target by @kind; owned. Errors: INVALID. */
char *object_name_place(ObjectKind kind, const char *project, const char *part,
                        GError **error) MUST_CHECK;
/** The key under which names that differ only in case are one: ASCII lower case. Owned. */
char *object_name_key(const char *text);
/** SHA-256 of the spelling: the subject digest where no manifest is known. */
Digest object_name_digest(const char *text);
/** Whether @text is a P, STREAM, E, C or T: [a-z0-9][a-z0-9._-]{0,63}. People's names too. */
bool object_part_is_valid(const char *text);
/** Whether @text is a VERSION: [A-Za-z0-9][A-Za-z0-9.+_~-]{0,127}. */
bool object_version_is_valid(const char *text);
